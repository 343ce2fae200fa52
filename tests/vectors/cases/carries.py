"""Funding, basis and rolls."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.vectors.cases.exact import D, d, q

Case = tuple[Any, ...]
HAND = "fractions"


def cases() -> Iterator[Case]:
    for f, hours in ((0.00015, 8), (-0.00008, 4), (0.00002, 1)):
        rate, count = d(f"{f:f}"), D(8760) / hours
        compounded = (count * (1 + rate).ln()).exp() - 1
        yield (
            "funding_annualised",
            {"f": f, "interval_h": hours},
            {"simple": rate * count, "compounded": compounded},
            "ln, exp",
        )
    for premium, cap, capped in (
        (0.0005, None, "0.0001"),
        (-0.0011, None, "-0.0006"),
        (0.0090, 0.0075, "0.0075"),
        (0.0006, None, "0.0001"),
    ):
        inputs = {"premium": premium, "interest": 0.0001, "clamp": 0.0005, **({"cap": cap} if cap else {})}
        yield "funding_rate_from_premium", inputs, {"rate": q(capped)}, "by hand"
    marks, rates = [2500.0, 2450.0, 2600.0], [0.0001, -0.0003, 0.0002]
    coins = [q(m) * q(r) * 3 for m, r in zip(["2500", "2450", "2600"], ["0.0001", "-0.0003", "0.0002"], strict=True)]
    expected = {"payments": coins, "total": sum(coins, Fraction(0))}
    yield "funding_pnl_short", {"marks": marks, "rates": rates, "qty": 3.0}, expected, HAND
    each = [
        q(12000) / q(m) * q(r) for m, r in zip(["2500", "2450", "2600"], ["0.0001", "-0.0003", "0.0002"], strict=True)
    ]
    expected = {"payments_coin": each, "total_coin": sum(each, Fraction(0))}
    yield "funding_pnl_short_inverse", {"marks": marks, "rates": rates, "face_usd": 12000.0}, expected, HAND
    for f0, mean, phi, n in (
        ("0.0006", "0.0001", "0.8", 30),
        ("-0.0002", "0.00005", "0.9", 5),
        ("0.0003", "0.0001", "1", 12),
    ):
        now, total = q(f0), Fraction(0)
        for _ in range(n):
            now = q(mean) + q(phi) * (now - q(mean))
            total += now
        inputs = {"f0": float(f0), "mean": float(mean), "phi_": float(phi), "n": n}
        yield "funding_expected", inputs, {"sum": total}, "payment by payment"
    for f, s, days in ((2610.0, 2550.0, 60), (2500.0, 2525.0, 20)):
        ratio = q(f) / q(s)
        expected_ = {"premium": ratio - 1, "simple_annual": (ratio - 1) * 365 / days}
        yield (
            "basis",
            {"F": f, "S": s, "days": days},
            {**expected_, "continuous_annual": d(ratio).ln() * 365 / days},
            "ln",
        )
    yield from choices()
    yield from rolls()


def choices() -> Iterator[Case]:
    for horizon, perp, basis, tenor in (
        (30, "0.01", "0.05", 90),
        (181, "-0.02", "0.08", 90),
        (360, "0.06", "0.03", 120),
    ):
        count = 0
        while (count + 1) * tenor < horizon:
            count += 1
        perpetual = q(perp) - 2 * q("0.0005")
        dated = q(basis) * horizon / 365 - 2 * q("0.0008") - count * q("0.0014")
        inputs = {
            "horizon_days": horizon,
            "perp_sum_rate": float(perp),
            "basis_simple_annual": float(basis),
            "tenor_days": tenor,
        }
        costs = {"perp_entry_cost": 0.0005, "dated_entry_cost": 0.0008, "roll_cost": 0.0014}
        expected = {"rolls": count, "perp_net": perpetual, "dated_net": dated, "advantage_dated": dated - perpetual}
        yield (
            "carry_compare",
            {**inputs, **costs},
            {**expected, "annualised": (dated - perpetual) * 365 / horizon},
            HAND,
        )


def rolls() -> Iterator[Case]:
    costs = {
        "near_half_spread": 0.0001,
        "far_half_spread": 0.0004,
        "fee_near": 0.0002,
        "fee_far": 0.0005,
        "tenor_days": 28,
    }
    yield "roll_cost", costs, {"per_roll": q("0.0012"), "annualised": q("0.0012") * 365 / 28}, HAND
    for near, t1, t2, carry in ((2600.0, 15, 106, 0.07), (2600.0, 15, 45, -0.02)):
        far = D(2600) * (d(carry) * (t2 - t1) / 365).exp()
        yield "calendar_fair", {"F1": near, "t1_days": t1, "t2_days": t2, "carry_cont": carry}, {"F2": far}, "exp"
    for far_price, t1, t2 in ((2650.0, 15, 106), (2580.0, 3, 31)):
        implied = (d(far_price) / 2600).ln() * 365 / (t2 - t1)
        yield (
            "forward_carry",
            {"F1": 2600.0, "F2": far_price, "t1_days": t1, "t2_days": t2},
            {"carry_cont": implied},
            "ln",
        )
    table = ((7.5, 1.0, "hold"), (7, 6.0, "roll"), (3, 6.5, "wait"), (2, 1.0, "roll_now"), (0.5, 40.0, "roll_now"))
    for days, spread, action in table:
        inputs = {
            "days_to_expiry": days,
            "roll_start": 7,
            "roll_deadline": 2,
            "spread_cost_bps": spread,
            "max_cost_bps": 6.0,
        }
        yield "roll_decision", inputs, {"action": action}, "by hand"
