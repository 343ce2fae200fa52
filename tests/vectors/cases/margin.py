"""Liquidation prices and leverage."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tests.vectors.cases.exact import D, bisect, d, normal_below, q

Case = tuple[Any, ...]
ROOT = "bisection on equity minus maintenance margin"
FLOORS = [0, 20000, 100000, 500000]
RATES = [0.005, 0.01, 0.02, 0.05]


def cases() -> Iterator[Case]:
    yield from linear()
    yield from coins()
    yield from states()
    yield from rallies()
    yield from joint()


def crossing(equity: Callable[[Decimal], Decimal]) -> Decimal | None:
    """Where equity in excess of maintenance is zero, if it ever is at a price above zero."""
    low, high = "1e-9", "1e9"
    return bisect(equity, low, high) if (equity(D(low)) > 0) != (equity(D(high)) > 0) else None


def linear() -> Iterator[Case]:
    rows = (
        ("short", 2500.0, 8.0, 9000.0, 0.01, 0.0, 0.0),
        ("short", 0.5, 40000.0, 4000.0, 0.02, 120.0, 0.001),
        ("long", 2500.0, 8.0, 6000.0, 0.01, 30.0, 0.0005),
        ("long", 2500.0, 8.0, 25000.0, 0.01, 0.0, 0.0),
    )
    for side, entry, qty, margin, mmr, amount, fee in rows:
        sign = 1 if side == "long" else -1

        def excess(
            p: Decimal, s: int = sign, row: tuple[float, ...] = (entry, qty, margin, mmr, amount, fee)
        ) -> Decimal:
            e, n, w, m, a, f = (d(x) for x in row)
            return w + s * n * (p - e) - (n * p * (m + f) - a)

        base = {"side": side, "entry": entry, "qty": qty, "mmr": mmr, "maint_amount": amount}
        price = crossing(excess)
        yield "liq_price_linear", {**base, "margin": margin, "fee": fee}, {"liq_price": price}, ROOT
        if fee == 0:
            parts = {"wallet": margin + 700.0, "other_upnl": -500.0, "other_mm": 200.0}
            yield "liq_price_linear_cross", {**base, **parts}, {"liq_price": price}, ROOT
    for side, qty, margin in (
        ("short", 2.0, 3000.0),
        ("short", 60.0, 100000.0),
        ("long", 30.0, 20000.0),
        ("long", 1.0, 9000.0),
    ):
        yield "liq_price_linear_tiered", *tiered(side, 2500.0, qty, margin), ROOT


def tiered(side: str, entry: float, qty: float, margin: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Maintenance margin as the sum over slices of notional, each at its own rate."""

    def maintenance(notional: Decimal) -> Decimal:
        bounds = [d(x) for x in FLOORS] + [D("1e30")]
        slices = [max(D(0), min(notional, bounds[k + 1]) - bounds[k]) for k in range(len(FLOORS))]
        return sum((s * d(r) for s, r in zip(slices, RATES, strict=True)), D(0))

    sign = 1 if side == "long" else -1
    price = crossing(lambda p: d(margin) + sign * d(qty) * (p - d(entry)) - maintenance(d(qty) * p))
    notional = None if price is None else price * d(qty)
    tier = None if notional is None else max(k for k, floor in enumerate(FLOORS) if floor <= notional)
    amounts = [d(f) * d(r) - maintenance(d(f)) for f, r in zip(FLOORS, RATES, strict=True)]
    inputs = {"side": side, "entry": entry, "qty": qty, "margin": margin, "floors": FLOORS, "mmrs": RATES}
    return inputs, {"maint_amounts": amounts, "liq_price": price, "tier_index": tier, "notional_at_liq": notional}


def coins() -> Iterator[Case]:
    for side, entry, face, wallet, mmr in (
        ("short", 40000.0, 60000.0, 0.5, 0.01),
        ("short", 40000.0, 20000.0, 0.6, 0.01),
        ("long", 40000.0, 60000.0, 0.5, 0.01),
    ):
        s = 1 if side == "long" else -1

        def excess(p: Decimal, s: int = s, row: tuple[float, ...] = (entry, face, wallet, mmr)) -> Decimal:
            e, n, w, m = (d(x) for x in row)
            return w + s * n * (1 / e - 1 / p) - n * m / p

        inputs = {"side": side, "entry": entry, "face_usd": face, "wallet_coin": wallet, "mmr": mmr}
        yield "liq_price_inverse", inputs, {"liq_price": crossing(excess)}, ROOT
    for coin, haircut in ((0.3, 0.1), (1.5, 0.05)):
        price = crossing(
            lambda p, c=coin, h=haircut: D(4000) + d(c) * (1 - d(h)) * p + D(40000) - p - p * d(0.02)  # type: ignore[misc]
        )
        inputs_ = {"entry": 40000.0, "qty": 1.0, "cash": 4000.0, "coin": coin, "haircut": haircut, "mmr": 0.02}
        yield "liq_price_short_coin_collateral", inputs_, {"liq_price": price}, ROOT


def states() -> Iterator[Case]:
    for mark, entry, qty, wallet, mmr in ((2700.0, 2500.0, 4.0, 5000.0, 0.01), (2200.0, 2500.0, 4.0, 5000.0, 0.02)):
        m, e, n, w, r = (q(x) for x in (mark, entry, qty, wallet, mmr))
        equity = w - n * (m - e)
        levels = [d(x) for x in (wallet, qty, entry, mmr)]
        price = crossing(lambda p, x=levels: x[0] - x[1] * (p - x[2]) - x[1] * p * x[3])  # type: ignore[misc]
        expected: dict[str, Any] = {
            "equity": equity,
            "notional": n * m,
            "leverage": n * m / equity,
            "maint_margin": n * m * r,
            "margin_ratio": n * m * r / equity,
            "liq_price": price,
            "liq_distance": (price - d(mark)) / d(mark) if price else None,
        }
        yield (
            "short_margin_state",
            {"mark": mark, "entry": entry, "qty": qty, "wallet": wallet, "mmr": mmr},
            expected,
            ROOT,
        )
    for mark, qty, own_, lev in ((2700.0, 4.0, 4200.0, 1.5), (2700.0, 4.0, 10800.0, 1.0), (100.0, 7.0, 120.0, 3.0)):
        short, own, goal = q(mark) * q(qty), q(own_), q(lev)
        both = {"top_up": max(short / goal - own, q(0)), "reduce_notional": max(short - goal * own, q(0))}
        yield "top_up_or_reduce", {"mark": mark, "qty": qty, "equity": own_, "lev_target": lev}, both, "fractions"


def rallies() -> Iterator[Case]:
    for c, n, lev, mmr in ((12000.0, 9000.0, 1.5, 0.01), (4000.0, 9000.0, 3.0, 0.02)):
        cap = crossing(lambda g, c=c, n=n, lev=lev: d(c) - d(n) * (g - 1) - d(n) * g / d(lev))  # type: ignore[misc]
        end = crossing(lambda g, c=c, n=n, m=mmr: d(c) - d(n) * (g - 1) - d(n) * g * d(m))  # type: ignore[misc]
        expected = {"to_lev_cap": cap - 1 if cap else None, "to_liquidation": end - 1 if end else None}
        yield "survivable_rally", {"collateral": c, "notional": n, "lev_cap": lev, "mmr": mmr}, expected, ROOT
    loose = {"rel": 1e-7, "abs": 1e-12}
    drifts: tuple[tuple[float, float, int, dict[str, Any]], ...] = (
        (0.4, 0.8, 20, {}),
        (0.25, 0.5, 60, {"mu": -0.3}),
        (0.5, 0.7, 14, {"k": 1.5, "drift_mode": "zero_log"}),
    )
    for move, sigma, days, extra in drifts:
        touched = first_passage(move, sigma, days, **extra)
        inputs = {"move": move, "sigma": sigma, "days": days, **extra}
        yield "touch_probability", inputs, {"probability": touched}, "integral of the first-passage density", loose
    for sigma, days, p, mmr, k, top in (
        (0.5, 1, 2.74e-5, 0.005, 1.5, 2.0),
        (0.8, 3, 8.2e-5, 0.01, 1.5, 3.0),
        (1.3, 30, 8e-4, 0.02, 2.0, 1.0),
    ):
        z = bisect(lambda x, p=p: normal_below(x) - (1 - d(p) / 2), "0", "8")  # type: ignore[misc]
        move_ = (d(k) * d(sigma) * (D(days) / 365).sqrt() * z).exp() - 1
        raw = crossing(lambda lev, m=mmr, u=move_: (1 + 1 / lev) - (1 + d(m)) * (1 + u))  # type: ignore[misc]
        assert raw is not None
        expected = {"z": z, "stress_move": move_, "leverage_raw": raw, "leverage_cap": min(raw, d(top))}
        inputs = {"sigma": sigma, "days": days, "p": p, "mmr": mmr, "k": k, "lev_max": top}
        yield "leverage_cap", inputs, expected, "quantile by bisection of a power series"


def first_passage(
    move: float, sigma: float, days: float, mu: float = 0.0, k: float = 1.0, drift_mode: str = ""
) -> Decimal:
    """Simpson's rule over the inverse-Gaussian density of the first time the logarithm reaches the barrier."""
    s, b, end = d(k) * d(sigma), (1 + d(move)).ln(), D(days) / 365
    nu = D(0) if drift_mode == "zero_log" else d(mu) - s * s / 2
    two_pi = 2 * D("3.141592653589793238462643383279502884197")
    steps = 600

    def density(t: Decimal) -> Decimal:
        if t == 0:
            return D(0)
        return b / (s * (two_pi * t * t * t).sqrt()) * (-((b - nu * t) ** 2) / (2 * s * s * t)).exp()

    h = end / steps
    total = density(D(0)) + density(end)
    total += sum((density(h * i) * (4 if i % 2 else 2) for i in range(1, steps)), D(0))
    return total * h / 3


def joint() -> Iterator[Case]:
    for r2, m, g, xi, loc, scale in ((0.98, 0.4, 1.0, 0.4, 0.12, 0.12), (0.9, 0.8, 2.0, 0.2, 0.08, 0.07)):
        m0 = 0.02

        def tail(theta: Decimal, row: tuple[float, ...] = (m, m0, xi, loc, scale)) -> Decimal:
            mm, mn, x, mu, beta = (d(v) for v in row)
            inside = 1 + x * ((mm / theta - mn) / (1 + mn) - mu) / beta
            return 1 - (-((-inside.ln() / x).exp())).exp() if inside > 0 else D(1)

        def loss(
            theta: Decimal, row: tuple[float, float] = (r2, g), tail: Callable[[Decimal], Decimal] = tail
        ) -> Decimal:
            return 1 - 2 * d(row[0]) * theta + d(row[0]) * theta**2 + d(row[1]) * tail(theta)

        center, width = D("0.5"), D("0.5")
        for _ in range(9):
            grid = [center + width * i / 40 for i in range(-39, 41)]
            center = min((x for x in grid if 0 < x <= 1), key=loss)
            width /= 10
        expected = {
            "theta": center,
            "liq_probability": tail(center),
            "liq_probability_at_h_mv": tail(D(1)),
            "leverage": center / d(m),
            "objective": loss(center),
        }
        inputs = {"h_mv": 1.0, "r2": r2, "m": m, "m0": m0, "gamma": g, "xi": xi, "loc": loc, "scale": scale}
        yield "hedge_with_liquidation", inputs, expected, "nested grids", {"rel": 1e-5, "abs": 1e-7}
