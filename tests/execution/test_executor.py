"""Carrying out a plan: what may follow what, and what is said when the journal fails after something was sent."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from bot.domain.account import OrderStatus, Side, Wallet
from bot.domain.errors import JournalError, Refused, Unavailable, Unknown, Unrecorded
from bot.domain.intent import Ending, Intent, LeverageIntent, OrderIntent, Plan, TransferIntent
from bot.domain.ports import Venue
from bot.execution.executor import Applied, apply
from bot.execution.journal import Journal
from bot.execution.settlement import Hands
from bot.risk.check import Circumstances, Standing, check
from tests.builders import BTC, ETH, NOW, VENUE, d, instrument, mark, position, risk_limits, snapshot, view
from tests.cycles.desk import journal
from tests.fake_venue import FakeVenue, ManualClock


def _order(number: int, symbol: str, side: Side, amount: str) -> OrderIntent:
    return OrderIntent(
        id=f"c000001-{number:02d}",
        venue=VENUE,
        symbol=symbol,
        side=side,
        amount=d(amount),
        limit_price=d("60000") if symbol == BTC else d("3000"),
        reduce_only=side is Side.BUY,
        protective=False,
        reasons=("a reason",),
    )


PLAN: tuple[Intent, ...] = (
    _order(1, BTC, Side.BUY, "0.2"),
    LeverageIntent(id="c000001-02", venue=VENUE, symbol=ETH, leverage=2, reasons=("a reason",)),
    _order(3, ETH, Side.SELL, "1"),
)


def _apply(fake: FakeVenue, book: Journal, intents: tuple[Intent, ...] = PLAN) -> Applied:
    names = {"BTC": ("60000", "-0.5"), "ETH": ("3000", "0")}
    standings = {
        (VENUE, f"{name}/USDT:USDT"): Standing(
            instrument=instrument(name),
            mark_price=d(price),
            index_price=d(price),
            position=d(held),
            unresolved=d(0),
            owned=d(9),
            leverage_set=d(2),
            leverage_cap=d(2),
        )
        for name, (price, held) in names.items()
    }
    circumstances = Circumstances(
        at=NOW,
        limits=risk_limits(),
        standings=standings,
        equity={(VENUE, "USDT"): d(50_000)},
        paused=None,
        halted=None,
        growth_blocked=None,
        orders_last_hour=0,
        notional_last_hour=d(0),
    )
    approved, refusals = check(Plan(intents=intents), circumstances)
    assert refusals == ()
    seen = snapshot(
        view(
            instruments=(instrument(), instrument("ETH")),
            marks=(mark(), mark("ETH", "3000")),
            positions=(position(amount="-0.5"),),
        )
    )
    fake.position = d("-0.5")
    hands = Hands(venues={VENUE: cast("Venue", fake)}, journal=book, clock=fake.clock)
    return asyncio.run(apply(approved, seen, hands))


def _refuse(_: str) -> None:
    raise Refused("margin is insufficient", code="-2019")


def _lose(_: str) -> None:
    raise Unknown("the reply was lost")


@pytest.mark.parametrize("fault", ["refused", "partial", "nothing"])
def test_growth_waits_after_a_reduction_that_did_not_get_there(tmp_path: Path, fault: str) -> None:
    """Another symbol of that venue grows only once the reduction before it is done; the record says so."""
    shares = {"refused": d(1), "partial": d("0.5"), "nothing": d(0)}
    fake = FakeVenue(ManualClock(), fill_share=shares[fault])
    if fault == "refused":
        fake.before_order = _refuse
    with journal(tmp_path) as book:
        applied = _apply(fake, book)
    assert [row.intent_id for row in applied.outcomes] == ["c000001-01"]
    assert len(applied.notes) == 2
    assert "the order to sell 1 ETH/USDT:USDT was not sent: the reduction in BTC/USDT:USDT" in applied.notes[1]


def test_growth_waits_after_a_reduction_whose_end_is_unknown(tmp_path: Path) -> None:
    """An unknown outcome ends the plan."""
    fake = FakeVenue(ManualClock(), before_order=_lose)
    with journal(tmp_path) as book:
        applied = _apply(fake, book)
    assert [row.ending for row in applied.outcomes] == [Ending.UNKNOWN]


def test_growth_follows_a_reduction_that_is_done(tmp_path: Path) -> None:
    """The same plan with nothing in the way."""
    with journal(tmp_path) as book:
        applied = _apply(FakeVenue(ManualClock()), book)
    assert [row.ending for row in applied.outcomes] == [Ending.FILLED, Ending.DONE, Ending.FILLED]
    assert applied.notes == ()


def test_protective_collateral_is_moved_although_a_reduction_failed(tmp_path: Path) -> None:
    """What makes the account safer never waits."""
    top_up = TransferIntent(
        id="c000001-02",
        venue=VENUE,
        currency="USDT",
        amount=d(100),
        source=Wallet.SPOT,
        target=Wallet.FUTURES,
        protective=True,
        reasons=("a reason",),
    )
    with journal(tmp_path) as book:
        applied = _apply(FakeVenue(ManualClock(), before_order=_refuse), book, (PLAN[0], top_up))
    assert [row.ending for row in applied.outcomes] == [Ending.REFUSED, Ending.DONE]


def test_a_refusal_is_not_believed_of_an_order_that_stands(tmp_path: Path) -> None:
    """It was the answer to another order: what traded is booked as traded, and the plan goes on."""
    fake = FakeVenue(ManualClock(), after_order=_refuse)
    with journal(tmp_path) as book:
        (first, second) = _apply(fake, book, (PLAN[0], _order(2, BTC, Side.BUY, "0.1"))).outcomes
        assert book.known_positions()[0].amount == fake.position == d("-0.2")
    assert (first.ending, first.filled) == (Ending.FILLED, d("0.2"))
    assert (second.ending, second.filled) == (Ending.FILLED, d("0.1"))


def test_an_order_the_venue_lists_as_rejected_keeps_the_words_of_its_refusal(tmp_path: Path) -> None:
    """Some venues keep what they turned away: it is no news."""

    def reject(client_id: str) -> None:
        fake.orders[client_id] = replace(fake.orders[client_id], status=OrderStatus.REJECTED, filled=d(0))
        _refuse(client_id)

    fake = FakeVenue(ManualClock(), after_order=reject)
    with journal(tmp_path) as book:
        (only,) = _apply(fake, book, PLAN[:1]).outcomes
    assert only.ending is Ending.REFUSED
    assert "margin is insufficient" in only.detail


def test_a_refusal_that_cannot_be_looked_into_stays_unknown(tmp_path: Path) -> None:
    """The row stays open, with the venue's words, and the next cycle settles it."""

    def silent(name: str) -> None:
        if name == "order":
            raise Unavailable("no answer in time")

    fake = FakeVenue(ManualClock(), before_order=_refuse, before_read=silent)
    with journal(tmp_path) as book:
        (only,) = _apply(fake, book).outcomes
        assert [row.intent.id for row in book.open_intents()] == ["c000001-01"]
    assert only.ending is Ending.UNKNOWN
    assert "margin is insufficient Whether that was the answer to this order could not be read" in only.detail


def _fill_disk(book: Journal) -> Callable[[str], None]:
    def now(_: str) -> None:
        book._connection.execute("PRAGMA query_only = 1")

    return now


def test_a_journal_that_fails_after_a_send_says_what_was_sent_and_what_comes_next(tmp_path: Path) -> None:
    """The order is out: the sentence names it, does not claim that nothing was sent, and the row is there to settle."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        fake.after_order = _fill_disk(book)
        with pytest.raises(Unrecorded) as caught:
            _apply(fake, book)
        said = str(caught.value)
        (row,) = book.open_intents()
    assert "the order to buy 0.2 BTC/USDT:USDT at binance" in said
    assert row.client_id in said
    assert "Nothing is sent to a venue" not in said
    assert "the next run looks it up" in said
    assert list(fake.orders) == [row.client_id]


def test_a_journal_that_fails_before_the_first_send_says_that_nothing_was_sent(tmp_path: Path) -> None:
    """Nothing is out, and that is what is said."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _fill_disk(book)("")
        with pytest.raises(JournalError, match="Nothing is sent") as caught:
            _apply(fake, book)
    assert not isinstance(caught.value, Unrecorded)
    assert fake.orders == {}


def test_what_was_decided_long_ago_is_not_sent_any_more(tmp_path: Path) -> None:
    """A machine that slept between deciding and sending finds the market elsewhere."""
    fake = FakeVenue(ManualClock())
    asyncio.run(fake.clock.sleep(61))
    with journal(tmp_path) as book:
        applied = _apply(fake, book)
        assert book.open_intents() == ()
    assert (applied.outcomes, fake.orders) == ((), {})
    assert "61 s have passed since it was decided" in applied.notes[0]
