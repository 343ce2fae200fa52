"""The worked numbers of docs/policy are what the code says."""

import re
from pathlib import Path

import pytest

from bot.policy.estimators.band import band_annual_cost, band_center, band_edge, band_weight, volatility_target_drift
from bot.policy.estimators.volume_profile import Gate, gate_answer
from bot.policy.scene import Memory
from tests.builders import d, later
from tests.policy.pace_scenes import band, paced, scene, wanting

PAGES = Path(__file__).parents[2] / "docs" / "policy"


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def percent(value: float, digits: int = 2) -> str:
    return f"{100 * value:.{digits}f} %"


def test_the_bands_of_the_page() -> None:
    """Allocation, volatility, other costs and the other aim."""
    text = page("band")
    edge = band_weight(0.75)
    volatile = band_edge(0.0006, 3.0, 0.6, volatility_target_drift(0.85, 0.6, 0.42))
    center = band_center(0.0006, 3.0, 1.0, 0.1875)
    shares = (edge, edge / 0.85, center, band_weight(0.75, cost=0.0025))
    for number in (*map(percent, shares), percent(volatile, 1), percent(volatile / 0.85, 1), f"{edge:.5f}"):
        assert number in text
    assert f"{center / edge:.2f}" in text
    low, high = 10 / 85 - edge / 0.85, 10 / 85 + edge / 0.85
    assert f"between {percent(low)} and {percent(high)}" in text


def test_what_the_bands_cost_a_year() -> None:
    """5.3 bp for the wide one, 2.6 for the best one."""
    costs = [band_annual_cost(width, 0.0006, 3.0, 0.6, 0.1125).total for width in (0.05, band_weight(0.75))]
    for cost in costs:
        assert f"{cost * 1e4:.1f} bp" in page("band")


@pytest.mark.parametrize(("held", "after"), [("0.46", "0.46"), ("0.42", "0.48"), ("0.58", "0.52")])
def test_the_fixed_edges_of_the_page(held: str, after: str) -> None:
    """4 % stays, 8 % is traded to 2 %, on both sides."""
    assert paced(band(), wanting("0.5"), scene(held)).amount == d(after)


def test_the_timetable_of_the_page() -> None:
    """Ten minutes outside, two bands at once, five minutes of rest."""
    rule = band(sustained_s=600, cooldown_s=300)
    since = {"sustained/binance BTC/USDT:USDT": {"since": later(0).isoformat()}}
    outside = Memory(recalled=since)
    assert paced(rule, wanting("0.5"), scene("0.43")).amount == d("0.43")
    assert paced(rule, wanting("0.5"), scene("0.43", memory=outside, at=later(300))).amount == d("0.43")
    assert paced(rule, wanting("0.5"), scene("0.43", memory=outside, at=later(600))).amount == d("0.48")
    grown = Memory(last_growth_at=later(600))
    assert paced(rule, wanting("0.5"), scene("0.39", memory=grown, at=later(630))).amount == d("0.39")
    assert paced(rule, wanting("0.5"), scene("0.39", memory=grown, at=later(900))).amount == d("0.48")


def test_the_gate_of_the_page() -> None:
    """60,350 lets a sale pass and holds a buy back."""
    gate = Gate(levels=(60_350.0,), tolerance=0.25 * 1_600)
    assert gate.tolerance == 400
    assert gate_answer("increase_short", 60_000.0, gate, 0.0, urgent=False).allow
    assert not gate_answer("reduce_short", 60_000.0, gate, 0.0, urgent=False).allow
    for edge in ("59,800 and 60,400", "59,600 and 60,200"):
        assert edge in page("volume-profile")


def test_every_page_of_a_rule_is_in_the_index() -> None:
    """A page nobody finds is no page, and a link leads somewhere."""
    index = page("README")
    pages = {row.name for row in PAGES.glob("*.md")} - {"README.md"}
    linked = set(re.findall(r"\]\(([a-z-]+\.md)\)", index))
    assert pages == linked
