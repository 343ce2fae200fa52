"""One fault at a time, at every request of one acting cycle, in every venue's language; then calm until it has arrived.

A case's name says how to play it again: `python -m tests.soak.matrix NAME`.
"""

import asyncio
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from itertools import product
from pathlib import Path

from bot.cycle import run_cycle
from bot.sim.faults import FAULTS, Effect, Script
from bot.sim.wire.codec import ARITHMETIC
from tests.soak import runner
from tests.soak.audit import audit
from tests.soak.catalogue import numbers
from tests.soak.evidence import Evidence, Request
from tests.soak.schedule import UNWITNESSED, CyclePlan, Schedule, draw_plain, draw_wide
from tests.soak.speech import VENUES
from tests.soak.trial import Trial, spread
from tests.soak.world import World
from tests.testnet.test_depeg import test_cash_that_fails_counts_at_its_price_and_asks_for_more_hedge as depeg

TIMES = 6
DEPEGS = 30
CALLS_MAX = 60
QUIET_CYCLES = 5  # none of these faults lasts longer than the first two
MEMORY = runner.MEMORY_DISK.is_dir()
SEED = 3
WRITES = ("order", "lookup", "cancel", "setting", "write")
INTERRUPTED, DEPEGGED = "interrupted", "depegged"
# A cancel needs an order that rests: the fault meets the cancel of it, in a race while it trades.
ON_CANCELS = ("lost_cancel", "refused_cancel", "timeout", "slow", "status_502", "body_empty")
CANCEL, RACE = "cancel", "race"
OUT_OF_REACH = 0.98
CALM = CyclePlan(pause_s=30.0, kill=None, event="", skew_s=0.0, intruder=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault at the nth request it can meet; `executes` where a fault leaves it open, `luck` chooses the prices.

    `cancelled` is how an order that rests is cancelled under the fault: in vain it waits (CANCEL), or it trades at that
    very moment (RACE).
    """

    venue: str
    fault: str
    nth: int = 1
    executes: bool | None = None
    cancelled: str = ""
    luck: int = 0

    @property
    def name(self) -> str:
        """How to ask for it again."""
        done = {None: "", True: "+", False: "-"}[self.executes]
        return f"{self.venue}:{self.fault}{done}:{self.nth}:{self.cancelled}:{self.luck}"

    @classmethod
    def of(cls, name: str) -> "Case":
        """The case of a name."""
        venue, fault, nth, where, luck = name.split(":")
        executes = {"+": True, "-": False}.get(fault[-1:])
        return cls(
            venue=venue, fault=fault.rstrip("+-"), nth=int(nth), executes=executes, cancelled=where,
            luck=int(luck),
        )  # fmt: skip


def schedule_of(case: Case) -> Schedule:
    """One coin, collateral in place, one cycle in which the fault may strike and two before the calm."""
    plain = draw_wide(SEED + case.luck, 1, intensity=0.0, venue=case.venue)
    cash = Decimal(60_000)
    settings = {
        **draw_plain(SEED, 1).settings, "transfers": plain.settings["transfers"],
        "size": {"rule": "static-ratio", "ratio": "0.5"}, "leverage_cap": "2", "margin_mode": "cross",
        "hedge_ratio_max": "1", "orders_per_hour_max": 30,
    }  # fmt: skip
    calm = replace(
        plain, cycles=(CALM,) * 3, owned={"BTC": Decimal("0.5"), "ETH": Decimal(5)}, external={}, spot_cash=cash,
        futures_cash=cash, settings=settings, dated={}, jump_chance=0.0, volatility=0.0005, order_lag_s=0.0,
        position_lag_s=0.0, depth_notional=Decimal(2_000_000), hedge_mode=False, past_volatility=0.0, tier_unit=None,
        pegs=(), unique_forever=case.venue != "weex",
    )  # fmt: skip
    return replace(calm, scripts=_scripts(case))


def _scripts(case: Case) -> tuple[Script, ...]:
    if case.fault not in FAULTS:
        return ()
    if not case.cancelled:
        return (Script(fault=case.fault, nth=case.nth, executes=case.executes),)
    resting = Script(fault="lingering_order", nth=case.nth)
    return resting, Script(fault=case.fault, scope="cancel", executes=case.executes)


def cases() -> Iterator[Case]:
    """Every case of every venue."""
    for venue in VENUES:
        evidence = _course(Case(venue=venue, fault="none"))
        first = [row.asked.kind != "read" for row in evidence.requests if row.cycle == 0][:CALLS_MAX]
        writes = sum(first)
        for effect in (row for name, row in FAULTS.items() if name not in UNWITNESSED.get(venue, ())):
            for nth in range(1, _times_met(effect, len(first), writes) + 1):
                # whether a read was carried out makes no difference
                both = effect.executes is None and (effect.scope != "any" or first[nth - 1])
                for executes in (True, False) if both else (None,):
                    yield Case(venue=venue, fault=effect.name, nth=nth, executes=executes)
        for luck in range(TIMES):
            for fault, cancelled in product(ON_CANCELS, (CANCEL, RACE)):
                for executes in (True, False) if FAULTS[fault].executes is None else (None,):
                    yield Case(venue=venue, fault=fault, executes=executes, cancelled=cancelled, luck=luck)
            for nth in range(1, writes + 1):
                yield Case(venue=venue, fault=INTERRUPTED, nth=nth, luck=luck)
    for luck in range(DEPEGS):
        yield Case(venue="binance", fault=DEPEGGED, luck=luck)


def _times_met(effect: Effect, calls: int, writes: int) -> int:
    """How many requests of the cycle a fault could meet at most; one that comes too late strikes nothing."""
    if effect.scope == "any":
        return calls
    return writes if effect.scope in WRITES else 4


def play(case: Case) -> Trial:
    """Play one case to its end and judge it."""
    if case.fault == DEPEGGED:
        return _depegged(case)
    evidence = _course(case)
    struck: Counter[str] = Counter()
    for kind in evidence.faults:
        struck.update(numbers(kind, case.venue))
    if case.fault == INTERRUPTED:
        struck["F14"] += 1
    if _raced(evidence):
        struck["F35"] += 1
    broken = tuple(str(row) for row in audit(evidence))
    return Trial(name=case.name, faults=tuple(sorted(struck.elements())), broken=broken, trace=evidence.ledger_hash())


def _raced(evidence: Evidence) -> bool:
    """Whether an order traded at the very instant at which a cancel arrived."""
    cancels = {row.at for row in evidence.requests if row.asked.kind == "cancel"}
    return any(line.kind == "fill" and line.at in cancels for line in evidence.ledger)


def _course(case: Case) -> Evidence:
    """A case from its beginning through the calm after it."""
    schedule = schedule_of(case)
    folder = Path(tempfile.mkdtemp(prefix="ballast-matrix-", dir=runner.MEMORY_DISK if MEMORY else None))
    random.seed(case.luck)  # the pauses between repeated reads come from the global source
    try:
        world = World(schedule, folder)
        if case.cancelled:
            _prices_leave(world, back=case.cancelled == RACE)
        plans = [*schedule.cycles, *([replace(CALM, pause_s=runner.QUIET_PAUSE_S)] * QUIET_CYCLES)]
        done = 0
        if case.fault == INTERRUPTED:
            asyncio.run(_life_given_up(world, case.nth))
            done = 1
        while done < len(plans):
            done = asyncio.run(runner._life(world, plans, done))
        return world.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prices_leave(world: World, *, back: bool) -> None:
    """After the first order prices fall below it, so that it rests; when its cancel arrives they may be `back`."""
    arrived, met = world.arrived, Counter[str]()

    def watched(*words: object) -> Request:
        request = arrived(*words)  # type: ignore[arg-type]
        if met["order"] and not met["left"]:
            _move(world, OUT_OF_REACH)
            met["left"] += 1
        if request.asked.kind == "cancel" and back and not met["back"]:
            _move(world, 1 / OUT_OF_REACH)
            met["back"] += 1
        met[request.asked.kind] += 1
        return request

    world.arrived = watched  # type: ignore[method-assign,assignment]


def _move(world: World, share: float) -> None:
    world.feed._prices = {coin: price * share for coin, price in world.feed._prices.items()}
    world.feed._draw()
    with localcontext(ARITHMETIC):
        world.engine.advance(world.now, world.feed.quotes(world.now))
    world._note_market()


async def _life_given_up(world: World, nth: int) -> None:
    """The nth write is given up by its own process while it is on its way: the task is cancelled, as a signal does."""
    world.life, world.cycle = 1, 0
    world.pass_time(CALM.pause_s)
    seen, arrived = Counter[str](), world.arrived

    async with runner._desk(world) as desk:
        task = asyncio.ensure_future(run_cycle(desk))

        def watched(*words: object) -> Request:
            request = arrived(*words)  # type: ignore[arg-type]
            if request.asked.kind != "read":
                seen["writes"] += 1
                if seen["writes"] == nth:
                    task.cancel()
            return request

        world.arrived = watched  # type: ignore[method-assign,assignment]
        with suppress(asyncio.CancelledError):
            await task
    world.evidence.kills += 1  # its process ends with it
    world.arrived = arrived  # type: ignore[method-assign]


def _depegged(case: Case) -> Trial:
    with tempfile.TemporaryDirectory(prefix="ballast-matrix-") as folder:
        try:
            depeg(Path(folder))
        except AssertionError as error:
            return Trial(name=case.name, faults=("F81",), broken=(str(error),))
    return Trial(name=case.name, faults=("F81",))


def trials(jobs: int = 1, after: int = 0) -> Iterator[Trial]:
    """Every case but the first `after`, in order."""
    yield from spread(play, cases(), jobs, after=after)


if __name__ == "__main__":
    found = play(Case.of(sys.argv[1]))
    print(found)
    sys.exit(1 if found.broken else 0)
