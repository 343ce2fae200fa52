"""The volatility and proxy rules over two years of a real market, where such data is at hand.

`BALLAST_MARKET_DATA` names a directory in the format of docs/tape.md; nothing of it belongs to the project.
"""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import mean, pstdev

import polars
import pytest

from bot.domain.history import DAY_S, BarSeries, moment
from bot.policy.adjust_volatility import VolatilityTarget
from bot.policy.scene import Recollection
from bot.policy.together import ProxyFit, proxy_fit
from tests.builders import d
from tests.policy.pasts import need, scene

DATA = os.environ.get("BALLAST_MARKET_DATA")
pytestmark = pytest.mark.skipif(
    not DATA, reason="BALLAST_MARKET_DATA names no directory of real candles; see docs/tape.md"
)
DAYS_BEFORE = 90


def daily(kind: str, coin: str) -> BarSeries:
    """Whole UTC days made of the hours of a file; a day with a missing hour is left out."""
    frame = polars.read_parquet(Path(DATA or "") / f"{kind}_{coin}USDT_1h.parquet").sort("ts")
    days = (
        frame.with_columns((polars.col("ts") // (DAY_S * 1000) * DAY_S).alias("day"))
        .group_by("day", maintain_order=True)
        .agg(
            polars.col("open").first(),
            polars.col("high").max(),
            polars.col("low").min(),
            polars.col("close").last(),
            polars.col("volume").sum(),
            polars.len().alias("hours"),
        )
        .filter(polars.col("hours") == 24)
    )
    return BarSeries(
        symbol=f"{coin}/USDT:USDT",
        step_s=DAY_S,
        opened_s=tuple(int(day) for day in days["day"]),
        open=tuple(days["open"]),
        high=tuple(days["high"]),
        low=tuple(days["low"]),
        close=tuple(days["close"]),
        volume=tuple(days["volume"]),
    )


def worst(returns: list[float], share: float = 0.05) -> float:
    """Mean of the worst days."""
    count = max(1, int(len(returns) * share))
    return -mean(sorted(returns)[:count])


def volatility_path(bars: BarSeries, rule: VolatilityTarget) -> tuple[list[float], list[float]]:
    """The ratio held into each day, decided on what was known when it began, and the day's return."""
    ratios, returns = [], []
    kept: Recollection = {}
    for place in range(DAYS_BEFORE, len(bars) - 1):
        at = moment(bars.opened_s[place] + DAY_S)
        seen = scene(bars={"BTC": bars}, recalled={"volatility/BTC": kept} if kept else None, at=at)
        answer = rule.adjust((need("0"),), seen)
        kept = answer.recalled.get("volatility/BTC", {})
        ratios.append(float(answer.rows[0].short_notional) / 60_000)
        returns.append(bars.close[place + 1] / bars.close[place] - 1)
    return ratios, returns


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_a_changing_hedge_is_hardly_wilder_than_a_constant_one_of_the_same_size(coin: str) -> None:
    """Same mean ratio: at best some per cent calmer, at worst as wild; the ratio changes rarely (docs/policy)."""
    bars = daily("perp", coin)
    ratios, returns = volatility_path(bars, VolatilityTarget(target=d("0.40"), ceiling=d(1)))
    level = mean(ratios)
    moved = [(1 - ratio) * change for ratio, change in zip(ratios, returns, strict=True)]
    constant = [(1 - level) * change for change in returns]
    changes = sum(1 for before, after in pairwise(ratios) if before != after)
    print(  # noqa: T201 - what was seen is what one runs this for
        f"{coin}: mean ratio {level:.2f}, volatility {pstdev(moved) / pstdev(constant) - 1:+.1%}, worst days "
        f"{worst(moved) / worst(constant) - 1:+.1%}, {changes} changes in {len(ratios)} days"
    )
    assert pstdev(moved) < 1.02 * pstdev(constant)
    assert worst(moved) < 1.05 * worst(constant)
    assert changes < len(ratios) / 10


def test_what_comes_later_changes_no_earlier_decision() -> None:
    """With all bars in hand, or with only those that had closed: the same ratios."""
    bars = daily("perp", "BTC").last(200)
    whole, _ = volatility_path(bars, VolatilityTarget(target=d("0.40"), ceiling=d(1)))
    part, _ = volatility_path(bars.cut(0, 150), VolatilityTarget(target=d("0.40"), ceiling=d(1)))
    assert whole[: len(part)] == part


@pytest.mark.parametrize("coin", ["LINK", "AVAX", "SOL", "XRP", "ADA", "DOGE"])
def test_proxies_take_away_a_part_and_never_all(coin: str) -> None:
    """Refitted monthly on the 90 days before: the next month moves less, and much is left."""
    alt, btc, eth = daily("spot", coin), daily("perp", "BTC"), daily("perp", "ETH")
    plain: list[float] = []
    hedged: list[float] = []
    fits: list[ProxyFit] = []
    first = max(bars.opened_s[0] for bars in (alt, btc, eth))
    at: datetime = moment(first + (DAYS_BEFORE + 10) * DAY_S)
    while at + timedelta(days=30) <= moment(alt.opened_s[-1]):
        known = tuple(bars.known_by(at).last(DAYS_BEFORE + 1) for bars in (alt, btc, eth))
        fit = proxy_fit(known[0], known[1:], DAYS_BEFORE, 1.0, 0.3)
        assert isinstance(fit, ProxyFit)
        fits.append(fit)
        for day in range(30):
            steps = [_change(bars, at + timedelta(days=day)) for bars in (alt, btc, eth)]
            if None not in steps:
                own, *theirs = [step or 0.0 for step in steps]
                plain.append(own)
                hedged.append(own - sum(beta * step for beta, step in zip(fit.betas, theirs, strict=True)))
        at += timedelta(days=30)
    removed = 1 - pstdev(hedged) ** 2 / pstdev(plain) ** 2
    dropped = sum(1 for fit in fits if fit.r_squared < 0.35)
    print(  # noqa: T201 - what was seen is what one runs this for
        f"{coin}: variance removed next month {removed:.0%}, R squared {mean(f.r_squared for f in fits):.2f}, "
        f"beta {mean(f.beta for f in fits):.2f}, {dropped} of {len(fits)} months below the gate, worst days "
        f"{worst(hedged) / worst(plain) - 1:+.0%}"
    )
    assert 0.05 < removed < 0.9
    assert worst(hedged) < worst(plain)


def _change(bars: BarSeries, at: datetime) -> float | None:
    """Log return of the day that begins at an instant."""
    known = replace(bars).known_by(at + timedelta(days=1))
    if len(known) < 2 or known.known_at != at + timedelta(days=1) or known.opened_s[-1] - known.opened_s[-2] != DAY_S:
        return None
    return log(known.close[-1] / known.close[-2])
