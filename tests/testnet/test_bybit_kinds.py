"""Bybit's dated and coin-margined contracts as the unmodified client meets them over sockets."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.answering import AnsweringExchange
from bot.sim.wire.bybit_call import listed_as, name_of
from bot.sim.wire.codecs import codec
from tests.testnet.world import over_sockets, weather

MARCH = datetime(2025, 3, 28, 8, tzinfo=UTC)
NEAR, FAR, FARTHER = (f"BTC/USDT:USDT-{date}" for date in ("250328", "250627", "250926"))
COIN = "BTC/USD:BTC"
ALL_INVERSE = {"subType": "inverse"}
D = Decimal


def bybit() -> AnsweringExchange:
    """Weather with every kind of contract, spoken in Bybit's words."""
    return AnsweringExchange(weather().exchange, codec=codec("bybit"))


def in_time(client: Any, answering: AnsweringExchange) -> None:
    offset = datetime.now(UTC) - answering.exchange.now
    client.options["timeDifference"] = int(offset.total_seconds() * 1000)


READS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "ticker": lambda c: c.fetch_ticker(COIN),
    "marks and funding": lambda c: c.fetch_funding_rates([COIN]),
    "settled funding": lambda c: c.fetch_funding_rate_history(COIN, None, 5),
    "candles": lambda c: c.fetch_ohlcv(COIN, "1h", None, 5),
    "book": lambda c: c.fetch_order_book(COIN, 50),
    "balance": lambda c: c.fetch_balance({"type": "swap"}),
    "all positions": lambda c: c.fetch_positions(None, ALL_INVERSE),
    "leverage": lambda c: c.fetch_leverage(COIN),
    "margin mode": lambda c: c.fetch_margin_mode(COIN),
    "tiers": lambda c: c.fetch_market_leverage_tiers(COIN),
    "executions": lambda c: c.fetch_my_trades(COIN),
    "funding paid": lambda c: c.fetch_funding_history(None, None, None, ALL_INVERSE),
    "past orders": lambda c: c.fetch_canceled_and_closed_orders(COIN),
}


@pytest.mark.parametrize("demo", [False, True], ids=["live", "demo"])
def test_every_read_of_a_coin_margined_account_is_answered(demo: bool) -> None:
    """No call raises, none comes back empty; a day has passed, so funding was settled."""
    answering = bybit()
    engine = answering.exchange.engine
    engine.transfer("family", "BTC", D(1), "spot", "coin_futures")
    engine.place("family", market="inverse", symbol="BTCUSD_PERP", side="sell", order_type="MARKET", amount=D(200))
    answering.advance(timedelta(days=1))

    async def check(client: Any) -> None:
        if demo:
            client.enable_demo_trading(True)
        await client.load_markets()
        for name, step in READS.items():
            assert await step(client), name

    over_sockets(check, answering)


def test_a_coin_margined_short_counts_in_dollars_and_costs_coins() -> None:
    """20 000 dollars: looked up by client id, in the position, the executions and the one wallet."""
    answering = bybit()

    async def check(client: Any) -> None:
        markets = await client.load_markets()
        assert (markets[COIN]["inverse"], markets[COIN]["id"], markets[COIN]["settle"]) == (True, "BTCUSD", "BTC")
        before = (await client.fetch_balance({"type": "swap"}))["BTC"]["total"]
        await client.set_leverage(2, COIN)
        mark = float((await client.fetch_ticker(COIN))["markPrice"])
        placed = await client.create_order(COIN, "market", "sell", 20000, None, {"clientOrderId": "coin1"})
        own = {"category": "inverse", "symbol": "BTCUSD", "orderLinkId": "coin1"}
        (row,) = (await client.privateGetV5OrderRealtime(own))["result"]["list"]
        assert (row["orderId"], row["cumExecQty"], row["orderStatus"]) == (placed["id"], "20000", "Filled")
        assert float(row["cumExecValue"]) == pytest.approx(20000 / mark, rel=0.01)
        (position,) = await client.fetch_positions(None, ALL_INVERSE)
        assert (position["symbol"], position["side"], position["contracts"]) == (COIN, "short", 20000)
        assert float(position["info"]["positionIM"]) == pytest.approx(10000 / mark, rel=0.01)
        assert await client.fetch_positions(None, {"settleCoin": "USDT"}) == []
        trades = await client.fetch_my_trades(COIN)
        assert sum(trade["amount"] for trade in trades) == 20000
        assert {trade["fee"]["currency"] for trade in trades} == {"BTC"}
        wallet = (await client.fetch_balance({"type": "swap"}))["BTC"]["total"]
        assert before - 0.001 < wallet < before, "a fee in coins, and nothing else"
        assert answering.exchange.engine.margin("family", "BTC", "inverse").initial > 0

    over_sockets(check, answering)


def test_every_name_leads_back_to_its_listing() -> None:
    """What a fault does to the book of an order's market must reach that market."""
    listings = bybit().exchange.engine.listings
    assert {market for market, _ in listings} == {"spot", "linear", "inverse"}
    for (market, symbol), listing in listings.items():
        assert listed_as(name_of(listing), market) == symbol
    assert listed_as("BTCUSDT-SOMEDAY", "linear") == "BTCUSDT-SOMEDAY"


def test_what_is_no_whole_contract_or_not_covered_is_refused() -> None:
    """Dollars beside the step, more than the coins carry, reduce-only without a position."""

    async def check(client: Any) -> None:
        await client.load_markets()
        raw = {"category": "inverse", "symbol": "BTCUSD", "side": "Sell", "orderType": "Market"}
        with pytest.raises(library.ExchangeError, match="10001"):
            await client.privatePostV5OrderCreate({**raw, "qty": "150"})
        with pytest.raises(library.InsufficientFunds, match="110007"):
            await client.create_order(COIN, "market", "sell", 5_000_000)
        with pytest.raises(library.ExchangeError, match="110017"):
            await client.create_order(COIN, "market", "buy", 100, None, {"reduceOnly": True})

    over_sockets(check, bybit())


def test_a_resting_order_is_listed_under_its_coin_alone() -> None:
    """Asked for with USDT, as ccxt does by itself, the list is empty."""

    async def check(client: Any) -> None:
        await client.load_markets()
        price = float((await client.fetch_ticker(COIN))["markPrice"]) * 1.02
        await client.create_order(COIN, "limit", "sell", 1000, price, {"clientOrderId": "rest1", "postOnly": True})
        (resting,) = await client.fetch_open_orders(None, None, None, {**ALL_INVERSE, "settleCoin": "BTC"})
        assert (resting["clientOrderId"], resting["remaining"]) == ("rest1", 1000)
        assert await client.fetch_open_orders(None, None, None, ALL_INVERSE) == []
        await client.privatePostV5OrderCancel({"category": "inverse", "symbol": "BTCUSD", "orderLinkId": "rest1"})
        assert await client.fetch_open_orders(COIN) == []

    over_sockets(check, bybit())


def test_coins_that_carry_a_short_are_still_sold_on_spot_as_far_as_they_are_free() -> None:
    """One wallet: what the account sells there is what it has."""
    answering = bybit()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(COIN, "market", "sell", 10000)
        await client.create_order("BTC/USDT", "market", "sell", 0.2)
        assert (await client.fetch_balance({"type": "swap"}))["BTC"]["total"] == pytest.approx(1.0, abs=0.001)

    over_sockets(check, answering)


def test_a_dated_short_is_settled_and_its_contract_leaves_the_list() -> None:
    """Mark and time among all linear rows, no funding; settled at the end, booked as a delivery."""
    answering = bybit()

    async def check(client: Any) -> None:
        await client.load_markets()
        rows = await client.fetch_funding_rates(None)
        assert (rows[NEAR]["fundingRate"], rows[NEAR]["timestamp"] is None) == (None, False)
        assert rows[FAR]["markPrice"] > rows[FAR]["indexPrice"]
        with pytest.raises(library.NotSupported):
            await client.fetch_funding_rates([NEAR])
        await client.create_order(NEAR, "market", "sell", 0.1, None, {"clientOrderId": "near1"})
        held = await client.fetch_positions(None, {"settleCoin": "USDT"})
        assert [(row["symbol"], row["contracts"]) for row in held] == [(NEAR, 0.1)]
        answering.advance_to(MARCH + timedelta(hours=1))
        in_time(client, answering)
        assert await client.fetch_positions(None, {"settleCoin": "USDT"}) == []
        since = int((MARCH - timedelta(hours=1)).timestamp() * 1000)
        asked = {"category": "linear", "execType": "Delivery", "startTime": since}
        (settled,) = (await client.privateGetV5ExecutionList(asked))["result"]["list"]
        assert (settled["symbol"], settled["side"], settled["execQty"]) == ("BTCUSDT-28MAR25", "Buy", "0.1")
        markets = await client.load_markets(True)
        assert NEAR not in markets
        assert FARTHER in markets

    over_sockets(check, answering)
