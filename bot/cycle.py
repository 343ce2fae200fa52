"""One cycle: settle, observe, protect, decide, plan, check, apply, record."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from bot.absent import last_seen, remember
from bot.adopt_only import LookBack
from bot.changes import adopt, liquidations, name_changes
from bot.circumstances import Past, circumstances
from bot.closer_look import doubt_small, look_again, look_closer
from bot.deliberate import Deliberation, deliberate, make_plan, movers, protect_only
from bot.domain.errors import ConfigurationError, Refused, Unavailable
from bot.domain.history import NO_HISTORY
from bot.domain.intent import Refusal, TransferIntent
from bot.domain.published import published
from bot.domain.record import CycleRecord, CycleStatus
from bot.domain.snapshot import Snapshot
from bot.ending import SOON, ending
from bot.execution.executor import apply, told_after_sending
from bot.execution.journal import Journal, KnownPosition
from bot.execution.measured_cost import measured_costs
from bot.execution.planner import MarketDetail
from bot.execution.recollection import refused_transfers
from bot.execution.retention import Retention, let_go
from bot.execution.settlement import Hands, Settlement, contradicted, settle
from bot.execution.stranded import stranded, within_reach
from bot.explain import Evidence, explain_if_possible
from bot.findings import Findings, status_of, status_of_failure
from bot.halting import HaltRule, broken_at_the_venue, broken_by_us, gone_on_too_long, halt
from bot.happenings import believe_amounts, leaping_prices, strangers
from bot.learned import taught
from bot.margin_look import look_at_margin
from bot.observe import Lookout, observe
from bot.policy.policy import coins_behind
from bot.policy.scene import Memory, recalled_to_json, with_recalled
from bot.risk.check import ApprovedPlan, check
from bot.risk.transit import TransitRule
from bot.surprises import surprises
from bot.upkeep import Mind, pool_figures

HOUR = timedelta(hours=1)
SLOW_DISK_S = 1.0
TRANSFER_AGAIN = timedelta(minutes=10)
RECALLED = "policy.recalled"
NOTHING_SETTLED = Settlement(outcomes=(), open=(), notes=())


def _roomy() -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a cycle works with; modes differ only by the objects in here.

    `enter` opens the venues and tells which of those that only hold coins do not answer, and why; `margin_every_s` is
    how often the margin is looked at between two cycles (0: never); `remarks` is what the world itself has to say about
    what is shown, taken up into every record;
    `cramped` tells why there is too little room for the journal to let a short grow.
    """

    mode: str
    portfolio: str
    mind: Mind
    lookout: Lookout
    hands: Hands
    enter: Callable[[], Awaitable[Mapping[str, str]]]
    balance_jump_max: Decimal | None
    halting: HaltRule = field(default_factory=lambda: HaltRule(hedge_ratio_max=Decimal(1)))
    margin_every_s: float = 0.0
    transit: TransitRule | None = None
    retention: Retention | None = None
    remarks: Callable[[], Sequence[str]] = tuple
    look_back: LookBack = field(default_factory=LookBack)
    cramped: Callable[[], str | None] = _roomy


async def run_cycle(desk: Desk) -> CycleRecord:
    """Run one whole cycle and journal its record; a second one when the plan became old before it was carried out.

    Raises: what `_run_cycle` raises.
    """
    found = Findings()
    record = await _run_cycle(desk, found)
    return await _run_cycle(desk, Findings()) if found.dropped else record


async def _run_cycle(desk: Desk, found: Findings) -> CycleRecord:
    """Run one cycle.

    Raises: JournalError when the journal cannot be written and ConfigurationError for a key that must not be used, both
    before anything was sent; Unrecorded when the journal failed after something was sent.
    """
    begun_at = desk.lookout.clock.now()
    asked_s = desk.lookout.clock.monotonic()
    cycle = desk.hands.journal.begin_cycle(begun_at)
    took_s = desk.lookout.clock.monotonic() - asked_s
    if desk.retention is not None:
        let_go(desk.hands.journal, desk.retention, begun_at)
    if took_s > SLOW_DISK_S:
        found.notes.append(f"the disk is slow: writing one line into the journal took {took_s:.1f} s")
    try:
        away = await desk.enter()
        settled = await settle(desk.hands)
        found.notes += settled.notes
        _halt(desk, found, contradicted(desk.hands.journal), cycle)
        try:
            looked_at_s = await _observe(desk, found, away)
            await _believe(desk, found, settled, cycle)
            approved = await _think(desk, found, cycle, settled)
            doubt_small(desk.lookout, found.targets)
        except Unavailable as trouble:
            looked_at_s = desk.lookout.clock.monotonic()
            approved = await _protect_alone(desk, found, cycle, settled, trouble)
        _remember(desk.hands.journal, found)
        fresh_for = desk.lookout.decided_max
        applied = await apply(approved, _seen(found), desk.hands, fresh_for=fresh_for, looked_at_s=looked_at_s)
        found.outcomes += applied.outcomes
        found.notes += applied.notes
        found.dropped = applied.dropped
        with told_after_sending(desk.hands.journal, cycle, found.outcomes):
            _halt_after(desk, found, settled, cycle)
        status = status_of(found, settled, halted=desk.hands.journal.latch() is not None)
        _say_halted(desk, found)
        await _look_again(desk, found)
    except (Unavailable, Refused) as error:
        status = status_of_failure(error, found)
    except ConfigurationError as error:
        found.refusals.append(Refusal(intent_id="", guard="configuration", reason=str(error)))
        _close(desk, _record(desk, cycle, CycleStatus.REFUSED, found))
        raise
    record = _record(desk, cycle, status, found)
    _close(desk, record)
    return record


def _close(desk: Desk, record: CycleRecord) -> None:
    journal = desk.hands.journal
    with told_after_sending(journal, record.cycle, record.outcomes):
        journal.end_cycle(record.cycle, desk.lookout.clock.now(), json.dumps(published(record)))


async def preview_cycle(desk: Desk) -> CycleRecord:
    """Say what the next cycle would do; sends nothing and writes nothing."""
    found = Findings()
    try:
        await _observe(desk, found, await desk.enter())
        unsettled = within_reach(desk.hands.journal.open_intents(), desk.hands.venues)
        await _think(desk, found, "plan", replace(NOTHING_SETTLED, open=unsettled))
        status = status_of(found, NOTHING_SETTLED, halted=desk.hands.journal.latch() is not None)
        if status is not CycleStatus.HALTED:
            status = CycleStatus.ACTED if found.plan.intents else status
            status = CycleStatus.REFUSED if found.refusals else status
    except (Unavailable, Refused) as error:
        status = status_of_failure(error, found)
    return _record(desk, "plan", status, found)


async def _observe(desk: Desk, found: Findings, away: Mapping[str, str]) -> float:
    """Look, with what is known from earlier of venues that do not answer now; give back when, on the monotonic clock.

    A look that took very long, as if this machine had stood still in the middle of it, is repeated once.
    """
    clock = desk.lookout.clock
    began_s = clock.monotonic()
    found.snapshot = await observe(desk.lookout, away=away, known=last_seen(desk.hands.journal))
    if clock.monotonic() - began_s > desk.lookout.decided_max.total_seconds():
        found.snapshot = await observe(desk.lookout, away=away, known=last_seen(desk.hands.journal))
    found.notes += [
        f"{venue} could not be seen, so what depends on it is left as it is and nothing else: {why}"
        for venue, why in found.snapshot.away.items()
    ]
    return clock.monotonic()


async def _think(desk: Desk, found: Findings, cycle: str, settled: Settlement) -> ApprovedPlan:
    """From what was seen to what may be done; only the closer look at the books touches the world, by reading."""
    barred = _no_transfers(desk)
    journal = desk.hands.journal
    left = stranded(journal, desk.hands.venues)
    found.notes += left.notes
    mind, snapshot = taught(desk.mind, _seen(found), journal), _seen(found)
    thought = deliberate(mind, snapshot, _memory(journal), settled.open, no_transfers=barred, blocked_in=left.assets)
    return await _make_ready(desk, found, thought, cycle, settled)


async def _protect_alone(
    desk: Desk, found: Findings, cycle: str, settled: Settlement, trouble: Unavailable
) -> ApprovedPlan:
    """Look after the margin by a narrower look when the whole picture cannot be had.

    Raises: the trouble again when the margin needs nothing now, or cannot be seen or believed either.
    """
    snapshot = await look_at_margin(desk.lookout, found.snapshot.history if found.snapshot is not None else NO_HISTORY)
    surprises(snapshot, _judged(desk.hands.journal, settled))  # what does not show our own fills is not acted on
    journal = desk.hands.journal
    barred = _no_transfers(desk)
    mind = taught(desk.mind, snapshot, journal)
    thought = protect_only(mind, snapshot, _memory(journal), settled.open, no_transfers=barred)
    if not thought.steps and not thought.top_ups:
        raise trouble
    found.snapshot, found.margin_only = snapshot, True
    found.notes.append(f"only the margin is looked after in this cycle: {trouble}")
    return await _make_ready(desk, found, thought, cycle, settled)


def _seen(found: Findings) -> Snapshot:
    if found.snapshot is None:
        raise ValueError("there is nothing to think about before something was observed")
    return found.snapshot


def _memory(journal: Journal) -> Memory:
    return with_recalled(
        Memory(
            managed=_managed(journal.known_positions()),
            last_growth_at=journal.last_growth_at(),
            costs=measured_costs(journal),
        ),
        journal.setting(RECALLED),
    )


def _no_transfers(desk: Desk) -> dict[str, str]:
    """By venue, why collateral to be moved in is not counted on: a transfer was refused lately."""
    since = desk.lookout.clock.now() - TRANSFER_AGAIN
    return {
        venue: f"transfers at {venue} are not counted on for {TRANSFER_AGAIN.seconds // 60} minutes: {why}"
        for venue, why in refused_transfers(desk.hands.journal, since).items()
    }


async def _make_ready(
    desk: Desk, found: Findings, thought: Deliberation, cycle: str, settled: Settlement
) -> ApprovedPlan:
    """From what was concluded to what may be done."""
    journal, snapshot = desk.hands.journal, _seen(found)
    found.deliberation, found.targets = thought, thought.targets
    found.notes += thought.notes
    found.refusals += thought.shortfalls
    steps = movers(thought, snapshot)
    detail = MarketDetail(books={}, settings={})
    if steps:
        snapshot, detail = await look_closer(desk.lookout, snapshot, steps)
    found.snapshot = snapshot
    hour = [journal.orders_since(row.id, row.now() - HOUR) for row in desk.hands.venues.values()]
    spent = sum(orders for orders, _ in hour), sum((notional for _, notional in hour), Decimal(0))
    found.plan = make_plan(desk.mind, thought, snapshot, detail, cycle, spent=spent)
    found.notes += found.plan.notes
    past = Past(
        unsettled=settled.open,
        paused=_paused(journal) or desk.cramped(),
        halted=_halted(journal),
        orders_last_hour=spent[0],
        notional_last_hour=spent[1],
        in_transit=found.in_transit,
    )
    barred = past.halted or past.paused
    found.notes += [row.words(barred) for row in ending(snapshot, SOON)] if barred else []
    approved, refusals = check(found.plan, circumstances(desk.mind, snapshot, thought, detail, past))
    found.refusals += refusals
    evidence = Evidence(
        decision=thought.decision,
        steps=thought.steps,
        intents=found.plan.intents,
        refusals=found.refusals,
        books=detail.books,
        costs=measured_costs(journal),
    )
    found.rationales, doubts = explain_if_possible(snapshot, evidence)
    found.notes += doubts
    return approved


def _remember(journal: Journal, found: Findings) -> None:
    """Keep what the rules want to know again, when it changed; before anything is sent."""
    if found.deliberation is None:
        return
    recalled = found.deliberation.decision.recalled
    text = recalled_to_json(recalled or {})
    if recalled is not None and text != journal.setting(RECALLED):
        journal.set_setting(RECALLED, text)


async def _believe(desk: Desk, found: Findings, settled: Settlement, cycle: str) -> None:
    """Compare what was seen with what Ballast knows; name and adopt what others did, doubt what jumped.

    A balance or price that jumped is doubted in the snapshot and believed when the next cycle sees the same.
    Raises: Stale when nothing should be decided on this snapshot.
    """
    journal, snapshot = desk.hands.journal, _seen(found)
    changed = surprises(snapshot, _judged(journal, settled))
    broken = broken_at_the_venue(snapshot, changed, journal)
    strange = await desk.look_back.strange(snapshot, changed, desk.hands)
    changes = await name_changes(changed, snapshot, desk.hands)
    _halt(desk, found, [*broken, *strange, *liquidations(changes.all_events)], cycle)
    adopt(changes, snapshot, journal)
    found.events += changes.all_events
    found.events += strangers(snapshot, journal)
    snapshot = replace(snapshot, doubtful={**leaping_prices(snapshot, journal), **snapshot.doubtful})
    found.snapshot = snapshot
    if desk.balance_jump_max is not None:
        cash = desk.lookout.stablecoins | {desk.lookout.quote}
        amounts = believe_amounts(snapshot, journal, desk.balance_jump_max, desk.transit, cash)
        found.events += amounts.events
        found.in_transit = amounts.in_transit
        found.snapshot = replace(snapshot, doubtful=amounts.doubtful)
    remember(found.snapshot, journal)
    found.notes += [row.text for row in found.events]


def _halt_after(desk: Desk, found: Findings, settled: Settlement, cycle: str) -> None:
    """Judge what this cycle did itself."""
    if found.snapshot is None or found.deliberation is None:
        return
    journal, intents = desk.hands.journal, found.plan.intents
    behind = coins_behind(desk.mind.policy, found.snapshot, found.deliberation.decision.portfolio)
    broken = broken_by_us(found.snapshot, behind, intents, found.outcomes, journal, desk.halting)
    now = desk.lookout.clock.now()
    ended = [*settled.outcomes, *found.outcomes]
    weary = gone_on_too_long(ended, intents, found.refusals, journal, desk.halting, now)
    _halt(desk, found, [*broken, *weary], cycle)


def _halt(desk: Desk, found: Findings, reasons: Sequence[str], cycle: str) -> None:
    said = halt(desk.hands.journal, reasons, cycle, desk.lookout.clock.now())
    if said is not None:
        found.notes.append(said)


def _say_halted(desk: Desk, found: Findings) -> None:
    """Every cycle says first that it is halted and how that ends, also one with nothing to refuse."""
    reason = _halted(desk.hands.journal)
    if reason is not None:
        found.notes = [reason, *(text for text in found.notes if text != reason)]


def _judged(journal: Journal, settled: Settlement) -> tuple[KnownPosition, ...]:
    """The positions whose size is known; a fill may show before its order does, so unsettled symbols are left out."""
    waiting = {(row.intent.venue, getattr(row.intent, "symbol", "")) for row in settled.open}
    return tuple(row for row in journal.known_positions() if (row.venue, row.symbol) not in waiting)


async def _look_again(desk: Desk, found: Findings) -> None:
    """After acting, show what is there now; the record is complete without it too."""
    if found.snapshot is None or not any(row.filled > 0 for row in found.outcomes):
        return
    try:
        transfers = {row.id: row.venue for row in found.plan.intents if isinstance(row, TransferIntent)}
        moved_at = {transfers[row.intent_id] for row in found.outcomes if row.filled > 0 and row.intent_id in transfers}
        found.snapshot = await look_again(desk.lookout, found.snapshot, moved_at)
    except Unavailable as error:
        found.notes.append(f"the positions shown are those before this cycle's orders: {error}")


def _managed(known: Sequence[KnownPosition]) -> frozenset[str]:
    return frozenset(row.asset for row in known if row.amount < 0)


def _paused(journal: Journal) -> str | None:
    reason = journal.paused()
    return f"paused: {reason}; `ballast resume` lifts it" if reason is not None else None


def _halted(journal: Journal) -> str | None:
    reason = journal.latch()
    return f"halted: {reason}" if reason is not None else None


def _record(desk: Desk, cycle: str, status: CycleStatus, found: Findings) -> CycleRecord:
    decision = found.deliberation.decision if found.deliberation else None
    return CycleRecord(
        cycle=cycle,
        at=desk.lookout.clock.now(),
        mode=desk.mode,
        portfolio=desk.portfolio,
        status=status,
        snapshot=found.snapshot,
        exposures=decision.portfolio.exposures if decision else (),
        needs=decision.needs if decision else (),
        targets=found.targets,
        intents=found.plan.intents,
        outcomes=tuple(found.outcomes),
        refusals=tuple(found.refusals),
        notes=(*found.notes, *desk.remarks()),
        rationales=found.rationales,
        pools=pool_figures(desk.mind, found.snapshot) if found.snapshot is not None else (),
        events=tuple(found.events),
    )
