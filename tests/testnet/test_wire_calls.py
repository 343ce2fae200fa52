"""Every unified call the bot may make is answered well enough for the unmodified client, on live and demo hosts."""

from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.async_support as library
import pytest

from tests.testnet.world import START, make_answering, over_sockets

BTC = "BTC/USDT:USDT"
SPOT = "BTC/USDT"
Step = Callable[[Any], Awaitable[Any]]
SINCE = int(START.timestamp() * 1000) - 3_600_000

READS: dict[str, Step] = {
    "time of the futures host": lambda c: c.fetch_time({"subType": "linear"}),
    "ticker of a perpetual": lambda c: c.fetch_ticker(BTC),
    "tickers of spot pairs": lambda c: c.fetch_tickers([SPOT, "ETH/USDT"]),
    "tickers of perpetuals": lambda c: c.fetch_tickers([BTC]),
    "best bids and asks": lambda c: c.fetch_bids_asks([SPOT]),
    "last prices": lambda c: c.fetch_last_prices([SPOT]),
    "mark price": lambda c: c.fetch_mark_price(BTC),
    "mark prices": lambda c: c.fetch_mark_prices([BTC]),
    "funding rate": lambda c: c.fetch_funding_rate(BTC),
    "funding rates": lambda c: c.fetch_funding_rates([BTC]),
    "settled funding rates": lambda c: c.fetch_funding_rate_history(BTC, None, 5),
    "candles of a perpetual": lambda c: c.fetch_ohlcv(BTC, "1h", None, 5),
    "candles of the mark": lambda c: c.fetch_ohlcv(BTC, "1h", None, 5, {"price": "mark"}),
    "candles of spot": lambda c: c.fetch_ohlcv(SPOT, "1d", None, 5),
    "book of spot": lambda c: c.fetch_order_book(SPOT, 20),
    "spot balance": lambda c: c.fetch_balance({"type": "spot", "omitZeroBalances": "true"}),
    "futures balance": lambda c: c.fetch_balance({"type": "swap"}),
    "futures balance, older page": lambda c: c.fetch_balance({"type": "swap", "useV2": True}),
    "positions": lambda c: c.fetch_positions([BTC]),
    "positions, older page": lambda c: c.fetch_positions([BTC], {"useV2": True}),
    "positions from the account page": lambda c: c.fetch_positions([BTC], {"method": "account"}),
    "leverage": lambda c: c.fetch_leverage(BTC),
    "leverage brackets": lambda c: c.fetch_leverage_tiers([BTC]),
    "margin mode": lambda c: c.fetch_margin_mode(BTC),
    "position mode": lambda c: c.fetch_position_mode(BTC),
    "fees": lambda c: c.fetch_trading_fee(BTC),
    "resting orders": lambda c: c.fetch_open_orders(BTC),
    "all orders": lambda c: c.fetch_orders(BTC, SINCE),
    "executions since": lambda c: c.fetch_my_trades(BTC, SINCE, 10),
    "executions on spot": lambda c: c.fetch_my_trades(SPOT),
    "funding paid": lambda c: c.fetch_funding_history(BTC, SINCE, 10),
    "own liquidations": lambda c: c.fetch_my_liquidations(BTC),
}
LIVE_ONLY: dict[str, Step] = {
    "rights of the key": lambda c: c.sapiGetAccountApiRestrictions(),
    "funding wallet": lambda c: c.fetch_balance({"type": "funding"}),
    "transfers": lambda c: c.fetch_transfers("USDT"),
}


async def _open_short(client: Any) -> None:
    await client.load_markets()
    await client.create_order(BTC, "market", "sell", 0.1)
    await client.create_order(SPOT, "market", "sell", 0.01)


@pytest.mark.parametrize("demo", [False, True], ids=["live", "demo"])
def test_every_read_of_the_bot_is_answered(demo: bool) -> None:
    """No call raises, and none comes back empty that should not."""

    async def check(client: Any) -> None:
        if demo:
            client.enable_demo_trading(True)
        await _open_short(client)
        may_be_empty = {"settled funding rates", "funding paid", "resting orders", "own liquidations"}
        for name, step in READS.items():
            assert await step(client) or name in may_be_empty, name
        for name, step in LIVE_ONLY.items():
            if demo:
                with pytest.raises(library.NotSupported):
                    await step(client)
            else:
                assert await step(client) or name == "transfers", name

    over_sockets(check)


def test_settings_and_collateral_are_changed_and_read_back() -> None:
    """Margin mode, leverage, isolated collateral and transfers, each seen again in what is read."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.set_margin_mode("isolated", BTC)
        await client.set_leverage(3, BTC)
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 3
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "isolated"
        assert (await client.fetch_position_mode(BTC))["hedged"] is False
        await client.create_order(BTC, "market", "sell", 0.1)
        before = (await client.fetch_positions([BTC]))[0]["liquidationPrice"]
        await client.add_margin(BTC, 500)
        assert (await client.fetch_positions([BTC]))[0]["liquidationPrice"] > before
        moved = await client.transfer("USDT", 250, "spot", "swap")
        (found,) = await client.fetch_transfers("USDT")
        assert (found["id"], found["amount"], found["toAccount"]) == (moved["id"], 250, "linear")

    over_sockets(check)


@pytest.mark.parametrize("symbol", [BTC, SPOT])
def test_a_resting_order_is_seen_cancelled_and_still_found(symbol: str) -> None:
    """Life of a limit order by its client id: open, cancelled, looked up afterwards."""

    async def check(client: Any) -> None:
        await client.load_markets()
        placed = await client.create_order(symbol, "limit", "sell", 0.1, 51000, {"clientOrderId": "resting1"})
        assert placed["status"] == "open"
        (resting,) = await client.fetch_open_orders(symbol)
        assert resting["clientOrderId"] == "resting1"
        await client.cancel_order(None, symbol, {"clientOrderId": "resting1"})
        assert await client.fetch_open_orders(symbol) == []
        found = await client.fetch_order(None, symbol, {"clientOrderId": "resting1"})
        assert (found["status"], found["filled"]) == ("canceled", 0)

    over_sockets(check)


def test_all_resting_orders_of_a_symbol_are_cancelled_at_once() -> None:
    """The emergency call leaves no order behind."""

    async def check(client: Any) -> None:
        await client.load_markets()
        for number in range(3):
            await client.create_order(BTC, "limit", "sell", 0.1, 51000 + number)
        await client.cancel_all_orders(BTC)
        assert await client.fetch_open_orders(BTC) == []

    over_sockets(check)


def test_a_reduction_larger_than_the_short_ends_flat() -> None:
    """Reduce-only never opens the other side."""
    answering = make_answering()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1)
        await client.create_order(BTC, "market", "buy", 0.3, None, {"reduceOnly": True})

    over_sockets(check, answering)
    assert not answering.exchange.engine.positions("family")
