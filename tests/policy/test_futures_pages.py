"""The worked numbers of the pages on dated and inverse contracts are what the code says."""

from bot.policy.contracts import CarryTerms, carry_between
from bot.risk.liquidation import InversePosition, LinearPosition, inverse_price, linear_price
from tests.builders import instrument
from tests.futures_builders import dated, futures_view, scene_of
from tests.policy.test_policy_pages import page, percent


def test_the_comparison_of_the_page() -> None:
    """Funding, basis, costs, the advantage."""
    text = page("expiry-roll")
    far = dated(80)
    shown = futures_view({far: "63000"})
    found = carry_between(instrument(), far, shown, scene_of(shown), CarryTerms())
    assert found is not None
    assert percent(found.funding) in text.replace("**", "")
    assert percent(found.basis_annual * 90 / 365, 1) == "5.6 %"
    assert f"{found.basis_annual * 90 / 365:.2%}".replace("%", " %") in text.replace("**", "")
    assert f"**{percent(found.advantage)}** ahead" in text
    assert percent(found.funding - 0.0012) in text.replace("**", "")
    assert percent(found.funding - 0.0012 + found.advantage) in text.replace("**", "")


def test_the_liquidation_prices_of_the_page() -> None:
    """None with one coin behind one coin; 99.2 % and 198.8 % below that; a linear short at 49.4 %."""
    text = page("inverse")

    def rise(wallet: float) -> float | None:
        short = InversePosition(side="short", entry_price=50_000, face_usd=50_000, wallet_coin=wallet)
        price = inverse_price(short, 0.004)
        return None if price is None else price / 50_000 - 1

    assert rise(1.1) is None
    assert rise(1.0) is None
    assert f"**{percent(rise(0.5) or 0, 1)}**" in text
    assert f"**+{percent(rise(1 / 1.5) or 0, 1)}**" in text
    linear = linear_price(LinearPosition(side="short", entry_price=50_000, quantity=1, wallet=25_000), 0.004)
    assert linear is not None
    assert f"+{percent(linear / 50_000 - 1, 1)}" in text
