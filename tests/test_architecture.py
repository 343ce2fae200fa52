"""The house rules that a machine can check."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.manual import manual
from bot.settings import load_settings

ROOT = Path(__file__).parents[1]
LINES_MAX = 400
NAMELESS = {"utils", "util", "base", "common", "helpers", "helper", "misc", "manager", "core", "shared"}
WORLDLY = {
    "ccxt",
    "aiohttp",
    "asyncio",
    "structlog",
    "sqlite3",
    "time",
    "random",
    "os",
    "socket",
    "subprocess",
    "threading",
}
THINKING = (
    "bot/domain/*.py",
    "bot/policy/**/*.py",
    "bot/risk/*.py",
    "bot/execution/planner.py",
    "bot/execution/client_id.py",
    "bot/exchange/translate*.py",
    "bot/exchange/quirks*.py",
    "bot/circumstances.py",
    "bot/deliberate.py",
    "bot/ending.py",
    "bot/series.py",
    "bot/setaside.py",
    "bot/upkeep.py",
    "bot/sim/model.py",
    "bot/sim/engine.py",
    "bot/sim/frictions.py",
    "bot/sim/margin.py",
    "bot/sim/booking.py",
    "bot/sim/matching.py",
    "bot/sim/settlement.py",
    "bot/sim/state.py",
    "bot/sim/wire/*.py",
)
PROFILES = sorted((ROOT / "config").glob("*.toml"))
LIVE = {
    "BALLAST_VENUES__BINANCE__API_KEY": "canary-key",
    "BALLAST_VENUES__BINANCE__API_SECRET": "canary-secret",
}


def modules() -> Iterator[Path]:
    yield from sorted((ROOT / "bot").rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    """The top-level names of everything a module imports, inside functions as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_floors_hold() -> None:
    """Imports go down the house only; no circles; ccxt in one place (contracts in pyproject.toml)."""
    checked = subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("pattern", THINKING)
def test_thinking_code_touches_no_world(pattern: str) -> None:
    """No input, output, clock, chance or third-party machinery where decisions are made."""
    for path in ROOT.glob(pattern):
        found = WORLDLY & set(imported(parsed(path)))
        assert not found, f"{path.relative_to(ROOT)} imports {', '.join(sorted(found))}"


def test_ccxt_is_met_in_exchange_only() -> None:
    """Everything else speaks the domain's words."""
    for path in modules():
        if "ccxt" in set(imported(parsed(path))):
            assert path.parent.name == "exchange", f"{path.relative_to(ROOT)} imports ccxt"


def test_files_are_short() -> None:
    """A file that outgrows a few screens wants to be two."""
    long = {
        str(path.relative_to(ROOT)): lines for path in modules() if (lines := path.read_text().count("\n")) > LINES_MAX
    }
    assert not long


def test_files_are_named_after_questions() -> None:
    """No drawer for things without a place."""
    named = [str(path.relative_to(ROOT)) for path in modules() if path.stem in NAMELESS or path.parent.name in NAMELESS]
    assert not named


def test_writes_are_never_retried() -> None:
    """Only reads are retried: no module that writes to a venue imports it, and no writing method carries a retry."""
    writing = {"place_order", "cancel_order", "set_leverage", "set_margin_mode", "transfer"}
    for path in modules():
        tree = parsed(path)
        if path.stem.endswith("writes") or path.parent.name == "execution":
            assert "tenacity" not in set(imported(tree)), f"{path.relative_to(ROOT)} imports tenacity"
        for node in ast.walk(tree):
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name in writing:
                marks = [ast.unparse(mark) for mark in node.decorator_list]
                assert not any("retr" in mark or "read" in mark for mark in marks), f"{path.name}: {node.name} {marks}"


def test_manual_is_up_to_date() -> None:
    """docs/configuration.md is what the code says; `make docs` prints it anew."""
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == manual()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_profiles_in_config_load(path: Path) -> None:
    """What we hand out can be used as it is; the live one after its confirmation."""
    settings = load_settings([path], environ=LIVE, env_file=None, confirm_live="family-main")
    assert settings.hedge_venue.hedges


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock", "requirements-alerts.lock"])
def test_requirements_are_locked_by_hash_and_name_no_index(name: str) -> None:
    """Each package has hashes; no address and no path of a machine is in the file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "file:" not in text
    blocks = [block for block in text.replace("\\\n", " ").splitlines() if block.strip() and not block.startswith("#")]
    assert blocks
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)


def test_runtime_lock_covers_what_the_project_declares() -> None:
    """A dependency that was added to pyproject.toml is in the lock as well."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    wanted = [*project["dependencies"], *project["optional-dependencies"]["tape"]]
    assert {name.split("=")[0].split(">")[0] for name in wanted} <= locked
