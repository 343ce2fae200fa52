"""What every operation on a venue needs: its calls, its markets, its row of quirks, and what was learned so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.account import LeverageBracket, MarginMode
from bot.domain.ports import Clock
from bot.exchange.calls import Calls
from bot.exchange.families import USD_M, Family
from bot.exchange.markets import Markets
from bot.exchange.quirks import Quirks
from bot.exchange.store import Store
from bot.exchange.strict import Row


def _no_parser(what: str, row: Row, symbol: str) -> Row:
    raise TypeError(f"nothing parses {what} of {symbol} here: {len(row)} fields")


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
    demo: bool = False
    family: Family = USD_M
    settle: str = "USDT"
    margin_mode: MarginMode = MarginMode.CROSS
    holds_shorts: bool = True
    parse: Callable[[str, Row, str], Row] = _no_parser
    intervals: tuple[datetime, dict[str, Decimal]] | None = None
    absent_spot: dict[str, float] = field(default_factory=dict)
    brackets: dict[str, tuple[datetime, tuple[LeverageBracket, ...]]] = field(default_factory=dict)
    funding_wallet_empty: bool = False
    api_key: str = field(default="", repr=False)
    inferred: dict[str, tuple[datetime, Decimal]] = field(default_factory=dict)

    def facts(self, symbol: str, client_id: str) -> dict[str, str]:
        """What a call by the venue's own path may need to name."""
        inverse = self.markets.inverse(symbol)
        base, _, rest = symbol.partition("/")
        return {
            "market": self.markets.market_id(symbol),
            "base": base,
            "quote": rest.partition(":")[0],
            "client_id": client_id,
            "category": "inverse" if inverse else "linear",
        }

    @property
    def settles(self) -> frozenset[str]:
        """The currencies that are collateral here: the quote currency, or every coin of an inverse contract."""
        return self.markets.coins() if self.family.inverse else frozenset({self.settle})

    def now(self) -> datetime:
        """The venue's time as far as we know."""
        return self.calls.time.now()
