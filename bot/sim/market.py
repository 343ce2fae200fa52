"""A market in motion: a price feed drives an engine, step by step."""

from collections.abc import Mapping
from datetime import datetime

from bot.sim.engine import Engine
from bot.sim.feed import Bar, Feed
from bot.sim.listings import filler_quotes
from bot.sim.model import MarketType, Quote
from bot.sim.state import MarketKey, SimFunding

__all__ = ["Bar", "Feed", "Market"]


class Market:
    """An engine whose prices come from a feed; listings the feed does not price stand still."""

    def __init__(self, engine: Engine, feed: Feed) -> None:
        self.engine = engine
        self.feed = feed
        self._next_at = feed.start
        self._priced = feed.markets
        standing = filler_quotes(engine.listings.values(), self._priced)
        if engine.now < feed.start:
            engine.advance(feed.start, standing)
        self._take(standing)

    @property
    def now(self) -> datetime:
        """The present instant of the exchange."""
        return self.engine.now

    @property
    def ended(self) -> bool:
        """Whether the feed has nothing more to tell."""
        return self.engine.now >= self.feed.end

    def advance_to(self, to: datetime) -> None:
        """Let time pass in the feed's own steps; after the feed's end the last prices stay."""
        while self._next_at <= to and self._next_at <= self.feed.end:
            self._take({})
        if to > self.engine.now:
            self.engine.advance(to, {})

    def candles(
        self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime | None = None
    ) -> list[Bar]:
        """Show bars that are closed by now; a filler listing shows none."""
        if (market, symbol) not in self._priced:
            return []
        return self.feed.candles(market, symbol, step_s, since, min(until or self.now, self.now))

    def funding_history(self, symbol: str, since: datetime) -> list[SimFunding]:
        """Settled funding, oldest first, also from before the first quote. Raises: Rejected."""
        lived = self.engine.funding_history(symbol, since)
        if since > self.feed.start or ("linear", symbol) not in self._priced:
            return lived
        _, interval_h, _ = self.engine.funding(symbol)
        before = self.feed.settled(symbol, interval_h, since)
        past = [SimFunding(symbol=symbol, rate=rate, mark_price=mark, at=at) for at, rate, mark in before]
        return past + lived

    def unavailable(self) -> bool:
        """Whether the venue is unreachable now."""
        return self.feed.unavailable(self.now)

    def _take(self, more: Mapping[MarketKey, Quote]) -> None:
        at = max(self._next_at, self.engine.now)
        self.engine.advance(at, {**more, **self.feed.quotes(at)})
        self._next_at = at - (at - self.feed.start) % self.feed.step + self.feed.step
