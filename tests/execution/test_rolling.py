"""Pairs of a buy and a sale: in order, of equal worth, one slice at a time, at a price that is worth it."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Book, BookLevel, Side
from bot.domain.hedge import Roll
from bot.domain.instrument import Instrument
from bot.domain.intent import LeverageIntent, OrderIntent, Plan
from bot.execution.planner import MarketDetail
from bot.execution.rolling import UNLIMITED, Room, legs, plan_rolls
from tests.builders import BTC, VENUE, d, instrument, order_rule, settings, snapshot
from tests.futures_builders import dated, futures_view, short_in

FAR = dated(80)


def roll(amount: str = "1", *, slice_max: str = "0.1", cost_max: str | None = "0.0006", urgent: bool = False) -> Roll:
    """Out of the perpetual into the far future."""
    return Roll(
        venue=VENUE, asset="BTC", leaving=BTC, entering=FAR.symbol, amount=d(amount), slice_max=d(slice_max),
        leverage_cap=d(2), cost_max=None if cost_max is None else d(cost_max), urgent=urgent, reasons=("carry",),
    )  # fmt: skip


def book_of(row: Instrument, price: str, *, half_spread: str = "1", depth: str = "100") -> Book:
    """One level on each side."""
    middle, half = d(price), d(half_spread)
    return Book(
        venue=VENUE, symbol=row.symbol, at=snapshot().at,
        bids=(BookLevel(price=middle - half, amount=d(depth)),),
        asks=(BookLevel(price=middle + half, amount=d(depth)),),
    )  # fmt: skip


def names(first: int) -> Iterator[str]:
    """Ids of intents from a number on."""
    return (f"c000001-{number:02d}" for number in count(first))


def planned(
    chosen: Roll,
    *,
    far: str = "60600",
    half_spread: str = "1",
    depth: str = "100",
    books: bool = True,
    room: Room = UNLIMITED,
) -> Plan:
    """What is sent for one roll."""
    shown = snapshot(futures_view({FAR: far}, short_in(instrument(), "1")), ("BTC", "2"))
    found = {(VENUE, BTC): book_of(instrument(), "60000", half_spread=half_spread, depth=depth)}
    if books:
        found[(VENUE, FAR.symbol)] = book_of(FAR, far, half_spread=half_spread, depth=depth)
    known = replace(settings(), symbol=FAR.symbol)
    detail = MarketDetail(books=found, settings={(VENUE, FAR.symbol): known})
    return plan_rolls((chosen,), shown, detail, order_rule(), numbers=names(5), room=room)


def orders(plan: Plan) -> list[OrderIntent]:
    """The orders of a plan."""
    return [row for row in plan.intents if isinstance(row, OrderIntent)]


def test_each_order_waits_for_the_one_before_and_the_buy_comes_first() -> None:
    """So that what is unpaired is one slice at most, whatever fails."""
    found = orders(planned(roll()))
    assert [row.side for row in found] == [Side.BUY, Side.SELL] * 8
    assert [row.after for row in found] == [None, *(row.id for row in found[:-1])]
    assert all(row.reduce_only == (row.side is Side.BUY) for row in found)
    assert found[0].id == "c000001-05"
    assert all(row.amount <= d("0.1") for row in found)


def test_settings_come_before_the_first_pair() -> None:
    """And the first buy waits for them."""
    shown = snapshot(futures_view({FAR: "60600"}, short_in(instrument(), "1")), ("BTC", "2"))
    books = {(VENUE, BTC): book_of(instrument(), "60000"), (VENUE, FAR.symbol): book_of(FAR, "60600")}
    found = plan_rolls((roll(),), shown, MarketDetail(books=books, settings={}), order_rule(), numbers=names(1)).intents
    assert isinstance(found[1], LeverageIntent)
    assert isinstance(found[2], OrderIntent)
    assert found[2].after == found[1].id


@given(
    amount=st.integers(min_value=3, max_value=800),
    slice_max=st.integers(min_value=1, max_value=300),
    far=st.integers(min_value=57_000, max_value=66_000),
)
def test_what_is_sold_is_worth_no_more_than_what_was_bought(amount: int, slice_max: int, far: int) -> None:
    """After every order: never deeper by value, and open by a slice and the venue's smallest order at most."""
    chosen = roll(str(Decimal(amount) / 1000), slice_max=str(Decimal(slice_max) / 1000), cost_max=None)
    found = orders(planned(chosen, far=str(far)))
    smallest = Decimal("0.004")
    bought = sold = Decimal(0)
    for row in found:
        if row.side is Side.BUY:
            bought += row.amount
        else:
            sold += row.amount
        assert sold * far <= bought * 60_000 or sold <= bought
        gap = bought - sold * max(Decimal(1), Decimal(far) / 60_000)
        assert gap <= chosen.slice_max + 2 * smallest
    assert bought <= chosen.amount


def test_a_dear_roll_waits_and_an_urgent_one_does_not() -> None:
    """10 basis points are more than 6; at the deadline any price is taken, in orders no limit holds back."""
    plan = planned(roll(), half_spread="30")
    assert plan.intents == ()
    assert "waits for a better price" in plan.notes[0]
    late = orders(planned(roll(cost_max=None, urgent=True), half_spread="30"))
    assert late
    assert all(row.protective for row in late)


def test_a_missing_book_waits_and_a_thin_one_takes_less() -> None:
    """Nothing is sent blindly; what fits into the books goes now."""
    assert planned(roll(), books=False).intents == ()
    thin = orders(planned(roll(), depth="0.25"))
    assert sum(row.amount for row in thin if row.side is Side.BUY) == d("0.25")


def test_both_legs_are_looked_at_before_trading() -> None:
    """Books and settings of both contracts are read once each."""
    assert [row.symbol for row in legs((roll(), roll()))] == [BTC, FAR.symbol]


def test_the_limits_of_the_hour_cut_a_roll_and_refuse_nothing() -> None:
    """Of thirty orders an hour twenty are for rolls; twelve were sent: four pairs now, and none when they are gone."""
    room = Room.left((30, d(10_000_000)), (12, d(0)))
    assert len(orders(planned(roll(), room=room))) == 8
    plan = planned(roll(), room=Room.left((30, d(10_000_000)), (20, d(0))))
    assert plan.intents == ()
    assert "goes on later" in plan.notes[0]
    assert len(orders(planned(roll(), room=Room.left((300, d(60_000)), (0, d(0)))))) == 6
    late = roll(cost_max=None, urgent=True)
    assert len(orders(planned(late, room=Room(orders=0, notional=d(0))))) == 16


def test_what_an_earlier_half_left_open_is_sold_before_the_roll_goes_on() -> None:
    """So that open slices never add up; at the deadline the roll does not wait for it."""
    first, second, *_ = orders(planned(replace(roll(), owed=d("0.09"))))
    assert (first.side, first.symbol, first.amount, first.after) == (Side.SELL, FAR.symbol, d("0.09"), None)
    assert (second.side, second.after) == (Side.BUY, first.id)
    late = orders(planned(replace(roll(cost_max=None, urgent=True), owed=d("0.09"))))
    assert late[1].after is None
    assert not late[0].protective
    assert late[0].limit_price == first.limit_price > late[2].limit_price
    assert orders(planned(replace(roll(), owed=d("0.001"))))[0].side is Side.BUY


def test_the_last_half_of_a_roll_is_sold_alone() -> None:
    """With nothing to move beside it, at an ordinary price; too little is said and left."""
    plan = planned(replace(roll(), amount=d(0), owed=d("0.09")))
    (only,) = orders(plan)
    assert (only.side, only.symbol, only.amount, only.reduce_only) == (Side.SELL, FAR.symbol, d("0.09"), False)
    assert "its last half" in plan.notes[0]
    small = planned(replace(roll(), amount=d(0), owed=d("0.0001")))
    assert orders(small) == []
    assert "too little" in small.notes[0]
