"""Adapters for hedge ratios, bands and the allocation overlay."""

from dataclasses import asdict
from typing import Any

from bot.policy.estimators import band, covariance, hedge_ratio, minimum_variance
from bot.policy.estimators import overlay as allocation
from bot.policy.estimators.volatility_target import VOLATILITY_TARGET
from tests.vectors.inputs import Expected, Inputs, label, renamed


@label
def notional_ratio(i: Inputs) -> Expected:
    both = i.take("spot_value", "short_notional")
    return {"h": hedge_ratio.hedge_ratio(*both), "inverted_article_ratio": hedge_ratio.inverted_ratio(*both)}


@label
def contracts_for_notional(i: Inputs) -> Expected:
    grid = hedge_ratio.ContractGrid(
        **i.given(
            kind="kind",
            size="contract_size",
            step="step",
            contracts_min="min_contracts",
            notional_min="min_notional",
        )
    )
    return asdict(hedge_ratio.contracts_for_notional(i["target_notional"], i["price"], grid))


@label
def mv_ratio(i: Inputs) -> Expected:
    line = hedge_ratio.minimum_variance_ratio(*i.take("dS", "dF"))
    return renamed(line, h="slope", alpha="intercept", r2="r_squared", se_h="slope_error")


@label
def ewma_mv_ratio(i: Inputs) -> Expected:
    found = hedge_ratio.ewma_minimum_variance_ratio(*i.take("rS", "rF"), **i.given(decay="lam", seed_count="n0"))
    return renamed(found, h="ratio", cov="covariance", var_f="futures_variance")


@label
def beta_shrink(i: Inputs) -> Expected:
    found = hedge_ratio.shrink_beta(*i.take("beta", "se"), **i.given(prior="prior", prior_deviation="prior_sd"))
    return renamed(found, beta="beta", weight_data="data_weight")


@label
def ledoit_wolf(i: Inputs) -> Expected:
    found = covariance.ledoit_wolf(i["X"])
    return {"shrinkage": found.shrinkage, "cov": found.covariance.tolist()}


@label
def mv_multi(i: Inputs) -> Expected:
    moments = minimum_variance.Covariances(**i.given(assets="S_SS", instruments="S_FF", cross="S_FS"))
    limits = i.given(caps="cap", total_cap="total_cap")
    found = minimum_variance.minimum_variance_hedge(i["v"], moments, **limits)
    return renamed(
        found,
        n_unconstrained="unconstrained",
        n="shorts",
        var_unhedged="variance_unhedged",
        var_hedged="variance_hedged",
        var_reduction="variance_reduction",
    )


@label
def inverse_mv_face(i: Inputs) -> Expected:
    found = hedge_ratio.inverse_minimum_variance_face(*i.take("q", "S0", "F0", "S1", "F1"))
    return renamed(found, face_usd="face_usd", r2="r_squared")


@label
def net_delta_coin(i: Inputs) -> Expected:
    inputs = i.take("q_spot", "equity_coin", "short_face_usd", "F")
    return {"net_delta_coin": hedge_ratio.net_delta_coin(*inputs)}


def _price(i: Inputs) -> tuple[float, float]:
    return i.known("cost", band.COST_MAJORS), i.known("gamma", band.AVERSION)


def _aim(i: Inputs) -> dict[str, Any]:
    """What is called target in the text is called center in the labels."""
    mode = i.known("mode", "edge")
    return {"aim": "center" if mode == "target" else mode}


@label
def band_edge(i: Inputs) -> Expected:
    return {"b": band.band_edge(*_price(i), *i.take("sigma", "nu"))}


@label
def band_center(i: Inputs) -> Expected:
    return {"b": band.band_center(*_price(i), *i.take("sigma", "nu"))}


@label
def band_fixed(i: Inputs) -> Expected:
    return {"b": band.band_fixed(i["fixed"], i.known("gamma", band.AVERSION), *i.take("sigma", "nu"))}


@label
def band_weight(i: Inputs) -> Expected:
    return {"b": band.band_weight(i["w"], **i.given(cost="cost", aversion="gamma"))}


@label
def band_annual_cost(i: Inputs) -> Expected:
    found = band.band_annual_cost(i["b"], *_price(i), *i.take("sigma", "nu"), **_aim(i))
    return renamed(found, turnover="turnover", trading_cost="trading", risk_cost="risk", total="total")


@label
def nu_vol_target(i: Inputs) -> Expected:
    rate = i.given(volatility_of_volatility="vol_of_vol")
    share, sigma = i.take("spot_share", "sigma")
    return {"nu": band.volatility_target_drift(share, sigma, i.known("target", VOLATILITY_TARGET), **rate)}


@label
def gp_rate(i: Inputs) -> Expected:
    return renamed(band.partial_adjustment(*i.take("gamma", "lam", "rho")), a="coefficient", fraction="fraction")


@label
def rebalance(i: Inputs) -> Expected:
    found = band.rebalance(*i.take("current", "target", "b"), **_aim(i))
    return renamed(found, trade="trade", new="after")


@label
def overlay(i: Inputs) -> Expected:
    wealth = allocation.Wealth(
        **i.given(
            spot="spot",
            cash="cash",
            margin="margin_wallets",
            short_notional="short_notional",
            short_profit="short_upnl",
            betas="beta",
        )
    )
    return asdict(allocation.overlay(wealth, i["target_w"], **i.given(ratio_max="h_max")))


@label
def overlay_after_move(i: Inputs) -> Expected:
    found = allocation.overlay_after_move(*i.take("crypto", "cash", "short0", "r", "target_w"))
    return renamed(
        found,
        crypto="crypto",
        cash="cash",
        total="total",
        short_pnl="short_profit",
        spot_pnl="spot_profit",
        net_pnl="net_profit",
        short_notional="short_notional",
        spot_weight="spot_weight",
        effective_weight="effective_weight",
        weight_if_closed="weight_if_closed",
        target_short="target_short",
        trade="trade",
        spot_sale_needed_if_closed="spot_sale_if_closed",
    )


@label
def move_to_restore(i: Inputs) -> Expected:
    return {"r": allocation.move_to_restore(*i.take("crypto", "cash", "short0", "target_w"))}


@label
def weight_drift(i: Inputs) -> Expected:
    return {"w": allocation.weight_drift(*i.take("w", "r"))}
