"""Adapters for execution cost and the whole policy step."""

from bot.execution import cost
from bot.policy import step
from bot.risk import leverage
from tests.vectors.inputs import Expected, Inputs, label, renamed


@label
def book_walk(i: Inputs) -> Expected:
    found = cost.walk_book(*i.take("levels", "mid", "side", "notional"))
    return renamed(found, filled="filled", unfilled="unfilled", vwap="average_price", cost_bps="cost_bps")


@label
def depth_within(i: Inputs) -> Expected:
    return {"depth": cost.depth_within(i["levels"], i["mid"], i.known("bps", 5.0))}


@label
def sqrt_impact(i: Inputs) -> Expected:
    inputs = i.take("notional", "adv", "sigma_daily")
    return {"cost_bps": cost.square_root_impact_bps(*inputs, **i.given(coefficient="Y"))}


@label
def twap_plan(i: Inputs) -> Expected:
    shares = i.given(depth_share_max="max_depth_share", participation_max="max_participation")
    found = cost.slice_in_time(*i.take("notional", "depth", "per_minute_volume"), **shares)
    return renamed(
        found,
        slices="slices",
        slice_notional="slice_notional",
        interval_min="interval_minutes",
        duration_min="duration_minutes",
    )


@label
def ac_trajectory(i: Inputs) -> Expected:
    order = cost.LargeOrder(
        **i.given(
            quantity="X",
            horizon="T",
            periods="N",
            volatility="sigma",
            temporary_impact="eta",
            permanent_impact="gamma",
            risk_aversion="lam",
        )
    )
    found = cost.large_order_trajectory(order)
    return renamed(found, kappa="urgency", half_life="half_life", holdings="holdings", trades="trades")


@label
def passive_vs_taker(i: Inputs) -> Expected:
    choice = cost.PassiveChoice(
        **i.given(
            half_spread_bps="half_spread_bps",
            taker_fee_bps="taker_bps",
            maker_fee_bps="maker_bps",
            fill_probability="fill_prob",
            adverse_bps="adverse_bps",
            wait_minutes="wait_min",
            volatility="sigma_annual",
            drift_share="risk_mult",
        )
    )
    found = cost.passive_or_taker(choice)
    return renamed(
        found,
        taker_cost_bps="taker_cost_bps",
        passive_cost_bps="passive_cost_bps",
        break_even_fill_prob="break_even_fill_probability",
        choose="choose",
    )


@label
def policy_step(i: Inputs) -> Expected:
    """The cap is worked out by protection, as in a cycle, and handed to the policy."""
    cap = leverage.leverage_cap(
        i.known("sigma_fut", i["sigma"]),
        i.known("resp_days", 1.0),
        i["mmr"],
        **i.given(probability="p_liq", stress="k_stress", leverage_max="lev_user_max"),
    )
    situation = step.Situation(
        leverage_cap=cap.leverage_cap,
        funding_deviation=i.known("funding_z_", 0.0),
        short_notional=i.known("short_now", 0.0),
        margin_ratio=i.known("margin_ratio", 0.0),
        **i.given(spot_value="spot_value", total="total", volatility="sigma", collateral="collateral"),
    )
    wishes = step.Wishes(
        target_weight=i.known("target_w", 1.0),
        **i.given(
            volatility_target="vol_target",
            ratio_static="h_static",
            ratio_max="h_max",
            tilt_slope="kappa",
            tilt_max="tilt_max",
            cost="cost",
            aversion="gamma",
            volatility_of_volatility="vol_of_vol",
            notional_min="min_notional",
        ),
    )
    limits = step.Limits(**i.given(margin_ratio_reduce="mr_reduce", margin_ratio_warn="mr_warn"))
    return renamed(
        step.policy_step(situation, wishes, limits),
        h_alloc="ratio_allocation",
        h_vol="ratio_volatility",
        h_final="ratio",
        binding="binding",
        leverage_cap="leverage_cap",
        notional_wanted="notional_wanted",
        notional_cap="notional_cap",
        notional_target="notional_target",
        shortfall="shortfall",
        extra_collateral_needed="collateral_missing",
        band="band",
        action="action",
        trade="trade",
        top_up="top_up",
        short_after="short_after",
        warn="warn",
    )
