"""Each guard refuses what it is for with a sentence, and stays silent otherwise."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Side
from bot.domain.intent import Intent, OrderIntent, Plan
from bot.risk.check import ApprovedPlan, Circumstances, Standing, check
from tests.builders import BTC, NOW, VENUE, d, instrument, risk_limits


def _order(
    side: Side = Side.SELL,
    amount: str = "0.1",
    *,
    price: str = "60000",
    reduce_only: bool | None = None,
    protective: bool = False,
    number: int = 1,
) -> OrderIntent:
    return OrderIntent(
        id=f"c000001-{number:02d}",
        venue=VENUE,
        symbol=BTC,
        side=side,
        amount=d(amount),
        limit_price=d(price),
        reduce_only=side is Side.BUY if reduce_only is None else reduce_only,
        protective=protective,
        reasons=(),
    )


def _circumstances(
    position: str = "-0.2", *, owned: str = "1", equity: str = "50000", unresolved: str = "0"
) -> Circumstances:
    standing = Standing(
        instrument=instrument(),
        mark_price=d(60_000),
        index_price=d(60_000),
        position=d(position),
        unresolved=d(unresolved),
        owned=d(owned),
        leverage_set=d(2),
        leverage_cap=d(2),
    )
    return Circumstances(
        at=NOW,
        limits=risk_limits(),
        standings={(VENUE, BTC): standing},
        equity={VENUE: d(equity)},
        paused=None,
        halted=None,
        growth_blocked=None,
        orders_last_hour=0,
        notional_last_hour=d(0),
    )


def _refused(circumstances: Circumstances, *intents: Intent) -> list[str]:
    _, refusals = check(Plan(intents=intents), circumstances)
    assert all(len(row.reason.split()) >= 3 for row in refusals)
    return [row.guard for row in refusals]


def test_a_sound_order_passes() -> None:
    """No guard speaks without cause."""
    assert _refused(_circumstances(), _order()) == []
    assert _refused(_circumstances(), _order(Side.BUY)) == []


def test_a_buy_without_reduce_only_is_refused() -> None:
    """Whatever the position, such a buy could open a long."""
    assert _refused(_circumstances(), _order(Side.BUY, reduce_only=False)) == ["sign"]


def test_a_buy_larger_than_the_short_is_refused() -> None:
    """Never across zero in one order, also not in two."""
    assert _refused(_circumstances(), _order(Side.BUY, "0.201")) == ["sign"]
    first, second = _order(Side.BUY, "0.15"), _order(Side.BUY, "0.1", number=2)
    assert _refused(_circumstances(), first, second) == ["sign"]


def test_nothing_is_sold_against_a_long_somebody_else_opened() -> None:
    """A foreign long is left alone."""
    assert _refused(_circumstances("0.3"), _order()) == ["sign"]


def test_the_short_never_exceeds_what_is_owned_over_the_whole_plan() -> None:
    """Two orders that fit alone are judged together."""
    circumstances = _circumstances("-0.2", owned="0.5", equity="500000")
    assert _refused(circumstances, _order(amount="0.2"), _order(amount="0.2", number=2)) == ["over-hedge"]


def test_an_unsettled_sell_blocks_growth_and_counts_as_short() -> None:
    """What may have been executed is taken as executed."""
    assert _refused(_circumstances(unresolved="0.1"), _order()) == ["growth"]


def test_leverage_after_the_order_stays_under_the_cap() -> None:
    """0.3 BTC at 60,000 is 18,000: 9,000 of collateral carries it at 2x, 8,999 does not."""
    assert _refused(_circumstances(equity="9000"), _order()) == []
    assert _refused(_circumstances(equity="8999"), _order()) == ["leverage"]


def test_growth_needs_the_leverage_read_back() -> None:
    """An unknown leverage setting stops growth."""
    circumstances = _circumstances()
    standing = replace(circumstances.standings[(VENUE, BTC)], leverage_set=None)
    assert _refused(replace(circumstances, standings={(VENUE, BTC): standing}), _order()) == ["leverage"]


def test_price_collar_notional_and_lot() -> None:
    """A far price, a huge order and an amount off the grid are each refused."""
    assert _refused(_circumstances(), _order(price="50000")) == ["price-collar"]
    assert _refused(_circumstances(equity="500000"), _order(amount="0.5")) == ["order-notional"]
    assert _refused(_circumstances(), _order(amount="0.1005")) == ["number"]
    assert _refused(_circumstances(), _order(amount="NaN")) != []


def test_hourly_limits_hold_growth_and_not_protection() -> None:
    """The thirty-first order of an hour waits, unless it protects."""
    busy = replace(_circumstances(), orders_last_hour=30)
    assert _refused(busy, _order()) == ["hourly"]
    assert _refused(busy, _order(Side.BUY, protective=True)) == []


def test_pause_and_halt_stop_growth_and_not_reduction() -> None:
    """Protection goes on while paused or halted."""
    paused = replace(_circumstances(), paused="paused: on holiday")
    assert _refused(paused, _order(), _order(Side.BUY, number=2)) == ["paused"]
    halted = replace(_circumstances(), halted="halted: something broke")
    assert _refused(halted, _order(), _order(Side.BUY, number=2)) == ["halted"]


def test_a_symbol_nobody_allowed_is_refused() -> None:
    """Only instruments of the portfolio are traded."""
    assert _refused(_circumstances(), replace(_order(), symbol="DOGE/USDT:USDT")) == ["allowlist"]


def test_nobody_else_makes_an_approved_plan() -> None:
    """The executor's only food comes from the gate."""
    with pytest.raises(TypeError):
        ApprovedPlan((_order(),), seal=object())


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
    circumstances = _circumstances(str(position), owned=str(owned), equity=str(equity))
    orders = tuple(_order(side, str(amount), number=number) for number, (side, amount) in enumerate(steps, 1))
    approved, _ = check(Plan(intents=orders), circumstances)
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
