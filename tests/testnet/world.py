"""Builders for tests that meet the simulated exchange over the wire: a flat market, keys, sessions, real clients."""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import aiohttp
import yarl

from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FaultSchedule, Script
from bot.sim.feed import Bar
from bot.sim.listings import default_listings
from bot.sim.market import Market
from bot.sim.model import MarketType, Quote, WalletName
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from bot.sim.state import MarketKey
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange

START = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
KEY = "testkey" + "0" * 57
T = TypeVar("T")
SECRET = "testsecret" + "1" * 54
PRICES = {"BTC": Decimal(50000), "ETH": Decimal(2500), "SOL": Decimal(100)}
PORTFOLIO: dict[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal("1.2"),
    ("spot", "ETH"): Decimal(12),
    ("spot", "USDT"): Decimal(20000),
    ("funding", "USDT"): Decimal(5000),
    ("futures", "USDT"): Decimal(10000),
}


class FlatFeed:
    """Three coins whose prices never move."""

    start = START
    end = START + timedelta(days=30)
    step = timedelta(minutes=1)
    markets: frozenset[MarketKey] = frozenset((m, f"{c}USDT") for c in PRICES for m in ("spot", "linear"))

    def quotes(self, at: datetime) -> Mapping[MarketKey, Quote]:
        return {
            key: Quote(mid=p, mark=p, index=p) for key in self.markets for p in [PRICES[key[1].removesuffix("USDT")]]
        }

    def candles(self, market: MarketType, symbol: str, step_s: int, since: datetime, until: datetime) -> list[Bar]:
        step, price = timedelta(seconds=step_s), PRICES[symbol.removesuffix("USDT")]
        first = datetime.fromtimestamp(-(-since.timestamp() // step_s) * step_s, UTC)
        count = max(0, (until - first) // step)
        opened = [first + number * step for number in range(count)]
        return [Bar(opened_at=at, open=price, high=price, low=price, close=price, volume=Decimal(1)) for at in opened]

    def settled(self, symbol: str, interval_h: int, since: datetime) -> list[tuple[datetime, Decimal, Decimal]]:
        return []

    def unavailable(self, at: datetime) -> bool:
        return False


def make_exchange(key: ApiKey | None = None) -> Exchange:
    engine = Engine(listings=default_listings(), at=START)
    engine.open_account("family", PORTFOLIO)
    chosen = key or ApiKey(key=KEY, secret=SECRET, account="family")
    return Exchange(market=Market(engine, FlatFeed()), keys={chosen.key: chosen})


def make_answering(*scripts: Script, key: ApiKey | None = None, venue: str = "binance") -> AnsweringExchange:
    faults = FaultSchedule(scripts=scripts)
    return AnsweringExchange(make_exchange(key), codec=codec(venue), faults=faults, slow_s=0.05)


def weather(name: str = "rich-basis") -> AnsweringExchange:
    """A whole scenario with quarterly and coin-margined contracts, at its first instant."""
    feed = scenario_feed(name)
    engine = Engine(listings=scenario_listings(feed), at=feed.start)
    engine.open_account("family", PORTFOLIO)
    keys = {KEY: ApiKey(key=KEY, secret=SECRET, account="family")}
    # A long list takes a slow machine seconds to read while this exchange's clock stands still.
    return AnsweringExchange(Exchange(market=Market(engine, feed), keys=keys, window_scale=60))


class LoopbackSession:
    """Keeps the real addresses in the client's hands and sends every request to the loopback server."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.headers: dict[str, str] = {}
        self._address = address
        self._session = aiohttp.ClientSession()
        self._session._retry_connection = False

    def request(self, method: str, url: yarl.URL, **options: Any) -> Any:
        headers = {**(options.pop("headers", None) or {}), "Host": url.host or ""}
        target = yarl.URL.build(
            scheme="http", host=self._address[0], port=self._address[1], path=url.raw_path,
            query_string=url.raw_query_string, encoded=True,
        )  # fmt: skip
        return self._session.request(method, target, headers=headers, allow_redirects=False, **options)

    def get(self, url: yarl.URL, **options: Any) -> Any:
        return self.request("GET", url, **options)

    def post(self, url: yarl.URL, **options: Any) -> Any:
        return self.request("POST", url, **options)

    def put(self, url: yarl.URL, **options: Any) -> Any:
        return self.request("PUT", url, **options)

    def delete(self, url: yarl.URL, **options: Any) -> Any:
        return self.request("DELETE", url, **options)

    async def close(self) -> None:
        await self._session.close()


def make_client(session: Any, answering: AnsweringExchange, **config: Any) -> Any:
    """The unmodified client of the bot for the venue that answers, told the exchange's time."""
    venue = answering.codec.venue
    client = getattr(importlib.import_module(f"ccxt.async_support.{venue}"), venue)(
        {"apiKey": KEY, "secret": SECRET, "session": session, "enableRateLimit": False, "timeout": 2000, **config}
    )
    client.timeout_on_exit = 0
    offset = datetime.now(UTC) - answering.exchange.now
    client.options["timeDifference"] = int(offset.total_seconds() * 1000)
    return client


@contextlib.asynccontextmanager
async def connected(answering: AnsweringExchange, **config: Any) -> AsyncIterator[Any]:
    """A client over real sockets to a server of its own."""
    server = LocalServer(answering, hang_s=1.0)
    session = LoopbackSession(await server.start())
    client = make_client(session, answering, **config)
    try:
        yield client
    finally:
        client.session = None
        await session.close()
        await server.stop()


def over_sockets(check: Callable[[Any], Awaitable[T]], answering: AnsweringExchange | None = None, **config: Any) -> T:
    """Run one check with a connected client."""
    world = answering or make_answering()

    async def run() -> T:
        async with connected(world, **config) as client:
            return await check(client)

    return asyncio.run(run())
