"""The worked numbers of the pages in docs/policy that no other test holds."""

from math import sqrt
from pathlib import Path

from bot.policy.adjust_funding import FundingCare, FundingTilt
from bot.policy.estimators.band import AVERSION, COST_MAJORS, band_weight
from bot.policy.estimators.hedge_ratio import shrink_beta
from bot.policy.estimators.minimum_variance import Covariances, minimum_variance_hedge
from tests.builders import d
from tests.policy.pasts import need, paid, scene

PAGES = Path(__file__).parents[2] / "docs" / "policy"


def said(page: str, *numbers: str) -> None:
    """The page holds these numbers."""
    text = (PAGES / page).read_text(encoding="utf-8")
    for number in numbers:
        assert number in text, number


def test_funding_page() -> None:
    """What is needed stays: 24,419 of 30,000."""
    care = FundingCare(ratio_max=d(1), tilt=FundingTilt(slope=d(0)))
    squeezed = scene(funding={"BTC": paid([-0.0004] * 270)}, coming="-0.0004")
    (row,) = care.adjust((need("30000", floor="20000"),), squeezed).rows
    (whole,) = care.adjust((need("30000"),), squeezed).rows
    assert whole.carry is not None
    said("funding.md", f"{row.short_notional:,.0f}", f"{whole.short_notional:,.0f}")
    said("funding.md", f"{-whole.carry.per_year:.1%}".replace("%", " %"), f"{-whole.carry.per_year * 30_000:,.0f}")


def test_allocation_page() -> None:
    """The band that costs least at 75 %."""
    said("allocation.md", f"{band_weight(0.75, COST_MAJORS, AVERSION) * 100:.2f}")


def test_minimum_variance_page() -> None:
    """Correlation times the ratio of volatilities."""
    found = minimum_variance_hedge(
        [10_000.0], Covariances(assets=[[0.36]], instruments=[[0.25]], cross=[[0.75 * 0.6 * 0.5]])
    )
    assert found.variance_reduction is not None
    said("minimum-variance.md", f"{found.shorts[0]:,.0f}", f"{found.variance_reduction:.0%}".replace("%", " %"))


def test_proxy_page() -> None:
    """Shrunk beta and what is left."""
    shrunk = shrink_beta(1.30, 0.13)
    said("proxy-beta.md", f"{shrunk.data_weight:.2f}", f"{shrunk.beta:.2f}", f"{5000 * shrunk.beta:,.0f}")
    said("proxy-beta.md", f"{sqrt(1 - 0.53) * 80:.0f} % a year")
