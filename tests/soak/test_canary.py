"""Keys nowhere: real commands leave none behind, and the scanner finds every one that was planted."""

import base64
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

from tests.soak import canary
from tests.soak.canary import KEY, found_in, found_in_folder, found_in_process


@pytest.mark.parametrize("number", [1, 2], ids=["commands", "daemon"])
def test_no_key_is_left_behind(number: int) -> None:
    """Output, logs at debug, journal and its companions, cache, page, metrics, alerts, command lines, children."""
    assert canary.trial(number).broken == ()


@pytest.mark.parametrize(
    "planted",
    [
        KEY.key,
        KEY.secret,
        KEY.secret[:14],
        KEY.passphrase,
        base64.b64encode(KEY.secret.encode()).decode(),
        urllib.parse.quote(f'{{"apiKey": "{KEY.key}"}}'),
        "https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&signature=0123456789abcdef0123456789abcdef",
    ],
)
def test_a_planted_key_is_found_in_text(planted: str) -> None:
    """Whole, its beginning, packed for a URL or in base64; a signature counts as well."""
    assert found_in(f"something {planted} else", "a text")
    assert found_in(planted.encode("utf-16-le"), "a text") or "signature" in planted or "%" in planted or "=" in planted
    assert not found_in("something else, signature=<hidden>", "a text")


def test_a_planted_key_is_found_in_a_journal_and_its_companion(tmp_path: Path) -> None:
    """The write-ahead log holds what is not in the file yet."""
    journal = sqlite3.connect(tmp_path / "ballast.db")
    journal.execute("PRAGMA journal_mode=WAL")
    journal.execute("CREATE TABLE events (text TEXT)")
    assert found_in_folder(tmp_path) == []
    journal.execute("INSERT INTO events VALUES (?)", (f"refused: {KEY.key}",))
    journal.commit()
    assert found_in_folder(tmp_path) == ["S1 the key in ballast.db-wal"]
    journal.close()
    assert found_in_folder(tmp_path) == ["S1 the key in ballast.db"]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc here")
def test_a_key_in_a_command_line_or_a_child_is_found() -> None:
    """A child is started with the key in its environment, and another with it on its command line."""
    parent = """if True:
        import os, subprocess, sys
        kept = {**os.environ, "K": sys.stdin.readline().strip()}
        words = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(words, env=kept)
        print("ready", flush=True)
        child.wait()
    """
    for words, planted, where in (
        ([sys.executable, "-c", parent], KEY.secret, "the environment of a child"),
        ([sys.executable, "-c", parent, KEY.secret], "nothing", "a command line"),
    ):
        running = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(f"{planted}\n")
        running.stdin.flush()
        assert running.stdout.readline() == "ready\n"
        try:
            assert _shows(running.pid, where)
        finally:
            for child in canary._children(running.pid):
                os.kill(child, signal.SIGTERM)
            running.communicate(timeout=20)


def _shows(pid: int, where: str) -> bool:
    """Whether it is found in time: the system lists a new child a moment after it was started."""
    for _ in range(50):
        if any(where in row for row in found_in_process(pid)):
            return True
        time.sleep(0.1)
    return False
