"""Whole cycles against an honest fake venue: acting once, settling, disbelief, and a record whatever happens."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cycle import run_cycle
from bot.domain.account import PositionMode
from bot.domain.errors import AlreadyExists, Forbidden, JournalError, Refused, Unavailable, Unknown
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal
from bot.flatten import flatten
from tests.builders import d
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def _run(fake: FakeVenue, book: Journal) -> CycleRecord:
    return asyncio.run(run_cycle(desk(fake, book)))


def _raise(error: Exception) -> Callable[[str], None]:
    def now(_: str) -> None:
        raise error

    return now


def _quiet(_: str) -> None:
    return None


def test_the_first_cycle_acts_and_the_second_does_nothing_and_says_why(tmp_path: Path) -> None:
    """Half a coin is shorted once."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        first, second = _run(fake, book), _run(fake, book)
    assert (first.status, second.status) == (CycleStatus.HEDGED, CycleStatus.HEDGED)
    assert fake.position == d("-0.5")
    assert [row.fee for row in first.outcomes if row.filled and row.average_price] == [d("0.5"), d("0.5")]
    assert second.intents == ()
    assert "exactly as wanted" in second.targets[0].reasons[-1]


def test_an_order_is_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    """The venue looks into the journal at the moment the order arrives."""
    seen: list[str] = []

    def look(client_id: str) -> None:
        with sqlite3.connect(tmp_path / "ballast.db") as other:
            seen.extend(other.execute("SELECT state FROM intents WHERE client_id = ?", (client_id,)).fetchone())

    with journal(tmp_path) as book:
        _run(FakeVenue(ManualClock(), before_order=look), book)
    assert seen == ["sent", "sent"]


def test_a_lost_reply_is_settled_by_looking_and_not_by_sending_again(tmp_path: Path) -> None:
    """Executed, but the reply was lost: the next cycle finds the order and goes on from there."""
    fake = FakeVenue(ManualClock(), after_order=_raise(Unknown("the reply was lost")))
    with journal(tmp_path) as book:
        first = _run(fake, book)
        assert first.status is CycleStatus.ACTED
        assert len(fake.orders) == 1
        fake.after_order = _quiet
        second = _run(fake, book)
    assert second.status is CycleStatus.HEDGED
    assert fake.position == d("-0.480")
    assert any("settled: filled" in note for note in second.notes)


def test_a_fill_that_shows_before_its_order_is_not_taken_for_a_strangers(tmp_path: Path) -> None:
    """Booked once, when the order is found."""
    fake = FakeVenue(ManualClock(), after_order=_raise(Unknown("the reply was lost")))
    with journal(tmp_path) as book:
        _run(fake, book)
        fake.after_order = _quiet
        (client_id,) = fake.orders
        hidden = fake.orders.pop(client_id)
        asyncio.run(fake.clock.sleep(3))
        assert not any("somebody else" in note for note in _run(fake, book).notes)
        fake.orders[client_id] = hidden
        assert _run(fake, book).status is CycleStatus.HEDGED
        assert book.known_positions()[0].amount == fake.position


def test_a_write_our_own_guard_forbids_is_refused_and_recorded(tmp_path: Path) -> None:
    """It never left, so nothing waits to be settled."""
    fake = FakeVenue(ManualClock(), before_order=_raise(Forbidden("no private write in this mode")))
    with journal(tmp_path) as book:
        assert _run(fake, book).status is CycleStatus.ACTED
        assert book.open_intents() == ()


def test_a_lost_request_is_absent_only_after_time_and_two_looks(tmp_path: Path) -> None:
    """No growth until it is proved that the order never arrived."""
    fake = FakeVenue(ManualClock(), before_order=_raise(Unknown("no answer")))
    with journal(tmp_path) as book:
        _run(fake, book)
        fake.before_order = _quiet
        for seconds in (1, 16, 1):
            asyncio.run(fake.clock.sleep(seconds))
            assert _run(fake, book).status is CycleStatus.UNAVAILABLE
            assert fake.orders == {}
        asyncio.run(fake.clock.sleep(3))
        assert _run(fake, book).status is CycleStatus.HEDGED
    assert fake.position == d("-0.5")


def test_an_order_that_exists_already_is_adopted(tmp_path: Path) -> None:
    """A duplicate id is news of an earlier success."""
    fake = FakeVenue(ManualClock(), after_order=_raise(AlreadyExists("duplicate id")))
    with journal(tmp_path) as book:
        assert _run(fake, book).status is CycleStatus.HEDGED
    assert fake.position == d("-0.5")


def test_a_refused_order_ends_that_symbol_for_this_cycle(tmp_path: Path) -> None:
    """No second chunk follows a refusal."""
    tried: list[str] = []

    def refuse(client_id: str) -> None:
        tried.append(client_id)
        raise Refused("margin is insufficient", code="-2019")

    with journal(tmp_path) as book:
        record = _run(FakeVenue(ManualClock(), before_order=refuse), book)
    assert len(tried) == 1
    assert record.status is CycleStatus.ACTED


def test_a_partial_fill_is_finished_later(tmp_path: Path) -> None:
    """What is missing is a new intent from fresh data."""
    fake = FakeVenue(ManualClock(), fill_share=d("0.5"))
    with journal(tmp_path) as book:
        first = _run(fake, book)
        assert first.status is CycleStatus.ACTED
        fake.fill_share = d(1)
        assert _run(fake, book).status is CycleStatus.HEDGED
    assert d("-0.52") <= fake.position <= d("-0.48")


def test_a_failed_transfer_stops_growth(tmp_path: Path) -> None:
    """Orders that rely on collateral do not go out without it."""
    fake = FakeVenue(ManualClock())

    def no_transfer(name: str) -> None:
        if name == "transfer":
            raise Refused("transfers are off", code="-1")

    fake.before_read = no_transfer
    with journal(tmp_path) as book:
        _run(fake, book)
    assert fake.orders == {}


def test_leverage_that_does_not_stick_stops_growth(tmp_path: Path) -> None:
    """Nothing is ordered at a leverage the venue does not show."""
    fake = FakeVenue(ManualClock(), leverage_sticks=False)
    with journal(tmp_path) as book:
        _run(fake, book)
    assert fake.orders == {}


def test_a_view_that_does_not_show_our_fill_is_not_acted_on(tmp_path: Path) -> None:
    """The venue still shows the old position: no second short."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        orders = len(fake.orders)
        fake.shown_position = d("-0.416")
        fake.moved_at = fake.clock.now()
        asyncio.run(fake.clock.sleep(5))
        record = _run(fake, book)
    assert record.status is CycleStatus.STALE
    assert len(fake.orders) == orders


def test_a_position_changed_by_hand_is_adopted_and_named(tmp_path: Path) -> None:
    """Somebody closed part of it; the next cycle says so and hedges from there."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        asyncio.run(fake.clock.sleep(5))
        fake.position, fake.moved_at = d("-0.3"), fake.clock.now()
        record = _run(fake, book)
    assert any("changed by somebody else" in note for note in record.notes)
    assert fake.position == d("-0.48")


@pytest.mark.parametrize("what", ["connect", "balances", "positions", "marks"])
def test_a_missing_answer_changes_nothing(tmp_path: Path, what: str) -> None:
    """Whatever read fails, the cycle ends with a record and without an order."""

    def fail(name: str) -> None:
        if name == what:
            raise Unavailable(f"{name} did not answer")

    fake = FakeVenue(ManualClock(), before_read=fail)
    with journal(tmp_path) as book:
        record = _run(fake, book)
        stored = json.loads(book.last_record_json() or "{}")
    assert record.status is CycleStatus.UNAVAILABLE
    assert stored["status"] == "unavailable"
    assert fake.orders == {}
    assert fake.moved == []


def test_a_balance_that_jumps_is_believed_the_second_time(tmp_path: Path) -> None:
    """Coins that vanish from one look to the next close nothing yet."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        fake.spot_btc = d("0.2")
        assert _run(fake, book).status is CycleStatus.STALE
        assert fake.position == d("-0.5")
        assert _run(fake, book).status is CycleStatus.HEDGED
    assert fake.position >= d("-0.2")


def test_hedge_mode_is_refused_with_advice(tmp_path: Path) -> None:
    """In that mode a closing order could open the other side."""
    with journal(tmp_path) as book:
        record = _run(FakeVenue(ManualClock(), mode=PositionMode.HEDGE), book)
    assert record.status is CycleStatus.REFUSED
    assert "one-way" in record.refusals[0].reason


def test_a_pause_stops_growth_across_restarts_and_not_reduction(tmp_path: Path) -> None:
    """The pause lives in the journal."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        book.set_paused("on holiday")
    with journal(tmp_path) as book:
        assert _run(fake, book).status is CycleStatus.REFUSED
        assert fake.position == 0
        book.set_paused(None)
        _run(fake, book)
        book.set_paused("on holiday")
        fake.spot_btc = d("0.6")
        _run(fake, book)
    assert fake.position == d("-0.312")


def test_flatten_closes_verifies_and_pauses(tmp_path: Path) -> None:
    """Afterwards the venue shows nothing, and the policy does not open it again."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        record = asyncio.run(flatten(desk(fake, book), verify=True))
        assert _run(fake, book).status is CycleStatus.REFUSED
    assert record.status is CycleStatus.HEDGED
    assert fake.position == 0
    assert any("positions none" in note for note in record.notes)


def test_a_full_disk_sends_nothing(tmp_path: Path) -> None:
    """No commit, no order: when the disk is full, every order the venue knows has its row."""
    fake = FakeVenue(ManualClock())

    def sell_more() -> None:
        for _ in range(500):
            fake.position, fake.moved_at = d("-0.1"), fake.clock.now()
            asyncio.run(fake.clock.sleep(200))
            _run(fake, book)

    with journal(tmp_path) as book:
        _run(fake, book)
        pages = book._connection.execute("PRAGMA page_count").fetchone()[0]
        book._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(JournalError, match=r"Nothing (more )?is sent"):
            sell_more()
        rows = {row[0] for row in book._connection.execute("SELECT client_id FROM intents")}
    assert fake.orders.keys() <= rows


def test_a_plan_that_became_old_is_dropped_and_made_anew(tmp_path: Path) -> None:
    """The machine stood still between two orders and the price moved on: the rest is priced where it is now."""
    fake = FakeVenue(ManualClock())
    prices: list[Decimal] = []

    def stand_still(_: str) -> None:
        prices.append(fake.price)
        if len(prices) == 1:
            fake.clock.at += timedelta(seconds=300)
            fake.price = d("61000")

    fake.before_order = stand_still
    with journal(tmp_path) as book:
        record = asyncio.run(run_cycle(desk(fake, book)))
        first = json.loads(str(book.rows("SELECT record FROM cycles ORDER BY number LIMIT 1")[0][0]))
    assert record.status is CycleStatus.HEDGED
    assert record.cycle == "c000002"
    assert prices == [d("60000"), d("61000")]
    assert any("300 s have passed since it was decided" in note for note in first["notes"])


def test_a_plan_that_takes_its_time_is_carried_out(tmp_path: Path) -> None:
    """Half a minute between two orders is slow, and no reason to begin anew."""
    fake = FakeVenue(ManualClock())

    def dawdle(_: str) -> None:
        fake.clock.at += timedelta(seconds=20)

    fake.before_order = dawdle
    with journal(tmp_path) as book:
        record = asyncio.run(run_cycle(desk(fake, book)))
    assert (record.cycle, record.status) == ("c000001", CycleStatus.HEDGED)


def test_a_look_that_lasted_for_minutes_is_repeated(tmp_path: Path) -> None:
    """The machine stood still between two reads: what was sold meanwhile is hedged no more."""
    fake = FakeVenue(ManualClock())
    left = ["funding"]

    def stand_still(name: str) -> None:
        if name in left:
            left.remove(name)
            fake.clock.at += timedelta(seconds=300)
            fake.spot_btc = d("0.4")

    fake.before_read = stand_still
    with journal(tmp_path) as book:
        record = asyncio.run(run_cycle(desk(fake, book)))
    assert record.status is CycleStatus.HEDGED
    assert fake.position == d("-0.2")
