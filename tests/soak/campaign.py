"""Many seeds, judged in processes of their own; and the same for every deliberate defect."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.soak.audit import audit
from tests.soak.catalogue import counted
from tests.soak.mutants import Mutant
from tests.soak.runner import run
from tests.soak.schedule import draw
from tests.soak.signs import signs
from tests.soak.surgery import MET


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One seed: its broken rules, the name of its ledger, what struck how often, how often it was killed.

    `faults` counts kinds of fault, `catalogue` faults of the catalogue by their number.
    """

    seed: int
    broken: list[str]
    ledger: str
    faults: dict[str, int]
    kills: int
    catalogue: dict[str, int] = field(default_factory=dict)
    venue: str = ""


def judged(cycles: int, seed: int) -> Verdict:
    """Play and judge one seed."""
    schedule = draw(seed, cycles)
    evidence = run(schedule)
    return Verdict(
        seed=seed,
        broken=[str(row) for row in audit(evidence)],
        ledger=evidence.ledger_hash(),
        faults=evidence.faults,
        kills=evidence.kills,
        catalogue=dict(counted(evidence.faults, schedule.venue, signs(schedule, evidence))),
        venue=schedule.venue,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the audit saw of one defect: which of its rules were broken, and how often each replaced place was met."""

    rules: tuple[str, ...]
    met: dict[str, int]


def noticed(mutant: Mutant, seed: int, cycles: int) -> Notice:
    """Play one seed with one defect. What is broken while no replaced place was met is not this defect's doing."""
    MET.clear()
    with mutant.apply():
        evidence = run(draw(seed, cycles, intensity=mutant.intensity, kinds=mutant.kinds, venue=mutant.venue))
    met = dict(MET)
    found = sorted({row.rule for row in audit(evidence)} & mutant.rules) if any(met.values()) else []
    return Notice(rules=tuple(found), met=met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """How a defect was found: by which rule, after how many seeds; None when nobody noticed."""

    name: str
    defect: str
    rule: str | None
    tried: int
    never_met: tuple[str, ...]

    def __str__(self) -> str:
        if self.rule is None:
            words = f"NOT NOTICED in {self.tried} seeds"
            if self.never_met:
                words += f"; never met: {', '.join(self.never_met)} (did the safeguard move?)"
            return f"{self.name:29} {words}: {self.defect}"
        return f"{self.name:29} noticed by {self.rule:4} after {self.tried:2} seed(s): {self.defect}"


def hunt(mutant: Mutant, seeds: Iterable[int], cycles: int) -> Hunt:
    """Play seeds until the audit notices the defect."""
    met: Counter[str] = Counter()
    tried = 0
    for seed in seeds:
        tried += 1
        notice = noticed(mutant, seed, cycles)
        met.update(notice.met)
        if notice.rules:
            return Hunt(name=mutant.name, defect=mutant.defect, rule=notice.rules[0], tried=tried, never_met=())
    never = tuple(sorted(place for place, times in met.items() if not times))
    return Hunt(name=mutant.name, defect=mutant.defect, rule=None, tried=tried, never_met=never)
