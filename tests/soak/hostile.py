"""The network and the venue at their worst, over real sockets: each trial fires one fault of the catalogue and judges.

Two kinds of trial. In a cycle: the whole bot, and one of its requests, another one each time, meets the fault; in the
quiet that follows it must arrive. At the door: one order through the venue's own TLS addresses, led astray.
"""

import asyncio
import random
import re
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.cycle import Desk, run_cycle
from bot.settings import load_settings
from bot.sim.answering import AnsweringExchange
from bot.sim.localnet import ACCOUNT
from bot.sim.wire.request import WireRequest
from bot.wiring import open_desk
from tests.acceptance.stage import START
from tests.soak.doors import AT_THE_DOOR, VENUES, Play, answering_at, doubled_in, is_order, names_in
from tests.soak.trial import Trial, spread
from tests.testnet import strikes
from tests.testnet.hostile import HostileServer, Strike, Visit

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


FAULTS = (*sorted(_cycle_strikes(random.Random(0))), *AT_THE_DOOR)


def trials(repeat: int, jobs: int = 1, after: int = 0) -> Iterator[Trial]:
    """Every fault `repeat` times; venue, request and bytes vary with the number of the trial."""
    yield from spread(_of, [(fault, number) for number in range(repeat) for fault in FAULTS], jobs, after=after)


def _of(case: tuple[str, int]) -> Trial:
    return trial(*case)


def trial(fault: str, number: int) -> Trial:
    """One trial; the same fault and number play the same."""
    with tempfile.TemporaryDirectory(prefix="ballast-hostile-") as name:
        play: Play = AT_THE_DOOR.get(fault, _in_a_cycle)
        try:
            fired, broken = asyncio.run(play(fault, number, Path(name)))
        except Exception as error:
            fired, broken = 0, [f"X2 the trial itself broke: {''.join(traceback.format_exception(error))}"]
    if not fired:
        broken = [*broken, "the fault did not strike"]
    return Trial(name=f"hostile {fault} {number}", faults=(fault,) * min(fired, 1), broken=tuple(broken))


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
    answering = answering_at(venue)
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
    engine, broken = answering.exchange.engine, doubled_in(answering)
    broken += [f"A3 an order without our id: {name!r}" for name in names_in(answering) if not OURS.fullmatch(name)]
    short = {row.symbol: -row.amount for row in engine.positions(ACCOUNT, "linear")}
    for symbol, wanted in (("BTCUSDT", Decimal("0.6")), ("ETHUSDT", Decimal(6))):
        held = short.get(symbol, Decimal(0))
        if not wanted * Decimal("0.95") <= held <= wanted * Decimal("1.01"):
            broken.append(f"B5 {symbol}: {held} short where {wanted} was wanted")
    return broken
