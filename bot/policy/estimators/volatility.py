"""How much a price moves: daily variances and yearly volatilities from closes, ranges, GARCH and implied indices.

Units: variances per day, volatilities per square root of a year of 365 days (the market never closes).
Source: RiskMetrics 1996; Parkinson 1980; Garman, Klass 1980; Rogers, Satchell 1991; Yang, Zhang 2000.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log, sqrt

from bot.domain.sense import (
    DAYS_PER_YEAR,
    EPSILON,
    non_negative,
    positive,
    positive_series,
    same_length,
    series,
    within,
)
from bot.policy.estimators.hedge_ratio import seeded_ewma
from bot.policy.estimators.regression import mean, sample_variance

PARKINSON = 4 * log(2)
PERSISTENCE_MAX = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatility:
    """A daily variance and the yearly volatility it stands for."""

    variance_daily: float
    volatility: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Daily bars, oldest first; `close_before` is the close of the day before the first bar (else its open)."""

    open: Sequence[float]
    high: Sequence[float]
    low: Sequence[float]
    close: Sequence[float]
    close_before: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeVolatilities:
    """Yearly volatilities by five estimators; those that need a sample variance do not exist for one bar."""

    close_close: float | None
    parkinson: float
    garman_klass: float
    rogers_satchell: float
    yang_zhang: float | None
    yang_zhang_weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Garch:
    """Parameters of GARCH(1,1), fitted elsewhere: v' = omega + alpha * r^2 + beta * v."""

    omega: float
    alpha: float
    beta: float
    variance_start: float

    def __post_init__(self) -> None:
        """Refuse parameters without a long-run variance."""
        positive("omega", self.omega)
        non_negative("alpha", self.alpha)
        non_negative("beta", self.beta)
        non_negative("starting variance", self.variance_start)
        if self.alpha + self.beta >= PERSISTENCE_MAX - EPSILON:
            raise ValueError(
                f"alpha + beta is {self.alpha + self.beta}, too near 1: the model has no usable long-run variance."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchForecast:
    """Tomorrow's variance, the long-run one, and the mean over the horizon with its yearly volatility."""

    next_variance: float
    long_run_variance: float
    mean_variance: float
    volatility: float


def yearly(variance_daily: float) -> float:
    """Yearly volatility of a daily variance."""
    return sqrt(non_negative("daily variance", variance_daily) * DAYS_PER_YEAR)


def ewma_volatility(returns: Sequence[float], decay: float = 0.97, seed_count: int = 30) -> Volatility:
    """Exponentially weighted variance of daily returns with zero mean."""
    variance = seeded_ewma([r * r for r in series("returns", returns)], decay, seed_count)
    return Volatility(variance_daily=variance, volatility=yearly(variance))


def parkinson_ewma(
    high: Sequence[float], low: Sequence[float], decay: float = 0.97, seed_count: int = 30
) -> Volatility:
    """Exponentially weighted Parkinson variance: the day's range says more than its close.

    Runs 7 to 12 % above close-to-close volatility because of wicks, which is welcome as a margin of safety.
    """
    ranges = _ranges(high, low)
    variance = seeded_ewma([r * r / PARKINSON for r in ranges], decay, seed_count)
    return Volatility(variance_daily=variance, volatility=yearly(variance))


def _ranges(high: Sequence[float], low: Sequence[float]) -> list[float]:
    highs, lows = positive_series("high", high), positive_series("low", low)
    same_length("high", highs, "low", lows)
    if any(h < bottom for h, bottom in zip(highs, lows, strict=True)):
        raise ValueError("A bar has its high below its low; the price data cannot be trusted.")
    return [log(h / bottom) for h, bottom in zip(highs, lows, strict=True)]


def range_volatilities(bars: Bars) -> RangeVolatilities:
    """Volatility of daily bars by the five usual estimators."""
    opens, closes = positive_series("open", bars.open), positive_series("close", bars.close)
    ranges = _ranges(bars.high, bars.low)
    same_length("open", opens, "close", closes)
    same_length("open", opens, "high", ranges)
    before = opens[0] if bars.close_before is None else positive("close before", bars.close_before)
    previous = [before, *closes[:-1]]
    count = len(opens)
    bodies = [log(c / o) for o, c in zip(opens, closes, strict=True)]
    gaps = [log(o / p) for o, p in zip(opens, previous, strict=True)]
    steps = [log(c / p) for c, p in zip(closes, previous, strict=True)]
    parkinson = fsum(r * r for r in ranges) / count / PARKINSON
    garman = fsum(0.5 * r * r - (2 * log(2) - 1) * b * b for r, b in zip(ranges, bodies, strict=True)) / count
    wicks = [
        log(h / c) * log(h / o) + log(bottom / c) * log(bottom / o)
        for o, h, bottom, c in zip(opens, bars.high, bars.low, closes, strict=True)
    ]
    rogers = mean(wicks)
    yang: float | None = None
    weight: float | None = None
    if count > 1:
        weight = 0.34 / (1.34 + (count + 1) / (count - 1))
        yang = sample_variance(gaps) + weight * sample_variance(bodies) + (1 - weight) * rogers
    return RangeVolatilities(
        close_close=yearly(sample_variance(steps)) if count > 1 else None,
        parkinson=yearly(parkinson),
        garman_klass=yearly(max(garman, 0.0)),
        rogers_satchell=yearly(max(rogers, 0.0)),
        yang_zhang=None if yang is None else yearly(max(yang, 0.0)),
        yang_zhang_weight=weight,
    )


def garch_forecast(returns: Sequence[float], garch: Garch, horizon_days: int) -> GarchForecast:
    """Run GARCH(1,1) through the returns and forecast the mean variance of the days ahead."""
    if horizon_days < 1:
        raise ValueError(f"The horizon must be at least one day, but is {horizon_days}.")
    variance = garch.variance_start
    for r in series("returns", returns, at_least=0):
        variance = garch.omega + garch.alpha * r * r + garch.beta * variance
    persistence = garch.alpha + garch.beta
    long_run = garch.omega / (1 - persistence)
    ahead = (1 - persistence**horizon_days) / (horizon_days * (1 - persistence))
    average = long_run + (variance - long_run) * ahead
    return GarchForecast(
        next_variance=variance, long_run_variance=long_run, mean_variance=average, volatility=yearly(average)
    )


def implied_daily_move(index_points: float) -> float:
    """The daily move an implied volatility index in points speaks of, as a decimal."""
    return positive("implied volatility index", index_points) / 100 / sqrt(DAYS_PER_YEAR)


def blend_volatility(
    realised: float,
    implied_points: float | None = None,
    implied_weight: float = 0.5,
    implied_scale: float = 0.9,
    floor: float = 0.0,
) -> float:
    """Blend realised with scaled implied variance and keep the result above a floor.

    Units: `realised` and `floor` yearly decimals, `implied_points` in index points. Without an index (none offered, or
    stale) the realised volatility stands alone.
    """
    variance = non_negative("realised volatility", realised) ** 2
    if implied_points is not None:
        implied = positive("implied scale", implied_scale) * positive("implied volatility index", implied_points) / 100
        weight = within("implied weight", implied_weight, 0.0, 1.0)
        variance = (1 - weight) * variance + weight * implied**2
    return max(sqrt(variance), non_negative("floor", floor))
