"""Cost of trading, and the whole policy step."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.vectors.cases.exact import D, bisect, d, normal_below, q, root, sinh

Case = tuple[Any, ...]
LEVELS = [[2500.5, 4.0], [2501.0, 10.0], [2503.0, 30.0]]


def cases() -> Iterator[Case]:
    yield from books()
    yield from plans()
    yield from waits()
    yield from steps()


def books() -> Iterator[Case]:
    below = [[5000 - price, amount] for price, amount in LEVELS]
    for levels, side, notional in ((LEVELS, "buy", 20000.0), (LEVELS, "buy", 200000.0), (below, "sell", 60000.0)):
        left, coins = q(notional), Fraction(0)
        for price, amount in levels:
            worth = min(left, q(price) * q(amount))
            coins, left = coins + worth / q(price), left - worth
        filled = q(notional) - left
        price_ = filled / coins
        cost = (price_ / 2500 - 1) * 10000 * (1 if side == "buy" else -1)
        inputs = {"levels": levels, "mid": 2500.0, "side": side, "notional": notional}
        expected = {"filled": filled, "unfilled": left, "vwap": price_, "cost_bps": cost}
        yield "book_walk", inputs, expected, "fractions"
    yield (
        "book_walk",
        {"levels": [], "mid": 2500.0, "side": "buy", "notional": 100.0},
        {"filled": 0.0, "unfilled": 100.0, "vwap": None, "cost_bps": None},
        "an empty book gives nothing",
    )
    for bps, count in ((4.0, 2), (1.0, 0), (12.0, 3)):
        depth = sum((q(p) * q(a) for p, a in LEVELS[:count]), Fraction(0))
        yield "depth_within", {"levels": LEVELS, "mid": 2500.0, "bps": bps}, {"depth": depth}, "by hand"


def plans() -> Iterator[Case]:
    for notional, adv, sigma, y in ((500000.0, 2e8, 0.04, 1.0), (50000.0, 3e6, 0.06, 0.8)):
        cost = d(y) * d(sigma) * root(q(notional) / q(adv)) * 10000
        yield (
            "sqrt_impact",
            {"notional": notional, "adv": adv, "sigma_daily": sigma, "Y": y},
            {"cost_bps": cost},
            "decimals",
        )
    for notional, depth, volume in (
        (90000.0, 300000.0, 50000.0),
        (95000.0, 300000.0, 50000.0),
        (1000.0, 300000.0, 50000.0),
    ):
        count = 1
        while q(notional) / count > q(depth) / 10:
            count += 1
        gap = q(notional) / count / (q(volume) * q(0.05))
        inputs = {"notional": notional, "depth": depth, "max_depth_share": 0.1, "per_minute_volume": volume}
        expected = {
            "slices": count,
            "slice_notional": q(notional) / count,
            "interval_min": gap,
            "duration_min": gap * (count - 1),
        }
        yield "twap_plan", {**inputs, "max_participation": 0.05}, expected, "fractions"
    for lam, n in ((2.0, 4), (50.0, 6)):
        tau = D(1) / n
        eta = D("0.002") - D("0.0004") * tau / 2
        goal = 1 + d(lam) * D("0.05") ** 2 * tau**2 / (2 * eta)
        kappa = bisect(lambda k, t=tau, g=goal: ((k * t).exp() + (-k * t).exp()) / 2 - g, "1e-6", "100")  # type: ignore[misc]
        held = [40 * sinh(kappa * (1 - tau * j)) / sinh(kappa) for j in range(n + 1)]
        inputs_ = {"X": 40.0, "T": 1.0, "N": n, "sigma": 0.05, "eta": 0.002, "gamma": 0.0004, "lam": lam}
        trades = [a - b for a, b in pairwise(held)]
        expected_ = {"kappa": kappa, "half_life": 1 / kappa, "holdings": held, "trades": trades}
        yield "ac_trajectory", inputs_, expected_, "kappa by bisection, exponentials"


def waits() -> Iterator[Case]:
    for half, taker, maker, p, adverse, wait in ((1.0, 4.0, -0.5, 0.5, 1.5, 2.0), (0.2, 3.0, 2.5, 0.3, 2.0, 10.0)):
        drift = D("0.4") * D("0.8") * (d(wait) / (365 * 1440)).sqrt() * 10000

        def passive(
            fill: Decimal, row: tuple[float, ...] = (half, taker, maker, adverse), drift: Decimal = drift
        ) -> Decimal:
            s, t, m, a = (d(x) for x in row)
            return fill * (m + a - s) + (1 - fill) * (s + t + drift)

        cross = d(half) + d(taker)
        even = bisect(lambda x, f=passive, c=cross: c - f(x), "-10", "10")  # type: ignore[misc]
        inputs = {
            "half_spread_bps": half,
            "taker_bps": taker,
            "maker_bps": maker,
            "fill_prob": p,
            "adverse_bps": adverse,
        }
        inputs |= {"wait_min": wait, "sigma_annual": 0.8, "risk_mult": 0.4}
        expected = {"taker_cost_bps": cross, "passive_cost_bps": passive(d(p)), "break_even_fill_prob": even}
        choice = "passive" if passive(d(p)) < cross else "taker"
        yield "passive_vs_taker", inputs, {**expected, "choose": choice}, "break-even by bisection"


BASE = {
    "spot_value": 60000.0,
    "total": 80000.0,
    "target_w": 0.8,
    "sigma": 0.6,
    "vol_target": 0.6,
    "funding_z_": 0.0,
    "kappa": 0.05,
    "tilt_max": 0.1,
    "h_static": 0.0,
    "h_max": 1.0,
    "short_now": 0.0,
    "sigma_fut": 0.6,
    "resp_days": 3,
    "p_liq": 8.2e-5,
    "mmr": 0.01,
    "k_stress": 1.5,
    "lev_user_max": 2.0,
    "collateral": 20000.0,
    "cost": 0.0006,
    "gamma": 3.0,
    "vol_of_vol": 0.6,
    "margin_ratio": 0.01,
    "mr_reduce": 0.5,
    "mr_warn": 0.25,
    "min_notional": 100.0,
}


def steps() -> Iterator[Case]:
    """One case per ending; what each must be is worked out by hand in its note, the numbers below it in decimals."""
    endings: tuple[tuple[dict[str, float], str, str], ...] = (
        ({"h_static": 0.3}, "static", "increase"),
        ({"h_static": 0.3, "funding_z_": -9.0, "short_now": 30000.0}, "static", "reduce"),
        ({"target_w": 0.5, "short_now": 19000.0}, "allocation", "hold"),
        ({"sigma": 1.0, "funding_z_": 1.0, "short_now": 5000.0}, "volatility", "increase"),
        ({"h_static": 0.8, "short_now": 44000.0}, "static", "top_up"),
        ({"h_static": 0.8, "short_now": 51000.0}, "static", "safety_reduce"),
        ({"h_static": 0.4, "short_now": 24000.0, "margin_ratio": 0.5}, "static", "safety_reduce"),
        ({"h_static": 0.3, "short_now": 18000.0, "margin_ratio": 0.3}, "static", "hold"),
        ({"h_static": 0.3, "short_now": 16390.0, "min_notional": 50.0}, "static", "hold"),
    )
    for change, binding, action in endings:
        inputs = BASE | change
        yield (
            "policy_step",
            inputs,
            step({k: d(v) for k, v in inputs.items()}, binding, action),
            "decimals, ending by hand",
        )


def step(x: dict[str, Decimal], binding: str, action: str) -> dict[str, Any]:
    spot, total, now = x["spot_value"], x["total"], x["short_now"]
    z = bisect(lambda v: normal_below(v) - (1 - x["p_liq"] / 2), "0", "8")
    grown = (x["k_stress"] * x["sigma_fut"] * (x["resp_days"] / 365).sqrt() * z).exp()
    cap = min(x["lev_user_max"], 1 / ((1 + x["mmr"]) * grown - 1))
    alloc = max(D(0), 1 - x["target_w"] * total / spot)
    vol = max(D(0), 1 - x["vol_target"] / x["sigma"])
    need = {"static": x["h_static"], "allocation": alloc, "volatility": vol}[binding]
    tilt = max(-x["tilt_max"], min(x["tilt_max"], x["kappa"] * x["funding_z_"]))
    h = max(D(0), min(x["h_max"], max(need + tilt, alloc)))
    wanted, most = h * spot, cap * x["collateral"]
    target = min(wanted, most)
    w, nu = x["target_w"], spot / total * x["vol_target"] / x["sigma"] * x["vol_of_vol"]
    moving = {"allocation": w * (1 - w), "volatility": nu / x["sigma"]}.get(binding, D(0))
    cube = D("1.5") * x["cost"] / x["gamma"] * moving**2
    band = D("0.02") if binding == "static" else bisect(lambda b: b**3 - cube, "-1", "1")
    after = {
        "hold": now,
        "top_up": now,
        "increase": target - band * total,
        "reduce": target + band * total,
        "safety_reduce": min(most, now / 2) if x["margin_ratio"] >= x["mr_reduce"] else most,
    }[action]
    return {
        "h_alloc": alloc,
        "h_vol": vol,
        "h_final": h,
        "binding": binding,
        "leverage_cap": cap,
        "notional_wanted": wanted,
        "notional_cap": most,
        "notional_target": target,
        "shortfall": wanted - target,
        "extra_collateral_needed": max(D(0), wanted / cap - x["collateral"]),
        "band": band,
        "action": action,
        "trade": after - now,
        "top_up": now / cap - x["collateral"] if action == "top_up" else D(0),
        "short_after": after,
        "warn": x["margin_ratio"] >= x["mr_warn"],
    }
