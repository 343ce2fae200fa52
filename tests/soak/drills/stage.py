"""One account at a calm exchange, and hosts that hedge it: each with a folder, a journal and a lock of its own."""

import asyncio
import random
import shutil
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from bot import adopt_only, lock
from bot.cycle import run_cycle
from bot.domain.errors import BallastError
from bot.domain.published import published
from bot.execution.journal import Journal
from bot.halting import rearm
from bot.logs import cycle_line
from bot.settings import Settings
from bot.wiring import make_desk
from tests.soak.runner import make_venue, settings_for
from tests.soak.schedule import draw_plain
from tests.soak.world import ACCOUNT, World

COIN = "BTC"
CALM = {
    "size": {"rule": "static-ratio", "ratio": "0.5"},
    "band": ("0.02", "0.005"),
    "margin_mode": "cross",
    "leverage_cap": "2",
    "order_notional_max": "25000",
    "hedge_ratio_max": "1",
    "transfers": True,
    "orders_per_hour_max": 30,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a cycle ended: the status of its record, or the kind of error, and everything that was said."""

    status: str
    said: str
    crashed: bool = False


Bend = Callable[[Journal], AbstractContextManager[object]]


def _straight(journal: Journal) -> AbstractContextManager[object]:
    del journal
    return nullcontext()


class Stage:
    """The account, its hosts and what everybody said; times and prices stand still unless a drill moves them."""

    def __init__(
        self, folder: Path, *, venue: str = "binance", kinds: tuple[str, ...] = (), intensity: float = 0
    ) -> None:
        self.folder = folder
        plain = draw_plain(1, 0, intensity=intensity, kinds=kinds)
        # where no request moves collateral, some lies there already
        settings = {**CALM, "transfers": venue not in ("bybit", "weex")}
        schedule = replace(
            plain,
            venue=venue,
            owned={COIN: Decimal(1)},
            external={},
            spot_cash=Decimal(200_000),
            futures_cash=Decimal(200_000),
            settings=settings,
            volatility=0.0,
            jump_chance=0.0,
            depth_notional=Decimal(5_000_000),
            order_lag_s=0.0,
            position_lag_s=0.0,
            unique_forever=venue not in ("binance", "weex"),
        )
        random.seed(schedule.luck_seed)
        self.world = World(schedule, folder)
        self.world.feed.still = True
        self.said: list[str] = []
        self.opened = 0

    def close(self) -> None:
        """Let go of the journal that was read last."""
        self._read("nowhere")

    # the account --------------------------------------------------------------------------------------------------

    def own(self, coins: str) -> None:
        """Bring or take coins until so many are owned."""
        held = sum(self.world.engine.wallet(ACCOUNT, "spot").get(COIN, (Decimal(0),)), Decimal(0))
        gap = Decimal(coins) - held
        if gap > 0:
            self.world.engine.deposit(ACCOUNT, "spot", COIN, gap)
        elif gap < 0:
            self.world.engine.withdraw(ACCOUNT, "spot", COIN, -gap)
        self.world._note_owned()

    @property
    def short(self) -> Decimal:
        """The short on the exchange's own book, in coins."""
        return -sum((row.amount for row in self.world.engine.positions(ACCOUNT)), Decimal(0))

    @property
    def orders(self) -> int:
        """How many orders the exchange took from anybody."""
        return sum(1 for row in self.world.engine.ledger if row.kind == "order.new")

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.world.pass_time(seconds)

    @contextmanager
    def free_space(self, size: int) -> Iterator[None]:
        """Let so many bytes be left on every disk."""
        left = shutil.disk_usage(self.folder)._replace(free=size)
        with patch.object(shutil, "disk_usage", lambda _: left):
            yield

    # hosts --------------------------------------------------------------------------------------------------------

    def journal(self, host: str = "here") -> Path:
        """Where a host keeps its journal."""
        return self.folder / host / "ballast.db"

    def forget(self, host: str = "here", *, companion: bool = True) -> None:
        """Delete a journal, with its companion or without."""
        self._read("nowhere")
        for path in self.journal(host).parent.glob("ballast.db*"):
            if companion or not path.name.endswith(".generation"):
                path.unlink()

    def copy(self, host: str = "here") -> dict[str, bytes]:
        """The files of a host's journal, as a backup would hold them."""
        self._read("nowhere")
        connection = sqlite3.connect(self.journal(host))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return {path.name: path.read_bytes() for path in self.journal(host).parent.glob("ballast.db*")}

    def put_back(self, files: dict[str, bytes], host: str = "here", *, companion: bool) -> None:
        """Put a backup over whatever a host has; its companion with it, or the one that is there stays."""
        self.forget(host, companion=companion)
        self.journal(host).parent.mkdir(exist_ok=True)
        for name, content in files.items():
            if companion or not name.endswith(".generation"):
                (self.journal(host).parent / name).write_bytes(content)

    def cycle(self, host: str = "here", bend: Bend = _straight) -> Ended:
        """One process: it starts, runs one cycle and ends; `bend` does something to its journal meanwhile."""
        self.opened += 1
        self._read(host)
        ended = asyncio.run(self._cycle(host, bend))
        self.said.append(ended.said)
        return ended

    def cycles(self, count: int = 6, host: str = "here", pause_s: float = 40) -> Ended:
        """Cycles until one is hedged, or so many; the last one's ending."""
        ended = self.cycle(host)
        for _ in range(count - 1):
            if ended.status == "hedged":
                break
            self.pause(pause_s)
            ended = self.cycle(host)
        return ended

    def arm(self, host: str = "here") -> bool:
        """A person has looked and re-arms; whether there was anything to end."""
        with Journal.open(self.journal(host), new_id="", beside=True) as journal:
            said = journal.latch()
            return said is not None and rearm(journal, said.rsplit(" ", 1)[-1])

    def _read(self, host: str) -> None:
        """From now on the judge reads this host's journal when an order arrives."""
        world = self.world
        if world._reader is not None:
            world._reader.close()
            world._reader = None
        world.journal_path = self.journal(host)

    async def _cycle(self, host: str, bend: Bend) -> Ended:
        world, path = self.world, self.journal(host)
        world.life += 1
        world.cycle += 1
        path.parent.mkdir(exist_ok=True)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        try:
            with (
                lock.hold_account(path, ()),
                Journal.open(path, new_id=f"{host} {self.opened}") as journal,
                bend(journal),
            ):
                adopt_only.take_up(journal, world.clock.now())
                settings = _settings(world)
                venue = make_venue(world, settings)
                await venue.connect()
                record = await run_cycle(make_desk(settings, {venue.id: venue}, journal, world.clock))
                text = f"{cycle_line(record, None)}\n{published(record)}"
                return Ended(status=record.status.value, said=text)
        except BallastError as error:
            return Ended(status=type(error).__name__, said=str(error))
        except Exception as error:
            return Ended(status="crashed", said="".join(traceback.format_exception(error)), crashed=True)


def _settings(world: World) -> Settings:
    """As the schedule's, of a user who believes a leap of his coins at once and waits for none on their way."""
    plain = settings_for(world)
    believing = plain.risk.model_copy(update={"balance_jump_max": Decimal(100), "transit_max_s": 0.0})
    return plain.model_copy(update={"risk": believing})
