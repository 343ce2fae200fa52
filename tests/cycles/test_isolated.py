"""An isolated short has no wallet behind it: at the figure it is opened with it must be able to stay."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.deliberate import deliberate
from bot.domain.account import MarginMode
from bot.domain.snapshot import Snapshot
from bot.policy.expiry_roll import ExpiryRoll
from bot.policy.policy import Policy
from bot.policy.scene import Memory
from bot.policy.size import StaticRatio
from bot.upkeep import Mind
from tests.builders import (
    VENUE,
    collateral_rule,
    d,
    margin,
    margin_limits,
    mark,
    order_rule,
    policy,
    position,
    risk_limits,
    snapshot,
    view,
)
from tests.futures_builders import dated, futures_view, short_in

RATES = ("0.01", "0.03", "0.035", "0.04", "0.05", "0.08", "0.1", "0.13", "0.16", "0.17", "0.2", "0.25")


def _mind(*, rate: str = "0.01", cap: str = "3", rules: Policy | None = None) -> Mind:
    limits = replace(margin_limits(cap=cap), distance_min=d("0.2"), rates={"BTC": d(rate)})
    return Mind(
        policy=rules or policy(StaticRatio(ratio=d("0.5"), leverage_cap=d(3))),
        limits=risk_limits(),
        margin=limits,
        orders=replace(order_rule(), margin_mode=MarginMode.ISOLATED),
        collateral={VENUE: collateral_rule()},
    )


def _figure(mind: Mind) -> Decimal:
    """At which leverage the first short is opened."""
    thought = deliberate(mind, snapshot(view(margins=(margin("100000"),))), Memory(), ())
    (target,) = thought.steps
    return target.leverage_cap


def _at(price: str, leverage: Decimal, rate: str) -> Snapshot:
    """One coin that was sold at 60,000, at this mark; the venue reckons with this maintenance rate."""
    bound = d(60000) / leverage
    ends = ((d(60000) + bound) / (1 + d(rate))).quantize(d("0.1"))
    lost = d(60000) - d(price)
    short = replace(
        position(amount="-1", liquidation=str(ends), isolated=str(bound)), mark_price=d(price), unrealised_pnl=lost
    )
    return snapshot(view(marks=(mark(price=price),), positions=(short,), margins=(margin("100000"),)))


@pytest.mark.parametrize("rate", RATES)
def test_an_isolated_short_is_opened_where_a_price_that_rises_by_a_percent_does_not_close_it(rate: str) -> None:
    """Opened at 2x under a cap of 2.01 it was closed at the next tick, and opened anew."""
    mind = _mind(rate=rate)
    figure = _figure(mind)
    assert figure >= 1
    assert not deliberate(mind, _at("60600", figure, rate), Memory(), ()).protective


def test_where_it_makes_the_figure_smaller_the_reason_is_named() -> None:
    """And only there: with room to spare the user's own cap is the figure."""
    near = deliberate(_mind(rate="0.16"), snapshot(), Memory(), ()).targets[0]
    assert near.leverage_cap == 1
    assert near.reasons[0].startswith("carried at 1x: at 2x an isolated short barely survives")
    roomy = deliberate(_mind(), snapshot(), Memory(), ()).targets[0]
    assert roomy.leverage_cap == 3
    assert not any("isolated" in reason for reason in roomy.reasons)


def test_a_roll_enters_the_next_contract_under_the_cap_of_its_coin() -> None:
    """It knew the user's cap alone: a short that was rolled was closed as over the cap of its coin."""
    near, far = dated(6.9), dated(80)
    place = ExpiryRoll(venue=VENUE)
    rules = replace(policy(), place=place, roll=place)
    shown = futures_view({near: "60100", far: "60700"}, short_in(near, "0.998"))
    seen = snapshot(shown, ("BTC", "2"))
    for mode, cap in ((MarginMode.CROSS, "1.5"), (MarginMode.ISOLATED, "1")):
        mind = _mind(cap="1.5", rules=rules)
        mind = replace(mind, orders=replace(mind.orders, margin_mode=mode))
        (roll,) = deliberate(mind, seen, Memory(), ()).decision.rolls
        assert roll.leverage_cap == d(cap)
