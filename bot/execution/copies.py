"""Copies of a journal, made while it is in use: a backup to put back, and lines of JSON to read elsewhere."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from bot.domain.errors import ConfigurationError, JournalError
from bot.execution.verification import reading

HIDDEN: Final = "******"
INTENTS: Final = (
    "SELECT id, client_id, kind, venue, symbol, state, body, sent_at, notional, position_before, ending, filled,"
    " average_price, fee, detail, ended_at FROM intents ORDER BY sent_at, id"
)


def back_up(path: Path, to: Path) -> int:
    """Copy the journal to a new file, whole or not at all, readable by its owner only; returns its bytes.

    Raises: ConfigurationError when something is there already, JournalError when it cannot be read or written.
    """
    with _new_file(to) as beside, reading(path) as source:
        with closing(sqlite3.connect(beside, isolation_level=None)) as target:
            source.execute("COMMIT")  # the copying takes its own look, which a transaction would keep from beginning
            source.backup(target)
            verdict = target.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise JournalError(
                f"the copy of {path} is damaged ({verdict}), so it was thrown away. Nothing was changed."
            )
    return to.stat().st_size


def export(path: Path, write: Callable[[str], object]) -> int:
    """Tell everything but secrets, one JSON object per line, the oldest first; returns how many lines.

    Raises: JournalError when the journal cannot be read.
    """
    count = 0
    with reading(path) as connection:
        token = connection.execute("SELECT value FROM meta WHERE key = 'latch_token'").fetchone()
        for line in _lines(connection):
            text = json.dumps(line, ensure_ascii=False)
            write((text.replace(token[0], HIDDEN) if token else text) + "\n")
            count += 1
    return count


def export_to(path: Path, to: Path, clean: Callable[[str], str]) -> int:
    """The same into a new file, readable by its owner only."""
    with _new_file(to) as beside, beside.open("w", encoding="utf-8") as target:
        count = export(path, lambda line: target.write(clean(line)))
        target.flush()
    return count


def _lines(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    identity = connection.execute("SELECT value FROM meta WHERE key = 'journal_id'").fetchone()
    yield {"line": "journal", "schema": 1, "id": identity[0] if identity else None}
    for row in connection.execute("SELECT number, begun_at, ended_at, record FROM cycles ORDER BY number"):
        record = json.loads(row[3]) if row[3] else None
        yield {"line": "cycle", "cycle": f"c{row[0]:06d}", "begun_at": row[1], "ended_at": row[2], "record": record}
    yield from _intent_lines(connection)
    for venue, symbol, asset, amount, at in connection.execute(
        "SELECT venue, symbol, asset, amount, changed_at FROM positions ORDER BY venue, symbol"
    ):
        yield {"line": "position", "venue": venue, "symbol": symbol, "asset": asset, "amount": amount, "changed_at": at}
    for number, at, name, text in connection.execute("SELECT number, at, name, text FROM events ORDER BY number"):
        yield {"line": "event", "number": number, "at": at, "name": name, "text": text}


def _intent_lines(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """What was sent, and for what was traded a line of its own."""
    cursor = connection.execute(INTENTS)
    names = [str(column[0]) for column in cursor.description]
    for row in cursor:
        facts = dict(zip(names, row, strict=True))
        body = json.loads(facts.pop("body"))
        yield {"line": "intent", **facts, "intent": body}
        if facts["kind"] == "order" and facts["average_price"] is not None:
            yield {
                "line": "fill",
                "intent": facts["id"],
                "venue": facts["venue"],
                "symbol": facts["symbol"],
                "side": body.get("side"),
                "amount": facts["filled"],
                "price": facts["average_price"],
                "fee": facts["fee"],
                "at": facts["ended_at"],
            }


@contextmanager
def _new_file(to: Path) -> Iterator[Path]:
    """A file that appears under its name when it is complete and on disk, and never replaces another."""
    if to.exists():
        raise ConfigurationError(
            f"{to} is there already and is not overwritten. Nothing was changed. Name another file."
        )
    beside = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield beside
        _to_disk(beside)
        os.link(beside, to)  # unlike a rename, this never replaces what came meanwhile
        _to_disk(to.parent)
    except FileExistsError:
        raise ConfigurationError(f"{to} came into being meanwhile and is not overwritten. Name another file.") from None
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"{to} could not be written ({error}). The journal itself was not touched.") from None
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                beside.with_name(beside.name + suffix).unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
