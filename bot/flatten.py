"""Closing every short of the portfolio with reduce-only orders, and proving at the venue that nothing is left."""

import json
from dataclasses import replace
from decimal import Decimal

from bot.absent import Known
from bot.circumstances import Past, circumstances
from bot.closer_look import look_closer
from bot.cycle import Desk
from bot.deliberate import deliberate
from bot.domain.account import ZERO
from bot.domain.errors import Refused, Unavailable
from bot.domain.hedge import Target
from bot.domain.intent import Intent, Outcome, Refusal
from bot.domain.published import published
from bot.domain.record import CycleRecord, CycleStatus
from bot.domain.snapshot import Snapshot
from bot.execution.executor import apply, told_after_sending
from bot.execution.planner import plan
from bot.execution.settlement import settle
from bot.observe import observe
from bot.policy.scene import Memory
from bot.risk.check import check

ROUNDS = 10


async def flatten(desk: Desk, *, verify: bool) -> CycleRecord:
    """Close every short, then (with `verify`) read positions, margin and open orders until the venue shows none.

    New risk is paused first, so that a daemon started later does not open the shorts again.
    """
    journal = desk.hands.journal
    journal.set_paused(f"flattened on {desk.lookout.clock.now():%Y-%m-%d %H:%M} UTC")
    cycle = journal.begin_cycle(desk.lookout.clock.now())
    intents: list[Intent] = []
    outcomes: list[Outcome] = []
    refusals: list[Refusal] = []
    notes: list[str] = []
    snapshot: Snapshot | None = None
    status = CycleStatus.ACTED
    try:
        away = await desk.enter()
        for number in range(1, ROUNDS + 1):
            settled = await settle(desk.hands)
            notes += settled.notes
            snapshot = await observe(desk.lookout, away=away, known=_nothing_owned(desk))
            targets = _zero_targets(snapshot)
            notes += _frozen(snapshot)
            stuck = _without_instrument(snapshot)
            if not targets and stuck:
                status = CycleStatus.REFUSED
                refusals.append(Refusal(intent_id="", guard="instrument", reason=stuck))
                break
            if not targets and not settled.open and not _frozen(snapshot):
                status = CycleStatus.HEDGED
                break
            if not targets:
                status = CycleStatus.UNAVAILABLE
                break
            with told_after_sending(journal, cycle, outcomes):
                step = await _close(desk, snapshot, targets, f"{cycle}-r{number}")
            intents += step[0]
            outcomes += step[1]
            refusals += step[2]
            if refusals:
                status = CycleStatus.REFUSED
                break
            await desk.lookout.clock.sleep(1.0)
        if verify and status is CycleStatus.HEDGED and snapshot is not None:
            notes.append(_proof(snapshot))
    except Unavailable as error:
        status = CycleStatus.UNAVAILABLE
        notes.append(str(error))
    except Refused as error:
        status = CycleStatus.REFUSED
        refusals.append(Refusal(intent_id="", guard=error.code, reason=str(error)))
    notes.append("new risk is paused; `ballast resume` lets the policy hedge again")
    record = CycleRecord(
        cycle=cycle,
        at=desk.lookout.clock.now(),
        mode=desk.mode,
        portfolio=desk.portfolio,
        status=status,
        snapshot=snapshot,
        exposures=(),
        needs=(),
        targets=(),
        intents=tuple(intents),
        outcomes=tuple(outcomes),
        refusals=tuple(refusals),
        notes=tuple(dict.fromkeys((*notes, *desk.remarks()))),
    )
    with told_after_sending(journal, cycle, outcomes):
        journal.end_cycle(cycle, desk.lookout.clock.now(), json.dumps(published(record)))
    return record


def _nothing_owned(desk: Desk) -> Known:
    """How much is owned does not matter here, so no venue that only holds coins has to have been seen."""
    return {row.venue.id: () for row in desk.lookout.watched}


def _frozen(snapshot: Snapshot) -> list[str]:
    return [
        f"{row.amount} {row.symbol} at {view.venue} is still open and cannot be closed now: {view.frozen[row.symbol]}"
        for view in snapshot.venues
        for row in view.positions
        if row.symbol in view.frozen and row.amount < 0
    ]


def _without_instrument(snapshot: Snapshot) -> str | None:
    stuck = [
        f"{row.amount} {row.symbol} at {view.venue}"
        for view in snapshot.venues
        for row in view.positions
        if row.amount < 0 and view.instrument(row.symbol) is None
    ]
    return f"{', '.join(stuck)}: not a market Ballast can trade; close it by hand" if stuck else None


def _zero_targets(snapshot: Snapshot) -> tuple[Target, ...]:
    targets = []
    for view in snapshot.venues:
        for position in view.positions:
            instrument = view.instrument(position.symbol)
            if instrument is not None and position.amount < 0 and position.symbol not in view.frozen:
                targets.append(
                    Target(
                        venue=view.venue,
                        symbol=position.symbol,
                        asset=instrument.base,
                        short_notional=ZERO,
                        amount=ZERO,
                        leverage_cap=Decimal(1),
                        reasons=("flatten: every short is closed",),
                    )
                )
    return tuple(targets)


async def _close(
    desk: Desk, snapshot: Snapshot, targets: tuple[Target, ...], cycle: str
) -> tuple[tuple[Intent, ...], tuple[Outcome, ...], tuple[Refusal, ...]]:
    snapshot, detail = await look_closer(desk.lookout, snapshot, targets)
    rule = replace(desk.mind.orders, protective=True)
    steps = plan(targets, snapshot, detail, rule, cycle=cycle)
    thought = deliberate(desk.mind, snapshot, Memory(), ())
    past = Past(unsettled=(), paused=None, halted=None, orders_last_hour=0, notional_last_hour=ZERO)
    approved, refusals = check(steps, circumstances(desk.mind, snapshot, thought, detail, past))
    applied = await apply(approved, snapshot, desk.hands, fresh_for=desk.lookout.decided_max)
    return steps.intents, applied.outcomes, refusals


def _proof(snapshot: Snapshot) -> str:
    parts = []
    for view in snapshot.venues:
        margins = [row for row in view.margins if row.initial > 0 or row.maintenance > 0]
        left = [f"{row.amount} {row.symbol}" for row in view.positions]
        orders = [row.symbol for row in view.open_orders]
        parts.append(
            f"{view.venue}: positions {', '.join(left) if left else 'none'}, margin in use "
            f"{'none' if not margins else sum((row.initial for row in margins), ZERO)}, open orders "
            f"{', '.join(orders) if orders else 'none'}"
        )
    return "verified at the venue: " + "; ".join(parts)
