"""The margin autopilot: looks before everything else in a cycle and never waits for a signal.

Ladder: ok -> warn -> top up collateral -> shrink the shorts -> flatten. Pauses, bands, cooldowns and order limits do
not hold it back; it only ever takes risk away.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from enum import IntEnum

from bot.domain.account import ZERO, MarginMode
from bot.domain.snapshot import VenueView
from bot.risk.collateral import CENT, CollateralRule
from bot.risk.margin import MarginState, margin_state

ONE = Decimal(1)
SHRINK_OVER_CAP = Decimal("1.25")
FLATTEN_DISTANCE = Decimal("0.05")
WARN_MARGIN_RATIO = Decimal("0.25")
SHRINK_MARGIN_RATIO = Decimal("0.5")


class Level(IntEnum):
    """How urgent the margin is."""

    OK = 0
    WARN = 1
    TOP_UP = 2
    SHRINK = 3
    FLATTEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What the margin of one venue needs now.

    Units: `top_up` in the collateral currency; `keep` is the share of every short that may stay (1 = all of it).
    """

    level: Level
    state: MarginState
    top_up: Decimal
    keep: Decimal
    reasons: tuple[str, ...]

    @property
    def blocks_growth(self) -> bool:
        """Whether no short may grow this cycle."""
        return self.level >= Level.TOP_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginLimits:
    """The user's limits. Units: `distance_min` is the least rise of the marks, as a fraction, that must be survived."""

    leverage_cap: Decimal
    distance_min: Decimal


def protect(view: VenueView, limits: MarginLimits, rule: CollateralRule, free_spot: Decimal) -> Protection:
    """Judge one venue's margin and say what it needs. Source: policy_math 3.9."""
    state = margin_state(view, rule.currency)
    leverage, distance = state.effective_leverage, state.liquidation_distance
    if leverage is None or distance is None:
        return Protection(level=Level.OK, state=state, top_up=ZERO, keep=ONE, reasons=("no short is open",))
    facts = (
        f"effective leverage {leverage:.2f} (cap {limits.leverage_cap}), liquidation {distance:.1%} away "
        f"(at least {limits.distance_min:.0%} wanted)"
    )
    ratio = state.maintenance / state.equity if state.equity > 0 else ONE
    if distance <= FLATTEN_DISTANCE:
        keep, level = ZERO, Level.FLATTEN
        verdict = "so close that the shorts are closed"
    elif leverage <= limits.leverage_cap and distance >= limits.distance_min:
        level = Level.WARN if ratio >= WARN_MARGIN_RATIO else Level.OK
        return Protection(level=level, state=state, top_up=ZERO, keep=ONE, reasons=(facts,))
    else:
        keep, level, verdict = _remedy(state, leverage, distance, ratio, limits)
    # Collateral moved into the wallet does not reach a position that has its own, and a cut takes its share of that
    # collateral along: only closing it, and opening it anew with fresh collateral, brings it further from trouble.
    isolated = any(row.margin_mode is MarginMode.ISOLATED for row in view.positions)
    if isolated and level is Level.SHRINK:
        keep, verdict = ZERO, "the shorts are closed, to be opened anew with collateral of their own"
    elif isolated and level is Level.TOP_UP:
        level, verdict = Level.WARN, "an isolated short cannot be topped up here; growth brings collateral of its own"
    top_up = ZERO if isolated else _top_up(state, limits, rule, free_spot)
    if top_up > 0 and level is not Level.FLATTEN and _cured(state, top_up, limits):
        words = f"{top_up:,.2f} {rule.currency} is moved in as collateral"
        return Protection(level=Level.TOP_UP, state=state, top_up=top_up, keep=ONE, reasons=(facts, words))
    return Protection(level=level, state=state, top_up=top_up, keep=keep, reasons=(facts, verdict))


def _remedy(
    state: MarginState, leverage: Decimal, distance: Decimal, ratio: Decimal, limits: MarginLimits
) -> tuple[Decimal, Level, str]:
    hard = leverage > limits.leverage_cap * SHRINK_OVER_CAP or ratio >= SHRINK_MARGIN_RATIO
    if not hard and distance >= limits.distance_min * Decimal("0.8"):
        return ONE, Level.TOP_UP, "more collateral is wanted, and no short may grow until it is there"
    keep = max(ZERO, min(ONE, limits.leverage_cap / leverage, _keep_for_distance(state, distance, limits)))
    return keep, Level.SHRINK, f"the shorts are cut to {keep:.1%} of their size"


def _keep_for_distance(state: MarginState, distance: Decimal, limits: MarginLimits) -> Decimal:
    """The share of the shorts whose liquidation lies as far away as wanted, judged from the worse of both readings."""
    rate = state.maintenance / state.notional
    wanted = limits.distance_min
    return (distance + rate * (1 + distance)) / (wanted + rate * (1 + wanted))


def _top_up(state: MarginState, limits: MarginLimits, rule: CollateralRule, free_spot: Decimal) -> Decimal:
    if not rule.transfers_allowed:
        return ZERO
    by_leverage = state.notional / limits.leverage_cap
    by_distance = limits.distance_min * state.notional + state.maintenance * (1 + limits.distance_min)
    needed = max(by_leverage, by_distance) * (1 + rule.buffer) - state.equity
    movable = (free_spot - rule.spot_reserve).quantize(CENT, rounding=ROUND_DOWN)
    return max(ZERO, min(needed.quantize(CENT, rounding=ROUND_UP), movable))


def _cured(state: MarginState, top_up: Decimal, limits: MarginLimits) -> bool:
    equity = state.equity + top_up
    distance = (equity - state.maintenance) / (state.notional + state.maintenance)
    return state.notional <= equity * limits.leverage_cap and distance >= limits.distance_min
