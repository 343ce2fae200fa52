"""What of the past is let go, and when; a journal of many years must not fill a disk.

Sent requests and events are never let go, and of the cycles' records never those of a cycle that sent something.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.execution.journal import Journal

EVERY = 20  # cycles; going through what is kept takes some milliseconds
AT_LEAST = 100  # fewer than these wait: letting go costs a commit to disk
AT_ONCE = 500  # more than these wait for the next cycle, so that a long past never delays the margin's protection
NEVER = 1_000  # so many of the newest cycles are kept whatever the clock says


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long records of cycles that sent nothing are kept: each of them, and later one for every hour."""

    every_cycle: timedelta
    every_hour: timedelta


def let_go(journal: Journal, rule: Retention, at: datetime) -> None:
    """Take the records out whose time is over, a limited number in one call.

    Raises: JournalError when the journal cannot be written.
    """
    if int(journal.rows("SELECT coalesce(max(number), 0) FROM cycles")[0][0]) % EVERY:
        return
    _sweep(journal, "retention.hourly", at - rule.every_cycle, hourly=True)
    _sweep(journal, "retention.finished", at - rule.every_hour, hourly=False)


def _sweep(journal: Journal, mark: str, before: datetime, *, hourly: bool) -> None:
    """Go on from where the last sweep ended; `mark` remembers where that was."""
    swept = int(journal.setting(mark) or 0)
    old = _quiet(journal, swept, before)
    if len(old) < AT_LEAST:
        return
    gone = _beside_one_an_hour(old, _begun_before(journal, old[0][0])) if hourly else [number for number, _ in old]
    journal.forget_cycles(gone, mark, swept=old[-1][0])


def _quiet(journal: Journal, after: int, before: datetime) -> list[tuple[int, str]]:
    """Number and beginning of cycles that sent nothing and began before a moment, oldest first."""
    rows = journal.rows(
        "SELECT number, begun_at FROM cycles WHERE number > ? AND begun_at < ?"
        " AND number <= (SELECT max(number) FROM cycles) - ? AND NOT EXISTS (SELECT 1 FROM intents"
        " WHERE id >= printf('c%06d-', number) AND id < printf('c%06d.', number)) ORDER BY number LIMIT ?",
        (after, before.astimezone(UTC).isoformat(timespec="milliseconds"), NEVER, AT_ONCE),
    )
    return [(int(row[0]), row[1]) for row in rows]


def _begun_before(journal: Journal, number: int) -> str:
    """When the last cycle before this one began, of those that are still known."""
    found = journal.rows("SELECT begun_at FROM cycles WHERE number < ? ORDER BY number DESC LIMIT 1", (number,))
    return found[0][0] if found else ""


def _beside_one_an_hour(cycles: Sequence[tuple[int, str]], before: str) -> list[int]:
    """All but the first of each hour, which also a cycle before these may be."""
    gone, hour = [], _hour(before)
    for number, begun in cycles:
        if _hour(begun) == hour:
            gone.append(number)
        hour = _hour(begun)
    return gone


def _hour(moment: str) -> str:
    return moment[: len("2026-01-01T00")]
