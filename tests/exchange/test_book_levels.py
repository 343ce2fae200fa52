"""A side of the book is read at once, and says no more and no less than level by level."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import BookLevel
from bot.exchange import translate
from bot.exchange.strict import Unreadable

PLAIN = st.decimals(min_value="0.00000001", max_value=10**9, places=8).map(lambda number: f"{number:f}")
WORDS = ("0", "0.0", "-1", "NaN", "Infinity", "1e3", "1_0", " 1", "1 2", "", "x", "9" * 30, "\u0661")
ODD: st.SearchStrategy[object] = st.sampled_from([*WORDS, None, True, 7, 2.5])
LEVEL = st.one_of(
    st.lists(PLAIN, min_size=2, max_size=3),
    st.lists(st.one_of(PLAIN, ODD), max_size=3),
    st.sampled_from(["12", None, {0: "1", 1: "2"}, ("1", "2"), 5]),
)


def carefully(levels: list[object]) -> tuple[BookLevel, ...] | None:
    """Level by level; None where one cannot be read."""
    try:
        return tuple(translate._level(level, "bids") for level in levels)
    except Unreadable:
        return None


def at_once(levels: list[object]) -> tuple[BookLevel, ...] | None:
    """As a cycle reads it; None where it cannot be read."""
    try:
        return translate._levels({"bids": levels}, "bids")
    except Unreadable:
        return None


@given(st.lists(LEVEL, max_size=4))
def test_at_once_says_what_the_careful_reading_says(levels: list[object]) -> None:
    """Whatever stands in a level, the quick way never makes a number of it that the strict one refuses."""
    assert at_once(levels) == carefully(levels)


@given(st.lists(st.lists(PLAIN, min_size=2, max_size=2), min_size=1, max_size=50))
def test_plain_side_takes_the_quick_way(levels: list[list[str]]) -> None:
    """What venues send is read at once, number by number as it was written."""
    expected = [(Decimal(price), Decimal(amount)) for price, amount in levels]
    assert list(translate._plain_levels(levels) or ()) == expected
