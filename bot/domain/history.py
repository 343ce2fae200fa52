"""What is known of the past: closed bars and settled funding, each usable only from the moment it became known.

A bar is known at its close, a funding rate at its settlement. The figures are for estimators only and therefore floats.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

DAY_S = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STALE_STEPS = 2

HistoryKind = Literal["candles", "funding", "implied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAsk:
    """What a rule needs to know of the past of one asset.

    Units: `step_s` is the length of a bar (of no meaning for funding); `span` how far back it should reach.
    """

    asset: str
    kind: HistoryKind = "candles"
    step_s: int = DAY_S
    span: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarSeries:
    """Closed bars of one market, oldest first; a missing bar is a gap, never filled in.

    Units: `opened_s` seconds since 1970, `step_s` seconds, prices in quote currency, `volume` in base units.
    Two series are the same only when they are one object, so that an estimate can be kept for a series.
    """

    symbol: str
    step_s: int
    opened_s: tuple[int, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.opened_s)

    @property
    def known_at(self) -> datetime | None:
        """When the newest bar closed; None without bars."""
        return moment(self.opened_s[-1] + self.step_s) if self.opened_s else None

    @property
    def gaps(self) -> int:
        """How many bars are missing between the first and the last."""
        if not self.opened_s:
            return 0
        return (self.opened_s[-1] - self.opened_s[0]) // self.step_s + 1 - len(self.opened_s)

    def fresh(self, at: datetime) -> bool:
        """Whether the newest bar is the last that can exist, or the one before it."""
        known = self.known_at
        return known is not None and known > at - timedelta(seconds=STALE_STEPS * self.step_s)

    def known_by(self, at: datetime) -> "BarSeries":
        """The bars that had closed by an instant; itself when all had."""
        count = bisect_right(self.opened_s, seconds(at) - self.step_s)
        return self if count == len(self.opened_s) else self.cut(0, count)

    def last(self, count: int) -> "BarSeries":
        """The newest bars, at most so many."""
        return self if count >= len(self.opened_s) else self.cut(len(self.opened_s) - count, len(self.opened_s))

    def cut(self, begin: int, end: int) -> "BarSeries":
        """The bars from one place to another."""
        return BarSeries(
            symbol=self.symbol,
            step_s=self.step_s,
            opened_s=self.opened_s[begin:end],
            open=self.open[begin:end],
            high=self.high[begin:end],
            low=self.low[begin:end],
            close=self.close[begin:end],
            volume=self.volume[begin:end],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingSeries:
    """Settled funding of one perpetual, oldest first.

    Units: `settled_s` seconds since 1970, `rates` fractions of notional per settlement. Signs: positive = a short
    received.
    """

    symbol: str
    settled_s: tuple[int, ...]
    rates: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.settled_s)

    @property
    def known_at(self) -> datetime | None:
        """When the newest rate was settled; None without rates."""
        return moment(self.settled_s[-1]) if self.settled_s else None

    def known_by(self, at: datetime) -> "FundingSeries":
        """The rates settled by an instant; itself when all were."""
        count = bisect_right(self.settled_s, seconds(at))
        if count == len(self.settled_s):
            return self
        return FundingSeries(symbol=self.symbol, settled_s=self.settled_s[:count], rates=self.rates[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedVolatility:
    """What options say the next month will be like. Units: index points (60 = 60 % a year)."""

    points: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything the rules asked for and got, by asset; what is absent was not to be had.

    `troubles` says, by asset, why something could not be read or brought up to date.
    """

    bars: Mapping[tuple[str, int], BarSeries] = field(default_factory=dict)
    funding: Mapping[str, FundingSeries] = field(default_factory=dict)
    implied: Mapping[str, ImpliedVolatility] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)

    def bars_of(self, asset: str, at: datetime, step_s: int = DAY_S) -> BarSeries | None:
        """The bars of an asset known by an instant, None when there are none."""
        found = self.bars.get((asset, step_s))
        known = found.known_by(at) if found is not None else None
        return known if known is not None and len(known) else None

    def funding_of(self, asset: str, at: datetime) -> FundingSeries | None:
        """The funding of an asset settled by an instant, None when there is none."""
        found = self.funding.get(asset)
        known = found.known_by(at) if found is not None else None
        return known if known is not None and len(known) else None


NO_HISTORY = History()


def widest(asks: Iterable[HistoryAsk]) -> tuple[HistoryAsk, ...]:
    """One ask per asset, kind and step: the one that reaches back furthest."""
    found: dict[tuple[str, HistoryKind, int], HistoryAsk] = {}
    for ask in asks:
        key = (ask.asset, ask.kind, ask.step_s if ask.kind == "candles" else 0)
        if key not in found or ask.span > found[key].span:
            found[key] = ask
    return tuple(found[key] for key in sorted(found))


@lru_cache(maxsize=1024)
def seconds(at: datetime) -> int:
    """Whole seconds since 1970; a decision asks for the same instant hundreds of times."""
    return int((at - EPOCH) // timedelta(seconds=1))


def moment(second: int) -> datetime:
    """The instant so many seconds after 1970."""
    return EPOCH + timedelta(seconds=second)
