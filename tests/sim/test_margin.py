from decimal import Decimal

from bot.sim.contract import liquidation_price
from bot.sim.listings import coin_listings, default_listings
from bot.sim.margin import maintenance_margin, notional_cap
from tests.sim.builders import TWO_TIERS, inverse, linear

D = Decimal


def test_short_at_two_times_leverage_is_taken_over_48_5_percent_up() -> None:
    """A short from 100 with 50 collateral and 1 % maintenance: 150 / 1.01."""
    price = liquidation_price(linear(), D(-1), D(100), D(50))
    assert price is not None
    assert round(price, 4) == D("148.5149")


def test_long_at_two_times_leverage_is_taken_over_49_5_percent_down() -> None:
    """A long from 100 with 50 collateral and 1 % maintenance: 50 / 0.99."""
    price = liquidation_price(linear(), D(1), D(100), D(50))
    assert price is not None
    assert round(price, 4) == D("50.5051")


def test_liquidation_price_uses_the_tier_the_position_will_be_in() -> None:
    """100 coins short from 90 are 9000 now, but at liquidation they are in the second tier: (9000+4000+400)/105."""
    price = liquidation_price(linear(tiers=TWO_TIERS), D(-100), D(90), D(4000))
    assert price is not None
    assert round(price, 4) == round(D(13400) / D(105), 4)


def test_liquidation_price_is_none_without_position_or_when_collateral_covers_all() -> None:
    """A flat position and a long that is fully paid cannot be liquidated."""
    assert liquidation_price(linear(), D(0), D(100), D(50)) is None
    assert liquidation_price(linear(), D(1), D(100), D(500)) is None


def test_inverse_short_at_two_times_leverage_is_taken_over_98_percent_up() -> None:
    """100 contracts of 10 from 100 are 10 coins; 5 of collateral and 1 % maintenance: 1000 x 0.99 / (10 - 5)."""
    price = liquidation_price(inverse(), D(-100), D(100), D(5))
    assert price is not None
    assert round(price, 4) == 198


def test_inverse_short_that_is_covered_by_coins_is_never_taken_over_upwards() -> None:
    """With as many coins as the contracts are worth, no rise can touch it."""
    assert liquidation_price(inverse(), D(-100), D(100), D(10)) is None


def test_maintenance_is_continuous_at_every_tier_border_of_the_default_list() -> None:
    """The deduction makes both tiers agree at the border."""
    for listing in (*default_listings(), *coin_listings()):
        for lower, upper in zip(listing.tiers, listing.tiers[1:], strict=False):
            below = lower.cap * lower.maintenance_rate - lower.deduction
            assert below == upper.floor * upper.maintenance_rate - upper.deduction


def test_higher_leverage_never_allows_a_larger_position() -> None:
    """The notional cap falls as leverage rises, down to zero above the maximum."""
    for listing in (*default_listings(), *coin_listings()):
        caps = [notional_cap(listing.tiers, leverage) for leverage in range(1, 130)]
        assert caps == sorted(caps, reverse=True)
    assert notional_cap(TWO_TIERS, 101) == 0
    assert maintenance_margin(TWO_TIERS, D(0)) == 0
