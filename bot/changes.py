"""Positions somebody else changed: named by what the venue tells, adopted as they are, asked about until it tells.

A venue in trouble may not tell at once that it liquidated a short, and that is when it happens. So what could not be
named is asked for again, and a liquidation that is told late halts like any other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.account import ForcedClosure
from bot.domain.errors import Unavailable
from bot.domain.event import Event, EventKind
from bot.domain.snapshot import Snapshot
from bot.execution.journal import Journal
from bot.execution.settlement import Hands
from bot.risk.events import name_change, told_late
from bot.surprises import Surprise

UNTOLD = "events.untold"
ASK_FOR = timedelta(days=1)
SKEW = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What happened to positions, as far as it is told; `untold` since when each of the others may have changed."""

    rows: Sequence[Surprise]
    events: Sequence[Event]
    late: Sequence[Event]
    untold: Mapping[tuple[str, str], datetime]

    @property
    def all_events(self) -> list[Event]:
        """What was told now, of now and of before."""
        return [*self.events, *self.late]


async def name_changes(changed: Sequence[Surprise], snapshot: Snapshot, hands: Hands) -> Changes:
    """What happened to every position somebody else changed, now and lately; only asks."""
    events: list[Event] = []
    untold: dict[tuple[str, str], datetime] = {}
    named: set[tuple[str, str]] = set()
    for row in changed:
        known, view = row.known, snapshot.venue(row.known.venue)
        since = known.changed_at - SKEW
        closures = await _closures(hands, known.venue, since)
        smaller = abs(row.seen) < abs(known.amount)
        if closures is None and smaller:
            untold[known.venue, known.symbol] = since
        elif closures is not None:
            named.add((known.venue, known.symbol))
        events.append(
            name_change(
                known.venue,
                known.symbol,
                known.amount,
                row.seen,
                closures=closures,
                instrument=view.instrument(known.symbol),
                at=view.at,
            )
        )
    late: list[Event] = []
    for (venue, symbol), since in _waiting(hands.journal).items():
        seen = next((view for view in snapshot.venues if view.venue == venue), None)
        if seen is None or seen.at - since > ASK_FOR or (venue, symbol) in named | untold.keys():
            continue
        closures = await _closures(hands, venue, since)
        if closures is None:
            untold[venue, symbol] = since
        elif (event := told_late(venue, symbol, closures)) is not None:
            late.append(event)
    return Changes(rows=changed, events=events, late=late, untold=untold)


def adopt(changes: Changes, snapshot: Snapshot, journal: Journal) -> None:
    """Take every changed position for what it is now, and keep in the journal what happened to it.

    Whatever follows from the change must be in the journal before: afterwards nothing looks changed any more.
    """
    rows = [[venue, symbol, since.isoformat()] for (venue, symbol), since in changes.untold.items()]
    journal.set_settings({UNTOLD: json.dumps(rows) if rows else None})
    for event in changes.late:
        journal.note(snapshot.at, event.kind.value, event.text)
    for row, event in zip(changes.rows, changes.events, strict=True):
        journal.note(snapshot.at, event.kind.value, event.text)
        # positions are dated in their venue's time
        journal.set_position(replace(row.known, amount=row.seen, changed_at=snapshot.venue(row.known.venue).at))


def liquidations(events: Sequence[Event]) -> list[str]:
    """Why Ballast halts: a short that was liquidated means that the margin was misjudged, and a person must look."""
    gone = [row.subject for row in events if row.kind is EventKind.LIQUIDATED]
    if not gone:
        return []
    return [
        f"the venue liquidated {', '.join(gone)}: the collateral was used up, and what you own of it is not hedged now"
    ]


async def _closures(hands: Hands, venue: str, since: datetime) -> tuple[ForcedClosure, ...] | None:
    """What a venue closed by itself; None when it could not tell, or is not asked any more."""
    if venue not in hands.venues:
        return None
    try:
        return await hands.venues[venue].forced_closures(since)
    except Unavailable:
        return None


def _waiting(journal: Journal) -> dict[tuple[str, str], datetime]:
    """What could not be named in earlier cycles."""
    rows = json.loads(journal.setting(UNTOLD) or "[]")
    return {(venue, symbol): datetime.fromisoformat(since) for venue, symbol, since in rows}
