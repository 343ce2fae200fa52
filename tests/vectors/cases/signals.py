"""Volatility, the ratios made of it, and the volume profile."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.vectors.cases.exact import D, average, bisect, cross, d, market, q, root

Case = tuple[Any, ...]
YEAR = 365


def cases() -> Iterator[Case]:
    yield from averages()
    yield from ranges()
    yield from ratios()
    yield from profiles()
    yield from gates()


def faded(squares: list[Decimal], lam: float, n0: int) -> dict[str, Decimal]:
    """Explicit weights from the newest value back; what is left belongs to the seed."""
    total, weight = D(0), 1 - d(lam)
    for value in reversed(squares[n0:]):
        total, weight = total + weight * value, weight * d(lam)
    total += weight / (1 - d(lam)) * sum(squares[:n0], D(0)) / n0
    return {"var_daily": total, "vol_annual": (total * YEAR).sqrt()}


def averages() -> Iterator[Case]:
    for seed, lam, n0 in ((71, 0.97, 15), (72, 0.9, 1)):
        r = market(seed, 35)
        seeded = faded([d(x) ** 2 for x in r], lam, n0)
        yield "vol_ewma", {"r": r, "lam": lam, "n0": n0}, seeded, "explicit weights from the newest back"
    for omega, alpha, beta, var0, horizon in ((2e-5, 0.1, 0.85, 0.0012, 7), (1e-5, 0.05, 0.93, 0.0004, 90)):
        r = market(73, 20)
        v = q(f"{var0:f}")
        w, a, b = (q(f"{x:f}") for x in (omega, alpha, beta))
        for x in r:
            v = w + a * q(x) ** 2 + b * v
        path = [d(v)]
        while len(path) < horizon:
            path.append(d(w) + (d(a) + d(b)) * path[-1])
        mean = sum(path, D(0)) / horizon
        inputs = {"r": r, "omega": omega, "alpha": alpha, "beta": beta, "var0": var0, "horizon": horizon}
        expected: dict[str, Any] = {
            "next_var": v,
            "long_run_var": w / (1 - a - b),
            "mean_var": mean,
            "vol_annual": (mean * YEAR).sqrt(),
        }
        yield "garch_forecast", inputs, expected, "day by day", {"rel": 1e-8, "abs": 1e-13}


def ranges() -> Iterator[Case]:
    o, h, low, c = [], [], [], []
    price = 2500.0
    for move, up, down in zip(market(81, 15), market(82, 15), market(83, 15), strict=True):
        o.append(round(price * 1.001, 2))
        price = round(price * (1 + move), 2)
        c.append(price)
        h.append(round(max(o[-1], price) * (1 + abs(up) / 2), 2))
        low.append(round(min(o[-1], price) * (1 - abs(down) / 2), 2))
    logs = [[d(x).ln() for x in row] for row in (o, h, low, c)]
    lo, lh, ll, lc = logs
    n, two = len(o), D(2).ln()
    park = [(a - b) ** 2 / (4 * two) for a, b in zip(lh, ll, strict=True)]
    for lam, n0 in ((0.97, 5), (0.94, 10)):
        yield "parkinson_ewma", {"h": h, "l": low, "lam": lam, "n0": n0}, faded(park, lam, n0), "explicit weights"
    previous = [d(2490.0).ln(), *lc[:-1]]
    gk = [(a - b) ** 2 / 2 - (2 * two - 1) * (x - y) ** 2 for a, b, x, y in zip(lh, ll, lc, lo, strict=True)]
    rs = [(a - x) * (a - y) + (b - x) * (b - y) for a, b, x, y in zip(lh, ll, lc, lo, strict=True)]

    def spread(values: list[Decimal]) -> Decimal:
        return (sum((x * x for x in values), D(0)) - sum(values, D(0)) ** 2 / n) / (n - 1)

    k = D("0.34") / (D("1.34") + D(n + 1) / (n - 1))
    body, gap = [x - y for x, y in zip(lc, lo, strict=True)], [y - p for y, p in zip(lo, previous, strict=True)]
    yz = spread(gap) + k * spread(body) + (1 - k) * sum(rs, D(0)) / n
    daily = {
        "close_close": spread([x - p for x, p in zip(lc, previous, strict=True)]),
        "parkinson": sum(park, D(0)) / n,
        "garman_klass": sum(gk, D(0)) / n,
        "rogers_satchell": sum(rs, D(0)) / n,
        "yang_zhang": yz,
    }
    expected = {name: (v * YEAR).sqrt() for name, v in daily.items()} | {"yz_k": k}
    yield "range_vols", {"o": o, "h": h, "l": low, "c": c, "c_prev": 2490.0}, expected, "decimal logarithms"


def ratios() -> Iterator[Case]:
    for rv, dvol, w, k, floor in ((0.7, 52.0, 0.4, 0.9, 0.3), (0.2, 20.0, 0.5, 0.9, 0.36), (0.5, None, 0.5, 0.9, 0.3)):
        variance = q(rv) ** 2 if dvol is None else (1 - q(w)) * q(rv) ** 2 + q(w) * (q(k) * q(dvol) / 100) ** 2
        inputs = {"sig_rv": rv, "dvol_points": dvol, "w_iv": w, "k_iv": k, "floor": floor}
        yield "vol_blend", inputs, {"vol": max(root(variance), d(floor))}, "fractions"
    for seed, few, many in ((91, 9, 90), (92, 3, 30)):
        f = [round(0.0001 + x / 200, 7) for x in market(seed, 95)]
        rows = [q(f"{x:.7f}") for x in f]
        tail = rows[-many:]
        z = d(average(rows[-few:]) - average(tail)) / root(cross(tail, tail) / (many - 1))
        yield "funding_z", {"f": f, "n_short": few, "n_long": many}, {"z": z}, "raw moments"
    for sigma, target, limits, h in (
        (0.9, 0.45, {}, q("0.5")),
        (0.4, 0.45, {}, q(0)),
        (1.2, 0.3, {"h_max": 0.6}, q("0.6")),
        (0.5, 0.45, {"h_min": 0.25}, q("0.25")),
    ):
        yield "h_vol_target", {"sigma": sigma, "target": target, **limits}, {"h": h}, "by hand"
    for sigma, beta, rest, target in ((0.7, 1.1, 0.3, 0.5), (0.3, 1.0, 0.2, 0.6), (0.7, 1.1, 0.5, 0.5)):
        feasible = rest < target
        ratio = D(1)
        if feasible:
            goal = d(target) ** 2 - d(rest) ** 2
            ratio = bisect(lambda x, b=beta, s=sigma, g=goal: g - ((1 - x) * d(b) * d(s)) ** 2, "-50", "1")  # type: ignore[misc]
        inputs = {"sigma_m": sigma, "beta": beta, "sigma_res": rest, "target": target}
        yield (
            "h_vol_target_proxy",
            inputs,
            {"h": max(ratio, D(0)), "feasible": feasible},
            "bisection on the hedged volatility",
        )
    wanted = [0.1, 0.3, 0.24, 0.18, 0.3, 0.2, 0.2, 0.2, 0.475, 0.425]
    held = [0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.2, 0.5, 0.5]
    inputs_ = {"targets": wanted, "h0": 0.0, "band": 0.05, "confirm_down": 3, "step": 0.05}
    yield "hysteresis", inputs_, {"h": held, "trades": 4}, "by hand: the third lower one counts, a return starts again"
    inputs_ = {"targets": [0.05, 0.0501, 0.0], "h0": 0.0, "band": 0.05, "confirm_down": 1, "step": 0.01}
    yield "hysteresis", inputs_, {"h": [0.0, 0.05, 0.05], "trades": 1}, "by hand: a gap of just the band is no reason"


def profiles() -> Iterator[Case]:
    first = [[12.5, 10.0, 25], [13.0, 11.0, 40], [12.0, 11.5, 30], [15.5, 12.0, 35], [11.0, 11.0, 6], [16.0, 16.0, 4]]
    second = [[1.6, 1.0, 12], [1.4, 1.2, 30], [2.6, 2.2, 34], [2.4, 2.2, 10], [3.4, 0.5, 29]]
    for bars, origin, width, bins in ((first, 10.0, 1.0, 6), (second, 1.0, 0.2, 10)):
        inputs = {"bars": bars, "origin": origin, "width": width, "nbins": bins, "pct": 0.7}
        yield "profile_levels", inputs, levels(bars, q(origin), q(width), bins), "cumulative volume at every edge"


def levels(bars: list[list[float]], origin: Fraction, width: Fraction, bins: int) -> dict[str, Any]:
    edges = [origin + k * width for k in range(bins + 1)]

    def below(edge: Fraction, *, closed: bool) -> Fraction:
        """Volume traded below an edge; a bar without range counts below the first edge above it."""
        total = Fraction(0)
        for high, low, volume in bars:
            top, bottom = q(high), q(low)
            if top == bottom:
                total += q(volume) if bottom < edge or (closed and bottom == edge) else 0
            else:
                total += q(volume) * max(Fraction(0), min(Fraction(1), (edge - bottom) / (top - bottom)))
        return total

    volume = [below(edges[k + 1], closed=k == bins - 1) - below(edges[k], closed=False) for k in range(bins)]
    middle = Fraction(bins - 1, 2)
    poc = min(range(bins), key=lambda k: (-volume[k], abs(k - middle), k))
    one, two = grow(volume, poc, 1), grow(volume, poc, 2)
    pad = [volume[0], *volume, volume[-1]]
    soft = [(pad[k] + 2 * pad[k + 1] + pad[k + 2]) / 4 for k in range(bins)]
    mean = average(soft)
    outer = [Fraction(-1), *soft, Fraction(-1)]
    high = [k for k in range(bins) if outer[k] < soft[k] >= outer[k + 2] and soft[k] >= mean * 5 / 4]
    low_nodes = [k for k in range(1, bins - 1) if soft[k - 1] > soft[k] <= soft[k + 1] and soft[k] <= mean / 2]
    return {
        "volume": volume,
        "poc_price": edges[poc] + width / 2,
        "val": edges[min(one)],
        "vah": edges[max(one) + 1],
        "va_volume_share": sum((volume[k] for k in one), Fraction(0)) / sum(volume, Fraction(0)),
        "val_two_row": edges[min(two)],
        "vah_two_row": edges[max(two) + 1],
        "smoothed": soft,
        "hvn": [edges[k] + width / 2 for k in high],
        "lvn": [edges[k] + width / 2 for k in low_nodes],
    }


def grow(volume: list[Fraction], poc: int, rows: int) -> set[int]:
    area = {poc}
    while sum((volume[k] for k in area), Fraction(0)) < q(0.7) * sum(volume, Fraction(0)):
        up = [k for k in range(max(area) + 1, max(area) + 1 + rows) if k < len(volume)]
        down = [k for k in range(min(area) - rows, min(area)) if k >= 0]
        more = sum((volume[k] for k in up), Fraction(0)) >= sum((volume[k] for k in down), Fraction(0))
        area |= set(up) if up and (more or not down) else set(down)
    return area


def gates() -> Iterator[Case]:
    table = (
        ("reduce_short", 2500.0, 0.0, False, True, "level"),
        ("reduce_short", 2464.9, 1.0, False, False, "wait"),
        ("increase_short", 2510.0, 1.0, False, True, "level"),
        ("increase_short", 2520.1, 1.0, False, False, "wait"),
        ("increase_short", 2440.0, 12.5, False, True, "timeout"),
        ("reduce_short", 2600.0, 0.0, True, True, "bypass"),
    )
    for action, price, waited, urgent, allow, reason in table:
        inputs = {"action": action, "price": price, "levels": [2490.0, 2700.0], "tol": 40.0, "waited_h": waited}
        inputs |= {"max_wait_h": 12.0, "urgent": urgent}
        yield "vp_gate", inputs, {"allow": allow, "reason": reason}, "by hand"
