"""A whole bot through made-up weather: the real client over sockets, the market moved on by the test."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bot.cycle import run_cycle
from bot.domain.record import CycleRecord
from bot.settings import load_settings
from bot.sim.answering import AnsweringExchange
from bot.sim.localnet import build_world
from bot.sim.model import WalletName
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from bot.wiring import open_desk

DAY = timedelta(days=1)
PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "binance"
localnet = "{address}"
[risk]
order_notional_max = "1000000"
order_notional_per_hour_max = "100000000"
[journal]
path = "{journal}"
{rules}
"""


class MarketClock:
    """The exchange's own time; it stands still until somebody sleeps."""

    def __init__(self, answering: AnsweringExchange) -> None:
        self._answering = answering
        self._begun = answering.exchange.now

    def now(self) -> datetime:
        return self._answering.exchange.now

    def monotonic(self) -> float:
        return (self.now() - self._begun).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self._answering.advance(timedelta(seconds=seconds))


@dataclass(frozen=True)
class Look:
    """A cycle that decided, the one that finished it, and what was held and worth then."""

    day: float
    decided: CycleRecord
    record: CycleRecord
    shorts: dict[str, Decimal]
    marks: dict[str, Decimal]

    def ratio(self, asset: str) -> Decimal:
        """Short over what is owned, by value."""
        owned = next((row.notional for row in self.record.exposures if row.asset == asset), Decimal(0))
        return self.shorts.get(asset, Decimal(0)) / owned if owned else Decimal(0)

    def words(self, asset: str) -> str:
        """Everything said about an asset's need."""
        return "; ".join(reason for row in self.decided.needs if row.asset == asset for reason in row.reasons)


def weathered(  # noqa: PLR0913 - a test names only what it is about
    folder: Path,
    scenario: str,
    rules: str,
    *,
    days: float,
    every: timedelta = DAY,
    spot: dict[str, str] | None = None,
    meanwhile: Callable[[float], None] = lambda _: None,
) -> list[Look]:
    """Run a cycle (twice, so that what was begun is finished) every so often over so many days of a scenario."""
    coins = spot or {"BTC": "1.2", "ETH": "12"}
    wallet: dict[tuple[WalletName, str], Decimal] = {("spot", coin): Decimal(held) for coin, held in coins.items()}
    wallet["spot", "USDT"] = Decimal(400_000)

    async def run() -> list[Look]:
        feed = scenario_feed(scenario)
        world = build_world(feed, scenario_listings(feed), portfolio=wallet)
        server = LocalServer(world.answering)
        host, port = await server.start()
        profile = folder / "profile.toml"
        journal = folder / "ballast.db"
        profile.write_text(PROFILE.format(address=f"{host}:{port}", journal=journal, rules=rules), encoding="utf-8")
        settings = load_settings([profile], environ={}, env_file=None)
        looks: list[Look] = []
        try:
            async with open_desk(settings, purpose="run", clock=MarketClock(world.answering)) as desk:
                while world.answering.exchange.now <= feed.start + timedelta(days=days):
                    day = (world.answering.exchange.now - feed.start) / DAY
                    meanwhile(day)
                    looks.append(_look(day, await run_cycle(desk), await run_cycle(desk)))
                    due = feed.start + every * len(looks)
                    world.answering.advance(max(timedelta(0), due - world.answering.exchange.now))
        finally:
            await server.stop()
        return looks

    return asyncio.run(run())


def _look(day: float, decided: CycleRecord, record: CycleRecord) -> Look:
    assert record.snapshot is not None, record.notes
    (view,) = record.snapshot.venues
    shorts = {row.symbol.split("/")[0]: row.short_amount * row.mark_price for row in view.positions}
    marks = {row.symbol.split("/")[0]: row.mark_price for row in view.marks}
    return Look(day=day, decided=decided, record=record, shorts=shorts, marks=marks)
