"""Many seeds, judged in processes of their own; and the same for every deliberate defect."""

from tests.soak.audit import audit
from tests.soak.mutants import MUTANTS
from tests.soak.runner import run
from tests.soak.schedule import draw


def judged(cycles: int, seed: int) -> tuple[int, list[str], str, dict[str, int], int]:
    """One seed: its broken rules, the name of its ledger, what struck, how often it was killed."""
    evidence = run(draw(seed, cycles))
    return seed, [str(row) for row in audit(evidence)], evidence.ledger_hash(), evidence.faults, evidence.kills


def noticed(cycles: int, task: tuple[int, int]) -> tuple[int, list[str]]:
    """One seed with one defect: which of the defect's rules were seen broken."""
    mutant, seed = MUTANTS[task[0]], task[1]
    with mutant.apply():
        evidence = run(draw(seed, cycles, intensity=mutant.intensity, kinds=mutant.kinds))
    return task[0], sorted({row.rule for row in audit(evidence)} & mutant.rules)
