"""Drills of disk, journal, configuration, time and instances: a sample of each, and the defects they have to notice."""

import pytest

from tests.soak.drills import DRILLS, again, play
from tests.soak.drills.defects import DEFECTS, Defect

WANTED = {"F85", *(f"F{number}" for number in range(90, 105))}


@pytest.mark.parametrize("name", sorted(DRILLS))
def test_a_drill_breaks_nothing(name: str) -> None:
    """One variant here; `make soak` plays many."""
    trial = play(DRILLS[name], 2)
    assert trial.broken == (), f"{trial.name}: {trial.broken[:3]}"


def test_every_fault_of_operations_has_a_drill() -> None:
    """What the catalogue lists under process, disk, journal, time and operations, kills left to those who kill."""
    assert {fault for drill in DRILLS.values() for fault in drill.faults} >= WANTED


@pytest.mark.parametrize("defect", DEFECTS, ids=[row.name for row in DEFECTS])
def test_a_deliberate_defect_is_noticed(defect: Defect) -> None:
    """A bot with a safeguard taken out breaks a rule within the variants named."""
    with defect.surgery():
        found = {text.split(" ", 1)[0] for name in defect.variants for text in again(name).broken}
    assert found & defect.rules, found


def test_a_name_plays_the_same_variant_again() -> None:
    """Whoever reads a name in a report can play it."""
    assert again("clock-jumps/7") == play(DRILLS["clock-jumps"], 7)
