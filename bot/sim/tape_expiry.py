"""Dated contracts on a tape: the recorded price where there is one, the last basis to the index where there is none."""

from __future__ import annotations

from array import array
from datetime import datetime, timedelta
from math import exp, isnan, log, nan

from bot.sim.feed import Series
from bot.sim.futures_weather import SHARE_OF_DEPTH, YEAR


def dated_series(
    mid: array[float], beside: Series, clock: tuple[datetime, timedelta], expires_at: datetime
) -> tuple[Series, int] | None:
    """Build a contract's series from what was recorded of it, and count the instants that were not.

    `mid` holds NaN where nothing was recorded and is filled in place from the first price to the expiry; `clock` is the
    grid's origin and step. The contract's own price stands in for its mark. None when nothing of it lies on the grid.
    """
    origin, step = clock
    count = len(mid)
    past = min(count, -((origin - expires_at) // step))
    first = next((place for place, price in enumerate(mid) if not isnan(price)), count)
    if first >= past:
        return None
    basis, filled = 0.0, 0
    for place in range(first, past):
        years = (expires_at - origin - place * step) / YEAR
        index = beside.index[place]
        if isnan(mid[place]):
            mid[place] = index * exp(basis * years)
            filled += 1
        elif not isnan(index):
            basis = log(mid[place] / index) / years
    for place in range(past, count):
        mid[place] = nan
    series = Series(
        mid=mid,
        mark=array("d", mid),
        index=beside.index,
        rate=array("d", [0.0]) * count,
        depth_notional=array("d", (depth * SHARE_OF_DEPTH for depth in beside.depth_notional)),
        volume=array("d", (volume * SHARE_OF_DEPTH for volume in beside.volume)),
        stale=beside.stale,
        price_digits=beside.price_digits,
    )
    return series, filled
