"""The proof that the audit bites: every deliberate defect is noticed within a few seeds."""

import pytest

from tests.soak import mutants_of_safeguards
from tests.soak.campaign import hunt
from tests.soak.defects import MUTANTS, Mutant
from tests.soak.surgery import placed, without_guards

CYCLES = 40
SEEDS = 40
MUTANTS_MIN = 25


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda row: row.name)
def test_the_audit_notices(mutant: Mutant, capsys: pytest.CaptureFixture[str]) -> None:
    """The bot without one of its safeguards breaks one of the rules that safeguard stands for."""
    order = [*mutant.shown_by, *(seed for seed in range(SEEDS) if seed not in mutant.shown_by)]
    found = hunt(mutant, order, CYCLES)
    if found.rule is None:
        pytest.fail(str(found))
    with capsys.disabled():
        print(f"\n  {found}")


def test_there_are_enough_mutants() -> None:
    """Two dozen at least, each with a name of its own."""
    assert len({row.name for row in MUTANTS}) == len(MUTANTS) >= MUTANTS_MIN


def test_a_safeguard_that_moved_is_no_silent_success() -> None:
    """A defect that replaces nothing says so instead of changing nothing."""
    with pytest.raises(AttributeError), placed(mutants_of_safeguards, "no such function", print):
        pass
    with pytest.raises(LookupError, match="no guard named"), without_guards("no such guard"):
        pass
