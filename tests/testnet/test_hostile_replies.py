"""Whatever comes back, a call ends in time, takes little memory, and is never taken for an answer."""

import asyncio
import contextlib
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.account import OrderStatus
from bot.domain.errors import Unavailable, Unknown
from bot.exchange.calls import Limits
from bot.exchange.venue import CcxtVenue
from bot.sim.localnet import LOCAL_KEY
from bot.sim.wire.request import WireRequest
from tests.testnet.hostile import HostileServer, serving
from tests.testnet.strikes import NOT_ANSWERS, replaced
from tests.testnet.test_exchange_socket import BTC, ExchangeTime, sell
from tests.testnet.world import START, make_answering

VENUES = ("binance", "bybit", "bingx", "weex", "mexc")
LIMITS = Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False, timeout_s=0.2)
KEYS: dict[str, Any] = {
    "api_key": LOCAL_KEY.key,
    "api_secret": LOCAL_KEY.secret,
    "api_passphrase": LOCAL_KEY.passphrase,
}
MEMORY_MAX = 160e6
# three attempts at most, each with its time and two seconds beyond, and what a slow machine needs to throw away 32 MB
READ_S_MAX, WRITE_S_MAX = 3 * (LIMITS.timeout_s + 2), LIMITS.timeout_s + 2
Check = Callable[[CcxtVenue, HostileServer], Awaitable[None]]


def at_a_hostile_venue(check: Check, venue_id: str = "binance") -> None:
    async def run() -> None:
        answering = make_answering(key=LOCAL_KEY, venue=venue_id)
        async with serving(answering) as server:
            venue = CcxtVenue(
                venue_id=venue_id, clock=ExchangeTime(answering), limits=LIMITS, localnet=server.address, **KEYS,
            )  # fmt: skip
            try:
                await venue.connect()
                await check(venue, server)
            finally:
                await venue.close()

    asyncio.run(run())


def is_order(request: WireRequest) -> bool:
    return request.method == "POST" and "order" in request.path.lower()


EVERYWHERE = ("500 MB in chunks", "a byte now and then")
CASES = [("binance", name) for name in NOT_ANSWERS] + [(venue, name) for venue in VENUES[1:] for name in EVERYWHERE]


@pytest.mark.parametrize(("venue_id", "name"), CASES)
def test_a_call_to_a_hostile_venue_is_bounded_in_memory_and_time(venue_id: str, name: str) -> None:
    """Read: unavailable. Order: unknown, which is looked up; never an order, never a refusal."""

    async def check(venue: CcxtVenue, server: HostileServer) -> None:
        server.plan(NOT_ANSWERS[name], times=99)
        tracemalloc.start(1)
        try:
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await venue.time()
            read_s = time.monotonic() - began
            began = time.monotonic()
            with pytest.raises(Unknown):
                await sell(venue)
            write_s = time.monotonic() - began
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MEMORY_MAX
        assert read_s < READ_S_MAX
        assert write_s < WRITE_S_MAX
        assert sum(is_order(request) for request in server.seen) == 1

    at_a_hostile_venue(check, venue_id)


@pytest.mark.parametrize("venue_id", VENUES)
def test_a_reply_about_another_market_is_not_taken_for_the_one_asked(venue_id: str) -> None:
    """The names in every reply are swapped: nothing is said of the market that was asked for."""

    async def check(venue: CcxtVenue, server: HostileServer) -> None:
        await sell(venue)
        server.plan(replaced({"BTC": "ETH"}), times=999)
        reads = (
            venue.marks([BTC]),
            venue.funding([BTC]),
            venue.positions([BTC]),
            venue.open_orders([BTC]),
            venue.fills(BTC, START - timedelta(days=1)),
        )
        for read in reads:
            with contextlib.suppress(Unavailable):
                assert not [row for row in await read if row.symbol == BTC]
        with pytest.raises(Unavailable):
            await venue.order_by_client_id(BTC, "first")
        with contextlib.suppress(Unknown):
            placed = await sell(venue, "second")
            assert (placed.status, placed.filled) == (OrderStatus.OPEN, Decimal(0)), "an acknowledgement is looked up"

    at_a_hostile_venue(check, venue_id)
