"""Runs the real bot through one drawn schedule: real client, real journal file, simulated time, real deaths."""

import asyncio
import gc
import random
import shutil
import sqlite3
import tempfile
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import cast

from bot import lock
from bot.cycle import Desk, run_cycle
from bot.domain.errors import AccountBusy, BallastError
from bot.domain.published import published
from bot.domain.record import CycleRecord
from bot.exchange.calls import Limits
from bot.exchange.venue import CcxtVenue
from bot.execution.journal import Journal
from bot.halting import halt, rearm
from bot.logs import cycle_line
from bot.settings import Settings
from bot.silence import keep_silence
from bot.wiring import make_desk
from tests.soak.evidence import CycleSeen, Evidence
from tests.soak.schedule import CyclePlan, Schedule
from tests.soak.speech import is_write
from tests.soak.world import KEY, PASSPHRASE, PATIENCE_S, SECRET, Killed, World

QUIET_CYCLES = 12
RESTED_CYCLES = 4
QUIET_PAUSE_S = 600.0
TIDIED_EVERY = 10
MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class MortalJournal(Journal):
    """The real journal with a place to die before and after each commit."""

    world: World

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self.world.reaper.meet("commit.before")
        with super()._write() as connection:
            yield connection
        self.world.reaper.meet("commit.after")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Python looks for garbage after every tenth run instead of a thousand times in each: a sixth of the time."""
    wanted = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if next(_RUNS) % TIDIED_EVERY == 0:
            gc.collect()
        if wanted:
            gc.enable()


_RUNS = count(1)


@_undisturbed()
def run(schedule: Schedule) -> Evidence:
    """Play a schedule to its end and a quiet tail after it; returns what was seen."""
    folder = Path(tempfile.mkdtemp(prefix="ballast-soak-", dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None))
    random.seed(schedule.luck_seed)  # the pauses between repeated reads come from the global source
    try:
        world = World(schedule, folder)
        quiet = CyclePlan(pause_s=QUIET_PAUSE_S, kill=None, event="", skew_s=0.0, intruder=False)
        plans = [*schedule.cycles, *([quiet] * QUIET_CYCLES)]
        done = 0
        while done < len(plans) and not _rests(world.evidence):
            done = asyncio.run(_life(world, plans, done))
        return world.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _life(world: World, plans: list[CyclePlan], done: int) -> int:
    """One process: from its start to its death, or to the end; returns how many cycles are over."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # a dead process complains to nobody
    world.life += 1
    world.reaper.revive()
    _look_after_a_halt(world)
    _surround(world, plans[done], done)
    try:
        with lock.hold_account(world.journal_path, ()):
            async with _desk(world) as desk:
                while done < len(plans):
                    await _one_cycle(world, desk, plans[done])
                    done += 1
                    if done == len(plans) or world.life % 3 == 0 or _rests(world.evidence):
                        return done  # every third process was started by cron: one cycle each
                    if plans[done].event == "profile":
                        return done
                    _surround(world, plans[done], done)
    except Killed:
        world.evidence.kills += 1
        world.inspect()
        return done + 1
    except BallastError as error:
        world.evidence.said.append(str(error))
        return done + 1
    except Exception as error:
        world.evidence.said.append("".join(traceback.format_exception(error)))
        return done + 1
    return done


def _rests(evidence: Evidence) -> bool:
    """Whether the last quiet cycles, over half an hour, called the account hedged and sent nothing."""
    last = evidence.cycles[-RESTED_CYCLES:]
    if len(last) < RESTED_CYCLES or not all(row.quiet and row.ending == "hedged" for row in last):
        return False
    return not any(is_write(row.method, row.path) for row in evidence.requests[last[0].first_request :])


def _look_after_a_halt(world: World) -> None:
    """Whoever starts it anew has looked at the account: trades by hand next to a lost order halt it rightly."""
    if not world.journal_path.exists():
        return
    with Journal.open(world.journal_path, new_id="", beside=True) as journal:
        world.evidence.halts += _rearm(journal)
        if world.feed.still:
            journal.set_paused(None)


def _by_hand(world: World, hand: str, number: int) -> None:
    """What the user does from another window; a halt stands for whatever would halt it."""
    if hand == "meddle":
        world.meddle()
    if not world.journal_path.exists():
        return
    with Journal.open(world.journal_path, new_id="", beside=True) as journal:
        match hand:
            case "pause":
                journal.set_paused("the user wants to look")
            case "resume":
                journal.set_paused(None)
                _rearm(journal)
            case "halt":
                halt(journal, ["somebody pulled the brake"], f"by hand {number}", world.clock.now())


def _rearm(journal: Journal) -> bool:
    latch = journal.latch()
    return latch is not None and rearm(journal, latch.rsplit(" ", 1)[-1])


def _surround(world: World, plan: CyclePlan, number: int) -> None:
    """What happens before a cycle begins."""
    world.cycle = world.faults.cycle = number
    if number == len(world.schedule.cycles):
        world.faults.clear()
        world.feed.still = True
    if number >= len(world.schedule.cycles):
        _look_after_a_halt(world)
    if world.schedule.pegs:
        world.feed.peg(Decimal(world.schedule.pegs[number]) if number < len(world.schedule.pegs) else Decimal(1))
    world.pass_time(plan.pause_s)
    if plan.skew_s:
        world.skew_s += plan.skew_s
        world.evidence.clock_set.append((world.now, plan.skew_s))
    if plan.event:
        world.happen(plan.event)
    if plan.hand:
        _by_hand(world, plan.hand, number)
    world.reaper.arm(plan.kill)


async def _one_cycle(world: World, desk: Desk, plan: CyclePlan) -> None:
    evidence = world.evidence
    began = (len(evidence.requests), len(world.engine.ledger), world.now, world.cash())
    record: CycleRecord | None = None
    ending = "crashed"
    try:
        record = await (_beside_an_intruder(world, desk) if plan.intruder else run_cycle(desk))
        ending = record.status.value
    except Killed:
        ending = "killed"
        raise
    except Exception as error:
        ending = f"crashed: {type(error).__name__}: {error}"
        raise
    finally:
        text = str(published(record)) if record is not None else ""
        if record is not None:
            evidence.said.append(cycle_line(record, None))
        evidence.cycles.append(
            CycleSeen(
                number=world.cycle,
                life=world.life,
                first_request=began[0],
                first_line=began[1],
                began_at=began[2],
                ended_at=world.now,
                ending=ending,
                record=text,
                quiet=world.feed.still,
                ratio=None if "adjust" in evidence.settings else ratio_of(evidence.settings["size"]),
                cash=began[3],
                open=tuple(row.id for row in world.open_rows()),
            )
        )


async def _beside_an_intruder(world: World, desk: Desk) -> CycleRecord:
    """A second process is started on the same account while this one works."""

    async def intrude() -> None:
        try:
            with lock.hold_account(world.journal_path, ()):
                async with _desk(world) as second:
                    await run_cycle(second)
        except AccountBusy:
            world.evidence.busy += 1
        except BallastError as error:
            world.evidence.said.append(str(error))

    record, _ = await asyncio.gather(run_cycle(desk), intrude())
    return record


def ratio_of(size: object) -> Decimal | None:
    """The fixed ratio of a size rule."""
    return Decimal(size["ratio"]) if isinstance(size, dict) and "ratio" in size else None


@asynccontextmanager
async def _desk(world: World) -> AsyncIterator[Desk]:
    journal = MortalJournal.open(world.journal_path, new_id=f"soak-{world.schedule.seed}")
    journal.world = world
    try:
        settings = settings_for(world)
        venue = make_venue(world, settings)
        keep_silence(venue, journal, world.clock, where="soak", boot="soak")
        await venue.connect()
        yield make_desk(settings, {venue.id: venue}, journal, world.clock)
    finally:
        journal.close()


def make_venue(world: World, settings: Settings) -> CcxtVenue:
    """The real adapter over the line of this world."""
    row = settings.hedge_venue
    return CcxtVenue(
        venue_id=world.schedule.venue,
        clock=world.clock,
        mode="live",
        market_kinds=row.kinds,
        margin_mode=row.margin_mode,
        api_key=KEY,
        api_secret=SECRET,
        api_passphrase=PASSPHRASE,
        cache_directory=world.folder / "cache",
        transport_factory=world.session,
        limits=Limits(reads_per_s=1_000_000, writes_per_s=1_000_000, weighted=False, timeout_s=PATIENCE_S),
    )


def settings_for(world: World) -> Settings:
    """The schedule's settings as a user's profile would give them."""
    words = world.evidence.settings
    outer, inner = cast("tuple[str, str]", words["band"])
    dated = bool(words.get("dated"))
    return Settings.model_validate(
        {
            "mode": "testnet",
            "portfolio": {"name": "family", "peg_reference": "USDC" if world.schedule.pegs else ""},
            "holdings": [
                {"asset": coin, "amount": str(amount), "label": "cold"}
                for coin, amount in world.schedule.external.items()
            ],
            "venues": [
                {
                    "id": world.schedule.venue,
                    "margin_mode": words["margin_mode"],
                    "transfers": words["transfers"],
                    "markets": ["linear-perpetual", "linear-future"] if dated else ["linear-perpetual"],
                }
            ],
            "policy": {
                "size": words["size"],
                "adjust": words.get("adjust", []),
                "place": words.get("place", {"rule": "expiry-roll" if dated else "direct"}),
                "pace": {"band_outer": outer, "band_inner": inner},
            },
            "risk": {
                "leverage_cap": words["leverage_cap"],
                "response_days": 1,
                "liquidations_per_year_max": "0.5",
                "order_notional_max": words["order_notional_max"],
                "hedge_ratio_max": words["hedge_ratio_max"],
                "orders_per_hour_max": words.get("orders_per_hour_max", 30),
            },
            "journal": {"path": str(world.journal_path)},
        }
    )
