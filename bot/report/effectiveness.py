"""How well a hedge did its work: variance, tails and dollars, hedged against unhedged on the same clock.

A partial hedge is measured against the part it was meant for, or it always seems to fail. Monitors and alerts, never
signals to trade. Source: Rockafellar, Uryasev 2000; IAS 39 AG105; IFRS 9 6.4.1; Lien 2005.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, fsum, sqrt

from bot.domain.sense import EPSILON, between, same_length, series
from bot.policy.estimators.regression import least_squares, sample_variance

OFFSET_LOW, OFFSET_HIGH = 0.80, 1.25
R_SQUARED_MIN = 0.8
TAIL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Effectiveness:
    """Reductions as shares of the unhedged figure (1 = all gone), value at risk as losses per period.

    A reduction does not exist where there was nothing to reduce; R squared only where futures returns were given.
    """

    variance_reduction: float | None
    volatility_reduction: float | None
    r_squared: float | None
    semivariance_reduction: float | None
    value_at_risk_unhedged: float
    value_at_risk_hedged: float
    value_at_risk_reduction: float | None
    expected_shortfall_unhedged: float
    expected_shortfall_hedged: float
    expected_shortfall_reduction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DollarOffset:
    """Gains of the hedge against losses of the item; 1 is a perfect offset. A period without a move has none."""

    periods: tuple[float | None, ...]
    cumulative: float | None
    cumulative_in_range: bool
    variability_reduction: float | None
    slope: float
    r_squared: float
    regression_passes: bool


def value_at_risk(returns: Sequence[float], tail: float = TAIL) -> float:
    """Loss that the worst share of the periods reaches or exceeds: minus the ceil(tail*n)-th smallest return."""
    ordered = sorted(series("returns", returns))
    return -ordered[max(1, ceil(between("tail", tail, 0.0, 1.0) * len(ordered) - EPSILON)) - 1]


def expected_shortfall(returns: Sequence[float], tail: float = TAIL) -> float:
    """Mean loss of the worst share of the periods, the last one counted in part."""
    ordered = sorted(series("returns", returns))
    share = between("tail", tail, 0.0, 1.0) * len(ordered)
    whole = floor(share + EPSILON)
    part = max(share - whole, 0.0)
    return -(fsum(ordered[:whole]) + (part * ordered[whole] if part > EPSILON else 0.0)) / share


def semivariance(returns: Sequence[float]) -> float:
    """Mean square of the losses, gains counted as zero."""
    known = series("returns", returns)
    return fsum(min(r, 0.0) ** 2 for r in known) / len(known)


def _reduction(unhedged: float, hedged: float) -> float | None:
    return 1 - hedged / unhedged if abs(unhedged) > 0 else None


def effectiveness(
    unhedged: Sequence[float], hedged: Sequence[float], futures: Sequence[float] | None = None, tail: float = TAIL
) -> Effectiveness:
    """Compare returns with and without the hedge."""
    bare, held = series("unhedged returns", unhedged, at_least=2), series("hedged returns", hedged, at_least=2)
    same_length("unhedged returns", bare, "hedged returns", held)
    variances = sample_variance(bare), sample_variance(held)
    risks = value_at_risk(bare, tail), value_at_risk(held, tail)
    shortfalls = expected_shortfall(bare, tail), expected_shortfall(held, tail)
    return Effectiveness(
        variance_reduction=_reduction(*variances),
        volatility_reduction=_reduction(sqrt(variances[0]), sqrt(variances[1])),
        r_squared=None if futures is None else least_squares(futures, bare).r_squared,
        semivariance_reduction=_reduction(semivariance(bare), semivariance(held)),
        value_at_risk_unhedged=risks[0],
        value_at_risk_hedged=risks[1],
        value_at_risk_reduction=_reduction(*risks),
        expected_shortfall_unhedged=shortfalls[0],
        expected_shortfall_hedged=shortfalls[1],
        expected_shortfall_reduction=_reduction(*shortfalls),
    )


def dollar_offset(item_changes: Sequence[float], hedge_changes: Sequence[float]) -> DollarOffset:
    """How much of the item's changes the hedge gave back, per period, in total, and by regression.

    Give the designated part of the item. Fewer than 30 periods are weak evidence, which the caller says to the reader.
    """
    items, hedges = series("item changes", item_changes, at_least=2), series("hedge changes", hedge_changes, at_least=2)
    same_length("item changes", items, "hedge changes", hedges)
    line = least_squares(items, hedges)
    moved = fsum(items)
    cumulative = -fsum(hedges) / moved if abs(moved) > EPSILON else None
    squares = fsum(i * i for i in items)
    left = fsum((i + h) ** 2 for i, h in zip(items, hedges, strict=True))
    return DollarOffset(
        periods=tuple(-h / i if abs(i) > EPSILON else None for i, h in zip(items, hedges, strict=True)),
        cumulative=cumulative,
        cumulative_in_range=cumulative is not None and OFFSET_LOW - EPSILON <= cumulative <= OFFSET_HIGH + EPSILON,
        variability_reduction=1 - left / squares if squares > 0 else None,
        slope=line.slope,
        r_squared=line.r_squared,
        regression_passes=-OFFSET_HIGH - EPSILON <= line.slope <= -OFFSET_LOW + EPSILON
        and line.r_squared >= R_SQUARED_MIN - EPSILON,
    )
