"""When this journal is not all that traded the account: restored, begun anew, or one of two; then nothing grows.

Two witnesses: the companion beside the journal, and the venue, where orders under a name only a Ballast gives are told
apart by whether this journal knows them. What is found halts Ballast; what is there is adopted, reductions and
protection go on, and only a person ends it.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.domain.account import NamedOrder
from bot.domain.ports import LooksBack
from bot.domain.snapshot import Snapshot, VenueView
from bot.execution.client_id import is_ours
from bot.execution.generation import doubt, read_companion
from bot.execution.journal import Journal
from bot.execution.recollection import previous_cycle, traded
from bot.execution.settlement import Hands
from bot.halting import ACCEPTING, ADOPT_ONLY, halt
from bot.surprises import Surprise

LOOKED = "adopt.looked"
SINCE = "adopt.since"
SEEN = "adopt.seen"
RECENT = timedelta(hours=1)


def take_up(journal: Journal, at: datetime) -> None:
    """Compare the journal with its companion when a process begins; halt when it is not the newest.

    Raises: JournalError when the companion cannot be read, or either cannot be written.
    """
    companion, generation = read_companion(journal.path), journal.generation
    why = doubt(journal.id, generation, companion)
    if why is not None:
        halt(journal, [f"{ADOPT_ONLY}: {why}"], f"generation {generation}", at)
        journal.count_from(max(journal.generation or 0, companion.generation if companion else 0) + 1)
    elif generation is None:
        journal.count_from(0)


def old_copy(journal: Journal) -> str | None:
    """The same comparison for a reader, which changes nothing."""
    why = doubt(journal.id, journal.generation, read_companion(journal.path))
    return None if why is None else f"the next cycle will be {ADOPT_ONLY}: {why}"


class LookBack:
    """Looks at who else traded the account: at the first cycle of a journal, where a position moved, after a pause."""

    def __init__(self) -> None:
        self._begun = False

    async def strange(self, snapshot: Snapshot, changed: Sequence[Surprise], hands: Hands) -> list[str]:
        """Why this journal is not all that traded the account; at rest no request is made.

        Raises: Unavailable when a venue does not tell; nothing may be decided then.
        """
        journal = hands.journal
        if journal.latch() is not None:
            return []
        again = not self._begun and _long_ago(journal, snapshot.at)
        moved = {(row.known.venue, row.known.symbol) for row in changed} | _moved_unknown(snapshot, journal)
        accepting = journal.setting(ACCEPTING) is not None
        wide = journal.setting(LOOKED) is None or accepting
        strange: list[NamedOrder] = []
        for view in snapshot.venues:
            venue: object = hands.venues.get(view.venue)
            if not isinstance(venue, LooksBack):
                continue
            symbols = _suspicious(view, moved, traded(journal) if again else frozenset(), wide=wide)
            strange += unknown(await _named(venue, symbols), journal)
        self._begun = True
        settled = {LOOKED: "yes", SEEN: _seen(snapshot), ACCEPTING: None}
        if strange and accepting:
            settled[SINCE] = max(row.at for row in strange).isoformat()
        journal.set_settings(settled)
        return [] if accepting else _reasons(strange)


async def _named(venue: LooksBack, symbols: Iterable[str]) -> list[NamedOrder]:
    answers = await asyncio.gather(*(venue.named_orders(symbol) for symbol in symbols), return_exceptions=True)
    found: list[NamedOrder] = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer  # after all have ended, so that none is left running
        found += answer
    return found


def unknown(orders: Iterable[NamedOrder], journal: Journal) -> list[NamedOrder]:
    """Orders some Ballast gave a name to that this journal never gave out, and that no person has accepted."""
    since = journal.setting(SINCE)
    accepted = datetime.fromisoformat(since) if since is not None else None
    return [
        row
        for row in orders
        if is_ours(row.client_id) and (accepted is None or row.at > accepted) and not journal.knows(row.client_id)
    ]


def _suspicious(
    view: VenueView, moved: set[tuple[str, str]], traded_before: frozenset[tuple[str, str]], *, wide: bool
) -> list[str]:
    """The symbols whose orders are looked at now."""
    asked = moved | traded_before
    return sorted(row.symbol for row in view.instruments if wide or (view.venue, row.symbol) in asked)


def _long_ago(journal: Journal, at: datetime) -> bool:
    last = previous_cycle(journal)
    return last is None or at - last > RECENT


def _moved_unknown(snapshot: Snapshot, journal: Journal) -> set[tuple[str, str]]:
    """Positions this journal never traded in that are not as they were at the last look."""
    ours = {(row.venue, row.symbol) for row in journal.known_positions()}
    before = json.loads(journal.setting(SEEN) or "{}")
    return {
        (view.venue, row.symbol)
        for view in snapshot.venues
        for row in view.positions
        if (view.venue, row.symbol) not in ours and before.get(f"{view.venue} {row.symbol}") != str(row.amount)
    }


def _seen(snapshot: Snapshot) -> str | None:
    amounts = {f"{view.venue} {row.symbol}": str(row.amount) for view in snapshot.venues for row in view.positions}
    return json.dumps(amounts, sort_keys=True) if amounts else None


def _reasons(strange: Sequence[NamedOrder]) -> list[str]:
    if not strange:
        return []
    newest = max(strange, key=lambda row: row.at)
    count = "an order" if len(strange) == 1 else f"{len(strange)} orders, the newest"
    return [
        f"{ADOPT_ONLY}: {newest.venue} shows {count} of a Ballast ({newest.client_id} in {newest.symbol}, "
        f"{newest.at:%Y-%m-%d %H:%M:%S} UTC) that this journal does not know. Either it is older than the account "
        "(restored from a backup, or begun anew), or a second Ballast trades here: stop that one first"
    ]
