"""Builders for tests that meet MEXC's language: the unmodified client, the bot's own adapter, hand-made requests."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlencode

from bot.domain.account import MarginMode
from bot.exchange.venue import CcxtVenue
from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FaultSchedule, Script
from bot.sim.listings import padded_listings
from bot.sim.market import Market
from bot.sim.memory_session import MemorySession
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from tests.testnet.test_exchange_socket import ExchangeTime
from tests.testnet.world import KEY, PORTFOLIO, SECRET, START, FlatFeed, make_answering, make_client, make_exchange

T = TypeVar("T")
HOST = "api.mexc.com"
PRIVATE = "/api/v1/private"


def mexc(*scripts: Script, key: ApiKey | None = None) -> AnsweringExchange:
    return make_answering(*scripts, key=key, venue="mexc")


def mexc_of_600() -> AnsweringExchange:
    """A list of markets as long as the real one."""
    engine = Engine(listings=padded_listings(), at=START)
    engine.open_account("family", PORTFOLIO)
    exchange = Exchange(
        market=Market(engine, FlatFeed()), keys={KEY: ApiKey(key=KEY, secret=SECRET, account="family")}, window_scale=60
    )
    return AnsweringExchange(exchange, codec=codec("mexc"), faults=FaultSchedule())


def in_memory(check: Callable[[Any], Awaitable[T]], answering: AnsweringExchange | None = None, **config: Any) -> T:
    """Run one check with the unmodified client in the same process."""
    world = answering or mexc()

    async def run() -> T:
        client = make_client(MemorySession(world), world, **config)
        try:
            return await check(client)
        finally:
            client.session = None

    return asyncio.run(run())


def with_adapter(
    check: Callable[[CcxtVenue, AnsweringExchange], Awaitable[T]],
    answering: AnsweringExchange | None = None,
    margin_mode: MarginMode = MarginMode.CROSS,
) -> T:
    """Run one check with the bot's own adapter in the same process."""
    world = answering or mexc()

    async def run() -> T:
        venue = CcxtVenue(
            venue_id="mexc", clock=ExchangeTime(world), mode="testnet", margin_mode=margin_mode, api_key=KEY,
            api_secret=SECRET, localnet="127.0.0.1:1", transport_factory=lambda: MemorySession(world),
        )  # fmt: skip
        await venue.connect()
        try:
            return await check(venue, world)
        finally:
            await venue.close()

    return asyncio.run(run())


def spot_request(exchange: Exchange, method: str, path: str, **values: Any) -> WireRequest:
    """A spot request that passes every check unless the values say otherwise."""
    key, secret = values.pop("key", KEY), values.pop("secret", SECRET)
    text = urlencode({**values, "timestamp": values.get("timestamp", milliseconds(exchange.now))})
    signature = hmac.new(secret.encode(), text.encode(), sha256).hexdigest()
    query = f"{text}&signature={signature}"
    return WireRequest(method=method, host=HOST, path=path, query=query, headers={"x-mexc-apikey": key})


def futures_request(  # noqa: PLR0913 - what is signed, fact by fact
    exchange: Exchange,
    method: str,
    path: str,
    told: object = None,
    *,
    key: str = KEY,
    secret: str = SECRET,
    off: timedelta = timedelta(0),
) -> WireRequest:
    """A futures request that passes every check unless the arguments say otherwise."""
    sent = str(milliseconds(exchange.now + off))
    body = json.dumps(told) if method == "POST" else ""
    query = urlencode(told) if method == "GET" and isinstance(told, dict) else ""
    text = body if method == "POST" else "&".join(sorted(query.split("&")))
    signature = hmac.new(secret.encode(), (key + sent + text).encode(), sha256).hexdigest()
    headers = {"apikey": key, "request-time": sent, "signature": signature}
    return WireRequest(method=method, host=HOST, path=path, query=query, body=body, headers=headers)


def order_request(exchange: Exchange, **values: Any) -> WireRequest:
    """An order of 1000 contracts (0.1 BTC) that opens a short, unless the values say otherwise; None leaves out."""
    asked = {"symbol": "BTC_USDT", "vol": 1000, "side": 3, "type": 5, "openType": 2, **values}
    sent = {name: value for name, value in asked.items() if value is not None}
    return futures_request(exchange, "POST", f"{PRIVATE}/order/create", sent)


def said(reply: WireReply) -> tuple[int, int]:
    """HTTP status and the venue's own code."""
    return reply.status, int(json.loads(reply.body)["code"])


__all__ = ["make_exchange"]
