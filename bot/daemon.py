"""The loop of `ballast run`: a cycle, then waiting for the next, until a signal asks for the end."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from cronsim import CronSim

from bot.cycle import Desk, run_cycle
from bot.domain.errors import JournalError
from bot.domain.record import EXIT_CODES, CycleRecord, CycleStatus
from bot.margin_look import MarginWatch
from bot.signals import Wishes, listen

Announce = Callable[[CycleRecord, datetime | None], None]
Complain = Callable[[str], None]
JOURNAL_FAILED = 2


class Schedule:
    """When the next cycle begins: every so many seconds, or by a cron expression in UTC."""

    def __init__(self, *, every_s: float, cron: str | None) -> None:
        self._every = timedelta(seconds=every_s)
        self._cron = cron

    def after(self, moment: datetime) -> datetime:
        """The first beginning after a moment."""
        if self._cron is not None:
            return next(CronSim(self._cron, moment))
        return moment + self._every


# The desk and the schedule of a profile that was read again, None where the old ones stay; told when the next cycle is.
Reload = Callable[[Desk, datetime], tuple[Desk, Schedule] | None]


async def run_daemon(  # noqa: PLR0913 - who is told, and what may be asked of it while it runs
    desk: Desk,
    schedule: Schedule,
    announce: Announce,
    complain: Complain,
    *,
    jitter_s: Callable[[], float],
    say: Complain | None = None,
    stop: asyncio.Event | None = None,
    reload: Reload | None = None,
) -> int:
    """Run cycles until SIGTERM or SIGINT, or until `stop` is set; the cycle in progress is finished first.

    A second signal ends it at once. SIGHUP reads the profile again, when there is a `reload`; its desk and schedule
    hold from the next cycle on. Between two cycles the margin is looked at every `desk.margin_every_s`; when it became
    worse the next cycle begins at once. Returns the exit code of the last cycle. A journal that cannot be written stops
    sending, not the daemon: it tries again in the next cycle.
    """
    wishes = Wishes(stop or asyncio.Event())
    stop = wishes.stop
    listen(wishes, say or complain, reloads=reload is not None)
    clock = desk.lookout.clock
    code = 0
    due = clock.now()
    while True:
        record, trouble = await _cycle(desk)
        # A cycle that took longer than the schedule skips what it missed instead of catching up in a rush.
        due = schedule.after(due)
        if due <= clock.now():
            due = schedule.after(clock.now())
        next_at = None if stop.is_set() else due
        if trouble is not None:
            complain(f"{trouble} {_next(next_at)}")
        code = EXIT_CODES[record.status] if record is not None else JOURNAL_FAILED
        if record is not None:
            announce(record, next_at)
        while not stop.is_set():
            alarm = await _wait(wishes, desk, due + timedelta(seconds=jitter_s()), _watch(desk, record))
            if alarm is not None:
                due = clock.now()
                complain(f"the margin cannot wait for the next cycle: {alarm}")
            if not wishes.again.is_set() or reload is None:
                break
            wishes.again.clear()
            desk, schedule = reload(desk, due) or (desk, schedule)
            due = min(due, schedule.after(clock.now()))
        if stop.is_set():
            return code


async def _cycle(desk: Desk) -> tuple[CycleRecord | None, str | None]:
    """One cycle: its record, and what a person must be told beside it."""
    try:
        record = await run_cycle(desk)
    except JournalError as error:
        return None, str(error)
    if record.status is CycleStatus.HALTED:
        why = desk.hands.journal.latch() or "a person must look"
        return record, f"halted, no risk is added, reductions and protective collateral go on: {why}."
    return record, None


def _next(next_at: datetime | None) -> str:
    return f"The next cycle is at {next_at:%H:%M:%S} UTC." if next_at else "No cycle follows; it was told to stop."


def _watch(desk: Desk, record: CycleRecord | None) -> MarginWatch | None:
    if desk.margin_every_s <= 0:
        return None
    return MarginWatch(desk.mind, desk.lookout, record.snapshot if record is not None else None)


async def _wait(wishes: Wishes, desk: Desk, due: datetime, watch: MarginWatch | None) -> str | None:
    """Sleep until the next cycle, until something is asked for, or until the margin raises the alarm it returns."""
    clock = desk.lookout.clock
    while not (wishes.stop.is_set() or wishes.again.is_set()):
        seconds = (due - clock.now()).total_seconds()
        if seconds <= 0:
            break
        await _sleep(wishes, desk, min(seconds, desk.margin_every_s) if watch is not None else seconds)
        if watch is not None and not wishes.stop.is_set() and clock.now() < due:
            alarm = await watch.alarm()
            if alarm is not None:
                return alarm
    return None


async def _sleep(wishes: Wishes, desk: Desk, seconds: float) -> None:
    """Sleep, or until something is asked for, whichever comes first."""
    ways = [desk.lookout.clock.sleep(seconds), wishes.stop.wait(), wishes.again.wait()]
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
