"""Drills of disk, journal, configuration, time and instances: each fault in many variants, without a schedule.

A variant's name says how to play it again: `python -m tests.soak.drills disk-full/7`.
"""

import shutil
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.soak.drills import clocks, disk, instances, journals, profiles, restless
from tests.soak.drills.drill import Drill
from tests.soak.trial import Trial, spread

DRILLS: dict[str, Drill] = {
    row.name: row
    for group in (disk, journals, instances, clocks, profiles, restless)
    for row in vars(group).values()
    if isinstance(row, Drill)
}
MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


def trials(repeat: int, jobs: int = 1, after: int = 0) -> Iterator[Trial]:
    """Play every drill `repeat` times, each time in another variant; each of its faults strikes in every one."""
    yield from spread(again, (f"{name}/{number}" for number in range(repeat) for name in DRILLS), jobs, after=after)


def again(name: str) -> Trial:
    """Play the variant of this name."""
    drill, _, number = name.partition("/")
    return play(DRILLS[drill], int(number or 0))


def play(drill: Drill, number: int) -> Trial:
    """Play one variant in a folder of its own; whatever it raises is broken too."""
    folder = Path(tempfile.mkdtemp(prefix="ballast-drill-", dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None))
    try:
        broken = tuple(drill.play(folder, number))
    except Exception as error:
        broken = (f"X2 the drill itself broke: {''.join(traceback.format_exception(error))}",)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Trial(name=f"{drill.name}/{number}", faults=drill.faults, broken=broken)
