"""What is installed is what was locked, under the names that were meant; and what the audit says when it cannot ask."""

import ast
import base64
import csv
import hashlib
import re
from importlib import metadata
from pathlib import Path

import pytest

from bot.exchange.client import exchange_class
from tests.supply import audit

ROOT = Path(__file__).parents[2]
VENUES = ("binance", "bybit", "bingx", "weex", "mexc")
NAME = re.compile(r"^([a-zA-Z0-9._-]+)==(\S+) \\$", re.MULTILINE)
LOADED = ("async_support/base/exchange.py", "base/exchange.py", "base/precise.py", "base/errors.py")


def locked(lock: str) -> dict[str, str]:
    return dict(NAME.findall((ROOT / lock).read_text(encoding="utf-8")))


@pytest.mark.parametrize("lock", audit.LOCKS)
def test_every_requirement_is_locked_by_version_and_hash(lock: str) -> None:
    """No address, no option, no name without a hash; one requirement of each name."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    names = [name for name, _ in NAME.findall(text)]
    assert len(names) == len(set(names)) > 0
    assert not re.search(r"://|^-|file:", text, re.MULTILINE)
    blocks = re.split(r"(?m)^(?=[a-zA-Z0-9])", text)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_library_that_signs_is_the_one_that_was_meant() -> None:
    """Packages with nearly its name have replaced its methods and faked what they had done; ours is `ccxt` alone."""
    for lock in ("requirements.lock", "requirements-alerts.lock", "requirements-test.lock"):
        assert [name for name in locked(lock) if "ccxt" in name.lower()] in ([], ["ccxt"])
    wanted = {name for name in (dist.metadata["Name"] for dist in metadata.distributions()) if "ccxt" in name.lower()}
    assert wanted == {"ccxt"}
    assert metadata.version("ccxt") == locked("requirements.lock")["ccxt"]


def test_the_files_that_sign_are_those_of_its_wheel() -> None:
    """Byte for byte: what the wheel recorded of each file is what is on this disk."""
    dist = metadata.distribution("ccxt")
    recorded = {row[0]: row[1] for row in csv.reader((dist.read_text("RECORD") or "").splitlines())}
    names = [*LOADED, *(f"async_support/{venue}.py" for venue in VENUES), *(f"abstract/{venue}.py" for venue in VENUES)]
    for name in names:
        kind, _, digest = recorded[f"ccxt/{name}"].partition("=")
        content = Path(str(dist.locate_file(f"ccxt/{name}"))).read_bytes()
        assert kind == "sha256"
        assert base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode() == digest, name


@pytest.mark.parametrize("venue", VENUES)
def test_nobody_stands_between_a_venue_and_its_class(venue: str) -> None:
    """Every class it is made of comes from the files of that wheel."""
    folder = Path(str(metadata.distribution("ccxt").locate_file("ccxt"))).resolve()
    for one in exchange_class(venue).__mro__[:-1]:
        module = __import__(one.__module__, fromlist=["x"])
        if module.__name__ in ("abc", "builtins"):
            continue
        assert Path(str(module.__file__)).resolve().is_relative_to(folder), one


def test_nothing_is_read_that_could_run() -> None:
    """No pickle, no yaml, no eval: what comes from outside is JSON or TOML."""
    forbidden = {"pickle", "marshal", "shelve", "yaml", "dill"}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not {name.name.partition(".")[0] for name in node.names} & forbidden, path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in forbidden, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), path


def test_only_wheels_are_installed() -> None:
    """A source distribution runs code while it is installed."""
    for name in ("Makefile", "Dockerfile"):
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        for line in text.splitlines():
            if "--require-hashes" in line and "pip" in line.lower() and not line.startswith("#"):
                for part in line.split("--require-hashes")[1:]:
                    assert part.split()[:2] == ["--only-binary", ":all:"], (name, line)


def test_an_audit_that_could_not_ask_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Silence of the database is not the same as no vulnerability."""
    for report in ("", "[]", '{"dependencies": [{"name": "a", "skip_reason": "not found"}]}'):
        assert audit.told("requirements.lock", report) == audit.UNREACHED
        assert "NOT AUDITED" in capsys.readouterr().out


def test_an_audit_tells_what_is_known_and_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """One vulnerable package, one clean, one that was skipped."""
    rows = """{"dependencies": [
        {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]},
        {"name": "b", "version": "1", "vulns": []}, {"name": "c", "skip_reason": "not found"}]}"""
    assert audit.told("requirements.lock", rows) == 1
    said = capsys.readouterr().out
    assert "a 1: CVE-1, mended in 2" in said
    assert "c was not audited" in said
    assert "2 packages audited, 1 known" in said
    assert audit.told("requirements.lock", '{"dependencies": [{"name": "b", "version": "1", "vulns": []}]}') == 0
