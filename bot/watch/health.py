"""Whether Ballast is alive and at work: the verdict of `/healthz` and of `ballast status --healthy`."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings

STALE_CYCLES = 3
GRACE = timedelta(seconds=60)


def freshness(settings: "Settings", now: datetime) -> timedelta:
    """How old the last record may be before a running Ballast counts as stuck."""
    schedule = settings.schedule
    if schedule.cron is None:
        return timedelta(seconds=STALE_CYCLES * schedule.cycle_every_s + schedule.jitter_s) + GRACE
    from cronsim import CronSim  # noqa: PLC0415 - only for profiles with a cron expression

    previous = next(CronSim(schedule.cron, now, reverse=True))
    return now - previous + timedelta(seconds=schedule.jitter_s) + GRACE


def trouble(*, age_s: float | None, patience_s: float, halted: str | None) -> str | None:
    """Why this is not healthy, None when it is: a halt, no cycle yet, or a last cycle that is too old.

    A venue that is down does not count: Ballast is alive, waits for it, and starting it anew would not help.
    """
    if halted is not None:
        return f"halted: {halted}. A person must look at the account, then re-arm"
    if age_s is None:
        return "no cycle has ended since the start"
    if age_s > patience_s:
        return f"the last cycle ended {age_s:.0f} s ago, more than {patience_s:.0f} s; is `ballast run` still alive?"
    return None
