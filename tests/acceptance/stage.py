"""A stage for one acceptance case: an exchange that speaks a venue's language over real sockets, a desk before it."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bot.cycle import Desk, run_cycle
from bot.domain.ports import Venue
from bot.domain.record import CycleRecord
from bot.settings import Settings, load_settings
from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FaultSchedule, Script
from bot.sim.feed import Bar
from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.model import LedgerEvent, MarketType, Quote, WalletName
from bot.sim.server import LocalServer
from bot.sim.state import MarketKey
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireReply, WireRequest
from bot.wiring import open_desk

START = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "{venue}"
margin_mode = "{margin_mode}"
localnet = "{address}"
[policy.size]
rule = "static-ratio"
ratio = "{ratio}"
[risk]
leverage_cap = "2"
balance_jump_max = "100"
[journal]
path = "{folder}/ballast.db"
"""


class StillFeed:
    """Three coins whose prices stand until somebody moves them."""

    start = START
    end = START + timedelta(days=60)
    step = timedelta(minutes=1)
    markets: frozenset[MarketKey] = frozenset(
        (m, f"{c}USDT") for c in ("BTC", "ETH", "SOL") for m in ("spot", "linear")
    )

    def __init__(self) -> None:
        self.prices = {"BTC": Decimal(50000), "ETH": Decimal(2500), "SOL": Decimal(100)}
        self.closed = False

    def quotes(self, at: datetime) -> Mapping[MarketKey, Quote]:
        del at
        return {key: self._quote(key) for key in self.markets}

    def _quote(self, key: MarketKey) -> Quote:
        price = self.prices[key[1].removesuffix("USDT")]
        return Quote(mid=price, mark=price, index=price)

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        del symbol, interval_h, since
        return []

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        del market
        step, price = timedelta(seconds=step_s), self.prices[symbol.removesuffix("USDT")]
        first = datetime.fromtimestamp(-(-since.timestamp() // step_s) * step_s, UTC)
        opened = [first + number * step for number in range(max(0, (until - first) // step))]
        return [Bar(opened_at=at, open=price, high=price, low=price, close=price, volume=Decimal(1)) for at in opened]

    def unavailable(self, at: datetime) -> bool:
        del at
        return self.closed


class Watched(AnsweringExchange):
    """Keeps every request that reached the exchange."""

    def __init__(self, exchange: Exchange, venue: str) -> None:
        super().__init__(exchange, codec=codec(venue), faults=FaultSchedule(), slow_s=0.02)
        self.seen: list[WireRequest] = []

    def _carry_out(self, request: WireRequest) -> WireReply:
        self.seen.append(request)
        return super()._carry_out(request)


@dataclass(kw_only=True)
class Stage:
    """What a case plays with."""

    venue_id: str
    answering: Watched
    feed: StillFeed
    settings: Settings
    desk: Desk
    folder: Path
    doors: AsyncExitStack
    records: list[CycleRecord] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.answering.exchange.engine

    @property
    def venue(self) -> Venue:
        return self.desk.hands.venues[self.venue_id]

    def short(self, asset: str = "BTC") -> Decimal:
        """The short the exchange itself has on its book, in coins."""
        held = {row.symbol: row.amount for row in self.engine.positions(ACCOUNT, "linear")}
        return -held.get(f"{asset}USDT", Decimal(0))

    def orders(self) -> list[LedgerEvent]:
        """Every order the exchange took, by whomever."""
        return [row for row in self.engine.ledger if row.kind == "order.new"]

    def script(self, fault: str, **facts: object) -> None:
        """Plan a fault from now on."""
        self.answering.faults.add(Script(fault=fault, **facts))  # type: ignore[arg-type]

    async def pass_time(self, seconds: float) -> None:
        """Wait by the clock of the exchange, which the bot's own clock follows."""
        await self.desk.hands.clock.sleep(seconds)

    async def move(self, asset: str, price: str, *, seconds: float = 60) -> None:
        """Let the market move."""
        self.feed.prices[asset] = Decimal(price)
        await self.pass_time(seconds)

    async def restart(self) -> None:
        """End the process and start another: the same exchange, the same journal, nothing else remembered."""
        await self.doors.aclose()
        self.desk = await self.doors.enter_async_context(open_desk(self.settings, purpose="once"))

    async def cycle(self) -> CycleRecord:
        """One cycle of the bot."""
        self.records.append(await run_cycle(self.desk))
        return self.records[-1]

    async def cycles_until(self, status: str, *, at_most: int = 8, pause_s: float = 40) -> CycleRecord:
        """Cycles until one ends like that."""
        for _ in range(at_most):
            record = await self.cycle()
            if record.status.value == status:
                return record
            await self.pass_time(pause_s)
        said = [(row.status.value, row.notes, [refusal.reason for refusal in row.refusals]) for row in self.records]
        raise AssertionError(f"no cycle ended {status}: {said}")


DEPOSITS: Mapping[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal("1.2"),
    ("spot", "ETH"): Decimal(12),
    ("spot", "USDT"): Decimal(20000),
    ("futures", "USDT"): Decimal(40000),
}


@asynccontextmanager
async def stage(
    venue: str,
    *,
    deposits: Mapping[tuple[WalletName, str], Decimal] = DEPOSITS,
    ratio: str = "0.5",
    margin_mode: str = "cross",
    secret: str | None = None,
) -> AsyncIterator[Stage]:
    """An exchange, a server on a loopback port, and the bot's own desk before it."""
    feed = StillFeed()
    engine = Engine(listings=default_listings(), at=START)
    engine.open_account(ACCOUNT, deposits)
    answering = Watched(Exchange(market=Market(engine, feed), keys={LOCAL_KEY.key: LOCAL_KEY}), venue)
    server = LocalServer(answering, hang_s=0.5)
    host, port = await server.start()
    with tempfile.TemporaryDirectory(prefix="ballast-acceptance-") as name:
        folder = Path(name)
        profile = folder / "profile.toml"
        profile.write_text(
            PROFILE.format(venue=venue, address=f"{host}:{port}", folder=folder, ratio=ratio, margin_mode=margin_mode)
        )
        keys = {}
        if secret is not None:
            prefix = f"BALLAST_VENUES__{venue.upper()}__"
            keys = {
                f"{prefix}API_KEY": LOCAL_KEY.key,
                f"{prefix}API_SECRET": secret,
                f"{prefix}API_PASSPHRASE": LOCAL_KEY.passphrase,
            }
        settings = load_settings([profile], environ=keys, env_file=None)
        try:
            async with AsyncExitStack() as doors:
                desk = await doors.enter_async_context(open_desk(settings, purpose="once"))
                yield Stage(
                    venue_id=venue,
                    answering=answering,
                    feed=feed,
                    settings=settings,
                    desk=desk,
                    folder=folder,
                    doors=doors,
                )
        finally:
            await server.stop()
