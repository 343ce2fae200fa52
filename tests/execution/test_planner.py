"""From targets to intents: the order of things, and the size of each."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Side
from bot.domain.intent import IntentKind, OrderIntent, Plan
from bot.execution.planner import TopUp, plan
from tests.builders import (
    BTC,
    ETH,
    VENUE,
    d,
    detail,
    instrument,
    mark,
    order_rule,
    position,
    snapshot,
    target,
    view,
)


def _orders(made: Plan) -> list[OrderIntent]:
    return [row for row in made.intents if isinstance(row, OrderIntent)]


def test_nothing_to_do_is_an_empty_plan() -> None:
    """A target that is held makes no intent."""
    seen = snapshot(view(positions=(position(amount="-0.5"),)))
    assert plan((target(),), seen, detail(), order_rule(), cycle="c1").intents == ()


def test_reductions_then_transfer_then_settings_then_growth() -> None:
    """Nothing grows before collateral is there and leverage is set."""
    shown = view(
        instruments=(instrument(), instrument("ETH")),
        marks=(mark(), mark("ETH", "3000")),
        positions=(position(amount="-0.5"),),
    )
    top_up = TopUp(venue=VENUE, currency="USDT", amount=d(5000), protective=False, reason="carries the short")
    made = plan(
        (target("ETH", "4", price="3000"), target(amount="0.3")),
        snapshot(shown, ("BTC", "1"), ("ETH", "8")),
        detail("BTC", "ETH", leverage="20", prices={"ETH": "3000"}),
        order_rule(),
        cycle="c1",
        top_ups=(top_up,),
    )
    kinds = [(row.kind, getattr(row, "symbol", "")) for row in made.intents]
    assert kinds == [
        (IntentKind.ORDER, BTC),
        (IntentKind.TRANSFER, ""),
        (IntentKind.LEVERAGE, ETH),
        (IntentKind.ORDER, ETH),
    ]
    assert [row.id for row in made.intents] == ["c1-01", "c1-02", "c1-03", "c1-04"]


def test_reductions_are_reduce_only_and_growth_is_not() -> None:
    """Buys reduce, sells deepen; limits lie on the far side of the mark."""
    seen = snapshot(view(positions=(position(amount="-0.5"),)))
    (buy,) = _orders(plan((target(amount="0.3"),), seen, detail(), order_rule(), cycle="c1"))
    assert (buy.side, buy.reduce_only, buy.limit_price) == (Side.BUY, True, d("60180.0"))
    (sell,) = _orders(plan((target(amount="0.6"),), seen, detail(), order_rule(), cycle="c1"))
    assert (sell.side, sell.reduce_only, sell.limit_price) == (Side.SELL, False, d("59820.0"))


def test_large_steps_are_cut_by_order_size_and_by_the_book() -> None:
    """25,000 an order; a quarter of a thin book; the rest waits for later cycles and says so."""
    seen = snapshot(view())
    amounts = [row.amount for row in _orders(plan((target(amount="1"),), seen, detail(), order_rule(), cycle="c1"))]
    assert amounts == [d("0.416"), d("0.416"), d("0.168")]
    made = plan((target(amount="1"),), seen, detail(depth="2"), order_rule(book_share_max="0.25"), cycle="c1")
    assert sum(row.amount for row in _orders(made)) == d("0.5")
    assert "later cycles" in made.notes[0]


def test_a_change_too_small_for_an_order_is_told() -> None:
    """The venue takes no buy of 0.0004 where steps are 0.001: nothing is sent, and the notes say why."""
    seen = snapshot(view(positions=(position(amount="-0.5004"),)))
    made = plan((target(),), seen, detail(), order_rule(), cycle="c1")
    assert made.intents == ()
    assert "0.0004 to buy is less than the venue takes" in made.notes[0]


def test_a_foreign_long_is_left_alone() -> None:
    """No order touches a long, whatever the target."""
    seen = snapshot(view(positions=(position(amount="0.5"),)))
    made = plan((target(),), seen, detail(), order_rule(), cycle="c1")
    assert _orders(made) == []
    assert "left alone" in made.notes[0]


@given(held=st.integers(min_value=0, max_value=2000), wanted=st.integers(min_value=0, max_value=2000))
def test_a_plan_carried_out_leaves_nothing_to_plan(held: int, wanted: int) -> None:
    """Planning is idempotent up to what the venue would not take as an order."""
    position_before = Decimal(-held) / 1000
    shown = view(positions=(position(amount=str(position_before)),) if held else ())
    aim = target(amount=str(Decimal(wanted) / 1000))
    rule = order_rule(order_notional_max="250000")
    first = _orders(plan((aim,), snapshot(shown), detail(depth="100000"), rule, cycle="c1"))
    reached = position_before + sum(
        ((row.amount if row.side is Side.BUY else -row.amount) for row in first), Decimal(0)
    )
    assert min(position_before, -aim.amount) <= reached <= max(position_before, -aim.amount)
    after = view(positions=(position(amount=str(reached)),) if reached else ())
    assert _orders(plan((aim,), snapshot(after), detail(depth="100000"), rule, cycle="c2")) == []


def test_protection_is_cut_by_nothing_but_the_venues_largest_order() -> None:
    """A thin book and the limit for one order hold back what adds risk, not what takes it away."""
    held = snapshot(view(instruments=(replace(instrument(), amount_max=d(4)),), positions=(position(amount="-50"),)))
    thin = detail(depth="0.5")
    away = (target(amount="0"),)
    usual = _orders(plan(away, held, thin, order_rule(), cycle="c1"))
    urgent = _orders(plan(away, held, thin, order_rule(protective=True), cycle="c1"))
    assert sum(row.amount for row in usual) == d("0.5")
    assert [row.amount for row in urgent] == [d(4)] * 12 + [d(2)]
    assert all(row.reduce_only and row.protective for row in urgent)
