"""Words of the simulated exchange: listings, accounts, orders, events; shared with no noun of the bot, on purpose.

The engine is the ground truth that audits judge the bot by, so it reads the venues' manuals by itself.
Amounts are in base units, of inverse markets in contracts; money in the currency named, times aware UTC.
Signs of positions: + long, - short.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

SideName = Literal["buy", "sell"]
TimeInForce = Literal["GTC", "IOC", "FOK", "GTX"]
OrderState = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "REJECTED"]
MarketType = Literal["spot", "linear", "inverse"]
WalletName = Literal["spot", "funding", "futures", "coin_futures"]
# Where the money of a market lies: coin-margined contracts have a wallet of their own.
WALLET_OF: Mapping[MarketType, WalletName] = {"spot": "spot", "linear": "futures", "inverse": "coin_futures"}


class Rejected(Exception):
    """The engine refuses a request; `reason` is a stable word that each wire codec translates into its venue's code."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Maintenance tier: margin = notional x rate - deduction for notional in [floor, cap), in settlement currency."""

    floor: Decimal
    cap: Decimal
    maintenance_rate: Decimal
    deduction: Decimal
    leverage_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One market of the simulated exchange, with its filters. `symbol` is the plain venue id, e.g. BTCUSDT.

    A spot and a linear market may share a symbol; they are told apart by `market`. No two contracts share one.
    `face` is what one contract of an inverse market is worth in its quote currency, for ever.
    A dated contract is traded from `listed_at` to `expires_at`, when it is settled; perpetuals have neither.
    """

    symbol: str
    market: MarketType
    base: str
    quote: str
    price_tick: Decimal
    amount_step: Decimal
    amount_min: Decimal
    amount_max: Decimal
    market_amount_max: Decimal
    notional_min: Decimal
    taker_fee: Decimal
    maker_fee: Decimal
    price_band: Decimal = Decimal("0.05")
    tiers: tuple[Tier, ...] = ()
    funding_interval_h: int = 8
    funding_cap: Decimal = Decimal("0.003")
    liquidation_fee: Decimal = Decimal("0.0125")
    tradable: bool = True
    face: Decimal = Decimal(1)
    listed_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def settle(self) -> str:
        """The currency of its margin, profit and fees."""
        return self.base if self.market == "inverse" else self.quote

    def live(self, at: datetime) -> bool:
        """Whether it is listed at an instant and not yet delivered."""
        return (self.listed_at is None or self.listed_at <= at) and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What the market shows of one listing at one instant.

    `mid` drives the book (`spread` and `depth` shape it), `mark` and `index` drive margin and funding.
    Units: `spread` a fraction of mid; `depth_notional` quote currency within 5 basis points of mid on each side.
    `funding_interval_h` and `funding_next_at` overrule the listing's own schedule where a record knows better, and
    `funding_rate_due` is then the rate really settled: clients are shown `funding_rate` only and learn it afterwards.
    `stale` marks the last price of a market that is not trading now: orders are turned away.
    `bids` and `asks`, best first as (price, amount), are a real book that takes the place of the shaped one.
    """

    mid: Decimal
    mark: Decimal
    index: Decimal
    spread: Decimal = Decimal("0.0001")
    depth_notional: Decimal = Decimal("2000000")
    funding_rate: Decimal = Decimal("0.0001")
    funding_interval_h: int | None = None
    funding_next_at: datetime | None = None
    funding_rate_due: Decimal | None = None
    stale: bool = False
    bids: tuple[tuple[Decimal, Decimal], ...] | None = None
    asks: tuple[tuple[Decimal, Decimal], ...] | None = None


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """An order as the simulated exchange recorded it."""

    order_id: int
    account: str
    market: MarketType
    symbol: str
    client_id: str
    side: SideName
    order_type: Literal["LIMIT", "MARKET"]
    time_in_force: TimeInForce
    amount: Decimal
    price: Decimal | None
    reduce_only: bool
    state: OrderState
    filled: Decimal
    filled_quote: Decimal
    created_at: datetime
    updated_at: datetime
    filled_coin: Decimal = Decimal(0)  # inverse markets only: the coins behind `filled_quote`

    @property
    def average_price(self) -> Decimal | None:
        """What was paid on average, None before the first fill."""
        return self.filled_quote / (self.filled_coin or self.filled) if self.filled else None

    @property
    def open(self) -> bool:
        """Whether the order still rests on the book."""
        return self.state in ("NEW", "PARTIALLY_FILLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimTrade:
    """One execution of an account's order. `fee` is paid in `fee_currency`; `realised_pnl` is zero on spot."""

    trade_id: int
    order_id: int
    account: str
    market: MarketType
    symbol: str
    side: SideName
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    realised_pnl: Decimal
    maker: bool
    at: datetime


@dataclass(slots=True, kw_only=True)
class SimPosition:
    """A position in one contract. `amount` signed; `isolated_wallet` is the collateral bound to it (zero in cross)."""

    symbol: str
    amount: Decimal
    entry_price: Decimal
    isolated_wallet: Decimal
    updated_at: datetime


@dataclass(slots=True, kw_only=True)
class SymbolSetup:
    """Leverage and margin mode an account has set for one symbol."""

    leverage: int = 20
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvent:
    """One line of the exchange's own book, in total order; audits read these and nothing of the bot.

    `kind`: order.new, order.rejected, order.ended, fill, funding, liquidation, settlement, transfer, deposit,
    withdrawal, setting, adl, time. `facts` holds plain JSON-able values (Decimals as strings).
    """

    sequence: int
    at: datetime
    kind: str
    account: str
    symbol: str
    facts: dict[str, str] = field(default_factory=dict)
