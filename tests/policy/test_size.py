"""How much of each asset is hedged."""

from decimal import Decimal

from bot.domain.portfolio import Portfolio, value_portfolio
from bot.policy.size import Allocation, StaticRatio
from tests.builders import d, margin, position, snapshot, spot, view


def _portfolio(*holdings: tuple[str, str], equity: str = "0", short: str | None = None) -> Portfolio:
    shown = view(margins=(margin(equity),), positions=(position(amount=short),) if short else (), balances=(spot(),))
    return value_portfolio(snapshot(shown, *holdings), quote="USDT", stablecoins=("USDT", "USDC"))


def test_static_ratio_takes_its_share_of_every_coin() -> None:
    """Half of one coin at 60,000 is 30,000 short."""
    (need,) = StaticRatio(ratio=d("0.5"), leverage_cap=d(2)).needs(_portfolio(("BTC", "1")))
    assert need.short_notional == 30_000
    assert "50%" in need.reasons[0]


def test_an_override_and_an_exclusion_beat_the_common_ratio() -> None:
    """One asset keeps its own ratio, an excluded one none at all."""
    rule = StaticRatio(ratio=d("0.5"), leverage_cap=d(2), overrides={"BTC": d("0.2")})
    assert rule.needs(_portfolio(("BTC", "1")))[0].short_notional == 12_000
    rule = StaticRatio(ratio=d("0.5"), leverage_cap=d(2), excluded=frozenset({"BTC"}))
    assert rule.needs(_portfolio(("BTC", "1")))[0].short_notional == 0


def test_allocation_shorts_what_a_sale_would_have_sold() -> None:
    """85,000 of crypto and 15,000 of cash at 75 % want a short of 10,000: the article's example done right."""
    amount = str(Decimal(85_000) / Decimal(60_000))
    (need,) = Allocation(crypto_max=d("0.75"), leverage_cap=d(2)).needs(
        _portfolio(("BTC", amount), ("USDT", "10000"), equity="5000")
    )
    assert abs(need.short_notional - 10_000) < Decimal("0.0001")


def test_margin_counts_as_cash_once() -> None:
    """Moving cash into the futures wallet changes no weight."""
    rule = Allocation(crypto_max=d("0.75"), leverage_cap=d(2))
    before = rule.needs(_portfolio(("BTC", "1"), ("USDT", "10000")))
    after = rule.needs(_portfolio(("BTC", "1"), ("USDT", "4000"), equity="6000"))
    assert before[0].short_notional == after[0].short_notional


def test_below_the_wanted_share_a_short_cannot_help() -> None:
    """With crypto under its share no short is held."""
    (need,) = Allocation(crypto_max=d("0.75"), leverage_cap=d(2)).needs(_portfolio(("BTC", "1"), ("USDT", "90000")))
    assert need.short_notional == 0
    assert "no short" in need.reasons[0]


def test_an_asset_without_a_price_is_named_and_left_out() -> None:
    """What cannot be valued is neither counted nor hedged, and said so."""
    portfolio = _portfolio(("BTC", "1"), ("SHADY", "5"))
    assert portfolio.unpriced == {"SHADY"}
    assert [row.asset for row in portfolio.exposures] == ["BTC"]
    assert "SHADY" in portfolio.notes[0]
