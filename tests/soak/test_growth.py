"""What the day-long run calls growing: a leak of each kind is found, and what only wavers is not."""

import asyncio
import random
import socket
from collections.abc import Callable
from pathlib import Path

from tests.soak.endurance import figures
from tests.soak.growth import Verdict, judged

SAMPLES = 48


def sampled(journal: Path, leak: Callable[[], object]) -> dict[str, Verdict]:
    """Real samples of this process while something is done between them."""

    async def run() -> dict[str, Verdict]:
        rows = []
        for _ in range(SAMPLES):
            leak()
            rows.append(figures(journal))
        return {row.name: row for row in judged(rows)}

    return asyncio.run(run())


def test_a_daemon_at_rest_does_not_grow(tmp_path: Path) -> None:
    """Nothing happens between the samples."""
    assert not any(row.grows for name, row in sampled(tmp_path / "none.db", list).items() if name != "rss_kb")


def test_a_list_that_grows_is_found(tmp_path: Path) -> None:
    """Something is kept in every cycle and never let go."""
    kept: list[object] = []

    def keep() -> None:
        kept.extend([[] for _ in range(400)])

    found = sampled(tmp_path / "none.db", keep)
    assert found["objects"].grows
    assert not found["handles"].grows


def test_a_session_that_is_not_closed_is_found(tmp_path: Path) -> None:
    """A socket is opened in every cycle and forgotten."""
    kept: list[socket.socket] = []
    try:
        assert sampled(tmp_path / "none.db", lambda: kept.append(socket.socket()))["handles"].grows
    finally:
        for one in kept:
            one.close()


def test_a_task_that_never_ends_is_found(tmp_path: Path) -> None:
    """A task is started in every cycle and waits for ever."""
    found = sampled(tmp_path / "none.db", lambda: asyncio.get_running_loop().create_task(asyncio.sleep(3600)))
    assert found["tasks"].grows


def test_a_journal_that_is_never_thinned_is_found() -> None:
    """It grows by the same amount to the end; one that wavers does not."""
    chance = random.Random(1)
    growing = [{"journal_kb": 1000.0 + 30 * number} for number in range(SAMPLES)]
    wavering = [{"journal_kb": 9000.0 + chance.uniform(-400, 400)} for _ in range(SAMPLES)]
    assert [row.grows for row in judged(growing)] == [True]
    assert [row.grows for row in judged(wavering)] == [False]


def test_memory_that_creeps_is_found() -> None:
    """Three kilobytes a cycle are eight megabytes a day."""
    chance = random.Random(2)
    creeping = [{"rss_kb": 100_000 + 90.0 * number + chance.uniform(-500, 500)} for number in range(96)]
    still = [{"rss_kb": 100_000 + chance.uniform(-500, 500)} for _ in range(96)]
    assert [row.grows for row in judged(creeping)] == [True]
    assert [row.grows for row in judged(still)] == [False]
