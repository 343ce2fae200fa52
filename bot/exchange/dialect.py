"""The two ways to ask a venue: by its own paths, or through ccxt's unified calls; both answer the same questions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

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
from bot.exchange import (
    private_reads,
    private_writes,
    public_reads,
    unified_account,
    unified_public,
    unified_writes,
)
from bot.exchange.quirks import Quirks
from bot.exchange.reading import Reading


class PublicReads(Protocol):
    """What a venue tells everybody; the words are those of the port."""

    async def server_time(self, reading: Reading) -> datetime: ...  # noqa: D102 - see the port

    async def marks(self, reading: Reading, symbols: Iterable[str]) -> tuple[Mark, ...]: ...  # noqa: D102

    async def funding(self, reading: Reading, symbols: Iterable[str]) -> tuple[FundingRate, ...]: ...  # noqa: D102

    async def prices(self, reading: Reading, assets: Iterable[str], quote: str) -> tuple[Price, ...]: ...  # noqa: D102

    async def book(self, reading: Reading, symbol: str, levels: int) -> Book: ...  # noqa: D102

    async def candles(  # noqa: D102
        self, reading: Reading, symbol: str, step_s: int, since: datetime, until: datetime
    ) -> tuple[Candle, ...]: ...

    async def funding_history(  # noqa: D102
        self, reading: Reading, symbol: str, since: datetime
    ) -> tuple[tuple[datetime, Decimal], ...]: ...


class AccountReads(Protocol):
    """What a venue tells the owner of a key."""

    async def balances(self, reading: Reading) -> tuple[Balance, ...]: ...  # noqa: D102

    async def margin_accounts(self, reading: Reading) -> tuple[MarginAccount, ...]: ...  # noqa: D102

    async def positions(self, reading: Reading, symbols: Iterable[str]) -> tuple[Position, ...]: ...  # noqa: D102

    async def settings(self, reading: Reading, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]: ...  # noqa: D102

    async def position_mode(self, reading: Reading) -> PositionMode: ...  # noqa: D102

    async def brackets(  # noqa: D102
        self, reading: Reading, symbols: Iterable[str]
    ) -> dict[str, tuple[LeverageBracket, ...]]: ...

    async def open_orders(self, reading: Reading, symbols: Iterable[str]) -> tuple[Order, ...]: ...  # noqa: D102

    async def order_by_client_id(self, reading: Reading, symbol: str, client_id: str) -> Order | None: ...  # noqa: D102

    async def named_orders(self, reading: Reading, symbol: str) -> tuple[NamedOrder, ...]: ...  # noqa: D102

    async def fills(self, reading: Reading, symbol: str, since: datetime) -> tuple[Fill, ...]: ...  # noqa: D102

    async def transfers(self, reading: Reading, since: datetime) -> tuple[Transfer, ...]: ...  # noqa: D102

    async def income(self, reading: Reading, since: datetime) -> tuple[IncomeEntry, ...]: ...  # noqa: D102

    async def forced_closures(self, reading: Reading, since: datetime) -> tuple[ForcedClosure, ...]: ...  # noqa: D102

    async def key_rights(self, reading: Reading) -> KeyRights: ...  # noqa: D102


class Writes(Protocol):
    """What changes the account."""

    async def place_order(  # noqa: D102, PLR0913
        self,
        reading: Reading,
        *,
        symbol: str,
        side: Side,
        amount: Decimal,
        limit_price: Decimal,
        reduce_only: bool,
        client_id: str,
    ) -> Order: ...

    async def cancel_order(self, reading: Reading, symbol: str, client_id: str) -> None: ...  # noqa: D102

    async def set_leverage(self, reading: Reading, symbol: str, leverage: int) -> None: ...  # noqa: D102

    async def set_margin_mode(self, reading: Reading, symbol: str, margin_mode: MarginMode) -> None: ...  # noqa: D102

    async def transfer(  # noqa: D102
        self, reading: Reading, *, currency: str, amount: Decimal, source: Wallet, target: Wallet
    ) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The three groups of questions and orders; modules stand in for them."""

    public: PublicReads
    account: AccountReads
    writes: Writes


OWN_PATHS = Dialect(public=public_reads, account=private_reads, writes=private_writes)
UNIFIED = Dialect(public=unified_public, account=unified_account, writes=unified_writes)


def dialect_of(quirks: Quirks) -> Dialect:
    """How this venue is asked."""
    return OWN_PATHS if quirks.speech is None else UNIFIED
