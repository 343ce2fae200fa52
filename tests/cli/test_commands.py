"""The command as a process and as a function: sentences, exit codes, no traceback."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.cli import endings, run
from bot.cli.parser import parse
from bot.domain import errors
from bot.sim.scenarios import SCENARIOS
from bot.sim.sudden import LEAPS
from tests.settings.profiles import GOOD

COMMANDS = ("check", "plan", "once", "run", "status", "flatten", "pause", "resume", "journal", "localnet", "demo")
CODES = {
    errors.ConfigurationError("x"): 2,
    errors.JournalError("x"): 2,
    errors.Unavailable("x"): 3,
    errors.Stale("x"): 3,
    errors.Refused("x", code="-2019"): 4,
    errors.Forbidden("x"): 4,
    errors.AccountBusy("x"): 5,
    errors.Halted("x"): 70,
    errors.Unknown("x"): 1,
}


def command(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run `ballast` as a person would, in an empty directory and without the settings of this machine."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BALLAST_")}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", *arguments],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def profile(directory: Path, text: str = GOOD) -> str:
    """A profile on disk."""
    path = directory / "given.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` explains and shows how it is called."""
    assert run([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert "examples:" in said
    assert f"ballast {name}" in said
    assert "--config" in said


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nope",),
        ("once", "--cofig", "x"),
        ("plan", "--config", "/nowhere/absent.toml"),
        ("localnet", "--speed", "0"),
        ("localnet", "--scenario", "calm", "--tape", "x"),
        ("demo", "--tape", "/nowhere/absent"),
        ("demo", "--seed", "x"),
        ("once", "--log-level", "loud"),
    ],
)
def test_wrong_use_is_a_sentence_and_2(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong flags and absent files end with code 2 and one sentence."""
    assert run(list(arguments)) == 2
    said = capsys.readouterr()
    assert said.err.startswith("ballast: ")
    assert "Traceback" not in said.err
    assert said.out == ""


def test_bad_profile_ends_with_2_as_sentence_and_json(tmp_path: Path) -> None:
    """People read standard error, machines one object on standard output; the secret is in neither."""
    bad = GOOD.replace('ratio = "0.5"', 'ratio = "1.4"').replace('id = "binance"', 'id = "binance"\napi_key = "canary"')
    ended = command("plan", "--json", "--config", profile(tmp_path, bad), directory=tmp_path)
    assert ended.returncode == 2
    told = json.loads(ended.stdout)
    assert (told["schema"], told["exit_code"]) == (1, 2)
    assert "ratio" in told["error"]
    assert "1.4" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "canary" not in ended.stdout + ended.stderr


def test_no_profile_says_what_is_missing(tmp_path: Path) -> None:
    """In an empty directory the first thing missing is a venue."""
    ended = command("plan", directory=tmp_path)
    assert ended.returncode == 2
    assert "There is no profile" in ended.stderr


def test_profiles_may_stand_before_and_after_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later wins, wherever they are given; without any the environment names them."""
    assert [str(path) for path in parse(["--config", "a", "plan", "--config", "b", "--config", "c"]).config] == [*"abc"]
    monkeypatch.setenv("BALLAST_CONFIG", f"x{os.pathsep}y")
    assert [str(path) for path in parse(["plan"]).config] == ["x", "y"]


@pytest.mark.parametrize(("before", "after"), [(["--json"], []), ([], ["--json"])])
def test_flags_may_stand_before_and_after_the_command(before: list[str], after: list[str]) -> None:
    """A flag given before the command is not forgotten after it."""
    assert parse([*before, "plan", *after]).json


@pytest.mark.parametrize("error", CODES, ids=lambda error: type(error).__name__)
def test_every_error_has_its_exit_code(error: errors.BallastError, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of the manual, error by error."""
    assert endings.told(error, as_json=True) == CODES[error]
    assert json.loads(capsys.readouterr().out)["exit_code"] == CODES[error]


def test_unforeseen_error_is_one_line_and_70(capsys: pytest.CaptureFixture[str]) -> None:
    """A bug of ours is no wall of text either."""
    assert endings.unexpected(ZeroDivisionError("by\nzero"), as_json=False) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "please report" in said


def test_trace_of_an_unforeseen_error_is_in_the_debug_log(tmp_path: Path) -> None:
    """Whoever wants the places asks for them."""
    code = "from bot.cli import endings; from bot.logs import configure_logs; configure_logs(level='debug');"
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code + "endings.unexpected(ValueError('lost'), as_json=False)"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "command.failed" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_manual_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`check --explain` needs no profile."""
    assert run(["check", "--explain"]) == 0
    assert "`band_outer`" in capsys.readouterr().out


def test_closed_pipe_is_silent(tmp_path: Path) -> None:
    """`ballast check --explain | head -0` prints no trace."""
    reading, writing = os.pipe()
    os.close(reading)
    started = subprocess.Popen(
        [sys.executable, "-m", "bot", "check", "--explain"],
        cwd=Path(__file__).parents[2],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    _, said = started.communicate(timeout=60)
    assert said == ""
    assert started.returncode == 141


@pytest.mark.parametrize("wait_s", [0.02, 0.1, 0.4])
def test_ctrl_c_is_quiet(wait_s: float, tmp_path: Path) -> None:
    """Interrupted at any moment after Python has begun our code, it leaves with 130 and without a word."""
    timer = f"threading.Timer({wait_s}, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
    # The longest wait begins when everything is imported: on a busy machine that alone may take longer.
    early, late = ("", timer) if wait_s >= 0.4 else (timer, "")
    code = (
        "import os, signal, sys, threading\n"
        f"{early}"
        "from bot.__main__ import main\n"
        "import bot.cli.pages as pages, bot.cli.handlers as handlers\n"
        f"{late}"
        "sys.argv = ['ballast', 'status', '--watch']\n"
        "pages._status = lambda *_, **__: (0, '')\n"
        f"sys.argv += ['--config', {profile(tmp_path)!r}]\n"
        "sys.exit(main())\n"
    )
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if wait_s >= 0.4:
        assert (ended.returncode, ended.stderr) == (130, "")
    else:
        assert ended.returncode in (130, -signal.SIGINT)


def test_a_pause_without_a_reason_is_still_shown(tmp_path: Path) -> None:
    """An empty reason does not hide the pause."""
    given = profile(tmp_path)
    assert command("pause", "--reason", " ", "--config", given, directory=tmp_path).returncode == 0
    assert "PAUSED: paused by hand" in command("status", "--config", given, directory=tmp_path).stdout


def test_every_scenario_is_named_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The words of the help are not made from the simulator, which would cost every command its start."""
    with pytest.raises(SystemExit):
        parse(["localnet", "--help"])
    told = capsys.readouterr().out
    assert [name for name in (*SCENARIOS, *LEAPS) if name not in told] == []
