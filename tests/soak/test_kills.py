"""Real processes, real sockets, real disk, real SIGKILLs: after each the journal is whole and nothing is doubled."""

from collections.abc import Iterator

import pytest

from tests.soak.kills import Worker

KILLS = 50


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    started = Worker()
    yield started
    started.close()


def test_kills_at_bytes_commits_and_instants_double_nothing_and_lose_nothing(worker: Worker) -> None:
    """Killed again and again, also while it recovers, it finds out, doubles nothing and arrives at its hedge."""
    number, killed, faults = 0, 0, set[str]()
    while killed < KILLS:
        trial = worker.play(number)
        assert not trial.broken, f"{trial.name}: {trial.broken[:3]}"
        killed += trial.kills
        faults |= set(trial.faults)
        number += 1
    assert {"F87", "F88", "F89"} <= faults


@pytest.mark.parametrize(
    ("defect", "rules"),
    [
        ("journal-after-send", {"A2"}),
        ("no-settlement", {"A5", "D4", "L1", "L3", "B5"}),
        ("id-by-chance", {"A2", "A5", "D4", "L1", "L3"}),
    ],
)
def test_the_judge_of_kills_sees_a_deliberate_defect(worker: Worker, defect: str, rules: set[str]) -> None:
    """A bot with a safeguard taken out is found out within three trials."""
    for number in range(3):
        trial = worker.play(number, defect)
        if trial.broken:
            assert {row.split(" ", 1)[0] for row in trial.broken} <= rules, trial.broken
            return
    pytest.fail(f"{defect} was not noticed")
