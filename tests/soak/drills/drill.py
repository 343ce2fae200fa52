"""What a drill is: a name, the faults that strike in it, and how variant number n of it is played."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

Play = Callable[[Path, int], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """`play` is given a folder of its own and the number of the variant, and gives back what broke."""

    name: str
    faults: tuple[str, ...]
    play: Play


def drill(name: str, *faults: str) -> Callable[[Play], Drill]:
    """Make a drill of a function."""
    return lambda play: Drill(name=name, faults=faults, play=play)
