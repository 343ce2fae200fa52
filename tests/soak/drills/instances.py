"""More than one of them: overlapping starts, stale locks, two hosts with journals of their own."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.execution.journal import Journal
from tests.soak.drills.drill import drill
from tests.soak.drills.judge import broken, converged, ended_as, grown, said
from tests.soak.drills.stage import Ended, Stage
from tests.soak.speech import VENUES


@drill("two-hosts", "F98")
def two_hosts(folder: Path, number: int) -> Iterable[str]:
    """Two machines, two journals, one account: whoever finds the other's orders stops growing."""
    stage = Stage(folder, venue=VENUES[number % len(VENUES)])
    stage.cycles(host="here")
    stage.own("2")
    held = stage.short
    stage.pause(40)
    first = stage.cycle("there")
    yield from ended_as(first, "halted")
    yield from said(first, "adopt-only", "second Ballast")
    yield from grown(stage, held, "by a second host at its start")
    yield from converged(stage, stage.cycles(host="here"), "1")
    if number % 2:  # a person arms the second one although the first is still at work
        stage.arm("there")
        stage.own("3")
        stage.pause(40)
        stage.cycles(host="there")
        held = stage.short
        stage.own("4")
        stage.pause(40)
        yield from ended_as(stage.cycle("here"), "halted")
        yield from grown(stage, held, "by the first host after the second one traded")
    yield from broken(stage)
    stage.close()


@drill("overlap", "F98")
def overlap(folder: Path, number: int) -> Iterable[str]:
    """The next start of cron comes while a cycle is at work; afterwards it is let in."""
    stage, ends = Stage(folder), list[Ended]()
    if number % 2:
        stage.cycles()
        stage.own("2")

    @contextmanager
    def intruded(journal: Journal) -> Iterator[None]:
        path = journal.path.with_name("ballast.db.lock")
        descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ends.append(Ended(status="let in", said=""))
        except OSError:
            ends.append(Ended(status="kept out", said=""))
        finally:
            os.close(descriptor)
        yield

    stage.cycle(bend=intruded)
    yield from (text for row in ends for text in ended_as(row, "kept out"))
    yield from _held_by_another(stage)
    yield from converged(stage, stage.cycles(), "1" if number % 2 else "0.5")
    yield from broken(stage)
    stage.close()


def _held_by_another(stage: Stage) -> Iterator[str]:
    """A process holds the lock: nothing is sent, and who holds it is said."""
    stage.pause(40)
    path, before = stage.journal().with_name("ballast.db.lock"), stage.orders
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"4242", 0)
        ended = stage.cycle()
    finally:
        os.close(descriptor)
    yield from ended_as(ended, "AccountBusy")
    yield from said(ended, "4242")
    if stage.orders != before:
        yield "E1 an order left while another process held the account"


@drill("stale-lock", "F98")
def stale_lock(folder: Path, number: int) -> Iterable[str]:
    """A lock file of a process that is dead, or full of rubbish, holds nobody."""
    stage = Stage(folder)
    stage.journal().parent.mkdir()
    rubbish = (b"999999999", b"", b"\x00" * 100, b"1", str(os.getpid()).encode(), b"-1\n", b"pid")
    stage.journal().with_name("ballast.db.lock").write_bytes(rubbish[number % len(rubbish)])
    yield from converged(stage, stage.cycles(), "0.5")
    yield from broken(stage)
    stage.close()
