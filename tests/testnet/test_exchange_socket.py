"""The live Venue against the local testnet over real sockets: every call, every fault, no key to a stranger."""

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from bot.domain.account import MarginMode, Order, OrderStatus, PositionMode, Side, Wallet
from bot.domain.errors import AlreadyExists, Refused, Unavailable, Unknown
from bot.exchange.calls import Limits
from bot.exchange.venue import CcxtVenue
from bot.sim.answering import AnsweringExchange
from bot.sim.faults import DEFAULT_KINDS, FAULTS, FaultSchedule, Script
from bot.sim.memory_session import MemorySession
from bot.sim.server import LocalServer
from tests.exchange.world import market
from tests.testnet.world import KEY, SECRET, START, make_answering, make_exchange

T = TypeVar("T")
BTC = "BTC/USDT:USDT"
LIMITS = Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False, timeout_s=0.3)


class ExchangeTime:
    """The exchange's own clock, three minutes off on our side; waiting lets exchange time pass."""

    def __init__(self, answering: AnsweringExchange) -> None:
        self.world = answering

    def now(self) -> datetime:
        return self.world.exchange.now + timedelta(minutes=3)

    def monotonic(self) -> float:
        return (self.world.exchange.now - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.world.advance(timedelta(seconds=seconds))


def over_sockets(check: Callable[[CcxtVenue], Awaitable[T]], *scripts: Script, cache: Path | None = None) -> T:
    async def run() -> T:
        world = make_answering(*scripts)
        server = LocalServer(world, hang_s=0.6)
        host, port = await server.start()
        venue = make_venue(world, localnet=f"{host}:{port}", cache_directory=cache)
        try:
            await venue.connect()
            return await check(venue)
        finally:
            await venue.close()
            await server.stop()

    return asyncio.run(run())


def in_memory(check: Callable[[CcxtVenue], Awaitable[T]]) -> T:
    async def run() -> T:
        world = AnsweringExchange(make_exchange(), faults=FaultSchedule(), slow_s=0.0)
        venue = make_venue(world, transport_factory=lambda: MemorySession(world), localnet="127.0.0.1:1")
        await venue.connect()
        try:
            return await check(venue)
        finally:
            await venue.close()

    return asyncio.run(run())


def world_of(venue: CcxtVenue) -> AnsweringExchange:
    clock = venue._reading.clock
    assert isinstance(clock, ExchangeTime)
    return clock.world


def venue_faults(venue: CcxtVenue, script: Script) -> None:
    world_of(venue).faults.add(script)


def make_listing() -> bytes:
    return json.dumps({"symbols": [market("BTC")]}).encode()


def make_venue(world: AnsweringExchange, **changes: object) -> CcxtVenue:
    settings: dict[str, object] = {"api_key": KEY, "api_secret": SECRET, "limits": LIMITS, **changes}
    return CcxtVenue(venue_id="binance", clock=ExchangeTime(world), **settings)  # type: ignore[arg-type]


async def sell(venue: CcxtVenue, client_id: str = "first") -> Order:
    return await venue.place_order(
        symbol=BTC,
        side=Side.SELL,
        amount=Decimal("0.1"),
        limit_price=Decimal(49900),
        reduce_only=False,
        client_id=client_id,
    )


def test_a_hedge_is_opened_read_back_and_closed() -> None:
    """The whole life of a short, with what each reading must then say."""

    async def life(venue: CcxtVenue) -> None:
        since = START - timedelta(days=1)
        assert await venue.position_mode() is PositionMode.ONE_WAY
        assert await venue.positions([BTC]) == ()
        await venue.set_margin_mode(BTC, MarginMode.CROSS)
        await venue.set_leverage(BTC, 2)
        (setting,) = await venue.settings([BTC])
        assert (setting.leverage, setting.margin_mode) == (Decimal(2), MarginMode.CROSS)
        placed = await sell(venue)
        assert (placed.status, placed.filled) == (OrderStatus.CLOSED, Decimal("0.1"))
        assert await venue.order_by_client_id(BTC, "first") == placed
        (position,) = await venue.positions([BTC])
        assert position.amount == Decimal("-0.1")
        (fill,) = await venue.fills(BTC, since)
        assert (fill.order_id, fill.amount) == (placed.order_id, Decimal("0.1"))
        assert any(entry.kind == "fee" for entry in await venue.income(since))
        closed = await venue.place_order(
            symbol=BTC,
            side=Side.BUY,
            amount=Decimal("0.1"),
            limit_price=Decimal(50100),
            reduce_only=True,
            client_id="second",
        )
        assert closed.reduce_only
        assert await venue.positions([BTC]) == ()
        assert await venue.order_by_client_id(BTC, "third") is None

    over_sockets(life)


def test_money_moves_between_wallets_and_is_listed() -> None:
    """A transfer is found again under the id the venue gave it."""

    async def move(venue: CcxtVenue) -> None:
        moved = await venue.transfer(currency="USDT", amount=Decimal(10), source=Wallet.SPOT, target=Wallet.FUTURES)
        (listed,) = await venue.transfers(START - timedelta(days=1))
        assert (listed.transfer_id, listed.amount, listed.source) == (moved, Decimal(10), Wallet.SPOT)
        (account,) = await venue.margin_accounts()
        assert account.equity == Decimal(10010)
        assert {(row.wallet, row.asset) for row in await venue.balances()} >= {(Wallet.FUNDING, "USDT")}
        assert (await venue.key_rights()).withdraw is False

    over_sockets(move)


def test_markets_and_prices_are_read() -> None:
    """Public data in its leanest form."""

    async def look(venue: CcxtVenue) -> None:
        rows = await venue.instruments(["BTC", "ETH"])
        assert {row.symbol for row in rows} == {BTC, "ETH/USDT:USDT"}
        (mark,) = await venue.marks([BTC])
        assert mark.mark_price == Decimal(50000)
        (price,) = await venue.prices(["BTC", "NOSUCH"], "USDT")
        assert price.asset == "BTC"
        (rate,) = await venue.funding([BTC])
        assert rate.interval_h == 8
        assert (await venue.book(BTC, 5)).bids
        assert len(await venue.candles(BTC, 3600, START - timedelta(hours=5), START)) == 5
        assert (await venue.brackets([BTC]))[BTC][0].notional_floor == 0

    over_sockets(look)


def test_a_second_start_asks_for_no_market_table(tmp_path: Path) -> None:
    """The cache of the first start serves the second one."""

    async def look(venue: CcxtVenue) -> int:
        return len(await venue.instruments(["BTC"]))

    broken = Script(fault="body_empty", method="GET", path="/fapi/v1/exchangeInfo", times=99)
    assert over_sockets(look, cache=tmp_path) == 1
    with pytest.raises(Unavailable):
        over_sockets(look, broken)


# an exchange that carries out one request twice is not lying about either; the position tells
@pytest.mark.parametrize("fault", sorted(set(DEFAULT_KINDS) - {"duplicate_execution"}))
def test_no_fault_turns_an_order_into_a_lie(fault: str) -> None:
    """Whatever happens to the request: an answer is the exchange's own, and "not sent" is true."""

    async def order(venue: CcxtVenue) -> None:
        placed: Order | None = None
        try:
            placed = await sell(venue)
        except (Unknown, AlreadyExists, Refused):
            return
        except Unavailable:
            assert await venue.order_by_client_id(BTC, "first") is None
            return
        found = await venue.order_by_client_id(BTC, "first")
        assert found is None or found.order_id == placed.order_id

    executes = None if FAULTS[fault].executes is False else True
    over_sockets(order, Script(fault=fault, method="POST", path="/fapi/v1/order", executes=executes))


@pytest.mark.parametrize(
    "fault", [name for name in DEFAULT_KINDS if name.startswith(("body_", "status_", "cut", "lost"))]
)
@pytest.mark.parametrize("path", ["/fapi/v3/positionRisk", "/fapi/v3/account", "/api/v3/account"])
def test_no_fault_turns_holdings_into_nothing(fault: str, path: str) -> None:
    """With a short open and coins in the wallet, a broken answer is unavailable, never flat and never zero."""

    async def look(venue: CcxtVenue) -> None:
        await sell(venue)
        venue_faults(venue, Script(fault=fault, method="GET", path=path, times=9))
        for read, least in ((venue.positions([BTC]), 1), (venue.margin_accounts(), 1), (venue.balances(), 4)):
            with contextlib.suppress(Unavailable):
                assert len(await read) >= least

    in_memory(look)


@pytest.mark.parametrize("seed", range(20))
def test_every_answer_under_fire_is_true_or_unavailable(seed: int) -> None:
    """Half the requests go wrong; what still comes out is what the exchange holds."""
    kinds = [name for name in DEFAULT_KINDS if name not in ("old_positions", "order_invisible", "partial_fill")]

    async def look(venue: CcxtVenue) -> int:
        with contextlib.suppress(Unavailable):
            await sell(venue)
        world_of(venue).faults = FaultSchedule(random.Random(seed), intensity=0.5, kinds=kinds)  # noqa: S311
        believed = 0
        for _ in range(10):
            with contextlib.suppress(Unavailable):
                (position,) = await venue.positions([BTC])
                assert position.amount == Decimal("-0.1")
                believed += 1
            with contextlib.suppress(Unavailable):
                for mark in await venue.marks([BTC]):
                    assert mark.mark_price == Decimal(50000) or mark.at < world_of(venue).exchange.now
            with contextlib.suppress(Unavailable):
                order = await venue.order_by_client_id(BTC, "first")
                assert order is not None
                assert order.filled == Decimal("0.1")
            with contextlib.suppress(Unavailable):
                assert {row.asset for row in await venue.balances()} == {"BTC", "ETH", "USDT"}
            world_of(venue).advance(timedelta(minutes=11))
        return believed

    assert in_memory(look) > 0


def test_a_redirect_carries_no_byte_to_another_port() -> None:
    """A server that answers 307 to a listener of its own: the listener never sees a connection, let alone a key."""

    async def run() -> list[str]:
        seen: list[str] = []

        async def thief(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append("connected")
            writer.close()

        trap = await asyncio.start_server(thief, "127.0.0.1", 0)
        target = trap.sockets[0].getsockname()[1]

        async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            body = b'{"serverTime": 1740999600000}'
            status = "200 OK" if "/time" in request else "307 Temporary Redirect"
            if "/exchangeInfo" in request:
                status, body = "200 OK", make_listing()
            head = f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{target}/steal\r\nConnection: close\r\n"
            writer.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(redirecting, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        venue = make_venue(make_answering(), localnet=f"127.0.0.1:{port}")
        try:
            await venue.connect()
            with pytest.raises(Unknown, match="elsewhere"):
                await sell(venue)
            with pytest.raises(Unavailable, match="elsewhere"):
                await venue.margin_accounts()
        finally:
            await venue.close()
            server.close()
            trap.close()
            await server.wait_closed()
            await trap.wait_closed()
        return seen

    assert asyncio.run(run()) == []


def test_a_port_where_nobody_listens_proves_that_nothing_was_sent() -> None:
    """A refused connection is the one fault after which an order surely does not exist."""

    async def run() -> None:
        world = make_answering()
        server = LocalServer(world)
        host, port = await server.start()
        venue = make_venue(world, localnet=f"{host}:{port}")
        await venue.connect()
        await venue._session.close()
        await server.stop()
        with pytest.raises(Unavailable, match="nothing was sent"):
            await sell(venue)
        await venue.close()

    asyncio.run(run())
