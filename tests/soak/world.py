"""The world around the bot: exchange, market, faults, clock, and the line between them where processes die."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from yarl import URL

from bot.sim.account_events import disturb
from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.faults import FAULTS, NONE, Effect, FaultSchedule, Paths
from bot.sim.listings import default_listings, tiers_for
from bot.sim.market import Market
from bot.sim.memory_session import MemoryResponse, MemorySession
from bot.sim.model import Listing, Rejected, SideName, WalletName
from bot.sim.quarterly import dated_listings
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.request import WireRequest
from tests.soak.by_chance import NOT_WHOLE, ToldEmpty, true_by_chance
from tests.soak.evidence import Evidence, LedgerLine, Request, Row, Standing
from tests.soak.market import Past, WalkFeed
from tests.soak.schedule import COINS, QUARTERS, RATIOS, Kill, Schedule
from tests.soak.speech import is_write, silence_until, told_of, understood

ACCOUNT = "family"
KEY = "canaryKeyOfTheSoak" + "7" * 46
SECRET = "canarySecretOfTheSoak" + "8" * 43
PASSPHRASE = "canaryPassphrase" + "9" * 8
PATIENCE_S = 2.0
SLOW_S = 1.5
# Faults after which the sender still holds a true and whole answer.
HARMLESS = frozenset({"none", "slow", "duplicate_execution", "lingering_order"}) | {
    name for name, effect in FAULTS.items() if effect.kind == "account"
}
COLUMNS = "id, client_id, kind, symbol, state, body, coalesce(ending, ''), coalesce(filled, '0')"


class Killed(BaseException):
    """The process is gone: nothing of it runs on, nothing of it was tidied up."""


class Reaper:
    """Kills at the drawn point; a dead process reaches neither disk nor network again."""

    def __init__(self) -> None:
        self.dead = False
        self._armed: Kill | None = None
        self._left = 0

    def arm(self, kill: Kill | None) -> None:
        """Set the point of the coming cycle."""
        self._armed, self._left = kill, kill.nth if kill else 0

    def meet(self, point: str) -> None:
        """Pass a point, or die there."""
        if self.dead:
            raise Killed
        if self._armed is None or self._armed.kind not in ("any", point):
            return
        self._left -= 1
        if self._left <= 0:
            self.dead = True
            raise Killed

    def revive(self) -> None:
        """Start the next process."""
        self.dead, self._armed = False, None


class Weather(FaultSchedule):
    """Faults that meet writes more often than reads."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(
            random.Random(schedule.fault_seed), intensity=schedule.intensity, kinds=schedule.kinds,
            scripts=schedule.scripts,
        )  # fmt: skip
        self._on_writes, self._on_reads = schedule.intensity, schedule.intensity * schedule.read_share
        self._only = schedule.faults_only
        self.cycle = -1
        self.struck: list[tuple[int, str]] = []

    def clear(self) -> None:
        """No more faults from here on."""
        self._on_writes = self._on_reads = 0.0

    def draw(self, method: str, path: str, at: datetime, paths: Paths) -> Effect:
        """The fault this request meets."""
        self.intensity = self._on_writes if is_write(method, path) else self._on_reads
        effect = super().draw(method, path, at, paths)
        if effect is not NONE and self._only is not None and (self.cycle, effect.name) not in self._only:
            self.fired.pop()
            effect = NONE
        if effect is not NONE:
            self.struck.append((self.cycle, effect.name))
        return effect


class SoakClock:
    """The bot's clock: the exchange's time, seen through the error of this machine's clock."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.now + timedelta(seconds=self._world.skew_s)

    def monotonic(self) -> float:
        return (self._world.now - self._world.schedule.start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        until = self._world.now + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self._world.reach(until)


class World:
    """One exchange with one account, and everything that is written down about it."""

    def __init__(self, schedule: Schedule, folder: Path) -> None:
        self.schedule, self.folder = schedule, folder
        self.journal_path = folder / "ballast.db"
        self.feed = WalkFeed(
            {coin: COINS[coin] for coin in schedule.owned},
            random.Random(schedule.market_seed),
            volatility=schedule.volatility,
            jump=schedule.jump_chance,
            depth=schedule.depth_notional,
            start=schedule.start,
            dated=schedule.dated,
            past=past_of(schedule),
            peg=bool(schedule.pegs),
        )
        coins = {*schedule.owned, "BTC"} | ({"USDC"} if schedule.pegs else set())
        listings = [_tiered(row, schedule.tier_unit) for row in default_listings() if row.base in coins]
        listings += [row for row in dated_listings(schedule.start, schedule.start) if row.symbol in schedule.dated]
        self.engine = Engine(listings=listings, at=schedule.start, unique_forever=schedule.unique_forever)
        self.engine.open_account(ACCOUNT, _first_money(schedule))
        key = ApiKey(key=KEY, secret=SECRET, account=ACCOUNT, passphrase=PASSPHRASE)
        self.exchange = Exchange(market=Market(self.engine, self.feed), keys={KEY: key})
        self.faults = Weather(schedule)
        self.answering = AnsweringExchange(
            self.exchange, codec=codec(schedule.venue), faults=self.faults, slow_s=SLOW_S
        )
        self.reaper = Reaper()
        self.clock = SoakClock(self)
        self.skew_s = 0.0
        self.life = 0
        self.cycle = -1
        self._latency = random.Random(schedule.latency_seed)
        self._luck = random.Random(schedule.luck_seed)
        self._told_empty = ToldEmpty()
        self._reader: sqlite3.Connection | None = None
        self.evidence = Evidence(
            seed=schedule.seed,
            intensity=schedule.intensity,
            venue=schedule.venue,
            settings=dict(schedule.settings),
            canaries=(KEY, SECRET, PASSPHRASE),
            tight_tiers=schedule.tier_unit is not None,
            past=bool(schedule.past_volatility),
            hedge_mode=schedule.hedge_mode,
        )
        self._note_market()
        self._note_owned()
        self._hold_dated()
        if schedule.hedge_mode:
            self.engine.set_hedge_mode(ACCOUNT, on=True)

    # time ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.engine.now

    def reach(self, to: datetime) -> None:
        """Let time pass up to an instant."""
        if to > self.now:
            before = self.feed.marks()
            self.answering.advance_to(to)
            if self.feed.marks() is not before:
                self._note_market()
                self._note_sold()

    def pass_time(self, seconds: float) -> None:
        self.reach(self.now + timedelta(seconds=seconds))

    def _note_market(self) -> None:
        self.evidence.marks.append((self.now, self.feed.marks()))

    # other people ---------------------------------------------------------------------------------------------------

    def happen(self, event: str) -> None:
        """Let something happen that is not the bot's doing."""
        coin = self._luck.choice(sorted(self.schedule.owned))
        share = Decimal(self._luck.choice(("0.05", "0.2", "0.7")))
        held = self.engine.wallet(ACCOUNT, "spot").get(coin, (Decimal(0), Decimal(0)))[0]
        amount = (held * share).quantize(Decimal("0.0001"))
        try:
            match event:
                case "deposit" if amount:
                    self.engine.deposit(ACCOUNT, "spot", coin, amount)
                case "withdrawal" if amount:
                    self.engine.withdraw(ACCOUNT, "spot", coin, amount)
                case "profile":
                    self.change_mind()
                case "cash":
                    disturb("external_deposit", self.exchange, ACCOUNT, self._luck)
                case "manual":
                    disturb("manual_trade", self.exchange, ACCOUNT, self._luck)
                case "adl":
                    disturb("deleveraged", self.exchange, ACCOUNT, self._luck)
        except Rejected:
            return
        self._note_owned()

    def meddle(self) -> None:
        """The user sells a fifth of what he owns of one coin as a future, and covers half of his other shorts."""
        coin = self._luck.choice(sorted(self.schedule.owned))
        self._trade(f"{coin}USDT", "sell", self.standing().owned.get(coin, Decimal(0)) / 5)
        for row in self.engine.positions(ACCOUNT):
            if row.symbol != f"{coin}USDT" and row.amount < 0:
                self._trade(row.symbol, "buy", -row.amount / 2)

    def _trade(self, symbol: str, side: SideName, amount: Decimal) -> None:
        with suppress(Rejected):
            self.engine.place(
                ACCOUNT, market="linear", symbol=symbol, side=side, order_type="MARKET",
                amount=amount.quantize(Decimal("0.01")), price=None, time_in_force="IOC", reduce_only=side == "buy",
                client_id="",
            )  # fmt: skip

    def _hold_dated(self) -> None:
        """A part of each short lies in the contract that ends first, as if an earlier bot had put it there."""
        for symbol in sorted(self.schedule.dated):
            if symbol.endswith(QUARTERS[0]):
                self._trade(symbol, "sell", self.standing().owned.get(symbol[:3], Decimal(0)) / 5)

    def change_mind(self) -> None:
        """The user edits his profile; the next process reads it."""
        size = self.evidence.settings["size"]
        if isinstance(size, dict) and "ratio" in size:
            self.evidence.settings["size"] = {**size, "ratio": self._luck.choice(RATIOS)}

    def _note_owned(self) -> None:
        self.evidence.owned_from.append((self.now, self._owned()))

    def _note_sold(self) -> None:
        """Coins that somebody offered for sale are gone when the market takes them, not when anything else happens."""
        if self._owned() != self.evidence.owned_from[-1][1]:
            self._note_owned()

    def _owned(self) -> dict[str, Decimal]:
        spot = self.engine.wallet(ACCOUNT, "spot")
        owned = {coin: sum(spot.get(coin, ()), self.schedule.external.get(coin, Decimal(0))) for coin in COINS}
        return {coin: amount for coin, amount in owned.items() if amount}

    def standing(self) -> Standing:
        """Where the account is now."""
        spot = {asset: sum(pair, Decimal(0)) for asset, pair in self.engine.wallet(ACCOUNT, "spot").items()}
        funding = {asset: sum(pair, Decimal(0)) for asset, pair in self.engine.wallet(ACCOUNT, "funding").items()}
        positions = self.engine.positions(ACCOUNT)
        margin = self.engine.margin(ACCOUNT)
        return Standing(
            positions={row.symbol: row.amount for row in positions},
            equity=margin.equity,
            free=margin.withdrawable,
            owned=self._owned(),
            spot_cash=spot.get("USDT", Decimal(0)),
            funding_cash=funding.get("USDT", Decimal(0)),
        )

    # the line -------------------------------------------------------------------------------------------------------

    def open_rows(self) -> tuple[Row, ...]:
        """What the journal's file shows to somebody else: every intent that is not settled."""
        return self._rows("WHERE state <> 'done' ORDER BY id")

    def _rows(self, where: str) -> tuple[Row, ...]:
        connection = self.reading()
        if connection is None:
            return ()
        found = connection.execute(f"SELECT {COLUMNS} FROM intents {where}")  # noqa: S608 - our own words
        names = ("id", "client_id", "kind", "symbol", "state", "body", "ending", "filled")
        return tuple(Row(**dict(zip(names, row, strict=True))) for row in found)

    def reading(self) -> sqlite3.Connection | None:
        """A connection of our own, for reading."""
        if self._reader is None and self.journal_path.exists():
            self._reader = sqlite3.connect(f"file:{self.journal_path}?mode=ro", uri=True, isolation_level=None)
        return self._reader

    def stops(self) -> tuple[str, ...]:
        """Whether the journal's file says that nothing may grow."""
        connection = self.reading()
        if connection is None:
            return ()
        found = connection.execute("SELECT key FROM meta WHERE key IN ('latch', 'paused') ORDER BY key")
        return tuple(str(key) for (key,) in found)

    def arrived(self, wire: WireRequest, departed_at: datetime) -> Request:
        """Write down a request at the instant it reaches the exchange."""
        asked = understood(self.schedule.venue, wire.method, wire.path, wire.query, wire.body)
        writes = asked.kind != "read"
        request = Request(
            number=len(self.evidence.requests),
            ledger=len(self.engine.ledger),
            at=self.now,
            life=self.life,
            cycle=self.cycle,
            method=wire.method,
            path=wire.path,
            asked=asked,
            rows=self.open_rows() if writes else (),
            stopped=self.stops() if writes else (),
            host=wire.host,
            departed_at=departed_at,
        )
        self.evidence.requests.append(request)
        return request

    def lag(self, request: Request) -> None:
        """Whatever became of an order: for a while the exchange's own views may not show it; at last they do."""
        if request.asked.kind == "order" and not self.feed.still:
            tampering, schedule = self.answering.tampering, self.schedule
            own = request.asked.client_id
            if schedule.order_lag_s:
                tampering.hide_order(own, self.now + timedelta(seconds=schedule.order_lag_s))
            if schedule.position_lag_s:
                tampering.freeze_positions(self.now + timedelta(seconds=schedule.position_lag_s))

    def heard(self, request: Request, response: MemoryResponse, struck: str) -> None:
        """Write down when an answer was delivered, and whether it was a true one."""
        request.answered = True
        request.truthful = response.status < 300 and (
            struck in HARMLESS
            or self.answering.unspoilt
            or true_by_chance(
                request, struck, response.content, flat=not self.engine.positions(ACCOUNT), bare=self._bare()
            )
            or self._said_before(request, response, struck)
        )
        if struck == "missing_row" and response.status < 300:
            request.truthful, request.only = True, told_of(response.content.decode())
        if "positions" in request.asked.topics:
            request.shown_from = self.answering.tampering.shown_from
        request.delivered_at = self.now

    def understood(self, request: Request, response: MemoryResponse, struck: str) -> None:
        """Write down whether an answer asked for silence; one that its process did not live to read asks nobody."""
        if struck not in HARMLESS or response.status >= 300:
            request.silence_until = silence_until(
                self.schedule.venue, response.status, response.headers, response.content, request.at
            )

    def _said_before(self, request: Request, response: MemoryResponse, struck: str) -> bool:
        if "spot" not in request.asked.topics or response.status >= 300:
            return False
        empty = struck == "empty_balances"
        if not empty and struck not in HARMLESS:
            return False  # nothing was told
        known = any(row.ending.partition(":")[0] not in NOT_WHOLE for row in self.evidence.cycles)
        return self._told_empty.running(request.path, request.cycle, empty=empty, known=known)

    def _bare(self) -> bool:
        """Whether nothing at all lies behind contracts: neither money nor a position."""
        wallets: tuple[WalletName, ...] = ("futures", "coin_futures")
        behind = [sum(pair) for name in wallets for pair in self.engine.wallet(ACCOUNT, name).values()]
        return not any(behind) and not self.engine.positions(ACCOUNT)

    def cash(self) -> Decimal:
        """Stablecoins in all wallets, gains of open positions left out."""
        wallets: tuple[WalletName, ...] = ("spot", "funding", "futures")
        return sum((sum(self.engine.wallet(ACCOUNT, name).get("USDT", ()), Decimal(0)) for name in wallets), Decimal(0))

    def session(self) -> "Line":
        """A new connection to the exchange."""
        return Line(self)

    def latency_s(self) -> float:
        return self._latency.uniform(0.005, 0.12)

    # the end --------------------------------------------------------------------------------------------------------

    def inspect(self) -> None:
        """Look at the journal as a killed process left it."""
        connection = self.reading()
        if connection is not None:
            verdict = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
            self.evidence.integrity.append((self.cycle, verdict))

    def close(self) -> Evidence:
        """Gather what is left and let go of everything."""
        evidence = self.evidence
        evidence.intents = list(self._rows("ORDER BY id"))
        connection = self.reading()
        if connection is not None:
            rows = connection.execute("SELECT number, record IS NOT NULL FROM cycles ORDER BY number")
            evidence.journal_cycles = [(int(number), bool(ended)) for number, ended in rows]
            self.inspect()
            connection.close()
        evidence.ledger = [
            LedgerLine(
                sequence=row.sequence, at=row.at, kind=row.kind, symbol=row.symbol, facts=row.facts, account=row.account
            )
            for row in self.engine.ledger
        ]
        evidence.final = self.standing()
        evidence.faults = self.faults.counts
        evidence.struck = self.faults.struck
        evidence.journal_bytes = b"".join(
            path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()
        )
        return evidence


class Line:
    """Carries requests like an aiohttp session; time passes on it, and a process can die on it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: Request | None = None
        self.headers: dict[str, str] = {}

    def request(self, method: str, url: URL, **options: Any) -> AbstractAsyncContextManager[MemoryResponse]:
        return self._sent(method, url, options)

    def _arrived(self, left_at: datetime, wire: WireRequest) -> None:
        self._seen = self._world.arrived(wire, left_at)
        self._world.lag(self._seen)

    @asynccontextmanager
    async def _sent(self, method: str, url: URL, options: dict[str, Any]) -> AsyncIterator[MemoryResponse]:
        world = self._world
        writes = is_write(method, url.path)
        await asyncio.sleep(0)
        memory = MemorySession(world.answering, witness=partial(self._arrived, world.now))
        world.reaper.meet("write.before" if writes else "read")
        world.pass_time(world.latency_s())
        try:
            async with memory.request(method, url, **options) as response:
                # between the exchange's answer and here nothing else could run: both belong to this request
                seen, struck = self._seen, world.answering.struck
                world.reaper.meet("write.after" if writes else "read")
                world.pass_time(SLOW_S if struck == "slow" else world.latency_s())
                if seen is not None:
                    world.heard(seen, response, struck)
                yield response
                if seen is not None:
                    world.understood(seen, response, struck)
        except TimeoutError:
            world.pass_time(PATIENCE_S)
            raise

    async def close(self) -> None:
        return


def past_of(schedule: Schedule) -> Past | None:
    """The market's history, where the schedule has one."""
    if not schedule.past_volatility:
        return None
    chance = random.Random(f"ballast soak, past, {schedule.seed}")
    prices = {coin: COINS[coin] for coin in {*schedule.owned, "BTC"}}
    return Past(prices, chance, start=schedule.start, volatility=schedule.past_volatility)


def _tiered(listing: Listing, unit: Decimal | None) -> Listing:
    if unit is None or listing.market == "spot":
        return listing
    return replace(listing, tiers=tiers_for(listing.tiers[0].leverage_max, unit))


def _first_money(schedule: Schedule) -> dict[tuple[WalletName, str], Decimal]:
    money: dict[tuple[WalletName, str], Decimal] = {("spot", coin): amount for coin, amount in schedule.owned.items()}
    money["spot", "USDT"] = schedule.spot_cash
    money["futures", "USDT"] = schedule.futures_cash
    return money
