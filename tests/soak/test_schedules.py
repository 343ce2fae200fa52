"""Five hundred seeded fault schedules of forty cycles each, judged by an audit that shares nothing with the bot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.audit import audit
from tests.soak.runner import run
from tests.soak.schedule import draw

SEEDS = 500
SHARDS = 20
CYCLES = 40
PRINT_HASHES = (
    "from tests.soak.runner import run; from tests.soak.schedule import draw\n"
    "print([run(draw(seed, 12)).ledger_hash() for seed in (3, 11)])"
)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_schedule_breaks_an_invariant(shard: int) -> None:
    """Whatever fails, whenever the bot is killed: every rule holds at every event, and it converges afterwards."""
    broken = [
        str(found[0])
        for seed in range(shard * SEEDS // SHARDS, (shard + 1) * SEEDS // SHARDS)
        if (found := audit(run(draw(seed, CYCLES))))
    ]
    assert not broken, "\n".join(broken)


def test_the_same_seed_gives_the_same_ledger_in_two_processes() -> None:
    """Neither hashing nor the process decides what happens."""
    root = Path(__file__).parents[2]
    told = [
        subprocess.run(
            [sys.executable, "-c", PRINT_HASHES],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(told[0]) > 100
