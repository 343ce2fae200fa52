"""The disk: full at every commit, not writable, slow to lock, damaged under the journal."""

import random
import resource
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from bot.execution.journal import Journal
from tests.soak.drills.drill import drill
from tests.soak.drills.judge import broken, converged, ended_as, said, whole
from tests.soak.drills.stage import Stage


@drill("disk-full", "F91")
def disk_full(folder: Path, number: int) -> Iterable[str]:
    """The file may grow by so many pages and no further: the disk is full at one commit after the other."""
    stage = Stage(folder)
    if number % 3 == 2:
        stage.cycles()
        stage.own("2")

    @contextmanager
    def few_pages(journal: Journal) -> Iterator[None]:
        pages = int(journal.rows("PRAGMA page_count")[0][0])
        journal.rows(f"PRAGMA max_page_count = {pages + number // 2 % 8}")
        yield

    ended = stage.cycle(bend=few_pages)
    if ended.status not in ("hedged", "acted"):
        yield from ended_as(ended, "JournalError", "Unrecorded")
        yield from said(ended, "journal")
    yield from _after(stage, "1" if number % 3 == 2 else "0.5")


@drill("commit-refused", "F91")
def commit_refused(folder: Path, number: int) -> Iterable[str]:
    """From the nth commit of a cycle on none is taken, whichever that is."""
    stage = Stage(folder)
    if number % 2:
        stage.cycles()
        stage.own("2")
    nth, seen, kept = 1 + number // 2 % 14, [0], Journal._write

    def counted(self: Journal) -> AbstractContextManager[sqlite3.Connection]:
        seen[0] += 1
        if seen[0] >= nth:
            self._connection.execute("PRAGMA query_only = 1")
        return kept(self)

    @contextmanager
    def refusing(journal: Journal) -> Iterator[None]:
        del journal
        with patch.object(Journal, "_write", counted):
            yield

    ended = stage.cycle(bend=refusing)
    if seen[0] >= nth:
        yield from ended_as(ended, "JournalError", "Unrecorded", "hedged")
    yield from _after(stage, "1" if number % 2 else "0.5")


@drill("file-too-large", "F91")
def file_too_large(folder: Path, number: int) -> Iterable[str]:
    """The system refuses to let any file grow further, in the middle of a cycle."""
    stage = Stage(folder)
    stage.cycles()
    stage.own("2")

    @contextmanager
    def limited(journal: Journal) -> Iterator[None]:
        size = max(path.stat().st_size for path in journal.path.parent.glob("ballast.db*"))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1 + number * 1013, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)

    ended = stage.cycle(bend=limited)
    if ended.status not in ("hedged", "acted"):
        yield from ended_as(ended, "JournalError", "Unrecorded")
    yield from _after(stage, "1")


@drill("read-only", "F92")
def read_only(folder: Path, number: int) -> Iterable[str]:
    """The journal, or its companion, can be read and no longer written."""
    stage = Stage(folder)
    stage.cycles()
    stage.own("2")
    before, beside = stage.orders, stage.journal().with_name("ballast.db.generation")

    @contextmanager
    def unwritable(journal: Journal) -> Iterator[None]:
        if number % 2:
            content = beside.read_bytes()
            beside.unlink()
            (beside / "in the way").mkdir(parents=True)
            try:
                yield
            finally:
                (beside / "in the way").rmdir()
                beside.rmdir()
                beside.write_bytes(content)
        else:
            journal.rows("PRAGMA query_only = 1")
            yield

    ended = stage.cycle(bend=unwritable)
    yield from ended_as(ended, "JournalError")
    if stage.orders != before:
        yield "D3 an order left although the journal could not be written"
    yield from _after(stage, "1")


@drill("locked", "F95")
def locked(folder: Path, number: int) -> Iterable[str]:
    """Somebody else holds the file: one who reads for long is no trouble, one who writes stops this cycle."""
    stage = Stage(folder)
    stage.cycles()
    stage.own("2")
    before, writes = stage.orders, number % 2 == 0

    @contextmanager
    def held(journal: Journal) -> Iterator[None]:
        journal.rows("PRAGMA busy_timeout = 20")
        with closing(sqlite3.connect(journal.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            other.execute("SELECT count(*) FROM intents").fetchone()
            yield
            other.execute("ROLLBACK")

    ended = stage.cycle(bend=held)
    if writes:
        yield from ended_as(ended, "JournalError")
        if stage.orders != before:
            yield "D3 an order left although the journal could not be written"
    else:
        yield from ended_as(ended, "hedged", "acted")
    yield from _after(stage, "1")


@drill("truncated", "F93")
def truncated(folder: Path, number: int) -> Iterable[str]:
    """The file ends early, at one place after the other."""
    yield from _damaged(folder, number, lambda content, luck: content[: luck.randrange(len(content))])


@drill("bits-flipped", "F93")
def bits_flipped(folder: Path, number: int) -> Iterable[str]:
    """Bytes of the file are not what was written."""

    def flipped(content: bytes, luck: random.Random) -> bytes:
        damaged = bytearray(content)
        for _ in range(luck.choice((1, 20, 400))):
            damaged[luck.randrange(len(damaged))] ^= 1 << luck.randrange(8)
        return bytes(damaged)

    yield from _damaged(folder, number, flipped)


def _damaged(folder: Path, number: int, damage) -> Iterable[str]:  # type: ignore[no-untyped-def]
    """It is refused with a sentence, or what was damaged is not needed; a backup put back goes on."""
    stage, luck = Stage(folder), random.Random(f"damage {number}")
    stage.cycles()
    good = stage.copy()
    stage.own("2")
    path, before = stage.journal(), stage.orders
    path.write_bytes(damage(good["ballast.db"], luck))
    sound = whole(path)
    ended = stage.cycle()
    if not sound and stage.orders != before and not _only_records(path):
        yield f"D1 an order left on a damaged journal: {ended.status}"
    if stage.orders == before and ended.status not in ("hedged", "acted"):
        stage.put_back(good, companion=True)
        stage.pause(40)
    elif not sound:
        return
    stage.arm()
    yield from _after(stage, "1")


def _only_records(path: Path) -> bool:
    """Whether everything but the records of past cycles is whole; no decision hangs on those."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = ("meta", "intents", "positions", "events")
        return all(connection.execute(f"PRAGMA quick_check({name})").fetchone()[0] == "ok" for name in tables)


def _after(stage: Stage, wanted: str) -> Iterator[str]:
    """The trouble is over: it arrives, and every law held."""
    stage.pause(60)
    yield from converged(stage, stage.cycles(8), wanted)
    yield from broken(stage)
    if not whole(stage.journal()):
        yield "D1 the journal is damaged afterwards"
    stage.close()
