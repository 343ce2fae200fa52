"""The figures of a report: growth, risk, capture, what the hedge cost, and where the money came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, sqrt

from bot.domain.sense import DAYS_PER_YEAR, finite, positive, positive_series, same_length, series
from bot.policy.estimators.regression import least_squares, mean, sample_variance
from bot.report.effectiveness import expected_shortfall, semivariance, value_at_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """One equity curve in figures. Signs: drawdown is negative, value at risk and shortfall are losses.

    Ratios without a denominator (no risk, no loss, no drawdown) do not exist. Indices count from the first value.
    """

    total_return: float
    growth_annual: float
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    drawdown_max: float
    peak_index: int
    trough_index: int
    value_at_risk: float
    expected_shortfall: float
    calmar: float | None
    ulcer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What the hedged portfolio kept of rises and of falls, and its beta to the unhedged one."""

    upside: float | None
    downside: float | None
    beta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlows:
    """What was paid and received over the whole period, in quote currency, and the mean equity it is measured by."""

    costs: float
    funding_received: float
    equity_mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeCost:
    """The yearly price of protection as a fraction of equity; the return drag is direction, not a cost."""

    variance_removed: float
    volatility_removed: float
    net_cost_annual: float
    cost_per_variance: float | None
    cost_per_volatility_point: float | None
    return_drag_annual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What was held over the periods between prices: coins per asset, and the short in coins for each period."""

    spot_quantities: Sequence[float]
    spot_prices: Sequence[Sequence[float]]
    short_quantities: Sequence[float]
    futures_prices: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Where the change of equity came from; the parts add up to the total. Signs: costs are negative."""

    spot: float
    short_price: float
    funding: float
    fees: float
    slippage: float
    total: float


# A deviation smaller than this is rounding noise of returns that do not vary.
FLAT = 1e-15


def simple_returns(equity: Sequence[float]) -> list[float]:
    """Returns from one value to the next."""
    return [after / before - 1 for before, after in pairwise(equity)]


def _ratio(above: float, below: float) -> float | None:
    return above / below if below > FLAT else None


def performance(equity: Sequence[float], periods_per_year: float = DAYS_PER_YEAR, tail: float = 0.05) -> Performance:
    """Work out one equity curve."""
    curve = positive_series("equity", equity, at_least=2)
    periods = positive("periods per year", periods_per_year)
    returns = simple_returns(curve)
    years = len(returns) / periods
    growth = (curve[-1] / curve[0]) ** (1 / years) - 1
    average = mean(returns)
    deviation = sqrt(sample_variance(returns)) if len(returns) > 1 else None
    falls, peaks = drawdowns(curve)
    deepest = min(falls)
    trough = falls.index(deepest)
    scale = sqrt(periods)
    return Performance(
        total_return=curve[-1] / curve[0] - 1,
        growth_annual=growth,
        volatility=None if deviation is None else deviation * scale,
        sharpe=None if deviation is None else _ratio(average * scale, deviation),
        sortino=_ratio(average * scale, sqrt(semivariance(returns))),
        drawdown_max=deepest,
        peak_index=peaks[trough],
        trough_index=trough,
        value_at_risk=value_at_risk(returns, tail),
        expected_shortfall=expected_shortfall(returns, tail),
        calmar=_ratio(growth, -deepest),
        ulcer=sqrt(fsum(fall * fall for fall in falls) / len(falls)),
    )


def drawdowns(equity: Sequence[float]) -> tuple[list[float], list[int]]:
    """Distance below the highest value so far at every point, and where that highest value was."""
    falls, peaks = [], []
    peak = 0
    for index, value in enumerate(equity):
        if value > equity[peak]:
            peak = index
        falls.append(value / equity[peak] - 1)
        peaks.append(peak)
    return falls, peaks


def capture(unhedged: Sequence[float], hedged: Sequence[float]) -> Capture:
    """Share of the rises and of the falls that the hedged portfolio took part in."""
    bare, held = series("unhedged returns", unhedged, at_least=2), series("hedged returns", hedged, at_least=2)
    same_length("unhedged returns", bare, "hedged returns", held)
    pairs = list(zip(bare, held, strict=True))
    rises = [(u, h) for u, h in pairs if u > 0]
    falls = [(u, h) for u, h in pairs if u < 0]
    return Capture(
        upside=fsum(h for _, h in rises) / fsum(u for u, _ in rises) if rises else None,
        downside=fsum(h for _, h in falls) / fsum(u for u, _ in falls) if falls else None,
        beta=least_squares(bare, held).slope,
    )


def hedge_cost(
    unhedged: Sequence[float],
    hedged: Sequence[float],
    flows: CashFlows,
    periods_per_year: float = DAYS_PER_YEAR,
) -> HedgeCost:
    """What the hedge removed a year, and what that cost in fees, slippage and funding."""
    bare, held = series("unhedged returns", unhedged, at_least=2), series("hedged returns", hedged, at_least=2)
    same_length("unhedged returns", bare, "hedged returns", held)
    periods = positive("periods per year", periods_per_year)
    before, after = sample_variance(bare) * periods, sample_variance(held) * periods
    variance, volatility = before - after, sqrt(before) - sqrt(after)
    paid = finite("costs", flows.costs) - finite("funding received", flows.funding_received)
    cost = paid / positive("mean equity", flows.equity_mean) * periods / len(bare)
    return HedgeCost(
        variance_removed=variance,
        volatility_removed=volatility,
        net_cost_annual=cost,
        cost_per_variance=cost / variance if abs(variance) > 0 else None,
        cost_per_volatility_point=cost / (volatility * 100) if abs(volatility) > 0 else None,
        return_drag_annual=mean([u - h for u, h in zip(bare, held, strict=True)]) * periods,
    )


def attribute_profit(
    book: Book, funding: Sequence[float], fees: Sequence[float], slippage: Sequence[float]
) -> Attribution:
    """Split the change of equity into spot, short, funding and costs.

    Units: one short quantity per period between futures prices; fees and slippage are given as positive amounts paid.
    """
    same_length("spot quantities", book.spot_quantities, "spot price series", book.spot_prices)
    prices = positive_series("futures prices", book.futures_prices)
    shorts = series("short quantities", book.short_quantities, at_least=0)
    if len(shorts) != len(prices) - 1:
        raise ValueError("There must be one short quantity for each period between two futures prices.")
    spot = fsum(
        quantity * (path[-1] - path[0])
        for quantity, path in zip(
            book.spot_quantities, (series("spot prices", p) for p in book.spot_prices), strict=True
        )
    )
    steps = zip(shorts, prices, prices[1:], strict=False)
    short_price = fsum(-quantity * (after - before) for quantity, before, after in steps)
    received = fsum(series("funding", funding, at_least=0))
    paid = fsum(series("fees", fees, at_least=0))
    slipped = fsum(series("slippage", slippage, at_least=0))
    return Attribution(
        spot=spot,
        short_price=short_price,
        funding=received,
        fees=-paid,
        slippage=-slipped,
        total=spot + short_price + received - paid - slipped,
    )
