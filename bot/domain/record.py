"""The record that closes every cycle; logs, status, pages and reports all read this value."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.domain.event import Event
from bot.domain.explanation import Rationale
from bot.domain.hedge import Exposure, Need, Target
from bot.domain.intent import Intent, Outcome, Refusal
from bot.domain.snapshot import Snapshot


class CycleStatus(StrEnum):
    """How a cycle ended; each has one exit code."""

    HEDGED = "hedged"  # 0: nothing to do, or all done
    ACTED = "acted"  # 1: acted but not yet there
    STALE = "stale"  # 3
    UNAVAILABLE = "unavailable"  # 3
    REFUSED = "refused"  # 4: a guard said no
    HALTED = "halted"  # 70


EXIT_CODES: dict[CycleStatus, int] = {
    CycleStatus.HEDGED: 0,
    CycleStatus.ACTED: 1,
    CycleStatus.STALE: 3,
    CycleStatus.UNAVAILABLE: 3,
    CycleStatus.REFUSED: 4,
    CycleStatus.HALTED: 70,
}

MEANINGS: dict[str, str] = {
    CycleStatus.HEDGED.value: "hedged as wanted",
    CycleStatus.ACTED.value: "acted, not yet there",
    CycleStatus.REFUSED.value: "refused by a guard",
    CycleStatus.STALE.value: "data too old or incomplete, nothing done",
    CycleStatus.UNAVAILABLE.value: "venue unavailable, nothing done",
    CycleStatus.HALTED.value: "halted, a person must look",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFigure:
    """One collateral as the margin autopilot judges it: a whole cross account, or one isolated position.

    Units: `maintenance` in `currency`, by the venue's word or our tiers, whichever is more; `distance` is the rise of
    all its marks together that liquidates, as a fraction, None where none does.
    """

    venue: str
    currency: str
    maintenance: Decimal
    distance: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRecord:
    """One cycle from beginning to end, also the cycle that did nothing.

    `snapshot` is None when nothing was seen; `events` is what happened from outside, told in the notes as well.
    """

    cycle: str
    at: datetime
    mode: str
    portfolio: str
    status: CycleStatus
    snapshot: Snapshot | None
    exposures: tuple[Exposure, ...]
    needs: tuple[Need, ...]
    targets: tuple[Target, ...]
    intents: tuple[Intent, ...]
    outcomes: tuple[Outcome, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    rationales: tuple[Rationale, ...] = ()
    pools: tuple[PoolFigure, ...] = ()
    events: tuple[Event, ...] = ()
