"""Cycles at the edges: venues that were removed, coins whose data is bad, clocks that were set right."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cycle import run_cycle
from bot.domain.account import Side, Wallet
from bot.domain.errors import ConfigurationError, Unavailable, Unrecorded
from bot.domain.intent import OrderIntent, TransferIntent
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal, KnownPosition
from bot.execution.stranded import abandon
from bot.flatten import flatten
from tests.builders import BTC, NOW, d, order_rule
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def _run(fake: FakeVenue, book: Journal) -> CycleRecord:
    return asyncio.run(run_cycle(desk(fake, book)))


def _sell_elsewhere(asset: str) -> OrderIntent:
    return OrderIntent(
        id="c000000-01",
        venue="okx",
        symbol=f"{asset}/USDT:USDT",
        side=Side.SELL,
        amount=d("0.1"),
        limit_price=d(60_000),
        reduce_only=False,
        protective=False,
        reasons=(),
    )


@pytest.mark.parametrize(("asset", "grows"), [("ETH", True), ("BTC", False)])
def test_an_order_at_a_removed_venue_holds_back_its_own_asset_only(tmp_path: Path, asset: str, grows: bool) -> None:
    """Said in every cycle, with the way out; other assets are hedged as ever."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        book.record_sent(_sell_elsewhere(asset), "blstx", NOW, notional=d(6000), position_before=d(0))
        for _ in range(2):
            record = _run(fake, book)
            assert any("ballast resume --abandon c000000-01" in note for note in record.notes)
        assert (fake.position != 0) is grows
        assert record.status is (CycleStatus.HEDGED if grows else CycleStatus.ACTED)
        said = abandon(book, "c000000-01", NOW)
        assert "abandoned by hand" in said
        record = _run(fake, book)
        events = book._connection.execute("SELECT name FROM events").fetchall()
    assert record.status is CycleStatus.HEDGED
    assert fake.position == d("-0.5")
    assert ("intent.abandoned",) in events


def test_a_transfer_at_a_removed_venue_holds_back_nothing(tmp_path: Path) -> None:
    """It moved money there or not; here it changes nothing."""
    lost = TransferIntent(
        id="c000000-01",
        venue="okx",
        currency="USDT",
        amount=d(5),
        source=Wallet.SPOT,
        target=Wallet.FUTURES,
        protective=False,
        reasons=(),
    )
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        book.record_sent(lost, "blstx", NOW, notional=d(0), position_before=d(0))
        assert _run(fake, book).status is CycleStatus.HEDGED


def test_a_short_left_at_a_removed_venue_is_not_opened_a_second_time(tmp_path: Path) -> None:
    """It is out of sight, not gone; after the owner closed it there he says so."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        book.set_position(KnownPosition(venue="okx", symbol=BTC, asset="BTC", amount=d("-0.5"), changed_at=NOW))
        record = _run(fake, book)
        assert fake.position == 0
        assert any("ballast resume --abandon okx:BTC/USDT:USDT" in note for note in record.notes)
        abandon(book, "okx:BTC/USDT:USDT", NOW)
        _run(fake, book)
    assert fake.position == d("-0.5")


def test_abandoning_what_does_not_wait_is_refused(tmp_path: Path) -> None:
    """A typing error changes nothing and shows what there is."""
    with journal(tmp_path) as book:
        book.record_sent(_sell_elsewhere("ETH"), "blstx", NOW, notional=d(6000), position_before=d(0))
        with pytest.raises(ConfigurationError, match="c000000-01"):
            abandon(book, "c000000-02", NOW)
        assert len(book.open_intents()) == 1


class ShiftedVenue(FakeVenue):
    """A venue whose clock is not ours."""

    shift = timedelta(0)

    def now(self) -> datetime:
        return self.clock.now() + self.shift


def test_the_hourly_window_follows_the_venues_clock_when_ours_is_set_right(tmp_path: Path) -> None:
    """Two hours of correction of our clock neither forget what was sent a minute ago nor count it for ever."""
    fake = ShiftedVenue(ManualClock())
    fake.shift = timedelta(hours=-2)  # ours is two hours fast
    with journal(tmp_path) as book:
        _run(fake, book)
        fake.clock.at -= timedelta(hours=2)
        fake.shift = timedelta(0)
        asyncio.run(fake.clock.sleep(60))
        orders, notional = book.orders_since(fake.id, fake.now() - timedelta(hours=1))
        assert (orders, notional) == (2, d(30_000))
        tight = desk(fake, book)
        tight = replace(
            tight,
            mind=replace(tight.mind, limits=replace(tight.mind.limits, orders_per_hour_max=2), orders=order_rule()),
        )
        fake.spot_btc = Decimal("1.4")
        record = asyncio.run(run_cycle(tight))
    assert [row.guard for row in record.refusals] == ["hourly"]


def test_a_record_that_cannot_be_stored_after_orders_says_that_they_are_booked(tmp_path: Path) -> None:
    """The orders are in the journal, only the record is missing."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:

        def full(name: str) -> None:
            if name == "positions" and fake.orders:
                book._connection.execute("PRAGMA query_only = 1")

        fake.before_read = full
        with pytest.raises(Unrecorded, match="how they ended is in the journal"):
            _run(fake, book)
        assert book.open_intents() == ()


def test_a_flatten_whose_record_cannot_be_stored_says_that_it_traded(tmp_path: Path) -> None:
    """The shorts are closed and booked; only the record is missing."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)

        def full(name: str) -> None:
            if name == "positions" and fake.position == 0:
                book._connection.execute("PRAGMA query_only = 1")

        fake.before_read = full
        with pytest.raises(Unrecorded, match="how they ended is in the journal"):
            asyncio.run(flatten(desk(fake, book), verify=True))
    assert fake.position == 0


def test_a_book_that_cannot_be_read_leaves_its_symbol_alone(tmp_path: Path) -> None:
    """The cycle ends in a record that says so, and nothing is ordered."""
    fake = FakeVenue(ManualClock())

    async def no_book(symbol: str, levels: int) -> None:
        raise Unavailable("the book is crossed")

    fake.book = no_book  # type: ignore[method-assign, assignment]
    with journal(tmp_path) as book:
        record = _run(fake, book)
    assert record.status is CycleStatus.ACTED
    assert fake.orders == {}
    assert any("the book is crossed" in note for note in record.notes)
