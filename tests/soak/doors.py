"""One order through the venue's own TLS addresses, led astray: no name, another host, a stranger's certificate, ...

The venue's real names lead to a server of ours. A thief listens nearby, and must be told nothing.
"""

import asyncio
import json
import random
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bot.domain.errors import BallastError, Unavailable, Unknown
from bot.exchange.calls import Limits
from bot.exchange.quirks import quirks_of
from bot.exchange.transport import aiohttp_transport
from bot.exchange.venue import CcxtVenue
from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireRequest
from tests.acceptance.stage import DEPOSITS, START, StillFeed
from tests.testnet import strikes
from tests.testnet.addresses import Leading
from tests.testnet.certificates import Authority
from tests.testnet.hostile import HostileServer
from tests.testnet.test_exchange_socket import ExchangeTime, sell

VENUES = ("binance", "bybit", "bingx", "weex", "mexc")


def is_order(venue: str, request: WireRequest) -> bool:
    return codec(venue).paths.holds("order", request.method, request.path)


def answering_at(venue: str) -> AnsweringExchange:
    engine = Engine(listings=default_listings(), at=START)
    engine.open_account(ACCOUNT, DEPOSITS)
    exchange = Exchange(market=Market(engine, StillFeed()), keys={LOCAL_KEY.key: LOCAL_KEY}, window_scale=60)
    return AnsweringExchange(exchange, codec=codec(venue))


def names_in(answering: AnsweringExchange) -> Counter[str]:
    return Counter(row.facts["client_id"] for row in answering.exchange.engine.ledger if row.kind == "order.new")


def doubled_in(answering: AnsweringExchange) -> list[str]:
    return [f"A1 {count} orders under {name}" for name, count in names_in(answering).items() if count > 1]


class Door:
    """The venue's real addresses, led to a server of ours over TLS; and a thief who listens nearby."""

    def __init__(self, venue: str, folder: Path) -> None:
        row = quirks_of(venue)
        assert row is not None
        self.venue, self.hosts = venue, row.hosts_live
        self.authority = Authority(folder)
        self.answering = answering_at(venue)
        self.thefts: list[str] = []
        self.doors = AsyncExitStack()

    async def open(self, *, stranger: bool = False, expired: bool = False) -> None:
        """Connect through honest certificates; afterwards another authority, or an expired certificate, answers."""
        self.server = HostileServer(answering=self.answering, tls=self.authority.serving(*sorted(self.hosts)))
        await self.server.start()
        self.doors.push_async_callback(self.server.stop)
        self.names = Leading(port=_port(self.server.address))
        self.trap = await asyncio.start_server(self._steal, "127.0.0.1", 0)
        self.doors.callback(self.trap.close)
        transport = partial(aiohttp_transport, tls=self.authority.trusting(), resolver=self.names)
        self.client = CcxtVenue(
            venue_id=self.venue, clock=ExchangeTime(self.answering), mode="live", api_key=LOCAL_KEY.key,
            api_secret=LOCAL_KEY.secret, api_passphrase=LOCAL_KEY.passphrase, transport_factory=transport,
            limits=Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False, timeout_s=1.0),
        )  # fmt: skip
        self.doors.push_async_callback(self.client.close)
        await self.client.connect()
        if not stranger and not expired:
            return
        folder = Path(tempfile.mkdtemp(dir=self.authority.folder))
        signer = Authority(folder) if stranger else self.authority
        self.other = HostileServer(answering=self.answering, tls=signer.serving(*sorted(self.hosts), expired=expired))
        await self.other.start()
        self.doors.push_async_callback(self.other.stop)
        self.names.port = _port(self.other.address)
        await self.client._session.close()

    async def _steal(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.thefts.append((await reader.read(4096)).decode("latin-1"))
        writer.close()

    async def order(self, name: str = "first") -> str:
        """Try one order; what came of it, in a word."""
        began = time.monotonic()
        try:
            await sell(self.client, name)
            said = "placed"
        except Unknown:
            said = "unknown"
        except Unavailable as error:
            said = "never sent" if "nothing was sent" in str(error) else "unavailable"
        except BallastError as error:
            said = type(error).__name__
        if time.monotonic() - began > 4:
            said += " too late"
        return said

    def placed(self) -> int:
        return sum(row.kind == "order.new" for row in self.answering.exchange.engine.ledger)

    async def judged(self) -> list[str]:
        """Rules that hold at every door: nobody else was reached, asked for, or told anything."""
        broken = [f"S3 somebody else was sent {len(text)} bytes" for text in self.thefts]
        broken += [f"S2 {name} was looked up" for name in set(self.names.asked) - set(self.hosts)]
        names = Counter(
            row.facts["client_id"] for row in self.answering.exchange.engine.ledger if row.kind == "order.new"
        )
        return broken + [f"A1 {count} orders under {name}" for name, count in names.items() if count > 1]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _unless(true: bool, said: str) -> list[str]:
    return [] if true else [said]


Play = Callable[[str, int, Path], Coroutine[Any, Any, tuple[int, list[str]]]]


def _at_the_door(play: Callable[[Door, random.Random], Awaitable[tuple[int, list[str]]]], **opened: bool) -> Play:
    async def whole(fault: str, number: int, folder: Path) -> tuple[int, list[str]]:
        door = Door(VENUES[number % len(VENUES)], folder)
        async with door.doors:
            how = {word: number % 2 == place for place, word in enumerate(opened)} if opened else {}
            await door.open(**how)
            fired, broken = await play(door, random.Random(f"{fault} {number}"))
            return fired, broken + await door.judged()

    return whole


async def _no_name(door: Door, chance: random.Random) -> tuple[int, list[str]]:
    await door.client._session.close()
    failures = door.names.failures = chance.randint(1, 3)
    broken = []
    for number in range(failures):
        said = await door.order(f"try{number}")
        broken += _unless(said == "never sent", f"A7 without a name an order ended {said}")
    broken += _unless(door.placed() == 0, "A1 an order although no name was found")
    said = await door.order("afterwards")
    return failures, broken + _unless(said == "placed" and door.placed() == 1, f"L1 afterwards an order ended {said}")


async def _sent_elsewhere(door: Door, chance: random.Random) -> tuple[int, list[str]]:
    port = door.trap.sockets[0].getsockname()[1]
    scheme, host = chance.choice(["http:", "https:", ""]), chance.choice(["127.0.0.1", "localhost", "evil.example"])
    strike = strikes.redirected(f"{scheme}//{host}:{port}/steal", chance.choice([301, 302, 303, 307, 308]))
    door.server.plan(strike, times=99)
    said = await door.order()
    broken = _unless(said in ("unknown", "unavailable"), f"S3 redirected, an order ended {said}")
    try:
        await door.client.time()
    except Unavailable:
        pass
    else:
        broken.append("S3 a redirect counted as an answer")
    return door.server.struck, broken


async def _cancel_dropped(door: Door, chance: random.Random) -> tuple[int, list[str]]:
    await door.order()
    before = len(door.server.seen)
    door.server.plan(chance.choice([strikes.finish, strikes.reset]), lambda request: _is_cancel(door.venue, request))
    try:
        await door.client.cancel_order("BTC/USDT:USDT", "first")
        broken = ["A7 a cancel without a reply counted as done"]
    except BallastError:
        broken = []
    sent = [request for request in door.server.seen[before:] if _is_cancel(door.venue, request)]
    return door.server.struck, broken + _unless(len(sent) == 1, f"A4 a cancel was sent {len(sent)} times")


def _is_cancel(venue: str, request: WireRequest) -> bool:
    return request.method == "DELETE" or (request.method == "POST" and "cancel" in request.path.lower())


async def _not_the_venue(door: Door, _chance: random.Random) -> tuple[int, list[str]]:
    said = await door.order()
    broken = _unless(said == "never sent", f"S3 before a certificate that is none, an order ended {said}")
    broken += _unless(not door.other.seen, "S3 who is not the venue was sent a request")
    door.names.port = _port(door.server.address)
    await door.client._session.close()
    said = await door.order("afterwards")
    return 1, broken + _unless(said == "placed", f"L1 afterwards an order ended {said}")


# "this key is not for your address", as each venue's manual has it
NOT_FROM_THERE: Mapping[str, tuple[int, dict[str, object]]] = {
    "binance": (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}),
    "bybit": (200, {"retCode": 10010, "retMsg": "Unmatched IP, please check your API key's bound IP addresses."}),
    "bingx": (200, {"code": 100419, "msg": "your current request IP does not match IP whitelist"}),
    "weex": (403, {"code": -1056, "msg": "IP not in whitelist"}),
    "mexc": (200, {"success": False, "code": 406, "message": "Accessed IP is not in the whitelist"}),
}


async def _from_elsewhere(door: Door, _chance: random.Random) -> tuple[int, list[str]]:
    """Names are looked up for IPv4 alone; a venue that turns an address away is told apart from a refused order."""
    await door.client._session.close()
    status, words = NOT_FROM_THERE[door.venue]
    plan = door.server.plan(
        strikes.body(json.dumps(words).encode(), status=status), lambda request: is_order(door.venue, request)
    )
    said = await door.order()
    wrong = [family for family in door.names.families if family != socket.AF_INET]
    broken = [f"F16 the name was looked up for family {family}" for family in wrong]
    broken += _unless(said in ("unavailable", "unknown"), f"F16 turned away, an order ended {said}")
    broken += _unless(door.placed() == 0, "A1 turned away, and an order is there")
    return plan.met, broken


async def _compromised(door: Door, chance: random.Random) -> tuple[int, list[str]]:
    """A library that was tampered with: it aims at a host of its own, or drops TLS."""
    port = door.trap.sockets[0].getsockname()[1]
    evil = chance.choice([f"https://127.0.0.1:{port}", f"http://localhost:{port}", "https://evil.example"])
    real = door.client._client.sign

    def aimed(*words: object, **facts: object) -> dict[str, object]:
        signed: dict[str, object] = real(*words, **facts)
        path = str(signed["url"]).partition("://")[2].partition("/")[2]
        return {**signed, "url": f"{evil}/{path}"}

    door.client._client.sign = aimed
    before = len(door.server.seen)
    said = await door.order()
    broken = _unless(said in ("Forbidden", "unavailable", "never sent"), f"S3 aimed elsewhere, an order ended {said}")
    broken += _unless(door.placed() == 0, "S3 aimed elsewhere, an order was placed")
    return 1, broken + _unless(len(door.server.seen) == before, "S3 aimed elsewhere, something was sent")


AT_THE_DOOR: Mapping[str, Play] = {
    "F01": _at_the_door(_no_name),
    "F11": _at_the_door(_sent_elsewhere),
    "F12": _at_the_door(_cancel_dropped),
    "F15": _at_the_door(_not_the_venue, stranger=True, expired=True),
    "F16": _at_the_door(_from_elsewhere),
    "F104": _at_the_door(_compromised),
}
