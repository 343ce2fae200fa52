"""Laws every estimator keeps, whatever the numbers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy.estimators.band import band_center, band_edge, band_weight, rebalance
from bot.policy.estimators.carry import RollWindow, funding_annualised, funding_expected, roll_decision
from bot.policy.estimators.hedge_ratio import ContractGrid, contracts_for_notional, hedge_ratio, shrink_beta
from bot.policy.estimators.minimum_variance import Covariances, minimum_variance_hedge
from bot.policy.estimators.overlay import Wealth, overlay
from bot.policy.estimators.regression import least_squares
from bot.policy.estimators.volatility import Bars, Garch, blend_volatility, ewma_volatility, range_volatilities
from bot.policy.estimators.volatility_target import (
    Hysteresis,
    HysteresisState,
    funding_deviation,
    funding_tilt,
    next_ratio,
    volatility_target_ratio,
)
from bot.policy.estimators.volume_profile import Grid, profile_levels
from bot.policy.step import Decision, Limits, Situation, Wishes, policy_step


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


RATIO, VOLATILITY, MONEY, COST = floats(0, 1), floats(0.05, 3), floats(1, 1e6), floats(1e-5, 0.01)


@given(floats(0, 3), floats(0, 3), floats(0.05, 1))
def test_more_volatility_never_lowers_the_ratio(first: float, second: float, target: float) -> None:
    """The volatility target asks for at least as much hedge when volatility is higher."""
    low, high = sorted((first, second))
    assert volatility_target_ratio(high, target) >= volatility_target_ratio(low, target)


@given(COST, COST, VOLATILITY, floats(0, 1))
def test_a_dearer_trade_never_narrows_the_band(first: float, second: float, volatility: float, drift: float) -> None:
    """All bands are monotone in cost, and trading to the target needs the wider one."""
    low, high = sorted((first, second))
    assert band_edge(high, 3.0, volatility, drift) >= band_edge(low, 3.0, volatility, drift)
    assert band_weight(0.7, high) >= band_weight(0.7, low)
    assert band_center(low, 3.0, volatility, drift) == pytest.approx(
        4 ** (1 / 3) * band_edge(low, 3.0, volatility, drift)
    )


@given(RATIO, RATIO, floats(0.001, 0.2))
def test_the_edge_of_the_band_is_stable(current: float, target: float, width: float) -> None:
    """After a trade to the edge there is nothing more to trade."""
    after = rebalance(current, target, width).after
    assert rebalance(after, target, width).trade == 0.0


@given(MONEY, floats(0.01, 1e5), floats(0.001, 10))
def test_contracts_never_overhedge(notional: float, price: float, step: float) -> None:
    """Whole steps are cut down, never up, and notional plus residual is what was wanted."""
    found = contracts_for_notional(notional, price, ContractGrid(kind="linear", size=1.0, step=step))
    assert found.notional + found.residual == pytest.approx(notional)
    noise = 1e-9 * price * step + 1e-12 * notional
    assert -noise <= found.residual <= price * step + noise


@given(MONEY, MONEY, RATIO, floats(0.1, 100))
def test_scaling_the_book_scales_the_short(spot: float, cash: float, weight: float, scale: float) -> None:
    """Twice the wealth needs twice the short at the same weights."""
    small = overlay(Wealth(spot=(spot,), cash=cash), weight)
    large = overlay(Wealth(spot=(spot * scale,), cash=cash * scale), weight)
    assert large.target_short == pytest.approx(small.target_short * scale, rel=1e-6, abs=1e-6 * spot * scale)
    assert large.effective_weight == pytest.approx(small.effective_weight)


@given(floats(-3, 3), floats(0, 2))
def test_a_shrunk_beta_lies_between_data_and_prior(beta: float, error: float) -> None:
    """Shrinking moves toward the prior and never past it."""
    low, high = sorted((beta, 1.0))
    assert low - 1e-12 <= shrink_beta(beta, error).beta <= high + 1e-12


@given(floats(-20, 20))
def test_funding_never_tilts_beyond_its_limit(deviation: float) -> None:
    """However unusual funding is, the ratio moves by the limit at most."""
    assert abs(funding_tilt(deviation)) <= 0.10


@given(RATIO, RATIO, st.integers(0, 5))
def test_a_ratio_is_lowered_only_after_confirmation(held: float, target: float, count: int) -> None:
    """Until enough evaluations in a row asked for less, the ratio does not fall."""
    rule = Hysteresis()
    if count + 1 < rule.confirm_down:
        assert next_ratio(HysteresisState(ratio=held, lower_count=count), target, rule).ratio >= held - rule.step


@given(floats(0, 4e4), floats(0, 4e4), floats(0, 5e4))
def test_caps_hold_and_a_wider_cap_never_hurts(first: float, second: float, total: float) -> None:
    """Shorts respect every cap, and more room never leaves more variance."""
    tables = Covariances(
        assets=[[0.36, 0.40], [0.40, 0.81]],
        instruments=[[0.36, 0.38], [0.38, 0.64]],
        cross=[[0.35, 0.41], [0.37, 0.66]],
    )
    tight = minimum_variance_hedge([30_000, 20_000], tables, [first, second], total)
    wide = minimum_variance_hedge([30_000, 20_000], tables, [first * 2, second * 2], total * 2)
    assert all(0 <= n <= cap + 1e-3 for n, cap in zip(tight.shorts, (first, second), strict=True))
    assert sum(tight.shorts) <= total + 1e-3
    assert wide.variance_hedged <= tight.variance_hedged * (1 + 1e-9)


@given(st.lists(floats(0, 100), min_size=1, max_size=40))
def test_the_value_area_holds_its_share(volumes: list[float]) -> None:
    """The value area surrounds the point of control and holds at least its share, by one row or by two."""
    if sum(volumes) <= 1e-3:
        return
    found = profile_levels(volumes, Grid(origin=0.0, width=1.0, bins=len(volumes)))
    assert found.value_area_low < found.point_of_control < found.value_area_high
    assert found.value_area_share >= 0.7 - 1e-6
    assert found.value_area_low_two_rows < found.point_of_control < found.value_area_high_two_rows


def decided(**change: Any) -> Decision:
    values = {
        "spot_value": 60_000.0,
        "total": 80_000.0,
        "volatility": 0.8,
        "funding_deviation": 0.0,
        "short_notional": 10_000.0,
        "collateral": 12_000.0,
        "margin_ratio": 0.02,
        "leverage_cap": 2.0,
    }
    return policy_step(Situation(**(values | change)), Wishes(target_weight=0.6, volatility_target=0.5), Limits())


@given(floats(0.1, 3), floats(0.1, 3), floats(0, 60_000))
def test_a_tighter_cap_never_means_a_larger_short(first: float, second: float, short: float) -> None:
    """With a lower leverage cap the short wanted and the short held afterwards are no larger."""
    low, high = sorted((first, second))
    tight, loose = decided(leverage_cap=low, short_notional=short), decided(leverage_cap=high, short_notional=short)
    assert tight.notional_target <= loose.notional_target
    assert tight.short_after <= max(loose.short_after, short) + 1e-6


@given(floats(0, 80_000), floats(0, 40_000))
def test_a_step_never_adds_above_the_cap(short: float, collateral: float) -> None:
    """Whatever is held, a step that sells ends at or below the cap, and no step ends below zero."""
    found = decided(short_notional=short, collateral=collateral)
    if found.trade > 0:
        assert found.short_after <= found.notional_cap + 1e-6
    assert found.short_after >= -1e-6


@given(floats(0.1, 50))
def test_scaling_prices_and_amounts_scales_the_step(scale: float) -> None:
    """The same portfolio, larger or in another unit, is told the same thing."""
    money = {"spot_value": 60_000.0, "total": 80_000.0, "short_notional": 10_000.0, "collateral": 12_000.0}
    small, large = decided(), decided(**{name: value * scale for name, value in money.items()})
    assert large.action == small.action
    assert large.trade == pytest.approx(small.trade * scale)


def test_a_second_step_at_unchanged_prices_holds() -> None:
    """A step ends at the band's edge, and there the next one finds nothing to do."""
    first = decided()
    assert first.action == "increase"
    assert decided(short_notional=first.short_after).action == "hold"


def test_flat_funding_is_not_unusual() -> None:
    """A rate that never moves gives no deviation, so no tilt."""
    assert funding_deviation([0.0001] * 90) == 0.0


def test_a_ratio_without_spot_does_not_exist() -> None:
    """Nothing owned, nothing to hedge: no ratio instead of a division."""
    assert hedge_ratio(0.0, 0.0) is None


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: ewma_volatility([], 0.97, 1),
        lambda: ewma_volatility([0.01] * 40, 1.0),
        lambda: ewma_volatility([float("nan")] * 40),
        lambda: ewma_volatility([0.01] * 5),
        lambda: Garch(omega=1e-5, alpha=0.1, beta=0.9, variance_start=1e-3),
        lambda: Garch(omega=1e-5, alpha=0.1, beta=0.8, variance_start=-1e-3),
        lambda: blend_volatility(-0.1),
        lambda: range_volatilities(Bars(open=[1.0], high=[0.9], low=[1.1], close=[1.0])),
        lambda: band_edge(0.001, 3.0, 0.0, 0.1),
        lambda: hedge_ratio(-1.0, 0.0),
        lambda: least_squares([1.0, 1.0], [1.0, 2.0]),
        lambda: least_squares([1.0, 2.0], [1.0]),
        lambda: funding_deviation([0.0001] * 89),
        lambda: funding_annualised(0.0001, 0),
        lambda: funding_expected(0.0001, 0.0001, -1),
        lambda: roll_decision(float("nan"), 1.0, RollWindow()),
        lambda: minimum_variance_hedge([1.0], Covariances(assets=[[1.0]], instruments=[[0.0]], cross=[[0.0]])),
        lambda: profile_levels([0.0, 0.0], Grid(origin=0.0, width=1.0, bins=2)),
    ],
)
def test_figures_that_make_no_sense_are_refused(nonsense: Any) -> None:
    """A negative variance, an empty series or a missing number ends in a sentence, not in a number."""
    with pytest.raises(ValueError, match=r"[.]$"):
        nonsense()
