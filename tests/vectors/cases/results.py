"""Effectiveness and report figures."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.vectors.cases.exact import D, average, cross, d, market, q, root

Case = tuple[Any, ...]
PERIODS = 365


def cases() -> Iterator[Case]:
    for count, alpha, seed in ((40, 0.05, 51), (37, 0.10, 52)):
        futures, noise = market(seed, count), market(seed + 40, count, scale=0.01)
        bare = [round(f + e, 5) for f, e in zip(futures, noise, strict=True)]
        held = [round(u - 0.9 * f, 5) for u, f in zip(bare, futures, strict=True)]
        inputs = {"r_u": bare, "r_h": held, "r_f": futures, "alpha": alpha}
        yield "effectiveness", inputs, reductions(bare, held, futures, alpha), "integral over the sample distribution"
        yield "capture", {"r_u": bare, "r_h": held}, captured(bare, held), "fractions"
        flows = {"explicit_cost": 240.0, "funding_income": 310.0, "ppy": PERIODS, "avg_equity": 52000.0}
        yield "hedge_cost", {"r_u": bare, "r_h": held, **flows}, paid(bare, held), "raw moments"
    yield from offsets()
    for seed in (61, 62):
        equity = [50000.0]
        for r in market(seed, 30):
            equity.append(round(equity[-1] * (1 + r), 2))
        yield "metrics", {"equity": equity, "ppy": PERIODS}, figures(equity), "every pair of peak and trough tried"
    yield "metrics", {"equity": [100.0, 110.0, 121.0], "ppy": PERIODS}, steady(), "a steady rise: no risk, no ratio"
    yield from attributions()


def tail(values: list[float], alpha: float) -> tuple[Fraction, Fraction]:
    """Value at risk and expected shortfall: each return carries 1/n of probability, the worst alpha is integrated."""
    left, loss, worst = q(alpha), Fraction(0), Fraction(0)
    for value in sorted(q(x) for x in values):
        weight = min(left, Fraction(1, len(values)))
        if weight > 0:
            worst, loss, left = value, loss + weight * value, left - weight
    return -worst, -loss / q(alpha)


def reductions(bare: list[float], held: list[float], futures: list[float], alpha: float) -> dict[str, Any]:
    u, h, f = ([q(x) for x in row] for row in (bare, held, futures))
    below = [sum((min(x, Fraction(0)) ** 2 for x in row), Fraction(0)) for row in (u, h)]
    (var_u, cvar_u), (var_h, cvar_h) = tail(bare, alpha), tail(held, alpha)
    return {
        "variance_reduction": 1 - cross(h, h) / cross(u, u),
        "vol_reduction": 1 - root(cross(h, h) / cross(u, u)),
        "r2": cross(u, f) ** 2 / cross(u, u) / cross(f, f),
        "semivariance_reduction": 1 - below[1] / below[0],
        "var_unhedged": var_u,
        "var_hedged": var_h,
        "var_reduction": 1 - var_h / var_u,
        "cvar_unhedged": cvar_u,
        "cvar_hedged": cvar_h,
        "cvar_reduction": 1 - cvar_h / cvar_u,
    }


def captured(bare: list[float], held: list[float]) -> dict[str, Fraction]:
    u, h = [q(x) for x in bare], [q(x) for x in held]
    up, down = [i for i, x in enumerate(u) if x > 0], [i for i, x in enumerate(u) if x < 0]
    zero = Fraction(0)
    return {
        "upside": sum((h[i] for i in up), zero) / sum((u[i] for i in up), zero),
        "downside": sum((h[i] for i in down), zero) / sum((u[i] for i in down), zero),
        "beta": cross(u, h) / cross(u, u),
    }


def paid(bare: list[float], held: list[float]) -> dict[str, Any]:
    u, h = [q(x) for x in bare], [q(x) for x in held]
    n = len(u)
    before, after = cross(u, u) / (n - 1) * PERIODS, cross(h, h) / (n - 1) * PERIODS
    cost = (q(240) - q(310)) / q(52000) * PERIODS / n
    vol = root(before) - root(after)
    return {
        "variance_removed": before - after,
        "vol_removed": vol,
        "explicit_net_cost_annual": cost,
        "cost_per_variance": cost / (before - after),
        "cost_per_vol_point": d(cost) / vol / 100,
        "return_drag_annual": (average(u) - average(h)) * PERIODS,
    }


def offsets() -> Iterator[Case]:
    tables = (
        ([-1000.0, 400.0, 700.0, -350.0], [900.0, -380.0, -690.0, 300.0]),
        ([-1000.0, 0.0, 1000.0, 50.0], [400.0, 10.0, -520.0, -20.0]),
    )
    for item, hedge in tables:
        i, h = [q(x) for x in item], [q(x) for x in hedge]
        ratio = -sum(h, Fraction(0)) / sum(i, Fraction(0))
        slope, fit = cross(i, h) / cross(i, i), cross(i, h) ** 2 / cross(i, i) / cross(h, h)
        left = sum(((a + b) ** 2 for a, b in zip(i, h, strict=True)), Fraction(0))
        expected = {
            "period": [-b / a if a else None for a, b in zip(i, h, strict=True)],
            "cumulative": ratio,
            "cumulative_in_80_125": bool(q(0.8) <= ratio <= q(1.25)),
            "variability_reduction": 1 - left / sum((a * a for a in i), Fraction(0)),
            "slope": slope,
            "r2": fit,
            "regression_pass": bool(q(-1.25) <= slope <= q(-0.8) and fit >= q(0.8)),
        }
        yield "dollar_offset", {"d_item": item, "d_hedge": hedge}, expected, "raw moments in fractions"


def figures(equity: list[float]) -> dict[str, Any]:
    e = [q(x) for x in equity]
    n = len(e) - 1
    r = [e[t + 1] / e[t] - 1 for t in range(n)]
    sd = root(cross(r, r) / (n - 1))
    down = root(sum((min(x, Fraction(0)) ** 2 for x in r), Fraction(0)) / n)
    scale, mean = D(PERIODS).sqrt(), d(average(r))
    depth, peak, trough = min((e[b] / e[a] - 1, a, b) for a in range(n + 1) for b in range(a, n + 1))
    cagr = (d(e[-1] / e[0]).ln() * PERIODS / n).exp() - 1
    falls = [e[t] / max(e[: t + 1]) - 1 for t in range(n + 1)]
    risk, shortfall = tail([float(x) for x in r], 0.05)
    return {
        "total_return": e[-1] / e[0] - 1,
        "cagr": cagr,
        "vol": sd * scale,
        "sharpe": mean / sd * scale,
        "sortino": mean / down * scale,
        "max_drawdown": depth,
        "peak_index": peak,
        "trough_index": trough,
        "var95": risk,
        "cvar95": shortfall,
        "calmar": cagr / -d(depth),
        "ulcer": root(sum((f * f for f in falls), Fraction(0)) / len(falls)),
    }


def steady() -> dict[str, Any]:
    return {
        "total_return": q("0.21"),
        "cagr": (D("1.1").ln() * PERIODS).exp() - 1,
        "sortino": None,
        "max_drawdown": 0,
        "var95": q("-0.1"),
        "cvar95": q("-0.1"),
        "calmar": None,
        "ulcer": 0,
    }


def attributions() -> Iterator[Case]:
    spot_p = [[100.0, 90.0, 96.0, 99.0], [20.0, 21.5, 19.0, 18.5]]
    fut_p = [100.5, 90.2, 96.1, 99.4]
    inputs = {"spot_q": [5.0, 30.0], "spot_p": spot_p, "short_q": [4.0, 2.5, 3.0], "fut_p": fut_p}
    inputs |= {"funding": [0.4, -0.1, 0.25], "fees": [0.8, 0.3], "slippage": [0.2, 0.05]}
    f = [q(x) for x in fut_p]
    spot = sum(
        (
            q(a) * sum((q(p[t + 1]) - q(p[t]) for t in range(3)), Fraction(0))
            for a, p in zip([5, 30], spot_p, strict=True)
        ),
        q(0),
    )
    short = q(4) * (f[0] - f[1]) + q(2.5) * (f[1] - f[2]) + q(3) * (f[2] - f[3])
    total = spot + short + q("0.55") - q("1.1") - q("0.25")
    expected = {"spot": spot, "short_price": short, "funding": q("0.55"), "fees": q("-1.1"), "slippage": q("-0.25")}
    yield "pnl_attribution", inputs, {**expected, "total": total}, "period by period in fractions"
