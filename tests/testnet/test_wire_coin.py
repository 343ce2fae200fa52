"""Coin-margined perpetuals as the unmodified client meets them, over sockets and from memory, live and demo hosts."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.memory_session import MemorySession
from tests.testnet.world import make_client, over_sockets, weather

INV = "BTC/USD:BTC"
CM = {"subType": "inverse"}
D = Decimal
Check = Callable[[Any], Coroutine[Any, Any, None]]


def from_memory(check: Check, answering: Any = None) -> None:
    """The same exchange without a socket."""
    world = answering or weather()
    asyncio.run(check(make_client(MemorySession(world), world)))


async def fund(client: Any, coins: float = 0.5) -> None:
    await client.load_markets()
    await client.transfer("BTC", coins, "spot", "inverse")


@pytest.mark.parametrize("run", [over_sockets, from_memory], ids=["sockets", "memory"])
def test_linear_and_inverse_markets_are_loaded_side_by_side(run: Callable[..., None]) -> None:
    """Contract size in dollars, margin in coins, whole contracts."""

    async def check(client: Any) -> None:
        markets = await client.load_markets()
        assert markets["BTC/USDT:USDT"]["linear"]
        for symbol, face, coin in ((INV, 100, "BTC"), ("ETH/USD:ETH", 10, "ETH")):
            row = markets[symbol]
            assert (row["inverse"], row["swap"], row["contractSize"], row["settle"]) == (True, True, face, coin)
            assert (row["precision"]["amount"], row["limits"]["amount"]["min"], row["active"]) == (1, 1, True)

    run(check, weather())


READS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "time": lambda c: c.fetch_time(CM),
    "ticker": lambda c: c.fetch_ticker(INV),
    "tickers": lambda c: c.fetch_tickers([INV]),
    "best bids and asks": lambda c: c.fetch_bids_asks([INV]),
    "mark price": lambda c: c.fetch_mark_price(INV),
    "mark prices": lambda c: c.fetch_mark_prices([INV]),
    "funding rate": lambda c: c.fetch_funding_rate(INV),
    "funding rates": lambda c: c.fetch_funding_rates([INV], CM),
    "settled funding": lambda c: c.fetch_funding_rate_history(INV, None, 5),
    "candles": lambda c: c.fetch_ohlcv(INV, "1h", None, 5),
    "candles of the mark": lambda c: c.fetch_ohlcv(INV, "1h", None, 5, {"price": "mark"}),
    "book": lambda c: c.fetch_order_book(INV, 20),
    "balance": lambda c: c.fetch_balance({"type": "swap", **CM}),
    "positions": lambda c: c.fetch_positions([INV], CM),
    "positions from the account page": lambda c: c.fetch_positions([INV], {"method": "account", **CM}),
    "leverage": lambda c: c.fetch_leverage(INV, CM),
    "margin mode": lambda c: c.fetch_margin_mode(INV),
    "position mode": lambda c: c.fetch_position_mode(INV),
    "brackets": lambda c: c.fetch_leverage_tiers([INV], CM),
    "fees": lambda c: c.fetch_trading_fee(INV),
    "orders": lambda c: c.fetch_orders(INV),
    "executions": lambda c: c.fetch_my_trades(INV),
    "funding paid": lambda c: c.fetch_funding_history(INV),
    "statement": lambda c: c.dapiPrivateGetIncome({"incomeType": "TRANSFER"}),
    "plain balance": lambda c: c.dapiPrivateGetBalance(),
}


@pytest.mark.parametrize("demo", [False, True], ids=["live", "demo"])
def test_every_read_of_the_coin_margined_account_is_answered(demo: bool) -> None:
    """No call raises, none comes back empty; a day has passed, so funding was settled."""
    answering = weather()
    engine = answering.exchange.engine
    engine.transfer("family", "BTC", engine.wallet("family", "spot")["BTC"][0], "spot", "coin_futures")
    engine.place("family", market="inverse", symbol="BTCUSD_PERP", side="sell", order_type="MARKET", amount=D(200))
    answering.advance(timedelta(days=1))

    async def check(client: Any) -> None:
        if demo:
            client.enable_demo_trading(True)
        await client.load_markets()
        for name, step in READS.items():
            assert await step(client), name
        if demo:
            with pytest.raises(library.NotSupported):
                await client.transfer("BTC", 0.1, "inverse", "spot")

    over_sockets(check, answering)


@pytest.mark.parametrize("run", [over_sockets, from_memory], ids=["sockets", "memory"])
def test_a_short_in_contracts_is_found_everywhere_in_coins(run: Callable[..., None]) -> None:
    """300 contracts of 100 dollars: looked up by client id, in the position, the executions, the wallet."""

    async def check(client: Any) -> None:
        await fund(client)
        await client.set_leverage(2, INV)
        mark = (await client.fetch_mark_price(INV))["markPrice"]
        placed = await client.create_order(INV, "market", "sell", 200, None, {"clientOrderId": "coin1"})
        assert (placed["status"], placed["filled"]) == ("closed", 200)
        found = await client.fetch_order(None, INV, {"clientOrderId": "coin1"})
        assert (found["id"], found["average"]) == (placed["id"], pytest.approx(mark, rel=0.002))
        assert found["cost"] == pytest.approx(20000 / found["average"], rel=1e-6)
        (position,) = await client.fetch_positions([INV], CM)
        assert (position["side"], position["contracts"], position["contractSize"]) == ("short", 200, 100)
        assert (position["leverage"], position["marginMode"]) == (2, "cross")
        assert position["notional"] == pytest.approx(20000 / mark, rel=1e-6)
        assert position["liquidationPrice"] is None, "more coins than contracts: no rise can reach it"
        assert await client.fetch_positions([INV]) == [], "the linear page knows nothing of it"
        trades = await client.fetch_my_trades(INV, None, None, {"orderId": placed["id"]})
        assert sum(trade["amount"] for trade in trades) == 200
        assert {trade["fee"]["currency"] for trade in trades} == {"BTC"}
        wallet = await client.fetch_balance({"type": "swap", **CM})
        assert wallet["BTC"]["used"] == pytest.approx(10000 / mark, rel=1e-3)
        assert 0.49 < wallet["BTC"]["total"] < 0.5

    run(check, weather())


def test_a_resting_order_is_seen_cancelled_and_still_found() -> None:
    """Life of a coin-margined limit order by its client id."""

    async def check(client: Any) -> None:
        await fund(client)
        price = (await client.fetch_mark_price(INV))["markPrice"] * 1.02
        await client.create_order(INV, "limit", "sell", 10, price, {"clientOrderId": "rest1", "postOnly": True})
        (resting,) = await client.fetch_open_orders(INV)
        assert (resting["clientOrderId"], resting["remaining"]) == ("rest1", 10)
        await client.cancel_order(None, INV, {"clientOrderId": "rest1"})
        assert await client.fetch_open_orders(INV) == []
        assert (await client.fetch_order(None, INV, {"clientOrderId": "rest1"}))["status"] == "canceled"

    over_sockets(check, weather())


def test_settings_isolated_collateral_and_the_way_back_to_spot() -> None:
    """Margin and position mode, added margin moves the liquidation price, coins go home again."""

    async def check(client: Any) -> None:
        await fund(client)
        with pytest.raises(library.ExchangeError, match="-4059"):
            await client.set_position_mode(False, INV)
        await client.set_margin_mode("isolated", INV)
        await client.set_leverage(3, INV)
        await client.create_order(INV, "market", "sell", 100)
        (before,) = await client.fetch_positions([INV], CM)
        assert (before["marginMode"], before["leverage"]) == ("isolated", 3)
        with pytest.raises(library.InvalidOrder, match="minimum amount precision"):
            await client.add_margin(INV, 0.02)  # the client counts coins in contracts: this call cannot be used
        await client.dapiPrivatePostPositionMargin({"symbol": "BTCUSD_PERP", "amount": "0.02", "type": 1})
        (after,) = await client.fetch_positions([INV], CM)
        assert after["liquidationPrice"] > before["liquidationPrice"]
        await client.create_order(INV, "market", "buy", 300, None, {"reduceOnly": True})
        assert await client.fetch_positions([INV], CM) == []
        await client.transfer("BTC", 0.4, "inverse", "spot")
        (back,) = await client.fetch_transfers("BTC", None, None, {"fromAccount": "inverse", "toAccount": "spot"})
        assert (back["amount"], back["fromAccount"], back["toAccount"]) == (0.4, "inverse", "spot")

    over_sockets(check, weather())


def test_refusals_carry_the_codes_of_the_venue() -> None:
    """Too little collateral, half a contract, reduce-only without a position, a stablecoin in the coin wallet."""

    async def check(client: Any) -> None:
        await fund(client, 0.01)
        with pytest.raises(library.InsufficientFunds, match="-2019"):
            await client.create_order(INV, "market", "sell", 3000)
        with pytest.raises(library.InvalidOrder, match="-2022"):
            await client.create_order(INV, "market", "buy", 1, None, {"reduceOnly": True})
        with pytest.raises(library.BadRequest, match="-1111"):
            await client.dapiPrivatePostOrder(
                {"symbol": "BTCUSD_PERP", "side": "SELL", "type": "MARKET", "quantity": "1.5"}
            )
        with pytest.raises(library.ExchangeError, match="-5013"):
            await client.transfer("USDT", 10, "spot", "inverse")

    over_sockets(check, weather())
