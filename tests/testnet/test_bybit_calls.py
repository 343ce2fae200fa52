"""Bybit on the local testnet: every unified call the bot may make is answered well enough for the unmodified client."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.listings import padded_listings
from bot.sim.market import Market
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange
from tests.testnet.world import KEY, PORTFOLIO, SECRET, START, FlatFeed, make_answering, over_sockets, weather

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
SPOT = "BTC/USDT"
Step = Callable[[Any], Awaitable[Any]]
SINCE = int(START.timestamp() * 1000) - 3_600_000
OWN = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "hedge1"}

READS: dict[str, Step] = {
    "time": lambda c: c.fetch_time(),
    "ticker of a perpetual": lambda c: c.fetch_ticker(BTC),
    "ticker of spot": lambda c: c.fetch_ticker(SPOT),
    "tickers of all perpetuals": lambda c: c.fetch_tickers(None, {"type": "swap"}),
    "funding rates": lambda c: c.fetch_funding_rates([BTC, ETH]),
    "settled funding rates": lambda c: c.fetch_funding_rate_history(BTC, SINCE, 5),
    "candles of a perpetual": lambda c: c.fetch_ohlcv(BTC, "1h", SINCE, 5),
    "candles of the mark": lambda c: c.fetch_mark_ohlcv(BTC, "1h", None, 5),
    "candles of spot": lambda c: c.fetch_ohlcv(SPOT, "1d", None, 5),
    "book of a perpetual": lambda c: c.fetch_order_book(BTC, 50),
    "book of spot": lambda c: c.fetch_order_book(SPOT, 20),
    "unified balance": lambda c: c.fetch_balance({"type": "swap"}),
    "position of one symbol": lambda c: c.fetch_positions([BTC]),
    "all positions": lambda c: c.fetch_positions(None, {"settleCoin": "USDT"}),
    "leverage": lambda c: c.fetch_leverage(BTC),
    "margin mode": lambda c: c.fetch_margin_mode(BTC),
    "risk tiers of one symbol": lambda c: c.fetch_market_leverage_tiers(BTC),
    "risk tiers by page": lambda c: c.fetch_leverage_tiers([BTC]),
    "resting orders": lambda c: c.fetch_open_orders(BTC),
    "own order, live": lambda c: c.privateGetV5OrderRealtime(OWN),
    "own order, past": lambda c: c.privateGetV5OrderHistory(OWN),
    "past orders": lambda c: c.fetch_canceled_and_closed_orders(BTC),
    "executions since": lambda c: c.fetch_my_trades(BTC, SINCE, 10),
    "executions on spot": lambda c: c.fetch_my_trades(SPOT),
    "funding paid": lambda c: c.fetch_funding_history(BTC),
}
LIVE_ONLY: dict[str, Step] = {
    "rights of the key": lambda c: c.privateGetV5UserQueryApi(),
    "funding wallet": lambda c: c.fetch_balance({"type": "funding"}),
    "fees": lambda c: c.fetch_trading_fee(BTC),
    "transfers": lambda c: c.fetch_transfers("USDT"),
}
MAY_BE_EMPTY = {"settled funding rates", "funding paid", "resting orders", "transfers"}


@pytest.mark.parametrize("demo", [False, True], ids=["live", "demo"])
def test_every_read_of_the_bot_is_answered(demo: bool) -> None:
    """No call raises, and none comes back empty that should not; the demo has no keys and no transfers."""

    async def check(client: Any) -> None:
        if demo:
            client.enable_demo_trading(True)
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1, None, {"clientOrderId": "hedge1"})
        await client.create_order(SPOT, "market", "sell", 0.01)
        for name, step in READS.items():
            assert await step(client) or name in MAY_BE_EMPTY, name
        for name, step in LIVE_ONLY.items():
            if demo:
                with pytest.raises(library.ExchangeError, match="10032"):
                    await step(client)
            else:
                assert await step(client) or name in MAY_BE_EMPTY, name

    over_sockets(check, make_answering(venue="bybit"))


def test_an_order_is_acknowledged_by_its_ids_only() -> None:
    """What became of it is told by the look-ups, under the id we gave."""

    async def check(client: Any) -> None:
        await client.load_markets()
        placed = await client.create_order(
            BTC, "limit", "sell", 0.1, 49990, {"timeInForce": "IOC", "clientOrderId": "hedge1"}
        )
        assert (placed["clientOrderId"], placed["status"], placed["filled"]) == ("hedge1", None, None)
        (live,) = (await client.privateGetV5OrderRealtime(OWN))["result"]["list"]
        (past,) = (await client.privateGetV5OrderHistory(OWN))["result"]["list"]
        assert live["orderId"] == past["orderId"] == placed["id"]
        assert (live["orderStatus"], live["cumExecQty"], live["leavesQty"]) == ("Filled", "0.1", "0")

    over_sockets(check, make_answering(venue="bybit"))


def test_a_resting_order_is_seen_cancelled_and_still_found() -> None:
    """Life of a limit order by its client id, and of an immediate one that found nobody."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "limit", "sell", 0.1, 51000, {"clientOrderId": "hedge1"})
        (resting,) = await client.fetch_open_orders(BTC)
        assert (resting["clientOrderId"], resting["status"]) == ("hedge1", "open")
        await client.cancel_order(None, BTC, {"orderLinkId": "hedge1"})
        assert await client.fetch_open_orders(BTC) == []
        (past,) = await client.fetch_canceled_and_closed_orders(BTC, params={"orderLinkId": "hedge1"})
        assert (past["status"], past["filled"], past["info"]["cancelType"]) == ("canceled", 0, "CancelByUser")
        await client.create_order(BTC, "limit", "sell", 0.1, 51000, {"timeInForce": "IOC", "clientOrderId": "nobody"})
        (missed,) = await client.fetch_canceled_and_closed_orders(BTC, params={"orderLinkId": "nobody"})
        assert (missed["status"], missed["info"]["rejectReason"]) == ("canceled", "EC_NoImmediateQtyToFill")

    over_sockets(check, make_answering(venue="bybit"))


def test_a_crossing_post_only_order_is_taken_and_ends_at_once() -> None:
    """Contracts cancel it, spot rejects it; neither trades and neither rests."""
    answering = make_answering(venue="bybit")

    async def check(client: Any) -> None:
        await client.load_markets()
        for symbol, status in ((BTC, "canceled"), (SPOT, "rejected")):
            await client.create_order(symbol, "limit", "sell", 0.1, 49900, {"postOnly": True, "clientOrderId": "maker"})
            (ended,) = await client.fetch_canceled_and_closed_orders(symbol, params={"orderLinkId": "maker"})
            assert (ended["status"], ended["filled"]) == (status, 0)
            assert ended["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
            assert await client.fetch_open_orders(symbol) == []

    over_sockets(check, answering)
    assert not answering.exchange.engine.positions("family")


def test_money_is_counted_once_in_the_one_wallet() -> None:
    """Spot and futures USDT are one sum, all of it collateral; a spot purchase pays out of it."""
    answering = make_answering(venue="bybit")

    async def check(client: Any) -> None:
        await client.load_markets()
        before = await client.fetch_balance({"type": "swap"})
        assert before["USDT"]["total"] == 30_000
        assert before["BTC"]["total"] == 1.2
        await client.create_order(SPOT, "market", "buy", 0.2)
        after = await client.fetch_balance({"type": "spot"})
        assert after["USDT"]["total"] == pytest.approx(20_000, rel=0.001)
        await client.create_order(BTC, "market", "sell", 0.5)
        bound = await client.fetch_balance({"type": "swap"})
        assert bound["USDT"]["used"] == pytest.approx(0.5 * 50_000 / 20)

    over_sockets(check, answering)
    assert sum(answering.exchange.engine.wallet("family", "spot")["USDT"]) == 0


def test_money_moves_between_the_funding_wallet_and_the_unified_one() -> None:
    """Both ways, listed with its direction; the old wallets of classic accounts are no destination."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.transfer("USDT", 250, "funding", "unified")
        (moved,) = await client.fetch_transfers("USDT")
        assert (moved["amount"], moved["fromAccount"], moved["toAccount"]) == (250, "fund", "unified")
        assert (await client.fetch_balance({"type": "swap"}))["USDT"]["total"] == 30_250
        with pytest.raises(library.NotSupported, match="131231"):
            await client.transfer("USDT", 250, "funding", "swap")

    over_sockets(check, make_answering(venue="bybit"))


def test_settings_are_changed_and_read_back() -> None:
    """Leverage per symbol, margin mode for the whole account, position mode for the category."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.set_leverage(3, BTC)
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 3
        await client.set_margin_mode("isolated", BTC)
        assert (await client.fetch_margin_mode(ETH))["marginMode"] == "isolated"
        await client.set_margin_mode("cross")
        await client.set_position_mode(True, BTC)
        both = (await client.privateGetV5PositionList({"category": "linear", "symbol": "BTCUSDT"}))["result"]["list"]
        assert [row["positionIdx"] for row in both] == [1, 2]

    over_sockets(check, make_answering(venue="bybit"))


def test_whoever_is_short_receives_a_negative_fee() -> None:
    """The sign of funding is that of a fee: paid is positive."""
    answering = make_answering(venue="bybit")

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1)
        answering.advance(timedelta(hours=9))
        client.options["timeDifference"] -= 9 * 3_600_000
        (row,) = await client.fetch_funding_history(BTC)
        (booked,) = (line for line in answering.exchange.engine.income("family") if line.kind == "FUNDING_FEE")
        assert booked.amount > 0
        assert row["amount"] == pytest.approx(-float(booked.amount))
        assert (row["info"]["side"], row["info"]["execQty"]) == ("Sell", "0.1")

    over_sockets(check, answering)


def test_a_long_list_of_markets_is_read_to_its_end() -> None:
    """More than six hundred markets, the contracts of them page by page when asked for in pages."""
    engine = Engine(listings=padded_listings(640), at=START)
    engine.open_account("family", PORTFOLIO)
    keys = {KEY: ApiKey(key=KEY, secret=SECRET, account="family")}
    exchange = Exchange(market=Market(engine, FlatFeed()), keys=keys, window_scale=60)

    async def check(client: Any) -> None:
        assert len(await client.load_markets()) == 640
        asked = {"category": "linear", "limit": 100}
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await client.publicGetV5MarketInstrumentsInfo({**asked, "cursor": cursor}))["result"]
            seen += [row["symbol"] for row in page["list"]]
            cursor = page["nextPageCursor"]
            if not cursor:
                break
        assert len(seen) == len(set(seen)) == sum(1 for row in engine.listings.values() if row.market == "linear")

    over_sockets(check, AnsweringExchange(exchange, codec=codec("bybit")))


def test_dated_contracts_have_bybits_names() -> None:
    """A quarterly future is called by its day."""
    answering = weather()
    dated = AnsweringExchange(answering.exchange, codec=codec("bybit"))

    async def check(client: Any) -> None:
        markets = await client.load_markets()
        futures = {row["id"]: row for row in markets.values() if row["future"]}
        assert len(futures) >= 2
        assert all(re.fullmatch(r"[A-Z]+USDT-[0-3][0-9][A-Z]{3}[0-9]{2}", name) for name in futures)
        symbol = next(row["symbol"] for row in futures.values())
        assert (await client.fetch_ticker(symbol))["markPrice"] > 0
        await client.create_order(symbol, "market", "sell", 0.1)
        (held,) = await client.fetch_positions([symbol])
        assert (held["symbol"], held["side"], held["contracts"]) == (symbol, "short", 0.1)

    over_sockets(check, dated)
