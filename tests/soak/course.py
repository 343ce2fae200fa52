"""What was so from when on: values in the order of time, found without walking through all of them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Course(Generic[Value]):
    """Values by the instant from which they hold."""

    def __init__(self, rows: Sequence[tuple[datetime, Value]]) -> None:
        self._times = [at for at, _ in rows]
        self._values = [value for _, value in rows]

    def at(self, at: datetime) -> Value | None:
        """What held at an instant, None before the first."""
        place = bisect_right(self._times, at)
        return self._values[place - 1] if place else None

    def during(self, since: datetime, until: datetime) -> list[Value]:
        """What held at any instant of a span, the value it began with first."""
        first = bisect_right(self._times, since)
        return self._values[max(0, first - 1) : bisect_right(self._times, until)]
