"""The worked example of docs/article-example.md, step by step: 85/15 brought to 75/25 by a short, and what follows."""

from pathlib import Path

import pytest

from bot.policy.estimators.band import band_weight
from bot.policy.estimators.carry import funding_received_linear
from bot.policy.estimators.hedge_ratio import hedge_ratio
from bot.policy.estimators.overlay import AfterMove, Wealth, move_to_restore, overlay, overlay_after_move
from bot.policy.step import Decision, Limits, Situation, Wishes, policy_step
from bot.risk.leverage import short_margin, survivable_rally
from bot.risk.liquidation import LinearPosition, linear_price

CRYPTO, CASH, TARGET = 85_000.0, 15_000.0, 0.75
SHORT, MARGIN, RESERVE = 10_000.0, 5_000.0, 10_000.0
MAINTENANCE = 0.004
PAGE = Path(__file__).parents[2] / "docs" / "article-example.md"


def after(move: float) -> AfterMove:
    """The hedged portfolio after one common move."""
    return overlay_after_move(CRYPTO, CASH, SHORT, move, TARGET)


def step(*, spot: float, total: float, short: float, collateral: float) -> Decision:
    """One policy step of the example: allocation only, leverage two."""
    situation = Situation(
        spot_value=spot,
        total=total,
        volatility=0.5,
        funding_deviation=0.0,
        short_notional=short,
        collateral=collateral,
        margin_ratio=0.007,
        leverage_cap=2.0,
    )
    return policy_step(situation, Wishes(target_weight=TARGET, volatility_target=0.5, notional_min=100.0), Limits())


def test_ten_points_of_wealth_need_a_short_of_10_000() -> None:
    """From 85 to 75 percent is ten points of the whole, a ratio of 11.76 percent of the coins."""
    found = overlay(Wealth(spot=(60_000.0, 25_000.0), cash=CASH), TARGET)
    assert found.target_short == pytest.approx(10_000)
    assert hedge_ratio(CRYPTO, found.target_short) == pytest.approx(0.1176, abs=5e-5)
    hedged = overlay(Wealth(spot=(CRYPTO,), cash=CASH, short_notional=SHORT), TARGET)
    assert hedged.effective_weight == pytest.approx(0.75)
    assert hedged.spot_weight == pytest.approx(0.85)


def test_posting_margin_changes_no_weight() -> None:
    """5,000 moved to the futures wallet is still the owner's cash; 10,000 stays as reserve."""
    posted = overlay(Wealth(spot=(CRYPTO,), cash=RESERVE, margin=MARGIN, short_notional=SHORT), TARGET)
    assert posted == overlay(Wealth(spot=(CRYPTO,), cash=CASH, short_notional=SHORT), TARGET)


def test_the_short_at_two_times_is_liquidated_far_above() -> None:
    """Left alone it is liquidated 49.4 percent higher; with the reserve the account carries far more."""
    position = LinearPosition(side="short", entry_price=60_000.0, quantity=SHORT / 60_000, wallet=MARGIN)
    price = linear_price(position, MAINTENANCE)
    assert price is not None
    assert price / 60_000 - 1 == pytest.approx(0.494, abs=5e-4)
    assert short_margin(position, 60_000.0, MAINTENANCE).leverage == pytest.approx(2)
    rally = survivable_rally(MARGIN + RESERVE, SHORT, 2.0, 0.01)
    assert rally.to_leverage_cap == pytest.approx(0.667, abs=5e-4)
    assert rally.to_liquidation == pytest.approx(1.475, abs=5e-4)


def test_a_fall_of_five_percent_costs_3_750() -> None:
    """Spot loses 4,250 and the short gains 500; 96,250 are left, 74.03 percent of them exposed."""
    found = after(-0.05)
    assert found.spot_profit == pytest.approx(-4_250)
    assert found.short_profit == pytest.approx(500)
    assert found.net_profit == pytest.approx(-3_750)
    assert (found.total, found.crypto, found.cash) == pytest.approx((96_250, 80_750, 15_500))
    assert found.short_notional == pytest.approx(9_500)
    assert found.effective_weight == pytest.approx(0.7403, abs=5e-5)


def test_a_month_of_usual_funding_is_received() -> None:
    """Ninety payments of 0.01 percent on about 9,750 are some 88, paid to the short."""
    assert funding_received_linear([9_750.0] * 90, [0.0001] * 90, 1.0).total == pytest.approx(87.75)


def test_after_the_fall_the_step_is_to_hold() -> None:
    """74.03 percent lies within 2.19 points of the target, so nothing is traded; exactly it would be 937.50 less."""
    assert band_weight(TARGET) == pytest.approx(0.0219, abs=5e-5)
    held = step(spot=80_750.0, total=96_250.0, short=9_500.0, collateral=5_500.0)
    assert (held.action, held.trade) == ("hold", 0.0)
    assert held.notional_target == pytest.approx(8_562.5)
    assert after(-0.05).trade == pytest.approx(-937.5)


def test_the_first_step_goes_to_the_edge_of_the_band() -> None:
    """With no short yet the band spares its own width: 7,806.99 by the edge rule, 10,000 by the target rule."""
    first = step(spot=CRYPTO, total=CRYPTO + CASH, short=0.0, collateral=MARGIN)
    assert (first.action, first.binding) == ("increase", "allocation")
    assert first.trade == pytest.approx(7_806.99, abs=0.005)
    assert first.notional_target == pytest.approx(10_000)


def test_closing_the_short_does_not_restore_the_target() -> None:
    """Without the short the portfolio stands at 83.90/16.10; 8,562.50 of spot would have to be sold instead."""
    found = after(-0.05)
    assert found.weight_if_closed == pytest.approx(0.8390, abs=5e-5)
    assert found.spot_sale_if_closed == pytest.approx(8_562.5)


def test_only_a_deep_fall_lets_the_short_go() -> None:
    """Closing alone restores 75 percent only 34.8 percent lower, 47.1 percent without any hedge."""
    hedged, bare = move_to_restore(CRYPTO, CASH, SHORT, TARGET), move_to_restore(CRYPTO, CASH, 0.0, TARGET)
    assert hedged == pytest.approx(-0.348, abs=5e-4)
    assert bare == pytest.approx(-0.471, abs=5e-4)
    assert hedged is not None
    assert after(hedged).weight_if_closed == pytest.approx(TARGET)


def test_a_rally_asks_for_a_larger_short() -> None:
    """Twenty percent higher the exposed weight is 78.3 percent and the short for 75 is 15,750."""
    found = after(0.2)
    assert found.effective_weight == pytest.approx(0.783, abs=5e-4)
    assert found.target_short == pytest.approx(15_750)


@pytest.mark.parametrize(
    "number",
    [
        "10,000",
        "11.76_%",
        "49.4_%",
        "66.7_%",
        "147.5_%",
        "4,250",
        "3,750",
        "96,250",
        "80,750",
        "15,500",
        "9,500",
        "74.03_%",
        "2.19",
        "8,562.50",
        "937.50",
        "7,806.99",
        "83.90",
        "16.10",
        "34.8_%",
        "47.1_%",
        "78.3_%",
        "15,750",
    ],
)
def test_the_page_prints_the_number(number: str) -> None:
    """Every number proved above stands on the page the user reads."""
    assert number.replace("_", " ") in PAGE.read_text(encoding="utf-8")
