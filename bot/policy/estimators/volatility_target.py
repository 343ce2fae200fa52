"""From volatility and funding to a ratio: the volatility target, the funding tilt, and the steps it moves in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, sqrt

from bot.domain.sense import EPSILON, clip, finite, non_negative, positive, series, within
from bot.policy.estimators.regression import mean, sample_variance

VOLATILITY_TARGET = 0.45
# Funding rates that differ by less than this are one flat rate, from which no deviation can be read.
FLAT_RATE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRatio:
    """A ratio reached through a proxy; not feasible when what the proxy cannot remove already exceeds the target."""

    ratio: float
    feasible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """Raise at once, lower only if it stays lower: `band` to act, `confirm_down` evaluations, `step` to round to."""

    band: float = 0.05
    confirm_down: int = 3
    step: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a rule that could never act or always would."""
        non_negative("band", self.band)
        positive("step", self.step)
        if self.confirm_down < 1:
            raise ValueError(f"confirm_down must be at least 1, but is {self.confirm_down}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HysteresisState:
    """The ratio held now, and how often in a row the target asked for less."""

    ratio: float
    lower_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HysteresisPath:
    """The ratio after each evaluation, and how often it changed."""

    ratios: tuple[float, ...]
    trades: int


def volatility_target_ratio(volatility: float, target: float, ratio_min: float = 0.0, ratio_max: float = 1.0) -> float:
    """Ratio that brings the volatility of the crypto part down to the target: 1 - target/volatility, within limits."""
    positive("volatility target", target)
    if non_negative("volatility", volatility) <= 0:
        return ratio_min
    return clip(1 - target / volatility, ratio_min, ratio_max)


def volatility_target_ratio_proxy(
    proxy_volatility: float,
    beta: float,
    residual_volatility: float,
    target: float,
    ratio_min: float = 0.0,
    ratio_max: float = 1.0,
) -> ProxyRatio:
    """The same through a proxy that leaves a residual: (1-h)^2 (beta*sigma)^2 + residual^2 = target^2."""
    positive("volatility target", target)
    common = positive("beta", beta) * positive("proxy volatility", proxy_volatility)
    if non_negative("residual volatility", residual_volatility) >= target - EPSILON:
        return ProxyRatio(ratio=ratio_max, feasible=False)
    wanted = 1 - sqrt(target**2 - residual_volatility**2) / common
    return ProxyRatio(ratio=clip(wanted, ratio_min, ratio_max), feasible=True)


def funding_deviation(rates: Sequence[float], count_short: int = 9, count_long: int = 90) -> float:
    """How unusual recent funding is: (mean of the last few - mean of many) over the deviation of the many.

    Signs: positive when shorts are paid more than usual. Zero for a flat rate. Units: all rates for the same interval.

    Raises:
        ValueError: with fewer rates than `count_long`.
    """
    if not 1 <= count_short <= count_long or count_long < 2:
        raise ValueError(
            "The short window must be at least one rate and not longer than the long window of two or more."
        )
    known = series("funding rates", rates, at_least=count_long)
    many = known[-count_long:]
    deviation = sqrt(sample_variance(many))
    return (mean(known[-count_short:]) - mean(many)) / deviation if deviation > FLAT_RATE else 0.0


def funding_tilt(deviation: float, slope: float = 0.05, tilt_max: float = 0.10) -> float:
    """Change of the ratio for unusual funding: more when shorts are paid, less when they pay, within limits."""
    limit = non_negative("tilt_max", tilt_max)
    return clip(non_negative("slope", slope) * finite("funding deviation", deviation), -limit, limit)


def round_half_up(value: float, step: float) -> float:
    """Nearest multiple of the step; exactly between two, the upper one."""
    return floor(value / positive("step", step) + 0.5 + EPSILON) * step


def next_ratio(state: HysteresisState, target: float, rule: Hysteresis) -> HysteresisState:
    """One evaluation: raise at once beyond the band, lower only after enough evaluations in a row asked for it."""
    finite("target ratio", target)
    if target - state.ratio > rule.band + EPSILON:
        return HysteresisState(ratio=round_half_up(target, rule.step))
    if state.ratio - target > rule.band + EPSILON:
        count = state.lower_count + 1
        if count >= rule.confirm_down:
            return HysteresisState(ratio=round_half_up(target, rule.step))
        return HysteresisState(ratio=state.ratio, lower_count=count)
    return HysteresisState(ratio=state.ratio)


def hysteresis_path(targets: Iterable[float], start: float, rule: Hysteresis) -> HysteresisPath:
    """Run the evaluations one after another from a starting ratio."""
    state = HysteresisState(ratio=within("starting ratio", start, 0.0, float("inf")))
    ratios: list[float] = []
    trades = 0
    for target in targets:
        after = next_ratio(state, target, rule)
        trades += abs(after.ratio - state.ratio) > EPSILON
        state = after
        ratios.append(state.ratio)
    return HysteresisPath(ratios=tuple(ratios), trades=trades)
