"""What is left of the keys when the process dies: nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

LOOK = """
import ctypes, resource
from bot.cli.run import run
run(["status", "--config", "/nowhere.toml"])
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the flag is Linux's own")
def test_no_core_file_can_be_written_of_a_command() -> None:
    """The limit is zero for good, and the process counts as one that must not be dumped."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LOOK],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "(0, 0) 0"
