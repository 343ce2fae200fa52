"""The dry run at every venue: its market is read through the real client, and nothing but questions ever arrives."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cycle import preview_cycle, run_cycle
from bot.domain.record import CycleRecord, CycleStatus
from bot.exchange.quirks import quirks_of
from bot.flatten import flatten
from bot.settings import Settings, load_settings
from bot.sim.engine import Engine
from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.model import WalletName
from bot.sim.server import LocalServer
from bot.sim.wire.codecs import SPOKEN
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireRequest
from bot.wiring import open_desk
from tests.acceptance.stage import START, StillFeed, Watched

REAL: Mapping[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal("0.8"),
    ("spot", "USDT"): Decimal(20000),
    ("futures", "USDT"): Decimal(15000),
}
PROFILE = """
mode = "dry-run"
[portfolio]
name = "family"
[[venues]]
id = "{venue}"
localnet = "{address}"
[policy.size]
ratio = "0.5"
[dry_run.balances]
BTC = "1"
USDT = "40000"
[journal]
path = "{folder}/dry.db"
"""


@dataclass(kw_only=True)
class World:
    """A venue that writes down what it is asked, and a dry run before it."""

    venue: str
    answering: Watched
    settings: Settings
    feed: StillFeed

    async def plan(self) -> CycleRecord:
        async with open_desk(self.settings, purpose="plan") as desk:
            return await preview_cycle(desk)

    async def once(self) -> CycleRecord:
        async with open_desk(self.settings, purpose="once") as desk:
            return await run_cycle(desk)

    def signed(self) -> list[WireRequest]:
        """The requests that carry a key."""
        return [row for row in self.answering.seen if LOCAL_KEY.key in f"{row.headers} {row.query} {row.body!r}"]


@asynccontextmanager
async def world(venue: str, folder: Path, *, keyed: bool = False) -> AsyncIterator[World]:
    engine, feed = Engine(listings=default_listings(), at=START), StillFeed()
    engine.open_account(ACCOUNT, REAL)
    answering = Watched(Exchange(market=Market(engine, feed), keys={LOCAL_KEY.key: LOCAL_KEY}), venue)
    server = LocalServer(answering, hang_s=0.5)
    host, port = await server.start()
    path = folder / "dry.toml"
    path.write_text(PROFILE.format(venue=venue, address=f"{host}:{port}", folder=folder), encoding="utf-8")
    prefix = f"BALLAST_VENUES__{venue.upper()}__"
    keys = {
        f"{prefix}API_KEY": LOCAL_KEY.key,
        f"{prefix}API_SECRET": LOCAL_KEY.secret,
        f"{prefix}API_PASSPHRASE": LOCAL_KEY.passphrase,
    }
    try:
        settings = load_settings([path], environ=keys if keyed else {}, env_file=None)
        yield World(venue=venue, answering=answering, settings=settings, feed=feed)
    finally:
        await server.stop()


async def _hedged(place: World) -> CycleRecord:
    """Cycles as from cron, until nothing is left to do."""
    for _ in range(4):
        record = await place.once()
        if record.status is CycleStatus.HEDGED:
            return record
    raise AssertionError(f"{record.status}: {record.notes} {record.refusals}")


def _only_questions(place: World) -> None:
    row = quirks_of(place.venue)
    assert row is not None
    assert len(place.answering.seen) > 10
    assert [one for one in place.answering.seen if not row.is_read(one.method, one.path)] == []
    engine = place.answering.exchange.engine
    assert not [one for one in engine.ledger if one.kind in ("order.new", "fill", "setting")]
    assert engine.positions(ACCOUNT, "linear") == []


@pytest.mark.parametrize("venue", SPOKEN)
def test_a_dry_run_without_a_key_hedges_and_asks_public_questions_only(venue: str, tmp_path: Path) -> None:
    """Plan, hedge, do nothing, flatten: simulated here, at the venue's prices, and not one request was signed."""

    async def days() -> None:
        async with world(venue, tmp_path) as place:
            planned = await place.plan()
            record = await _hedged(place)
            again = await place.once()
            async with open_desk(place.settings, purpose="flatten") as desk:
                closed = await flatten(desk, verify=True)
            assert planned.intents
            assert record.snapshot is not None
            assert [row.amount for row in record.snapshot.venues[0].positions] == [Decimal("-0.5")]
            assert (again.status, again.intents) == (CycleStatus.HEDGED, ())
            assert closed.status is CycleStatus.HEDGED
            _only_questions(place)
            assert place.signed() == []

    asyncio.run(days())


@pytest.mark.parametrize("venue", SPOKEN)
def test_with_a_key_that_reads_the_real_balances_count(venue: str, tmp_path: Path) -> None:
    """What lies there is hedged in the simulation, with the collateral that lies there; the account is not touched."""

    async def days() -> None:
        async with world(venue, tmp_path, keyed=True) as place:
            await _hedged(place)
            record = await place.once()
            assert record.snapshot is not None
            (view,) = record.snapshot.venues
            assert record.exposures[0].amount == Decimal("0.8")
            assert [row.amount for row in view.positions] == [Decimal("-0.4")]
            cash = sum((row.wallet for row in view.margins), Decimal(0))
            cash += sum((row.total for row in view.balances if row.asset == "USDT"), Decimal(0))
            assert Decimal(34900) < cash <= Decimal(35000)
            _only_questions(place)
            assert place.signed()

    asyncio.run(days())
