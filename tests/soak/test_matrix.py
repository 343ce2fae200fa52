"""One fault at a time at every call: a sample in every test run, all of it in `make soak`."""

from contextlib import suppress
from dataclasses import replace

import pytest

from bot.domain.account import Order, OrderStatus
from bot.domain.errors import BallastError
from bot.domain.intent import OrderIntent
from bot.domain.ports import Venue
from bot.execution import settlement
from tests.soak.defects import MUTANTS
from tests.soak.matrix import CANCEL, ON_CANCELS, RACE, Case, cases, play
from tests.soak.speech import VENUES
from tests.soak.surgery import placed

SAMPLE = (
    "binance:swapped_reply:6::0", "binance:status_599+:13::0", "binance:thousandth_mark:1::0", "bybit:hollow_ack:1::0",
    "bybit:ack_only:1::0", "bingx:false_absence:1::0", "bingx:repeated_order_reply:2::0", "weex:duplicate_reply:1::0",
    "bybit:mode_toggled:3::0", "mexc:lingering_order:1::0", "mexc:refused_lot_size:1::0",
    "binance:partial_markets:1::0", "binance:lost_cancel+:1:cancel:0", "bybit:refused_cancel-:1:cancel:1",
    "mexc:timeout-:1:race:2", "weex:slow:1:race:0", "binance:interrupted:1::0", "bingx:interrupted:2::1",
    "binance:key_suspended:9::0", "bybit:maintenance:4::0",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_one_fault_breaks_nothing(name: str) -> None:
    """Whatever goes wrong once, no rule breaks and the hedge stands in the end."""
    trial = play(Case.of(name))
    assert trial.name == name
    assert not trial.broken, trial.broken


@pytest.mark.parametrize(
    ("defect", "name"),
    [("timeout-is-refusal", "binance:lost_reply:1::0"), ("new-id-resend", "binance:lost_reply:1::0")],
)
def test_the_matrix_notices_a_defect(defect: str, name: str) -> None:
    """The bot without a safeguard breaks a rule somewhere in the first calls of a cycle."""
    mutant = next((row for row in MUTANTS if row.name == defect), None)
    assert mutant is not None, f"known are {', '.join(row.name for row in MUTANTS)}"
    case = Case.of(name)
    with mutant.apply():
        tried = [Case.of(f"{case.venue}:{case.fault}:{nth}::0") for nth in range(24, 32)]
        assert any(play(row).broken for row in tried)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("fault", "cancelled", "number"),
    [("lost_cancel", CANCEL, "F12"), ("refused_cancel", CANCEL, "F34"), ("status_502", RACE, "F35")],
)
def test_a_fault_meant_for_a_cancel_meets_one(venue: str, fault: str, cancelled: str, number: str) -> None:
    """The order rests until it is cancelled; in a race it trades at the instant at which the cancel arrives."""
    trial = play(Case(venue=venue, fault=fault, executes=True, cancelled=cancelled))
    assert trial.faults.count(number) == 1
    assert not trial.broken, trial.broken


def test_each_fault_of_a_cancel_is_played_often_enough() -> None:
    """Thirty times and more over the venues, in vain and in a race."""
    found = [row for row in cases() if row.cancelled]
    for fault in ON_CANCELS:
        for cancelled in (CANCEL, RACE):
            assert sum(row.fault == fault and row.cancelled == cancelled for row in found) >= 30


def test_a_cancel_that_is_believed_is_noticed() -> None:
    """A bot that books an order as it was before the cancel loses what traded meanwhile."""

    async def believed(intent: OrderIntent, client_id: str, venue: Venue, _journal: object) -> Order | None:
        before = await venue.order_by_client_id(intent.symbol, client_id)
        with suppress(BallastError):
            await venue.cancel_order(intent.symbol, client_id)
        return None if before is None else replace(before, status=OrderStatus.CANCELED)

    with placed(settlement, "_end_order", believed):
        assert play(Case(venue="bybit", fault="slow", cancelled=RACE)).broken
    assert not play(Case(venue="bybit", fault="slow", cancelled=RACE)).broken
