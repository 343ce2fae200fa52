"""`ballast check --venue`: what a venue can do, without a profile; how the account stands, with one."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.abilities import abilities
from bot.cli import run
from bot.cli.venue_page import page
from bot.doctor import Finding, examine
from bot.exchange.quirks import KNOWN
from bot.settings import load_settings
from bot.sim.wire.codecs import SPOKEN
from tests.acceptance.stage import stage
from tests.settings.profiles import GOOD


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BALLAST_CONFIG", raising=False)


@pytest.mark.parametrize("venue", KNOWN)
def test_what_a_venue_can_do_is_told_without_a_profile(venue: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Eighty columns, a source and a proof for every answer, and exit code 0."""
    assert run(["check", "--venue", venue]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 80
    told = " ".join(out.split())
    for row in abilities(venue):
        assert f"from {row.source}; {row.proof}" in told
    assert "asked nothing" in told


def test_machines_read_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """One object, answers and sources as fields."""
    assert run(["check", "--venue", "mexc", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["venue"], told["findings"], told["exit_code"]) == (1, "mexc", [], 0)
    assert {"name": "sandbox", "answer": "none", "source": "ccxt urls.test and the manual", "proof": "unverified"} in (
        told["abilities"]
    )


@pytest.mark.parametrize(("venue", "why"), [("ftx", "not a venue"), ("bnance", "not a venue")])
def test_an_unknown_venue_is_named(venue: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and what there is instead."""
    assert run(["check", "--venue", venue]) == 2
    assert why in capsys.readouterr().err


def test_a_profile_without_the_venue_asks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the table says is told all the same."""
    (tmp_path / "given.toml").write_text(GOOD, encoding="utf-8")
    assert run(["check", "--venue", "mexc", "--config", "given.toml"]) == 0
    assert 'no [[venues]] entry with id = "mexc"' in " ".join(capsys.readouterr().out.split())


async def _examined(venue: str, secret: str | None = None) -> tuple[Finding, ...]:
    async with stage(venue, secret=secret) as world:
        return await examine(world.settings, only=venue)


@pytest.mark.parametrize("venue", SPOKEN)
def test_the_account_is_looked_at_before_the_first_order(venue: str) -> None:
    """Clock, key, position mode, minimums and margin over real sockets; nothing fails on a good account."""
    findings = asyncio.run(_examined(venue))
    topics = {row.topic for row in findings}
    wanted = {f"{venue} {what}" for what in ("clock", "key", "balances", "position mode", "instruments", "margin")}
    assert wanted <= topics
    assert [row for row in findings if row.verdict == "fail"] == []
    minimums = next(row.text for row in findings if row.topic == f"{venue} instruments")
    assert "BTC/USDT:USDT (from" in minimums
    shown = page(venue, "2026-11-25", abilities(venue), findings, "")
    assert max(len(line) for line in shown.splitlines()) <= 80


@pytest.mark.parametrize("venue", SPOKEN)
def test_a_wrong_key_is_a_failure_with_a_sentence(venue: str) -> None:
    """The venue's refusal is told as what it means."""
    findings = asyncio.run(_examined(venue, secret="localnet-wrong"))
    (failed,) = [row for row in findings if row.verdict == "fail"]
    assert failed.exit_code == 3
    assert "API key" in failed.text


@pytest.mark.parametrize("venue", SPOKEN)
def test_without_a_key_the_minimums_are_told(venue: str) -> None:
    """A dry run has none, and wants to know what could be hedged."""

    async def look() -> tuple[Finding, ...]:
        async with stage(venue) as world:
            bare = world.folder / "bare.toml"
            text = (world.folder / "profile.toml").read_text(encoding="utf-8")
            bare.write_text(text.replace('mode = "testnet"', 'mode = "dry-run"').replace("ballast.db", "dry.db"))
            settings = load_settings([bare], environ={}, env_file=None)
            world.answering.seen.clear()
            return await examine(settings, only=venue)

    findings = asyncio.run(look())
    assert [row for row in findings if row.verdict == "fail"] == []
    assert any("ETH/USDT:USDT (from" in row.text for row in findings)
