"""The whole bot through a scenario of the local testnet, over real sockets, and what it did there in figures."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from math import sqrt
from pathlib import Path

from bot.cycle import run_cycle
from bot.demo.stage import StageClock
from bot.domain.account import ZERO
from bot.domain.intent import OrderIntent
from bot.domain.portfolio import value_portfolio
from bot.domain.record import CycleRecord, CycleStatus
from bot.settings import Settings, load_settings
from bot.sim.engine import Engine
from bot.sim.localnet import build_world
from bot.sim.model import WalletName
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from bot.wiring import open_desk

PROFILE = """
mode = "testnet"

[portfolio]
name = "family"
quote = "USDT"

[[venues]]
id = "binance"
localnet = "{address}"

{policy}

[risk]
leverage_cap = "2"
{risk}

[journal]
path = "{journal}"
"""


@dataclass(slots=True)
class Rehearsal:
    """The records of a rehearsal, and the figures they add up to."""

    records: list[CycleRecord] = field(default_factory=list)

    @property
    def trades(self) -> list[tuple[str, Decimal]]:
        """Symbol and notional of every fill after the cycles that opened the hedge."""
        return [row for record in self.records[2:] for row in _fills(record)]

    @property
    def turnover(self) -> Decimal:
        """Everything traded after the opening, in quote currency."""
        return sum((notional for _, notional in self.trades), ZERO)

    @property
    def fees(self) -> Decimal:
        """What those trades were charged."""
        return sum((row.fee or ZERO for record in self.records[2:] for row in record.outcomes), ZERO)

    @property
    def tracking_error(self) -> float:
        """Root mean square of the distance between the short held and the short wanted, as a fraction of exposure."""
        gaps = [float(_gap(record)) for record in self.records[2:] if record.exposures]
        return sqrt(sum(gap * gap for gap in gaps) / len(gaps))

    @property
    def worst_fall(self) -> Decimal:
        """The deepest fall of wealth from its highest value so far, as a fraction."""
        highest, worst = ZERO, ZERO
        for record in self.records:
            if record.snapshot is not None:
                wealth = value_portfolio(record.snapshot, quote="USDT", stablecoins=("USDT",)).total
                highest = max(highest, wealth)
                worst = max(worst, 1 - wealth / highest)
        return worst

    @property
    def troubles(self) -> list[str]:
        """Every cycle that did not end as it should."""
        fine = (CycleStatus.HEDGED, CycleStatus.ACTED)
        return [
            f"{row.cycle} {row.status} {row.notes} {row.refusals}" for row in self.records if row.status not in fine
        ]

    def line(self, name: str) -> str:
        """One line for people."""
        return (
            f"{name:<28} {len(self.trades):>4} trades  turnover {self.turnover:>12,.0f}  fees {self.fees:>8,.2f}  "
            f"tracking error {self.tracking_error:.2%}  worst fall {self.worst_fall:.2%}"
        )


@dataclass(frozen=True, kw_only=True)
class Play:
    """What is rehearsed. Units: `days` market days; `every` the time between two cycles.

    `happens` is called before each cycle with its number, for what a person or the world does meanwhile.
    """

    scenario: str
    policy: str
    portfolio: Mapping[tuple[WalletName, str], Decimal]
    days: float
    every: timedelta = timedelta(hours=4)
    risk: str = ""
    seed: int = 1
    happens: Callable[[int, Engine], None] = lambda _number, _engine: None


def rehearse(folder: Path, play: Play) -> Rehearsal:
    """Run cycles through a scenario from its first day on; the market stands still while a cycle runs."""
    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_rehearse(folder, play))


async def _rehearse(folder: Path, play: Play) -> Rehearsal:
    feed = scenario_feed(play.scenario, seed=play.seed)
    world = build_world(feed, scenario_listings(feed), portfolio=play.portfolio)
    server = LocalServer(world.answering, speed=0)
    host, port = await server.start()
    clock = StageClock(world.answering, feed.step, lambda: None)
    done = Rehearsal()
    try:
        settings = _settings(folder, play, f"{host}:{port}")
        async with open_desk(settings, purpose="run", clock=clock) as desk:
            for number in range(round(timedelta(days=play.days) / play.every)):
                play.happens(number, world.engine)
                done.records.append(await run_cycle(desk))
                await clock.sleep(play.every.total_seconds())
    finally:
        await server.stop()
    return done


def _settings(folder: Path, play: Play, address: str) -> Settings:
    profile, journal = folder / "profile.toml", (folder / "ballast.db").as_posix()
    text = PROFILE.format(address=address, policy=play.policy, risk=play.risk, journal=journal)
    profile.write_text(text, encoding="utf-8")
    return load_settings([profile], environ={}, env_file=None)


def _fills(record: CycleRecord) -> list[tuple[str, Decimal]]:
    symbols = {row.id: row.symbol for row in record.intents if isinstance(row, OrderIntent)}
    return [
        (symbols[row.intent_id], row.filled * row.average_price)
        for row in record.outcomes
        if row.intent_id in symbols and row.filled > 0 and row.average_price is not None
    ]


def _gap(record: CycleRecord) -> Decimal:
    exposure = sum((row.notional for row in record.exposures), ZERO)
    if record.snapshot is None or exposure <= 0:
        return ZERO
    held = sum((row.notional for view in record.snapshot.venues for row in view.positions), ZERO)
    return (held - sum((row.short_notional for row in record.needs), ZERO)) / exposure
