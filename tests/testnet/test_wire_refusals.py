"""The unmodified client sorts the testnet's refusals into the classes it uses for the real exchange."""

from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.wire.exchange import ApiKey
from tests.testnet.world import KEY, SECRET, make_answering, over_sockets

BTC = "BTC/USDT:USDT"
Step = Callable[[Any], Awaitable[Any]]


async def _twice(client: Any) -> None:
    for _ in range(2):
        await client.create_order(BTC, "limit", "sell", 0.1, 51000, {"clientOrderId": "same"})


async def _mode_under_position(client: Any) -> None:
    await client.create_order(BTC, "market", "sell", 0.1)
    await client.set_margin_mode("isolated", BTC)


async def _hedged_order(client: Any) -> None:
    await client.set_position_mode(True, BTC)
    await client.create_order(BTC, "market", "sell", 0.1)


CASES: dict[str, tuple[Step, type[Exception]]] = {
    "insufficient balance": (lambda c: c.create_order("BTC/USDT", "market", "sell", 5), library.InsufficientFunds),
    "-2011": (lambda c: c.cancel_order("77", BTC), library.OrderNotFound),
    "-2013": (lambda c: c.fetch_order(None, BTC, {"clientOrderId": "nobody"}), library.OrderNotFound),
    "-2019": (lambda c: c.create_order(BTC, "market", "sell", 9), library.InsufficientFunds),
    "-2022": (lambda c: c.create_order(BTC, "market", "buy", 0.1, None, {"reduceOnly": True}), library.InvalidOrder),
    "-4028": (lambda c: c.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": 500}), library.BadRequest),
    "-4046": (lambda c: c.set_margin_mode("cross", BTC), library.MarginModeAlreadySet),
    "-4048": (_mode_under_position, library.OperationRejected),
    "-4059": (lambda c: c.set_position_mode(False, BTC), library.OperationRejected),
    "-4061": (_hedged_order, library.OperationRejected),
    "-4116": (_twice, library.InvalidOrder),
    "-4164": (lambda c: c.create_order(BTC, "market", "sell", 0.001), library.InvalidOrder),
    "-4024": (lambda c: c.create_order(BTC, "limit", "sell", 0.1, 30000), library.BadRequest),
    "-5021": (
        lambda c: c.create_order(BTC, "limit", "sell", 0.1, 52000, {"timeInForce": "FOK"}),
        library.OrderNotFillable,
    ),
    "-5022": (lambda c: c.create_order(BTC, "limit", "sell", 0.1, 49000, {"postOnly": True}), library.OrderNotFillable),
    "LOT_SIZE": (
        lambda c: c.privatePostOrder({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.0000001"}),
        library.InvalidOrder,
    ),
    "-1121": (lambda c: c.fapiPublicGetDepth({"symbol": "NOPE"}), library.BadSymbol),
    "-1102": (lambda c: c.fapiPrivateGetUserTrades({}), library.BadRequest),
    "-5013": (lambda c: c.transfer("USDT", 10**6, "spot", "swap"), library.InsufficientFunds),
}


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_refusal_reaches_its_class(code: str) -> None:
    """With the real addresses kept, each code selects the class of its own market's table."""
    step, expected = CASES[code]

    async def check(client: Any) -> None:
        await client.load_markets()
        with pytest.raises(expected, match=code):
            await step(client)

    over_sockets(check)


def test_a_forged_signature_is_an_authentication_error() -> None:
    """A wrong secret is refused before anything else is looked at."""

    async def check(client: Any) -> None:
        client.secret = "another secret"
        with pytest.raises(library.AuthenticationError, match="-1022"):
            await client.fetch_balance({"type": "swap"})

    over_sockets(check)


def test_an_unknown_key_is_an_authentication_error() -> None:
    """A key of another exchange opens nothing."""
    answering = make_answering(key=ApiKey(key="y" * 64, secret=SECRET, account="family"))

    async def check(client: Any) -> None:
        with pytest.raises(library.AuthenticationError, match="-2015"):
            await client.fetch_balance({"type": "swap"})

    over_sockets(check, answering)


def test_a_clock_ten_minutes_off_is_an_invalid_nonce() -> None:
    """Too old and too early are both refused with -1021."""

    async def check(client: Any) -> None:
        await client.load_markets()
        for off_ms in (600_000, -600_000):
            client.options["timeDifference"] += off_ms
            with pytest.raises(library.InvalidNonce, match="-1021"):
                await client.fetch_balance({"type": "swap"})
            client.options["timeDifference"] -= off_ms

    over_sockets(check)


def test_a_read_only_key_places_nothing() -> None:
    """A key without the spot trading right reads balances and is refused at the order."""
    answering = make_answering(key=ApiKey(key=KEY, secret=SECRET, account="family", may_trade_spot=False))

    async def check(client: Any) -> None:
        await client.load_markets()
        # After a success the client takes -2015 for a temporary ban; the adapter must not.
        with pytest.raises(library.BaseError, match="-2015"):
            await client.create_order("BTC/USDT", "market", "sell", 0.1)

    over_sockets(check, answering)
