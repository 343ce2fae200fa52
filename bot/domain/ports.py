"""The two doors to the world: a venue and a clock. Modes differ by the object behind them."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from bot.domain.account import (
    Balance,
    Book,
    Candle,
    Fill,
    ForcedClosure,
    FundingRate,
    IncomeEntry,
    KeyRights,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Mark,
    NamedOrder,
    Order,
    Position,
    PositionMode,
    Price,
    Side,
    SymbolSettings,
    Transfer,
    Wallet,
)
from bot.domain.history import ImpliedVolatility
from bot.domain.instrument import Instrument


class Clock(Protocol):
    """Wall time, monotonic time and waiting; simulated worlds bring their own."""

    def now(self) -> datetime:
        """Aware UTC time."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""


class MarketReader(Protocol):
    """Public reads. Every method raises Unavailable (nothing learned, nothing happened) and nothing else."""

    @property
    def id(self) -> str:
        """The ccxt id of the exchange."""

    async def connect(self) -> None:
        """Measure the clock offset and load the market table (validated, cached); repeatable."""

    async def close(self) -> None:
        """Release every socket."""

    def now(self) -> datetime:
        """The venue's time as far as we know: our clock plus the offset measured last. No request is made."""

    async def time(self) -> datetime:
        """The venue's own time, asked for."""

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        """The futures instruments of the configured kind whose base is one of the assets.

        A dated one that may only be closed before it ends is told where its symbol is among those `held`.
        """

    def doubt_rules(self) -> None:
        """Have the rules of the instruments read anew at the next look, where they are not half an hour young."""

    async def marks(self, symbols: Iterable[str]) -> tuple[Mark, ...]:
        """Mark and index price; a symbol the venue did not answer for is missing from the result, never guessed."""

    async def prices(self, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
        """Spot mid prices in the quote currency; missing where there is no such spot market."""

    async def funding(self, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
        """The coming funding payment with the symbol's real interval."""

    async def book(self, symbol: str, levels: int) -> Book:
        """The visible book; raises Unavailable when it is empty, crossed or not finite."""

    async def candles(self, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Closed bars with `since` <= open time and open time + step <= `until`, oldest first."""

    async def funding_history(self, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """Settled funding rates, oldest first."""


@runtime_checkable
class ImpliedReader(Protocol):
    """A venue that may publish an index of implied volatility; not every one does."""

    async def implied_volatility(self, asset: str) -> ImpliedVolatility | None:
        """The index now, None where there is none for this asset. Raises: Unavailable."""


@runtime_checkable
class LooksBack(Protocol):
    """A venue whose account has a past of its own; a simulated account that lives in the journal has none."""

    async def named_orders(self, symbol: str) -> tuple[NamedOrder, ...]:
        """The newest orders in a symbol that carry a client id, whoever placed them; one request, as it is answered."""


class AccountReader(Protocol):
    """Private reads. Every method raises Unavailable when the answer is missing, malformed or implausible."""

    async def balances(self) -> tuple[Balance, ...]:
        """Spot and (where reachable) funding wallets, assets with a total above zero."""

    async def margin_accounts(self) -> tuple[MarginAccount, ...]:
        """Collateral behind the futures, one row per currency that has any balance or position."""

    async def positions(self, symbols: Iterable[str]) -> tuple[Position, ...]:
        """Every open position of the account, also in symbols not asked for; flat rows are left out."""

    async def settings(self, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]:
        """Leverage and margin mode now set at the venue."""

    async def position_mode(self) -> PositionMode:
        """One-way or hedge mode."""

    async def brackets(self, symbols: Iterable[str]) -> dict[str, tuple[LeverageBracket, ...]]:
        """Maintenance tiers by symbol; raises Unavailable when one is missing."""

    async def open_orders(self, symbols: Iterable[str]) -> tuple[Order, ...]:
        """Every resting futures order of the account, ours or not."""

    async def order_by_client_id(self, symbol: str, client_id: str) -> Order | None:
        """The order under our client id; None only when the venue validly said it knows no such order."""

    async def fills(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        """Our trades in a futures symbol, oldest first, complete (paged) from `since`."""

    async def transfers(self, since: datetime) -> tuple[Transfer, ...]:
        """Movements between wallets since then; raises Unavailable where the venue keeps no such list."""

    async def income(self, since: datetime) -> tuple[IncomeEntry, ...]:
        """Bookings on the futures wallet since then (funding, fees, realised profit), oldest first."""

    async def forced_closures(self, since: datetime) -> tuple[ForcedClosure, ...]:
        """What the venue closed by itself since then; raises Unavailable where it keeps no such list."""

    async def key_rights(self) -> KeyRights:
        """What the key may do, as far as the venue tells."""


class AccountWriter(Protocol):
    """Writes. Each is sent at most once, never retried.

    Raises: Refused (final, nothing happened), AlreadyExists (adopt the earlier one), Unknown (anything else that went
    wrong after the request may have left), Unavailable (proved never sent), Forbidden (our own guard).
    """

    @property
    def settle_after_s(self) -> float:
        """Seconds after sending in which a request may still take effect; "no such order" proves nothing before."""

    async def place_order(
        self, *, symbol: str, side: Side, amount: Decimal, limit_price: Decimal, reduce_only: bool, client_id: str
    ) -> Order:
        """Send an immediate-or-cancel limit order; the answer may be not final yet."""

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        """Cancel one of our own orders."""

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set the initial-margin leverage; "already so" counts as success."""

    async def set_margin_mode(self, symbol: str, margin_mode: MarginMode) -> None:
        """Set cross or isolated; "already so" counts as success."""

    async def transfer(self, *, currency: str, amount: Decimal, source: Wallet, target: Wallet) -> str:
        """Move collateral inside the account and return the venue's id of the movement."""


class Venue(MarketReader, AccountReader, AccountWriter, Protocol):
    """Everything a cycle needs of one exchange account."""
