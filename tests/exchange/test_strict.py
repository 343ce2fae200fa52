"""Strict readers: the value as documented, or none at all."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.exchange import strict
from bot.exchange.strict import Unreadable


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=8))
def test_a_decimal_survives_the_wire(value: Decimal) -> None:
    """What is written for the venue reads back as the same number, without an exponent."""
    text = strict.decimal_text(value)
    assert "e" not in text.lower()
    assert strict.finite(text, "x") == value


@given(st.none() | st.booleans() | st.text() | st.floats() | st.integers() | st.lists(st.integers()))
def test_whatever_is_read_as_a_number_is_finite(value: object) -> None:
    """Anything else is unreadable, and nothing else is ever raised."""
    try:
        found = strict.finite(value, "x")
    except Unreadable:
        return
    assert found.is_finite()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "NaN",
        "Infinity",
        "1e400",
        "0x1",
        None,
        True,
        [],
        {},
        "--1",
        "1,5",
        "1." + "3" * 10**6,
        10**30,
        "1e999999",
    ],
    ids=lambda value: str(value)[:9],
)
def test_what_is_no_number_is_unreadable(value: object) -> None:
    """None of these is zero."""
    with pytest.raises(Unreadable):
        strict.finite(value, "x")


def test_a_float_enters_by_its_shortest_text() -> None:
    """0.1 is a tenth, not its binary neighbour."""
    assert strict.finite(0.1, "x") == Decimal("0.1")


@pytest.mark.parametrize(
    "value",
    [0, -1, "", None, True, 1.5, 10**15, "yesterday", 1_700_000_000, "1" * 5000, "\u00b2"],
    ids=lambda value: str(value)[:9],
)
def test_what_is_no_time_is_unreadable(value: object) -> None:
    """Seconds are not taken for milliseconds."""
    with pytest.raises(Unreadable):
        strict.moment_of(value, "x")


@given(st.integers(min_value=1_262_304_000_000, max_value=4_102_444_800_000))
def test_milliseconds_survive_the_way_to_a_time_and_back(value: int) -> None:
    """No rounding by floats."""
    assert strict.milliseconds(strict.moment_of(value, "x")) == value
    assert strict.moment_of(value, "x").tzinfo is UTC


def test_a_time_of_zero_is_none_where_that_is_allowed() -> None:
    """Binance says 0 for never."""
    assert strict.moment_or_none({"updateTime": 0}, "updateTime") is None
    assert strict.moment_or_none({"updateTime": 1_700_000_000_000}, "updateTime") == datetime(
        2023, 11, 14, 22, 13, 20, tzinfo=UTC
    )


def test_a_name_of_absurd_length_is_unreadable() -> None:
    """It would be written into every record."""
    with pytest.raises(Unreadable, match="4000 characters"):
        strict.text({"id": "a" * 4000}, "id")


def test_a_row_that_comes_twice_is_unreadable() -> None:
    """Two positions in one symbol mean hedge mode or a fault."""
    with pytest.raises(Unreadable):
        strict.unique(["a", "a"], lambda item: item)
