from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from bot.domain.errors import ConfigurationError
from bot.sim.engine import Engine
from bot.sim.feed import SeriesFeed
from bot.sim.listings import START_PRICES, default_listings, filler_quotes, padded_listings
from bot.sim.market import Market
from bot.sim.scenarios import SCENARIO_DEFAULT, SCENARIOS, scenario_feed, scenario_listings
from tests.sim.builders import BTC, SPOT, D

DAY = timedelta(days=1)
COARSE = timedelta(hours=1)


def closes(feed: SeriesFeed, step_s: int = 86400) -> list[float]:
    return [float(bar.close) for bar in feed.candles("linear", "BTCUSDT", step_s, feed.start, feed.end)]


def test_same_seed_gives_same_prices_and_another_seed_others() -> None:
    """A scenario is a function of name, seed and step."""
    one, same, other = (scenario_feed("crash", seed=seed, step=COARSE) for seed in (1, 1, 2))
    assert closes(one) == closes(same)
    assert closes(one) != closes(other)


def test_unknown_scenario_is_refused_with_the_list_of_names() -> None:
    """The sentence offers what there is."""
    with pytest.raises(ConfigurationError, match="crash-and-rally"):
        scenario_feed("crush")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_prices_every_listed_market_from_start_to_end(name: str) -> None:
    """Quotes are positive, the index stays near the mark, nothing is missing or there at the wrong time."""
    feed = scenario_feed(name, step=COARSE)
    listings = {(row.market, row.symbol): row for row in scenario_listings(feed) if row.base in START_PRICES}
    for at in (feed.start, feed.start + (feed.end - feed.start) / 2, feed.end):
        quotes = feed.quotes(at)
        assert set(quotes) == {key for key, row in listings.items() if row.live(at)}
        for key, quote in quotes.items():
            far = D("0.14") if listings[key].expires_at else D("0.01")
            assert quote.mark > 0
            assert abs(quote.mark / quote.index - 1) < far
            assert abs(quote.mid / quote.mark - 1) < D("0.01")


def test_default_scenario_is_long_enough_and_both_crashes_and_rallies() -> None:
    """At least 35 days, a fall by half from the top, a rise of half from the bottom, funding of both signs."""
    assert SCENARIO_DEFAULT == "crash-and-rally"
    feed = scenario_feed(step=COARSE)
    assert feed.end - feed.start >= 35 * DAY
    prices = closes(feed)
    bottom = min(prices)
    assert bottom < 0.55 * max(prices[: prices.index(bottom)])
    assert max(prices[prices.index(bottom) :]) > 1.5 * bottom
    rates = [feed.quotes(feed.start + number * COARSE)[BTC].funding_rate for number in range(0, 35 * 24, 8)]
    assert min(rates) < D("-0.0005")
    assert max(rates) > D("0.0005")


def test_rally_crash_squeeze_depeg_and_alt_crash_do_what_their_names_say() -> None:
    """Each story keeps its promise whatever the seed."""
    for seed in (1, 2):
        rally = closes(scenario_feed("rally", seed=seed, step=COARSE))
        assert max(later / before for before, later in zip(rally, rally[10:], strict=False)) > 1.5
        crash = closes(scenario_feed("crash", seed=seed, step=COARSE))
        assert min(later / before for before, later in zip(crash, crash[2:], strict=False)) < 0.65
        squeeze = scenario_feed("funding-squeeze", seed=seed, step=COARSE)
        assert squeeze.quotes(squeeze.start + 9 * DAY)[BTC].funding_rate <= D("-0.002")
        depeg = scenario_feed("depeg", seed=seed, step=COARSE)
        assert depeg.quotes(depeg.start + 5 * DAY)["spot", "USDCUSDT"].mid < D("0.89")
        alts = scenario_feed("alt-crash", seed=seed, step=COARSE)
        begin, after = alts.quotes(alts.start + 6 * DAY), alts.quotes(alts.start + 9 * DAY)
        assert after[SPOT].mid / begin[SPOT].mid > D("0.97")
        assert after["spot", "SOLUSDT"].mid / begin["spot", "SOLUSDT"].mid < D("0.75")


def test_outage_scenario_names_the_hours_nobody_gets_through() -> None:
    """Six hours during the fall, and not before."""
    feed = scenario_feed("outage", step=COARSE)
    assert not feed.unavailable(feed.start)
    assert feed.unavailable(feed.start + 3.2 * DAY)


def test_candles_are_closed_complete_and_know_days_before_the_start() -> None:
    """No bar reaches beyond now; bars of a day hold their hours; history reaches back a month."""
    feed = scenario_feed("calm")
    engine = Engine(listings=default_listings(), at=feed.start)
    market = Market(engine, feed)
    market.advance_to(feed.start + timedelta(minutes=100))
    hours = market.candles("linear", "BTCUSDT", 3600, feed.start - 30 * DAY)
    assert len(hours) == 30 * 24 + 1
    assert hours[-1].opened_at + timedelta(hours=1) <= market.now
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in hours)
    days = market.candles("linear", "BTCUSDT", 86400, feed.start - 3 * DAY)
    assert [bar.opened_at for bar in days] == [feed.start - number * DAY for number in (3, 2, 1)]
    assert days[-1].high == max(bar.high for bar in hours[-25:-1])
    assert market.candles("linear", "BTCUSDT", 60, market.now - timedelta(minutes=2))[-1].high == engine.quote(*BTC).mid


def test_market_drives_a_long_list_of_markets_and_stops_at_the_end_of_the_feed() -> None:
    """Six hundred markets are served; those without a price path stand still."""
    feed = scenario_feed("depeg", step=COARSE)
    listings = padded_listings(620)
    assert len({(listing.market, listing.symbol) for listing in listings}) == 620
    engine = Engine(listings=listings, at=feed.start)
    market = Market(engine, feed)
    market.advance_to(feed.end + DAY)
    assert market.ended
    assert engine.now == feed.end + DAY
    assert engine.quote(*BTC).mid == feed.quotes(feed.end)[BTC].mid
    filler = next(listing for listing in listings if listing.symbol.startswith("FILL") and listing.market == "linear")
    assert engine.quote("linear", filler.symbol) == filler_quotes([filler])["linear", filler.symbol]
    assert engine.book("linear", filler.symbol, 5)[1]


def test_a_scenario_has_more_than_a_year_of_past_that_leads_up_to_it() -> None:
    """Rules that look back find bars without a hole, and funding, from the first cycle on."""
    feed = scenario_feed("calm")
    market = Market(Engine(listings=default_listings(), at=feed.start), feed)
    days = market.candles("linear", "SOLUSDT", 86400, feed.start - 380 * DAY)
    assert len(days) == 380
    assert all(later.opened_at - earlier.opened_at == DAY for earlier, later in pairwise(days))
    assert all(abs(later.close / earlier.close - 1) < Decimal("0.3") for earlier, later in pairwise(days))
    rates = market.funding_history("BTCUSDT", feed.start - 60 * DAY)
    assert [row.at for row in rates] == [feed.start - 60 * DAY + timedelta(hours=8) * n for n in range(181)]
    assert all(row.rate > 0 and row.mark_price > 0 for row in rates)


def test_looking_far_back_does_not_change_what_comes() -> None:
    """The earlier past is made up by itself: the story stays the same."""
    one, other = scenario_feed("crash", step=COARSE), scenario_feed("crash", step=COARSE)
    one.candles("spot", "BTCUSDT", 86400, one.start - 300 * DAY, one.start)
    assert closes(one) == closes(other)
    again = scenario_feed("crash", step=COARSE)
    span = (one.start - 300 * DAY, one.start - 200 * DAY)
    assert one.candles("linear", "ETHUSDT", 3600, *span) == again.candles("linear", "ETHUSDT", 3600, *span)
