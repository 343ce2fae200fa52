"""Money that adds up to the cent, whatever the digits behind it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.books import Parts, close_books, in_cents
from bot.domain.errors import Halted

CENT = Decimal("0.01")
MONEY = st.decimals(min_value=-(10**6), max_value=10**6, places=8)


def parts(*values: Decimal) -> Parts:
    spot, short, funding, fees, slippage, transfers, liquidation = values
    return Parts(
        spot=spot,
        short=short,
        funding=funding,
        fees=fees,
        slippage=slippage,
        transfers=transfers,
        liquidation=liquidation,
    )


@given(start=MONEY, values=st.tuples(*[MONEY] * 7))
def test_books_in_cents_add_up_whatever_the_parts(start: Decimal, values: tuple[Decimal, ...]) -> None:
    """Start plus parts is end in whole cents, and no part moves by more than two cents from its exact value."""
    exact = parts(*values)
    books = close_books(start, exact, start + exact.total)
    assert books.start + books.parts.total == books.end
    for name in ("spot", "short", "funding", "fees", "slippage", "transfers", "liquidation"):
        rounded = getattr(books.parts, name)
        assert rounded == rounded.quantize(CENT)
        assert abs(rounded - getattr(exact, name)) < 2 * CENT


def test_what_is_nothing_stays_nothing() -> None:
    """A spare cent is given to a part that moved, never to one that did not."""
    assert in_cents({"a": Decimal("0.004"), "b": Decimal(0)}, CENT) == {"a": CENT, "b": Decimal(0)}


def test_unexplained_cent_stops_the_summary() -> None:
    """Books that do not explain the change are not shown as if they did."""
    with pytest.raises(Halted, match="do not add up"):
        close_books(Decimal(100), parts(*[Decimal(0)] * 7), Decimal("100.01"))
