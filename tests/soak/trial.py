"""What every part of the soak beside the seeded schedules reports: one trial, which faults struck in it, what broke."""

from dataclasses import dataclass


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
