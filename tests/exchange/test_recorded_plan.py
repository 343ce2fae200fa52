"""`ballast plan` and `ballast check` of a dry run, end to end, on the recorded public replies of every venue."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot import doctor
from bot.cycle import preview_cycle, run_cycle
from bot.doctor import examine
from bot.domain.published import published
from bot.domain.record import CycleRecord
from bot.exchange import session
from bot.exchange.quirks import KNOWN, quirks_of
from bot.settings import Settings, load_settings
from bot.wiring import open_desk
from tests.exchange.replay import Replay
from tests.exchange.test_recorded import FACTS, READ_ONLY
from tests.exchange.world import FrozenClock

D = Decimal
PROFILE = """
mode = "dry-run"
[portfolio]
name = "family"
quote = "{quote}"
stablecoins = ["{quote}"]
peg_reference = ""
[dry_run.balances]
BTC = "0.5"
{quote} = "30000"
[[venues]]
id = "{venue}"
[policy.size]
ratio = "0.5"
[journal]
path = "{folder}/ballast.db"
"""
SECRETS = ("key", "sign", "authent", "authorization", "passphrase")


def settings_of(venue: str, folder: Path) -> Settings:
    path = folder / "profile.toml"
    path.write_text(PROFILE.format(venue=venue, quote=FACTS[venue].quote, folder=folder))
    return load_settings([path], environ={}, env_file=None)


def planned(venue: str, replay: Replay, folder: Path) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        clock = FrozenClock(replay.recording.at)
        async with open_desk(settings_of(venue, folder), purpose="plan", clock=clock) as desk:
            return dict(published(await preview_cycle(desk)))

    return asyncio.run(run())


@pytest.mark.parametrize("venue", KNOWN)
def test_a_dry_run_plans_on_the_recorded_market(venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of 0.5 BTC is planned short, in the venue's own count, and nothing but public questions leaves."""
    replay = Replay(venue)
    monkeypatch.setattr(session, "aiohttp_transport", lambda: replay)
    plan = planned(venue, replay, tmp_path)
    row = quirks_of(venue)
    assert row is not None
    assert replay.unanswered == []
    (target,) = plan["targets"]
    quote = FACTS[venue].quote
    assert (target["venue"], target["symbol"]) == (venue, f"BTC/{quote}:{quote}")
    assert D("14900") < D(target["short_notional"]) <= D("15000.03")
    order = next(row for row in plan["intents"] if row["kind"] == "order")
    step = D(FACTS[venue].step)
    wanted = D("15000.025") / D("60010.5") if venue != "binance" else D("0.25")
    assert order["side"] == "sell"
    assert 0 <= wanted - D(order["amount"]) < 2 * step
    contracts = {"okx": D(100), "gate": D(10_000), "mexc": D(10_000)}.get(venue, D(1))
    assert D(target["contracts"]) == D(order["amount"]) * contracts
    for request in replay.requests:
        assert row.is_read(request.method, request.url.path), request.line
        assert str(request.url.host) in row.hosts_live
        assert not [name for name in request.headers if any(word in name.lower() for word in SECRETS)], request.line


@pytest.mark.parametrize("venue", READ_ONLY)
def test_a_dry_run_trades_in_the_simulation_alone(venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planned short is filled against the recorded book, remembered, and wanted no second time."""
    replay = Replay(venue)
    monkeypatch.setattr(session, "aiohttp_transport", lambda: replay)

    async def run() -> tuple[CycleRecord, CycleRecord]:
        clock = FrozenClock(replay.recording.at)
        async with open_desk(settings_of(venue, tmp_path), purpose="once", clock=clock) as desk:
            return await run_cycle(desk), await run_cycle(desk)

    first, second = asyncio.run(run())
    (outcome,) = [row for row in published(first)["outcomes"] if row["average_price"]]
    assert outcome["average_price"].startswith("60010")
    (position,) = published(second)["positions"]
    assert D(14900) < abs(D(position["notional"])) < D(15001)
    assert D(position["contracts"]) < 0
    assert published(second)["intents"] == []
    assert {request.method for request in replay.requests} == ({"POST"} if venue == "hyperliquid" else {"GET"})


@pytest.mark.parametrize("venue", READ_ONLY)
def test_check_looks_at_a_venue_that_is_only_read(venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor reaches it, says what its clock is, and that only public data is read."""
    replay = Replay(venue)
    monkeypatch.setattr(session, "aiohttp_transport", lambda: replay)
    monkeypatch.setattr(doctor, "SystemClock", lambda: FrozenClock(replay.recording.at))
    findings = asyncio.run(examine(settings_of(venue, tmp_path)))
    texts = {finding.topic: (finding.verdict, finding.text) for finding in findings}
    assert not [finding for finding in findings if finding.verdict == "fail"]
    assert "tells no time" in texts[f"{venue} clock"][1] or venue != "krakenfutures"
    assert texts[f"{venue} key"][1] == "no API key: public data only"
