"""What a venue says about an account and its markets: balances, positions, orders, fills, marks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

ZERO = Decimal(0)


class Side(StrEnum):
    """Direction of an order or a fill."""

    BUY = "buy"
    SELL = "sell"


class MarginMode(StrEnum):
    """How collateral is shared between positions."""

    CROSS = "cross"
    ISOLATED = "isolated"


class PositionMode(StrEnum):
    """Whether one symbol carries one net position or a long and a short at once."""

    ONE_WAY = "one-way"
    HEDGE = "hedge"


class Wallet(StrEnum):
    """The account sections between which collateral moves."""

    SPOT = "spot"
    FUNDING = "funding"
    FUTURES = "futures"
    COIN_FUTURES = "coin-futures"  # collateral of inverse contracts: the coins themselves


class OrderStatus(StrEnum):
    """What the venue recorded of an order."""

    OPEN = "open"
    CLOSED = "closed"  # filled completely
    CANCELED = "canceled"  # ended with whatever was filled; also expired
    REJECTED = "rejected"  # recorded by the venue, nothing filled


FINAL_STATUSES = frozenset({OrderStatus.CLOSED, OrderStatus.CANCELED, OrderStatus.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Coins in one wallet of a venue. `total` includes what is locked in orders."""

    venue: str
    wallet: Wallet
    asset: str
    total: Decimal
    free: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginAccount:
    """Collateral of one currency behind the futures of a venue.

    Units: `currency`. `wallet` is without unrealised profit; `initial` and `maintenance` are what positions and open
    orders bind; `withdrawable` is what may be moved out now.
    """

    venue: str
    currency: str
    wallet: Decimal
    unrealised_pnl: Decimal
    initial: Decimal
    maintenance: Decimal
    withdrawable: Decimal

    @property
    def equity(self) -> Decimal:
        """Wallet plus unrealised profit: what would be left if every position closed at mark."""
        return self.wallet + self.unrealised_pnl


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open futures position.

    Units: `amount` as the instrument counts it: coins on linear markets, face value in quote currency where `inverse`.
    `unrealised_pnl` and `isolated_margin` in the currency of the collateral. Signs: + long, - short.
    `updated_at` is the venue's own time of the last change, None where the venue tells none.
    `isolated_margin` is the collateral bound to this position alone (zero in cross mode).
    """

    venue: str
    symbol: str
    amount: Decimal
    entry_price: Decimal
    mark_price: Decimal
    liquidation_price: Decimal | None
    unrealised_pnl: Decimal
    margin_mode: MarginMode | None
    leverage: Decimal | None
    isolated_margin: Decimal
    updated_at: datetime | None
    inverse: bool = False

    @property
    def short_amount(self) -> Decimal:
        """Size of the short in units of the amount, zero for a long."""
        return max(ZERO, -self.amount)

    @property
    def notional(self) -> Decimal:
        """Absolute value at mark, in quote currency."""
        return abs(self.amount) if self.inverse else abs(self.amount) * self.mark_price

    @property
    def coins(self) -> Decimal:
        """Signed size at mark in coins: what the position does to the exposure."""
        return self.amount / self.mark_price if self.inverse else self.amount

    @property
    def collateral_value(self) -> Decimal:
        """Absolute value at mark in the currency of the collateral: quote currency, or coins where inverse."""
        return abs(self.coins) if self.inverse else self.notional


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Mark and index price of an instrument with the venue's own time.

    Where the venue tells none, `at` is when it was asked and `timed` is false: how old the price is nobody knows.
    """

    venue: str
    symbol: str
    mark_price: Decimal
    index_price: Decimal
    at: datetime
    timed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit of an asset is worth in the portfolio's quote currency."""

    asset: str
    price: Decimal
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRate:
    """The coming funding payment of a perpetual.

    Units: `rate` is a fraction of notional per interval. Signs: positive = longs pay shorts, the short receives.
    """

    venue: str
    symbol: str
    rate: Decimal
    interval_h: Decimal
    next_at: datetime | None

    @property
    def rate_per_year(self) -> Decimal:
        """Simple annual rate, as a fraction."""
        return self.rate * Decimal(8760) / self.interval_h


class BookLevel(NamedTuple):
    """One price level. Units: `amount` as the instrument counts it.

    A named tuple, because a cycle that trades makes hundreds of them and a frozen dataclass costs four times as much.
    """

    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The visible order book, best level first on both sides."""

    venue: str
    symbol: str
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageBracket:
    """A maintenance tier: margin = notional x rate - deduction, for notional in [floor, cap).

    `assumed` is one of ours where the venue publishes none.
    Units: the currency of the collateral: quote currency on linear markets, coins on inverse ones.
    """

    notional_floor: Decimal
    notional_cap: Decimal
    maintenance_rate: Decimal
    maintenance_deduction: Decimal
    leverage_max: Decimal
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolSettings:
    """Leverage and margin mode the venue has set for one instrument."""

    venue: str
    symbol: str
    leverage: Decimal
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the venue recorded. Units: amounts as the instrument counts them; no `average_price` before a fill."""

    venue: str
    symbol: str
    order_id: str
    client_id: str | None
    side: Side
    amount: Decimal
    filled: Decimal
    average_price: Decimal | None
    status: OrderStatus
    reduce_only: bool
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOrder:
    """The name and the time of an order at a venue: all that a look back at the account needs."""

    venue: str
    symbol: str
    client_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade of ours. Units: `amount` as the instrument counts it; `fee` in `fee_currency`, + paid, - rebate."""

    venue: str
    symbol: str
    trade_id: str
    order_id: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A movement between two wallets of one account, as the venue recorded it. `done` is False while it is pending."""

    venue: str
    transfer_id: str
    currency: str
    amount: Decimal
    source: Wallet
    target: Wallet
    at: datetime
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeEntry:
    """One booking on the futures wallet. Signs: + received, - paid.

    `kind` is funding, fee, pnl, settlement, transfer or other.
    """

    venue: str
    symbol: str | None
    kind: str
    amount: Decimal
    currency: str
    at: datetime
    entry_id: str


class ForcedKind(StrEnum):
    """Why a venue closed a position by itself."""

    LIQUIDATION = "liquidation"
    DELEVERAGING = "auto-deleveraging"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedClosure:
    """An order by which the venue closed a position, or part of one, by itself."""

    venue: str
    symbol: str
    kind: ForcedKind
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One bar; it is known only at `opened_at` plus its step. Units: `volume` in base units."""

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """What an API key may do; None where the venue does not tell."""

    read: bool | None
    trade_futures: bool | None
    transfer: bool | None
    withdraw: bool | None
    ip_restricted: bool | None
