"""How much leverage a short may carry, from how far the price can run before collateral arrives.

Units: volatilities per square root of a year, days for horizons, moves as decimals. Leverage = notional / equity.
Source: policy mathematics of first passage (inverse Gaussian); Alexander, Deng, Zou, EJOR 306 (2023) 478.
"""

from dataclasses import dataclass
from math import erfc, exp, expm1, inf, log, log1p, sqrt
from statistics import NormalDist

from bot.domain.sense import DAYS_PER_YEAR, between, finite, non_negative, positive, within
from bot.risk.liquidation import LinearPosition, linear_price

STRESS_MAJORS = 1.5
STRESS_ALTS = 2.0
LIQUIDATIONS_PER_YEAR = 0.01
LEVERAGE_MAJORS = 2.0
LEVERAGE_ALTS = 1.0
GRID_POINTS = 1000
GOLDEN = (sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortMargin:
    """A short against its collateral; leverage and margin ratio do not exist once equity is gone."""

    equity: float
    notional: float
    leverage: float | None
    maintenance_margin: float
    margin_ratio: float | None
    liquidation_price: float | None
    liquidation_distance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivableRally:
    """The rally all collateral together carries, to the leverage cap and to liquidation."""

    to_leverage_cap: float
    to_liquidation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """Two ways back to the target leverage: collateral to add, or notional to buy back."""

    top_up: float
    reduce_notional: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageCap:
    """The cap with the numbers behind it: quantile, the move it prepares for, and the cap before the user's own."""

    quantile: float
    stress_move: float
    leverage_raw: float
    leverage_cap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Generalised extreme value distribution of the largest futures return of a period."""

    shape: float
    location: float
    scale: float

    def exceeds(self, move: float) -> float:
        """Probability that the largest return is above this move."""
        standard = (move - self.location) / self.scale
        if abs(self.shape) < 1e-12:
            return -expm1(-exp(-standard)) if standard > -700 else 1.0
        inside = 1 + self.shape * standard
        if inside <= 0:
            return 1.0 if self.shape > 0 else 0.0
        exponent = -log(inside) / self.shape
        return -expm1(-exp(exponent)) if exponent < 700 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeCollateral:
    """What the joint choice of ratio and collateral starts from; `margin` is collateral per unit of spot."""

    ratio: float
    r_squared: float
    margin: float
    maintenance_rate: float
    aversion: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeWithLiquidation:
    """The ratio that weighs remaining variance against being liquidated, and how likely that is."""

    ratio: float
    liquidation_probability: float
    liquidation_probability_unadjusted: float
    leverage: float
    objective: float


def short_margin(
    position: LinearPosition, mark_price: float, maintenance_rate: float, maintenance_amount: float = 0.0
) -> ShortMargin:
    """Where a linear short stands at this mark price."""
    if position.side != "short":
        raise ValueError("The margin state is only worked out for a short.")
    notional = position.quantity * positive("mark price", mark_price)
    equity = position.wallet + position.quantity * (position.entry_price - mark_price)
    maintenance = within("maintenance rate", maintenance_rate, 0.0, 1.0) * notional - maintenance_amount
    price = linear_price(position, maintenance_rate, maintenance_amount)
    return ShortMargin(
        equity=equity,
        notional=notional,
        leverage=notional / equity if equity > 0 else None,
        maintenance_margin=maintenance,
        margin_ratio=maintenance / equity if equity > 0 else None,
        liquidation_price=price,
        liquidation_distance=None if price is None else price / mark_price - 1,
    )


def survivable_rally(
    collateral: float, notional: float, leverage_cap: float, maintenance_rate: float
) -> SurvivableRally:
    """The rally that all collateral (posted, and reserve that will be posted) carries without reducing the short.

    Signs: below zero when the position is beyond that point already.
    """
    cover = finite("collateral", collateral) / positive("notional", notional)
    floor = 1 / positive("leverage cap", leverage_cap)
    rate = within("maintenance rate", maintenance_rate, 0.0, 1.0)
    return SurvivableRally(to_leverage_cap=(cover - floor) / (1 + floor), to_liquidation=(cover - rate) / (1 + rate))


def top_up_or_reduce(notional: float, equity: float, leverage_target: float) -> Restoration:
    """Collateral to add, or notional to buy back (never more than there is), until leverage meets its target."""
    target = positive("leverage target", leverage_target)
    short = non_negative("notional", notional)
    own = finite("equity", equity)
    return Restoration(
        top_up=max(0.0, short / target - own), reduce_notional=min(short, max(0.0, short - target * own))
    )


def adverse_move(leverage: float, maintenance_rate: float) -> float:
    """The rise that liquidates a linear short started at this leverage and left alone."""
    return (1 + 1 / positive("leverage", leverage)) / (1 + within("maintenance rate", maintenance_rate, 0.0, 1.0)) - 1


def touch_probability(
    move: float, volatility: float, days: float, stress: float = 1.0, drift: float | None = 0.0
) -> float:
    """Probability that the price rises by this move at any time within so many days.

    Units: `drift` is the yearly expected return; None means that the logarithm has no drift. `stress` multiplies
    volatility, because plain Brownian motion understates tails.
    """
    spread = positive("volatility", volatility) * positive("stress", stress)
    years = non_negative("days", days) / DAYS_PER_YEAR
    if finite("move", move) <= 0:
        return 1.0
    if years <= 0:
        return 0.0
    barrier, width = log1p(move), spread * sqrt(years)
    speed = 0.0 if drift is None else finite("drift", drift) - spread**2 / 2
    ends_above = _normal(speed * years / width - barrier / width)
    reflected = _normal(-(barrier + speed * years) / width)
    turned = exp(min(2 * speed * barrier / spread**2 + log(reflected), 0.0)) if reflected > 0 else 0.0
    return min(ends_above + turned, 1.0)


def _normal(quantile: float) -> float:
    return 0.5 * erfc(-quantile / sqrt(2))


def liquidation_budget(days: float, per_year: float = LIQUIDATIONS_PER_YEAR) -> float:
    """The share of the yearly liquidation budget that one response time may use."""
    return between("yearly budget", per_year, 0.0, 1.0) * positive("response days", days) / DAYS_PER_YEAR


def stress_move(volatility: float, days: float, probability: float, stress: float = STRESS_MAJORS) -> float:
    """The rise that is touched with just this probability before collateral can arrive."""
    spread = non_negative("volatility", volatility) * positive("stress", stress)
    quantile = _quantile(probability)
    return expm1(spread * sqrt(positive("response days", days) / DAYS_PER_YEAR) * quantile)


def _quantile(probability: float) -> float:
    return -NormalDist().inv_cdf(between("liquidation probability", probability, 0.0, 1.0) / 2)


def leverage_surviving(move: float, maintenance_rate: float) -> float:
    """Highest leverage of a linear short that just survives this rise."""
    cushion = (1 + within("maintenance rate", maintenance_rate, 0.0, 1.0)) * (1 + move) - 1
    return 1 / cushion if cushion > 0 else inf


def leverage_cap(
    volatility: float,
    days: float,
    maintenance_rate: float,
    *,
    probability: float | None = None,
    stress: float = STRESS_MAJORS,
    leverage_max: float = LEVERAGE_MAJORS,
) -> LeverageCap:
    """Highest leverage at which a rally during the response time liquidates no more often than budgeted.

    Below one means: post more collateral than the short is worth, or make it smaller. It is never rounded up to one.
    """
    budget = liquidation_budget(days) if probability is None else probability
    move = stress_move(volatility, days, budget, stress)
    raw = leverage_surviving(move, maintenance_rate)
    return LeverageCap(
        quantile=_quantile(budget),
        stress_move=move,
        leverage_raw=raw,
        leverage_cap=min(positive("highest leverage", leverage_max), raw),
    )


def hedge_with_liquidation(start: HedgeCollateral, tail: Tail) -> HedgeWithLiquidation:
    """Lower the minimum-variance ratio as far as liquidation is costly: min Var/Var0 + aversion * P(liquidation).

    The smallest of a fine grid over (0, ratio], then refined around it, because the sum may have two valleys.
    """
    best = positive("ratio", start.ratio)
    fit = within("r squared", start.r_squared, 0.0, 1.0)
    margin = positive("margin", start.margin)
    rate = within("maintenance rate", start.maintenance_rate, 0.0, 1.0)
    aversion = non_negative("aversion", start.aversion)
    positive("tail scale", tail.scale)

    def probability(ratio: float) -> float:
        return tail.exceeds((margin / ratio - rate) / (1 + rate))

    def objective(ratio: float) -> float:
        share = ratio / best
        return 1 - 2 * fit * share + fit * share**2 + aversion * probability(ratio)

    step = best / GRID_POINTS
    nearest = min((step * i for i in range(1, GRID_POINTS + 1)), key=objective)
    low, high = max(nearest - step, step * 1e-6), min(nearest + step, best)
    while high - low > 1e-10 * best:
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if objective(left) <= objective(right):
            high = right
        else:
            low = left
    chosen = min((low + high) / 2, nearest, key=objective)
    return HedgeWithLiquidation(
        ratio=chosen,
        liquidation_probability=probability(chosen),
        liquidation_probability_unadjusted=probability(best),
        leverage=chosen / margin,
        objective=objective(chosen),
    )
