"""The volume profile of a market from its recent bars: grid, levels, and how near a level counts as near.

Units: prices in quote currency; bars of at most a quarter of an hour, newest last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from bot.domain.sense import positive
from bot.policy.estimators.bulk import daily_ranges, volume_histogram
from bot.policy.estimators.volume_profile import Grid, Levels, profile_levels

BIN_SHARE = 0.002
BINS_MAX = 5000
TOLERANCE_OF_RANGE = 0.25
STEP_MAX_S = 900
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where a market traded. Units: `daily_range`, `tolerance` in price; `days` whole days the range was taken of."""

    levels: Levels
    daily_range: float
    tolerance: float
    days: int


def profile_grid(high: Sequence[float], low: Sequence[float], tick: float) -> Grid:
    """Bins of a fifth of a percent of the newest price, whole ticks wide, over everything that was traded."""
    bottom, top = min(low), max(high)
    step = positive("tick", tick)
    width = max(step, round(BIN_SHARE * positive("price", low[-1]) / step) * step)
    width = max(width, ceil((top - bottom) / BINS_MAX / step) * step)
    origin = floor(bottom / width) * width
    return Grid(origin=origin, width=width, bins=floor((top - origin) / width) + 1)


def profile_of_bars(
    high: Sequence[float], low: Sequence[float], volume: Sequence[float], *, tick: float, step_s: int
) -> Profile:
    """Levels of a window of bars, and a quarter of the average day's range as the distance that counts as near.

    Raises:
        ValueError: for bars longer than a quarter of an hour, less than a day of them, or none with volume.
    """
    if not 0 < step_s <= STEP_MAX_S:
        raise ValueError(f"A volume profile needs bars of at most {STEP_MAX_S} seconds, but these have {step_s}.")
    grid = profile_grid(high, low, tick)
    levels = profile_levels([float(row) for row in volume_histogram(high, low, volume, grid)], grid)
    tops, bottoms = daily_ranges([[row] for row in high], [[row] for row in low], DAY_S // step_s)
    spans = (tops - bottoms)[:, 0]
    typical = float(spans.mean())
    return Profile(levels=levels, daily_range=typical, tolerance=TOLERANCE_OF_RANGE * typical, days=len(spans))
