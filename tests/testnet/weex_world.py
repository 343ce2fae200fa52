"""Builders for tests that meet WEEX's language over the wire: the unmodified client, over memory or real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from ccxt.async_support.weex import weex

from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FaultSchedule, Script
from bot.sim.listings import padded_listings
from bot.sim.market import Market
from bot.sim.memory_session import MemorySession
from bot.sim.server import LocalServer
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange
from tests.testnet.world import PORTFOLIO, START, FlatFeed, LoopbackSession, make_exchange

T = TypeVar("T")
KEY = ApiKey(key="weex_test", secret="weex-secret", account="family", passphrase="weexpass")
CREDENTIALS = {"apiKey": KEY.key, "secret": KEY.secret, "password": KEY.passphrase}


def weex_answering(*scripts: Script, key: ApiKey = KEY, padded: bool = False) -> AnsweringExchange:
    exchange = make_exchange(key)
    if padded:
        engine = Engine(listings=padded_listings(), at=START)
        engine.open_account("family", PORTFOLIO)
        exchange = Exchange(market=Market(engine, FlatFeed()), keys={key.key: key})
    return AnsweringExchange(exchange, codec=codec("weex"), faults=FaultSchedule(scripts=scripts), slow_s=0.05)


def weex_client(session: Any, answering: AnsweringExchange, **config: Any) -> Any:
    """The unmodified client, told the exchange's time."""
    client = weex({**CREDENTIALS, "session": session, "enableRateLimit": False, "timeout": 2000, **config})
    client.timeout_on_exit = 0
    offset = datetime.now(UTC) - answering.exchange.now
    client.options["timeDifference"] = int(offset.total_seconds() * 1000)
    return client


def in_memory(check: Callable[[Any], Awaitable[T]], answering: AnsweringExchange | None = None, **config: Any) -> T:
    """Run one check with a client in the same process."""
    world = answering or weex_answering()

    async def run() -> T:
        client = weex_client(MemorySession(world), world, **config)
        try:
            return await check(client)
        finally:
            client.session = None

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def connected(answering: AnsweringExchange, **config: Any) -> AsyncIterator[Any]:
    """A client over real sockets to a server of its own."""
    server = LocalServer(answering, hang_s=1.0)
    session = LoopbackSession(await server.start())
    client = weex_client(session, answering, **config)
    try:
        yield client
    finally:
        client.session = None
        await session.close()
        await server.stop()


def over_sockets(check: Callable[[Any], Awaitable[T]], answering: AnsweringExchange | None = None, **config: Any) -> T:
    """Run one check with a connected client."""
    world = answering or weex_answering()

    async def run() -> T:
        async with connected(world, **config) as client:
            return await check(client)

    return asyncio.run(run())
