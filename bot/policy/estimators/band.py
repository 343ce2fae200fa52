"""How far exposure may drift before a trade is worth its cost.

Units: widths and drifts as fractions of total wealth; `cost` per unit traded (fee, half spread, slippage); `drift` and
`volatility` per square root of a year; `aversion` g of the loss g/2 * variance.
Source: Davis, Norman 1990; Shreve, Soner 1994; Whalley, Wilmott, Mathematical Finance 7 (1997) 307; Garleanu, Pedersen,
Journal of Finance 68 (2013) 2309.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from bot.domain.sense import EPSILON, between, finite, non_negative, positive, within

Aim = Literal["edge", "center"]

COST_MAJORS = 0.0006
COST_ALTS = 0.0025
AVERSION = 3.0
BAND_STATIC = 0.02
TRADE_SHARE_MIN = 0.0025


@dataclass(frozen=True, slots=True, kw_only=True)
class BandCost:
    """What a band costs a year as fractions of wealth: trading, risk left open, and their sum."""

    turnover: float
    trading: float
    risk: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialAdjustment:
    """Garleanu-Pedersen: the value-function coefficient and the fraction of the gap to trade each period."""

    coefficient: float
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One trade toward a target, and where it leaves the exposure."""

    trade: float
    after: float


def band_edge(cost: float, aversion: float, volatility: float, drift: float) -> float:
    """Half-width of the best band when trades go back to its edge only (optimal for proportional cost)."""
    return _third_root_band(1.5, cost, aversion, volatility, drift)


def band_center(cost: float, aversion: float, volatility: float, drift: float) -> float:
    """Half-width of the best band when trades go all the way to the target, 1.59 times the edge band."""
    return _third_root_band(6.0, cost, aversion, volatility, drift)


def _third_root_band(factor: float, cost: float, aversion: float, volatility: float, drift: float) -> float:
    risk = positive("aversion", aversion) * positive("volatility", volatility) ** 2
    cube = factor * non_negative("cost", cost) * non_negative("drift", drift) ** 2 / risk
    return float(cube ** (1 / 3))


def band_fixed(fixed_cost: float, aversion: float, volatility: float, drift: float) -> float:
    """Half-width when every trade costs a fixed fraction of wealth, however large it is."""
    risk = positive("aversion", aversion) * positive("volatility", volatility) ** 2
    fourth = 12 * non_negative("fixed cost", fixed_cost) * non_negative("drift", drift) ** 2 / risk
    return float(fourth**0.25)


def band_weight(weight: float, cost: float = COST_MAJORS, aversion: float = AVERSION) -> float:
    """Edge band of an allocation target; volatility cancels, because it moves the weight as much as it hurts."""
    spread = within("target weight", weight, 0.0, 1.0) * (1 - weight)
    cube = 1.5 * non_negative("cost", cost) / positive("aversion", aversion) * spread**2
    return float(cube ** (1 / 3))


def band_annual_cost(
    half_width: float, cost: float, aversion: float, volatility: float, drift: float, aim: Aim = "edge"
) -> BandCost:
    """What a band of this half-width costs a year, trading to its edge or to its center."""
    positive("half width", half_width)
    _known(aim)
    speed = non_negative("drift", drift) ** 2
    turnover, spread = (
        (speed / (2 * half_width), half_width**2 / 3) if aim == "edge" else (speed / half_width, half_width**2 / 6)
    )
    trading = non_negative("cost", cost) * turnover
    risk = positive("aversion", aversion) / 2 * positive("volatility", volatility) ** 2 * spread
    return BandCost(turnover=turnover, trading=trading, risk=risk, total=trading + risk)


def _known(aim: str) -> None:
    if aim not in ("edge", "center"):
        raise ValueError(f'A band is traded back to its "edge" or its "center", not to "{aim}".')


def volatility_target_drift(
    spot_share: float, volatility: float, target: float, volatility_of_volatility: float = 0.6
) -> float:
    """How fast a volatility-target hedge wants to move: spot share * target/volatility * volatility of volatility."""
    share = non_negative("spot share", spot_share) * positive("target", target) / positive("volatility", volatility)
    return share * non_negative("volatility of volatility", volatility_of_volatility)


def partial_adjustment(aversion: float, impact: float, discount: float) -> PartialAdjustment:
    """Fraction of the gap to trade each period when cost grows with the square of the trade."""
    positive("aversion", aversion)
    positive("impact", impact)
    if abs(finite("discount", discount)) > 0:
        between("discount", discount, 0.0, 1.0)
    keep = 1 - discount
    linear = aversion * keep + impact * discount
    coefficient = (-linear + sqrt(linear**2 + 4 * aversion * impact * keep**2)) / (2 * keep)
    return PartialAdjustment(coefficient=coefficient, fraction=coefficient / impact)


def rebalance(current: float, target: float, half_width: float, aim: Aim = "edge") -> Step:
    """Trade nothing inside the band; outside, to the nearer edge or to the target itself."""
    gap = finite("target", target) - finite("current", current)
    width = non_negative("half width", half_width)
    _known(aim)
    if abs(gap) <= width + EPSILON:
        return Step(trade=0.0, after=current)
    if aim == "center":
        return Step(trade=gap, after=target)
    trade = gap - width if gap > 0 else gap + width
    return Step(trade=trade, after=current + trade)
