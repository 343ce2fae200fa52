"""Adapters for liquidation prices and leverage."""

from dataclasses import asdict
from typing import Any

from bot.risk import leverage, liquidation
from tests.vectors.inputs import Expected, Inputs, label, renamed

_MAINTENANCE = {"maintenance_rate": "mmr", "maintenance_amount": "maint_amount"}


def _linear(i: Inputs, wallet: float, side: Any = None) -> liquidation.LinearPosition:
    entry, quantity = i.take("entry", "qty")
    named = i.known("side", "short") if side is None else side
    return liquidation.LinearPosition(side=named, entry_price=entry, quantity=quantity, wallet=wallet)


@label
def liq_price_linear(i: Inputs) -> Expected:
    rates = i.given(**_MAINTENANCE, fee_rate="fee")
    return {"liq_price": liquidation.linear_price(_linear(i, i["margin"]), **rates)}


@label
def liq_price_linear_cross(i: Inputs) -> Expected:
    wallet = liquidation.cross_wallet(
        i["wallet"], **i.given(other_unrealised="other_upnl", other_maintenance="other_mm")
    )
    rates = i.given(**_MAINTENANCE, fee_rate="fee")
    return {"liq_price": liquidation.linear_price(_linear(i, wallet), **rates)}


@label
def liq_price_linear_tiered(i: Inputs) -> Expected:
    position = _linear(i, i["margin"])
    found = liquidation.linear_price_tiered(position, *i.take("floors", "mmrs"), **i.given(fee_rate="fee"))
    return renamed(
        found,
        maint_amounts="maintenance_amounts",
        liq_price="price",
        tier_index="tier_index",
        notional_at_liq="notional",
    )


@label
def liq_price_inverse(i: Inputs) -> Expected:
    position = liquidation.InversePosition(
        side=i.known("side", "short"),
        **i.given(entry_price="entry", face_usd="face_usd", wallet_coin="wallet_coin"),
    )
    return {"liq_price": liquidation.inverse_price(position, **i.given(**_MAINTENANCE))}


@label
def liq_price_short_coin_collateral(i: Inputs) -> Expected:
    position = _linear(i, i["cash"], "short")
    return {"liq_price": liquidation.short_price_with_coin_collateral(position, *i.take("coin", "haircut", "mmr"))}


@label
def short_margin_state(i: Inputs) -> Expected:
    found = leverage.short_margin(_linear(i, i["wallet"], "short"), i["mark"], **i.given(**_MAINTENANCE))
    return renamed(
        found,
        equity="equity",
        notional="notional",
        leverage="leverage",
        maint_margin="maintenance_margin",
        margin_ratio="margin_ratio",
        liq_price="liquidation_price",
        liq_distance="liquidation_distance",
    )


@label
def survivable_rally(i: Inputs) -> Expected:
    cap = i.known("lev_cap", leverage.LEVERAGE_MAJORS)
    found = leverage.survivable_rally(i["collateral"], i["notional"], cap, i["mmr"])
    return renamed(found, to_lev_cap="to_leverage_cap", to_liquidation="to_liquidation")


@label
def top_up_or_reduce(i: Inputs) -> Expected:
    mark, quantity, equity = i.take("mark", "qty", "equity")
    target = i.known("lev_target", leverage.LEVERAGE_MAJORS)
    return asdict(leverage.top_up_or_reduce(mark * quantity, equity, target))


@label
def touch_probability(i: Inputs) -> Expected:
    options = i.given(stress="k", drift="mu")
    if i.has("drift_mode") and i["drift_mode"] == "zero_log":
        options["drift"] = None
    return {"probability": leverage.touch_probability(*i.take("move", "sigma", "days"), **options)}


@label
def leverage_cap(i: Inputs) -> Expected:
    options = i.given(probability="p", stress="k", leverage_max="lev_max")
    found = leverage.leverage_cap(*i.take("sigma", "days", "mmr"), **options)
    return renamed(
        found, z="quantile", stress_move="stress_move", leverage_raw="leverage_raw", leverage_cap="leverage_cap"
    )


@label
def hedge_with_liquidation(i: Inputs) -> Expected:
    start = leverage.HedgeCollateral(
        **i.given(ratio="h_mv", r_squared="r2", margin="m", maintenance_rate="m0", aversion="gamma")
    )
    tail = leverage.Tail(**i.given(shape="xi", location="loc", scale="scale"))
    found = leverage.hedge_with_liquidation(start, tail)
    return renamed(
        found,
        theta="ratio",
        liq_probability="liquidation_probability",
        liq_probability_at_h_mv="liquidation_probability_unadjusted",
        leverage="leverage",
        objective="objective",
    )
