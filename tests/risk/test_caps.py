"""The leverage cap of an asset: the user's, or less where the price runs faster than collateral arrives."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.risk.caps import CapRule, Caps
from tests.builders import caps, d


def test_the_published_caps() -> None:
    """BTC at 60 % volatility: 3 with a day to respond, 2.6 with three, 1.7 with a week, 0.7 with a month."""
    expected = {1: "3", 3: "2.6", 7: "1.7", 30: "0.7"}
    for days, cap in expected.items():
        rule = CapRule(leverage_max=d(3), response_days=days, maintenance_rate=0.004)
        assert abs(Caps(rule=rule, volatility={"BTC": 0.6}).of("BTC").cap - d(cap)) < d("0.1")


def test_an_unknown_alt_is_held_below_an_unknown_major() -> None:
    """Without history the class decides: 2x stands for BTC, an alt gets 1.56x."""
    assert caps().of("BTC").cap == 2
    assert d("1.5") <= caps().of("PEPE").cap < d("1.6")
    assert "assumed" in caps().of("PEPE").reason


def test_a_cap_below_one_is_never_rounded_up() -> None:
    """A month without response: post more collateral than the short is worth."""
    slow = Caps(rule=CapRule(leverage_max=d(2), response_days=30))
    assert slow.of("SOL").cap < d("0.2")


@given(
    volatility=st.floats(min_value=0.05, max_value=3),
    more=st.floats(min_value=0, max_value=2),
    days=st.floats(min_value=0.1, max_value=60),
)
def test_more_volatility_or_a_slower_hand_never_raises_the_cap(volatility: float, more: float, days: float) -> None:
    """Both only ever take leverage away."""
    rule = CapRule(leverage_max=d(3), response_days=days)
    calm, wild = Caps(rule=rule, volatility={"BTC": volatility}), Caps(rule=rule, volatility={"BTC": volatility + more})
    slow = Caps(rule=CapRule(leverage_max=d(3), response_days=days * 2), volatility={"BTC": volatility})
    assert wild.of("BTC").cap <= calm.of("BTC").cap
    assert slow.of("BTC").cap <= calm.of("BTC").cap
    assert wild.of("BTC").stress_move >= calm.of("BTC").stress_move


@given(
    first=st.decimals(min_value="0.1", max_value=3, places=2),
    second=st.decimals(min_value="0.1", max_value=3, places=2),
)
def test_a_tighter_cap_of_the_user_never_raises_leverage(first: Decimal, second: Decimal) -> None:
    """The smaller wish gives the smaller or the same cap, for every class."""
    low, high = sorted((first, second))
    for asset in ("BTC", "SOL"):
        tight, wide = (Caps(rule=CapRule(leverage_max=wish)).of(asset).cap for wish in (low, high))
        assert tight <= wide
        assert tight <= low


@pytest.mark.parametrize("volatility", [0.0, 1e-9, 50.0])
def test_odd_volatilities_give_a_cap_all_the_same(volatility: float) -> None:
    """The cap is never skipped."""
    assert 0 < caps(BTC=volatility).of("BTC").cap <= 2
