"""What a short earns or pays for being held: funding of perpetuals, basis and rolls of dated futures.

Signs: positive is received by the short. Units: rates as decimals per stated period.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log
from typing import Literal

from bot.domain.sense import (
    DAYS_PER_YEAR,
    EPSILON,
    HOURS_PER_YEAR,
    clip,
    finite,
    non_negative,
    positive,
    positive_series,
    same_length,
    series,
    within,
)

RollAction = Literal["hold", "wait", "roll", "roll_now"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualRate:
    """One rate per interval as a yearly rate, added up and compounded."""

    simple: float
    compounded: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Funding received by a short at each timestamp it was open, and the sum."""

    each: tuple[float, ...]
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Premium of a dated future over spot, as it stands and per year."""

    premium: float
    simple_annual: float
    continuous_annual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryChoice:
    """What the two ways of being short are expected to earn, and cost to enter, leave and roll.

    Units: `perpetual_funding` is the expected sum over the horizon; costs are fractions of notional per side or roll.
    """

    horizon_days: float
    perpetual_funding: float
    basis_annual: float
    tenor_days: float
    perpetual_cost: float
    dated_cost: float
    roll_cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryComparison:
    """Net carry of both ways over the horizon; `advantage_dated` above zero speaks for the dated future."""

    rolls: int
    perpetual_net: float
    dated_net: float
    advantage_dated: float
    advantage_annual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RollCost:
    """Cost of one roll as a fraction of notional, and per year at this tenor."""

    per_roll: float
    annualised: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RollWindow:
    """When a dated short is rolled, in days before expiry, and what a roll may cost before the deadline."""

    start_days: float = 7.0
    deadline_days: float = 2.0
    cost_max_bps: float = 6.0


def funding_annualised(rate: float, interval_hours: float) -> AnnualRate:
    """One interval's funding rate as a yearly rate."""
    count = HOURS_PER_YEAR / positive("funding interval", interval_hours)
    if finite("funding rate", rate) <= -1:
        raise ValueError(f"A funding rate of {rate} would take more than the whole position.")
    return AnnualRate(simple=rate * count, compounded=float((1 + rate) ** count - 1))


def funding_rate_from_premium(
    premium: float, interest: float = 0.0001, clamp: float = 0.0005, cap: float | None = None
) -> float:
    """The usual exchange rule: premium + clamp(interest - premium), within the contract's cap."""
    limit = non_negative("clamp", clamp)
    rate = finite("premium", premium) + clip(finite("interest", interest) - premium, -limit, limit)
    return rate if cap is None else clip(rate, -non_negative("cap", cap), cap)


def funding_received_linear(marks: Sequence[float], rates: Sequence[float], quantity: float) -> Payments:
    """Funding a linear short of this many coins received at each timestamp, in quote currency."""
    prices, funding = positive_series("marks", marks, at_least=0), series("rates", rates, at_least=0)
    same_length("marks", prices, "rates", funding)
    non_negative("quantity", quantity)
    each = tuple(quantity * mark * rate for mark, rate in zip(prices, funding, strict=True))
    return Payments(each=each, total=sum(each))


def funding_received_inverse(marks: Sequence[float], rates: Sequence[float], face_usd: float) -> Payments:
    """Funding an inverse short of this face value received at each timestamp, in coin."""
    prices, funding = positive_series("marks", marks, at_least=0), series("rates", rates, at_least=0)
    same_length("marks", prices, "rates", funding)
    non_negative("face value", face_usd)
    each = tuple(face_usd / mark * rate for mark, rate in zip(prices, funding, strict=True))
    return Payments(each=each, total=sum(each))


def funding_expected(rate_now: float, rate_mean: float, payments: int, persistence: float = 0.9) -> float:
    """Expected sum of the next payments when each rate keeps a part of its distance to the mean."""
    if payments < 0:
        raise ValueError(f"The number of payments must not be negative, but is {payments}.")
    within("persistence", persistence, -1.0, 1.0)
    distance = finite("rate now", rate_now) - finite("mean rate", rate_mean)
    if abs(1 - persistence) <= EPSILON:
        return payments * rate_now
    decaying = persistence * (1 - persistence**payments) / (1 - persistence)
    return payments * rate_mean + distance * float(decaying)


def basis(futures_price: float, spot_price: float, days: float) -> Basis:
    """Premium of a dated future over spot; a short held to settlement earns it."""
    ratio = positive("futures price", futures_price) / positive("spot price", spot_price)
    years = positive("days to expiry", days) / DAYS_PER_YEAR
    return Basis(premium=ratio - 1, simple_annual=(ratio - 1) / years, continuous_annual=log(ratio) / years)


def compare_carry(choice: CarryChoice) -> CarryComparison:
    """Net carry of a perpetual against a dated future over the horizon, entry, exit and rolls included."""
    horizon = positive("horizon", choice.horizon_days)
    rolls = max(0, ceil(horizon / positive("tenor", choice.tenor_days) - EPSILON) - 1)
    perpetual = finite("expected funding", choice.perpetual_funding) - 2 * finite("cost", choice.perpetual_cost)
    earned = finite("basis", choice.basis_annual) * horizon / DAYS_PER_YEAR
    dated = earned - 2 * finite("cost", choice.dated_cost) - rolls * finite("roll cost", choice.roll_cost)
    return CarryComparison(
        rolls=rolls,
        perpetual_net=perpetual,
        dated_net=dated,
        advantage_dated=dated - perpetual,
        advantage_annual=(dated - perpetual) * DAYS_PER_YEAR / horizon,
    )


def roll_cost(
    near_half_spread: float, far_half_spread: float, near_fee: float, far_fee: float, tenor_days: float
) -> RollCost:
    """Cost of buying the near leg back and selling the far one: both half spreads and both fees."""
    parts = (near_half_spread, far_half_spread, near_fee, far_fee)
    once = sum(finite("roll cost part", part) for part in parts)
    return RollCost(per_roll=once, annualised=once * DAYS_PER_YEAR / positive("tenor", tenor_days))


def calendar_fair(near_price: float, near_days: float, far_days: float, carry_continuous: float) -> float:
    """Fair price of the far expiry from the near one and a continuous yearly carry."""
    years = (finite("far days", far_days) - finite("near days", near_days)) / DAYS_PER_YEAR
    return positive("near price", near_price) * exp(finite("carry", carry_continuous) * years)


def forward_carry(near_price: float, far_price: float, near_days: float, far_days: float) -> float:
    """Continuous yearly carry the two expiries imply between them."""
    years = positive("days between the expiries", far_days - near_days) / DAYS_PER_YEAR
    return log(positive("far price", far_price) / positive("near price", near_price)) / years


def roll_decision(days_to_expiry: float, spread_cost_bps: float, window: RollWindow) -> RollAction:
    """Hold before the window, roll in it when cheap enough, roll at any cost at the deadline."""
    finite("spread cost", spread_cost_bps)
    if finite("days to expiry", days_to_expiry) > window.start_days + EPSILON:
        return "hold"
    if days_to_expiry <= window.deadline_days + EPSILON:
        return "roll_now"
    return "roll" if spread_cost_bps <= window.cost_max_bps + EPSILON else "wait"
