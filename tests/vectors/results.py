"""Adapters for effectiveness and report figures."""

from dataclasses import asdict

from bot.report import effectiveness as offset
from bot.report import metrics as figures
from tests.vectors.inputs import Expected, Inputs, label, renamed


@label
def effectiveness(i: Inputs) -> Expected:
    returns = i.take("r_u", "r_h")
    found = offset.effectiveness(*returns, **i.given(futures="r_f", tail="alpha"))
    return renamed(
        found,
        variance_reduction="variance_reduction",
        vol_reduction="volatility_reduction",
        r2="r_squared",
        semivariance_reduction="semivariance_reduction",
        var_unhedged="value_at_risk_unhedged",
        var_hedged="value_at_risk_hedged",
        var_reduction="value_at_risk_reduction",
        cvar_unhedged="expected_shortfall_unhedged",
        cvar_hedged="expected_shortfall_hedged",
        cvar_reduction="expected_shortfall_reduction",
    )


@label
def dollar_offset(i: Inputs) -> Expected:
    found = offset.dollar_offset(*i.take("d_item", "d_hedge"))
    return renamed(
        found,
        period="periods",
        cumulative="cumulative",
        cumulative_in_80_125="cumulative_in_range",
        variability_reduction="variability_reduction",
        slope="slope",
        r2="r_squared",
        regression_pass="regression_passes",
    )


@label
def metrics(i: Inputs) -> Expected:
    found = figures.performance(i["equity"], **i.given(periods_per_year="ppy"))
    return renamed(
        found,
        total_return="total_return",
        cagr="growth_annual",
        vol="volatility",
        sharpe="sharpe",
        sortino="sortino",
        max_drawdown="drawdown_max",
        peak_index="peak_index",
        trough_index="trough_index",
        var95="value_at_risk",
        cvar95="expected_shortfall",
        calmar="calmar",
        ulcer="ulcer",
    )


@label
def capture(i: Inputs) -> Expected:
    return asdict(figures.capture(*i.take("r_u", "r_h")))


@label
def hedge_cost(i: Inputs) -> Expected:
    flows = figures.CashFlows(
        **i.given(costs="explicit_cost", funding_received="funding_income", equity_mean="avg_equity")
    )
    found = figures.hedge_cost(i["r_u"], i["r_h"], flows, **i.given(periods_per_year="ppy"))
    return renamed(
        found,
        variance_removed="variance_removed",
        vol_removed="volatility_removed",
        explicit_net_cost_annual="net_cost_annual",
        cost_per_variance="cost_per_variance",
        cost_per_vol_point="cost_per_volatility_point",
        return_drag_annual="return_drag_annual",
    )


@label
def pnl_attribution(i: Inputs) -> Expected:
    book = figures.Book(
        **i.given(spot_quantities="spot_q", spot_prices="spot_p", short_quantities="short_q", futures_prices="fut_p")
    )
    flows = (i.known(name, []) for name in ("funding", "fees", "slippage"))
    return asdict(figures.attribute_profit(book, *flows))
