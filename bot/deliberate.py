"""From one snapshot to a plan: protect, decide, fit to the collateral. Pure; the same snapshot gives the same plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from bot.domain.account import ZERO, MarginMode, Wallet
from bot.domain.hedge import Roll, Target
from bot.domain.intent import Plan, Refusal
from bot.domain.portfolio import Portfolio
from bot.domain.snapshot import Snapshot, VenueView
from bot.execution.journal import OpenIntent
from bot.execution.planner import MarketDetail, TopUp, moving, plan
from bot.execution.rolling import Room, legs, with_rolls
from bot.policy.growth_together import grown_together
from bot.policy.policy import Decision
from bot.policy.scene import Memory
from bot.risk.autopilot import Level, Protection
from bot.risk.caps import Caps
from bot.risk.collateral import CollateralRule, fit_to_collateral, free_spot, rules_for
from bot.risk.peg import peg_notes
from bot.setaside import decide_without_frozen, leaning_on_frozen
from bot.upkeep import Mind, counted, look_after, margin_caps, movable

ONE = Decimal(1)
Opening = TypeVar("Opening", Target, Roll)  # whatever may open a short


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliberation:
    """What was concluded from a snapshot.

    `targets` are what the policy would hold; `steps` are what this cycle tries, after protection and collateral;
    `protective` says that the steps take risk away because the margin needs it; `growth_blocked` why no short may grow,
    `growth_blocked_in` why shorts in single assets may not.
    """

    decision: Decision
    targets: tuple[Target, ...]
    steps: tuple[Target, ...]
    top_ups: tuple[TopUp, ...]
    protective: bool
    growth_blocked: str | None
    shortfalls: tuple[Refusal, ...]
    notes: tuple[str, ...]
    caps: Caps | None = None
    growth_blocked_in: Mapping[str, str] = field(default_factory=dict)
    rolls: tuple[Roll, ...] = ()


def deliberate(
    mind: Mind,
    snapshot: Snapshot,
    memory: Memory,
    unsettled: Sequence[OpenIntent],
    *,
    no_transfers: Mapping[str, str] | None = None,
    blocked_in: Mapping[str, str] | None = None,
) -> Deliberation:
    """Protect first, then decide; growth waits while the margin needs care or an earlier request is unsettled.

    A policy that cannot decide keeps nobody from protecting. `no_transfers` says by venue why nothing can be moved in,
    `blocked_in` by asset why its shorts may not grow. Symbols that are frozen in the snapshot are left alone;
    protection goes on with the venue's own figures and the symbols that are sound.
    """
    caps = margin_caps(mind, snapshot)
    barred = no_transfers or {}
    mind = replace(mind, collateral=movable(counted(mind, snapshot), barred, unsettled))
    protections = look_after(mind, snapshot, caps)
    decision, failed = _decided(mind, snapshot, memory)
    decision = _together(_carried(_capped(decision, caps), caps, mind.orders.margin_mode), mind, snapshot)
    frozen = leaning_on_frozen(snapshot)
    why = {**frozen, **(blocked_in or {})}
    allowed = (_without_growth(row, snapshot, why[row.asset]) if row.asset in why else row for row in decision.targets)
    rolls = tuple(row for row in decision.rolls if row.urgent or row.asset not in why)
    waiting = [_waits(row, why[row.asset]) for row in decision.rolls if row not in rolls]
    wanting = [row.asset for row in decision.targets if row.asset in frozen and _grows(row, snapshot)]
    waiting += [f"no short in {asset} grows now: {frozen[asset]}" for asset in dict.fromkeys(wanting)]
    within = replace(decision, targets=tuple(allowed), rolls=rolls)
    thought = _deliberate(mind, snapshot, within, protections, unsettled)
    return replace(
        thought,
        decision=decision,
        targets=decision.targets,
        caps=caps,
        notes=(*thought.notes, *waiting, *barred.values()),
        shortfalls=(*failed, *thought.shortfalls),
        growth_blocked_in=why,
    )


def protect_only(
    mind: Mind,
    snapshot: Snapshot,
    memory: Memory,
    unsettled: Sequence[OpenIntent],
    *,
    no_transfers: Mapping[str, str] | None = None,
) -> Deliberation:
    """What the margin needs, and nothing else: for the cycle that cannot see or decide the rest."""
    caps = margin_caps(mind, snapshot)
    mind = replace(mind, collateral=movable(counted(mind, snapshot), no_transfers or {}, unsettled))
    protections = look_after(mind, snapshot, caps)
    decision = _undecided(mind, memory)
    thought = _deliberate(mind, snapshot, decision, protections, unsettled)
    if not thought.protective:
        thought = replace(thought, steps=(), top_ups=tuple(_top_up(row) for row in protections if row.top_up > 0))
    return replace(thought, caps=caps)


def _decided(mind: Mind, snapshot: Snapshot, memory: Memory) -> tuple[Decision, tuple[Refusal, ...]]:
    try:
        return decide_without_frozen(mind.policy, snapshot, memory), ()
    except Exception as error:  # whatever a rule stumbles over, the margin is looked after
        reason = (
            f"the policy could not decide ({type(error).__name__}: {error}). Nothing grows and nothing is changed by "
            "it; the margin is looked after as always. Look at [policy] in your profile"
        )
        return _undecided(mind, memory), (Refusal(intent_id="", guard="policy", reason=reason),)


def _undecided(mind: Mind, memory: Memory) -> Decision:
    """Nothing is wanted, and what rules remember stays remembered."""
    blank = Portfolio(
        quote=mind.policy.quote,
        exposures=(),
        cash=ZERO,
        margin_equity=ZERO,
        shorts={},
        unpriced=frozenset(),
        notes=(),
    )
    return Decision(portfolio=blank, needs=(), wanted=(), targets=(), notes=(), recalled=memory.recalled)


def _capped(decision: Decision, caps: Caps) -> Decision:
    """Every short under the cap of its asset, what rolls open too; a tighter cap than the policy's says why."""
    targets = tuple(_under_cap(row, caps) for row in decision.targets)
    return replace(decision, targets=targets, rolls=tuple(_under_cap(row, caps) for row in decision.rolls))


def _under_cap(opening: Opening, caps: Caps) -> Opening:
    found = caps.of(opening.asset)
    if found.cap >= opening.leverage_cap:
        return opening
    return replace(opening, leverage_cap=found.cap, reasons=(found.reason, *opening.reasons))


def _together(decision: Decision, mind: Mind, snapshot: Snapshot) -> Decision:
    """Growth cut to what all shorts may be together, where the short of one coin stands for others."""
    stand_ins = mind.policy.stand_ins(decision.portfolio)
    if stand_ins is None:
        return decision
    targets, notes = grown_together(decision.targets, snapshot, stand_ins, mind.limits.hedge_ratio_max)
    return replace(decision, targets=targets, notes=(*decision.notes, *notes))


def _deliberate(
    mind: Mind,
    snapshot: Snapshot,
    decision: Decision,
    protections: Sequence[Protection],
    unsettled: Sequence[OpenIntent],
) -> Deliberation:
    notes = [*decision.notes, *peg_notes(snapshot.prices, mind.policy.stablecoins | {mind.policy.quote})]
    notes += [f"margin at {row.pool.name}: {', '.join(row.reasons)}" for row in protections if row.level > Level.OK]
    blocked = _growth_blocked(protections, unsettled)
    rolls = decision.rolls if blocked is None else tuple(row for row in decision.rolls if row.urgent and not unsettled)
    waiting = [row for row in decision.rolls if row not in rolls]
    notes += [_waits(row, blocked or "") for row in waiting]
    if blocked is not None and any(_without_growth(row, snapshot, blocked) is not row for row in decision.targets):
        notes.append(f"no short grows now: {blocked}")
    urgent = [row for row in protections if row.keep < 1]
    if urgent:
        steps = tuple(step for row in urgent for step in _shrunk(snapshot.venue(row.pool.venue), row, decision))
        return Deliberation(
            decision=decision,
            targets=decision.targets,
            steps=steps,
            top_ups=tuple(_top_up(row) for row in protections if row.top_up > 0),
            protective=True,
            growth_blocked=blocked,
            shortfalls=(),
            notes=tuple(notes),
        )
    if blocked is not None:
        steps = tuple(_without_growth(row, snapshot, blocked) for row in decision.targets)
        tops = tuple(_top_up(row) for row in protections if row.top_up > 0)
        return Deliberation(
            decision=decision,
            targets=decision.targets,
            steps=() if unsettled else steps,
            top_ups=tops,
            protective=False,
            growth_blocked=blocked,
            shortfalls=(),
            notes=tuple(notes),
            rolls=rolls,
        )
    return _fitted(mind, snapshot, decision, notes)


def _carried(decision: Decision, caps: Caps, margin_mode: MarginMode) -> Decision:
    """An isolated position binds its notional over the venue's whole figure, so a cap of 1.5 carries it at 1x."""
    if margin_mode is not MarginMode.ISOLATED:
        return decision
    targets = tuple(_alone(row, caps) for row in decision.targets)
    return replace(decision, targets=targets, rolls=tuple(_alone(row, caps) for row in decision.rolls))


def _alone(opening: Opening, caps: Caps) -> Opening:
    """The short at a whole figure that a tick, a wilder day or a higher maintenance rate does not turn into a closing.

    Nothing can be moved in beside it: where a day of stress is not survived any more, it is closed and opened anew.
    """
    whole = max(ONE, opening.leverage_cap // 1)
    figure = max(ONE, min(opening.leverage_cap, caps.of(opening.asset).cap_alone) // 1)
    if figure == whole:
        return replace(opening, leverage_cap=whole)
    reason = f"carried at {figure}x: at {whole}x an isolated short barely survives a day of stress and is soon closed"
    return replace(opening, leverage_cap=figure, reasons=(reason, *opening.reasons))


def _fitted(mind: Mind, snapshot: Snapshot, decision: Decision, notes: list[str]) -> Deliberation:
    steps: list[Target] = []
    tops: list[TopUp] = []
    shortfalls: list[Refusal] = []
    for venue, template in mind.collateral.items():
        view = snapshot.venue(venue)
        for rule in rules_for(view, template):
            mine = [row for row in decision.targets if row.venue == venue and _leans_on(row, view, rule)]
            fit = fit_to_collateral(mine, view, free_spot(view, rule.currency), rule)
            steps.extend(fit.targets)
            shortfalls.extend(Refusal(intent_id="", guard="collateral", reason=note) for note in fit.notes)
            if fit.top_up > 0:
                reason = f"{rule.words(fit.top_up)} from spot carry the short under the leverage cap"
                tops.append(
                    TopUp(
                        venue=venue,
                        currency=rule.currency,
                        amount=fit.top_up,
                        protective=False,
                        reason=reason,
                        wallet=rule.wallet,
                    )
                )
    return Deliberation(
        decision=decision,
        targets=decision.targets,
        steps=tuple(steps),
        top_ups=tuple(tops),
        protective=False,
        growth_blocked=None,
        shortfalls=tuple(shortfalls),
        notes=tuple(notes),
        rolls=decision.rolls,
    )


def make_plan(
    mind: Mind,
    deliberation: Deliberation,
    snapshot: Snapshot,
    detail: MarketDetail,
    cycle: str,
    *,
    spent: tuple[int, Decimal] = (0, ZERO),
) -> Plan:
    """The intents of this cycle; `spent` are orders and notional of the last hour, which rolls do not overdraw."""
    rule = replace(mind.orders, protective=deliberation.protective)
    found = plan(deliberation.steps, snapshot, detail, rule, cycle=cycle, top_ups=deliberation.top_ups)
    limits = (mind.limits.orders_per_hour_max, mind.limits.order_notional_per_hour_max)
    return with_rolls(
        found, deliberation.rolls, snapshot, detail, mind.orders, cycle=cycle, room=Room.left(limits, spent)
    )


def movers(deliberation: Deliberation, snapshot: Snapshot) -> tuple[Target, ...]:
    """The steps that change a position, and both contracts of every roll."""
    steps = moving(deliberation.steps, snapshot)
    seen = {(row.venue, row.symbol) for row in steps}
    return (*steps, *(row for row in legs(deliberation.rolls) if (row.venue, row.symbol) not in seen))


def _growth_blocked(protections: Sequence[Protection], unsettled: Sequence[OpenIntent]) -> str | None:
    if unsettled:
        return f"{len(unsettled)} earlier request(s) are not settled yet"
    urgent = [row for row in protections if row.blocks_growth]
    return f"the margin at {urgent[0].pool.venue} comes first" if urgent else None


def _shrunk(view: VenueView, protection: Protection, decision: Decision) -> list[Target]:
    """Every short cut to the share that may stay, or to what the policy wants if that is less."""
    wanted = {row.symbol: row for row in decision.targets if row.venue == view.venue}
    pooled = {row.symbol for row in protection.pool.legs}
    steps = []
    for position in view.positions:
        instrument = view.instrument(position.symbol)
        if instrument is None or position.amount >= 0 or position.symbol in view.frozen:
            continue
        if position.symbol not in pooled:
            continue
        amount = instrument.floor_amount(position.short_amount * protection.keep)
        target = wanted.get(position.symbol)
        if target is not None:
            amount = min(amount, target.amount)
        steps.append(
            Target(
                venue=view.venue,
                symbol=position.symbol,
                asset=instrument.base,
                short_notional=instrument.notional(amount, position.mark_price),
                amount=amount,
                leverage_cap=target.leverage_cap if target else Decimal(1),
                reasons=protection.reasons,
            )
        )
    return steps


def _waits(roll: Roll, why: str) -> str:
    return f"the roll of {roll.asset} out of {roll.leaving} waits: {why}"


def _grows(target: Target, snapshot: Snapshot) -> bool:
    return target.amount > max(ZERO, -snapshot.venue(target.venue).amount(target.symbol))


def _without_growth(target: Target, snapshot: Snapshot, why: str) -> Target:
    view = snapshot.venue(target.venue)
    held, mark = max(ZERO, -view.amount(target.symbol)), view.mark(target.symbol)
    if mark is None or target.amount <= held:
        return target
    reasons = (*target.reasons, f"not grown now: {why}")
    instrument = view.instrument(target.symbol)
    notional = instrument.notional(held, mark.mark_price) if instrument else held * mark.mark_price
    return replace(target, amount=held, short_notional=notional, reasons=reasons)


def _top_up(protection: Protection) -> TopUp:
    return TopUp(
        venue=protection.pool.venue,
        currency=protection.pool.currency,
        amount=protection.top_up,
        protective=True,
        reason="; ".join(protection.reasons),
        wallet=Wallet.FUTURES if not any(row.fixed_face for row in protection.pool.legs) else Wallet.COIN_FUTURES,
    )


def _leans_on(target: Target, view: VenueView, rule: CollateralRule) -> bool:
    """Whether a target is carried by this collateral; with one collateral all are."""
    instrument = view.instrument(target.symbol)
    return not rule.coins or (instrument is not None and instrument.settle == rule.currency)
