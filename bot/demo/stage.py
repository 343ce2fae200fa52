"""The stage: a local testnet on loopback, the bot's own daemon against it, and a clock that moves the market."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic

from bot.cycle import Desk
from bot.daemon import Schedule, run_daemon
from bot.demo.story import QUOTE, Story
from bot.demo.witness import Witness
from bot.domain.record import CycleRecord
from bot.settings import Settings, load_settings
from bot.sim.answering import AnsweringExchange
from bot.sim.localnet import build_world
from bot.sim.server import LocalServer
from bot.wiring import open_desk

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Three quarters of an hour: 32 looks a day, and every quarter of the hour is met in turn, the highs of a tape too.
LOOK_EVERY = timedelta(minutes=45)
HURRIED = 3  # on a slow or busy machine: so many times rarer, two hours and a quarter, again meeting every quarter
WALL_S, WALL_DAYS = 40.0, timedelta(days=40)  # weeks of market shall pass in less than a minute
RATIO = Decimal("0.5")
BAND = Decimal("0.05")
LEVERAGE_CAP = Decimal(2)
DISTANCE_MIN = Decimal("0.30")
VENUE = "binance"
MEMORY = Path("/dev/shm")  # noqa: S108 - only asked whether it is there; the directory in it gets a random name

# Between two looks the margin is left alone: here seconds are market time, and hours of them pass between two looks.
PROFILE = """
mode = "testnet"

[portfolio]
name = "family"
quote = "{quote}"
peg_reference = "{peg_reference}"
{holdings}
[[venues]]
id = "{venue}"
localnet = "{address}"

[policy.size]
rule = "static-ratio"
ratio = "{ratio}"

[policy.pace]
band_outer = "{band}"

[risk]
leverage_cap = "{leverage_cap}"
liquidation_distance_min = "{distance_min}"

[schedule]
cycle_every_s = {every_s}
margin_every_s = 0

[journal]
path = "{journal}"
"""
HOLDING = """
[[holdings]]
asset = "{asset}"
amount = "{amount}"
label = "cold wallet"
"""


class StageClock:
    """The bot's clock on stage: market time, which stands still until somebody sleeps."""

    def __init__(
        self, answering: AnsweringExchange, step: timedelta, look: Callable[[], None], day_s: float = 0.0
    ) -> None:
        self._answering, self._step, self._look = answering, step, look
        self._day_s, self._rested = day_s, monotonic()

    def now(self) -> datetime:
        """Market time."""
        return self._answering.exchange.now

    def monotonic(self) -> float:
        """Seconds of market time that never run backwards."""
        return (self.now() - EPOCH).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Let the market move on by so many seconds, and have it looked at after each of its own steps."""
        due = self.now() + timedelta(seconds=max(0.0, seconds))
        while self.now() < due:
            next_step = EPOCH + ((self.now() - EPOCH) // self._step + 1) * self._step
            self._answering.advance_to(min(due, next_step))
            self._look()
            await asyncio.sleep(0)  # signals and sockets get their turn
        await self._rest(seconds)

    async def _rest(self, seconds: float) -> None:
        """Let people watch: wait out what the market has run ahead of the pace."""
        wanted_s = self._day_s * seconds / 86400
        spare_s = wanted_s - (monotonic() - self._rested)
        if spare_s > 0:
            await asyncio.sleep(spare_s)
        self._rested = monotonic()


class StageSchedule(Schedule):
    """Looks as often as the machine can manage in the time people wait; rarer looks are told."""

    def __init__(
        self, span: tuple[datetime, datetime], every: timedelta, say: Callable[[str], None], wall: Callable[[], float]
    ) -> None:
        super().__init__(every_s=every.total_seconds(), cron=None)
        self._begin, self._end = span
        self._stride, self._hurried = every, False
        self._say, self._wall, self._started = say, wall, wall()

    def after(self, moment: datetime) -> datetime:
        """The first look after a moment."""
        done, left = moment - self._begin, self._end - moment
        spent_s = self._wall() - self._started
        budget_s = WALL_S * max(1.0, (self._end - self._begin) / WALL_DAYS)
        if not self._hurried and spent_s > budget_s / 10 and done and spent_s * (1 + left / done) > budget_s:
            self._hurried = True
            self._stride *= HURRIED
            minutes = round(self._stride.total_seconds() / 60)
            self._say(f"(this machine is slow or busy: from here one look every {minutes} market minutes)")
        return moment + self._stride


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that runs during a demo."""

    story: Story
    settings: Settings
    desk: Desk
    witness: Witness
    address: str
    every: timedelta


@asynccontextmanager
async def set_stage(story: Story, *, every: timedelta = LOOK_EVERY, day_s: float = 0.0) -> AsyncIterator[Stage]:
    """Start the testnet on a free port and connect the bot to it; nothing of it is left afterwards.

    Units: `day_s` are the wall seconds a market day takes at least.
    Raises: ConfigurationError when no port can be opened.
    """
    world = build_world(story.feed, story.listings, portfolio=story.deposits)
    witness = Witness(story, world.engine, ratio=RATIO, band=BAND)
    server = LocalServer(world.answering, speed=0)
    with tempfile.TemporaryDirectory(prefix="ballast-demo-", dir=_scratch()) as scratch:
        host, port = await server.start()
        address = f"{host}:{port}"
        try:
            settings = _settings(story, Path(scratch), address, every)
            clock = StageClock(world.answering, story.feed.step, witness.look, day_s)
            async with open_desk(settings, purpose="run", clock=clock) as desk:
                yield Stage(story=story, settings=settings, desk=desk, witness=witness, address=address, every=every)
        finally:
            await server.stop()


async def play(stage: Stage, tell: Callable[[CycleRecord], None], complain: Callable[[str], None]) -> bool:
    """Run the daemon until the market ends; False when a signal ended it earlier."""
    stop = asyncio.Event()
    end = stage.story.feed.end
    ended = False

    def announce(record: CycleRecord, next_at: datetime | None) -> None:
        nonlocal ended
        tell(record)
        if next_at is None or next_at > end:
            ended = next_at is not None
            stop.set()

    schedule = StageSchedule((stage.story.feed.start, end), stage.every, complain, monotonic)
    await run_daemon(stage.desk, schedule, announce, complain, jitter_s=lambda: 0.0, stop=stop)
    if ended:
        clock = stage.desk.lookout.clock
        await clock.sleep((end - clock.now()).total_seconds())
    return ended


def _settings(story: Story, scratch: Path, address: str, every: timedelta) -> Settings:
    """Written as a profile and read as one, so that the demo takes the road of every user."""
    holdings = "".join(HOLDING.format(asset=asset, amount=amount) for asset, amount in story.cold.items())
    profile = scratch / "demo.toml"
    text = PROFILE.format(
        quote=QUOTE,
        peg_reference="USDC" if ("spot", f"USDC{QUOTE}") in story.feed.markets else "",
        holdings=holdings,
        venue=VENUE,
        address=address,
        ratio=RATIO,
        band=BAND,
        leverage_cap=LEVERAGE_CAP,
        distance_min=DISTANCE_MIN,
        every_s=round(every.total_seconds()),
        journal=(scratch / "ballast.db").as_posix(),
    )
    profile.write_text(text, encoding="utf-8")
    return load_settings([profile], environ={}, env_file=None)


def _scratch() -> str | None:
    """Memory where there is some: the journal reaches the disk twice a cycle, and play money needs no disk."""
    return str(MEMORY) if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
