"""A journal that is not all that traded the account: old, begun anew, without its last rows, copied."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from tests.soak.drills.drill import drill
from tests.soak.drills.judge import broken, converged, ended_as, grown, said
from tests.soak.drills.stage import Stage
from tests.soak.speech import VENUES


def _venue(number: int) -> str:
    return VENUES[number % len(VENUES)]


@drill("old-backup", "F93")
def old_backup(folder: Path, number: int) -> Iterable[str]:
    """A backup of some steps ago over the journal of today; in every other variant the whole folder is put back."""
    stage = Stage(folder, venue=_venue(number))
    age = 1 + number // 5 % 3
    stage.cycles()
    old = stage.copy()
    for step in range(age):
        stage.pause(4000)
        stage.own(f"{2 + step}")
        stage.cycles()
    stage.put_back(old, companion=number % 2 == 1)
    yield from _adopts(stage, f"{age + 3}")


@drill("journal-deleted", "F93")
def journal_deleted(folder: Path, number: int) -> Iterable[str]:
    """The journal is gone, its companion with it or not."""
    stage = Stage(folder, venue=_venue(number))
    stage.cycles()
    stage.pause(3600 * (1 + number))
    stage.forget(companion=number % 2 == 0)
    yield from _adopts(stage, "2")


@drill("rows-lost", "F90")
def rows_lost(folder: Path, number: int) -> Iterable[str]:
    """The power failed and took what was committed last, the companion's last word too: the order is live."""
    stage = Stage(folder, venue=_venue(number))
    if number % 2:
        stage.cycles()
        stage.pause(90 + 60 * number)
    else:
        stage.own("0")
        stage.cycle()
    before = stage.copy()
    stage.own("2")
    stage.cycle()
    stage.put_back(before, companion=True)
    stage.pause(90)
    yield from _adopts(stage, "3")


@drill("two-copies", "F93", "F98")
def two_copies(folder: Path, number: int) -> Iterable[str]:
    """The folder was copied to a second host, and both go on with the same journal."""
    stage = Stage(folder, venue=_venue(number))
    stage.cycles()
    stage.put_back(stage.copy(), "there", companion=True)
    stage.own("2")
    stage.pause(90)
    stage.cycles(host="here")
    held = stage.short
    stage.own("4")
    stage.pause(90)
    ended = stage.cycle("there")
    yield from ended_as(ended, "halted")
    yield from grown(stage, held, "by a copy of the journal")
    yield from converged(stage, stage.cycles(host="here"), "2")
    yield from _end(stage)


def _adopts(stage: Stage, wanted_coins: str) -> Iterator[str]:
    """More is owned now, and nothing grows before a person has looked; then it arrives."""
    held = stage.short
    stage.own(wanted_coins)
    for _ in range(3):
        ended = stage.cycle()
        yield from ended_as(ended, "halted")
        yield from said(ended, "adopt-only", "resume --arm")
        stage.pause(40)
    yield from grown(stage, held, "before a person had looked")
    stage.own("0.4")
    stage.pause(40)
    stage.cycle()
    stage.pause(40)
    stage.cycle()
    if stage.short > Decimal("0.5"):
        yield f"P1 what is owned fell to 0.4 and {stage.short} are still short: reductions did not go on"
    stage.own(wanted_coins)
    if not stage.arm():
        yield "D6 there was no halt to end"
    stage.pause(40)
    stage.cycle()
    stage.pause(60)
    # what may be traded within an hour bounds how fast it gets there
    yield from converged(stage, stage.cycles(10, pause_s=900), str(Decimal(wanted_coins) / 2))
    yield from _end(stage)


def _end(stage: Stage) -> Iterator[str]:
    yield from broken(stage)
    stage.close()
