"""What every part of the soak beside the seeded schedules reports: one trial, which faults struck in it, what broke."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial: a name that says how to play it again, faults of the catalogue ("F91") that struck, broken rules.

    `kills` counts real SIGKILLs; `trace` names the course of events where it is the same in every run, else is empty.
    """

    name: str
    faults: tuple[str, ...]
    broken: tuple[str, ...] = ()
    kills: int = 0
    trace: str = ""


def spread(play: Callable[[Case], Trial], cases: Iterable[Case], jobs: int, *, after: int = 0) -> Iterator[Trial]:
    """Play every case but the first `after`, in order, in so many processes; with one in this process."""
    left = islice(cases, after, None)
    if jobs == 1:
        yield from map(play, left)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(play, left)
