"""What is not believed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.risk.plausible import (
    doubt_about_book,
    doubtful_symbols,
    doubts_about_account,
    unconfirmed_jumps,
    unconfirmed_leaps,
)
from tests.builders import BTC, book, d, instrument, later, margin, mark, position, view
from tests.futures_builders import dated, inverse, mark_of

AGE = timedelta(seconds=30)


def test_a_plain_view_is_believed() -> None:
    """No doubt without cause."""
    assert doubtful_symbols(view(), AGE) == {}
    assert doubts_about_account(view()) == []


def test_old_future_missing_and_split_marks_are_doubted() -> None:
    """Each way a mark can be wrong is named."""
    assert "old" in doubtful_symbols(view(marks=(mark(at=later(-31)),)), AGE)[BTC]
    assert "ahead" in doubtful_symbols(view(marks=(mark(at=later(6)),)), AGE)[BTC]
    assert "no mark" in doubtful_symbols(view(marks=()), AGE)[BTC]


def test_an_empty_position_list_needs_a_second_witness() -> None:
    """Margin in use says that there is a position."""
    doubts = doubts_about_account(view(margins=(margin(maintenance="50", initial="5000"),)))
    assert "not taken for flat" in doubts[0]


def test_positions_without_margin_in_use_are_doubted() -> None:
    """One of two contradicting answers is wrong."""
    assert "no margin in use" in doubts_about_account(view(positions=(position(),)))[0]


def test_a_missing_row_is_doubted() -> None:
    """More margin in use than the positions shown explain: one of them is missing."""
    shown = view(positions=(position(),), margins=(margin(maintenance="900", initial="15000"),))
    assert "missing" in doubts_about_account(shown)[0]
    shown = view(positions=(position(),), margins=(margin(maintenance="300", initial="15000"),))
    assert doubts_about_account(shown) == []


def test_a_position_valued_at_another_coins_price_is_doubted() -> None:
    """A row under the wrong name would hide one position and invent another."""
    margins = (margin(maintenance="10", initial="15000"),)
    other = replace(position(), mark_price=d(3000))
    assert "belongs to another market" in doubts_about_account(view(positions=(other,), margins=margins))[0]
    absurd = view(positions=(other,), margins=margins, marks=(mark(price="NaN"),))
    assert doubts_about_account(absurd) == []  # a mark that is doubted itself says nothing about a position


def test_a_profit_that_does_not_follow_from_the_market_is_doubted() -> None:
    """Where rows bear no mark price, their profit says which market they are of; an old entry price does not."""
    margins = (margin(maintenance="10", initial="15000"),)
    swapped = replace(position(), entry_price=d(3000), unrealised_pnl=d("-12.5"))
    assert "belongs to another market" in doubts_about_account(view(positions=(swapped,), margins=margins))[0]
    lower = replace(position("ETH", price="3000"), entry_price=d(60000), unrealised_pnl=d("-12.5"))
    shown = view(positions=(lower,), margins=margins, marks=(mark(), mark("ETH", "3000")))
    assert "profit" in doubts_about_account(shown)[0]
    old = replace(position(), entry_price=d(15000), unrealised_pnl=d(-22500))
    assert doubts_about_account(view(positions=(old,), margins=margins)) == []
    margins = (margin(maintenance="0.001", initial="1"),)
    coins = replace(position(amount="-60000"), inverse=True, entry_price=d(30000), unrealised_pnl=d(-1))
    assert doubts_about_account(view(positions=(coins,), margins=margins)) == []
    assert "profit" in doubts_about_account(view(positions=(replace(coins, unrealised_pnl=d(0)),), margins=margins))[0]


def test_nonsense_prices_are_doubted_not_divided_by() -> None:
    """Zero and not-a-number end as a doubt."""
    assert "not a price" in doubtful_symbols(view(marks=(mark(price="0"),)), AGE)[BTC]
    assert "not a price" in doubtful_symbols(view(marks=(mark(price="NaN"),)), AGE)[BTC]


def test_an_index_that_most_contracts_of_the_coin_do_not_bear_out_is_doubted() -> None:
    """Mark and index of one contract at a thousandth agree with each other; where two disagree neither is believed."""
    near, far = dated(20), dated(80)
    wrong = mark_of(far, "60.9", "60")
    three = view(instruments=(instrument(), near, far), marks=(mark(), mark_of(near, "60100"), wrong))
    assert doubtful_symbols(three, AGE).keys() == {far.symbol}
    two = view(instruments=(instrument(), far), marks=(mark(), wrong))
    assert doubtful_symbols(two, AGE).keys() == {BTC, far.symbol}
    old = view(instruments=(instrument(), far), marks=(mark(), replace(wrong, at=later(-31))))
    assert doubtful_symbols(old, AGE).keys() == {far.symbol}


def test_contracts_of_other_coins_or_in_other_money_follow_another_index() -> None:
    """Nor is a basis, or an index a little behind, a contradiction."""
    ether, coin, far = instrument("ETH"), inverse(), dated(80)
    marks = (mark(), mark("ETH", "3000"), mark_of(coin, "52000", "52000"), mark_of(far, "66000", "59000"))
    assert doubtful_symbols(view(instruments=(instrument(), ether, coin, far), marks=marks), AGE) == {}


def test_a_jump_with_small_change_after_it_is_believed() -> None:
    """Rewards dripping in do not keep a real withdrawal unbelieved for ever."""
    assert unconfirmed_jumps({"BTC": d(1)}, {"BTC": d("0.4")}, {"BTC": d("0.4001")}, d("0.5")) == {}


def test_a_second_leap_the_same_way_is_not_what_was_seen_before() -> None:
    """Two deposits within a cycle, or a wrong answer after a true one: what is believed has to be seen twice."""
    accepted, seen = {"SOL": d("134.9")}, {"SOL": d("389.8")}
    assert "SOL" in unconfirmed_jumps(accepted, {"SOL": d("229.3")}, seen, d("0.5"))
    assert unconfirmed_jumps(accepted, seen, seen, d("0.5")) == {}


def test_coins_that_no_venue_sees_do_not_make_a_leap_look_small() -> None:
    """All coins gone from the venue are all of them, however many lie in a cold wallet."""
    accepted, cold = {"BTC": d("0.22")}, {"BTC": d("0.12")}
    assert "BTC" in unconfirmed_jumps(accepted, {}, cold, d("0.5"), cold)
    assert "BTC" in unconfirmed_jumps(accepted, cold, {"BTC": d("0.16")}, d("0.5"), cold)
    assert unconfirmed_jumps(accepted, cold, cold, d("0.5"), cold) == {}


def test_a_jump_is_believed_when_seen_twice() -> None:
    """A balance that halves at once waits for a second look; a new asset does not."""
    accepted = {"BTC": d(1)}
    assert "BTC" in unconfirmed_jumps(accepted, {}, {"BTC": d("0.4")}, d("0.5"))
    assert unconfirmed_jumps(accepted, {"BTC": d("0.4")}, {"BTC": d("0.4")}, d("0.5")) == {}
    assert unconfirmed_jumps(accepted, {}, {"BTC": d("0.6"), "ETH": d(9)}, d("0.5")) == {}
    assert "BTC" in unconfirmed_jumps(accepted, {}, {}, d("0.5"))


@pytest.mark.parametrize(("price", "believed"), [("60000", True), ("56000", True), ("60", False), ("60000000", False)])
def test_a_book_far_from_its_mark_is_not_traded_into(price: str, believed: bool) -> None:
    """A thousandth of the price would make an order of the usual worth a thousand times as large."""
    doubt = doubt_about_book(book(price="60000"), mark(price=price))
    assert (doubt is None) is believed, doubt


@pytest.mark.parametrize(("price", "believed"), [("60200", True), ("60600", False), ("59400", False)])
def test_a_mark_without_a_time_has_the_book_as_witness_of_its_age(price: str, believed: bool) -> None:
    """An old price looks like any other; only the orders that rest there now give it away."""
    assert (doubt_about_book(book(price="60000"), replace(mark(price=price), timed=False)) is None) is believed
    assert doubt_about_book(book(price="60000"), mark(price=price)) is None


def test_an_empty_book_says_nothing_against_a_mark() -> None:
    """Whether there is anything to trade with is asked elsewhere."""
    assert doubt_about_book(replace(book(), bids=()), mark()) is None


@pytest.mark.parametrize(
    ("now", "last", "believed", "leaps"),
    [
        ("100", None, None, False),
        ("499", "100", None, False),
        ("501", "100", None, True),
        ("21", "100", None, False),
        ("19", "100", None, True),
        ("100", "0.1", "100", False),
        ("0.1", "0.1", "100", False),
        ("1", "0.1", "100", True),
    ],
)
def test_a_price_that_leapt_is_believed_when_it_is_seen_again(
    now: str, last: str | None, believed: str | None, leaps: bool
) -> None:
    """What was told wrong once is over with the first look that is right."""
    looks = [{} if price is None else {"BTC": d(price)} for price in (last, believed)]
    assert ("BTC" in unconfirmed_leaps({"BTC": d(now)}, *looks)) is leaps


@pytest.mark.parametrize(
    ("last", "now", "words"),
    [
        ("60000", "60.000", "from 60000 to 60 at once"),
        ("0.00001234", "0.0012340", "from 0.00001234 to 0.001234 at once"),
        ("1", "1234567.891234", "from 1 to 1234567.9 at once"),
    ],
)
def test_a_leap_is_told_in_plain_numbers(last: str, now: str, words: str) -> None:
    """No trailing zeros, no exponents, eight digits at most."""
    assert words in unconfirmed_leaps({"BTC": d(now)}, {"BTC": d(last)}, {})["BTC"]
