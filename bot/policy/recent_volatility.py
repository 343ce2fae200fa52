"""The volatility that bounds leverage: measured as the volatility rule measures it by default, or unknown."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.history import History, HistoryAsk
from bot.policy.measured import MeasuredVolatility, VolatilityRule, measured_volatility

SPAN = timedelta(days=120)
RULE = VolatilityRule()


def volatility_asks(assets: Iterable[str]) -> tuple[HistoryAsk, ...]:
    """What has to be known of the past: some months of daily bars of every asset."""
    return tuple(HistoryAsk(asset=asset, span=SPAN) for asset in sorted(assets))


def recent_volatility(history: History, assets: Iterable[str], at: datetime) -> dict[str, float]:
    """Yearly volatility by asset; an asset with few, old or senseless bars is missing, never guessed.

    Source: policy_math 4.4: Parkinson-EWMA 0.97 over at least 60 days, floored at 60 % of its long-run mean.
    """
    told = {asset: measured_volatility(history, at, asset, RULE) for asset in assets}
    return {
        asset: found.volatility
        for asset, found in told.items()
        if isinstance(found, MeasuredVolatility) and found.volatility > 0
    }
