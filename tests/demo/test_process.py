"""The demo as a command of its own."""

import re
import signal
import subprocess
import sys


def test_ctrl_c_ends_with_the_summary_so_far() -> None:
    """An interrupt is no error: what was seen until then is summed up, and no trace is printed."""
    command = [sys.executable, "-m", "bot", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline()]
        # a busy machine shows fewer lines; whichever comes first will do
        while not re.search(r"\b01-\d\d \d\d:\d\d", lines[-1]) and lines[-1]:
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        errors = process.stderr.read()
    assert process.returncode == 0
    assert "Stopped by you at 2025-01-" in rest
    assert "worth at the end" in rest
    assert not errors
