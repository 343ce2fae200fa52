"""What the past says about an asset now: its volatility and the funding of its perpetual, or why it says nothing.

The functions that do the work are pure and take immutable series, so that a result is kept as long as its series is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import fsum, log, sqrt

from bot.domain.history import BarSeries, FundingSeries, History, moment, seconds
from bot.domain.sense import DAYS_PER_YEAR
from bot.policy.estimators.hedge_ratio import seeded_ewma
from bot.policy.estimators.volatility import PARKINSON, blend_volatility, yearly
from bot.policy.estimators.volatility_target import funding_deviation
from bot.policy.scene import Scene

KEPT = 2048
SEED_COUNT = 30
FLAT_SHARE_MAX = 0.1  # more bars without a range than this, and highs and lows are not to be trusted
HOUR_S = 3600
BUCKET_H = 8
IMPLIED_AGE_MAX = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityRule:
    """How volatility is measured. Units: `floor` as a share of its own long-run mean, `implied_weight` of variance."""

    decay: float = 0.97
    bars_min: int = 60
    ranges: bool = True
    floor: float = 0.6
    implied_weight: float = 0.0
    implied_scale: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredVolatility:
    """Yearly volatilities as decimals: the one to use, what it was before floor and blend, and the long-run mean."""

    volatility: float
    realised: float
    long_run: float
    implied: float | None
    estimator: str
    bars: int
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFunding:
    """Funding of a perpetual short. Signs: + received.

    Units: `recent` is the sum of the rates of the last `recent_days`; `mean_8h` the mean per eight hours; `deviation`
    how unusual the last three days are, None while too little is known.
    """

    recent: float
    recent_days: float
    mean_8h: float
    deviation: float | None
    settlements: int
    known_at: datetime


def measured_volatility(history: History, at: datetime, asset: str, rule: VolatilityRule) -> MeasuredVolatility | str:
    """Volatility of an asset from its daily bars, or a sentence why there is none."""
    found = history.bars_of(asset, at)
    if found is None:
        return history.troubles.get(asset, f"no daily bars of {asset} are known")
    if not found.fresh(at):
        trouble = history.troubles.get(asset, "")
        return (
            f"the newest daily bar of {asset} is of {found.known_at:%Y-%m-%d %H:%M}, too old{trouble and ': '}{trouble}"
        )
    if len(found) < rule.bars_min:
        return f"only {len(found)} daily bars of {asset} are known, {rule.bars_min} are needed"
    implied = history.implied.get(asset) if rule.implied_weight > 0 else None
    young = implied is not None and timedelta(0) <= at - implied.at <= IMPLIED_AGE_MAX
    return _measured(found, rule, implied.points if implied is not None and young else None)


@lru_cache(maxsize=KEPT)
def _measured(bars: BarSeries, rule: VolatilityRule, points: float | None) -> MeasuredVolatility:
    realised, long_run, estimator = _realised(bars, rule.decay, rule.ranges)
    used = blend_volatility(realised, points, rule.implied_weight, rule.implied_scale, rule.floor * long_run)
    return MeasuredVolatility(
        volatility=used,
        realised=realised,
        long_run=long_run,
        implied=points,
        estimator=estimator,
        bars=len(bars),
        known_at=moment(bars.opened_s[-1] + bars.step_s),
    )


@lru_cache(maxsize=KEPT)
def _realised(bars: BarSeries, decay: float, ranges: bool) -> tuple[float, float, str]:
    """Weighted and long-run volatility from ranges, or from closes where the ranges cannot be real."""
    flat = sum(1 for high, low in zip(bars.high, bars.low, strict=True) if high <= low)
    if ranges and flat <= FLAT_SHARE_MAX * len(bars):
        squares = [log(high / low) ** 2 / PARKINSON for high, low in zip(bars.high, bars.low, strict=True)]
        estimator = "Parkinson"
    else:
        squares = [step * step for step in log_returns(bars).values()]
        estimator = "close-to-close"
    seed = min(SEED_COUNT, len(squares))
    return yearly(seeded_ewma(squares, decay, seed)), yearly(fsum(squares) / len(squares)), estimator


@lru_cache(maxsize=KEPT)
def log_returns(bars: BarSeries) -> dict[int, float]:
    """Log return of each bar that follows the one before it without a gap, by its opening second."""
    found: dict[int, float] = {}
    for place in range(1, len(bars)):
        if bars.opened_s[place] - bars.opened_s[place - 1] == bars.step_s:
            found[bars.opened_s[place]] = log(bars.close[place] / bars.close[place - 1])
    return found


def daily_deviation(volatility: float) -> float:
    """The usual move of a day for a yearly volatility."""
    return volatility / sqrt(DAYS_PER_YEAR)


def measured_funding(
    scene: Scene, asset: str, *, interval_h: float, recent_days: int, counts: tuple[int, int]
) -> MeasuredFunding | str:
    """Funding of an asset's perpetual, or a sentence why it is not known. `counts` are the deviation's two windows."""
    found = scene.history.funding_of(asset, scene.at)
    if found is None or found.known_at is None:
        return scene.history.troubles.get(asset, f"no settled funding of {asset} is known")
    if scene.at - found.known_at > timedelta(hours=2 * interval_h + 1):
        return f"the newest settled funding of {asset} is of {found.known_at:%Y-%m-%d %H:%M}, too old"
    return _funding(found, recent_days, counts)


@lru_cache(maxsize=KEPT)
def _funding(found: FundingSeries, recent_days: int, counts: tuple[int, int]) -> MeasuredFunding:
    newest, oldest = found.settled_s[-1], found.settled_s[0]
    begin = newest - recent_days * 24 * HOUR_S
    recent = fsum(rate for at, rate in zip(found.settled_s, found.rates, strict=True) if at > begin)
    days = min(float(recent_days), (newest - oldest) / 86_400 or recent_days)
    buckets = _eight_hourly(found)
    known = len(buckets) >= counts[1]
    return MeasuredFunding(
        recent=recent,
        recent_days=days,
        mean_8h=fsum(buckets) / len(buckets),
        deviation=funding_deviation(buckets, *counts) if known else None,
        settlements=len(found),
        known_at=moment(newest),
    )


def _eight_hourly(found: FundingSeries) -> list[float]:
    """Rates added up to eight hours, oldest first, so that contracts of any interval can be compared; gaps left out."""
    newest, sums = found.settled_s[-1], dict[int, float]()
    for at, rate in zip(found.settled_s, found.rates, strict=True):
        place = (newest - at) // (BUCKET_H * HOUR_S)
        sums[place] = sums.get(place, 0.0) + rate
    return [sums[place] for place in sorted(sums, reverse=True)]


def rates_now(scene: Scene) -> dict[str, tuple[float, float]]:
    """The coming funding of each asset's perpetual: rate per interval, hours of the interval."""
    found: dict[str, tuple[float, float]] = {}
    for view in scene.snapshot.venues:
        bases = {row.symbol: row.base for row in view.instruments}
        for row in view.funding:
            base = bases.get(row.symbol)
            series = scene.history.funding.get(base) if base is not None else None
            if base is not None and (series is None or row.symbol == series.symbol):
                found.setdefault(base, (float(row.rate), float(row.interval_h)))
    return found


def age_words(known_at: datetime, at: datetime) -> str:
    """How old something is, for people."""
    hours = (seconds(at) - seconds(known_at)) / HOUR_S
    return f"{hours:.0f} h old" if hours < 48 else f"{hours / 24:.0f} days old"
