"""Laws of the simulated exchange's leaves: books, walks, tiers, liquidation prices, candles."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.contract import liquidation_price, profit, worth
from bot.sim.engine import Engine
from bot.sim.frictions import ladder, recovered, walk
from bot.sim.listings import coin_listings, default_listings
from bot.sim.margin import maintenance_margin
from bot.sim.market import Market
from bot.sim.model import Listing, Quote, SideName
from bot.sim.scenarios import scenario_feed
from tests.sim.builders import D

PERPETUALS = [listing for listing in (*default_listings(), *coin_listings()) if listing.market != "spot"]
prices = st.decimals(min_value="0.2", max_value="90000", places=4)


@given(
    listing=st.sampled_from(default_listings()),
    price=prices,
    side=st.sampled_from(("buy", "sell")),
    eaten=st.decimals(min_value=0, max_value=3_000_000, places=2),
)
def test_books_get_worse_level_by_level_and_hold_what_was_not_eaten(
    listing: Listing, price: Decimal, side: SideName, eaten: Decimal
) -> None:
    """Prices move away from mid, lie on ticks, amounts on steps, and the sum never exceeds the depth left."""
    quote = Quote(mid=price, mark=price, index=price)
    levels = list(ladder(quote, listing, side, eaten))
    away = 1 if side == "buy" else -1
    steps = [away * level.price for level in levels]
    assert steps == sorted(steps)
    assert all(away * (level.price - price) >= 0 for level in levels)
    assert all(not level.price % listing.price_tick and not level.amount % listing.amount_step for level in levels)
    assert sum(level.price * level.amount for level in levels) <= max(D(0), 150 * quote.depth_notional / 5 - eaten)


@given(
    price=prices,
    side=st.sampled_from(("buy", "sell")),
    units=st.integers(min_value=1, max_value=10**6),
    slip=st.integers(min_value=0, max_value=300),
)
def test_a_walk_never_takes_more_than_asked_nor_beyond_the_limit(
    price: Decimal, side: SideName, units: int, slip: int
) -> None:
    """The amount is an upper bound, the limit price a hard one."""
    listing = PERPETUALS[1]
    quote = Quote(mid=price, mark=price, index=price)
    limit = price * (D(10000) + (slip if side == "buy" else -slip)) / 10000
    taken = walk(ladder(quote, listing, side), side, D(units) * listing.amount_step, limit)
    assert sum((lot.amount for lot in taken), D(0)) <= D(units) * listing.amount_step
    assert all(lot.price <= limit if side == "buy" else lot.price >= limit for lot in taken)


@given(
    eaten=st.decimals(min_value=0, max_value=10**8, places=2),
    first=st.integers(min_value=0, max_value=300),
    second=st.integers(min_value=0, max_value=300),
)
def test_recovery_does_not_depend_on_how_time_is_cut(eaten: Decimal, first: int, second: int) -> None:
    """Recovering twice is recovering once for the whole time."""
    depth = D(600000)
    twice = recovered(recovered(eaten, depth, D(first)), depth, D(second))
    assert abs(twice - recovered(eaten, depth, D(first + second))) < D("0.000001")


@given(
    listing=st.sampled_from(PERPETUALS),
    entry=prices,
    units=st.integers(min_value=1, max_value=10**7),
    short=st.booleans(),
    leverage=st.integers(min_value=1, max_value=20),
)
def test_at_the_liquidation_price_equity_equals_maintenance(
    listing: Listing, entry: Decimal, units: int, short: bool, leverage: int
) -> None:
    """The closed formula and the margin arithmetic agree, in whatever tier the position ends up."""
    amount = D(units) * listing.amount_step * (-1 if short else 1)
    opened = worth(listing, abs(amount), entry)
    collateral = opened / leverage
    price = liquidation_price(listing, amount, entry, collateral)
    if price is None:
        assert not short or opened > listing.tiers[-1].floor or (listing.market == "inverse" and leverage == 1)
        return
    notional = worth(listing, abs(amount), price)
    equity = collateral + profit(listing, amount, entry, price)
    maintenance = maintenance_margin(listing.tiers, notional)
    assert abs(equity - maintenance) <= max(D(1), notional, opened) * D("1e-15")


@settings(deadline=None)
@given(seed=st.integers(min_value=0, max_value=3))
def test_the_same_story_leaves_the_same_ledger(seed: int) -> None:
    """The exchange knows no chance and no clock of its own."""

    def play() -> Engine:
        feed = scenario_feed("crash", seed=seed, step=timedelta(hours=4))
        engine = Engine(listings=default_listings(), at=feed.start)
        market = Market(engine, feed)
        engine.open_account("me", {("futures", "USDT"): D(20000)})
        engine.place("me", market="linear", symbol="ETHUSDT", side="buy", order_type="MARKET", amount=D(50))
        market.advance_to(feed.end)
        return engine

    one, other = play(), play()
    assert one.ledger == other.ledger
    assert one.total("USDT") == 20000
    assert any(event.kind == "liquidation" for event in one.ledger)
