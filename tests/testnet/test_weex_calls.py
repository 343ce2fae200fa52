"""WEEX's language on the local testnet: every call the bot may make, answered well enough for the unmodified client."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.listings import default_listings
from bot.sim.localnet import ACCOUNT, build_world
from bot.sim.model import WalletName
from tests.testnet.weex_world import in_memory, over_sockets, weex_answering
from tests.testnet.world import START, FlatFeed

BTC = "BTC/USDT:USDT"
SPOT = "BTC/USDT"
Step = Callable[[Any], Awaitable[Any]]
WALLETS: tuple[WalletName, ...] = ("spot", "funding", "futures")
SINCE = int(START.timestamp() * 1000) - 3_600_000

READS: dict[str, Step] = {
    "time": lambda c: c.fetch_time(),
    "time of the contract host": lambda c: c.contractGetCapiV3MarketTime(),
    "currencies": lambda c: c.fetch_currencies(),
    "ticker of spot": lambda c: c.fetch_ticker(SPOT),
    "ticker of a perpetual": lambda c: c.fetch_ticker(BTC),
    "tickers of spot pairs": lambda c: c.fetch_tickers([SPOT, "ETH/USDT"]),
    "best bids and asks of spot": lambda c: c.fetch_bids_asks([SPOT]),
    "best bids and asks of perpetuals": lambda c: c.fetch_bids_asks([BTC]),
    "last prices": lambda c: c.fetch_last_prices([SPOT]),
    "mark price": lambda c: c.fetch_mark_price(BTC),
    "mark prices": lambda c: c.fetch_mark_prices([BTC]),
    "funding rate": lambda c: c.fetch_funding_rate(BTC),
    "funding rates": lambda c: c.fetch_funding_rates([BTC, "ETH/USDT:USDT"]),
    "settled funding rates": lambda c: c.fetch_funding_rate_history(BTC, SINCE, 5),
    "candles": lambda c: c.fetch_ohlcv(BTC, "1h", None, 5),
    "candles of the past": lambda c: c.fetch_ohlcv(BTC, "1h", SINCE - 36_000_000, 100, {"historical": True}),
    "candles of the mark": lambda c: c.fetch_ohlcv(BTC, "1h", None, 5, {"price": "mark"}),
    "candles of spot": lambda c: c.fetch_ohlcv(SPOT, "1d"),
    "book of spot": lambda c: c.fetch_order_book(SPOT, 20),
    "book of a perpetual": lambda c: c.fetch_order_book(BTC, 15),
    "spot balance": lambda c: c.fetch_balance({"type": "spot"}),
    "futures balance": lambda c: c.fetch_balance({"type": "swap"}),
    "positions": lambda c: c.fetch_positions(),
    "positions of one contract": lambda c: c.fetch_position(BTC),
    "leverage": lambda c: c.fetch_leverage(BTC),
    "margin mode": lambda c: c.fetch_margin_mode(BTC),
    "position mode": lambda c: c.fetch_position_mode(BTC),
    "fees": lambda c: c.fetch_trading_fee(BTC),
    "resting orders": lambda c: c.fetch_open_orders(None, None, None, {"type": "swap"}),
    "resting orders of spot": lambda c: c.fetch_open_orders(SPOT),
    "ended orders": lambda c: c.fetch_canceled_and_closed_orders(BTC),
    "orders of spot": lambda c: c.fetch_orders(SPOT),
    "executions": lambda c: c.fetch_my_trades(BTC, SINCE, 10),
    "executions of spot": lambda c: c.fetch_my_trades(SPOT),
    "funding paid": lambda c: c.fetch_funding_history(None, SINCE),
}
MAY_BE_EMPTY = {"settled funding rates", "funding paid", "resting orders", "resting orders of spot"}


def test_every_read_of_the_bot_is_answered() -> None:
    """No call raises, and none comes back empty that should not."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1)
        await client.create_order(SPOT, "market", "sell", 0.01)
        for name, step in READS.items():
            assert await step(client) or name in MAY_BE_EMPTY, name

    over_sockets(check)


def test_a_list_of_markets_as_long_as_the_real_one_is_read() -> None:
    """Six hundred markets, amounts in coins, steps and fees as told."""

    async def check(client: Any) -> None:
        markets = await client.load_markets()
        assert len(markets) >= 620
        row = markets[BTC]
        assert (row["precision"]["amount"], row["precision"]["price"]) == (0.001, 0.1)
        assert (row["contractSize"], row["linear"], row["settle"]) == (0.001, True, "USDT")
        assert markets[SPOT]["active"] is True

    over_sockets(check, weex_answering(padded=True))


def test_a_contract_is_counted_in_coins_and_never_times_its_step() -> None:
    """Order, position and execution all say 0.1 BTC, although `contractVal` is 0.001."""
    answering = weex_answering()

    async def check(client: Any) -> None:
        await client.load_markets()
        placed = await client.create_order(BTC, "limit", "sell", 0.1, 49900, {"timeInForce": "IOC"})
        assert (placed["id"], placed["status"]) != (None, "closed"), "only ids come back"
        found = await client.fetch_order(placed["id"], BTC)
        assert (found["amount"], found["filled"], found["status"]) == (0.1, 0.1, "closed")
        (position,) = await client.fetch_positions([BTC])
        assert (position["contracts"], position["side"], position["hedged"]) == (0.1, "short", False)
        assert position["notional"] == pytest.approx(5000, rel=0.01)
        trades = await client.fetch_my_trades(BTC)
        assert sum(row["amount"] for row in trades) == pytest.approx(0.1)
        assert {row["fee"]["currency"] for row in trades} == {"USDT"}

    in_memory(check, answering)
    assert answering.exchange.engine.positions("family")[0].amount == Decimal("-0.1")


def test_a_buy_without_reduce_only_opens_a_long_beside_the_short() -> None:
    """The venue's trap: the short stays, a long appears, and the money of both is one account."""
    answering = weex_answering()

    async def check(client: Any) -> None:
        await client.load_markets()
        before = (await client.fetch_balance({"type": "swap"}))["USDT"]["total"]
        await client.create_order(BTC, "market", "sell", 0.1)
        await client.create_order(BTC, "market", "buy", 0.04)
        sides = {row["side"]: row["contracts"] for row in await client.fetch_positions([BTC])}
        assert sides == {"short": 0.1, "long": 0.04}
        after = (await client.fetch_balance({"type": "swap"}))["USDT"]["total"]
        assert after == pytest.approx(before, abs=10)
        await client.create_order(BTC, "market", "sell", 0.04, None, {"reduceOnly": True})
        await client.create_order(BTC, "market", "buy", 0.1, None, {"reduceOnly": True})
        assert [row["contracts"] for row in await client.fetch_positions([BTC])] == [0.0]

    in_memory(check, answering)
    engine = answering.exchange.engine
    assert not engine.positions("family")
    assert engine.wallet("family.long", "futures").get("USDT", (0, 0))[0] == 0


def test_a_reduction_larger_than_the_short_ends_flat_and_one_of_nothing_is_refused() -> None:
    """Closing never opens the other side."""
    answering = weex_answering()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1)
        await client.create_order(BTC, "market", "buy", 0.3, None, {"reduceOnly": True})
        with pytest.raises(library.ExchangeError, match="FAILED_PRECONDITION"):
            await client.create_order(BTC, "market", "buy", 0.1, None, {"reduceOnly": True})

    in_memory(check, answering)
    assert not answering.exchange.engine.positions("family")


def test_settings_are_changed_and_read_back() -> None:
    """Margin mode and position mode share one call; leverage belongs to the margin mode in use."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.set_leverage(3, BTC)
        await client.set_leverage(3, BTC)
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 3
        with pytest.raises(library.BadRequest):
            await client.set_leverage(4, BTC, {"marginMode": "isolated"})
        await client.set_margin_mode("isolated", BTC)
        await client.set_leverage(4, BTC, {"marginMode": "isolated"})
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 4
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "isolated"
        await client.create_order(BTC, "market", "sell", 0.1)
        (before,) = await client.fetch_positions([BTC])
        assert before["marginMode"] == "isolated"
        await client.add_margin(BTC, 50, {"positionId": before["id"]})
        (after,) = await client.fetch_positions([BTC])
        assert after["liquidationPrice"] > before["liquidationPrice"]
        with pytest.raises(library.ExchangeError, match="FAILED_PRECONDITION"):
            await client.set_margin_mode("cross", BTC)
        with pytest.raises(library.ExchangeError, match="FAILED_PRECONDITION"):
            await client.set_position_mode(True, BTC, {"marginMode": "isolated"})

    in_memory(check)


def test_separated_mode_is_set_and_told() -> None:
    """What Ballast refuses to trade in is visible."""

    async def check(client: Any) -> None:
        await client.load_markets()
        assert (await client.fetch_position_mode(BTC))["hedged"] is False
        await client.set_position_mode(True, BTC, {"marginMode": "cross"})
        assert (await client.fetch_position_mode(BTC))["hedged"] is True

    in_memory(check)


@pytest.mark.parametrize("symbol", [BTC, SPOT])
def test_a_resting_order_is_seen_cancelled_and_still_found(symbol: str) -> None:
    """Life of a limit order by its client id: open, cancelled, looked up afterwards; a second cancel is told FAILED."""

    async def check(client: Any) -> None:
        await client.load_markets()
        own = {"newClientOrderId": "resting1"} if symbol == SPOT else {"clientOrderId": "resting1"}
        await client.create_order(symbol, "limit", "sell", 0.1, 51000, {**own, "clientOrderId": "resting1"})
        (resting,) = await client.fetch_open_orders(symbol)
        assert (resting["clientOrderId"], resting["status"]) == ("resting1", "open")
        await client.cancel_order(None, symbol, {"clientOrderId": "resting1"})
        assert await client.fetch_open_orders(symbol) == []
        found = await client.fetch_order("0", symbol, {"clientOrderId": "resting1"})
        assert (found["status"], found["filled"]) == ("canceled", 0)
        with pytest.raises(library.OrderNotFound):
            await client.cancel_order(None, symbol, {"clientOrderId": "resting1"})

    in_memory(check)


def test_all_resting_orders_of_a_symbol_are_cancelled_at_once() -> None:
    """The emergency call leaves no order behind."""

    async def check(client: Any) -> None:
        await client.load_markets()
        for number in range(3):
            await client.create_order(BTC, "limit", "sell", 0.01, 51000 + number)
        await client.cancel_all_orders(BTC)
        assert await client.fetch_open_orders(BTC) == []

    in_memory(check)


def test_post_only_is_a_time_in_force() -> None:
    """A maker order that would take is refused; one that rests, rests."""

    async def check(client: Any) -> None:
        await client.load_markets()
        maker = {"timeInForce": "POST_ONLY"}
        with pytest.raises(library.ExchangeError, match="match immediately"):
            await client.create_order(BTC, "limit", "sell", 0.01, 49900, maker)
        await client.create_order(BTC, "limit", "sell", 0.01, 51000, maker)
        (resting,) = await client.fetch_open_orders(BTC)
        assert resting["timeInForce"] == "POST_ONLY"

    in_memory(check)


def test_funding_received_is_positive_and_the_coming_rate_is_not_the_last() -> None:
    """`lastFundingRate` was paid, `forecastFundingRate` comes; income has a plus; a page holds twenty rows."""
    answering = weex_answering()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 0.1)
        (first,) = (await client.fetch_funding_rates([BTC])).values()
        assert (first["fundingRate"], first["nextFundingRate"], first["interval"]) == (0, 0.0001, "8h")
        answering.advance(timedelta(days=8))
        client.options["timeDifference"] -= 8 * 86_400_000
        income = await client.fetch_funding_history(BTC, SINCE)
        assert len(income) == 20, "a page, not the whole"
        assert all(row["amount"] > 0 for row in income)
        whole = await client.fetch_funding_history(BTC, SINCE, 100)
        assert len(whole) == 24
        with pytest.raises(library.BadRequest):
            await client.contractPrivatePostCapiV3AccountIncome({"startTime": SINCE})

    in_memory(check, answering)


def test_the_rehearsal_has_its_collateral_where_no_request_could_move_it() -> None:
    """The local testnet's own account of play money at a venue without transfers."""
    world = build_world(FlatFeed(), default_listings(), venue="weex")
    assert world.engine.wallet(ACCOUNT, "futures")["USDT"][0] > 0
    other = build_world(FlatFeed(), default_listings())
    assert "USDT" not in other.engine.wallet(ACCOUNT, "futures")
    worth = [
        sum(row.engine.wallet(ACCOUNT, wallet).get("USDT", (Decimal(0), Decimal(0)))[0] for wallet in WALLETS)
        for row in (world, other)
    ]
    assert worth[0] == worth[1]
