"""Adapters for volatility, carry and the volume profile."""

from dataclasses import asdict
from typing import Any

from bot.policy.estimators import carry, volatility, volatility_target, volume_profile
from tests.vectors.inputs import Expected, Inputs, label, renamed


def _ewma(i: Inputs, count: int) -> dict[str, Any]:
    """A series shorter than its seed is all seed; whether so little is enough to act on is for the rules to say."""
    return {"seed_count": min(i.known("n0", 30), count), **i.given(decay="lam")}


@label
def vol_ewma(i: Inputs) -> Expected:
    found = volatility.ewma_volatility(i["r"], **_ewma(i, len(i["r"])))
    return renamed(found, var_daily="variance_daily", vol_annual="volatility")


@label
def parkinson_ewma(i: Inputs) -> Expected:
    found = volatility.parkinson_ewma(*i.take("h", "l"), **_ewma(i, len(i["h"])))
    return renamed(found, var_daily="variance_daily", vol_annual="volatility")


@label
def range_vols(i: Inputs) -> Expected:
    bars = volatility.Bars(**i.given(open="o", high="h", low="l", close="c", close_before="c_prev"))
    found = volatility.range_volatilities(bars)
    return renamed(
        found,
        close_close="close_close",
        parkinson="parkinson",
        garman_klass="garman_klass",
        rogers_satchell="rogers_satchell",
        yang_zhang="yang_zhang",
        yz_k="yang_zhang_weight",
    )


@label
def garch_forecast(i: Inputs) -> Expected:
    garch = volatility.Garch(**i.given(omega="omega", alpha="alpha", beta="beta", variance_start="var0"))
    found = volatility.garch_forecast(i["r"], garch, i["horizon"])
    return renamed(
        found,
        next_var="next_variance",
        long_run_var="long_run_variance",
        mean_var="mean_variance",
        vol_annual="volatility",
    )


@label
def vol_blend(i: Inputs) -> Expected:
    options = i.given(implied_points="dvol_points", implied_weight="w_iv", implied_scale="k_iv", floor="floor")
    return {"vol": volatility.blend_volatility(i["sig_rv"], **options)}


@label
def funding_z(i: Inputs) -> Expected:
    count = min(i.known("n_long", 90), len(i["f"]))
    recent = min(i.known("n_short", 9), count)
    return {"z": volatility_target.funding_deviation(i["f"], count_short=recent, count_long=count)}


@label
def h_vol_target(i: Inputs) -> Expected:
    limits = i.given(ratio_min="h_min", ratio_max="h_max")
    target = i.known("target", volatility_target.VOLATILITY_TARGET)
    return {"h": volatility_target.volatility_target_ratio(i["sigma"], target, **limits)}


@label
def h_vol_target_proxy(i: Inputs) -> Expected:
    inputs = (*i.take("sigma_m", "beta", "sigma_res"), i.known("target", volatility_target.VOLATILITY_TARGET))
    limits = i.given(ratio_min="h_min", ratio_max="h_max")
    found = volatility_target.volatility_target_ratio_proxy(*inputs, **limits)
    return renamed(found, h="ratio", feasible="feasible")


@label
def hysteresis(i: Inputs) -> Expected:
    rule = volatility_target.Hysteresis(**i.given(band="band", confirm_down="confirm_down", step="step"))
    found = volatility_target.hysteresis_path(i["targets"], i.known("h0", 0.0), rule)
    return renamed(found, h="ratios", trades="trades")


@label
def funding_annualised(i: Inputs) -> Expected:
    return asdict(carry.funding_annualised(*i.take("f", "interval_h")))


@label
def funding_rate_from_premium(i: Inputs) -> Expected:
    options = i.given(interest="interest", clamp="clamp", cap="cap")
    return {"rate": carry.funding_rate_from_premium(i["premium"], **options)}


@label
def funding_pnl_short(i: Inputs) -> Expected:
    found = carry.funding_received_linear(*i.take("marks", "rates", "qty"))
    return renamed(found, payments="each", total="total")


@label
def funding_pnl_short_inverse(i: Inputs) -> Expected:
    found = carry.funding_received_inverse(*i.take("marks", "rates", "face_usd"))
    return renamed(found, payments_coin="each", total_coin="total")


@label
def funding_expected(i: Inputs) -> Expected:
    return {"sum": carry.funding_expected(*i.take("f0", "mean", "n"), **i.given(persistence="phi_"))}


@label
def basis(i: Inputs) -> Expected:
    return asdict(carry.basis(*i.take("F", "S", "days")))


@label
def carry_compare(i: Inputs) -> Expected:
    choice = carry.CarryChoice(
        **i.given(
            horizon_days="horizon_days",
            perpetual_funding="perp_sum_rate",
            basis_annual="basis_simple_annual",
            tenor_days="tenor_days",
            perpetual_cost="perp_entry_cost",
            dated_cost="dated_entry_cost",
            roll_cost="roll_cost",
        )
    )
    return renamed(
        carry.compare_carry(choice),
        rolls="rolls",
        perp_net="perpetual_net",
        dated_net="dated_net",
        advantage_dated="advantage_dated",
        annualised="advantage_annual",
    )


@label
def roll_cost(i: Inputs) -> Expected:
    inputs = i.take("near_half_spread", "far_half_spread", "fee_near", "fee_far", "tenor_days")
    return asdict(carry.roll_cost(*inputs))


@label
def calendar_fair(i: Inputs) -> Expected:
    return {"F2": carry.calendar_fair(*i.take("F1", "t1_days", "t2_days", "carry_cont"))}


@label
def forward_carry(i: Inputs) -> Expected:
    return {"carry_cont": carry.forward_carry(*i.take("F1", "F2", "t1_days", "t2_days"))}


@label
def roll_decision(i: Inputs) -> Expected:
    window = carry.RollWindow(
        **i.given(start_days="roll_start", deadline_days="roll_deadline", cost_max_bps="max_cost_bps")
    )
    return {"action": carry.roll_decision(i["days_to_expiry"], i["spread_cost_bps"], window)}


@label
def profile_levels(i: Inputs) -> Expected:
    grid = volume_profile.Grid(**i.given(origin="origin", width="width", bins="nbins"))
    volumes = volume_profile.volume_histogram(i["bars"], grid)
    found = volume_profile.profile_levels(volumes, grid, **i.given(share="pct"))
    return {"volume": volumes} | renamed(
        found,
        poc_price="point_of_control",
        val="value_area_low",
        vah="value_area_high",
        va_volume_share="value_area_share",
        val_two_row="value_area_low_two_rows",
        vah_two_row="value_area_high_two_rows",
        smoothed="smoothed",
        hvn="high_nodes",
        lvn="low_nodes",
    )


@label
def vp_gate(i: Inputs) -> Expected:
    gate = volume_profile.Gate(**i.given(levels="levels", tolerance="tol", wait_max_hours="max_wait_h"))
    waited, urgent = i.known("waited_h", 0.0), i.known("urgent", False)
    return asdict(volume_profile.gate_answer(i["action"], i["price"], gate, waited, urgent=urgent))
