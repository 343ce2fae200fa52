"""What every operation on a venue needs: its calls, its markets, its row of quirks, and what was learned so far."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.account import LeverageBracket
from bot.domain.ports import Clock
from bot.exchange.calls import Calls
from bot.exchange.families import USD_M, Family
from bot.exchange.markets import Markets
from bot.exchange.quirks import Quirks
from bot.exchange.store import Store


@dataclass(slots=True, kw_only=True)
class Reading:
    """The tools of one account, and memories that only save requests."""

    venue: str
    quirks: Quirks
    calls: Calls
    markets: Markets
    clock: Clock
    store: Store
    has_wallet_api: bool
    family: Family = USD_M
    intervals: tuple[datetime, dict[str, Decimal]] | None = None
    absent_spot: dict[str, float] = field(default_factory=dict)
    brackets: dict[str, tuple[datetime, tuple[LeverageBracket, ...]]] = field(default_factory=dict)
    funding_wallet_empty: bool = False

    def now(self) -> datetime:
        """The venue's time as far as we know."""
        return self.calls.time.now()
