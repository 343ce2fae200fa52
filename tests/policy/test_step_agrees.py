"""The rules in their slots and the one-step arithmetic of the vectors come to the same ratio and the same short."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.policy.adjust_funding import FundingBudget, FundingCare
from bot.policy.adjust_volatility import VolatilityTarget
from bot.policy.estimators.volatility_target import Hysteresis, funding_deviation
from bot.policy.measured import VolatilityRule
from bot.policy.policy import Decision, SizeRule, decide
from bot.policy.scene import Memory
from bot.policy.size import Allocation, StaticRatio
from bot.policy.step import Limits, Situation, Wishes, policy_step
from tests.builders import d, margin, policy
from tests.policy.pasts import moving, paid, scene

SPOT = 60_000.0
AT_ONCE = Hysteresis(band=0.0, confirm_down=1, step=1e-6)
VOLATILITY = VolatilityTarget(target=d("0.45"), ceiling=d(1), measure=VolatilityRule(floor=0.0), hysteresis=AT_ONCE)
FUNDING = FundingCare(ratio_max=d(1), budget=FundingBudget(per_year=None))


def decided(size: SizeRule, cash: str, volatility: float, rates: list[float]) -> tuple[Decision, float]:
    """What the rules want of one BTC worth 60,000, and the total wealth they saw."""
    seen = scene(
        owned={"BTC": "1", "USDT": cash}, bars={"BTC": moving(volatility)}, funding={"BTC": paid(rates)}
    ).snapshot
    (shown,) = seen.venues
    seen = replace(seen, venues=(replace(shown, margins=(margin("0"),)),))
    rules = replace(policy(size), adjust=(VOLATILITY, FUNDING))
    decision = decide(rules, seen, Memory())
    return decision, float(decision.portfolio.total)


@given(
    st.decimals(0, 1, places=2),
    st.decimals("0.05", 1, places=2),
    st.booleans(),
    st.integers(0, 200_000),
    st.floats(0.05, 2.0),
    st.lists(st.floats(-0.002, 0.002), min_size=90, max_size=90),
)
def test_needs_tilt_and_clip_come_to_the_same_ratio(
    static: Decimal, weight: Decimal, allocating: bool, cash: int, volatility: float, rates: list[float]
) -> None:
    """For either size rule, any market and any funding, up to the millionths rules are rounded to."""
    size: SizeRule = StaticRatio(ratio=static, leverage_cap=d(2))
    if allocating:
        size = Allocation(crypto_max=weight, leverage_cap=d(2))
    decision, total = decided(size, str(cash), volatility, rates)
    stepped = policy_step(
        Situation(
            spot_value=SPOT,
            total=total,
            volatility=volatility,
            funding_deviation=funding_deviation(rates),
            short_notional=0.0,
            collateral=1e9,
            margin_ratio=0.0,
            leverage_cap=2.0,
        ),
        Wishes(
            target_weight=float(weight) if allocating else 1.0,
            ratio_static=0.0 if allocating else float(static),
        ),
        Limits(),
    )
    (need,) = decision.needs
    assert abs(float(need.short_notional) / SPOT - stepped.ratio) < 3e-6


@given(
    st.integers(1, 1000),
    st.decimals("0.05", 1, places=2),
    st.floats(0.05, 2.0),
    st.lists(st.floats(-0.002, 0.002), min_size=90, max_size=90),
)
def test_scaling_all_amounts_scales_the_needs(
    times: int, weight: Decimal, volatility: float, rates: list[float]
) -> None:
    """A family ten times as rich wants ten times the short."""
    size = Allocation(crypto_max=weight, leverage_cap=d(2))
    one, _ = decided(size, "30000", volatility, rates)
    seen = scene(
        owned={"BTC": str(times), "USDT": str(30_000 * times)},
        bars={"BTC": moving(volatility)},
        funding={"BTC": paid(rates)},
    ).snapshot
    (shown,) = seen.venues
    seen = replace(seen, venues=(replace(shown, margins=(margin("0"),)),))
    many = decide(replace(policy(size), adjust=(VOLATILITY, FUNDING)), seen, Memory())
    assert abs(many.needs[0].short_notional - times * one.needs[0].short_notional) <= d("1e-9") * times
