"""A compact market for the soak: random walks with jumps, made while they are watched."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp

from bot.sim.feed import Bar
from bot.sim.model import MarketType, Quote
from bot.sim.state import MarketKey
from tests.soak.contracts import pair_of

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
STEP = timedelta(seconds=60)
DAY = timedelta(days=1)
DAYS = 200
WICK = Decimal("1.01")
PEG = "USDCUSDT"


class Past:
    """What the market was before it began: days of a random walk that end where it begins, and funding.

    From the beginning on the days stand still: rules look back on weeks, not on this hour.
    """

    def __init__(
        self, prices: Mapping[str, Decimal], chance: random.Random, *, start: datetime, volatility: float
    ) -> None:
        self._first = start.replace(hour=0, minute=0) - DAYS * DAY
        common = [chance.gauss(0, volatility) for _ in range(DAYS)]
        self._closes: dict[str, list[float]] = {}
        for coin, price in sorted(prices.items()):
            path = [float(price)]
            for shock in common:
                path.append(path[-1] * exp(shock + chance.gauss(0, volatility / 2)))
            self._closes[f"{coin}USDT"] = path[::-1]
        self._rates = {symbol: Decimal(chance.choice(("0.0001", "0.0003", "-0.0001"))) for symbol in self._closes}
        self._start = start

    def candles(self, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        """Whole days; of shorter bars nothing is known."""
        closes = self._closes.get(symbol)
        if closes is None or step_s != DAY.total_seconds():
            return []
        bars, place = [], max(0, -((self._first - since) // DAY))
        while (opened := self._first + place * DAY) + DAY <= until:
            first, last = (_to_cent(closes[min(day, DAYS)]) for day in (place, place + 1))
            low, high = sorted((first, last))
            if opened >= since:
                bars.append(
                    Bar(
                        opened_at=opened, open=first, high=high * WICK, low=low / WICK, close=last, volume=Decimal(1000)
                    )
                )
            place += 1
        return bars

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        """Funding settled before the market began."""
        rate, closes = self._rates.get(symbol), self._closes.get(symbol)
        if rate is None or closes is None:
            return []
        step, rows = timedelta(hours=interval_h), []
        at = max(self._first, since.replace(hour=0, minute=0, second=0, microsecond=0))
        while at <= self._start:
            if at >= since:
                rows.append((at, rate, _to_cent(closes[min((at - self._first) // DAY, DAYS)])))
            at += step
        return rows


def _to_cent(price: float) -> Decimal:
    return Decimal(f"{price:.2f}")


class WalkFeed:
    """Prices of a few coins, spot and perpetual; `still` stops them where they are.

    `dated` are dated contracts by the share at which they stand above the index.
    """

    step = STEP

    def __init__(  # noqa: PLR0913 - drawn values, each of its own kind
        self,
        prices: Mapping[str, Decimal],
        chance: random.Random,
        *,
        volatility: float,
        jump: float,
        depth: Decimal,
        start: datetime = START,
        dated: Mapping[str, float] | None = None,
        past: Past | None = None,
        peg: bool = False,
    ) -> None:
        self.start, self.end = start, start + timedelta(days=3650)
        self._dated = dict(sorted((dated or {}).items()))
        self._chance = chance
        self._prices = {coin: float(price) for coin, price in sorted(prices.items())}
        self._volatility, self._jump, self._depth = volatility, jump, depth
        self._place = 0
        self._quotes: dict[MarketKey, Quote] = {}
        self._marks: dict[str, Decimal] = {}
        self.still = False
        self._past = past
        here: set[MarketKey] = {(market, f"{coin}USDT") for coin in prices for market in _MARKETS}
        here |= {("spot", PEG)} if peg else set()
        self.markets: frozenset[MarketKey] = frozenset(here | {("linear", symbol) for symbol in self._dated})
        if peg:
            self.peg(Decimal(1))
        self._draw()

    def peg(self, price: Decimal) -> None:
        """Let the other stablecoin cost so much from now on, also where prices stand still."""
        self._quotes["spot", PEG] = Quote(mid=price, mark=price, index=price, depth_notional=self._depth)

    def quotes(self, at: datetime) -> Mapping[MarketKey, Quote]:
        place = (at - self.start) // STEP
        while self._place < place:
            self._place += 1
            if not self.still:
                self._walk()
                if self._place == place:
                    self._draw()
        return self._quotes

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        del market
        return self._past.candles(symbol, step_s, since, until) if self._past is not None else []

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        return self._past.settled(symbol, interval_h, since) if self._past is not None else []

    def unavailable(self, at: datetime) -> bool:
        del at
        return False

    def marks(self) -> dict[str, Decimal]:
        """The present marks by symbol; another object whenever they changed."""
        return self._marks

    def _walk(self) -> None:
        common = self._chance.gauss(0, self._volatility)
        if self._chance.random() < self._jump:
            common += self._chance.choice((-0.12, -0.04, 0.04, 0.12))
        for coin, price in self._prices.items():
            self._prices[coin] = price * exp(common + self._chance.gauss(0, self._volatility / 2))

    def _draw(self) -> None:
        for coin, price in self._prices.items():
            index = Decimal(f"{price:.2f}")
            mark = Decimal(f"{price * (1 + self._chance.uniform(-0.0004, 0.0004)):.2f}")
            for market in _MARKETS:
                self._quotes[market, f"{coin}USDT"] = Quote(
                    mid=index, mark=mark, index=index, depth_notional=self._depth
                )
        for symbol, basis in self._dated.items():
            index = self._quotes["linear", pair_of(symbol)].index
            above = Decimal(f"{float(index) * (1 + basis):.1f}")
            self._quotes["linear", symbol] = Quote(mid=above, mark=above, index=index, depth_notional=self._depth)
        self._marks = {symbol: quote.mark for (market, symbol), quote in self._quotes.items() if market == "linear"}


_MARKETS: tuple[MarketType, ...] = ("spot", "linear")
