"""The worked example of docs/article-example.md through the whole bot and the simulated exchange, ten times as large.

Ten times, because whole lots then round away less than the figures of the page show.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cycle import Desk, run_cycle
from bot.demo.stage import StageClock
from bot.domain.account import ZERO
from bot.domain.portfolio import Portfolio, value_portfolio
from bot.domain.record import CycleRecord, CycleStatus
from bot.flatten import flatten
from bot.observe import observe
from bot.settings import Settings, load_settings
from bot.sim.feed import Bar
from bot.sim.listings import default_listings
from bot.sim.localnet import build_world
from bot.sim.model import MarketType, Quote, WalletName
from bot.sim.server import LocalServer
from bot.sim.state import MarketKey
from bot.wiring import open_desk
from tests.testnet.rehearsal import PROFILE

START = datetime(2025, 3, 3, 8, 30, tzinfo=UTC)
PRICES = {"BTC": Decimal(60_000), "ETH": Decimal(2_500)}
SIZE = 10
# 85,000 of coins and 15,000 of cash, 5,000 of it at the futures wallet, ten times.
PORTFOLIO: dict[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal(10),
    ("spot", "ETH"): Decimal(100),
    ("spot", "USDT"): Decimal(100_000),
    ("futures", "USDT"): Decimal(50_000),
}
POLICY = """
[policy.size]
rule = "allocation"
crypto_max = "0.75"

[policy.pace]
band = "cost"
trading_cost = "0.0006"
"""


class FallingFeed:
    """Both coins stand still for an hour, then stand 5 % lower; no funding is due in between."""

    start = START
    end = START + timedelta(hours=6)
    step = timedelta(minutes=1)
    markets: frozenset[MarketKey] = frozenset((m, f"{c}USDT") for c in PRICES for m in ("spot", "linear"))

    def price(self, symbol: str, at: datetime) -> Decimal:
        fallen = Decimal("0.95") if at >= START + timedelta(hours=1) else Decimal(1)
        return PRICES[symbol.removesuffix("USDT")] * fallen

    def quotes(self, at: datetime) -> Mapping[MarketKey, Quote]:
        return {key: Quote(mid=p, mark=p, index=p) for key in self.markets for p in [self.price(key[1], at)]}

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        return []

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        return []

    def unavailable(self, at: datetime) -> bool:
        return False


def _weight(portfolio: Portfolio) -> float:
    return float((portfolio.crypto - sum(portfolio.shorts.values())) / portfolio.total)


async def _seen(desk: Desk) -> Portfolio:
    snapshot = await observe(desk.lookout)
    return value_portfolio(snapshot, quote="USDT", stablecoins=("USDT",))


async def _until_hedged(desk: Desk) -> list[CycleRecord]:
    records = [await run_cycle(desk)]
    while records[-1].status is not CycleStatus.HEDGED and len(records) < 10:
        await desk.lookout.clock.sleep(60)
        records.append(await run_cycle(desk))
    return records


def _fees(records: list[CycleRecord]) -> Decimal:
    return sum((row.fee or ZERO for record in records for row in record.outcomes), ZERO)


async def _example(folder: Path) -> None:
    feed = FallingFeed()
    world = build_world(feed, default_listings(), portfolio=PORTFOLIO)
    server = LocalServer(world.answering, speed=0)
    host, port = await server.start()
    clock = StageClock(world.answering, feed.step, lambda: None)
    try:
        desk_of = open_desk(_profile(folder, f"{host}:{port}"), purpose="run", clock=clock)
        async with desk_of as desk:
            await _steps(desk, clock)
    finally:
        await server.stop()


def _profile(folder: Path, address: str) -> Settings:
    path = folder / "article.toml"
    risk = 'order_notional_max = "100000"\nbook_share_max = "1"'
    journal = (folder / "ballast.db").as_posix()
    path.write_text(PROFILE.format(address=address, policy=POLICY, risk=risk, journal=journal), encoding="utf-8")
    return load_settings([path], environ={}, env_file=None)


async def _steps(desk: Desk, clock: StageClock) -> None:
    before = await _seen(desk)
    assert (float(before.crypto), float(before.total)) == (85_000 * SIZE, 100_000 * SIZE)

    opened = await _until_hedged(desk)
    assert opened[-1].status is CycleStatus.HEDGED, opened[-1].notes
    paid = _fees(opened)
    hedged = await _seen(desk)
    assert float(sum(hedged.shorts.values())) == pytest.approx(10_000 * SIZE, rel=5e-4)
    assert _weight(hedged) == pytest.approx(0.75, abs=1e-4)

    await clock.sleep((START + timedelta(hours=2) - clock.now()).total_seconds())
    fallen = await _seen(desk)
    assert float(fallen.crypto - before.crypto) == -4_250 * SIZE
    gained = fallen.total - before.total - (fallen.crypto - before.crypto) + paid
    assert float(gained) == pytest.approx(500 * SIZE, rel=2e-3)
    assert float(fallen.total + paid) == pytest.approx(96_250 * SIZE, rel=1e-4)
    assert float(sum(fallen.shorts.values())) == pytest.approx(9_500 * SIZE, rel=5e-4)
    assert _weight(fallen) == pytest.approx(0.7403, abs=1e-4)

    held = await run_cycle(desk)
    assert (held.status, held.intents) == (CycleStatus.HEDGED, ())
    assert float(sum((row.short_notional for row in held.needs), ZERO)) == pytest.approx(8_562.5 * SIZE, rel=2e-3)
    assert all("inside the band" in (row.nothing_because or "") for row in held.rationales)
    widths = [link for row in held.rationales for link in row.chain if link.rule == "cost band"]
    assert len(widths) == 2
    assert all("2.19% of wealth" in link.words for link in widths)

    closed = await flatten(desk, verify=True)
    assert closed.status is CycleStatus.HEDGED
    bare = await _seen(desk)
    assert sum(bare.shorts.values()) == 0
    assert _weight(bare) == pytest.approx(0.8390, abs=2e-4)
    assert float((bare.cash + bare.margin_equity) / bare.total) == pytest.approx(0.1610, abs=2e-4)


def test_the_example_of_the_page_comes_out_on_the_testnet(tmp_path: Path) -> None:
    """85/15 brought to 75/25 by a short; after -5 % held at 74.03 % with its reason; closed, 83.90/16.10 are left."""
    asyncio.run(_example(tmp_path))
