"""An oracle that cannot fail proves nothing: each deliberate defect must be caught."""

import pytest

from tests.soak.audit import audit
from tests.soak.mutants import MUTANTS, Mutant
from tests.soak.runner import run
from tests.soak.schedule import draw

SEEDS_MAX = 60


def test_there_are_enough_defects() -> None:
    """A dozen at least, each with a name of its own."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_audit_catches(mutant: Mutant) -> None:
    """Within a few dozen seeds, by one of the rules that are there for it."""
    for seed in range(SEEDS_MAX):
        with mutant.apply():
            found = audit(run(draw(seed, 40, intensity=mutant.intensity, kinds=mutant.kinds)))
        if any(row.rule in mutant.rules for row in found):
            return
    pytest.fail(f"{mutant.name} ({mutant.defect}) went unnoticed over {SEEDS_MAX} seeds")
