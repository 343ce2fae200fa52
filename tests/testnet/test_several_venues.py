"""Coins at Bybit, shorts at Binance, each over sockets of its own: what one venue's bad day does to the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bot.cycle import Desk, run_cycle
from bot.domain.record import CycleRecord, CycleStatus
from bot.flatten import flatten
from bot.patience import REST_S
from bot.settings import load_settings
from bot.sim.engine import Engine
from bot.sim.faults import Script
from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.model import WalletName
from bot.sim.server import LocalServer
from bot.sim.wire.exchange import Exchange
from bot.wiring import open_desk
from tests.acceptance.stage import START, StillFeed, Watched

Wallets = dict[tuple[WalletName, str], Decimal]
HEDGE: Wallets = {
    ("spot", "BTC"): Decimal(1),
    ("spot", "USDT"): Decimal(20000),
    ("futures", "USDT"): Decimal(60000),
}
VAULT: Wallets = {("spot", "ETH"): Decimal(10), ("funding", "USDT"): Decimal(1000)}
PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "binance"
role = ["hedge", "spot"]
localnet = "{binance}"
[[venues]]
id = "bybit"
role = ["spot"]
localnet = "{bybit}"
[policy.size]
rule = "static-ratio"
ratio = "0.5"
[risk]
leverage_cap = "2"
[network]
timeout_s = 1
[journal]
path = "{folder}/ballast.db"
"""


@dataclass(kw_only=True)
class Two:
    """The two exchanges and the desk before them."""

    desk: Desk
    binance: Watched
    bybit: Watched
    vault: LocalServer
    feed: StillFeed

    def short(self, asset: str) -> Decimal:
        held = {row.symbol: row.amount for row in self.binance.exchange.engine.positions(ACCOUNT, "linear")}
        return -held.get(f"{asset}USDT", Decimal(0))

    async def cycle(self) -> CycleRecord:
        return await run_cycle(self.desk)

    async def settled(self) -> None:
        for _ in range(4):
            if (await self.cycle()).status is CycleStatus.HEDGED:
                return
        raise AssertionError("never hedged")


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[Two]:
    feed = StillFeed()
    worlds, servers, addresses = {}, {}, {}
    for venue, wallets in (("binance", HEDGE), ("bybit", VAULT)):
        engine = Engine(listings=default_listings(), at=START)
        engine.open_account(ACCOUNT, wallets)
        worlds[venue] = Watched(Exchange(market=Market(engine, feed), keys={LOCAL_KEY.key: LOCAL_KEY}), venue)
        servers[venue] = LocalServer(worlds[venue], hang_s=30)
        host, port = await servers[venue].start()
        addresses[venue] = f"{host}:{port}"
    path = folder / "two.toml"
    path.write_text(PROFILE.format(folder=folder, **addresses), encoding="utf-8")
    settings = load_settings([path], environ={}, env_file=None)
    try:
        async with open_desk(settings, purpose="once") as desk:
            yield Two(desk=desk, vault=servers["bybit"], feed=feed, **worlds)
    finally:
        for server in servers.values():
            await server.stop()


def over_sockets(folder: Path, check: Callable[[Two], Awaitable[None]]) -> None:
    async def run() -> None:
        async with two(folder) as world:
            await check(world)

    asyncio.run(run())


def test_coins_at_one_venue_are_hedged_at_the_other(tmp_path: Path) -> None:
    """Half of the coin here and half of the ten there; nothing but questions reaches the venue without shorts."""

    async def check(world: Two) -> None:
        await world.settled()
        record = await world.cycle()
        assert (world.short("BTC"), world.short("ETH")) == (Decimal("0.5"), Decimal(5))
        assert {source for row in record.exposures for source in row.sources} == {"binance spot", "bybit spot"}
        assert {request.method for request in world.bybit.seen} == {"GET"}

    over_sockets(tmp_path, check)


def test_a_vault_that_is_gone_keeps_its_coins_hedged_and_lets_the_rest_go_on(tmp_path: Path) -> None:
    """ETH lies there: its short stays as it is. BTC lies here: it is hedged on."""

    async def check(world: Two) -> None:
        await world.settled()
        await world.vault.stop()
        world.binance.exchange.engine.deposit(ACCOUNT, "spot", "BTC", Decimal("0.4"))
        records = [await world.cycle() for _ in range(2)]
        assert world.short("ETH") == Decimal(5)
        assert world.short("BTC") > Decimal("0.65")
        assert records[0].status is CycleStatus.ACTED
        assert any("bybit could not be seen" in note for note in records[0].notes)
        assert (await flatten(world.desk, verify=True)).status is CycleStatus.HEDGED
        assert world.short("ETH") == 0

    over_sockets(tmp_path, check)


def test_a_vault_that_asks_for_silence_is_left_alone_and_costs_no_hedge(tmp_path: Path) -> None:
    """Its ban is heeded: not one more question reaches it, and the shorts stay."""

    async def check(world: Two) -> None:
        await world.settled()
        world.bybit.faults.add(Script(fault="banned"))
        await world.cycle()
        reached = len(world.bybit.seen)
        record = await world.cycle()
        assert len(world.bybit.seen) == reached
        assert record.status is CycleStatus.STALE
        assert world.short("ETH") == Decimal(5)

    over_sockets(tmp_path, check)


def test_a_vault_that_hangs_or_talks_rubbish_is_no_empty_vault(tmp_path: Path) -> None:
    """A page of HTML, an empty answer and no answer are all the same: not seen."""

    async def check(world: Two) -> None:
        await world.settled()
        for fault in ("body_html", "body_empty", "timeout"):
            world.bybit.faults.add(Script(fault=fault, path="/v5/account/wallet-balance", times=3))
            assert (await world.cycle()).status is CycleStatus.STALE, fault
            assert world.short("ETH") == Decimal(5)
            await world.desk.hands.clock.sleep(REST_S)  # one that hung is left alone for so long
            await world.settled()

    over_sockets(tmp_path, check)


def test_the_hedge_is_protected_while_the_vault_is_gone(tmp_path: Path) -> None:
    """Collateral that is lost calls for less short at once, whatever cannot be seen elsewhere."""

    async def check(world: Two) -> None:
        await world.settled()
        await world.vault.stop()
        engine = world.binance.exchange.engine
        engine.withdraw(ACCOUNT, "spot", "USDT", engine.wallet(ACCOUNT, "spot")["USDT"][0])
        engine.withdraw(ACCOUNT, "futures", "USDT", Decimal(41000))
        world.feed.prices.update(BTC=Decimal(62500), ETH=Decimal(3125))
        await world.desk.hands.clock.sleep(60)
        await world.cycle()
        assert Decimal(0) < world.short("BTC") + world.short("ETH") / 20 < Decimal("0.6")

    over_sockets(tmp_path, check)
