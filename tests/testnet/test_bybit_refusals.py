"""The unmodified client sorts the testnet's Bybit refusals into the classes it uses for the real exchange."""

from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.wire.exchange import ApiKey
from tests.testnet.world import KEY, SECRET, make_answering, over_sockets

BTC = "BTC/USDT:USDT"
SPOT = "BTC/USDT"
Step = Callable[[Any], Awaitable[Any]]


def _order(**changes: Any) -> dict[str, Any]:
    usual = {"category": "linear", "symbol": "BTCUSDT", "side": "Sell", "orderType": "Market", "qty": "0.1"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


async def _twice(client: Any, symbol: str) -> None:
    await client.create_order(symbol, "market", "sell", 0.1, None, {"clientOrderId": "same"})
    await client.create_order(symbol, "market", "sell", 0.1, None, {"clientOrderId": "same"})


async def _mode_under_position(client: Any) -> None:
    await client.create_order(BTC, "market", "sell", 0.1)
    await client.set_margin_mode("isolated", BTC)


async def _hedged_order(client: Any) -> None:
    await client.set_position_mode(True, BTC)
    await client.create_order(BTC, "market", "sell", 0.1)


CASES: dict[str, tuple[Step, type[Exception]]] = {
    "10001.*Qty": (lambda c: c.privatePostV5OrderCreate(_order(qty="0.00001")), library.BadRequest),
    "10001.*symbol": (
        lambda c: c.publicGetV5MarketOrderbook({"category": "linear", "symbol": "NO"}),
        library.BadRequest,
    ),
    "10001.*position idx": (_hedged_order, library.BadRequest),
    "110001": (lambda c: c.cancel_order("77", BTC), library.OrderNotFound),
    "110003": (lambda c: c.create_order(BTC, "limit", "sell", 0.1, 30000), library.InvalidOrder),
    "110007": (lambda c: c.create_order(BTC, "market", "sell", 20), library.InsufficientFunds),
    "110013": (lambda c: c.set_leverage(500, BTC), library.BadRequest),
    "110017": (lambda c: c.create_order(BTC, "market", "buy", 0.1, None, {"reduceOnly": True}), library.InvalidOrder),
    "110025": (lambda c: c.set_position_mode(False, BTC), library.NoChange),
    "110043": (lambda c: c.set_leverage(20, BTC), library.BadRequest),
    "110072": (lambda c: _twice(c, BTC), library.InvalidOrder),
    "110094": (lambda c: c.create_order(BTC, "market", "sell", 0.001), library.InvalidOrder),
    "131212": (lambda c: c.transfer("USDT", 10**6, "funding", "unified"), library.InsufficientFunds),
    "170131": (lambda c: c.create_order(SPOT, "market", "sell", 5), library.InsufficientFunds),
    "170137": (
        lambda c: c.privatePostV5OrderCreate(_order(category="spot", qty="0.1000001")),
        library.InvalidOrder,
    ),
    "170141": (lambda c: _twice(c, SPOT), library.InvalidOrder),
    "170213": (lambda c: c.cancel_order("77", SPOT), library.OrderNotFound),
    "3400045": (_mode_under_position, library.ExchangeError),
}


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_refusal_reaches_its_class(code: str) -> None:
    """Each word of the engine has Bybit's code, under status 200."""
    step, expected = CASES[code]

    async def check(client: Any) -> None:
        await client.load_markets()
        with pytest.raises(expected, match=code):
            await step(client)

    over_sockets(check, make_answering(venue="bybit"))


def test_a_forged_signature_is_an_authentication_error() -> None:
    """A wrong secret is refused before anything else is looked at."""

    async def check(client: Any) -> None:
        client.secret = "another secret"
        with pytest.raises(library.AuthenticationError, match="10004"):
            await client.privateGetV5AccountInfo()

    over_sockets(check, make_answering(venue="bybit"))


def test_an_unknown_key_is_an_authentication_error() -> None:
    """A key of another exchange opens nothing."""
    key = ApiKey(key="y" * 18, secret=SECRET, account="family")

    async def check(client: Any) -> None:
        with pytest.raises(library.AuthenticationError, match="10003"):
            await client.privateGetV5AccountInfo()

    over_sockets(check, make_answering(key=key, venue="bybit"))


def test_a_clock_ten_minutes_off_is_an_invalid_nonce() -> None:
    """Too old and too early are both refused with 10002."""

    async def check(client: Any) -> None:
        for off_ms in (600_000, -600_000):
            client.options["timeDifference"] += off_ms
            with pytest.raises(library.InvalidNonce, match="10002"):
                await client.privateGetV5AccountInfo()
            client.options["timeDifference"] -= off_ms

    over_sockets(check, make_answering(venue="bybit"))


def test_a_key_without_the_right_is_refused_at_the_order_and_says_so_in_its_rights() -> None:
    """Reading goes on; the permissions name what is missing."""
    key = ApiKey(key=KEY, secret=SECRET, account="family", may_trade_futures=False, may_transfer=False)

    async def check(client: Any) -> None:
        await client.load_markets()
        rights = (await client.privateGetV5UserQueryApi())["result"]["permissions"]
        assert (rights["ContractTrade"], rights["Spot"], rights["Wallet"]) == ([], ["SpotTrade"], [])
        with pytest.raises(library.PermissionDenied, match="10005"):
            await client.create_order(BTC, "market", "sell", 0.1)
        with pytest.raises(library.PermissionDenied, match="10005"):
            await client.transfer("USDT", 1, "funding", "unified")

    over_sockets(check, make_answering(key=key, venue="bybit"))
