"""The array estimators give what the plain ones give."""

import numpy as np
import pytest

from bot.policy.estimators import bulk
from bot.policy.estimators.covariance import ewma_covariance
from bot.policy.estimators.hedge_ratio import ewma_minimum_variance_ratio
from bot.policy.estimators.volatility import ewma_volatility, parkinson_ewma
from bot.policy.estimators.volume_profile import Grid, volume_histogram


def bars(seed: int, count: int) -> list[tuple[float, float, float]]:
    """(high, low, volume) bars around 100, some without range, some off the grid."""
    dice = np.random.default_rng(seed)
    lows = np.round(dice.uniform(88, 111, count), 1)
    heights = np.where(dice.uniform(size=count) < 0.3, 0.0, np.round(dice.uniform(0, 6, count), 2))
    volumes = dice.uniform(0, 50, count)
    return [(low + height, low, volume) for low, height, volume in zip(lows, heights, volumes, strict=True)]


def test_array_variances_agree_with_the_plain_recursion() -> None:
    """Every column of the array version is the plain estimator of that column."""
    dice = np.random.default_rng(3)
    returns = dice.normal(0, 0.03, (120, 4))
    low = 100 * np.exp(np.cumsum(returns, axis=0))
    high = low * (1 + dice.uniform(0, 0.05, (120, 4)))
    for column in range(4):
        plain = ewma_volatility(returns[:, column].tolist())
        assert bulk.ewma_variances(returns)[column] == pytest.approx(plain.variance_daily, rel=1e-10)
        wide = parkinson_ewma(high[:, column].tolist(), low[:, column].tolist(), 0.94, 10)
        found = bulk.parkinson_variances(high, low, 0.94, 10)
        assert found[column] == pytest.approx(wide.variance_daily, rel=1e-10)
        assert bulk.yearly(found)[column] == pytest.approx(wide.volatility, rel=1e-10)


def test_array_covariance_agrees_with_the_pairwise_ratio() -> None:
    """Covariance over variance of the matrix is the exponentially weighted ratio of the pair."""
    returns = np.random.default_rng(4).normal(0, 0.03, (90, 2))
    table = ewma_covariance(returns)
    pair = ewma_minimum_variance_ratio(returns[:, 0].tolist(), returns[:, 1].tolist())
    assert table[0, 1] / table[1, 1] == pytest.approx(pair.ratio, rel=1e-10)


@pytest.mark.parametrize("seed", range(6))
def test_array_volume_profile_agrees_with_the_plain_one(seed: int) -> None:
    """Both histograms are equal bin by bin, with bars off the grid and bars without range among them."""
    rows = bars(seed, 300)
    grid = Grid(origin=92.0, width=0.25, bins=64)
    plain = volume_histogram(rows, grid)
    high, low, volume = (np.array(column) for column in zip(*rows, strict=True))
    assert bulk.volume_histogram(high, low, volume, grid) == pytest.approx(plain, rel=1e-9, abs=1e-9)


def test_days_are_counted_back_from_the_newest_bar() -> None:
    """Two whole days come out of five half-days; the oldest half is left out."""
    high = np.array([[9.0], [2.0], [3.0], [5.0], [4.0]])
    highs, lows = bulk.daily_ranges(high, high - 1, 2)
    assert highs.ravel().tolist() == [3.0, 5.0]
    assert lows.ravel().tolist() == [1.0, 3.0]


def test_arrays_that_make_no_sense_are_refused() -> None:
    """A high below its low, a missing number or too few rows never become an estimate."""
    with pytest.raises(ValueError, match="no high may lie below"):
        bulk.parkinson_variances([[1.0]], [[2.0]], 0.97, 1)
    with pytest.raises(ValueError, match="ordinary number"):
        bulk.ewma_variances([[float("nan")]], 0.97, 1)
    with pytest.raises(ValueError, match="too few"):
        bulk.ewma_variances([[0.1]])
