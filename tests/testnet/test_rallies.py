"""A rally against the shorts, over real sockets, with the daemon as a process of its own and default settings."""

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.sim.answering import Answer
from bot.sim.localnet import LocalWorld, open_world, write_profile
from bot.sim.server import LocalServer
from bot.sim.sudden import CALM_FOR, LEAPS
from bot.sim.wire.request import WireRequest

HALTED = 70


@dataclass(slots=True)
class Story:
    """What the daemon told, cycle by cycle, and how it ended."""

    world: LocalWorld
    records: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    code: int | None = None
    liquidated: bool = False

    @property
    def begins(self) -> datetime:
        return self.world.feed.start + CALM_FOR

    def kinds(self) -> set[str]:
        return {row.kind for row in self.world.engine.ledger}

    def report(self) -> str:
        """The story as a table: what a person would have seen."""
        lines = ["market time | BTC mark | leverage | liquidation away | short BTC | what was done"]
        for row in self.records:
            btc = next((one for one in row["positions"] if one["symbol"].startswith("BTC")), None)
            margin = next(iter(row["margin"]), {"effective_leverage": None})
            done = ", ".join(f"{one['side'] or one['kind']} {one['amount'] or ''}".strip() for one in row["intents"])
            after = (datetime.fromisoformat(row["at"]) - self.begins).total_seconds()
            lines.append(
                f"{after:+8.0f} s | {_of(btc, 'mark_price'):>9} | {_of(margin, 'effective_leverage'):>8} | "
                f"{_of(btc, 'liquidation_distance'):>9} | {_of(btc, 'contracts'):>8} | {row['status']}: {done or '-'}"
            )
        return "\n".join([*lines, *(f"  said: {line}" for line in self.complaints)])


def _of(row: dict[str, Any] | None, key: str) -> str:
    return "-" if row is None or row.get(key) is None else str(row[key])[:9]


def _tell(name: str, folder: Path, *, seconds: float, change_profile: str = "", cash: str | None = None) -> Story:
    """Let the daemon live through a leap; the market moves with its waiting, so that no machine is too slow."""
    world = open_world(scenario=name, tape=None, speed=0.0)
    story = Story(world=world)
    if cash is not None:
        held = world.engine.wallet("family", "spot")["USDT"][0]
        world.engine.withdraw("family", "spot", "USDT", held - Decimal(cash))
    asyncio.run(_play(story, folder, seconds, change_profile))
    story.liquidated = "liquidation" in story.kinds()
    if keep := os.environ.get("RALLY_REPORTS"):
        Path(keep, f"{name}-{cash or 'cash'}.txt").write_text(story.report())
    return story


async def _play(story: Story, folder: Path, seconds: float, change_profile: str) -> None:
    server = LocalServer(story.world.answering, hang_s=1.0)
    host, port = await server.start()
    profile = folder / "profile.toml"
    write_profile(profile, f"{host}:{port}")
    text = profile.read_text().replace("state/", f"{folder}/state/") + change_profile
    profile.write_text(text)
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run",  "--json", "--config", str(profile),
        env={**os.environ, "TMPDIR": str(folder), "BALLAST_WATCH__LISTEN": "127.0.0.1:0"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=2**22,
    )  # fmt: skip
    assert daemon.stdout is not None
    assert daemon.stderr is not None
    until = story.world.feed.start + timedelta(seconds=seconds)
    try:
        while story.world.engine.now < until:
            line = await asyncio.wait_for(daemon.stdout.readline(), 60)
            if not line:
                break
            story.records.append(json.loads(line))
    finally:
        if daemon.returncode is None:
            daemon.send_signal(signal.SIGTERM)
        rest = await asyncio.wait_for(daemon.communicate(), 60)
        story.complaints = rest[1].decode().splitlines()
        story.code = daemon.returncode
        await server.stop()


def _reductions_only_after(story: Story) -> bool:
    """From the leap's beginning until its end no short grew."""
    end = story.begins + story.world.feed.leap.lasts  # type: ignore[attr-defined]
    for record in story.records:
        at = datetime.fromisoformat(record["at"])
        if story.begins < at <= end and any(
            row["kind"] == "order" and not row["reduce_only"] for row in record["intents"]
        ):
            return False
    return True


@pytest.mark.parametrize("cash", [None, "20000"], ids=["cash at hand", "hardly any cash"])
def test_a_fifth_in_a_minute_is_survived_at_the_settings_as_they_come(tmp_path: Path, cash: str | None) -> None:
    """Fed from spot or cut: not liquidated, still there, and at most a quarter above the cap, where cutting begins."""
    story = _tell("rally-in-a-minute", tmp_path, seconds=330, cash=cash)
    assert not story.liquidated
    assert _reductions_only_after(story)
    last = story.records[-1]
    assert last["positions"]
    assert Decimal(last["margin"][0]["effective_leverage"]) <= Decimal("2.5")
    nearest = min(Decimal(row["liquidation_distance"]) for record in story.records for row in record["positions"])
    assert nearest > Decimal("0.2")
    acted = [record for record in story.records if record["intents"]]
    within = [
        (datetime.fromisoformat(record["at"]) - story.begins).total_seconds()
        for record in acted
        if datetime.fromisoformat(record["at"]) > story.begins
    ]
    assert within
    assert within[0] <= 60  # acted while it was still rising
    assert story.code in (0, 1, 4)
    assert not any("Traceback" in line for line in story.complaints)


def test_a_third_in_an_hour_is_survived(tmp_path: Path) -> None:
    """The slow way up: fed while there is cash, then cut when a quarter over the cap, never before."""
    story = _tell("rally-in-an-hour", tmp_path, seconds=3900)
    assert not story.liquidated
    assert _reductions_only_after(story)
    assert Decimal(story.records[-1]["margin"][0]["effective_leverage"]) <= Decimal("2.5")
    assert story.records[-1]["positions"]


def test_what_cannot_be_survived_is_told_and_halts(tmp_path: Path) -> None:
    """Twice the price within a second, faster than anybody can act: liquidated, named, halted, nothing opened anew."""
    story = _tell("rally-too-far", tmp_path, seconds=420)
    assert story.liquidated
    last = story.records[-1]
    assert last["status"] == "halted"
    assert story.code == HALTED
    assert any("LIQUIDATED" in note for record in story.records for note in record["notes"])
    assert last["positions"] == []
    later = [record for record in story.records if datetime.fromisoformat(record["at"]) > story.begins]
    assert later
    assert not any(record["outcomes"] for record in later)
    assert set(LEAPS) == {"rally-in-a-minute", "rally-in-an-hour", "rally-too-far"}


def test_a_daemon_started_in_the_middle_of_trouble_protects_within_seconds(tmp_path: Path) -> None:
    """The rally came while nothing ran and the cash is gone: from process start to the first buy on the wire."""
    world = open_world(scenario="rally-in-a-minute", tape=None, speed=0.0)

    async def play() -> float:
        server = LocalServer(world.answering, hang_s=1.0)
        host, port = await server.start()
        profile = tmp_path / "profile.toml"
        write_profile(profile, f"{host}:{port}")
        profile.write_text(profile.read_text().replace("state/", f"{tmp_path}/state/"))
        arrived: list[float] = []
        seen = asyncio.Event()
        answer = world.answering.answer

        def watch(request: WireRequest) -> Answer:
            if request.method == "POST" and request.path == "/fapi/v1/order":
                arrived.append(time.monotonic())
                seen.set()
            return answer(request)

        try:
            await (await _start(profile, tmp_path, "once")).wait()
            world.engine.withdraw("family", "spot", "USDT", world.engine.wallet("family", "spot")["USDT"][0])
            world.answering.advance(CALM_FOR + timedelta(seconds=70))
            world.answering.answer = watch  # type: ignore[method-assign]
            began = time.monotonic()
            daemon = await _start(profile, tmp_path, "run")
            await asyncio.wait_for(seen.wait(), 60)
            daemon.send_signal(signal.SIGTERM)
            await daemon.wait()
        finally:
            await server.stop()
        return arrived[0] - began

    assert asyncio.run(play()) < 15  # below one second on a quiet machine
    assert all(row.amount < 0 for row in world.engine.positions("family"))


async def _start(profile: Path, folder: Path, command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", command, "--config", str(profile),
        env={**os.environ, "TMPDIR": str(folder), "BALLAST_WATCH__LISTEN": "127.0.0.1:0"},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
