"""Booking a final order: what Ballast expects to see at the venue from then on."""

from datetime import timedelta
from pathlib import Path
from typing import cast

from bot.domain.account import Order, OrderStatus, Side
from bot.domain.intent import OrderIntent
from bot.domain.ports import Venue
from bot.execution.journal import KnownPosition
from bot.execution.settlement import CLOCK_SKEW, Hands, close_order
from tests.builders import BTC, NOW, VENUE, d
from tests.cycles.desk import journal
from tests.fake_venue import FakeVenue, ManualClock


def booked(folder: Path, order_at_s: float, known_at_s: float = -60) -> KnownPosition:
    """The expected position after a sale of 0.2, dated by the venue so many seconds from our idea of its time."""
    clock = ManualClock()
    book = journal(folder)
    changed = NOW + timedelta(seconds=known_at_s)
    book.set_position(KnownPosition(venue=VENUE, symbol=BTC, asset="BTC", amount=d("-0.3"), changed_at=changed))
    intent = OrderIntent(
        id="c000001-01", venue=VENUE, symbol=BTC, side=Side.SELL, amount=d("0.2"), limit_price=d("60000"),
        reduce_only=False, protective=False, reasons=("a reason",),
    )  # fmt: skip
    order = Order(
        venue=VENUE, symbol=BTC, order_id="7", client_id="blst1", side=Side.SELL, amount=d("0.2"), filled=d("0.2"),
        average_price=d("60000"), status=OrderStatus.CLOSED, reduce_only=False, at=NOW + timedelta(seconds=order_at_s),
    )  # fmt: skip
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
