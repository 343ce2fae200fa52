"""The margin autopilot: looks before everything else in a cycle and never waits for a signal.

Ladder: ok -> warn -> top up collateral -> shrink the shorts -> flatten. Pauses, bands, cooldowns and order limits do
not hold it back; it only ever takes risk away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from enum import IntEnum

from bot.domain.account import ZERO
from bot.domain.snapshot import VenueView
from bot.risk.caps import STRESS_SLACK, AssetCap, CapRule, Caps
from bot.risk.collateral import CollateralRule
from bot.risk.margin import INFINITE, Leg, Pool, Rise, pools

ONE = Decimal(1)
SHRINK_OVER_CAP = Decimal("1.25")
SHRINK_UNDER_DISTANCE = Decimal("0.8")
SHRINK_MARGIN_RATIO = Decimal("0.5")
FLATTEN_DISTANCE = Decimal("0.05")
WARN_MARGIN_RATIO = Decimal("0.25")


class Level(IntEnum):
    """How urgent the margin is."""

    OK = 0
    WARN = 1
    TOP_UP = 2
    SHRINK = 3
    FLATTEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What one collateral pool needs now.

    Units: `top_up` in the collateral currency; `keep` is the share of every short that may stay (1 = all of it).
    """

    level: Level
    pool: Pool
    top_up: Decimal
    keep: Decimal
    reasons: tuple[str, ...]

    @property
    def blocks_growth(self) -> bool:
        """Whether no short may grow this cycle."""
        return self.level >= Level.TOP_UP

    @property
    def acts(self) -> bool:
        """Whether something is to be done at once."""
        return self.keep < ONE or self.top_up > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginLimits:
    """The user's limits. Units: `distance_min` is the least rise of the marks, as a fraction, that must be survived.

    `rates` is maintenance per notional by asset, learned where the venue's tiers say less.
    """

    distance_min: Decimal
    caps: CapRule
    rates: Mapping[str, Decimal] = field(default_factory=dict)


def protect(
    view: VenueView, limits: MarginLimits, caps: Caps, rule: CollateralRule, free_spot: Decimal
) -> tuple[Protection, ...]:
    """Judge every collateral pool of a venue and say what it needs; empty when nothing is open.

    Units: `free_spot` is what may be moved in, in the rule's currency. Source: policy_math 3.9.
    """
    return tuple(_judge(pool, limits, caps, rule, free_spot) for pool in pools(view, {rule.currency: rule.worth}))


def _judge(pool: Pool, limits: MarginLimits, caps: Caps, rule: CollateralRule, free_spot: Decimal) -> Protection:
    need = _measure(pool, limits, caps.table(row.asset for row in pool.legs))
    if not need.severe and not need.mild and pool.margin_ratio < WARN_MARGIN_RATIO:
        return Protection(level=Level.OK, pool=pool, top_up=ZERO, keep=ONE, reasons=())
    facts = need.facts
    if need.distance <= FLATTEN_DISTANCE:
        keep, level, verdict = ZERO, Level.FLATTEN, "so close that the shorts are closed"
    elif need.severe:
        keep, level = need.keep, Level.SHRINK
        verdict = f"the shorts are cut to {keep:.1%} of their size"
    elif need.mild:
        keep, level = ONE, Level.TOP_UP
        verdict = "more collateral is wanted, and no short may grow until it is there"
    else:
        return Protection(level=Level.WARN, pool=pool, top_up=ZERO, keep=ONE, reasons=(facts,))
    # Collateral moved into the wallet does not reach a position that has its own, and a cut takes its share of that
    # collateral along: only closing it, and opening it anew with fresh collateral, brings it further from trouble.
    if pool.isolated and level is Level.SHRINK:
        keep, verdict = ZERO, "the short is closed, to be opened anew with collateral of its own"
    elif pool.isolated and level is Level.TOP_UP:
        level, verdict = Level.WARN, "an isolated short cannot be topped up here; growth brings collateral of its own"
    top_up = ZERO if pool.isolated or pool.currency != rule.currency else need.top_up(rule, free_spot)
    if top_up > 0 and level is not Level.FLATTEN and need.cured(top_up * rule.worth):
        words = f"{rule.words(top_up)} is moved in as collateral"
        return Protection(level=Level.TOP_UP, pool=pool, top_up=top_up, keep=ONE, reasons=(facts, words))
    return Protection(level=level, pool=pool, top_up=top_up, keep=keep, reasons=(facts, verdict))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """A pool held against its limits.

    `worse` is the pool by the nearer of the two readings; `cap` is that of the mix, each short binding its notional
    over its own cap. The `for_` figures are the equity that would meet the cap, survive a day's stress of every mark
    at once, and put liquidation as far away as the user wants it.
    """

    pool: Pool
    worse: Pool
    distance_min: Decimal
    leverage: Decimal
    cap: Decimal
    distance: Decimal
    margin_ratio: Decimal
    survives_a_day: bool
    for_cap: Decimal
    for_stress: Decimal
    for_distance: Decimal

    @property
    def mild(self) -> bool:
        return self.leverage > self.cap or self.distance < self.distance_min

    @property
    def severe(self) -> bool:
        return (
            self.leverage > self.cap * SHRINK_OVER_CAP
            or self.margin_ratio >= SHRINK_MARGIN_RATIO
            or self.distance < self.distance_min * SHRINK_UNDER_DISTANCE
            or not self.survives_a_day
        )

    @property
    def keep(self) -> Decimal:
        """The share of the shorts that the collateral carries, judged from the worse of both readings."""
        worse = max(ZERO, self.worse.equity)
        shares = [ONE, max(ZERO, self.pool.equity) / self.for_cap]
        if not self.survives_a_day:
            shares.append(worse / (self.for_stress * STRESS_SLACK))
        if self.distance < self.distance_min:
            shares.append(worse / self.for_distance)
        if self.margin_ratio >= SHRINK_MARGIN_RATIO:
            shares.append(ONE / 2)
        return min(shares)

    def top_up(self, rule: CollateralRule, free_spot: Decimal) -> Decimal:
        """What is moved in: up to all limits and the spare the user wants, never more than may be moved.

        Units: the rule's currency.
        """
        spare = 1 + rule.buffer
        needed = max(
            self.for_cap * spare - self.pool.equity,
            max(self.for_distance, self.for_stress) * spare - self.worse.equity,
        )
        movable = rule.movable(free_spot).quantize(rule.unit, rounding=ROUND_DOWN)
        return max(ZERO, min((needed / rule.worth).quantize(rule.unit, rounding=ROUND_UP), movable))

    def cured(self, top_up: Decimal) -> bool:
        """Whether this much more collateral, in the currency of the notional, brings the pool within every limit."""
        fed = replace(self.pool, equity=self.pool.equity + top_up)
        worse = self.worse.equity + top_up
        return (
            self.for_cap <= fed.equity
            and max(self.for_distance, self.for_stress) <= worse
            and fed.margin_ratio < SHRINK_MARGIN_RATIO
        )

    @property
    def facts(self) -> str:
        """The figures in words."""
        largest = max(self.pool.legs, key=lambda row: row.notional)
        alone = self.worse.distance_alone(largest.symbol) if len(self.pool.legs) > 1 else INFINITE
        nearest = f" ({alone:.1%} if {largest.asset} rises alone)" if alone.is_finite() else ""
        survived = "be survived" if self.survives_a_day else "NOT be survived"
        return (
            f"effective leverage {_leverage(self.leverage)} (cap {self.cap:.2f}), liquidation "
            f"{_distance(self.distance)} away{nearest} (at least {self.distance_min:.0%} wanted), a day of stress "
            f"would {survived}"
        )


def _measure(pool: Pool, limits: MarginLimits, caps: Mapping[str, AssetCap]) -> _Need:
    stress = {asset: cap.stress_move for asset, cap in caps.items()}
    worse = pool.worse

    def stressed(leg: Leg) -> Decimal:
        return stress[leg.asset]

    def apart(_: Leg) -> Decimal:
        return limits.distance_min

    for_cap = sum((abs(row.notional) / caps[row.asset].cap for row in pool.legs), ZERO)
    for_stress = _equity_for(pool, stressed)
    return _Need(
        pool=pool,
        worse=worse,
        distance_min=limits.distance_min,
        leverage=pool.leverage or ZERO,
        cap=pool.notional / for_cap,
        distance=worse.distance_together,
        margin_ratio=pool.margin_ratio,
        survives_a_day=worse.equity >= for_stress,
        for_cap=for_cap,
        for_stress=for_stress,
        for_distance=_equity_for(pool, apart),
    )


def _equity_for(pool: Pool, rise: Rise) -> Decimal:
    """The equity at which the pool is just liquidated after these rises at once."""
    if any(row.fixed_face for row in pool.legs):
        # coins that are collateral rise along, so what is missing now is less than what is missing then
        grown = 1 + max(rise(row) for row in pool.legs)
        return pool.equity + (pool.maintenance_after(rise) - pool.equity_after(rise)) / grown
    return pool.equity + pool.maintenance_after(rise) - pool.equity_after(rise)


def _leverage(leverage: Decimal) -> str:
    return f"{leverage:.2f}" if leverage.is_finite() else "without any equity left"


def _distance(distance: Decimal) -> str:
    return f"{distance:.1%}" if distance.is_finite() else "nowhere"
