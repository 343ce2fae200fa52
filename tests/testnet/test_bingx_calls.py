"""Every unified call the bot may make at BingX is answered well enough for the unmodified client."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.listings import padded_listings
from bot.sim.market import Market
from bot.sim.memory_session import MemorySession
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from tests.testnet.world import KEY, PORTFOLIO, SECRET, START, FlatFeed, make_answering, make_client, over_sockets

BTC = "BTC/USDT:USDT"
SPOT = "BTC/USDT"
Step = Callable[[Any], Awaitable[Any]]
SINCE = milliseconds(START) - 3_600_000

READS: dict[str, Step] = {
    "time": lambda c: c.fetch_time(),
    "currencies": lambda c: c.fetch_currencies(),
    "ticker of a perpetual": lambda c: c.fetch_ticker(BTC),
    "ticker of spot": lambda c: c.fetch_ticker(SPOT),
    "tickers of spot pairs": lambda c: c.fetch_tickers([SPOT, "ETH/USDT"]),
    "tickers of perpetuals": lambda c: c.fetch_tickers([BTC]),
    "mark price": lambda c: c.fetch_mark_price(BTC),
    "funding rate": lambda c: c.fetch_funding_rate(BTC),
    "funding rates": lambda c: c.fetch_funding_rates([BTC]),
    "settled funding rates": lambda c: c.fetch_funding_rate_history(BTC, None, 5),
    "candles of a perpetual": lambda c: c.fetch_ohlcv(BTC, "1h", SINCE - 7_200_000, 5),
    "candles of the mark": lambda c: c.fetch_ohlcv(BTC, "1h", None, 5, {"price": "mark"}),
    "candles of spot": lambda c: c.fetch_ohlcv(SPOT, "1d", None, 5),
    "book of a perpetual": lambda c: c.fetch_order_book(BTC, 17),
    "book of spot": lambda c: c.fetch_order_book(SPOT, 20),
    "spot balance": lambda c: c.fetch_balance({"type": "spot"}),
    "funding wallet": lambda c: c.fetch_balance({"type": "funding"}),
    "futures balance": lambda c: c.fetch_balance({"type": "swap"}),
    "positions": lambda c: c.fetch_positions([BTC]),
    "position": lambda c: c.fetch_position(BTC),
    "leverage": lambda c: c.fetch_leverage(BTC),
    "leverage tiers": lambda c: c.fetch_market_leverage_tiers(BTC),
    "margin mode": lambda c: c.fetch_margin_mode(BTC),
    "position mode": lambda c: c.fetch_position_mode(BTC),
    "fees": lambda c: c.fetch_trading_fee(BTC),
    "fees on spot": lambda c: c.fetch_trading_fee(SPOT),
    "resting orders": lambda c: c.fetch_open_orders(BTC),
    "all orders": lambda c: c.fetch_orders(BTC, SINCE),
    "ended orders": lambda c: c.fetch_canceled_and_closed_orders(BTC),
    "ended orders on spot": lambda c: c.fetch_closed_orders(SPOT),
    "executions since": lambda c: c.fetch_my_trades(BTC, SINCE, 10),
    "executions on spot": lambda c: c.fetch_my_trades(SPOT),
    "funding paid": lambda c: c.fetch_funding_history(BTC, SINCE, 10),
    "own liquidations": lambda c: c.fetch_my_liquidations(BTC),
    "transfers": lambda c: c.fetch_transfers("USDT", None, 10, {"fromAccount": "spot", "toAccount": "linear"}),
    "rights of the key, in numbers": lambda c: c.accountV1PrivateGetAccountApiPermissions(),
    "rights of the key, in words": lambda c: c.accountV1PrivateGetAccountApiRestrictions(),
    "fills with ids": lambda c: c.swapV2PrivateGetTradeFillHistory(
        {"symbol": "BTC-USDT", "startTs": SINCE, "endTs": SINCE + 7_200_000}
    ),
}
MAY_BE_EMPTY = {"settled funding rates", "funding paid", "resting orders", "own liquidations", "transfers"}


def on_time(client: Any, answering: AnsweringExchange) -> Any:
    """This client has no setting for a clock that is off: its milliseconds are the exchange's."""
    client.milliseconds = lambda: milliseconds(answering.exchange.now)
    return client


def bingx(check: Step, answering: AnsweringExchange | None = None, **config: Any) -> AnsweringExchange:
    """Run a check with a connected client that has its markets."""
    world = answering or make_answering(venue="bingx")

    async def prepared(client: Any) -> None:
        await on_time(client, world).load_markets()
        await check(client)

    over_sockets(prepared, world, timeout=20_000, **config)  # a busy machine is no slow exchange
    return world


def test_every_read_of_the_bot_is_answered() -> None:
    """No call raises, and none comes back empty that should not."""

    async def check(client: Any) -> None:
        await client.create_order(BTC, "market", "sell", 0.1)
        await client.create_order(SPOT, "market", "sell", 0.01)
        for name, step in READS.items():
            assert await step(client) or name in MAY_BE_EMPTY, name

    bingx(check)


def test_the_same_client_is_answered_from_memory() -> None:
    """The session without sockets tells the same story."""

    async def check() -> Any:
        answering = make_answering(venue="bingx")
        client = on_time(make_client(MemorySession(answering), answering), answering)
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1)
        return await client.fetch_positions([BTC])

    (row,) = asyncio.run(check())
    assert (row["side"], row["contracts"], row["info"]["onlyOnePosition"]) == ("short", 0.1, True)


def test_a_list_of_six_hundred_markets_is_read_whole() -> None:
    """Nothing is lost of a long list, and units are those of the listings."""
    engine = Engine(listings=padded_listings(), at=START)
    engine.open_account("family", PORTFOLIO)
    exchange = Exchange(market=Market(engine, FlatFeed()), keys={KEY: ApiKey(key=KEY, secret=SECRET, account="family")})

    async def check(client: Any) -> None:
        assert len(client.markets) == len(padded_listings())
        market = client.market(BTC)
        assert (market["contractSize"], market["precision"]["amount"], market["precision"]["price"]) == (1, 0.001, 0.1)
        assert market["limits"]["cost"]["min"] == 100

    bingx(check, AnsweringExchange(exchange, codec=codec("bingx")))


def test_settings_and_collateral_are_changed_and_read_back() -> None:
    """Margin mode, leverage, isolated collateral and transfers, each seen again in what is read."""

    async def check(client: Any) -> None:
        await client.set_margin_mode("isolated", BTC)
        await client.set_margin_mode("isolated", BTC)
        await client.set_leverage(3, BTC, {"side": "BOTH"})
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 3
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "isolated"
        assert (await client.fetch_position_mode(BTC))["hedged"] is False
        await client.create_order(BTC, "market", "sell", 0.1)
        before = (await client.fetch_positions([BTC]))[0]
        await client.add_margin(BTC, 500)
        after = (await client.fetch_positions([BTC]))[0]
        assert after["liquidationPrice"] > before["liquidationPrice"]
        assert after["collateral"] == pytest.approx(before["collateral"] + 500)
        moved = await client.transfer("USDT", 250, "spot", "swap")
        (found,) = await client.fetch_transfers("USDT", None, 10, {"fromAccount": "spot", "toAccount": "linear"})
        assert (found["id"], found["amount"], found["toAccount"]) == (moved["id"], 250, "linear")

    bingx(check)


def test_a_resting_order_is_seen_cancelled_and_still_found() -> None:
    """Life of a limit order by its client id, on both markets."""

    async def check(client: Any) -> None:
        for symbol in (BTC, SPOT):
            own = {"clientOrderId": "Resting1"}
            await client.create_order(symbol, "limit", "sell", 0.1, 51000, {**own, "postOnly": True})
            (resting,) = await client.fetch_open_orders(symbol)
            assert resting["clientOrderId"] == "resting1"  # the venue writes ids in lower case
            await client.cancel_order(None, symbol, own)
            assert await client.fetch_open_orders(symbol) == []
            found = await client.fetch_order(resting["id"], symbol)
            assert (found["status"], found["filled"]) == ("canceled", 0)

    bingx(check)


def test_an_order_by_client_id_needs_the_path_itself() -> None:
    """The unified look-up sends orderId=None beside the client id, which is no number; the path alone finds it."""

    async def check(client: Any) -> None:
        await client.create_order(BTC, "limit", "sell", 0.01, 49900, {"clientOrderId": "mine", "timeInForce": "IOC"})
        with pytest.raises(library.BadRequest, match="109400"):
            await client.fetch_order(None, BTC, {"clientOrderId": "mine"})
        reply = await client.swapV2PrivateGetTradeOrder({"symbol": "BTC-USDT", "clientOrderId": "MINE"})
        assert reply["data"]["order"]["status"] == "FILLED"

    bingx(check)


def test_a_tiny_amount_arrives_in_scientific_notation_and_is_taken() -> None:
    """The client writes amounts below a ten-thousandth as 1e-05."""
    seen: list[str] = []

    class Listening(AnsweringExchange):
        def answer(self, request: Any) -> Any:
            seen.append(request.query)
            return super().answer(request)

    plain = make_answering(venue="bingx")
    world = Listening(plain.exchange, codec=plain.codec)

    async def check(client: Any) -> None:
        await client.create_order(SPOT, "limit", "buy", 0.00009, 60000)
        (fill,) = await client.fetch_my_trades(SPOT)
        assert fill["amount"] == 0.00009

    with pytest.MonkeyPatch.context() as patch:
        listing = world.exchange.engine._state.listings[("spot", "BTCUSDT")]
        patch.setitem(
            world.exchange.engine._state.listings,
            ("spot", "BTCUSDT"),
            type(listing)(**{**_fields(listing), "notional_min": Decimal(1)}),
        )
        bingx(check, world)
    assert any("quantity=9e-05" in query for query in seen)


def _fields(listing: Any) -> dict[str, Any]:
    return {name: getattr(listing, name) for name in listing.__dataclass_fields__}


def test_a_reduction_larger_than_the_short_ends_flat() -> None:
    """Reduce-only never opens the other side."""

    async def check(client: Any) -> None:
        await client.create_order(BTC, "market", "sell", 0.1)
        await client.create_order(BTC, "market", "buy", 0.3, None, {"reduceOnly": True})

    assert not bingx(check).exchange.engine.positions("family")


def test_all_resting_orders_of_a_symbol_are_cancelled_at_once() -> None:
    """The emergency call leaves no order behind."""

    async def check(client: Any) -> None:
        for number in range(3):
            await client.create_order(BTC, "limit", "sell", 0.1, 51000 + number)
        await client.cancel_all_orders(BTC)
        assert await client.fetch_open_orders(BTC) == []

    bingx(check)


def test_the_play_money_host_knows_perpetuals_only() -> None:
    """In sandbox mode the client loads no spot markets, and asking for a spot balance there finds no such page."""

    async def check(client: Any) -> None:
        client.set_sandbox_mode(True)
        client.options["fetchCurrencies"] = False
        client.has["fetchCurrencies"] = False
        markets = await client.load_markets(True)
        assert BTC in markets
        assert SPOT not in markets
        await client.create_order(BTC, "market", "sell", 0.1)
        with pytest.raises(library.ExchangeError, match="100404"):
            await client.fetch_balance({"type": "spot"})

    bingx(check)


async def _twice(client: Any) -> None:
    for _ in range(2):
        await client.create_order(BTC, "limit", "sell", 0.1, 51000, {"clientOrderId": "same"})


async def _mode_under_position(client: Any) -> None:
    await client.create_order(BTC, "market", "sell", 0.1)
    await client.set_margin_mode("isolated", BTC)


async def _hedged_order(client: Any) -> None:
    await client.set_position_mode(True, BTC)
    await client.create_order(BTC, "market", "sell", 0.1)


async def _hedged_reduction(client: Any) -> None:
    await client.set_position_mode(True, BTC)
    await client.swapV2PrivatePostTradeOrder(
        {"symbol": "BTC-USDT", "side": "BUY", "positionSide": "SHORT", "type": "MARKET", "quantity": 1,
         "reduceOnly": "true"}
    )  # fmt: skip


REFUSALS: dict[str, tuple[Step, type[Exception]]] = {
    "109201": (_twice, library.DuplicateOrderId),
    "109421": (lambda c: c.cancel_order("77", BTC), library.OrderNotFound),
    "80016": (lambda c: c.fetch_order("77", BTC), library.OrderNotFound),
    "80001": (lambda c: c.swapV2PrivateGetTradeOrder({"symbol": "BTC-USDT"}), library.BadRequest),
    "101204": (lambda c: c.create_order(BTC, "market", "sell", 9), library.InsufficientFunds),
    "101290": (
        lambda c: c.create_order(BTC, "market", "buy", 0.1, None, {"reduceOnly": True}), library.ExchangeError
    ),
    "101414": (lambda c: c.set_leverage(500, BTC, {"side": "BOTH"}), library.ExchangeError),
    "'Side' field can only be set to BOTH": (
        lambda c: c.set_leverage(3, BTC, {"side": "SHORT"}), library.BadRequest
    ),
    "the account has positions": (_mode_under_position, library.BadRequest),
    "'PositionSide' field can only be set to LONG or SHORT": (_hedged_order, library.BadRequest),
    "'ReduceOnly' field can not be filled": (_hedged_reduction, library.BadRequest),
    "101400": (lambda c: c.create_order(BTC, "market", "sell", 0.001), library.InvalidOrder),
    "101211": (lambda c: c.create_order(BTC, "limit", "sell", 0.1, 30000), library.ExchangeError),
    "101215": (lambda c: c.create_order(BTC, "limit", "sell", 0.1, 49000, {"postOnly": True}), library.ExchangeError),
    "109425": (lambda c: c.swapV2PublicGetQuoteDepth({"symbol": "NOPE-USDT"}), library.BadSymbol),
    "limit: must be one of": (
        lambda c: c.swapV2PublicGetQuoteDepth({"symbol": "BTC-USDT", "limit": 7}), library.BadRequest
    ),
    "less than or equal to 1440": (
        lambda c: c.swapV3PublicGetQuoteKlines({"symbol": "BTC-USDT", "interval": "1m", "limit": 1500}),
        library.BadRequest,
    ),
    "startTs": (
        lambda c: c.swapV2PrivateGetTradeAllFillOrders({"symbol": "BTC-USDT", "tradingUnit": "COIN"}),
        library.BadRequest,
    ),
    "100202": (lambda c: c.transfer("USDT", 10**6, "spot", "swap"), library.InsufficientFunds),
    "Insufficient balance": (lambda c: c.create_order(SPOT, "market", "sell", 5), library.InsufficientFunds),
    "100404": (lambda c: c.swapV1PrivateGetTwapOpenOrders(), library.ExchangeError),
}  # fmt: skip


@pytest.mark.parametrize("words", sorted(REFUSALS))
def test_a_refusal_reaches_its_class(words: str) -> None:
    """Errors come inside a 200, and each code selects the class the client uses for the real exchange."""
    step, expected = REFUSALS[words]

    async def check(client: Any) -> None:
        with pytest.raises(expected, match=words):
            await step(client)

    bingx(check)


def test_an_id_is_used_up_for_ever() -> None:
    """After a second a repeated id has a code of its own, though the order that bore it ended long ago."""
    world = make_answering(venue="bingx")

    async def check(client: Any) -> None:
        own = {"clientOrderId": "once", "timeInForce": "IOC"}
        await client.create_order(BTC, "limit", "sell", 0.01, 49900, own)
        world.exchange.market.advance_to(START.replace(hour=13))
        with pytest.raises(library.DuplicateOrderId, match="101481"):
            await client.create_order(BTC, "limit", "sell", 0.01, 49900, own)

    bingx(check, world)


def test_a_forged_signature_an_unknown_key_and_a_wrong_clock_are_refused() -> None:
    """Each with the gateway's own code."""
    world = make_answering(venue="bingx")

    async def check(client: Any) -> None:
        for change, code in (
            ({"secret": "another"}, "100001"),
            ({"apiKey": "y" * 64}, "100413"),
        ):
            kept = {name: getattr(client, name) for name in change}
            for name, value in change.items():
                setattr(client, name, value)
            with pytest.raises(library.AuthenticationError, match=code):
                await client.fetch_balance({"type": "swap"})
            for name, value in kept.items():
                setattr(client, name, value)
        for off_ms in (6000, -6000):
            client.milliseconds = lambda off_ms=off_ms: milliseconds(world.exchange.now) + off_ms
            with pytest.raises(library.ExchangeError, match="timestamp mismatch"):
                await client.fetch_balance({"type": "swap"})

    bingx(check, world)


@pytest.mark.parametrize(
    ("rights", "step"),
    [
        ({"may_trade_spot": False}, lambda c: c.create_order(SPOT, "market", "sell", 0.1)),
        ({"may_trade_futures": False}, lambda c: c.create_order(BTC, "market", "sell", 0.1)),
        ({"may_transfer": False}, lambda c: c.transfer("USDT", 1, "spot", "swap")),
    ],
    ids=["spot", "futures", "transfer"],
)
def test_a_key_without_a_right_is_told_so(rights: dict[str, Any], step: Step) -> None:
    """Reads go on working; the write is refused with 100004."""
    key = ApiKey(key=KEY, secret=SECRET, account="family", **rights)

    async def check(client: Any) -> None:
        assert (await client.fetch_balance({"type": "swap"}))["USDT"]["free"] == 10000
        with pytest.raises(library.PermissionDenied, match="100004"):
            await step(client)

    bingx(check, make_answering(key=key, venue="bingx"))


def test_fills_read_by_the_unified_call_lie_in_the_future() -> None:
    """Why the adapter asks fillHistory: allFillOrders writes China's time as if it were UTC, and counts contracts."""

    async def check(client: Any) -> None:
        await client.create_order(BTC, "market", "sell", 0.1)
        (fill,) = await client.fetch_my_trades(BTC)
        assert fill["timestamp"] - milliseconds(START) == 8 * 3_600_000
        assert fill["amount"] == 100
        assert fill["id"] is None
        (coins,) = await client.fetch_my_trades(BTC, None, None, {"tradingUnit": "COIN"})
        assert coins["amount"] == 0.1

    bingx(check)


def test_mark_prices_of_the_unified_call_come_under_the_spot_symbol() -> None:
    """Why the adapter reads marks from the funding rates: the client takes a row without lastQty for a spot ticker."""

    async def check(client: Any) -> None:
        assert await client.fetch_mark_prices([BTC]) == {}
        assert (await client.fetch_funding_rates([BTC]))[BTC]["markPrice"] == 50000

    bingx(check)
