"""One trial as it is played: an exchange on a port, and processes that are killed before it until it is quiet."""

import asyncio
import json
import os
import random
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FaultSchedule
from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.model import Rejected, WalletName
from bot.sim.server import LocalServer
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireRequest
from tests.soak.killing.judge import NOTHING, Found, Judge, Line, autopsy, looked_at
from tests.soak.killing.plan import LIGHT, Plan, Strike
from tests.soak.killing.relay import PASS, Relay, Verdict
from tests.soak.market import WalkFeed
from tests.soak.trial import Trial

PRICES = {"BTC": Decimal(50000), "ETH": Decimal(2500)}
CASH = {True: {"spot": 50000, "futures": 5000}, False: {"spot": 5000, "futures": 60000}}
TRIES = 5
WAITED_S = 80.0
RESUMED_STARTS = 2
QUIET_STARTS = 6
LIFE_S = 40.0
CYCLES_OF_A_DAEMON = 8
EXPECTED_CODES = frozenset({0, 1, 3, 4, -signal.SIGKILL})
INTERRUPTED = 130
INSISTS_AFTER_S = 0.003
HELD_BACK_S = 0.03
PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "{venue}"
localnet = "{address}"
[policy.size]
rule = "static-ratio"
ratio = "{ratio}"
[risk]
balance_jump_max = "100"
transit_max_s = 0
orders_per_hour_max = 1000
order_notional_per_hour_max = "1000000000"
refused_cycles_max = 1000
[schedule]
cycle_every_s = 20
margin_every_s = 10
[watch]
page = false
[journal]
path = "{folder}/ballast.db"
"""


class Zygote:
    """The other end of the process that starts lives."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.pid: int | None = None

    async def ready(self) -> None:
        """Wait until everything is imported."""
        await self._reader.readline()

    async def start(self, order: dict[str, object]) -> None:
        """Begin one life."""
        self._writer.write(json.dumps(order).encode() + b"\n")
        self.pid = int(await self._reader.readline())

    async def ended(self) -> int:
        """Wait for its end; a negative code is a signal."""
        code = int(await self._reader.readline())
        self.pid = None
        return code

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to the life, if there is one."""
        if self.pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        return True


class Recorded(AnsweringExchange):
    """Shows the judge every write: what the journal's file said when it arrived, and what came of it."""

    def __init__(self, exchange: Exchange, plan: Plan, judge: Judge, journal: Path) -> None:
        weather = FaultSchedule(random.Random(plan.seed), intensity=plan.intensity, kinds=LIGHT)
        super().__init__(exchange, codec=codec(plan.venue), faults=weather, slow_s=0.01)
        self._judge, self._journal = judge, journal

    def answer(self, request: WireRequest) -> Answer:
        if not changes(request.method, request.path, self):
            return super().answer(request)
        engine = self.exchange.engine
        seen, first = looked_at(self._journal), len(engine.ledger)
        answer = super().answer(request)
        self._judge.arrived(seen, lines(engine, first), positions(engine))
        return answer


def changes(method: str, path: str, answering: AnsweringExchange) -> bool:
    """Whether a request may change the account."""
    return answering.codec.paths.holds("write", method, path)


def lines(engine: Engine, first: int = 0) -> list[Line]:
    """The exchange's book from a line on."""
    rows = engine.ledger[first:]
    return [
        Line(kind=row.kind, symbol=row.symbol, facts={name: str(fact) for name, fact in row.facts.items()})
        for row in rows
    ]


def positions(engine: Engine) -> dict[str, Decimal]:
    """What is held, signed."""
    return {row.symbol: row.amount for row in engine.positions(ACCOUNT)}


@dataclass
class Armed:
    """A strike that waits for its point in one life."""

    strike: Strike | None
    left: int = 1
    struck: bool = False
    arrivals: int = 0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class Stage:
    """The exchange of one trial and the processes before it."""

    def __init__(self, plan: Plan, folder: Path, zygote: Zygote, defect: str) -> None:
        self.plan, self.folder, self.zygote, self.defect = plan, folder, zygote, defect
        self.journal, self.profile = folder / "ballast.db", folder / "profile.toml"
        self.judge = Judge(plan.owned)
        self.found = NOTHING
        self.kills = 0
        self.lives = 0
        self.faults: list[str] = []
        self.armed = Armed(None)
        self._act = 0
        self._address = ""
        self._until_ended: int | None = None
        self.answering = self._exchange()

    def _exchange(self) -> Recorded:
        plan = self.plan
        feed = WalkFeed(PRICES, random.Random(plan.seed), volatility=0.0004, jump=0.0, depth=Decimal(2_000_000))
        listings = [row for row in default_listings() if row.base in PRICES]
        engine = Engine(listings=listings, at=feed.start, unique_forever=plan.unique_forever)
        cash = CASH[codec(plan.venue).moves_money]
        wallets: tuple[WalletName, ...] = ("spot", "futures")
        coins: dict[tuple[WalletName, str], Decimal] = {("spot", coin): amount for coin, amount in plan.owned.items()}
        engine.open_account(ACCOUNT, coins | {(name, "USDT"): Decimal(cash[name]) for name in wallets})
        exchange = Exchange(market=Market(engine, feed), keys={LOCAL_KEY.key: LOCAL_KEY})
        return Recorded(exchange, plan, self.judge, self.journal)

    @property
    def engine(self) -> Engine:
        return self.answering.exchange.engine

    # the wire -------------------------------------------------------------------------------------------------------

    async def decide(self, request: bytes) -> Verdict:
        """What becomes of a request on the wire."""
        method, path = request.split(b" ", 2)[:2]
        target = path.decode("latin-1").partition("?")[0]
        if target == "/ballast/advance":
            self._stop_when_done()
        armed = self.armed
        armed.arrivals += 1
        strike = armed.strike
        if strike is None or armed.struck:
            return PASS
        if strike.where == "arrival" and armed.arrivals >= strike.nth:
            armed.struck = True
            kept = {"before": 0, "during": None, "after": None}[strike.phase]
            return Verdict(cut="reply" if strike.phase == "after" else "request", bytes_kept=kept, wait_s=strike.wait_s)
        if strike.where in ("request", "reply", "insist") and self._is(strike.what, method.decode(), target):
            armed.left -= 1
            if armed.left <= 0:
                armed.struck = True
                return self._insist() if strike.where == "insist" else self._cut(strike, len(request))
        return PASS

    def _insist(self) -> Verdict:
        """Ask twice to stop, while the reply is held back."""
        self.zygote.signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(INSISTS_AFTER_S, self.zygote.signal, signal.SIGINT)
        return Verdict(wait_s=HELD_BACK_S)

    def _is(self, what: str, method: str, path: str) -> bool:
        if not changes(method, path, self.answering):
            return False
        if what == "order":
            return self.answering.codec.paths.holds("order", method, path)
        newest = looked_at(self.journal).rows[-1:]
        return bool(newest) and newest[0].kind == what and newest[0].state == "sent"

    def _cut(self, strike: Strike, length: int) -> Verdict:
        if strike.where == "reply":
            return Verdict(cut="reply", bytes_kept=strike.place, wait_s=strike.wait_s)
        kept = strike.place % (length + 2)  # the last of them: it arrives whole, and the exchange loses it
        return Verdict(cut="request", bytes_kept=0 if kept > length else kept)

    def _kill(self) -> None:
        self.zygote.signal(signal.SIGKILL)

    def _stop_when_done(self) -> None:
        """A daemon that waits for its next cycle is told to stop once it has run a few."""
        if self._until_ended is not None and looked_at(self.journal).ended >= self._until_ended:
            self._until_ended = None
            self.zygote.signal(signal.SIGTERM)

    # lives ----------------------------------------------------------------------------------------------------------

    async def life(self, strike: Strike | None, *, daemon: bool = False) -> int:
        """Start one process, and wait until it is killed or has ended; says with which code."""
        self.lives += 1
        self.judge.where = f"life {self.lives}"
        before = self.found
        self.armed = armed = Armed(strike, strike.nth if strike else 0)
        inside = strike is not None and strike.where in ("row", "commit")
        command = "run" if daemon else "once"
        self._until_ended = before.ended + 2 if daemon else None
        await self.zygote.start(
            {
                "folder": str(self.folder),
                "argv": [command, "--config", str(self.profile), "--json"],
                "strike": asdict(strike) if strike is not None and inside else None,
                "defect": self.defect,
            }
        )
        if strike is not None and strike.where == "instant":
            armed.timer = asyncio.get_running_loop().call_later(strike.wait_s, self._kill)
        code = await self._end()
        if armed.timer is not None:
            armed.timer.cancel()
        self.found = autopsy(self.journal)
        self.judge.died(self.found)
        insisted = armed.struck and strike is not None and strike.where == "insist"
        if insisted:
            self.faults.append("F14")
        if code not in EXPECTED_CODES and not (insisted and code == INTERRUPTED):
            self.judge.say("L3", f"`{command}` ended with {code}: {self._said()}")
        if code == -signal.SIGKILL:
            self.kills += 1
            self.faults += self._names(strike, before)
        return code

    async def _end(self) -> int:
        ending = asyncio.ensure_future(self.zygote.ended())
        try:
            return await asyncio.wait_for(asyncio.shield(ending), LIFE_S)
        except TimeoutError:
            self.judge.say("E7", f"a process did not end within {LIFE_S:g} s")
            self._kill()
            return await ending

    def _said(self) -> str:
        path = self.folder / "said"
        return path.read_text(errors="replace")[-400:] if path.exists() else ""

    def _names(self, strike: Strike | None, before: Found) -> list[str]:
        """Which faults of the catalogue this kill was."""
        names = []
        known = {row.client_id for row in before.rows}
        new = [row for row in self.found.open if row.client_id not in known]
        taken = {line.facts["client_id"] for line in lines(self.engine) if line.kind == "order.new"}
        if strike is not None and strike.where == "row" and strike.phase == "before":
            names.append("F86")
        if any(row.client_id in taken for row in new):
            names.append("F88")
        elif new:
            names.append("F87")
        if before.open:
            names.append("F89")
        return names

    # the play -------------------------------------------------------------------------------------------------------

    def want(self) -> None:
        """The user changes how much is to be hedged, and the market moves on."""
        ratios = self.plan.ratios
        ratio = ratios[self._act % len(ratios)]
        self.judge.ratio_most = max(Decimal(ratio), Decimal(ratios[(self._act - 1) % len(ratios)]))
        self._act += 1
        self.profile.write_text(
            PROFILE.format(venue=self.plan.venue, address=self._address, ratio=ratio, folder=self.folder)
        )

    def meddle(self, strike: Strike) -> None:
        """Make sure that what is to be struck will be sent: somebody has changed it by hand."""
        with suppress(Rejected):
            if strike.what == "leverage":
                for symbol in ("BTCUSDT", "ETHUSDT"):
                    self.engine.set_leverage(ACCOUNT, symbol, 7)
            if strike.what == "margin-mode":
                for symbol in ("BTCUSDT", "ETHUSDT"):
                    self.engine.set_isolated(ACCOUNT, symbol, True)

    def pause(self) -> None:
        """Time between a kill and the next start."""
        self.pass_time(self.plan.pauses_s[self.lives % len(self.plan.pauses_s)])

    def pass_time(self, seconds: float) -> None:
        self.answering.advance(timedelta(seconds=seconds))

    async def play(self, address: str) -> None:
        """All strikes, then the quiet."""
        self._address = address
        self.want()
        for strike, daemon in zip(self.plan.strikes, self.plan.daemon, strict=True):
            self.meddle(strike)
            for tried in range(TRIES):
                # what did not come a second time in one life may come once in the next
                code = await self.life(replace(strike, nth=1) if tried else strike, daemon=daemon)
                if code == -signal.SIGKILL or self.armed.struck:
                    self.pause()
                    break
                self.pass_time(WAITED_S)
                if code == 0 and not self.found.open:
                    self.want()
            for deeper in strike.deeper:
                if not self.found.open:
                    break
                await self.life(deeper)
                self.pause()
            if self.judge.broken:
                return
        await self.quiet()

    async def quiet(self) -> None:
        """No more kills and no more faults: it resumes, and arrives."""
        self.answering.faults.intensity = 0.0
        for start in range(1, QUIET_STARTS + 1):
            self.pass_time(90)
            code = await self.life(None)
            if start >= RESUMED_STARTS and self.found.open:
                self.judge.say(
                    "L3", f"start {start} after the last kill has left {[row.id for row in self.found.open]}"
                )
            if code == 0:
                break
        else:
            self.judge.say("L1", f"not hedged after {QUIET_STARTS} quiet starts: {self._said()}")
        if "Traceback" in self._said():
            self.judge.say("L3", f"a traceback: {self._said()}")
        self.judge.ended(self.found, lines(self.engine))


async def played(plan: Plan, folder: Path, zygote: Zygote, defect: str = "") -> Trial:
    """Play one trial in a folder of its own; `defect` names a mutant that takes the place of the bot."""
    stage = Stage(plan, folder, zygote, defect)
    server = LocalServer(stage.answering, hang_s=0.5)
    relay = Relay(await server.start(), stage.decide, stage._kill)
    try:
        host, port = await relay.start()
        await stage.play(f"{host}:{port}")
    finally:
        await relay.stop()
        await server.stop()
    return Trial(
        name=f"kill trial {plan.number} at {plan.venue} (python -m tests.soak.kills {plan.number})",
        faults=tuple(stage.faults),
        broken=tuple(stage.judge.broken),
        kills=stage.kills,
    )
