"""A seed that fails must fail again wherever it is tried."""

import os
import subprocess
import sys
from pathlib import Path

from tests.soak.schedule import draw
from tests.soak.speech import VENUES

ROOT = Path(__file__).parents[2]


def hashes(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", "--seeds", "1-10", "--cycles", "10", "--jobs", "1", "--hashes"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_these_seeds_speak_all_languages() -> None:
    """None of the five venues is left out."""
    assert {draw(seed, 1).venue for seed in range(1, 10)} == set(VENUES)


def test_the_same_seed_is_the_same_ledger_in_two_fresh_processes() -> None:
    """Neither the order of sets nor the address of anything decides what the bot does."""
    first, second = hashes("1"), hashes("4711")
    assert first.count("\n") == 9
    assert first == second
