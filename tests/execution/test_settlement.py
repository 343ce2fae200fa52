"""Settling an order: cancelling one that still rests, and what Ballast expects to see at the venue from then on."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.domain.account import Fill, Order, OrderStatus, Side
from bot.domain.errors import BallastError, JournalError, Refused, Unavailable, Unknown
from bot.domain.intent import Ending, LeverageIntent, OrderIntent
from bot.domain.ports import Venue
from bot.execution.journal import Journal, KnownPosition
from bot.execution.settlement import CLOCK_SKEW, Hands, close_order, contradicted, settle
from tests.builders import BTC, NOW, VENUE, d
from tests.cycles.desk import journal
from tests.fake_venue import FakeVenue, ManualClock


def _sale(amount: str) -> OrderIntent:
    return OrderIntent(
        id="c000001-01", venue=VENUE, symbol=BTC, side=Side.SELL, amount=d(amount), limit_price=d("60000"),
        reduce_only=False, protective=False, reasons=("a reason",),
    )  # fmt: skip


def _sold(at_s: float) -> Order:
    return Order(
        venue=VENUE, symbol=BTC, order_id="7", client_id="blst1", side=Side.SELL, amount=d("0.2"), filled=d("0.2"),
        average_price=d("60000"), status=OrderStatus.CLOSED, reduce_only=False, at=NOW + timedelta(seconds=at_s),
    )  # fmt: skip


def booked(folder: Path, order_at_s: float, known_at_s: float = -60) -> KnownPosition:
    """The expected position after a sale of 0.2, dated by the venue so many seconds from our idea of its time."""
    clock = ManualClock()
    book = journal(folder)
    changed = NOW + timedelta(seconds=known_at_s)
    book.set_position(KnownPosition(venue=VENUE, symbol=BTC, asset="BTC", amount=d("-0.3"), changed_at=changed))
    intent, order = _sale("0.2"), _sold(order_at_s)
    hands = Hands(venues={VENUE: cast("Venue", FakeVenue(clock))}, journal=book, clock=clock)
    book.record_sent(intent, "blst1", NOW, notional=d("12000"), position_before=d("-0.3"))
    close_order(intent, order, hands)
    (known,) = book.known_positions()
    book.close()
    return known


def test_the_expected_position_is_dated_by_the_venue(tmp_path: Path) -> None:
    """A view last changed between our idea of the time and the venue's fill is older than the fill, not newer."""
    known = booked(tmp_path, order_at_s=3)
    assert known.amount == d("-0.5")
    assert known.changed_at == NOW + timedelta(seconds=3)


def test_an_order_settled_late_does_not_date_the_position_back(tmp_path: Path) -> None:
    """What is known of later stays known."""
    assert booked(tmp_path, order_at_s=-30, known_at_s=-5).changed_at == NOW - timedelta(seconds=5)


def test_a_date_far_ahead_is_not_believed(tmp_path: Path) -> None:
    """Otherwise every later view would look too old for ever."""
    assert booked(tmp_path, order_at_s=86_400).changed_at == NOW + CLOCK_SKEW


def _resting(folder: Path, cancelled: Callable[[], None]) -> tuple[Journal, Hands]:
    """An order of ours that still rests at the venue, and what happens when its cancel arrives there."""
    clock = ManualClock()
    fake = FakeVenue(clock)
    book = journal(folder)
    intent = _sale("0.2")
    book.record_sent(intent, "blst1", NOW, notional=d("12000"), position_before=d("0"))
    fake.orders["blst1"] = replace(_sold(0), filled=d(0), average_price=None, status=OrderStatus.OPEN)

    class Watched(FakeVenue):
        async def cancel_order(self, symbol: str, client_id: str) -> None:
            cancelled()
            await super().cancel_order(symbol, client_id)

    watched = Watched(clock, orders=fake.orders)
    return book, Hands(venues={VENUE: cast("Venue", watched)}, journal=book, clock=clock)


def test_the_cancel_of_a_resting_order_is_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    """The venue looks into the journal at the moment the cancel arrives."""
    seen: list[str] = []

    def look() -> None:
        with sqlite3.connect(tmp_path / "ballast.db") as other:
            seen.extend(row[0] for row in other.execute("SELECT text FROM events WHERE name = 'cancel.sent'"))

    book, hands = _resting(tmp_path, look)
    with book:
        settled = asyncio.run(settle(hands))
    assert [row.ending for row in settled.outcomes] == [Ending.NOTHING]
    assert len(seen) == 1
    assert seen[0].startswith("c000001-01 still rests: cancelling the order to sell 0.2")


def test_a_cancel_that_cannot_be_written_down_is_not_sent(tmp_path: Path) -> None:
    """The order rests on until the disk has space again; an order that only rests does no harm."""
    sent: list[str] = []
    book, hands = _resting(tmp_path, lambda: sent.append("cancel"))
    with book:
        book._connection.execute("PRAGMA query_only = 1")
        with pytest.raises(JournalError):
            asyncio.run(settle(hands))
    assert sent == []


@pytest.mark.parametrize(
    "error", [Refused("no such order", code="-2011"), Unknown("no answer"), Unavailable("no connection")]
)
def test_a_cancel_that_fails_is_not_sent_again_in_the_same_cycle(tmp_path: Path, error: BallastError) -> None:
    """The look after it decides: what still rests stays unsettled, and the next cycle cancels once more."""
    sent: list[str] = []

    def fail() -> None:
        sent.append("cancel")
        raise error

    book, hands = _resting(tmp_path, fail)
    with book:
        for cycle in (1, 2):
            settled = asyncio.run(settle(hands))
            assert len(sent) == cycle
            assert settled.outcomes == ()
            assert [row.client_id for row in settled.open] == ["blst1"]


def _lost_after_a_slice(folder: Path, *, traded: str) -> tuple[Journal, Hands]:
    """A first slice was sold and booked; the second was sent in the same second and never arrived."""
    clock = ManualClock()
    book = journal(folder)
    book.set_position(KnownPosition(venue=VENUE, symbol=BTC, asset="BTC", amount=d("0"), changed_at=NOW))
    fill = Fill(
        venue=VENUE, symbol=BTC, trade_id="t1", order_id="7", side=Side.SELL, amount=d(traded), price=d("60000"),
        fee=d("1"), fee_currency="USDT", at=NOW,
    )  # fmt: skip
    fake = FakeVenue(clock, trades=[fill], shown_position=d("-0.2"))
    hands = Hands(venues={VENUE: cast("Venue", fake)}, journal=book, clock=clock)
    first, second = _sale("0.2"), replace(_sale("0.2"), id="c000001-02")
    book.record_sent(first, "blst1", NOW, notional=d("12000"), position_before=d("0"))
    close_order(first, _sold(0), hands)
    book.record_sent(second, "blst2", NOW, notional=d("12000"), position_before=d("-0.2"))
    return book, hands


def _settled_twice(hands: Hands) -> list[Ending]:
    endings: list[Ending] = []
    for _ in range(2):
        asyncio.run(hands.clock.sleep(60))
        endings += [row.ending for row in asyncio.run(settle(hands)).outcomes]
    return endings


def test_what_the_slice_before_it_filled_does_not_hold_back_the_proof_of_absence(tmp_path: Path) -> None:
    """Two starts after a kill between two slices of one order the hedge goes on."""
    book, hands = _lost_after_a_slice(tmp_path, traded="0.2")
    with book:
        assert _settled_twice(hands) == [Ending.ABSENT]


def test_a_silence_of_the_venue_is_no_time_in_which_a_trade_went_unexplained(tmp_path: Path) -> None:
    """It was away for longer than such a trade waits for; only what two looks a minute apart saw is believed then."""
    book, hands = _lost_after_a_slice(tmp_path, traded="0.3")
    with book:
        for away_s, expected in ((960, []), (960, []), (50, []), (10, [Ending.ABSENT])):
            asyncio.run(hands.clock.sleep(away_s))
            assert [row.ending for row in asyncio.run(settle(hands)).outcomes] == expected


def test_a_fill_that_no_settled_order_explains_keeps_an_order_unknown(tmp_path: Path) -> None:
    """More was sold than the slice before it: it may be this one, whatever the look-up says."""
    book, hands = _lost_after_a_slice(tmp_path, traded="0.3")
    with book:
        assert _settled_twice(hands) == []


ENDING = f"{BTC}-{NOW:%y%m%d}"  # delivered at eight in the morning
HOUR_S = 3600


def _before_delivery(folder: Path, intent: OrderIntent | LeverageIntent) -> tuple[Journal, Hands, FakeVenue]:
    """A short of 0.3 in a contract that ends, and something sent in it that nobody answered; what is shown is flat."""
    clock = ManualClock()
    book = journal(folder)
    book.set_position(KnownPosition(venue=VENUE, symbol=ENDING, asset="BTC", amount=d("-0.3"), changed_at=NOW))
    book.record_sent(intent, "blst1", NOW, notional=d("12000"), position_before=d("-0.3"))
    fake = FakeVenue(clock)
    return book, Hands(venues={VENUE: cast("Venue", fake)}, journal=book, clock=clock), fake


def _purchase() -> OrderIntent:
    return replace(_sale("0.3"), symbol=ENDING, side=Side.BUY, reduce_only=True)


@pytest.mark.parametrize(("after_s", "expected"), [(HOUR_S, []), (9 * HOUR_S, [Ending.ABSENT])])
def test_a_position_that_was_delivered_is_no_trade_of_an_order_nobody_knows(
    after_s: int, expected: list[Ending], tmp_path: Path
) -> None:
    """It looks as if the purchase had traded: before the delivery that waits, after it nothing speaks for it."""
    book, hands, _ = _before_delivery(tmp_path, _purchase())
    with book:
        asyncio.run(hands.clock.sleep(after_s))
        assert _settled_twice(hands) == expected
        assert contradicted(book) == []


def test_a_setting_of_a_delivered_contract_is_settled_without_a_question(tmp_path: Path) -> None:
    """The venue does not list it any more, so it would be asked for ever and no short would grow meanwhile."""
    setting = LeverageIntent(id="c000001-01", venue=VENUE, symbol=ENDING, leverage=2, reasons=("a reason",))
    book, hands, fake = _before_delivery(tmp_path, setting)
    fake.leverage = d(2)
    with book:
        asyncio.run(hands.clock.sleep(9 * HOUR_S))
        assert [row.ending for row in asyncio.run(settle(hands)).outcomes] == [Ending.ABSENT]


@pytest.mark.parametrize(("after_s", "said"), [(HOUR_S, False), (9 * HOUR_S, True)])
def test_the_way_out_is_named_where_a_venue_does_not_speak_of_a_delivered_contract(
    after_s: int, said: bool, tmp_path: Path
) -> None:
    """Whether it ever will, nobody knows; a person can look there and end the waiting."""
    book, hands, fake = _before_delivery(tmp_path, _purchase())

    def unlisted(_: str) -> None:
        raise Unavailable("no such market")

    fake.before_read = unlisted
    with book:
        asyncio.run(hands.clock.sleep(after_s))
        (note,) = asyncio.run(settle(hands)).notes
    assert "could not be settled yet" in note
    assert ("ballast resume --abandon c000001-01" in note) is said
