"""The depeg scenario over real sockets: cash in a stablecoin that fails counts at its price, and is said to."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.cycle import preview_cycle
from bot.domain.record import CycleRecord
from bot.settings import load_settings
from bot.sim.localnet import build_world
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from bot.wiring import open_desk

PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "binance"
localnet = "{address}"
[policy.size]
rule = "allocation"
crypto_max = "0.5"
[journal]
path = "{folder}/ballast.db"
"""
CASH = Decimal(20_000)
USDC = Decimal(40_000)


def _looks(folder: Path, *, days: tuple[float, ...]) -> list[CycleRecord]:
    """What `plan` says after so many days of the scenario."""
    feed = scenario_feed("depeg")
    world = build_world(
        feed,
        scenario_listings(feed),
        portfolio={("spot", "BTC"): Decimal(2), ("spot", "USDC"): USDC, ("spot", "USDT"): CASH},
    )

    async def look() -> list[CycleRecord]:
        server = LocalServer(world.answering, hang_s=1.0)
        host, port = await server.start()
        profile = folder / "profile.toml"
        profile.write_text(PROFILE.format(address=f"{host}:{port}", folder=folder))
        settings = load_settings((profile,))
        found = []
        try:
            for day in days:
                world.answering.advance(feed.start + timedelta(days=day) - world.engine.now)
                async with open_desk(settings, purpose="plan") as desk:
                    found.append(await preview_cycle(desk))
        finally:
            await server.stop()
        return found

    return asyncio.run(look())


def test_cash_that_fails_counts_at_its_price_and_asks_for_more_hedge(tmp_path: Path) -> None:
    """40,000 USDC at 0.88 are 35,200 less weight of cash: the allocation holds more short than it would at 1."""
    before, off, after = _looks(tmp_path, days=(1, 4.99, 8))
    for record in (before, off, after):
        assert record.snapshot is not None
        prices, (crypto,) = record.snapshot.prices, record.exposures
        total = crypto.notional + CASH * prices["USDT"].price + USDC * prices["USDC"].price
        wanted = max(Decimal(0), crypto.notional - total / 2)
        assert abs(record.needs[0].short_notional - wanted) < 1
        assert prices["USDT"].price <= 1
        assert prices["USDC"].price <= 1
    assert off.snapshot is not None
    assert off.snapshot.prices["USDC"].price < Decimal("0.90")
    assert any("USDC is off its peg: 0.88" in note for note in off.notes)
    assert not any("off its peg" in note for record in (before, after) for note in record.notes)
