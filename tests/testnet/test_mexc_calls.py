"""MEXC's language on the local testnet: every call the bot may make, answered well enough for the unmodified client."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.wire.exchange import ApiKey
from tests.testnet.mexc_world import in_memory, mexc, mexc_of_600
from tests.testnet.world import KEY, SECRET, START, over_sockets

BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"
SPOT = "BTC/USDT"
Step = Callable[[Any], Awaitable[Any]]
SINCE = int(START.timestamp() * 1000) - 3_600_000
WAY = {"type": "spot", "fromAccountType": "SPOT", "toAccountType": "FUTURES"}

READS: dict[str, Step] = {
    "time of the futures interface": lambda c: c.fetch_time({"type": "swap"}),
    "time of the spot interface": lambda c: c.fetch_time({"type": "spot"}),
    "ticker of a perpetual": lambda c: c.fetch_ticker(BTC),
    "tickers of perpetuals": lambda c: c.fetch_tickers([BTC, ETH]),
    "ticker of spot": lambda c: c.fetch_ticker(SPOT),
    "tickers of one spot pair": lambda c: c.fetch_tickers([SPOT]),
    "tickers of spot pairs": lambda c: c.fetch_tickers([SPOT, "ETH/USDT"]),
    "best bids and asks": lambda c: c.fetch_bids_asks([SPOT, "ETH/USDT"]),
    "funding rate": lambda c: c.fetch_funding_rate(BTC),
    "settled funding rates": lambda c: c.fetch_funding_rate_history(BTC, None, 5),
    "candles of a perpetual": lambda c: c.fetch_ohlcv(BTC, "1h", SINCE - 36_000_000),
    "candles of spot": lambda c: c.fetch_ohlcv(SPOT, "1h", None, 5),
    "book of a perpetual": lambda c: c.fetch_order_book(BTC, 20),
    "book of spot": lambda c: c.fetch_order_book(SPOT, 20),
    "spot balance": lambda c: c.fetch_balance({"type": "spot"}),
    "futures balance": lambda c: c.fetch_balance({"type": "swap"}),
    "one currency of the futures account": lambda c: c.contractPrivateGetAccountAssetCurrency({"currency": "USDT"}),
    "positions": lambda c: c.fetch_positions(),
    "position of one contract": lambda c: c.fetch_position(BTC),
    "leverage": lambda c: c.fetch_leverage(BTC),
    "position mode": lambda c: c.fetch_position_mode(),
    "resting orders": lambda c: c.fetch_open_orders(None, None, None, {"type": "swap"}),
    "all orders": lambda c: c.fetch_orders(BTC),
    "executions": lambda c: c.fetch_my_trades(BTC, SINCE, 10),
    "executions of one order": lambda c: c.fetch_order_trades("1", BTC),
    "executions on spot": lambda c: c.fetch_my_trades(SPOT),
    "funding paid": lambda c: c.fetch_funding_history(BTC),
    "transfers": lambda c: c.fetch_transfers("USDT", None, 100, WAY),
    "rights of the key": lambda c: c.spotPrivateGetApiKeyInfo({"accessKey": KEY}),
    "coins": lambda c: c.fetch_currencies(),
}
MAY_BE_EMPTY = {"settled funding rates", "funding paid", "resting orders"}


def test_every_read_of_the_bot_is_answered() -> None:
    """Over real sockets no call raises, and none comes back empty that should not."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 1000)
        await client.create_order(SPOT, "market", "sell", 0.01)
        await client.transfer("USDT", 100, "spot", "swap")
        for name, step in READS.items():
            assert await step(client) or name in MAY_BE_EMPTY, name

    over_sockets(check, mexc())


def test_a_list_of_markets_as_long_as_the_real_one_counts_in_contracts() -> None:
    """Six hundred markets; a contract of BTC is a ten-thousandth of a coin."""

    async def check(client: Any) -> None:
        markets = await client.load_markets()
        assert len(markets) >= 620
        row = markets[BTC]
        assert (row["contractSize"], row["precision"]["amount"], row["precision"]["price"]) == (0.0001, 10, 0.1)
        assert (row["linear"], row["settle"], row["active"]) == (True, "USDT", True)

    in_memory(check, mexc_of_600())


def test_volumes_are_contracts_everywhere() -> None:
    """1000 contracts sold are a tenth of a coin in the exchange's own book, and 1000 in every page."""
    answering = mexc()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", "sell", 1000, None, {"clientOrderId": "counted1"})
        (held,) = await client.fetch_positions()
        (trade,) = await client.fetch_my_trades(BTC)
        order = await client.contractPrivateGetOrderExternalSymbolExternalOid(
            {"symbol": "BTC_USDT", "external_oid": "counted1"}
        )
        assert held["contracts"] == trade["amount"] == order["data"]["dealVol"] == 1000

    in_memory(check, answering)
    (position,) = answering.exchange.engine.positions("family")
    assert position.amount == Decimal("-0.1")


@pytest.mark.parametrize(("side", "reduce", "code", "sign"), [("sell", False, 3, -1), ("buy", False, 1, 1)])
def test_a_side_opens_what_its_number_says(side: str, reduce: bool, code: int, sign: int) -> None:
    """3 opens a short and 1 opens a long, and both stand in the order as they were sent."""
    answering = mexc()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "market", side, 1000, None, {"clientOrderId": "sided", "reduceOnly": reduce})
        row = await client.contractPrivateGetOrderExternalSymbolExternalOid(
            {"symbol": "BTC_USDT", "external_oid": "sided"}
        )
        assert row["data"]["side"] == code

    in_memory(check, answering)
    (position,) = answering.exchange.engine.positions("family")
    assert position.amount * sign > 0


def test_leverage_is_kept_per_side() -> None:
    """What is set for longs leaves shorts as they are."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.set_leverage(3, BTC, {"openType": 2, "positionType": 2})
        await client.set_leverage(50, BTC, {"openType": 2, "positionType": 1})
        found = await client.fetch_leverage(BTC)
        assert (found["shortLeverage"], found["marginMode"]) == (3, "cross")

    in_memory(check)


def test_margin_mode_collateral_and_transfers_are_changed_and_read_back() -> None:
    """An isolated short, more collateral under it by its number, money moved and listed."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.set_margin_mode("isolated", BTC, {"leverage": 3, "direction": "short"})
        assert (await client.fetch_leverage(BTC))["marginMode"] == "isolated"
        await client.create_order(BTC, "market", "sell", 1000, None, {"marginMode": "isolated", "leverage": 3})
        (before,) = await client.fetch_positions()
        await client.add_margin(BTC, 500, {"positionId": before["info"]["positionId"]})
        (after,) = await client.fetch_positions()
        assert after["liquidationPrice"] > before["liquidationPrice"]
        assert after["info"]["im"] == pytest.approx(before["info"]["im"] + 500)
        moved = await client.transfer("USDT", 250, "spot", "swap")
        (found,) = await client.fetch_transfers("USDT", None, 100, WAY)
        assert (found["id"], found["amount"], found["fromAccount"], found["status"]) == (moved["id"], 250, "spot", "ok")

    in_memory(check)


def test_a_resting_order_is_seen_cancelled_and_still_found() -> None:
    """Life of a futures order by its external id; the cancellation takes a list and answers each for itself."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(BTC, "limit", "sell", 1000, 51000, {"clientOrderId": "resting1"})
        (resting,) = await client.fetch_open_orders(BTC)
        assert (resting["info"]["externalOid"], resting["status"]) == ("resting1", "open")
        named = {"symbol": "BTC_USDT", "externalOid": "resting1"}
        first = await client.contractPrivatePostOrderCancelWithExternal([named])
        second = await client.contractPrivatePostOrderCancelWithExternal([named, {**named, "externalOid": "nobody"}])
        assert [row["errorCode"] for row in first["data"] + second["data"]] == [0, 2041, 2040]
        assert await client.fetch_open_orders(BTC) == []
        found = await client.fetch_order(resting["id"], BTC)
        assert (found["status"], found["filled"]) == ("canceled", 0)

    in_memory(check)


def test_a_resting_spot_order_is_found_by_its_client_id() -> None:
    """Life of a spot order by its client id."""

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.create_order(SPOT, "limit", "sell", 0.1, 51000, {"clientOrderId": "spot1"})
        assert (await client.fetch_open_orders(SPOT))[0]["clientOrderId"] == "spot1"
        await client.cancel_order(None, SPOT, {"clientOrderId": "spot1"})
        assert (await client.fetch_order(None, SPOT, {"clientOrderId": "spot1"}))["status"] == "canceled"

    in_memory(check)


async def _twice(client: Any) -> None:
    for _ in range(2):
        await client.create_order(BTC, "limit", "sell", 1000, 51000, {"clientOrderId": "same"})


async def _hedged_order(client: Any) -> None:
    await client.set_position_mode(True)
    await client.create_order(BTC, "market", "sell", 1000)


REFUSED: dict[str, tuple[Step, type[Exception]]] = {
    "1001": (lambda c: c.contractPublicGetTicker({"symbol": "NOPE_USDT"}), library.BadSymbol),
    "600": (lambda c: c.contractPrivatePostOrderCreate({"symbol": "BTC_USDT"}), library.BadRequest),
    "603": (_twice, library.BadRequest),
    "2003": (lambda c: c.create_order(BTC, "limit", "buy", 1000, 90000), library.InvalidOrder),
    "2005": (lambda c: c.create_order(BTC, "market", "sell", 90000), library.InsufficientFunds),
    "2009": (lambda c: c.create_order(BTC, "market", "buy", 1000, None, {"reduceOnly": True}), library.InvalidOrder),
    "2011": (lambda c: c.create_order(BTC, "market", "sell", 10), library.BadRequest),
    "2022": (_hedged_order, library.ExchangeError),
    "2040": (lambda c: c.fetch_order("77", BTC), library.ExchangeError),
    "-1121": (lambda c: c.spotPublicGetDepth({"symbol": "NOPE"}), library.BadSymbol),
    "-2011": (lambda c: c.cancel_order("77", SPOT), library.BadRequest),
    "10101": (lambda c: c.transfer("USDT", 10**6, "spot", "swap"), library.InsufficientFunds),
    "30002": (lambda c: c.create_order(SPOT, "limit", "sell", 0.00002, 50000), library.InvalidOrder),
    "33333": (lambda c: c.transfer("USDT", 1, "spot", "spot"), library.BadRequest),
}


@pytest.mark.parametrize("code", sorted(REFUSED))
def test_a_refusal_reaches_its_class(code: str) -> None:
    """Each code selects the class that ccxt has for it."""
    step, expected = REFUSED[code]

    async def check(client: Any) -> None:
        await client.load_markets()
        with pytest.raises(expected, match=code):
            await step(client)

    in_memory(check)


@pytest.mark.parametrize(("kind", "code"), [("spot", "700002"), ("swap", "602")])
def test_a_forged_signature_is_refused_by_both_interfaces(kind: str, code: str) -> None:
    """A wrong secret opens nothing."""

    async def check(client: Any) -> None:
        await client.load_markets()
        client.secret = "another secret"
        with pytest.raises(library.AuthenticationError, match=code):
            await client.fetch_balance({"type": kind})

    in_memory(check)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("10072", lambda c: c.spotPrivateGetAccount()),
        ("401", lambda c: c.contractPrivateGetAccountAssets()),
    ],
)
def test_an_unknown_key_is_refused_by_both_interfaces(code: str, step: Step) -> None:
    """A key of another exchange opens nothing."""
    answering = mexc(key=ApiKey(key="y" * 64, secret=SECRET, account="family"))

    async def check(client: Any) -> None:
        with pytest.raises(library.BaseError, match=code):
            await step(client)

    in_memory(check, answering)


@pytest.mark.parametrize(("kind", "code"), [("spot", "700003"), ("swap", "513")])
def test_a_clock_ten_minutes_off_is_refused_by_both_interfaces(kind: str, code: str) -> None:
    """Too old and too early; ten seconds are allowed on futures, five on spot."""

    async def check(client: Any) -> None:
        await client.load_markets()
        for off_ms in (600_000, -600_000):
            client.options["timeDifference"] += off_ms
            with pytest.raises(library.BaseError, match=code):
                await client.fetch_balance({"type": kind})
            client.options["timeDifference"] -= off_ms

    in_memory(check)


def test_a_key_without_order_placing_reads_and_places_nothing() -> None:
    """704 at the first order, and the page of the key says so before."""
    answering = mexc(key=ApiKey(key=KEY, secret=SECRET, account="family", may_trade_futures=False))

    async def check(client: Any) -> None:
        await client.load_markets()
        assert await client.fetch_balance({"type": "swap"})
        told = await client.spotPrivateGetApiKeyInfo({"accessKey": KEY})
        assert "CONTRACT_DEAL_WRITE" not in told["permissions"]
        with pytest.raises(library.PermissionDenied, match="704"):
            await client.create_order(BTC, "market", "sell", 1000)

    in_memory(check, answering)
