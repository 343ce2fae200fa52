"""Ballast stops itself: every trigger, what goes on while halted, and who may end it."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cycle import Desk, preview_cycle, run_cycle
from bot.domain.account import Fill, Order, OrderStatus, Side
from bot.domain.errors import Refused, Unavailable, Unknown
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal
from bot.flatten import flatten
from bot.halting import HaltRule, rearm
from tests.builders import BTC, NOW, VENUE, d, later
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock

RULE = HaltRule(hedge_ratio_max=Decimal(1), refused_cycles_max=3, runaway_hours_max=2)


def _desk(fake: FakeVenue, book: Journal) -> Desk:
    return replace(desk(fake, book), halting=RULE)


def _run(fake: FakeVenue, book: Journal) -> CycleRecord:
    return asyncio.run(run_cycle(_desk(fake, book)))


def _refuse(_: str) -> None:
    raise Refused("margin is insufficient", code="-2019")


def _quiet(_: str) -> None:
    return None


def _halted(book: Journal) -> str:
    said = book.latch()
    assert said is not None
    return said


def test_a_long_where_our_fills_left_a_short_halts(tmp_path: Path) -> None:
    """Somebody bought, or an order was carried out twice: a person has to look."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        asyncio.run(fake.clock.sleep(5))
        fake.position, fake.moved_at = d("0.2"), fake.clock.now()
        record = _run(fake, book)
        assert record.status is CycleStatus.HALTED
        assert "a long of 0.2" in _halted(book)
        assert any("resume --arm" in note for note in record.notes)


class WithStrangeOrder(FakeVenue):
    """Shows a resting order under a name only a Ballast gives."""

    async def open_orders(self, symbols: Iterable[str]) -> tuple[Order, ...]:
        return (
            Order(
                venue=VENUE,
                symbol=BTC,
                order_id="9",
                client_id="blst" + "z" * 20,
                side=Side.SELL,
                amount=d(1),
                filled=d(0),
                average_price=None,
                status=OrderStatus.OPEN,
                reduce_only=False,
                at=NOW,
            ),
        )


def test_an_order_of_ours_the_journal_does_not_know_halts_before_anything_is_sold(tmp_path: Path) -> None:
    """Another Ballast trades here, or the journal was replaced."""
    fake = WithStrangeOrder(ManualClock())
    with journal(tmp_path) as book:
        record = _run(fake, book)
        assert "does not know" in _halted(book)
    assert record.status is CycleStatus.HALTED
    assert fake.orders == {}


class Generous(FakeVenue):
    """Books three times what was ordered."""

    async def place_order(self, **order) -> Order:  # type: ignore[no-untyped-def]
        return await super().place_order(**{**order, "amount": order["amount"] * 3})


def test_a_short_above_what_is_owned_after_our_own_fills_halts(tmp_path: Path) -> None:
    """The order that led there is the last one that adds risk."""
    fake = Generous(ManualClock())
    with journal(tmp_path) as book:
        record = _run(fake, book)
        assert "a short of" in _halted(book)
    assert record.status is CycleStatus.HALTED


def test_orders_refused_in_cycle_after_cycle_halt(tmp_path: Path) -> None:
    """A cycle without orders does not count, one with a filled order starts anew."""
    fake = FakeVenue(ManualClock(), before_order=_refuse)
    with journal(tmp_path) as book:
        assert [_run(fake, book).status for _ in range(2)] == [CycleStatus.ACTED] * 2
        fake.before_order = _quiet
        assert _run(fake, book).status is CycleStatus.HEDGED
        fake.before_order, fake.spot_btc = _refuse, d("1.4")
        states = [_run(fake, book).status for _ in range(3)]
        assert states == [CycleStatus.ACTED] * 2 + [CycleStatus.HALTED]
        assert "margin is insufficient" in _halted(book)


def test_the_limit_of_orders_hit_hour_after_hour_halts(tmp_path: Path) -> None:
    """Once is a busy hour, hours of it are something that trades back and forth."""
    fake = FakeVenue(ManualClock(), futures_usdt=d(40_000))
    with journal(tmp_path) as book:
        base = _desk(fake, book)
        tight = replace(
            base, mind=replace(base.mind, limits=replace(base.mind.limits, orders_per_hour_max=1)), halting=RULE
        )
        states = []
        for _ in range(8):
            fake.position, fake.moved_at = d("-0.1"), fake.clock.now()
            states.append(asyncio.run(run_cycle(tight)).status)
            asyncio.run(fake.clock.sleep(1500))
        assert CycleStatus.REFUSED in states[:3]
        assert states[-1] is CycleStatus.HALTED
        assert "orders_per_hour_max" in _halted(book)


def test_a_position_that_moved_the_way_of_an_order_the_venue_denies_halts(tmp_path: Path) -> None:
    """The venue knows no such order, yet the short is there; after the waiting time a person decides."""
    fake = FakeVenue(ManualClock(), before_order=_lose)
    with journal(tmp_path) as book:
        _run(fake, book)
        fake.before_order, fake.position = _quiet, d("-0.416")
        fake.trades.append(_fill())
        for minutes in (1, 5, 10):
            asyncio.run(fake.clock.sleep(60 * minutes))
            record = _run(fake, book)
        assert record.status is CycleStatus.HALTED
        assert "does not know this order" in _halted(book)
    assert fake.orders == {}


def test_a_denied_order_halts_although_nothing_can_be_seen_in_that_cycle(tmp_path: Path) -> None:
    """Once it is settled nobody looks at it again, so what it showed is kept until a person has looked."""

    def blind(name: str) -> None:
        if name == "marks":
            raise Unavailable("no marks")

    fake = FakeVenue(ManualClock(), before_order=_lose)
    with journal(tmp_path) as book:
        _run(fake, book)
        fake.before_order, fake.position = _quiet, d("-0.416")
        fake.trades.append(_fill())
        fake.before_read = blind
        for minutes in (1, 5, 10):
            asyncio.run(fake.clock.sleep(60 * minutes))
            _run(fake, book)
        assert "does not know this order" in _halted(book)
        fake.before_read = _quiet
        assert rearm(book, _halted(book).rpartition(" ")[2])
        _run(fake, book)
        assert book.latch() is None


def _lose(_: str) -> None:
    raise Unknown("no answer")


def _fill() -> Fill:
    return Fill(
        venue=VENUE,
        symbol=BTC,
        trade_id="1",
        order_id="7",
        side=Side.SELL,
        amount=d("0.416"),
        price=d(60_000),
        fee=d(0),
        fee_currency="USDT",
        at=later(1),
    )


def test_a_halt_outlives_restarts_lets_reductions_through_and_ends_with_its_token_only(tmp_path: Path) -> None:
    """No growth, exit 70, flatten works; a wrong token changes nothing."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        book.set_latch("something broke", "k7")
    with journal(tmp_path) as book:
        fake.spot_btc = d("1.4")
        assert _run(fake, book).status is CycleStatus.HALTED
        assert fake.position == d("-0.5")
        fake.spot_btc = d("0.75")
        assert _run(fake, book).status is CycleStatus.HALTED
        assert fake.position == d("-0.390")
        assert asyncio.run(preview_cycle(_desk(fake, book))).status is CycleStatus.HALTED
        assert asyncio.run(flatten(_desk(fake, book), verify=True)).status is CycleStatus.HEDGED
        assert fake.position == 0
        assert not rearm(book, "k8")
        assert _run(fake, book).status is CycleStatus.HALTED
        assert rearm(book, "k7")
        book.set_paused(None)
        _run(fake, book)
    assert fake.position < 0


def test_a_halt_is_not_overwritten_by_the_next_reason(tmp_path: Path) -> None:
    """The token that was read out first stays the one that counts."""
    fake = WithStrangeOrder(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        first = _halted(book)
        asyncio.run(fake.clock.sleep(timedelta(minutes=5).total_seconds()))
        _run(fake, book)
        assert _halted(book) == first
        assert first.endswith(f"--arm {first[-6:]}")


@pytest.mark.parametrize("moved", ["0", "-0.3"])
def test_a_position_changed_by_hand_towards_flat_does_not_halt(tmp_path: Path, moved: str) -> None:
    """Closing by hand, deleveraging and liquidation are said and adopted."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _run(fake, book)
        asyncio.run(fake.clock.sleep(300))
        fake.position, fake.moved_at = d(moved), fake.clock.now()
        assert _run(fake, book).status is not CycleStatus.HALTED
        assert book.latch() is None
