"""A failing run made small: what can be left out while the same rule still breaks is left out."""

from collections.abc import Iterator
from dataclasses import replace

from tests.soak.audit import audit
from tests.soak.evidence import Evidence
from tests.soak.runner import run
from tests.soak.schedule import CyclePlan, Schedule, draw

Thing = tuple[int, str, str]
RUNS_MAX = 80


def shrunk(seed: int, cycles: int, rule: str, runs_max: int = RUNS_MAX) -> list[str]:
    """What is left of a seed's story, one line each, in the order in which it happens.

    Things are dropped in halves, quarters and one by one; kept is what the broken rule needs.
    """
    whole = draw(seed, cycles)
    evidence = run(whole)
    first = next((row for row in audit(evidence) if row.rule == rule), None)
    if first is None:
        return [f"seed {seed} does not break {rule}"]
    if 0 <= first.cycle < len(whole.cycles) - 1:
        cut = replace(whole, cycles=whole.cycles[: first.cycle + 1])
        whole = cut if _breaks(run(cut), rule) else whole
    kept, runs = list(_things(whole, evidence)), 2
    size = len(kept)
    while size >= 1:
        place = 0
        while place < len(kept) and runs < runs_max:
            fewer = kept[:place] + kept[place + size :]
            runs += 1
            if _breaks(run(only(whole, fewer)), rule):
                kept = fewer
            else:
                place += size
        size //= 2
    lines = [f"cycle {cycle:3}: {kind} {words}".rstrip() for cycle, kind, words in sorted(kept)]
    return [f"seed {seed} breaks {rule} within {len(whole.cycles)} cycles by these {len(kept)} alone:", *lines]


def _breaks(evidence: Evidence, rule: str) -> bool:
    return any(row.rule == rule for row in audit(evidence))


def _things(schedule: Schedule, evidence: Evidence) -> Iterator[Thing]:
    for number, row in enumerate(schedule.cycles):
        yield from ((number, kind, words) for kind, words in _around(row))
    yield from sorted({(cycle, "fault", name) for cycle, name in evidence.struck if cycle < len(schedule.cycles)})


def _around(row: CyclePlan) -> Iterator[tuple[str, str]]:
    if row.kill is not None:
        yield "kill", f"at {row.kill.kind} {row.kill.nth}"
    if row.event:
        yield "event", row.event
    if row.hand:
        yield "hand", row.hand
    if row.skew_s:
        yield "clock", f"set by {row.skew_s:+.0f} s"
    if row.intruder:
        yield "intruder", ""


def only(schedule: Schedule, kept: list[Thing]) -> Schedule:
    """The same schedule with nothing but these things happening in it."""
    there = {(cycle, kind) for cycle, kind, _ in kept}
    cycles = tuple(
        replace(
            row,
            kill=row.kill if (number, "kill") in there else None,
            event=row.event if (number, "event") in there else "",
            hand=row.hand if (number, "hand") in there else "",
            skew_s=row.skew_s if (number, "clock") in there else 0.0,
            intruder=row.intruder and (number, "intruder") in there,
        )
        for number, row in enumerate(schedule.cycles)
    )
    faults = frozenset((cycle, name) for cycle, kind, name in kept if kind == "fault")
    return replace(schedule, cycles=cycles, faults_only=faults)
