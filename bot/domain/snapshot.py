"""Everything one cycle saw, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.account import (
    ZERO,
    Balance,
    FundingRate,
    LeverageBracket,
    MarginAccount,
    Mark,
    Order,
    Position,
    Price,
    SymbolSettings,
)
from bot.domain.history import NO_HISTORY, History
from bot.domain.instrument import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Coins owned somewhere. `source` names the place in words for people ("binance spot", "cold wallet").

    `venue` is the venue that showed them, empty for coins that no venue can see.
    """

    asset: str
    amount: Decimal
    source: str
    venue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueView:
    """What one venue showed in this cycle; `at` is the venue's own time when the reading began.

    `frozen` names the symbols whose data cannot be believed now, with the reason: nothing is traded in them.
    """

    venue: str
    at: datetime
    instruments: tuple[Instrument, ...]
    balances: tuple[Balance, ...]
    margins: tuple[MarginAccount, ...]
    positions: tuple[Position, ...]
    marks: tuple[Mark, ...]
    funding: tuple[FundingRate, ...]
    settings: tuple[SymbolSettings, ...]
    open_orders: tuple[Order, ...]
    brackets: Mapping[str, tuple[LeverageBracket, ...]]
    frozen: Mapping[str, str] = field(default_factory=dict)

    def position(self, symbol: str) -> Position | None:
        """The open position in a symbol, None when the venue showed none."""
        return next((row for row in self.positions if row.symbol == symbol), None)

    def amount(self, symbol: str) -> Decimal:
        """Signed position in base units; zero when flat."""
        position = self.position(symbol)
        return position.amount if position else ZERO

    def mark(self, symbol: str) -> Mark | None:
        """The mark of a symbol, None when it was not read."""
        return next((row for row in self.marks if row.symbol == symbol), None)

    def instrument(self, symbol: str) -> Instrument | None:
        """The instrument of a symbol, None when it was not read."""
        return next((row for row in self.instruments if row.symbol == symbol), None)

    def setting(self, symbol: str) -> SymbolSettings | None:
        """Leverage and margin mode of a symbol, None when they were not read."""
        return next((row for row in self.settings if row.symbol == symbol), None)

    def margin(self, currency: str) -> MarginAccount | None:
        """The margin account of a currency, None when it was not read."""
        return next((row for row in self.margins if row.currency == currency), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One coherent look at all venues and all holdings, with what is known of the past where rules asked for it.

    `doubtful` names the assets whose amount is not believed yet, with the reason: the policy leaves them alone.
    `away` names the venues that hold coins only and did not answer, with the reason; they have no view, and what was
    last seen there is among the holdings.
    """

    at: datetime
    holdings: tuple[Holding, ...]
    prices: Mapping[str, Price]
    venues: tuple[VenueView, ...]
    history: History = NO_HISTORY
    doubtful: Mapping[str, str] = field(default_factory=dict)
    away: Mapping[str, str] = field(default_factory=dict)

    def venue(self, venue: str) -> VenueView:
        """The view of one venue. Raises: KeyError when it was not observed."""
        for view in self.venues:
            if view.venue == venue:
                return view
        raise KeyError(venue)
