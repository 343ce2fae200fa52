"""The no-trade band and who it never holds back."""

from dataclasses import replace

from bot.domain.hedge import Target
from bot.policy.policy import decide
from bot.policy.scene import Memory
from bot.policy.size import StaticRatio
from tests.builders import BTC, NOW, d, later, mark, policy, position, snapshot, view


def _held(
    amount: str, *, owned: str = "1", ratio: str = "0.5", memory: Memory | None = None, cooldown_s: float = 0
) -> Target:
    shown = view(positions=(position(amount=amount),) if amount != "0" else ())
    rule = StaticRatio(ratio=d(ratio), leverage_cap=d(2))
    decision = decide(policy(rule, cooldown_s=cooldown_s), snapshot(shown, ("BTC", owned)), memory or Memory())
    return decision.targets[0]


def test_opening_goes_to_the_wanted_ratio() -> None:
    """From flat the whole hedge is opened."""
    assert _held("0").amount == d("0.5")


def test_inside_the_band_nothing_is_done_and_it_says_why() -> None:
    """A gap of 4 % stays."""
    step = _held("-0.46")
    assert step.amount == d("0.46")
    assert "inside the band" in step.reasons[-1]


def test_outside_the_band_the_trade_goes_to_the_inner_edge() -> None:
    """A gap of 8 % is closed to 2 %, from both sides."""
    assert _held("-0.42").amount == d("0.48")
    assert _held("-0.58").amount == d("0.52")


def test_the_inner_edge_is_stable() -> None:
    """Where a step leads, no further step follows."""
    for start in ("-0.30", "-0.70"):
        reached = _held(start).amount
        assert _held(f"-{reached}").amount == reached


def test_a_short_above_what_is_owned_is_cut_at_once() -> None:
    """Half of the coins were withdrawn: the short follows even inside the band."""
    step = _held("-0.62", owned="0.6", ratio="1")
    assert step.amount == d("0.6")
    assert "cut at once" in step.reasons[-1]


def test_a_full_hedge_never_asks_for_more_than_there_is() -> None:
    """An index above the mark makes more contracts than coins: the coins are the limit."""
    shown = view(marks=(replace(mark(), index_price=d("60060")),))
    rule = StaticRatio(ratio=d(1), leverage_cap=d(2))
    assert decide(policy(rule), snapshot(shown, ("BTC", "1")), Memory()).targets[0].amount == d(1)


def test_an_excluded_asset_is_left_alone_unless_its_short_is_ours() -> None:
    """A short the user opened himself in an excluded asset gets no target."""
    seen = snapshot(view(positions=(position(amount="-0.5"),)), ("BTC", "1"))
    apart = replace(policy(), excluded=frozenset({"BTC"}))
    assert decide(apart, seen, Memory()).targets == ()
    assert len(decide(apart, seen, Memory(managed=frozenset({"BTC"}))).targets) == 1


def test_growth_rests_but_reduction_does_not() -> None:
    """The cooldown holds growth only."""
    recently = Memory(last_growth_at=NOW)
    assert _held("-0.30", memory=recently, cooldown_s=60).amount == d("0.30")
    assert _held("-0.70", memory=recently, cooldown_s=60).amount == d("0.52")
    assert _held("-0.30", memory=Memory(last_growth_at=later(-61)), cooldown_s=60).amount == d("0.48")


def test_a_clock_that_was_set_back_does_not_stop_growth_until_it_has_caught_up() -> None:
    """A growth of tomorrow is no reason to rest until then."""
    assert _held("-0.30", memory=Memory(last_growth_at=later(86_400)), cooldown_s=60).amount == d("0.48")
    assert _held("-0.30", memory=Memory(last_growth_at=later(86_400)), cooldown_s=0).amount == d("0.48")


def test_a_managed_short_without_coins_is_closed_and_a_stranger_is_left_alone() -> None:
    """Coins sold: our short goes; a short somebody else opened stays and is reported."""
    shown = view(positions=(position(amount="-0.5"),))
    seen = snapshot(shown, ("ETH", "0"))
    ours = decide(policy(), seen, Memory(managed=frozenset({"BTC"})))
    assert [(row.symbol, row.amount) for row in ours.targets] == [(BTC, d(0))]
    strange = decide(policy(), seen, Memory())
    assert strange.targets == ()
    assert "left alone" in strange.notes[-1]
