"""The estimators over long histories of many assets at once, in arrays: the same numbers, many times faster.

Units: as in the plain estimators. Shapes: times down, assets across; one column per asset, oldest row first.
"""

import numpy as np
import numpy.typing as npt

from bot.domain.sense import DAYS_PER_YEAR, EPSILON, between
from bot.policy.estimators.covariance import Matrix, matrix
from bot.policy.estimators.volatility import PARKINSON
from bot.policy.estimators.volume_profile import Grid


def ewma_weights(count: int, decay: float, seed_count: int) -> Matrix:
    """Weight of each value, oldest first, that the seeded recursion x <- decay*x + (1-decay)*new amounts to."""
    between("decay", decay, 0.0, 1.0)
    if seed_count < 1 or count < seed_count:
        raise ValueError(f"{count} rows are too few: the first {seed_count} of them (at least one) make the seed.")
    later = count - seed_count
    seed = np.full(seed_count, decay**later / seed_count)
    return np.concatenate([seed, (1 - decay) * decay ** np.arange(later - 1, -1, -1.0)])


def ewma_variances(returns: npt.ArrayLike, decay: float = 0.97, seed_count: int = 30) -> Matrix:
    """Exponentially weighted variance per column, per period of the rows."""
    table = matrix("returns", returns)
    return np.asarray(ewma_weights(len(table), decay, seed_count) @ table**2, dtype=np.float64)


def parkinson_variances(high: npt.ArrayLike, low: npt.ArrayLike, decay: float = 0.97, seed_count: int = 30) -> Matrix:
    """Exponentially weighted Parkinson variance per column, per period of the rows."""
    highs, lows = matrix("high", high), matrix("low", low)
    if highs.shape != lows.shape or (lows <= 0).any() or (highs < lows).any():
        raise ValueError("Highs and lows must have one shape, be above zero, and no high may lie below its low.")
    ranges = np.log(highs / lows)
    return np.asarray(ewma_weights(len(highs), decay, seed_count) @ ranges**2 / PARKINSON, dtype=np.float64)


def yearly(variances_daily: Matrix) -> Matrix:
    """Yearly volatility per daily variance."""
    return np.asarray(np.sqrt(variances_daily * DAYS_PER_YEAR), dtype=np.float64)


def daily_ranges(high: npt.ArrayLike, low: npt.ArrayLike, bars_per_day: int) -> tuple[Matrix, Matrix]:
    """Highest high and lowest low of each whole day, counted back from the newest bar.

    What does not fill the oldest day is left out.
    """
    highs, lows = matrix("high", high), matrix("low", low)
    days = len(highs) // bars_per_day
    if bars_per_day < 1 or days < 1 or highs.shape != lows.shape:
        raise ValueError("The bars must fill at least one whole day, highs and lows alike.")
    kept = days * bars_per_day
    shape = (days, bars_per_day, highs.shape[1])
    return highs[-kept:].reshape(shape).max(axis=1), lows[-kept:].reshape(shape).min(axis=1)


def volume_histogram(high: npt.ArrayLike, low: npt.ArrayLike, volume: npt.ArrayLike, grid: Grid) -> Matrix:
    """Volume per bin of one asset, each bar spread evenly over its range.

    A spread bar adds to the cumulative volume a ramp that begins at its low and ends at its high. Counting where ramps
    begin and end gives the cumulative volume at every edge of the grid in one pass, and its differences are the bins.
    """
    highs, lows, volumes = (np.asarray(row, dtype=np.float64) for row in (high, low, volume))
    if not highs.shape == lows.shape == volumes.shape or highs.ndim != 1 or highs.size == 0:
        raise ValueError("Highs, lows and volumes must be series of one length.")
    if not (np.isfinite(highs).all() and np.isfinite(lows).all() and np.isfinite(volumes).all()):
        raise ValueError("The bars hold a value that is not an ordinary number.")
    if (highs < lows).any() or (volumes < 0).any():
        raise ValueError("A bar has its high below its low or a negative volume; the price data cannot be trusted.")
    bottom, top = (lows - grid.origin) / grid.width, (highs - grid.origin) / grid.width
    flat = top - bottom <= EPSILON
    still = _points(bottom[flat], volumes[flat], grid.bins)
    density = volumes[~flat] / (top[~flat] - bottom[~flat])
    rising = _ramp(bottom[~flat], density, grid.bins) - _ramp(top[~flat], density, grid.bins)
    return np.asarray(np.maximum(np.diff(rising), 0.0) + still, dtype=np.float64)


def _points(position: Matrix, weight: Matrix, bins: int) -> Matrix:
    """Weights at single prices, the top edge of the grid in the last bin, anything off the grid left out."""
    index = np.floor(position + EPSILON).astype(np.int64)
    index = np.where((index == bins) & (position <= bins + EPSILON), bins - 1, index)
    inside = (index >= 0) & (index < bins)
    return np.asarray(np.bincount(index[inside], weights=weight[inside], minlength=bins), dtype=np.float64)


def _ramp(start: Matrix, density: Matrix, bins: int) -> Matrix:
    """Sum over all ramps of density * max(0, edge - start) at every edge of the grid, in one pass."""
    first = np.clip(np.ceil(start), 0, bins + 1).astype(np.int64)
    slope = np.bincount(first, weights=density, minlength=bins + 2)[: bins + 1]
    moment = np.bincount(first, weights=density * start, minlength=bins + 2)[: bins + 1]
    return np.asarray(np.cumsum(slope) * np.arange(bins + 1) - np.cumsum(moment), dtype=np.float64)
