"""Laws of hedge effectiveness and of the report's figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.report.effectiveness import dollar_offset, effectiveness, expected_shortfall, value_at_risk
from bot.report.metrics import Book, attribute_profit, capture, performance

RETURNS = st.lists(st.floats(-0.5, 0.5, allow_nan=False), min_size=3, max_size=60)


@given(RETURNS, st.floats(0.01, 0.99))
def test_expected_shortfall_is_at_least_value_at_risk(returns: list[float], tail: float) -> None:
    """The mean of the worst is no better than the best of the worst."""
    assert expected_shortfall(returns, tail) >= value_at_risk(returns, tail) - 1e-9


@given(st.floats(0, 1))
def test_a_partial_hedge_removes_its_square(ratio: float) -> None:
    """Hedging a share h of the same asset leaves (1-h) of the volatility and (1-h)^2 of the variance."""
    bare = [0.02, -0.03, 0.01, 0.04, -0.05]
    found = effectiveness(bare, [(1 - ratio) * r for r in bare])
    assert found.variance_reduction == pytest.approx(1 - (1 - ratio) ** 2)
    assert found.volatility_reduction == pytest.approx(ratio, abs=1e-6)
    assert capture(bare, [(1 - ratio) * r for r in bare]).upside == pytest.approx(1 - ratio)


def test_a_designated_part_is_what_a_partial_hedge_is_measured_by() -> None:
    """Half a hedge fails against the whole item and passes against its half."""
    item, hedge = [-400.0, 260.0, -900.0, 310.0], [200.0, -130.0, 450.0, -155.0]
    assert not dollar_offset(item, hedge).cumulative_in_range
    assert dollar_offset([change / 2 for change in item], hedge).regression_passes


def test_a_period_without_a_move_has_no_offset() -> None:
    """Nothing moved, so there is nothing to give back."""
    assert dollar_offset([100.0, 0.0, -50.0], [-90.0, 1.0, 45.0]).periods[1] is None


def test_a_curve_that_only_rises_has_no_drawdown() -> None:
    """Without a fall there is no Sortino and no Calmar ratio instead of a huge one."""
    found = performance([100.0, 101.0, 103.0, 104.0])
    assert (found.drawdown_max, found.sortino, found.calmar) == (0.0, None, None)


def test_profit_by_source_adds_up() -> None:
    """The parts are the whole, to the cent."""
    book = Book(spot_quantities=[2.0], spot_prices=[[10.0, 9.0]], short_quantities=[1.0], futures_prices=[10.1, 9.2])
    found = attribute_profit(book, [0.01], [0.02], [0.005])
    parts = found.spot + found.short_price + found.funding + found.fees + found.slippage
    assert parts == pytest.approx(found.total)
    assert found.total == pytest.approx(-2 + 0.9 + 0.01 - 0.02 - 0.005)


def test_equity_that_is_gone_is_refused() -> None:
    """A curve that touches zero has no returns to speak of."""
    with pytest.raises(ValueError, match="above zero"):
        performance([100.0, 0.0, 50.0])
