"""Drills of disk, journal, configuration, time and instances: a sample of each, and the defects they have to notice."""

import pytest

from tests.soak.drills import DRILLS, play


@pytest.mark.parametrize("name", sorted(DRILLS))
def test_a_drill_breaks_nothing(name: str) -> None:
    """The first variant here; `make soak` plays many."""
    trial = play(DRILLS[name], 0)
    assert trial.broken == (), f"{trial.name}: {trial.broken[:3]}"
