"""Market weather that leaps: a calm market in which every coin moves at once, in steps of a second."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.errors import ConfigurationError
from bot.sim.feed import Bar, SeriesFeed
from bot.sim.model import MarketType, Quote
from bot.sim.scenarios import scenario_feed
from bot.sim.state import MarketKey

CALM_FOR = timedelta(minutes=2)
SECOND = timedelta(seconds=1)
STABLE = ("USDC",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leap:
    """One sudden move of every coin. Units: `change` as a fraction of the price before."""

    summary: str
    change: Decimal
    lasts: timedelta


LEAPS: Mapping[str, Leap] = {
    "rally-in-a-minute": Leap(
        summary="two calm minutes, then every coin rises by 20 % within one", change=Decimal("0.20"), lasts=60 * SECOND
    ),
    "rally-in-an-hour": Leap(
        summary="two calm minutes, then every coin rises by 30 % within an hour",
        change=Decimal("0.30"),
        lasts=3600 * SECOND,
    ),
    "rally-too-far": Leap(
        summary="two calm minutes, then every coin is worth 2.2 times as much from one second to the next",
        change=Decimal("1.2"),
        lasts=SECOND,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuddenFeed:
    """A calm feed with a leap on top."""

    calm: SeriesFeed
    leap: Leap
    step: timedelta = SECOND

    @property
    def start(self) -> datetime:
        """First instant with quotes."""
        return self.calm.start

    @property
    def end(self) -> datetime:
        """Last instant with quotes: half an hour after the leap."""
        return self.start + CALM_FOR + self.leap.lasts + timedelta(minutes=30)

    @property
    def markets(self) -> frozenset[MarketKey]:
        """What is priced."""
        return self.calm.markets

    @property
    def notes(self) -> tuple[str, ...]:
        """What people are told about it."""
        return (f"a sudden market: {self.leap.summary}",)

    def factor(self, at: datetime) -> Decimal:
        """How much of the leap has happened, as a factor on every price."""
        done = (at - self.start - CALM_FOR) / self.leap.lasts
        return 1 + self.leap.change * Decimal(str(min(1.0, max(0.0, done))))

    def quotes(self, at: datetime) -> dict[MarketKey, Quote]:
        """The calm quotes, lifted."""
        factor = self.factor(at)
        return {key: row if key[1].startswith(STABLE) else _lifted(row, factor) for key, row in self._calm(at).items()}

    def _calm(self, at: datetime) -> dict[MarketKey, Quote]:
        return self.calm.quotes(at)

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        """Bars that hold the leap where they cover it."""
        length = timedelta(seconds=step_s)
        bars = self.calm.candles(market, symbol, step_s, since, until)
        return [_stretched(bar, self.factor(bar.opened_at), self.factor(bar.opened_at + length)) for bar in bars]

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        """Funding settled before the start is that of the calm market."""
        return self.calm.settled(symbol, interval_h, since)

    def unavailable(self, at: datetime) -> bool:
        """Never away."""
        return self.calm.unavailable(at)


def leap_feed(name: str, *, seed: int = 1) -> SuddenFeed:
    """The feed of a named leap. Raises: ConfigurationError when there is none of this name."""
    if name not in LEAPS:
        raise ConfigurationError(f"There is no sudden market {name!r}; choose one of: {', '.join(LEAPS)}.")
    return SuddenFeed(calm=scenario_feed("calm", seed=seed), leap=LEAPS[name])


def _lifted(quote: Quote, factor: Decimal) -> Quote:
    return replace(
        quote,
        mid=_times(quote.mid, factor),
        mark=_times(quote.mark, factor),
        index=_times(quote.index, factor),
    )


def _times(price: Decimal, factor: Decimal) -> Decimal:
    return (price * factor).quantize(price)


def _stretched(bar: Bar, first: Decimal, last: Decimal) -> Bar:
    top, bottom = max(first, last), min(first, last)
    return replace(
        bar,
        open=_times(bar.open, first),
        close=_times(bar.close, last),
        high=_times(bar.high, top),
        low=_times(bar.low, bottom),
    )
