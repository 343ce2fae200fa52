"""The network and the venue at their worst, over real sockets: each trial fires one fault of the catalogue and judges.

Two kinds of trial. In a cycle: the whole bot, and one of its requests, another one each time, meets the fault; in the
quiet that follows it must arrive. At the door: one order through the venue's own TLS addresses, led astray.
"""

import asyncio
import json
import random
import re
import socket
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bot.cycle import Desk, run_cycle
from bot.domain.errors import BallastError, Unavailable, Unknown
from bot.exchange.calls import Limits
from bot.exchange.quirks import quirks_of
from bot.exchange.transport import aiohttp_transport
from bot.exchange.venue import CcxtVenue
from bot.settings import load_settings
from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireRequest
from bot.wiring import open_desk
from tests.acceptance.stage import DEPOSITS, START, StillFeed
from tests.soak.trial import Trial
from tests.testnet import strikes
from tests.testnet.addresses import Leading
from tests.testnet.certificates import Authority
from tests.testnet.hostile import HostileServer, Strike, Visit
from tests.testnet.test_exchange_socket import ExchangeTime, sell

VENUES = ("binance", "bybit", "bingx", "weex", "mexc")
OURS = re.compile(r"blst[a-z0-9]{20}")
TIMEOUT_S = 0.25
# a read tries three times, each with two seconds beyond its time; reads of a cycle go side by side, in a few rounds
CYCLE_S_MAX = 30.0
CYCLES_MAX = 12
PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "{venue}"
localnet = "{address}"
[policy.size]
rule = "static-ratio"
ratio = "0.5"
[risk]
leverage_cap = "2"
balance_jump_max = "100"
[network]
timeout_s = {timeout_s}
[journal]
path = "{folder}/ballast.db"
"""


def _late(strike: Strike) -> Strike:
    return strikes.carried_out(strike)


async def _replayed(visit: Visit) -> None:
    """Carried out, and then the whole reply three times: two answers to questions nobody asked."""
    await visit.send(visit.carry_out() * 3)


def _cycle_strikes(chance: random.Random) -> Mapping[str, Strike]:
    """The faults that strike in the middle of a cycle; shares of bytes and forms vary."""
    return {
        "F02": _late(chance.choice([strikes.reset, strikes.finish])),
        "F03": chance.choice([strikes.reset, strikes.finish]),
        "F04": chance.choice([strikes.hang, _late(strikes.hang)]),
        "F05": chance.choice([strikes.drip, _late(strikes.drip)]),
        "F06": strikes.cut(chance.choice([0.05, 0.3, 0.6, 0.9, 0.999])),
        "F07": chance.choice([strikes.cut_chunked, strikes.bad_gzip, strikes.garbage]),
        "F13": chance.choice([strikes.hang, _late(strikes.hang)]),
        "F18": chance.choice([strikes.doubled, strikes.doubled_at_once, _replayed]),
        "F19": chance.choice([
            _late(strikes.endless(strikes.MEGABYTE, head=strikes.OK + b"Connection: close\r\n\r\n")),
            strikes.endless(strikes.chunk(strikes.MEGABYTE), head=strikes.OK + b"Transfer-Encoding: chunked\r\n\r\n"),
        ]),
    }  # fmt: skip


AT_THE_DOOR = ("F01", "F11", "F12", "F15", "F16", "F104")
FAULTS = (*sorted(_cycle_strikes(random.Random(0))), *AT_THE_DOOR)


def trials(repeat: int) -> Iterator[Trial]:
    """Every fault `repeat` times; venue, request and bytes vary with the number of the trial."""
    for number in range(repeat):
        for fault in FAULTS:
            yield trial(fault, number)


def trial(fault: str, number: int) -> Trial:
    """One trial; the same fault and number play the same."""
    with tempfile.TemporaryDirectory(prefix="ballast-hostile-") as name:
        play: Play = _AT_THE_DOOR[fault] if fault in AT_THE_DOOR else _in_a_cycle
        try:
            fired, broken = asyncio.run(play(fault, number, Path(name)))
        except Exception as error:
            fired, broken = 0, [f"X2 the trial itself broke: {''.join(traceback.format_exception(error))}"]
    if not fired:
        broken = [*broken, "the fault did not strike"]
    return Trial(name=f"hostile {fault} {number}", faults=(fault,) * min(fired, 1), broken=tuple(broken))


def is_order(venue: str, request: WireRequest) -> bool:
    return codec(venue).paths.holds("order", request.method, request.path)


def _answering(venue: str) -> AnsweringExchange:
    engine = Engine(listings=default_listings(), at=START)
    engine.open_account(ACCOUNT, DEPOSITS)
    exchange = Exchange(market=Market(engine, StillFeed()), keys={LOCAL_KEY.key: LOCAL_KEY}, window_scale=60)
    return AnsweringExchange(exchange, codec=codec(venue))


class _MarketTime:
    """The exchange's own time; waiting lets it pass."""

    def __init__(self, answering: AnsweringExchange) -> None:
        self._answering = answering

    def now(self) -> object:
        return self._answering.exchange.now

    def monotonic(self) -> float:
        return (self._answering.exchange.now - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self._answering.advance(timedelta(seconds=seconds))


async def _in_a_cycle(fault: str, number: int, folder: Path) -> tuple[int, list[str]]:
    chance = random.Random(f"{fault} {number}")
    venue = VENUES[number % len(VENUES)]
    answering = _answering(venue)
    unwritten: list[str] = []
    posted = Counter[str]()

    def witness(request: WireRequest) -> None:
        if is_order(venue, request):
            found = OURS.search(request.query + request.body)
            name = found.group() if found else "without an id"
            posted[name] += 1
            if not _written(folder / "ballast.db", name):
                unwritten.append(name)

    server = HostileServer(answering=answering, witness=witness)
    await server.start()
    broken: list[str] = []
    async with AsyncExitStack() as doors:
        doors.push_async_callback(server.stop)
        profile = folder / "profile.toml"
        text = PROFILE.format(venue=venue, address=server.address, folder=folder, timeout_s=TIMEOUT_S)
        profile.write_text(text, encoding="utf-8")
        settings = load_settings([profile], environ={}, env_file=None)
        clock = _MarketTime(answering)
        desk = await doors.enter_async_context(open_desk(settings, purpose="once", clock=clock))  # type: ignore[arg-type]
        orders = fault in ("F02", "F06", "F07", "F18") or chance.random() < 0.6
        nth = chance.randint(1, 2) if orders else chance.randint(1, 24)
        server.plan(
            _cycle_strikes(chance)[fault],
            (lambda request: is_order(venue, request)) if orders else lambda _: True,
            nth=nth,
        )
        broken += await _cycles_until_hedged(desk, answering)
    broken += [f"A2 the order {name} arrived before its row" for name in unwritten]
    broken += [f"A4 the order {name} was sent {count} times" for name, count in posted.items() if count != 1]
    broken += _book(answering)
    return server.struck, broken


async def _cycles_until_hedged(desk: Desk, answering: AnsweringExchange) -> list[str]:
    broken = []
    for _ in range(CYCLES_MAX):
        began = time.monotonic()
        record = await run_cycle(desk)
        took = time.monotonic() - began
        if took > CYCLE_S_MAX:
            broken.append(f"E7 a cycle took {took:.1f} s")
        if record.status.value == "hedged":
            return broken
        answering.advance(timedelta(seconds=130))
    return [*broken, f"L1 not hedged after {CYCLES_MAX} cycles: {record.status.value} {record.notes[:3]}"]


def _written(journal: Path, client_id: str) -> bool:
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
        return file.execute("SELECT 1 FROM intents WHERE client_id = ?", (client_id,)).fetchone() is not None


def _book(answering: AnsweringExchange) -> list[str]:
    """What the exchange's own book says: no id twice, never long, the short as it was wanted."""
    engine, broken = answering.exchange.engine, _doubled(answering)
    broken += [f"A3 an order without our id: {name!r}" for name in _names(answering) if not OURS.fullmatch(name)]
    short = {row.symbol: -row.amount for row in engine.positions(ACCOUNT, "linear")}
    for symbol, wanted in (("BTCUSDT", Decimal("0.6")), ("ETHUSDT", Decimal(6))):
        held = short.get(symbol, Decimal(0))
        if not wanted * Decimal("0.95") <= held <= wanted * Decimal("1.01"):
            broken.append(f"B5 {symbol}: {held} short where {wanted} was wanted")
    return broken


def _names(answering: AnsweringExchange) -> Counter[str]:
    return Counter(row.facts["client_id"] for row in answering.exchange.engine.ledger if row.kind == "order.new")


def _doubled(answering: AnsweringExchange) -> list[str]:
    return [f"A1 {count} orders under {name}" for name, count in _names(answering).items() if count > 1]


class _Door:
    """The venue's real addresses, led to a server of ours over TLS; and a thief who listens nearby."""

    def __init__(self, venue: str, folder: Path) -> None:
        row = quirks_of(venue)
        assert row is not None
        self.venue, self.hosts = venue, row.hosts_live
        self.authority = Authority(folder)
        self.answering = _answering(venue)
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


def _at_the_door(play: Callable[[_Door, random.Random], Awaitable[tuple[int, list[str]]]], **opened: bool) -> Play:
    async def whole(fault: str, number: int, folder: Path) -> tuple[int, list[str]]:
        door = _Door(VENUES[number % len(VENUES)], folder)
        async with door.doors:
            how = {word: number % 2 == place for place, word in enumerate(opened)} if opened else {}
            await door.open(**how)
            fired, broken = await play(door, random.Random(f"{fault} {number}"))
            return fired, broken + await door.judged()

    return whole


async def _no_name(door: _Door, chance: random.Random) -> tuple[int, list[str]]:
    await door.client._session.close()
    failures = door.names.failures = chance.randint(1, 3)
    broken = []
    for number in range(failures):
        said = await door.order(f"try{number}")
        broken += _unless(said == "never sent", f"A7 without a name an order ended {said}")
    broken += _unless(door.placed() == 0, "A1 an order although no name was found")
    said = await door.order("afterwards")
    return failures, broken + _unless(said == "placed" and door.placed() == 1, f"L1 afterwards an order ended {said}")


async def _sent_elsewhere(door: _Door, chance: random.Random) -> tuple[int, list[str]]:
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


async def _cancel_dropped(door: _Door, chance: random.Random) -> tuple[int, list[str]]:
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


async def _not_the_venue(door: _Door, _chance: random.Random) -> tuple[int, list[str]]:
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


async def _from_elsewhere(door: _Door, _chance: random.Random) -> tuple[int, list[str]]:
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


async def _compromised(door: _Door, chance: random.Random) -> tuple[int, list[str]]:
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


_AT_THE_DOOR: Mapping[str, Play] = {
    "F01": _at_the_door(_no_name),
    "F11": _at_the_door(_sent_elsewhere),
    "F12": _at_the_door(_cancel_dropped),
    "F15": _at_the_door(_not_the_venue, stranger=True, expired=True),
    "F16": _at_the_door(_from_elsewhere),
    "F104": _at_the_door(_compromised),
}
