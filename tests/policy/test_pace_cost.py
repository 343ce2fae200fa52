"""The cost-aware band: as wide as the rule that binds and the price of trading make worth while."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.costs import TradingCost
from bot.policy.adjust_volatility import VolatilityTarget
from bot.policy.pace_edges import CostEdges
from bot.policy.scene import Memory
from tests.builders import BTC, NOW, VENUE, d, instrument
from tests.policy.pace_scenes import band, inverse, link, paced, scene, shared, wanting
from tests.policy.pasts import moving, need
from tests.policy.pasts import scene as past_scene

ALLOCATION = CostEdges(target_weight=0.75)
# As the volatility rule writes its link.
VOLATILE = {"parkinson_volatility": "0.6", "long-run_volatility": "0.5", "wished_volatility": "0.42"}
SIX = TradingCost(fee=d("0.0005"), slip=d("0.0001"), fills=12, known_at=NOW)


def outer(rule: CostEdges, held: str = "0.1", *, by: str = "allocation", **more: str) -> Decimal:
    """The outer edge as a fraction of the exposure of one coin worth 60,000, with 20,000 in cash."""
    memory = Memory(costs={(VENUE, BTC): SIX})
    step = paced(band(edge_rule=rule), wanting("0.3", rule=by, **more), scene(held, memory=memory))
    return next(row.figure or d(0) for row in step.chain if row.rule == "cost band")


def test_an_allocation_of_three_quarters_has_a_band_of_2_19_points_of_wealth() -> None:
    """6 bp, aversion 3: 2.19 % of 80,000 is 2.92 % of the 60,000 of coins."""
    assert outer(ALLOCATION) == pytest.approx(Decimal("0.0219301330") * 80_000 / 60_000, rel=Decimal("1e-6"))


def test_trading_to_the_target_asks_for_a_band_1_59_times_as_wide() -> None:
    """The cube root of four."""
    wide = outer(replace(ALLOCATION, aim="target")) / outer(ALLOCATION)
    assert float(wide) == pytest.approx(4 ** (1 / 3), rel=1e-6)


def test_a_volatility_target_has_a_band_of_4_7_points_of_wealth() -> None:
    """The example of the mathematics: V/T .85, sigma .6, target .42, 6 bp: 4.7 points of wealth, 5.6 of the ratio."""
    rule = CostEdges()
    memory = Memory(costs={(VENUE, BTC): SIX})
    seen = scene("0.1", equity=str(60_000 / 0.85 - 60_000), memory=memory)
    step = paced(
        band(edge_rule=rule),
        wanting("0.3", rule="volatility", **VOLATILE),
        seen,
    )
    why = next(row for row in step.chain if row.rule == "cost band")
    assert float(why.figure or 0) == pytest.approx(0.056, abs=5e-4)
    assert "4.7" in why.words


def test_the_volatility_rule_says_what_its_band_needs() -> None:
    """The real rule at 60 % a year against 42 %: its own figures make the band, not the static 2 %."""
    seen = past_scene(bars={"BTC": moving(0.6)}, held={"BTC": "0.1"})
    (wanted,) = VolatilityTarget(target=d("0.42"), ceiling=d(1)).adjust((need("0"),), seen).rows
    placed = replace(wanting("0.3"), chain=wanted.chain, short_notional=wanted.short_notional)
    step = paced(band(edge_rule=CostEdges(cost=d("0.0006"))), placed, scene("0.1", equity=str(60_000 / 0.85 - 60_000)))
    why = next(row for row in step.chain if row.rule == "cost band")
    assert float(why.figure or 0) == pytest.approx(0.056, abs=5e-4)


def test_a_fixed_share_of_coins_has_the_static_band_of_two_points() -> None:
    """2 % of 80,000 is 2.67 % of the coins, whatever trading costs."""
    assert float(outer(CostEdges(), by="static-ratio")) == pytest.approx(0.02 * 80 / 60)


def test_the_rule_that_changed_the_sum_last_binds_and_a_tilt_does_not() -> None:
    """Allocation wanted 12,000 and volatility 18,000: volatility binds, although funding then tilted it."""
    rule = CostEdges(target_weight=0.75)
    plain = wanting("0.3")
    chain = (
        link("allocation", d(12_000)),
        link("volatility", d(18_000), **VOLATILE),
        link("funding", d(18_500)),
    )
    step = paced(band(edge_rule=rule), replace(plain, chain=chain), scene("0.1"))
    assert "moves with volatility" in " ".join(step.reasons)
    same = (
        link("allocation", d(18_000)),
        link("volatility", d(18_000), **VOLATILE),
    )
    step = paced(band(edge_rule=rule), replace(plain, chain=same), scene("0.1"))
    assert "a weight drifts" in " ".join(step.reasons)


def test_own_fills_are_dearer_than_a_major_is_thought_to_be() -> None:
    """Eight times the cost doubles the band; the figures stand in the explanation with their age."""
    dear = TradingCost(fee=d("0.0008"), slip=d("0.0040"), fills=3, known_at=NOW)
    seen = scene("0.1", memory=Memory(costs={(VENUE, BTC): dear}))
    step = paced(band(edge_rule=ALLOCATION), wanting("0.3", rule="allocation"), seen)
    why = next(row for row in step.chain if row.rule == "cost band")
    assert float(why.figure or 0) == pytest.approx(2 * float(outer(ALLOCATION)), rel=1e-6)
    assert [(row.name, row.value, row.known_at) for row in why.inputs][:2] == [
        ("taker fee", d("0.0008"), NOW),
        ("half spread and slippage (3 own orders)", d("0.0040"), NOW),
    ]


def test_before_the_first_fill_the_usual_cost_is_named_as_such() -> None:
    """Nothing was measured yet: 6 basis points for a major, and the explanation says where they are from."""
    step = paced(band(edge_rule=ALLOCATION), wanting("0.3", rule="allocation"), scene("0.1"))
    why = next(row for row in step.chain if row.rule == "cost band")
    assert why.inputs[0].name == "cost of trading (usual, no own fill yet)"
    assert why.inputs[0].value == d("0.0006")


def test_little_crypto_beside_much_cash_does_not_make_an_endless_band() -> None:
    """2 % of a million is more than all coins: the band stops at a quarter of what is protected, and says so."""
    step = paced(band(edge_rule=CostEdges()), wanting("0.5"), scene("0.1", equity="1000000"))
    why = next(row for row in step.chain if row.rule == "cost band")
    assert (why.figure, why.bound) == (d("0.25"), "widest band")
    assert step.amount == d("0.25")


def test_drift_goes_to_the_edge_and_the_first_trade_to_the_target() -> None:
    """2.92 % of one coin: from 0.2 to 0.270, from flat to 0.3."""
    rule = band(edge_rule=ALLOCATION)
    assert paced(rule, wanting("0.3", rule="allocation"), scene("0.2")).amount == d("0.270")
    assert paced(rule, wanting("0.3", rule="allocation"), scene("0.4")).amount == d("0.329")
    assert paced(rule, wanting("0.3", rule="allocation"), scene()).amount == d("0.3")
    to_target = band(edge_rule=replace(ALLOCATION, aim="target"))
    assert paced(to_target, wanting("0.3", rule="allocation"), scene("0.2")).amount == d("0.3")


def test_a_trade_smaller_than_a_quarter_of_a_percent_is_left_alone() -> None:
    """0.2 % of a coin beyond the edge is 120 USDT of 60,000: not worth an order; 0.3 % is."""
    rule = band(edge_rule=ALLOCATION, trade_share_min=d("0.0025"))
    wanted = wanting("0.3", rule="allocation")
    step = paced(rule, wanted, scene("0.268"))
    assert step.amount == d("0.268")
    assert step.chain[-1].bound == "smallest trade"
    assert paced(rule, wanted, scene("0.267")).amount == d("0.270")


def test_a_trade_the_venue_would_not_take_is_left_alone() -> None:
    """The venue's minimum of 500 is more than 0.3 % of a coin."""
    rule = band(edge_rule=ALLOCATION)
    seen = scene("0.267", listed=instrument(notional_min="500"))
    assert paced(rule, wanting("0.3", rule="allocation"), seen).chain[-1].bound == "smallest trade"


def test_a_constant_ratio_of_coins_is_not_rebalanced_for_prices() -> None:
    """The mark parts from the index by 12 %: the value ratio moves by 6 points, the coins do not, nothing is traded."""
    rule = band(edge_rule=CostEdges())
    moved = scene("0.5", price="53571", index="60000")
    assert paced(rule, wanting("0.56", price="53571"), moved).amount == d("0.5")
    # The same gap is traded when it comes from coins, and when another rule asks for it.
    even = scene("0.5", owned="1")
    assert paced(rule, wanting("0.56"), even).amount > d("0.5")
    assert paced(rule, wanting("0.56", price="53571", rule="minimum-variance"), moved).amount > d("0.5")


def test_a_contract_of_fixed_face_value_is_measured_by_value() -> None:
    """A coin-margined short of 30,000 USD face against a coin of 60,000 is half; at 50,000 it is 60 %."""
    rule = band()
    listed = inverse()
    half = replace(wanting("30000"), short_notional=d(30_000))
    assert paced(rule, half, scene("30000", listed=listed)).amount == d(30_000)
    fallen = replace(wanting("25000"), short_notional=d(25_000))
    step = paced(rule, fallen, scene("30000", price="50000", listed=listed))
    assert step.amount == d(26_000)
    assert step.short_notional == d(26_000)


def test_an_instrument_that_stands_in_for_others_is_measured_by_all_it_protects() -> None:
    """100 AAA at 100 beside one BTC: the yardstick is 70,000, and the ceiling is more than one coin."""
    wanted = shared(wanting("1.1", rule="minimum-variance"), BTC="60000", AAA="10000")
    seen = scene("0.5", more=(("AAA", "100"),))
    step = paced(band(), wanted, seen)
    assert step.amount == instrument().floor_amount(d("1.1") - d("0.02") * d(70_000) / d(60_000))
    over = paced(band(), wanted, scene("1.3", more=(("AAA", "100"),)))
    assert over.amount == d("1.1")
    assert "cut at once" in over.reasons[-1]


def test_a_stand_in_may_hold_what_it_may_answer_for_and_no_more() -> None:
    """Its own limit counts, not the worth it protects today, so that a beta that shrinks is left to the band."""
    wanted = replace(shared(wanting("1.0", rule="minimum-variance"), BTC="60000"), limit_notional=d(90_000))
    assert paced(band(), wanted, scene("1.04")).amount == d("1.04")
    over = paced(band(), wanted, scene("1.6"))
    assert over.amount == d("1.0")
    assert "cut at once" in over.reasons[-1]
