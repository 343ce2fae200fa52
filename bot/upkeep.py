"""What the margin needs, asked before and beside every policy: how levered, how endangered, what can be moved in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.intent import TransferIntent
from bot.domain.record import PoolFigure
from bot.domain.snapshot import Snapshot
from bot.execution.journal import OpenIntent
from bot.execution.planner import OrderRule
from bot.policy.policy import Policy
from bot.policy.recent_volatility import recent_volatility
from bot.risk.autopilot import MarginLimits, Protection, protect
from bot.risk.caps import Caps
from bot.risk.check import RiskLimits
from bot.risk.collateral import CollateralRule, free_spot, rules_for
from bot.risk.margin import maintenance_margin, pools

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mind:
    """Everything the user decided, as the thinking code takes it. `collateral` by hedge venue."""

    policy: Policy
    limits: RiskLimits
    margin: MarginLimits
    orders: OrderRule
    collateral: Mapping[str, CollateralRule]


def margin_caps(mind: Mind, snapshot: Snapshot) -> Caps:
    """How levered each asset may be, from the history and the tiers that were seen."""
    assets = {row.base for view in snapshot.venues for row in view.instruments}
    return Caps(
        rule=mind.margin.caps,
        volatility=recent_volatility(snapshot.history, assets, snapshot.at),
        distance_min=mind.margin.distance_min,
        maintenance=_maintenance(mind, snapshot),
    )


def _maintenance(mind: Mind, snapshot: Snapshot) -> dict[str, float]:
    """Maintenance per notional by asset, of a short as large as it may become; stand-ins carry others' shorts too."""
    worth: dict[str, Decimal] = {}
    for row in snapshot.holdings:
        price = snapshot.prices.get(row.asset)
        worth[row.asset] = worth.get(row.asset, ZERO) + (row.amount * price.price if price else ZERO)
    total, found = sum(worth.values(), ZERO), dict[str, float]()
    for view in snapshot.venues:
        for one in view.instruments:
            tiers, held = view.brackets.get(one.symbol, ()), view.position(one.symbol)
            if not tiers or one.inverse:
                continue
            owned = total if one.base in mind.policy.anchors else worth.get(one.base, ZERO)
            notional = max(owned, held.notional if held is not None else ZERO, ONE)
            found[one.base] = max(found.get(one.base, 0.0), float(maintenance_margin(notional, tiers) / notional))
    for asset, rate in mind.margin.rates.items():
        found[asset] = max(found.get(asset, 0.0), float(rate))
    return found


def look_after(mind: Mind, snapshot: Snapshot, caps: Caps) -> list[Protection]:
    """What the margin of every hedge venue needs; asks no policy."""
    found: list[Protection] = []
    for venue, template in mind.collateral.items():
        view = snapshot.venue(venue)
        for rule in rules_for(view, template):
            judged = protect(view, mind.margin, caps, rule, free_spot(view, rule.currency))
            found.extend(row for row in judged if not rule.coins or row.pool.currency == rule.currency)
    return found


def pool_figures(mind: Mind, snapshot: Snapshot) -> tuple[PoolFigure, ...]:
    """Every collateral that carries a position, as `look_after` judges it, for whoever shows it."""
    found: list[PoolFigure] = []
    for venue, rule in counted(mind, snapshot).items():
        for pool in pools(snapshot.venue(venue), {} if rule.coins else {rule.currency: rule.worth}):
            unit = pool.legs[0].tier_unit if pool.legs[0].fixed_face else ONE
            distance = pool.distance
            found.append(
                PoolFigure(
                    venue=venue,
                    currency=pool.currency,
                    maintenance=pool.maintenance / unit,
                    distance=distance if distance.is_finite() else None,
                )
            )
    return tuple(found)


def movable(
    rules: Mapping[str, CollateralRule], barred: Mapping[str, str], unsettled: Sequence[OpenIntent]
) -> dict[str, CollateralRule]:
    """Nothing is counted on that was refused lately, or that may be on its way already."""
    waiting = {row.intent.venue for row in unsettled if isinstance(row.intent, TransferIntent)}
    return {
        venue: replace(rule, transfers_allowed=rule.transfers_allowed and venue not in waiting and venue not in barred)
        for venue, rule in rules.items()
    }


def counted(mind: Mind, snapshot: Snapshot) -> dict[str, CollateralRule]:
    """Collateral at what it is worth: a stablecoin off its peg counts at its price, and never above one."""
    found = {}
    for venue, rule in mind.collateral.items():
        price = snapshot.prices.get(rule.currency)
        stable = rule.currency in mind.policy.stablecoins | {mind.policy.quote}
        found[venue] = replace(rule, worth=min(ONE, price.price)) if stable and price is not None else rule
    return found
