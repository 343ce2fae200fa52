"""Whether a journal's file is whole and tells a possible story; reads only, also while another process writes."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from bot.domain.errors import JournalError
from bot.domain.intent import Ending, Intent, IntentKind, OrderIntent, describe
from bot.execution.client_id import is_ours
from bot.execution.generation import doubt, read_companion
from bot.execution.intent_json import intent_from_json
from bot.execution.journal_file import SCHEMA, SCHEMA_VERSION, unusable

Verdict = Literal["ok", "warn", "fail"]
SHOWN_MAX = 20
FINAL = frozenset(row.value for row in Ending if row is not Ending.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One thing that was looked at."""

    topic: str
    verdict: Verdict
    text: str


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can write nothing, and sees the journal as it was at one instant.

    Raises: JournalError when there is no journal or it cannot be read.
    """
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}. Nothing was changed. Look at [journal] path.")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as found:
            found.execute("BEGIN")
            yield found
    except sqlite3.Error as error:
        raise unusable(path, str(error)) from None


def verify(path: Path, *, alone: bool = False) -> list[Verified]:
    """Look at everything; `alone` for a backup, which has no companion.

    Raises: JournalError when there is no journal or it cannot be read at all.
    """
    with reading(path) as connection:
        broken = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
        if broken != ["ok"]:
            return [_fail("file", f"damaged: {'; '.join(broken)}. Put a backup back; docs/journal.md says how")]
        schema = _schema(connection)
        found = [_ok("file", f"whole, {path.stat().st_size:,} bytes"), schema]
        if schema.verdict == "fail":
            return found
        return [
            *found,
            *([] if alone else [_generation(connection, path)]),
            *_intents(connection),
            *_cycles(connection),
            *_said(connection),
        ]


def _schema(connection: sqlite3.Connection) -> Verified:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        return _fail("schema", f"version {version}, written by a newer Ballast; this one knows {SCHEMA_VERSION}")
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(SCHEMA)
        wanted, there = _columns(fresh), _columns(connection)
    missing = sorted(wanted - there)
    if missing:
        return _fail("schema", f"version {version}, but these are missing: {', '.join(missing)}")
    return _ok("schema", f"version {version}")


def _columns(connection: sqlite3.Connection) -> set[str]:
    tables = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {f"{table}.{row[1]}" for table in tables for row in connection.execute(f"PRAGMA table_info({table})")}


def _generation(connection: sqlite3.Connection, path: Path) -> Verified:
    meta = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('journal_id', 'generation')"))
    count = meta.get("generation")
    try:
        why = doubt(meta.get("journal_id", ""), int(count) if count is not None else None, read_companion(path))
    except JournalError as error:
        return _fail("generation", str(error))
    if why is not None:
        return _fail("generation", f"{why}; the next run adds no risk until it is re-armed (docs/journal.md)")
    return _ok("generation", f"{count or 0} lasting steps, and its companion knows of no more")


def _intents(connection: sqlite3.Connection) -> Iterator[Verified]:
    rows = connection.execute(
        "SELECT id, client_id, kind, state, body, sent_at, ending, filled, ended_at, venue FROM intents"
        " ORDER BY sent_at, id"
    ).fetchall()
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    waiting: list[str] = []
    for row in rows:
        intent, problems = _judged(row)
        wrong += [f"{row[0]}: {problem}" for problem in problems]
        counts[row[6] or "sent"] += 1
        if row[3] != "done" and intent is not None:
            known = "its outcome is unknown" if row[3] == "unknown" else "it may have left"
            waiting.append(f"{row[0]}: {describe(intent)} at {row[9]}, sent {row[5][:19]} UTC, {known}")
    total = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    yield _ok("requests", f"{len(rows)} sent: {total}" if rows else "none was ever sent")
    if wrong:
        yield _fail("story", f"{len(wrong)} impossible: {'; '.join(wrong[:SHOWN_MAX])}")
    else:
        yield _ok("story", "every request went from sent to one ending, and none came back from it")
    if waiting:
        text = "; ".join(waiting[:SHOWN_MAX])
        yield Verified(topic="unsettled", verdict="warn", text=f"{text}. The next cycle asks the venue first")


def _judged(row: tuple[str | None, ...]) -> tuple[Intent | None, list[str]]:
    """The intent of a row, and what cannot be true of it."""
    identity, name, kind, state, body, _, ending, filled, ended_at, _ = row
    found = []
    intent: Intent | None = None
    try:
        intent = intent_from_json(IntentKind(kind or ""), body or "")
        amount = Decimal(filled or "0")
    except (ValueError, KeyError, TypeError, InvalidOperation):
        return None, ["what was to be sent cannot be read"]
    if intent.id != identity:
        found.append(f"it describes {intent.id}")
    if not is_ours(name):
        found.append(f"{name} is no name a Ballast gives")
    if state == "done" and (ending not in FINAL or ended_at is None):
        found.append(f"it is settled with the ending {ending}")
    if state != "done" and ending not in (None, Ending.UNKNOWN.value):
        found.append(f"it ended as {ending} and still waits")
    if isinstance(intent, OrderIntent) and not 0 <= amount <= intent.amount:
        found.append(f"{amount} of {intent.amount} were filled")
    return intent, found


def _cycles(connection: sqlite3.Connection) -> Iterator[Verified]:
    total, unended = connection.execute("SELECT count(*), count(*) - count(ended_at) FROM cycles").fetchone()
    last = connection.execute("SELECT max(begun_at) FROM cycles").fetchone()[0]
    text = f"{total} kept, the last begun {last[:19]} UTC" if last else "none yet"
    yield _ok("cycles", f"{text}; {unended} broken off by a kill or an error" if unended else text)
    orphans = connection.execute(
        "SELECT count(*) FROM intents WHERE CAST(substr(id, 2, instr(id, '-') - 2) AS INTEGER)"
        " NOT IN (SELECT number FROM cycles)"
    ).fetchone()[0]
    if orphans:
        yield _fail("cycles", f"{orphans} requests belong to cycles that are not there")


def _said(connection: sqlite3.Connection) -> Iterator[Verified]:
    meta = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('latch', 'paused')"))
    if "latch" in meta:
        yield Verified(topic="halted", verdict="warn", text=meta["latch"])
    if "paused" in meta:
        yield Verified(topic="paused", verdict="warn", text=meta["paused"])


def _ok(topic: str, text: str) -> Verified:
    return Verified(topic=topic, verdict="ok", text=text)


def _fail(topic: str, text: str) -> Verified:
    return Verified(topic=topic, verdict="fail", text=text)
