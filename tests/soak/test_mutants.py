"""The proof that the audit bites: every deliberate defect is noticed within a few seeds."""

import pytest

from tests.soak.audit import audit
from tests.soak.mutants import MUTANTS, Mutant
from tests.soak.runner import run
from tests.soak.schedule import draw

CYCLES = 40
SEEDS = 40
MUTANTS_MIN = 12


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda row: row.name)
def test_the_audit_notices(mutant: Mutant, capsys: pytest.CaptureFixture[str]) -> None:
    """The bot without one of its safeguards breaks one of the rules that safeguard stands for."""
    order = [*mutant.shown_by, *(seed for seed in range(SEEDS) if seed not in mutant.shown_by)]
    for tried, seed in enumerate(order, 1):
        with mutant.apply():
            evidence = run(draw(seed, CYCLES, intensity=mutant.intensity, kinds=mutant.kinds))
        noticed = [row for row in audit(evidence) if row.rule in mutant.rules]
        if noticed:
            with capsys.disabled():
                print(f"\n  {mutant.name:24} noticed by {noticed[0].rule:4} after {tried} seed(s): {mutant.defect}")
            return
    pytest.fail(f"{mutant.name}: {mutant.defect}; {SEEDS} seeds went by and the audit saw nothing")


def test_there_are_enough_mutants() -> None:
    """A dozen at least, each with a name of its own."""
    assert len({row.name for row in MUTANTS}) == len(MUTANTS) >= MUTANTS_MIN
