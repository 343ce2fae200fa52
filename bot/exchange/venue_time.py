"""The venue's clock as seen from here: the time it told, plus what has passed on a clock that nobody can set."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from bot.domain.ports import Clock

MEASURE_EVERY_S = 600.0
STEP_MAX = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class VenueTime:
    """Signs requests with the venue's time; ccxt measures an offset once at best, and for some venues never."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: tuple[datetime, float] | None = None
        self._ahead = timedelta()
        self._trusted = False

    @property
    def due(self) -> bool:
        """Whether the venue was never asked, or ten minutes ago, or this machine's clock was set or slept since."""
        if self._told is None or not self._trusted:
            return True
        old = self._clock.monotonic() - self._told[1] > MEASURE_EVERY_S
        return old or abs(self.now() - self._clock.now() - self._ahead) > STEP_MAX

    def forget(self) -> None:
        """Distrust what was told: the venue just refused a timestamp."""
        self._trusted = False

    def now(self) -> datetime:
        """The venue's time as far as we know; setting this machine's clock does not move it."""
        if self._told is None:
            return self._clock.now()
        told, at = self._told
        return told + timedelta(seconds=self._clock.monotonic() - at)

    def told_now(self) -> datetime | None:
        """The same, None as long as the venue was not asked or what it told is not trusted."""
        return self.now() if self._told is not None and self._trusted else None

    def milliseconds(self) -> int:
        """The same in the unit of the wire; stands in for ccxt's own `milliseconds`."""
        return (self.now() - EPOCH) // MILLISECOND

    async def measure(self, fetch: Callable[[], Awaitable[datetime]]) -> datetime:
        """Ask the venue for its time and take half the round trip off; returns the venue's time now."""
        started = self._clock.monotonic()
        theirs = await fetch()
        ended = self._clock.monotonic()
        present = theirs + timedelta(seconds=max(0.0, ended - started) / 2)
        self._told, self._trusted = (present, ended), True
        self._ahead = present - self._clock.now()
        return present
