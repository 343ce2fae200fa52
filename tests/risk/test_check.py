"""Each guard refuses what it is for with a sentence, and stays silent otherwise."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Side
from bot.domain.intent import OrderIntent, Plan
from bot.risk.check import ApprovedPlan, check
from tests.builders import BTC, VENUE
from tests.risk.orders import circumstances, order, refused


def test_a_sound_order_passes() -> None:
    """No guard speaks without cause."""
    assert refused(circumstances(), order()) == []
    assert refused(circumstances(), order(Side.BUY)) == []


def test_a_buy_without_reduce_only_isrefused() -> None:
    """Whatever the position, such a buy could open a long."""
    assert refused(circumstances(), order(Side.BUY, reduce_only=False)) == ["sign"]


def test_a_buy_larger_than_the_short_isrefused() -> None:
    """Never across zero in one order, also not in two."""
    assert refused(circumstances(), order(Side.BUY, "0.201")) == ["sign"]
    first, second = order(Side.BUY, "0.15"), order(Side.BUY, "0.1", number=2)
    assert refused(circumstances(), first, second) == ["sign"]


def test_nothing_is_sold_against_a_long_somebody_else_opened() -> None:
    """A foreign long is left alone."""
    assert refused(circumstances("0.3"), order()) == ["sign"]


def test_the_short_never_exceeds_what_is_owned_over_the_whole_plan() -> None:
    """Two orders that fit alone are judged together."""
    found = circumstances("-0.2", owned="0.5", equity="500000")
    assert refused(found, order(amount="0.2"), order(amount="0.2", number=2)) == ["over-hedge"]


def test_an_unsettled_sell_blocks_growth_and_counts_as_short() -> None:
    """What may have been executed is taken as executed."""
    assert refused(circumstances(unresolved="0.1"), order()) == ["growth"]


def test_leverage_after_the_order_stays_under_the_cap() -> None:
    """0.3 BTC at 60,000 is 18,000: 9,000 of collateral carries it at 2x, 8,999 does not."""
    assert refused(circumstances(equity="9000"), order()) == []
    assert refused(circumstances(equity="8999"), order()) == ["leverage"]


def test_growth_needs_the_leverage_read_back() -> None:
    """An unknown leverage setting stops growth."""
    found = circumstances()
    standing = replace(found.standings[(VENUE, BTC)], leverage_set=None)
    assert refused(replace(found, standings={(VENUE, BTC): standing}), order()) == ["leverage"]


def test_price_collar_notional_and_lot() -> None:
    """A far price, a huge order and an amount off the grid are each refused."""
    assert refused(circumstances(), order(price="50000")) == ["price-collar"]
    assert refused(circumstances(equity="500000"), order(amount="0.5")) == ["order-notional"]
    assert refused(circumstances(), order(amount="0.1005")) == ["number"]
    assert refused(circumstances(), order(amount="NaN")) != []


def test_hourly_limits_hold_growth_and_not_protection() -> None:
    """The thirty-first order of an hour waits, unless it protects."""
    busy = replace(circumstances(), orders_last_hour=30)
    assert refused(busy, order()) == ["hourly"]
    assert refused(busy, order(Side.BUY, protective=True)) == []


def test_pause_and_halt_stop_growth_and_not_reduction() -> None:
    """Protection goes on while paused or halted."""
    paused = replace(circumstances(), paused="paused: on holiday")
    assert refused(paused, order(), order(Side.BUY, number=2)) == ["paused"]
    halted = replace(circumstances(), halted="halted: something broke")
    assert refused(halted, order(), order(Side.BUY, number=2)) == ["halted"]


def test_a_symbol_nobody_allowed_isrefused() -> None:
    """Only instruments of the portfolio are traded."""
    assert refused(circumstances(), replace(order(), symbol="DOGE/USDT:USDT")) == ["allowlist"]


def test_nobody_else_makes_an_approved_plan() -> None:
    """The executor's only food comes from the gate."""
    with pytest.raises(TypeError):
        ApprovedPlan((order(),), seal=object())


@given(
    position=st.decimals(min_value=-2, max_value=0, places=3),
    owned=st.decimals(min_value=0, max_value=2, places=3),
    equity=st.decimals(min_value=0, max_value=200_000, places=2),
    steps=st.lists(st.tuples(st.sampled_from(Side), st.decimals(min_value=-1, max_value=2, places=3)), max_size=8),
)
def test_whatever_is_planned_the_gate_keeps_the_limits(
    position: Decimal, owned: Decimal, equity: Decimal, steps: list[tuple[Side, Decimal]]
) -> None:
    """After any approved plan: no long, no short above holdings that grew, no leverage above the cap that grew."""
    found = circumstances(str(position), owned=str(owned), equity=str(equity))
    orders = tuple(order(side, str(amount), number=number) for number, (side, amount) in enumerate(steps, 1))
    approved, _ = check(Plan(intents=orders), found)
    reached = position
    for intent in approved.intents:
        assert isinstance(intent, OrderIntent)
        grows = intent.side is Side.SELL
        reached += -intent.amount if grows else intent.amount
        assert reached <= 0
        if grows:
            assert -reached <= owned
            assert -reached * 60_000 <= equity * 2
        else:
            assert intent.reduce_only
