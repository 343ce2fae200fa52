"""The fault schedule: same seed, same faults; scripts strike where they say; nothing strikes by itself."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sim.faults import DEFAULT_KINDS, FAULTS, NONE, FaultSchedule, Script
from bot.sim.wire.binance import PATHS

AT = datetime(2025, 1, 1, tzinfo=UTC)
REQUESTS = [("GET", "/fapi/v1/time"), ("POST", "/fapi/v1/order"), ("GET", "/fapi/v3/positionRisk")] * 40


def drawn(seed: int, intensity: float) -> list[str]:
    schedule = FaultSchedule(Random(seed), intensity=intensity)  # noqa: S311 - luck, not secrets
    return [schedule.draw(method, path, AT, PATHS).name for method, path in REQUESTS]


@given(seed=st.integers(0, 2**32), intensity=st.floats(0, 1))
def test_one_seed_gives_one_sequence(seed: int, intensity: float) -> None:
    """Two schedules from one seed agree on every request."""
    assert drawn(seed, intensity) == drawn(seed, intensity)


@given(seed=st.integers(0, 2**32))
def test_a_fault_meets_only_requests_it_can_befall(seed: int) -> None:
    """No mark is distorted on an order, no read is carried out late."""
    schedule = FaultSchedule(Random(seed), intensity=1.0)  # noqa: S311 - luck, not secrets
    for method, path in REQUESTS:
        assert PATHS.holds(schedule.draw(method, path, AT, PATHS).scope, method, path)
    assert len(schedule.fired) == len(REQUESTS)
    assert set(schedule.counts) <= set(DEFAULT_KINDS)


def test_without_chance_nothing_strikes() -> None:
    """The default schedule is fair weather."""
    schedule = FaultSchedule()
    assert all(schedule.draw(method, path, AT, PATHS) is NONE for method, path in REQUESTS)
    assert schedule.requests == len(REQUESTS)
    assert not schedule.fired


def test_the_third_order_loses_its_reply() -> None:
    """A script counts only the requests it names and leaves a line for the audit."""
    schedule = FaultSchedule(scripts=[Script(fault="lost_reply", method="POST", path="/fapi/v1/order", nth=3)])
    names = [schedule.draw(method, path, AT, PATHS).name for method, path in REQUESTS[:12]]
    assert [index for index, name in enumerate(names) if name == "lost_reply"] == [7]
    (fired,) = schedule.fired
    assert (fired.sequence, fired.path, fired.executed) == (8, "/fapi/v1/order", True)


def test_unknown_faults_are_refused_by_name() -> None:
    """A misspelt fault is a mistake of the test, told at once."""
    with pytest.raises(ValueError, match="lost_repyl"):
        Script(fault="lost_repyl")
    with pytest.raises(ValueError, match="lost_repyl"):
        FaultSchedule(kinds=["lost_repyl"])


def test_the_catalogue_is_named_after_its_keys() -> None:
    """Each fault is found under its own name."""
    assert all(name == effect.name for name, effect in FAULTS.items())
