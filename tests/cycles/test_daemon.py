"""The daemon's schedule: when the next cycle begins, what ends it, and what it says about both."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.daemon import Schedule, run_daemon
from bot.domain.errors import Unavailable
from bot.domain.record import CycleRecord, CycleStatus
from tests.builders import NOW, d
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "after", "next_at"),
    [
        ("*/5 * * * *", "2025-01-06 00:00:00", "2025-01-06 00:05:00"),
        ("*/5 * * * *", "2025-01-06 00:04:59", "2025-01-06 00:05:00"),
        ("0 8 1 */3 *", "2025-01-06 00:00:00", "2025-04-01 08:00:00"),
        ("0 8 31 * *", "2025-01-31 08:00:00", "2025-03-31 08:00:00"),
        ("0 8 L * *", "2025-01-31 08:00:00", "2025-02-28 08:00:00"),
        ("0 8 L * *", "2028-01-31 08:00:00", "2028-02-29 08:00:00"),
        ("0 0 29 2 *", "2025-01-01 00:00:00", "2028-02-29 00:00:00"),
        ("59 23 31 12 *", "2025-12-31 23:59:00", "2026-12-31 23:59:00"),
        ("30 2 30 3 *", "2025-03-30 00:00:00", "2025-03-30 02:30:00"),
    ],
    ids=str,
)
def test_cron_is_in_utc_and_knows_month_ends(cron: str, after: str, next_at: str) -> None:
    """Months without a 31st are passed over, L is the last day, and no hour is lost to summer time."""
    assert Schedule(every_s=30, cron=cron).after(_at(after)) == _at(next_at)


def test_an_interval_counts_from_the_last_beginning() -> None:
    """Not from the end of the cycle, so that the rhythm does not drift."""
    assert Schedule(every_s=30, cron=None).after(NOW) == NOW + timedelta(seconds=30)


@dataclass
class Told:
    """What the daemon said."""

    records: list[tuple[CycleRecord, datetime | None]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class CountedClock(ManualClock):
    """Remembers how long was slept, and calls somebody after each sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.after_sleep: Callable[[], None] = lambda: None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if seconds > 1:
            self.slept.append(seconds)
            self.after_sleep()


def _run(
    fake: FakeVenue, folder: Path, schedule: Schedule, cycles: int, *, jitter_s: float = 0, took_s: float = 0
) -> tuple[int, Told]:
    """Run until so many cycles were told."""
    told = Told()

    async def live() -> int:
        stop = asyncio.Event()

        def announce(record: CycleRecord, next_at: datetime | None) -> None:
            told.records.append((record, next_at))
            if len(told.records) == cycles:
                stop.set()

        def complain(sentence: str) -> None:
            told.complaints.append(sentence)
            if len(told.complaints) == 3:
                stop.set()

        def slow(name: str) -> None:
            if name == "balances":
                fake.clock.at += timedelta(seconds=took_s)

        fake.before_read = slow if took_s else fake.before_read
        with journal(folder) as book:
            return await run_daemon(
                desk(fake, book), schedule, announce, complain, jitter_s=lambda: jitter_s, stop=stop
            )

    return asyncio.run(live()), told


def test_cycles_follow_the_interval_and_say_when_the_next_is(tmp_path: Path) -> None:
    """Every record is told together with the beginning of the next one; jitter is added to the wait only."""
    clock = CountedClock()
    code, told = _run(FakeVenue(clock), tmp_path, Schedule(every_s=30, cron=None), 3, jitter_s=4)
    assert code == 0
    assert [next_at for _, next_at in told.records] == [NOW + timedelta(seconds=30 * n) for n in (1, 2, 3)]
    assert clock.slept == [34, 30]
    assert [record.status for record, _ in told.records] == [CycleStatus.HEDGED] * 3


def test_a_cycle_that_took_longer_than_the_interval_skips_what_it_missed(tmp_path: Path) -> None:
    """No rush of cycles afterwards."""
    clock = CountedClock()
    fake = FakeVenue(clock)
    _, told = _run(fake, tmp_path, Schedule(every_s=30, cron=None), 3, took_s=50)
    begun = [record.at - timedelta(seconds=50) for record, _ in told.records]
    assert [later - before for before, later in pairwise(begun)] == [timedelta(seconds=80)] * 2


def test_the_daemon_follows_cron(tmp_path: Path) -> None:
    """The first look is at once, then the expression counts."""
    clock = CountedClock()
    _, told = _run(FakeVenue(clock), tmp_path, Schedule(every_s=30, cron="0 8 L * *"), 3)
    assert [record.at for record, _ in told.records] == [NOW, _at("2025-01-31 08:00:00"), _at("2025-02-28 08:00:00")]
    assert told.records[-1][1] == _at("2025-03-31 08:00:00")


def test_a_venue_that_is_down_at_the_start_is_waited_for(tmp_path: Path) -> None:
    """Each cycle says so and when it looks again; nothing else ends the daemon."""
    clock = CountedClock()
    fake = FakeVenue(clock)

    def down(name: str) -> None:
        if name == "connect" and clock.now() < NOW + timedelta(seconds=50):
            raise Unavailable("binance does not answer")

    fake.before_read = down
    code, told = _run(fake, tmp_path, Schedule(every_s=30, cron=None), 3)
    states = [record.status for record, _ in told.records]
    assert states == [CycleStatus.UNAVAILABLE] * 2 + [CycleStatus.HEDGED]
    assert told.records[0][0].notes == ("binance does not answer",)
    assert code == 0


def test_the_exit_code_is_that_of_the_last_cycle(tmp_path: Path) -> None:
    """A service manager sees how things stood."""

    def down(_: str) -> None:
        raise Unavailable("binance does not answer")

    code, _ = _run(FakeVenue(CountedClock(), before_read=down), tmp_path, Schedule(every_s=30, cron=None), 2)
    assert code == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_a_cycle_lets_it_finish_and_names_no_next_one(tmp_path: Path, number: signal.Signals) -> None:
    """The order that was begun is settled and recorded first."""
    left = [number]

    def tell(_: str) -> None:
        if left:
            os.kill(os.getpid(), left.pop())

    fake = FakeVenue(ManualClock(), before_order=tell)
    told: list[tuple[CycleStatus, datetime | None]] = []

    async def live() -> int:
        with journal(tmp_path) as book:
            code = await run_daemon(
                desk(fake, book),
                Schedule(every_s=30, cron=None),
                lambda record, next_at: told.append((record.status, next_at)),
                lambda _: None,
                jitter_s=lambda: 0.0,
            )
            assert book.open_intents() == ()
            return code

    assert asyncio.run(live()) == 0
    assert told == [(CycleStatus.HEDGED, None)]
    assert fake.position == d("-0.5")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_sleeping_ends_the_sleep(tmp_path: Path, number: signal.Signals) -> None:
    """Nobody waits for the next cycle of a daemon that is to stop."""

    class SleepyClock(ManualClock):
        async def sleep(self, seconds: float) -> None:
            if seconds <= 1:
                return await super().sleep(seconds)
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), number)
            return await asyncio.sleep(3600)

    told: list[datetime | None] = []

    async def live() -> int:
        with journal(tmp_path) as book:
            return await run_daemon(
                desk(FakeVenue(SleepyClock()), book),
                Schedule(every_s=30, cron=None),
                lambda _, next_at: told.append(next_at),
                lambda _: None,
                jitter_s=lambda: 0.0,
            )

    assert asyncio.run(asyncio.wait_for(live(), 20)) == 0
    assert told == [NOW + timedelta(seconds=30)]


def test_a_full_disk_ends_no_daemon(tmp_path: Path) -> None:
    """It complains in every cycle, sends nothing, and goes on when there is space."""
    clock = CountedClock()
    fake = FakeVenue(clock)

    def full(name: str) -> None:
        if name == "connect":
            raise AssertionError("a cycle without a journal must not reach the venue")

    async def live() -> list[str]:
        said: list[str] = []
        stop = asyncio.Event()
        with journal(tmp_path) as book:
            book._connection.execute("PRAGMA query_only = 1")
            fake.before_read = full

            def complain(sentence: str) -> None:
                said.append(sentence)
                if len(said) == 2:
                    stop.set()

            made = desk(fake, book)
            await run_daemon(
                made, Schedule(every_s=30, cron=None), lambda *_: None, complain, jitter_s=lambda: 0.0, stop=stop
            )
        return said

    said = asyncio.run(live())
    assert all("Nothing is sent" in sentence for sentence in said)
    assert "The next cycle is at 00:00:30 UTC" in said[0]
    assert fake.orders == {}


def test_a_halt_is_said_in_every_cycle(tmp_path: Path) -> None:
    """With the way out."""
    with journal(tmp_path) as book:
        book.set_latch("something broke: ballast resume --arm k7", "k7")
    _, told = _run(FakeVenue(CountedClock()), tmp_path, Schedule(every_s=30, cron=None), 2)
    assert len(told.complaints) == 2
    assert all("ballast resume --arm k7" in sentence for sentence in told.complaints)
    assert "The next cycle is at 00:00:30 UTC" in told.complaints[0]
