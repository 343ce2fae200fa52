"""How assets moved together: daily returns on the days all of them have, their covariance, and betas on proxies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

import numpy as np

from bot.domain.history import BarSeries
from bot.policy.estimators.covariance import Matrix, ewma_covariance, ledoit_wolf, ridged, twins
from bot.policy.estimators.hedge_ratio import shrink_beta
from bot.policy.estimators.minimum_variance import Covariances, minimum_variance_hedge
from bot.policy.estimators.regression import least_squares
from bot.policy.measured import KEPT, log_returns
from bot.policy.scene import Scene

CovarianceKind = Literal["ewma", "ledoit-wolf"]
SEED_COUNT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFit:
    """How far proxies explain an asset. `betas` are shrunk and add up to `beta`; both per proxy in the order asked.

    Units: betas are ratios of values, `residual` the yearly volatility that no proxy can take away.
    """

    betas: tuple[float, ...]
    beta: float
    beta_plain: float
    r_squared: float
    residual: float
    days: int
    known_at: datetime


def fresh_bars(scene: Scene, asset: str, days_min: int) -> BarSeries | str:
    """The daily bars of an asset, or a sentence why they cannot be used."""
    found = scene.history.bars_of(asset, scene.at)
    if found is None:
        return scene.history.troubles.get(asset, f"no daily bars of {asset} are known")
    if not found.fresh(scene.at):
        return f"the newest daily bar of {asset} is of {found.known_at:%Y-%m-%d}, too old"
    if len(found) <= days_min:
        return f"only {len(found)} daily bars of {asset} are known, more than {days_min} are needed"
    return found


@lru_cache(maxsize=KEPT)
def common_returns(bars: tuple[BarSeries, ...], days_max: int) -> Matrix:
    """Daily log returns on the newest days that all have, oldest first. Shapes: days down, assets across."""
    returns = [log_returns(one) for one in bars]
    shared = sorted(set(returns[0]).intersection(*returns[1:]))[-days_max:]
    table = np.array([[one[at] for one in returns] for at in shared], dtype=np.float64)
    return table.reshape(len(shared), len(bars))


@lru_cache(maxsize=8)
def covariance(bars: tuple[BarSeries, ...], days_max: int, kind: CovarianceKind, decay: float) -> Matrix:
    """Covariance of daily returns, weighted or shrunk, with a ridge on its diagonal."""
    table = common_returns(bars, days_max)
    plain = ledoit_wolf(table).covariance if kind == "ledoit-wolf" else ewma_covariance(table, decay, SEED_COUNT)
    return ridged(plain)


def too_alike(matrix: Matrix) -> bool:
    """Whether hedge instruments move so alike that the numbers cannot tell them apart."""
    return len(matrix) > 1 and twins(matrix)


@lru_cache(maxsize=KEPT)
def proxy_fit(
    asset: BarSeries, proxies: tuple[BarSeries, ...], days_max: int, prior: float, prior_deviation: float
) -> ProxyFit | str:
    """Fit an asset by a positive mix of proxies and pull the sum of the betas toward its prior.

    The mix that leaves the least variance is found first; the asset is then fitted on that mix alone, whose slope has a
    standard error to shrink by. Source: Vasicek 1973; policy_math 1.5, 1.6, 1.9.
    """
    table = common_returns((asset, *proxies), days_max)
    if len(table) < max(SEED_COUNT, 3):
        return f"only {len(table)} common days are known"
    moments = np.cov(table, rowvar=False)
    inner = ridged(moments[1:, 1:])
    try:
        mix = minimum_variance_hedge(
            [1.0], Covariances(assets=moments[:1, :1], instruments=inner, cross=moments[1:, :1])
        ).shorts
    except ValueError as problem:
        return str(problem)
    total = sum(mix)
    if total <= 0:
        return "it does not rise and fall with any of the proxies"
    weights = [part / total for part in mix]
    blended = table[:, 1:] @ np.array(weights)
    line = least_squares(blended.tolist(), table[:, 0].tolist())
    shrunk = shrink_beta(line.slope, line.slope_error or 0.0, prior, prior_deviation)
    left = table[:, 0] - line.intercept - line.slope * blended
    return ProxyFit(
        betas=tuple(shrunk.beta * weight for weight in weights),
        beta=shrunk.beta,
        beta_plain=line.slope,
        r_squared=line.r_squared,
        residual=float(np.sqrt(left.var(ddof=2) * 365)),
        days=len(table),
        known_at=_known_at(asset, proxies),
    )


def _known_at(asset: BarSeries, proxies: Sequence[BarSeries]) -> datetime:
    known = [one.known_at for one in (asset, *proxies)]
    return min(at for at in known if at is not None)
