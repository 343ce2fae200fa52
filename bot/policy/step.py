"""One whole step of the policy for one asset in plain numbers: need, tilt, cap, guard, band.

The leverage cap comes in as a number, because protection works it out before the policy is asked. The rules do the same
with reasons and real instruments; this is the arithmetic they must agree with.
"""

from dataclasses import dataclass
from typing import Literal

from bot.domain.sense import EPSILON, clip, finite, non_negative, positive
from bot.policy.estimators.band import (
    AVERSION,
    BAND_STATIC,
    COST_MAJORS,
    TRADE_SHARE_MIN,
    band_edge,
    band_weight,
    rebalance,
    volatility_target_drift,
)
from bot.policy.estimators.overlay import allocation_ratio
from bot.policy.estimators.volatility_target import VOLATILITY_TARGET, funding_tilt, volatility_target_ratio

Binding = Literal["static", "allocation", "volatility"]
Action = Literal["hold", "increase", "reduce", "top_up", "safety_reduce"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is owned, held and measured now. Units: quote currency, yearly volatility, ratios as decimals."""

    spot_value: float
    total: float
    volatility: float
    funding_deviation: float
    short_notional: float
    collateral: float
    margin_ratio: float
    leverage_cap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the owner asked for: the needs, how far funding may tilt them, and what trading is worth.

    `notional_min` None is a quarter of a percent of spot: a smaller trade is not worth a look.
    """

    target_weight: float
    volatility_target: float = VOLATILITY_TARGET
    ratio_static: float = 0.0
    ratio_max: float = 1.0
    tilt_slope: float = 0.05
    tilt_max: float = 0.10
    cost: float = COST_MAJORS
    aversion: float = AVERSION
    volatility_of_volatility: float = 0.6
    notional_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where protection takes over: leverage beyond so many times its cap, or a margin ratio; and where it warns."""

    leverage_breach: float = 1.25
    margin_ratio_reduce: float = 0.5
    margin_ratio_warn: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The step with every number on the way. Signs: `trade` above zero sells futures, below zero buys back."""

    ratio_allocation: float
    ratio_volatility: float
    ratio: float
    binding: Binding
    leverage_cap: float
    notional_wanted: float
    notional_cap: float
    notional_target: float
    shortfall: float
    collateral_missing: float
    band: float
    action: Action
    trade: float
    top_up: float
    short_after: float
    warn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    action: Action
    trade: float = 0.0
    top_up: float = 0.0


def policy_step(situation: Situation, wishes: Wishes, limits: Limits) -> Decision:
    """Decide what to do with one short now.

    Needs that tie are named in the order static, allocation, volatility.
    """
    spot, cap = non_negative("spot value", situation.spot_value), positive("leverage cap", situation.leverage_cap)
    allocation = allocation_ratio(spot, situation.total, wishes.target_weight)
    volatility = volatility_target_ratio(situation.volatility, wishes.volatility_target, 0.0, wishes.ratio_max)
    needs: dict[Binding, float] = {
        "static": wishes.ratio_static,
        "allocation": allocation,
        "volatility": volatility,
    }
    binding = max(needs, key=lambda need: needs[need])
    raw = needs[binding]
    tilt = funding_tilt(situation.funding_deviation, wishes.tilt_slope, wishes.tilt_max) if raw > 0 else 0.0
    ratio = clip(max(raw + tilt, allocation), 0.0, wishes.ratio_max)
    wanted = ratio * spot
    notional_cap = cap * max(finite("collateral", situation.collateral), 0.0)
    target = min(wanted, notional_cap)
    band = _band(binding, situation, wishes)
    smallest = TRADE_SHARE_MIN * spot if wishes.notional_min is None else wishes.notional_min
    move = _protect(situation, notional_cap, limits) or _pace(situation, target, band, smallest)
    return Decision(
        ratio_allocation=allocation,
        ratio_volatility=volatility,
        ratio=ratio,
        binding=binding,
        leverage_cap=cap,
        notional_wanted=wanted,
        notional_cap=notional_cap,
        notional_target=target,
        shortfall=wanted - target,
        collateral_missing=max(0.0, wanted / cap - situation.collateral),
        band=band,
        action=move.action,
        trade=move.trade,
        top_up=move.top_up,
        short_after=situation.short_notional + move.trade,
        warn=situation.margin_ratio >= limits.margin_ratio_warn - EPSILON,
    )


def _band(binding: Binding, situation: Situation, wishes: Wishes) -> float:
    """Half-width as a fraction of wealth: the closed form of the need that binds."""
    if binding == "allocation":
        return band_weight(wishes.target_weight, wishes.cost, wishes.aversion)
    if binding == "volatility":
        drift = volatility_target_drift(
            situation.spot_value / situation.total,
            situation.volatility,
            wishes.volatility_target,
            wishes.volatility_of_volatility,
        )
        return band_edge(wishes.cost, wishes.aversion, situation.volatility, drift)
    return BAND_STATIC


def _protect(situation: Situation, notional_cap: float, limits: Limits) -> _Move | None:
    """Reduce at once when leverage or margin is far out; ask for collateral when leverage is only above its cap."""
    short = non_negative("short notional", situation.short_notional)
    pressed = non_negative("margin ratio", situation.margin_ratio) >= limits.margin_ratio_reduce - EPSILON
    if short > limits.leverage_breach * notional_cap + EPSILON or (pressed and short > 0):
        keep = min(notional_cap, short / 2) if pressed else notional_cap
        return _Move(action="safety_reduce", trade=keep - short)
    if short > notional_cap + EPSILON:
        return _Move(action="top_up", top_up=short / situation.leverage_cap - situation.collateral)
    return None


def _pace(situation: Situation, target: float, band: float, notional_min: float) -> _Move:
    """Inside the band, and below the smallest trade, nothing; outside, to the band's edge."""
    total = positive("total wealth", situation.total)
    step = rebalance(situation.short_notional / total, target / total, band).trade * total
    if abs(step) <= EPSILON or abs(step) < notional_min - EPSILON:
        return _Move(action="hold")
    return _Move(action="increase" if step > 0 else "reduce", trade=step)
