"""Drills of disk, journal, configuration, time and instances: each fault in many variants, without a schedule.

A variant's name says how to play it again: `python -m tests.soak.drills NAME`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tests.soak.trial import Trial

Drill = Callable[[int], Iterator[Trial]]
DRILLS: Final[dict[str, Drill]] = {}


def trials(repeat: int) -> Iterator[Trial]:
    """Play every drill; each of its faults strikes at least `repeat` times, in different variants where there are."""
    for drill in DRILLS.values():
        yield from drill(repeat)
