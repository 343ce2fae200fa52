"""What a cycle has learned so far, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.deliberate import Deliberation
from bot.domain.errors import Refused, Stale, Unavailable
from bot.domain.event import Event
from bot.domain.explanation import Rationale
from bot.domain.hedge import Target
from bot.domain.intent import Ending, Outcome, Plan, Refusal
from bot.domain.record import CycleStatus
from bot.domain.snapshot import Snapshot
from bot.execution.arrival import arrived
from bot.execution.settlement import Settlement


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a cycle has learned so far; becomes the record whatever happens."""

    snapshot: Snapshot | None = None
    deliberation: Deliberation | None = None
    targets: tuple[Target, ...] = ()
    plan: Plan = field(default_factory=lambda: Plan(intents=()))
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    margin_only: bool = False
    rationales: tuple[Rationale, ...] = ()
    events: list[Event] = field(default_factory=list)
    in_transit: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False


def status_of(found: Findings, settled: Settlement, *, halted: bool) -> CycleStatus:
    """How a cycle that was not broken off ended."""
    if halted:
        return CycleStatus.HALTED
    if settled.open:
        return CycleStatus.ACTED if found.outcomes else CycleStatus.UNAVAILABLE
    if found.refusals:
        return CycleStatus.REFUSED
    if found.deliberation is None or found.snapshot is None:
        return CycleStatus.UNAVAILABLE
    settled_well = all(row.ending in (Ending.FILLED, Ending.DONE, Ending.PARTIAL) for row in found.outcomes)
    there = arrived(found.deliberation, found.snapshot, found.plan.intents, found.outcomes)
    if found.snapshot.doubtful or found.snapshot.away or any(view.frozen for view in found.snapshot.venues):
        return CycleStatus.ACTED if found.outcomes else CycleStatus.STALE
    well = settled_well and there and not _held_back(found) and not found.margin_only
    return CycleStatus.HEDGED if well else CycleStatus.ACTED


def _held_back(found: Findings) -> bool:
    """Whether a short should be deeper and may not grow now."""
    thought, snapshot = found.deliberation, found.snapshot
    if thought is None or snapshot is None:
        return False
    return any(
        row.amount > -snapshot.venue(row.venue).amount(row.symbol)
        for row in found.targets
        if thought.growth_blocked is not None or row.asset in thought.growth_blocked_in
    )


def status_of_failure(error: Unavailable | Refused, found: Findings) -> CycleStatus:
    """How a cycle ended that was broken off; the reason is taken down."""
    if isinstance(error, Refused):
        found.refusals.append(Refusal(intent_id="", guard=error.code, reason=str(error)))
        return CycleStatus.REFUSED
    found.notes.append(str(error))
    return CycleStatus.STALE if isinstance(error, Stale) else CycleStatus.UNAVAILABLE
