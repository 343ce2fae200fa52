"""How large a short is against what it protects: ratios, contract counts and minimum-variance ratios of one pair.

Source: Johnson 1960; Ederington, Journal of Finance 34 (1979) 157; Vasicek 1973 for the shrunk beta.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from bot.domain.sense import EPSILON, between, finite, non_negative, positive, positive_series, same_length, series
from bot.policy.estimators.regression import Line, least_squares, mean

Contract = Literal["linear", "inverse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractGrid:
    """What an exchange lets one trade of a contract.

    Units: `size` in base units (linear) or face value in USD (inverse); `step` and `contracts_min` in contracts.
    """

    kind: Contract
    size: float
    step: float
    contracts_min: float = 0.0
    notional_min: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """A wanted notional cut down to whole steps; `residual` is what stays unhedged."""

    contracts: float
    notional: float
    residual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedRatio:
    """A minimum-variance ratio with the two moments it was made of."""

    ratio: float
    covariance: float
    futures_variance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrunkBeta:
    """A beta pulled toward its prior, and how much weight the data kept."""

    beta: float
    data_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseFace:
    """Face value in USD of the coin-margined short with the least remaining variance."""

    face_usd: float
    r_squared: float


def hedge_ratio(spot_value: float, short_notional: float) -> float | None:
    """Short notional over spot value: 0 is open, 1 is fully hedged; it does not exist without spot."""
    non_negative("short notional", short_notional)
    return short_notional / spot_value if non_negative("spot value", spot_value) > 0 else None


def inverted_ratio(spot_value: float, short_notional: float) -> float | None:
    """Spot value over short notional, the ratio some articles print; shown to readers, never used to decide."""
    non_negative("spot value", spot_value)
    return spot_value / short_notional if non_negative("short notional", short_notional) > 0 else None


def contracts_for_notional(target_notional: float, price: float, grid: ContractGrid) -> Contracts:
    """Cut a wanted notional down to whole contract steps, or to nothing below the exchange's minimum.

    Always down: a rounded-up hedge would be more than what is owned.
    """
    non_negative("target notional", target_notional)
    unit = positive("contract size", grid.size) * (positive("price", price) if grid.kind == "linear" else 1.0)
    contracts = floor(target_notional / unit / positive("step", grid.step) + EPSILON) * grid.step
    if contracts < grid.contracts_min - EPSILON or contracts * unit < grid.notional_min - EPSILON:
        contracts = 0.0
    return Contracts(contracts=contracts, notional=contracts * unit, residual=target_notional - contracts * unit)


def minimum_variance_ratio(spot_changes: Sequence[float], futures_changes: Sequence[float]) -> Line:
    """Least-squares line of spot changes on futures changes; its slope is the ratio, R squared what it can remove.

    Units: coins per coin for price changes, value per value (beta) for returns.
    """
    return least_squares(futures_changes, spot_changes)


def coins_from_beta(beta: float, spot_price: float, futures_price: float) -> float:
    """Turn a ratio of values into a ratio of coins."""
    return finite("beta", beta) * positive("spot price", spot_price) / positive("futures price", futures_price)


def seeded_ewma(values: Sequence[float], decay: float, seed_count: int) -> float:
    """Exponentially weighted mean: seeded with the mean of the first values, then x <- decay*x + (1-decay)*new."""
    between("decay", decay, 0.0, 1.0)
    if seed_count < 1 or len(values) < seed_count:
        raise ValueError(
            f"{len(values)} values are too few: the first {seed_count} of them (at least one) make the seed."
        )
    level = mean(values[:seed_count])
    for value in values[seed_count:]:
        level = decay * level + (1 - decay) * value
    return level


def ewma_minimum_variance_ratio(
    spot_returns: Sequence[float], futures_returns: Sequence[float], decay: float = 0.97, seed_count: int = 30
) -> WeightedRatio:
    """Minimum-variance ratio with old days fading out (zero mean); 0.97 looks back about 66 days."""
    spot, futures = series("spot returns", spot_returns), series("futures returns", futures_returns)
    same_length("spot returns", spot, "futures returns", futures)
    covariance = seeded_ewma([a * b for a, b in zip(spot, futures, strict=True)], decay, seed_count)
    variance = seeded_ewma([b * b for b in futures], decay, seed_count)
    if variance <= 0:
        raise ValueError("The futures returns do not vary, so no ratio can be estimated from them.")
    return WeightedRatio(ratio=covariance / variance, covariance=covariance, futures_variance=variance)


def shrink_beta(beta: float, standard_error: float, prior: float = 1.0, prior_deviation: float = 0.3) -> ShrunkBeta:
    """Pull an estimated beta toward a prior, the more the less certain it is."""
    own = positive("prior deviation", prior_deviation) ** 2
    weight = own / (own + non_negative("standard error", standard_error) ** 2)
    return ShrunkBeta(
        beta=weight * finite("beta", beta) + (1 - weight) * finite("prior", prior),
        data_weight=weight,
    )


def inverse_minimum_variance_face(
    coins: float,
    spot_price: float,
    futures_price: float,
    spot_after: Sequence[float],
    futures_after: Sequence[float],
) -> InverseFace:
    """Face value of the inverse short that best offsets coins over scenarios of later prices.

    A long of face Q is worth Q*X with X = S1*(1/F0 - 1/F1) in USD, so Q = coins * Cov(dS, X)/Var(X), near coins * F0.
    Source: Deng, Pan, Zhang, Zou, Applied Economics 2020.
    """
    positive("spot price", spot_price)
    positive("futures price", futures_price)
    spot, futures = positive_series("spot after", spot_after), positive_series("futures after", futures_after)
    same_length("spot after", spot, "futures after", futures)
    gains = [s * (1 / futures_price - 1 / f) for s, f in zip(spot, futures, strict=True)]
    line = least_squares(gains, [s - spot_price for s in spot])
    return InverseFace(face_usd=non_negative("coins", coins) * line.slope, r_squared=line.r_squared)


def net_delta_coin(spot_coins: float, equity_coin: float, short_face_usd: float, futures_price: float) -> float:
    """Coins one is still exposed to: spot plus coin collateral minus what the inverse short takes off."""
    finite("equity in coin", equity_coin)
    short = non_negative("short face", short_face_usd) / positive("futures price", futures_price)
    return finite("spot coins", spot_coins) + equity_coin - short
