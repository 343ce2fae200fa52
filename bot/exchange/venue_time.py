"""The venue's clock as seen from here: our clock plus a measured offset."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from bot.domain.ports import Clock

MEASURE_EVERY_S = 600.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class VenueTime:
    """Signs requests with the venue's time; ccxt measures an offset once at best, and for some venues never."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = timedelta()
        self._measured_at: float | None = None

    @property
    def offset(self) -> timedelta:
        """Venue time minus our time."""
        return self._offset

    @property
    def due(self) -> bool:
        """Whether the offset was never measured or is older than ten minutes."""
        return self._measured_at is None or self._clock.monotonic() - self._measured_at > MEASURE_EVERY_S

    def forget(self) -> None:
        """Distrust the offset: the venue just refused a timestamp."""
        self._measured_at = None

    def now(self) -> datetime:
        """The venue's time as far as we know."""
        return self._clock.now() + self._offset

    def milliseconds(self) -> int:
        """The same in the unit of the wire; stands in for ccxt's own `milliseconds`."""
        return (self.now() - EPOCH) // MILLISECOND

    async def measure(self, fetch: Callable[[], Awaitable[datetime]]) -> datetime:
        """Ask the venue for its time and take half the round trip off; returns the venue's time now."""
        before = self._clock.now()
        started = self._clock.monotonic()
        theirs = await fetch()
        took = timedelta(seconds=max(0.0, self._clock.monotonic() - started))
        self._offset = theirs - (before + took / 2)
        self._measured_at = self._clock.monotonic()
        return theirs + took / 2
