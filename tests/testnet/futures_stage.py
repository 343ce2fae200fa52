"""A stage for dated and coin-margined hedges: the whole bot over sockets, market time that moves only when told to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from bot.cycle import Desk, run_cycle
from bot.demo.stage import StageClock
from bot.domain.record import CycleRecord
from bot.settings import load_settings
from bot.sim.feed import SeriesFeed
from bot.sim.localnet import ACCOUNT, LocalWorld, build_world
from bot.sim.model import WalletName
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from bot.wiring import open_desk

T = TypeVar("T")
PROFILE = """
mode = "testnet"
{holdings}
[[venues]]
id = "{venue_id}"
localnet = "{address}"
{venue}

[policy.size]
rule = "static-ratio"
ratio = "{ratio}"

[policy.place]
{place}

[risk]
order_notional_max = "100000"
order_notional_per_hour_max = "5000000"
orders_per_hour_max = 200
{risk}

[journal]
path = "{journal}"
"""
DATED = 'markets = ["linear-perpetual", "linear-future"]'


@dataclass(slots=True)
class Stage:
    """The exchange, the bot's desk and the clock between them."""

    world: LocalWorld
    desk: Desk
    clock: StageClock

    async def cycle(self) -> CycleRecord:
        """One look of the bot."""
        return await run_cycle(self.desk)

    async def until(self, end: datetime, every: timedelta) -> list[CycleRecord]:
        """Look again and again until a moment."""
        records = []
        while self.clock.now() < end:
            records.append(await self.cycle())
            await self.clock.sleep(every.total_seconds())
        return records

    def shorts(self) -> dict[str, Decimal]:
        """What the exchange holds short by its own name of the market, as it counts."""
        engine = self.world.engine
        return {row.symbol: -row.amount for row in engine.positions(ACCOUNT) if row.amount}


def on_stage(  # noqa: PLR0913 - the facts of a world
    check: Callable[[Stage], Awaitable[T]],
    directory: Path,
    *,
    scenario: str | SeriesFeed = "rich-basis",
    begin: datetime | None = None,
    portfolio: Mapping[tuple[WalletName, str], Decimal] | None = None,
    venue: str = DATED,
    venue_id: str = "binance",
    place: str = 'rule = "expiry-roll"',
    risk: str = "",
    ratio: str = "0.5",
) -> T:
    """Play a check against a world of its own."""
    feed = scenario_feed(scenario) if isinstance(scenario, str) else scenario
    owned: Mapping[tuple[WalletName, str], Decimal] = portfolio or {
        ("spot", "BTC"): Decimal(2),
        ("spot", "USDT"): Decimal(150_000),
    }

    async def run() -> T:
        world = build_world(feed, scenario_listings(feed), venue=venue_id, portfolio=owned)
        server = LocalServer(world.answering, speed=0)
        host, port = await server.start()
        try:
            profile = directory / "stage.toml"
            profile.write_text(
                PROFILE.format(
                    holdings="",
                    address=f"{host}:{port}",
                    venue=venue,
                    venue_id=venue_id,
                    ratio=ratio,
                    place=place,
                    risk=risk,
                    journal=(directory / "ballast.db").as_posix(),
                ),
                encoding="utf-8",
            )
            settings = load_settings([profile], environ={}, env_file=None)
            clock = StageClock(world.answering, feed.step, lambda: None)
            if begin is not None:
                await clock.sleep((begin - clock.now()).total_seconds())
            async with open_desk(settings, purpose="run", clock=clock) as desk:
                return await check(Stage(world=world, desk=desk, clock=clock))
        finally:
            await server.stop()

    return asyncio.run(run())
