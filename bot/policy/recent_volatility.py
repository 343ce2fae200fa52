"""The volatility that bounds leverage: from the daily bars of an asset where there are enough of them, else unknown."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from bot.domain.history import BarSeries, History, HistoryAsk
from bot.policy.estimators.volatility import Bars, parkinson_ewma, range_volatilities

BARS_MIN = 60
SPAN = timedelta(days=120)
LONG_RUN_SHARE = 0.6  # calm weeks are not taken for a calm market
KEPT = 1024


def volatility_asks(assets: Iterable[str]) -> tuple[HistoryAsk, ...]:
    """What has to be known of the past: some months of daily bars of every asset."""
    return tuple(HistoryAsk(asset=asset, span=SPAN) for asset in sorted(assets))


def recent_volatility(history: History, assets: Iterable[str], at: datetime) -> dict[str, float]:
    """Yearly volatility by asset; an asset with few, old or senseless bars is missing, never guessed.

    Source: policy_math 4.4: Parkinson-EWMA 0.97 over at least 60 days, floored at 60 % of its long-run mean.
    """
    found = {}
    for asset in assets:
        bars = history.bars_of(asset, at)
        if bars is not None and len(bars) >= BARS_MIN and bars.fresh(at):
            volatility = _measured(bars)
            if volatility is not None:
                found[asset] = volatility
    return found


@lru_cache(maxsize=KEPT)
def _measured(bars: BarSeries) -> float | None:
    try:
        recent = parkinson_ewma(bars.high, bars.low).volatility
        whole = range_volatilities(Bars(open=bars.open, high=bars.high, low=bars.low, close=bars.close)).parkinson
    except ValueError:
        return None
    return max(recent, LONG_RUN_SHARE * whole) or None
