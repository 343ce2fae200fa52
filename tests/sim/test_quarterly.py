from datetime import UTC, datetime, timedelta
from math import log

import pytest

from bot.sim.engine import Engine
from bot.sim.market import Market
from bot.sim.model import Rejected
from bot.sim.quarterly import dated_listings, quarter_ends
from bot.sim.scenarios import scenario_feed, scenario_listings
from tests.sim.builders import D

HOUR = timedelta(hours=1)
MARCH = datetime(2025, 3, 28, 8, tzinfo=UTC)


def test_contracts_expire_on_the_last_friday_of_each_quarter_at_eight() -> None:
    """The dates a real venue used."""
    ends = quarter_ends(datetime(2023, 7, 1, tzinfo=UTC), 8)
    assert [f"{end:%y%m%d %H:%M}" for end in ends] == [
        f"{date} 08:00"
        for date in ("230929", "231229", "240329", "240628", "240927", "241227", "250328", "250627")
    ]  # fmt: skip
    assert quarter_ends(MARCH, 1) == [datetime(2025, 6, 27, 8, tzinfo=UTC)]


def test_two_quarters_are_listed_at_every_instant_and_a_new_one_when_one_expires() -> None:
    """Current and next, before and after a delivery."""
    rows = dated_listings(MARCH - timedelta(days=30), MARCH + timedelta(days=30), ("BTCUSDT",))
    before = [row.symbol for row in rows if row.live(MARCH - timedelta(seconds=1))]
    after = [row.symbol for row in rows if row.live(MARCH)]
    assert before == ["BTCUSDT_250328", "BTCUSDT_250627"]
    assert after == ["BTCUSDT_250627", "BTCUSDT_250926"]
    year = dated_listings(MARCH, MARCH + timedelta(days=800))
    for day in range(800):
        at = MARCH + timedelta(days=day)
        assert sum(row.live(at) and row.base == "ETH" for row in year) == 2


def test_in_the_rich_basis_scenario_a_dated_short_earns_more_than_the_perpetual_and_is_settled() -> None:
    """A quarter above the index per year before the expiry, settled at the index, the next one listed at once."""
    feed = scenario_feed("rich-basis")
    engine = Engine(listings=scenario_listings(feed), at=feed.start)
    market = Market(engine, feed)
    engine.open_account("me", {("futures", "USDT"): D(200000)})
    symbol = "BTCUSDT_250627"
    quote, years = engine.quote("linear", symbol), (datetime(2025, 6, 27, 8, tzinfo=UTC) - feed.start).days / 365
    assert 0.2 < log(float(quote.mark / quote.index)) / years < 0.32
    assert engine.funding("BTCUSDT")[0] * 3 * 365 < D("0.15")
    engine.place("me", market="linear", symbol="BTCUSDT_250328", side="sell", order_type="MARKET", amount=D(1))
    market.advance_to(MARCH - timedelta(minutes=5))
    with pytest.raises(Rejected, match="closing_only"):
        engine.place("me", market="linear", symbol="BTCUSDT_250328", side="sell", order_type="MARKET", amount=D(1))
    with pytest.raises(Rejected, match="market_closed"):
        engine.place("me", market="linear", symbol="BTCUSDT_250926", side="sell", order_type="MARKET", amount=D(1))
    market.advance_to(MARCH)
    assert not engine.positions("me")
    price, delivered = engine.settlement_price("BTCUSDT_250328")
    assert delivered
    assert abs(price / engine.quote("linear", "BTCUSDT").index - 1) < D("0.01")
    engine.place("me", market="linear", symbol="BTCUSDT_250926", side="sell", order_type="MARKET", amount=D(1))
    day = feed.candles("linear", "BTCUSDT_250328", 86400, MARCH - timedelta(days=3), MARCH + timedelta(days=3))
    assert [bar.opened_at.day for bar in day] == [26, 27, 28]


def test_in_backwardation_dated_contracts_stand_below_the_index_and_shorts_pay_funding() -> None:
    """After its calm start the weather turns."""
    feed = scenario_feed("backwardation")
    at = feed.start + timedelta(days=9)
    quotes = feed.quotes(at)
    far = quotes["linear", "BTCUSDT_250627"]
    assert far.mark < far.index
    assert quotes["linear", "BTCUSDT"].funding_rate < 0
    assert quotes["inverse", "BTCUSD_PERP"].funding_rate < 0
