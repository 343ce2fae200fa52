"""How a list is read whole although one answer holds only so many rows of so many days, whichever end comes first."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol, TypeVar

from bot.domain.errors import Unavailable
from bot.exchange import strict

PAGES_MAX = 1000


def check_page(number: int) -> None:
    """Whether a list may have a page of this number, counted from 1. Raises: Unavailable for one without end."""
    if number > PAGES_MAX:
        raise Unavailable(
            f"A list has more than {PAGES_MAX} pages, which no account fills, so it is not used. Nothing was changed; "
            "the next cycle asks again."
        )


class Dated(Protocol):
    """Something that happened at an instant."""

    @property
    def at(self) -> datetime: ...  # noqa: D102


T = TypeVar("T", bound=Dated)
Page = Callable[[int, int], Awaitable[Sequence[T]]]


async def whole(page: Page[T], since: datetime, until: datetime, *, window: timedelta, rows_max: int) -> list[T]:
    """Every row between two instants; rows on the seam of two answers come twice.

    `page` asks for first and last millisecond, both included. A full answer may have been cut at either end, so both
    sides of it are asked again. Raises: Unavailable when one millisecond holds more than an answer does.
    """
    found: list[T] = []
    spans = _windows(strict.milliseconds(since), strict.milliseconds(until), int(window.total_seconds() * 1000))
    for number in count(1):
        if not spans:
            break
        check_page(number)
        first, last = spans.pop()
        rows = await page(first, last)
        found += rows
        if len(rows) < rows_max:
            continue
        times = [strict.milliseconds(row.at) for row in rows]
        sides = [(max(times), last), (first, min(times))]
        if (first, last) in sides:
            raise Unavailable(
                "More happened in one moment than one answer holds, so the list is incomplete and not used. "
                "Nothing was changed; the next cycle asks again."
            )
        spans += sides
    return found


def _windows(first: int, last: int, length: int) -> list[tuple[int, int]]:
    """Spans of at most a window, the earliest on top."""
    starts = range(first, last + 1, length)
    return [(start, min(start + length - 1, last)) for start in starts][::-1]
