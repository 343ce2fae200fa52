"""Lists are read whole, whichever end a venue cuts off when an answer is full."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Unavailable
from bot.exchange.windows import whole

START = datetime(2025, 3, 3, tzinfo=UTC)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Happened:
    at: datetime
    name: int


def rows_at(minutes: Sequence[int]) -> list[Happened]:
    return [Happened(START + timedelta(minutes=minute), name) for name, minute in enumerate(sorted(minutes))]


def read(rows: list[Happened], *, newest_first: bool, rows_max: int, days: int = 30) -> set[int]:
    async def page(first: int, last: int) -> list[Happened]:
        assert last - first <= WEEK / timedelta(milliseconds=1), "asked for more than a week"
        inside = [row for row in rows if first <= int(row.at.timestamp() * 1000) <= last]
        return inside[::-1][:rows_max] if newest_first else inside[:rows_max]

    until = START + timedelta(days=days)
    return {row.name for row in asyncio.run(whole(page, START, until, window=WEEK, rows_max=rows_max))}


@given(
    minutes=st.lists(st.integers(0, 30 * 24 * 60 - 1), max_size=60, unique=True),
    newest_first=st.booleans(),
    rows_max=st.integers(2, 10),
)
def test_no_row_is_missing_whatever_the_size_and_order_of_answers(
    minutes: list[int], newest_first: bool, rows_max: int
) -> None:
    """Two hundred trades in a week come whole from a venue that shows its newest hundred."""
    rows = rows_at(minutes)
    assert read(rows, newest_first=newest_first, rows_max=rows_max) == {row.name for row in rows}


@pytest.mark.parametrize("newest_first", [True, False])
def test_more_in_one_millisecond_than_an_answer_holds_is_said_and_not_guessed(newest_first: bool) -> None:
    """A list that cannot be complete is no list."""
    with pytest.raises(Unavailable, match="incomplete"):
        read(rows_at([5] * 4), newest_first=newest_first, rows_max=3)
