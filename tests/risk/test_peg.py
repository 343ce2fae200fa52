"""What a stablecoin counts for."""

from bot.domain.account import Price
from bot.domain.portfolio import value_portfolio
from bot.risk.collateral import fit_to_collateral
from bot.risk.margin import pools
from bot.risk.peg import WORTH_UNKNOWN, peg_notes, pegged
from tests.builders import NOW, collateral_rule, d, margin, position, snapshot, target, view

STABLE = frozenset({"USDT", "USDC"})


def _price(asset: str, price: str) -> dict[str, Price]:
    return {asset: Price(asset=asset, price=d(price), source="spot", at=NOW)}


def test_a_coin_off_its_peg_counts_at_its_price() -> None:
    """USDC at 0.88 is 0.88, and says nothing against USDT."""
    found = pegged(_price("USDC", "0.88"), "USDT", STABLE, "USDC", NOW)
    assert (found["USDC"].price, found["USDT"].price) == (d("0.88"), d(1))
    assert "off its peg" in peg_notes(found, STABLE)[0]


def test_a_quote_off_its_peg_counts_at_the_price_of_its_reference() -> None:
    """USDC at 1.25 USDT says that USDT is worth 0.80 of it; USDC itself never counts for more than one."""
    found = pegged(_price("USDC", "1.25"), "USDT", STABLE, "USDC", NOW)
    assert (found["USDC"].price, found["USDT"].price) == (d(1), d("0.8"))


def test_a_missing_price_is_not_one() -> None:
    """It is said, and counted low; without a reference nothing is asked and nothing said."""
    found = pegged({}, "USDT", STABLE, "USDC", NOW)
    assert found["USDT"].price == WORTH_UNKNOWN < 1
    assert "could not be read" in peg_notes(found, STABLE)[0]
    assert pegged({}, "USDT", STABLE, None, NOW) == {}


def test_coins_are_not_capped() -> None:
    """Only stablecoins end at one."""
    assert pegged(_price("BTC", "60000"), "USDT", STABLE, None, NOW)["BTC"].price == 60_000


def test_cash_and_collateral_count_at_the_price_everywhere() -> None:
    """Allocation cash, margin equity, the pool's leverage and what the collateral carries: all at 0.9."""
    shown = view(margins=(margin("16500"),), positions=(position(amount="-0.5"),))
    seen = snapshot(shown, ("BTC", "1"), ("USDT", "1000"))
    off = snapshot(shown, ("BTC", "1"), ("USDT", "1000"))
    prices = {**seen.prices, **_price("USDT", "0.9")}
    object.__setattr__(off, "prices", prices)
    worth = value_portfolio(off, quote="USDT", stablecoins=STABLE)
    assert (worth.cash, worth.margin_equity) == (d(900), d(14_850))
    (sound,), (failing,) = pools(shown), pools(shown, {"USDT": d("0.9")})
    assert failing.leverage is not None
    assert sound.leverage is not None
    assert failing.leverage > sound.leverage
    assert failing.distance < sound.distance
    rule = collateral_rule()
    fit = fit_to_collateral((target(),), view(margins=(margin("16500"),)), d(50_000), rule)
    worse = fit_to_collateral((target(),), view(margins=(margin("16500"),)), d(50_000), collateral_rule(worth="0.9"))
    assert fit.top_up == 0
    assert worse.top_up * d("0.9") + d(14_850) <= 16_500
    assert worse.top_up > d(1_800)
