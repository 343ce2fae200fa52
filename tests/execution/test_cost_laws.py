"""Laws of the cost of trading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.execution.cost import LargeOrder, large_order_trajectory, slice_in_time, square_root_impact_bps, walk_book

ASKS = [(100.1, 5.0), (100.4, 20.0), (101.0, 50.0)]


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@given(floats(1, 20_000), floats(1, 20_000))
def test_a_larger_order_never_gets_a_better_price(first: float, second: float) -> None:
    """Walking the book, cost per unit rises with size, and filled plus unfilled is what was asked for."""
    low, high = sorted((first, second))
    small, large = walk_book(ASKS, 100.0, "buy", low), walk_book(ASKS, 100.0, "buy", high)
    assert small.cost_bps is not None
    assert large.cost_bps is not None
    assert large.cost_bps >= small.cost_bps - 1e-9
    assert large.filled + large.unfilled == pytest.approx(high)


@given(floats(1, 1e7), floats(1e3, 1e6), floats(1e3, 1e6))
def test_no_slice_takes_more_than_its_share(notional: float, depth: float, volume: float) -> None:
    """Slices add up to the order, and none is larger than a tenth of the depth."""
    plan = slice_in_time(notional, depth, volume)
    assert plan.slices * plan.slice_notional == pytest.approx(notional)
    assert plan.slice_notional <= 0.1 * depth * (1 + 1e-8)


@given(floats(0, 500), st.integers(1, 40))
def test_a_large_order_is_traded_whole_and_never_turned(aversion: float, periods: int) -> None:
    """Holdings fall from the whole order to nothing; without risk aversion they fall evenly."""
    order = LargeOrder(
        quantity=10.0,
        horizon=1.0,
        periods=periods,
        volatility=0.05,
        temporary_impact=0.01,
        permanent_impact=0.001,
        risk_aversion=aversion,
    )
    path = large_order_trajectory(order)
    assert sum(path.trades) == pytest.approx(10)
    assert all(trade >= -1e-9 for trade in path.trades)
    if aversion == 0:
        assert path.half_life is None
        assert path.trades == pytest.approx([10 / periods] * periods)


def test_impact_grows_with_the_root_of_size() -> None:
    """Four times the order costs twice as much per unit."""
    assert square_root_impact_bps(4e6, 1e9, 0.03) == pytest.approx(2 * square_root_impact_bps(1e6, 1e9, 0.03))


def test_an_unknown_price_is_refused() -> None:
    """A book whose mid is missing gives no cost."""
    with pytest.raises(ValueError, match="mid price"):
        walk_book(ASKS, float("nan"), "buy", 10.0)
