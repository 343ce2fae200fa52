"""Hedge ratios, bands and the allocation overlay."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.vectors.cases.exact import D, average, bisect, cross, d, market, q, root

Case = tuple[Any, ...]


def cases() -> Iterator[Case]:
    yield from counting()
    yield from pairs()
    yield from matrices()
    yield from bands()
    yield from overlays()


def counting() -> Iterator[Case]:
    how = "exact fractions"
    for spot, short in ((48000, 12000), (7300, 9125), (2500, 0)):
        inverted = q(spot) / q(short) if short else None
        yield (
            "notional_ratio",
            {"spot_value": spot, "short_notional": short},
            {"h": q(short) / q(spot), "inverted_article_ratio": inverted},
            how,
        )
    grids = (
        (2500.0, 2512.4, "linear", 0.01, 1.0, 1.0, 5.0),
        (780.0, 41250.5, "linear", 1.0, 0.001, 0.02, 5.0),
        (1234.5, 2512.4, "inverse", 10.0, 1.0, 1.0, 0.0),
        (9.9, 2512.4, "inverse", 10.0, 1.0, 1.0, 0.0),
    )
    for target, price, kind, size, step, fewest, least in grids:
        unit = q(size) * (q(price) if kind == "linear" else 1)
        count = (q(target) / unit / q(step)).__floor__() * q(step)
        if count < q(fewest) or count * unit < q(least):
            count = Fraction(0)
        inputs = {"target_notional": target, "price": price, "kind": kind, "contract_size": size, "step": step}
        expected = {"contracts": count, "notional": count * unit, "residual": q(target) - count * unit}
        yield "contracts_for_notional", {**inputs, "min_contracts": fewest, "min_notional": least}, expected, how
    for coins, equity, face, price in ((0.8, 0.35, 42000.0, 40000.0), (0.0, 2.5, 100000.0, 62500.0)):
        yield (
            "net_delta_coin",
            {"q_spot": coins, "equity_coin": equity, "short_face_usd": face, "F": price},
            {"net_delta_coin": q(coins) + q(equity) - q(face) / q(price)},
            how,
        )


def pairs() -> Iterator[Case]:
    futures = market(11, 40)
    noise = market(12, 40, scale=0.008)
    for beta in (1.0, 1.4):
        spot = [round(beta * f + e, 5) for f, e in zip(futures, noise, strict=True)]
        s, f = [q(x) for x in spot], [q(x) for x in futures]
        h = cross(s, f) / cross(f, f)
        left = cross(s, s) - h * cross(s, f)
        expected = {
            "h": h,
            "alpha": average(s) - h * average(f),
            "r2": cross(s, f) ** 2 / (cross(s, s) * cross(f, f)),
            "se_h": root(left / (len(s) - 2) / cross(f, f)),
        }
        yield "mv_ratio", {"dS": spot, "dF": futures}, expected, "raw moments in fractions"
        for lam, n0 in ((0.97, 8), (0.94, 1)):
            weight = [q(lam) ** (len(f) - n0) / n0] * n0
            weight += [(1 - q(lam)) * q(lam) ** (len(f) - 1 - i) for i in range(n0, len(f))]
            cov = sum((w * a * b for w, a, b in zip(weight, s, f, strict=True)), Fraction(0))
            var = sum((w * b * b for w, b in zip(weight, f, strict=True)), Fraction(0))
            yield (
                "ewma_mv_ratio",
                {"rS": spot, "rF": futures, "lam": lam, "n0": n0},
                {"h": cov / var, "cov": cov, "var_f": var},
                "explicit weights in fractions",
            )
    for beta, error, prior, spread in ((1.8, 0.25, 1.0, 0.3), (0.4, 0.05, 0.9, 0.2)):
        data, belief = 1 / q(error) ** 2, 1 / q(spread) ** 2
        yield (
            "beta_shrink",
            {"beta": beta, "se": error, "prior": prior, "prior_sd": spread},
            {"weight_data": data / (data + belief), "beta": (data * q(beta) + belief * q(prior)) / (data + belief)},
            "precisions in fractions",
        )
    after = [round(40000 * (1 + r), 1) for r in futures]
    spot_after = [round(40000 * (1 + 0.98 * r + e), 1) for r, e in zip(futures, noise, strict=True)]
    for coins in (1.5, 4.0):
        s = [q(x) - 39950 for x in spot_after]
        x = [q(a) * (1 / q(40000) - 1 / q(b)) for a, b in zip(spot_after, after, strict=True)]
        yield (
            "inverse_mv_face",
            {"q": coins, "S0": 39950.0, "F0": 40000.0, "S1": spot_after, "F1": after},
            {"face_usd": q(coins) * cross(s, x) / cross(x, x), "r2": cross(s, x) ** 2 / cross(s, s) / cross(x, x)},
            "raw moments in fractions",
        )


def matrices() -> Iterator[Case]:
    common = market(21, 24)
    for assets, own in ((2, 0.01), (3, 0.025)):
        columns = [
            [round(c + e, 5) for c, e in zip(common, market(30 + j, 24, scale=own), strict=True)] for j in range(assets)
        ]
        yield (
            "ledoit_wolf",
            {"X": [list(row) for row in zip(*columns, strict=True)]},
            shrunk(columns),
            "sums in fractions",
        )
    s_ff = [[0.36, 0.38], [0.38, 0.64]]
    s_fs = [[0.35, 0.37, 0.41], [0.37, 0.62, 0.60]]
    s_ss = [[0.35, 0.37, 0.40], [0.37, 0.63, 0.61], [0.40, 0.61, 1.21]]
    problems = (
        ([30000, 20000, 10000], None, None),
        ([30000, 20000, 10000], [26000, 30000], 50000),
        ([0, 0, 15000], [30000, 30000], 9000),
        ([50000, 0, 0], [30000, 4000], None),
    )
    for v, cap, total in problems:
        inputs: dict[str, Any] = {"v": v, "S_SS": s_ss, "S_FF": s_ff, "S_FS": s_fs}
        inputs |= {"cap": cap} if cap else {}
        inputs |= {"total_cap": total} if total else {}
        tolerance = {"rel": 1e-7, "abs": 1e-6}
        yield "mv_multi", inputs, least_variance(inputs), "best point of every edge of the allowed area", tolerance


def shrunk(columns: list[list[float]]) -> dict[str, Any]:
    n, p = len(columns[0]), len(columns)
    centred = [[q(x) - average([q(y) for y in column]) for x in column] for column in columns]
    s = [
        [sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0)) / n for right in centred]
        for left in centred
    ]
    mu = sum((s[j][j] for j in range(p)), Fraction(0)) / p
    far = sum(((s[a][b] - (mu if a == b else 0)) ** 2 for a in range(p) for b in range(p)), Fraction(0)) / p
    wide = Fraction(0)
    for t in range(n):
        wide += (
            sum(((centred[a][t] * centred[b][t] - s[a][b]) ** 2 for a in range(p) for b in range(p)), Fraction(0)) / p
        )
    weight = min(wide / n**2, far) / far
    cov = [[(1 - weight) * s[a][b] + (weight * mu if a == b else 0) for b in range(p)] for a in range(p)]
    return {"shrinkage": weight, "cov": cov}


def least_variance(inputs: dict[str, Any]) -> dict[str, Any]:
    """Two instruments: the free optimum if allowed, else the best point of the edges of the allowed polygon."""
    v = [q(x) for x in inputs["v"]]
    ff = [[q(x) for x in row] for row in inputs["S_FF"]]
    pull = [sum((q(x) * y for x, y in zip(row, v, strict=True)), Fraction(0)) for row in inputs["S_FS"]]
    ss = [[q(x) for x in row] for row in inputs["S_SS"]]
    unhedged = sum((v[a] * ss[a][b] * v[b] for a in range(len(v)) for b in range(len(v))), Fraction(0))
    det = ff[0][0] * ff[1][1] - ff[0][1] ** 2
    free = ((ff[1][1] * pull[0] - ff[0][1] * pull[1]) / det, (ff[0][0] * pull[1] - ff[0][1] * pull[0]) / det)
    big = Fraction(10**7)
    cap = [q(x) for x in inputs.get("cap", [big, big])]
    total = q(inputs["total_cap"]) if "total_cap" in inputs else 2 * big

    def allowed(n: tuple[Fraction, Fraction]) -> bool:
        return all(0 <= x <= c for x, c in zip(n, cap, strict=True)) and sum(n) <= total

    def variance(n: tuple[Fraction, Fraction]) -> Fraction:
        square = ff[0][0] * n[0] ** 2 + 2 * ff[0][1] * n[0] * n[1] + ff[1][1] * n[1] ** 2
        return unhedged - 2 * (n[0] * pull[0] + n[1] * pull[1]) + square

    spots = [free] if allowed(free) else []
    lines: list[tuple[tuple[Any, Any], tuple[int, int]]] = [
        ((0, 0), (0, 1)),
        ((0, 0), (1, 0)),
        ((cap[0], 0), (0, 1)),
        ((0, cap[1]), (1, 0)),
        ((total, 0), (-1, 1)),
    ]
    for start, along in lines:
        base = (Fraction(start[0]), Fraction(start[1]))
        slope = along[0] * (pull[0] - ff[0][0] * base[0] - ff[0][1] * base[1])
        slope += along[1] * (pull[1] - ff[0][1] * base[0] - ff[1][1] * base[1])
        bend = ff[0][0] * along[0] ** 2 + 2 * ff[0][1] * along[0] * along[1] + ff[1][1] * along[1] ** 2
        stops = [slope / bend, Fraction(0), cap[0], cap[1], total - cap[0], total - cap[1], total, -total + cap[1]]
        points = [(base[0] + along[0] * t, base[1] + along[1] * t) for t in stops]
        spots += [point for point in points if allowed(point)]
    best = min(spots, key=variance)
    return {
        "n_unconstrained": list(free),
        "n": list(best),
        "var_unhedged": unhedged,
        "var_hedged": variance(best),
        "var_reduction": 1 - variance(best) / unhedged,
    }


def bands() -> Iterator[Case]:
    how = "root of the slope of the yearly cost"
    for cost, g, sigma, nu in ((0.0025, 3.0, 0.9, 0.2), (0.0004, 1.5, 0.5, 0.08)):
        inputs = {"cost": cost, "gamma": g, "sigma": sigma, "nu": nu}
        c, risk, speed = d(cost), d(g) * d(sigma) ** 2, d(nu) ** 2
        edge = bisect(lambda b, c=c, r=risk, s=speed: r * b / 3 - c * s / (2 * b * b), "1e-6", "10")  # type: ignore[misc]
        center = bisect(lambda b, c=c, r=risk, s=speed: r * b / 6 - c * s / (b * b), "1e-6", "10")  # type: ignore[misc]
        yield "band_edge", inputs, {"b": edge}, how
        yield "band_center", inputs, {"b": center}, how
        fixed = bisect(lambda b, c=c, r=risk, s=speed: r * b / 6 - 2 * c / 50 * s / b**3, "1e-6", "10")  # type: ignore[misc]
        yield "band_fixed", {"fixed": cost / 50, "gamma": g, "sigma": sigma, "nu": nu}, {"b": fixed}, how
        for mode, share, inner in (("edge", D("0.5"), 3), ("center", D(1), 6)):
            width = D("0.03")
            turnover, risk_cost = share * speed / width, risk / 2 * width * width / inner
            expected = {"turnover": turnover, "trading_cost": c * turnover, "risk_cost": risk_cost}
            total = {"total": c * turnover + risk_cost}
            yield "band_annual_cost", {"b": 0.03, **inputs, "mode": mode}, {**expected, **total}, "decimals"
    for w, cost, g in ((0.6, 0.0010, 3.0), (0.9, 0.0025, 2.0), (1.0, 0.0006, 3.0)):
        cube = D("1.5") * d(cost) / d(g) * (d(w) * (1 - d(w))) ** 2
        b = bisect(lambda x, cube=cube: x**3 - cube, "-1", "1") if cube else D(0)  # type: ignore[misc]
        yield "band_weight", {"w": w, "cost": cost, "gamma": g}, {"b": b}, "cube root by bisection"
    yield (
        "nu_vol_target",
        {"spot_share": 0.7, "sigma": 0.8, "target": 0.45, "vol_of_vol": 0.55},
        {"nu": q(0.7) * q(0.45) / q(0.8) * q(0.55)},
        "fractions",
    )
    for g, lam, rho in ((2.0, 150.0, 0.0005), (5.0, 40.0, 0.02)):
        keep, linear = 1 - d(rho), d(g) * (1 - d(rho)) + d(lam) * d(rho)
        a = bisect(lambda x, k=keep, n=linear, g=g, lam=lam: k * x * x + n * x - d(g) * d(lam) * k, "0", "1000")  # type: ignore[misc]
        yield "gp_rate", {"gamma": g, "lam": lam, "rho": rho}, {"a": a, "fraction": a / d(lam)}, "root of the quadratic"
    for current, target, half, mode, trade in (
        (0.40, 0.31, 0.04, "edge", q("-0.05")),
        (0.40, 0.31, 0.04, "center", q("-0.09")),
        (0.20, 0.25, 0.05, "edge", q(0)),
    ):
        inputs_ = {"current": current, "target": target, "b": half, "mode": mode}
        yield "rebalance", inputs_, {"trade": trade, "new": q(current) + trade}, "by hand"


def overlays() -> Iterator[Case]:
    how = "fractions"
    books = (
        ([70000.0], 20000.0, 10000.0, 5000.0, -250.0, 0.6, None, None),
        ([20000.0, 15000.0], 15000.0, 0.0, 4000.0, 120.0, 0.5, [1.0, 1.3], None),
        ([30000.0], 50000.0, 2000.0, 3000.0, 0.0, 0.6, None, None),
        ([90000.0], 10000.0, 0.0, 0.0, 0.0, 0.2, None, 0.5),
    )
    for spot, cash, margin, short, profit, w, beta, h_max in books:
        stable = q(cash) + q(margin) + q(profit)
        total = sum((q(x) for x in spot), stable)
        moving = sum((q(b) * q(x) for b, x in zip(beta or [1.0] * len(spot), spot, strict=True)), Fraction(0))
        target = sorted([Fraction(0), moving - q(w) * total, q(h_max or 1) * moving])[1]
        inputs = {"spot": spot, "cash": cash, "margin_wallets": margin, "short_notional": short, "short_upnl": profit}
        inputs |= {"target_w": w} | ({"beta": beta} if beta else {}) | ({"h_max": h_max} if h_max else {})
        expected = {
            "total": total,
            "spot_weight": 1 - stable / total,
            "exposure": moving - q(short),
            "effective_weight": (moving - q(short)) / total,
            "cash_weight": stable / total,
            "target_short": target,
            "trade": target - q(short),
            "hedge_ratio": target / moving,
            "residual_gap": (moving - target - q(w) * total) / total,
        }
        yield "overlay", inputs, expected, how
    for crypto, cash, short, r, w in ((50000.0, 30000.0, 8000.0, -0.12, 0.55), (60000.0, 40000.0, 0.0, 0.25, 0.6)):
        inputs_ = {"crypto": crypto, "cash": cash, "short0": short, "r": r, "target_w": w}
        yield "overlay_after_move", inputs_, moved(*(q(x) for x in (crypto, cash, short, r, w))), how
        start = q(crypto) * (1 - q(w)) - q(w) * q(cash)
        restore = -start / (q(crypto) * (1 - q(w)) + q(w) * q(short))
        inputs_ = {"crypto": crypto, "cash": cash, "short0": short, "target_w": w}
        yield "move_to_restore", inputs_, {"r": restore}, how
    for w, r in ((0.6, -0.2), (0.35, 0.5)):
        moved_part, still = q(w) * (1 + q(r)), 1 - q(w)
        yield "weight_drift", {"w": w, "r": r}, {"w": moved_part / (moved_part + still)}, how


def moved(crypto: Fraction, cash: Fraction, short: Fraction, r: Fraction, w: Fraction) -> dict[str, Fraction | Decimal]:
    after, gain = crypto * (1 + r), -short * r
    total = after + cash + gain
    target = max(Fraction(0), after - w * total)
    return {
        "crypto": after,
        "cash": cash + gain,
        "total": total,
        "short_pnl": gain,
        "spot_pnl": after - crypto,
        "net_pnl": total - crypto - cash,
        "short_notional": short * (1 + r),
        "spot_weight": after / total,
        "effective_weight": (after - short * (1 + r)) / total,
        "weight_if_closed": after / total,
        "target_short": target,
        "trade": target - short * (1 + r),
        "spot_sale_needed_if_closed": target,
    }
