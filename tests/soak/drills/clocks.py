"""Time: clocks that jump, machines that sleep in the middle of a cycle, zones and summer time."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from bot.daemon import Schedule
from bot.execution.journal import Journal
from tests.soak.drills.drill import drill
from tests.soak.drills.judge import broken, converged
from tests.soak.drills.stage import Ended, Stage
from tests.soak.orders import is_order
from tests.soak.world import World

JUMPS_S = (1, -1, 3600, -3600, 86_400, -86_400, 30, -30, 7 * 86_400, -7 * 86_400)
SLEEPS_S = (120.0, 3600.0, 86_400.0)
OLD_S = 90
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")


@drill("clock-jumps", "F96")
def clock_jumps(folder: Path, number: int) -> Iterable[str]:
    """This machine's clock is set forwards or back, between two cycles or while requests are under way."""
    stage, jump_s = Stage(folder), JUMPS_S[number % len(JUMPS_S)]
    if number // len(JUMPS_S) % 2 == 0:
        stage.cycles()
        stage.own("2")
        stage.world.skew_s += jump_s
        stage.cycle()
    else:
        stage.cycles()
        stage.own("2")
        with _at_request(stage, 3 + number % 11, lambda: setattr(stage.world, "skew_s", float(jump_s))):
            stage.cycle()
    stage.pause(60)
    yield from converged(stage, _armed(stage), "1")
    yield from broken(stage)
    stage.close()


@drill("machine-sleeps", "F96", "F102")
def machine_sleeps(folder: Path, number: int) -> Iterable[str]:
    """The process stands still for long at one request after the other; no order leaves on what was seen before."""
    stage = Stage(folder)
    stage.cycles()
    stage.own("2")
    slept_s = SLEEPS_S[number % len(SLEEPS_S)]
    with _at_request(stage, 2 + number, lambda: stage.pause(slept_s)):
        stage.cycle()
    yield from _fresh(stage)
    stage.pause(60)
    yield from converged(stage, _armed(stage), "1")
    yield from broken(stage)
    stage.close()


def _fresh(stage: Stage) -> Iterator[str]:
    """C1: what an order was decided on was read not long before it arrived."""
    seen_at: dict[str, datetime] = {}
    for request in stage.world.evidence.requests:
        for topic in request.asked.topics:
            seen_at[topic] = request.at
        if is_order(request) and request.departed_at is not None:
            for topic in ("positions", "mark"):
                age = (request.departed_at - seen_at.get(topic, request.at)).total_seconds()
                if age > OLD_S:
                    yield f"C1 an order left {age:.0f} s after {topic} were read"


def _armed(stage: Stage) -> Ended:
    """To its end, with a person who re-arms once where a jump was taken for something else."""
    ended = stage.cycles(8)
    if ended.status == "halted" and stage.arm():
        stage.pause(60)
        ended = stage.cycles(8)
    return ended


@contextmanager
def _at_request(stage: Stage, nth: int, happens) -> Iterator[None]:  # type: ignore[no-untyped-def]
    """Let something happen just before the nth request from here leaves."""
    left, made = [nth], World.latency_s

    def counted(world: World) -> float:
        left[0] -= 1
        if left[0] == 0:
            happens()
        return made(world)

    with patch.object(World, "latency_s", counted):
        yield


@drill("time-zones", "F97")
def time_zones(folder: Path, number: int) -> Iterable[str]:
    """Where the machine stands and when its clocks are changed alters no plan: every slot once, in UTC."""
    with _zone(ZONES[number % len(ZONES)]):
        schedule, due = Schedule(every_s=60, cron="30 2 * * *"), datetime(2026, 1, 1, tzinfo=UTC)
        for day in range(400):
            due = schedule.after(due)
            wanted = datetime(2026, 1, 1, 2, 30, tzinfo=UTC) + timedelta(days=day)
            if due != wanted:
                yield f"F97 slot {day} is {due}, {wanted} was due"
                break
        stage = Stage(folder)
        yield from converged(stage, stage.cycles(), "0.5")
        with Journal.open(stage.journal(), new_id="", beside=True) as journal:
            (begun,) = journal.rows("SELECT max(begun_at) FROM cycles")[0]
        apart = abs(datetime.fromisoformat(begun) - stage.world.now)
        if not begun.endswith("+00:00") or apart > timedelta(minutes=5):
            yield f"F97 the journal says {begun}, it was {stage.world.now}"
        yield from broken(stage)
        stage.close()


@contextmanager
def _zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
