"""Laws of liquidation prices and leverage caps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.risk.leverage import (
    HedgeCollateral,
    Tail,
    adverse_move,
    hedge_with_liquidation,
    leverage_cap,
    short_margin,
    touch_probability,
)
from bot.risk.liquidation import (
    InversePosition,
    LinearPosition,
    inverse_price,
    linear_price,
    linear_price_tiered,
    maintenance_margin,
)

FLOORS = [0.0, 50_000.0, 250_000.0]
RATES = [0.004, 0.005, 0.01]


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


def short(wallet: float, quantity: float = 2.0) -> LinearPosition:
    return LinearPosition(side="short", entry_price=1_000.0, quantity=quantity, wallet=wallet)


@given(floats(0.02, 3), floats(0, 0.01))
def test_a_short_is_liquidated_above_its_entry(cover: float, rate: float) -> None:
    """With more margin than maintenance asks for, the liquidation price lies above the entry price."""
    price = linear_price(short(2_000.0 * cover), rate)
    assert price is not None
    assert price > 1_000.0
    assert price / 1_000.0 - 1 == pytest.approx(adverse_move(1 / cover, rate))


@given(floats(50, 5_000), floats(50, 5_000))
def test_more_collateral_moves_liquidation_away(first: float, second: float) -> None:
    """A topped-up short is liquidated no earlier."""
    low, high = sorted((first, second))
    near, far = linear_price(short(low), 0.01), linear_price(short(high), 0.01)
    assert near is not None
    assert far is not None
    assert far >= near


@given(floats(0.5, 500), floats(0.1, 1.5))
def test_at_the_tiered_price_equity_is_maintenance_margin(quantity: float, cover: float) -> None:
    """At the price found, what is left of the wallet is just what the tier table demands there."""
    wallet = 1_000.0 * quantity * cover
    found = linear_price_tiered(short(wallet, quantity), FLOORS, RATES)
    assert found.price is not None
    assert found.notional is not None
    equity = wallet - quantity * (found.price - 1_000.0)
    assert equity == pytest.approx(maintenance_margin(found.notional, FLOORS, RATES), rel=1e-6, abs=1e-6)


@given(floats(0.01, 5))
def test_coins_covering_the_face_are_never_liquidated_by_a_rise(coins: float) -> None:
    """A coin-margined short of leverage one or less has no liquidation price; above one it has."""
    position = InversePosition(side="short", entry_price=1_000.0, face_usd=1_000.0, wallet_coin=coins)
    assert (inverse_price(position, 0.005) is None) == (coins >= 1 - 1e-9)


def test_a_long_that_is_fully_paid_has_no_liquidation_price() -> None:
    """A price below zero does not exist."""
    assert linear_price(LinearPosition(side="long", entry_price=10.0, quantity=1.0, wallet=11.0), 0.01) is None


def test_a_ruined_short_has_no_leverage() -> None:
    """Once equity is gone, leverage and margin ratio are not numbers any more."""
    state = short_margin(short(100.0), 1_100.0, 0.01)
    assert state.equity == pytest.approx(-100.0)
    assert (state.leverage, state.margin_ratio) == (None, None)


@given(floats(0.1, 2), floats(0.1, 2), floats(0.5, 60), floats(0.5, 60))
def test_more_volatility_or_a_slower_hand_never_raises_the_cap(
    first: float, second: float, soon: float, late: float
) -> None:
    """The leverage cap falls with volatility and with the time collateral takes to arrive."""
    calm, wild = sorted((first, second))
    fast, slow = sorted((soon, late))

    def cap(volatility: float, days: float) -> float:
        return leverage_cap(volatility, days, 0.01, probability=1e-4).leverage_cap

    assert cap(wild, slow) <= cap(calm, slow) <= cap(calm, fast) <= 2.0


@given(floats(0.2, 1.5), floats(0.5, 30), floats(1e-6, 0.01))
def test_the_stress_move_is_touched_just_as_often_as_budgeted(volatility: float, days: float, budget: float) -> None:
    """Cap and touch probability are inverse to each other when the logarithm has no drift."""
    move = leverage_cap(volatility, days, 0.01, probability=budget).stress_move
    assert touch_probability(move, volatility, days, 1.5, drift=None) == pytest.approx(budget, rel=1e-6)


@given(floats(0.01, 1), floats(0.01, 1), floats(-2, 2))
def test_a_farther_barrier_is_touched_less(first: float, second: float, drift: float) -> None:
    """Probability is one number between nought and one and falls with distance."""
    near, far = sorted((first, second))
    assert (
        0
        <= touch_probability(far, 0.6, 30, drift=drift)
        <= touch_probability(near, 0.6, 30, drift=drift) + 1e-12
        <= 1.1
    )


@given(floats(0.1, 2), floats(0.5, 1), floats(0, 3))
def test_costly_liquidation_never_raises_the_ratio(margin: float, fit: float, aversion: float) -> None:
    """Weighing liquidation lowers the minimum-variance ratio or leaves it."""
    start = HedgeCollateral(ratio=1.0, r_squared=fit, margin=margin, maintenance_rate=0.01, aversion=aversion)
    found = hedge_with_liquidation(start, Tail(shape=0.33, location=0.095, scale=0.089))
    assert 0 < found.ratio <= 1
    assert found.liquidation_probability <= found.liquidation_probability_unadjusted + 1e-12
