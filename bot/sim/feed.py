"""Price feeds: what every source of prices offers, and the one that plays series on a regular grid."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isnan
from typing import Protocol

from bot.sim.model import Listing, MarketType, Quote
from bot.sim.state import MarketKey

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One closed candle of the simulated exchange. Units: `volume` in base units."""

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Feed(Protocol):
    """Where prices come from: a scenario or a tape."""

    @property
    def start(self) -> datetime:
        """First instant with quotes."""

    @property
    def end(self) -> datetime:
        """Last instant with quotes."""

    @property
    def step(self) -> timedelta:
        """How far apart quotes are."""

    @property
    def markets(self) -> frozenset[MarketKey]:
        """Which (market, symbol) the feed prices at least some of the time."""

    def quotes(self, at: datetime) -> Mapping[MarketKey, Quote]:
        """Quotes as they stood at an instant."""

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        """Bars opened at or after `since` and closed by `until`, oldest first."""

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        """Funding settled up to the first quote, oldest first: when, the rate, the mark. Signs: + longs pay shorts."""

    def unavailable(self, at: datetime) -> bool:
        """Whether the whole venue is unreachable at this instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingEvent:
    """One recorded funding settlement. Signs: positive = longs pay shorts."""

    at: datetime
    rate: Decimal
    interval_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One market on the feed's grid: a number per step, NaN before it was listed.

    Units: prices in quote currency; `volume` in base units per step; `depth_notional` quote currency. `mark`, `index`
    and `rate` may be empty on spot; `stale` may be empty when the market never paused.
    """

    mid: array[float]
    mark: array[float]
    index: array[float]
    rate: array[float]
    depth_notional: array[float]
    volume: array[float]
    stale: bytes = b""
    spread: float = 0.0001
    price_digits: int = 8
    funding: tuple[FundingEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFeed:
    """Plays series; the grid begins at `origin`, before `start`, so that candles know some history.

    `more_listings` are the contracts it prices beyond those that are always listed: dated and coin-margined ones.
    `earlier` makes a coarser feed that ends at `origin`, for whoever asks for more of the past.
    """

    origin: datetime
    start: datetime
    end: datetime
    step: timedelta
    series: Mapping[MarketKey, Series]
    outages: tuple[tuple[datetime, datetime], ...] = ()
    more_listings: tuple[Listing, ...] = ()
    notes: tuple[str, ...] = ()
    earlier: Callable[[], SeriesFeed] | None = None

    @property
    def markets(self) -> frozenset[MarketKey]:
        """Which (market, symbol) are priced."""
        return frozenset(self.series)

    def quotes(self, at: datetime) -> dict[MarketKey, Quote]:
        """Quotes at the last grid point not after an instant; markets not yet listed are left out."""
        place = min(max(0, (at - self.origin) // self.step), (self.end - self.origin) // self.step)
        shown: dict[MarketKey, Quote] = {}
        for key, one in self.series.items():
            if not isnan(one.mid[place]):
                shown[key] = self._quote(one, place, at)
        return shown

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        """Bars of any length made of grid points; shorter than the grid they stand still between points."""
        one = self.series.get((market, symbol))
        if one is None or step_s <= 0:
            return []
        length = timedelta(seconds=step_s)
        before: list[Bar] = []
        if since < self.origin and self.earlier is not None:
            before = self.earlier().candles(market, symbol, step_s, since, min(until, self.origin))
        opened = EPOCH - (EPOCH - max(since, self.origin)) // length * length  # the first bar not before `since`
        bars: list[Bar] = []
        until = min(until, self.end + self.step)
        while opened + length <= until:
            first = (opened - self.origin) // self.step
            last = max(first, -((self.origin - opened - length) // self.step) - 1)
            if not isnan(one.mid[first]):
                bars.append(_bar(one, opened, (first, last), length / self.step))
            opened += length
        return before + bars

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        """Funding settled up to the start: as recorded, else the rate the grid showed when it was due."""
        one = self.series.get(("linear", symbol))
        if one is None:
            return []
        interval = timedelta(hours=interval_h)
        first = EPOCH - (EPOCH - max(since, self.origin)) // interval * interval
        count = max(0, (self.start - first) // interval + 1)
        due = [(at, None) for at in (first + interval * number for number in range(count)) if at <= self.start]
        recorded = [(event.at, event.rate) for event in one.funding if since <= event.at <= self.start]
        before = self.earlier().settled(symbol, interval_h, since) if since < self.origin and self.earlier else []
        found = [row for row in before if row[0] < self.origin]
        for at, rate in recorded or due:
            place = max(0, (at - self.origin) // self.step)
            if not isnan(one.mark[place]):
                shown = decimal(one.rate[place], 8) if rate is None else rate
                found.append((at, shown, decimal(one.mark[place], one.price_digits)))
        return found

    def unavailable(self, at: datetime) -> bool:
        """Whether the whole venue is unreachable at this instant."""
        return any(begin <= at < finish for begin, finish in self.outages)

    def _quote(self, one: Series, place: int, at: datetime) -> Quote:
        mid = decimal(one.mid[place], one.price_digits)
        spread = decimal(one.spread, 6)
        depth = decimal(one.depth_notional[place], 0)
        stale = bool(one.stale and one.stale[place])
        if not one.mark:
            return Quote(mid=mid, mark=mid, index=mid, spread=spread, depth_notional=depth, stale=stale)
        next_event, shown_rate = _funding_at(one.funding, at)
        return Quote(
            mid=mid,
            mark=decimal(one.mark[place], one.price_digits),
            index=decimal(one.index[place], one.price_digits),
            spread=spread,
            depth_notional=depth,
            funding_rate=decimal(one.rate[place], 8) if shown_rate is None else shown_rate,
            funding_interval_h=next_event.interval_h if next_event else None,
            funding_next_at=next_event.at if next_event else None,
            funding_rate_due=next_event.rate if next_event else None,
            stale=stale,
        )


def decimal(value: float, digits: int) -> Decimal:
    """Bring a float of a price path among the decimals."""
    return Decimal(f"{value:.{digits}f}")


def _funding_at(events: tuple[FundingEvent, ...], at: datetime) -> tuple[FundingEvent | None, Decimal | None]:
    """Find the recorded event that comes next and the last rate known by then."""
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if events[middle].at <= at:
            low = middle + 1
        else:
            high = middle
    return (events[low] if low < len(events) else None), (events[low - 1].rate if low else None)


def _bar(one: Series, opened: datetime, span: tuple[int, int], steps: float) -> Bar:
    first, last = span
    points = one.mid[first : last + 1]
    while isnan(points[-1]):  # the contract expired within this bar
        points.pop()
    volume = sum(one.volume[first : last + 1]) if steps >= 1 else one.volume[first] * steps
    return Bar(
        opened_at=opened,
        open=decimal(points[0], one.price_digits),
        high=decimal(max(points), one.price_digits),
        low=decimal(min(points), one.price_digits),
        close=decimal(points[-1], one.price_digits),
        volume=decimal(volume, 3),
    )
