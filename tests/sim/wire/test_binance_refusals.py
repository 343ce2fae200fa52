"""Every refusal of the codec carries the code the venue's manual gives it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.sim.wire.binance import handle
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.request import WireRequest
from tests.sim.wire.signed import ask, look, order, refusal, signed
from tests.testnet.world import KEY, SECRET, make_exchange

LIMIT = {"type": "LIMIT", "timeInForce": "GTC"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"symbol": "NOPEUSDT"}, -1121),
        ({"symbol": None}, -1102),
        ({"quantity": None}, -1102),
        ({"side": "HOLD"}, -1117),
        ({"type": "SOMETHING"}, -1116),
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "LIMIT", "price": "50000"}, -1102),
        ({**LIMIT, "timeInForce": "SOON", "price": "50000"}, -1115),
        (LIMIT, -1102),
        ({"quantity": "0.00001"}, -1111),
        ({"quantity": "0"}, -4003),
        ({"quantity": "abc"}, -1100),
        ({"quantity": "NaN"}, -1100),
        ({"quantity": "0.001"}, -4164),
        ({"quantity": "100000"}, -4005),
        ({**LIMIT, "price": "50000.123"}, -1111),
        ({**LIMIT, "price": "0"}, -4001),
        ({**LIMIT, "side": "BUY", "price": "60000"}, -4016),
        ({**LIMIT, "price": "40000"}, -4024),
        ({"quantity": "9"}, -2019),
        ({"side": "BUY", "reduceOnly": "true"}, -2022),
        ({"positionSide": "SHORT"}, -4061),
        ({"newClientOrderId": "no spaces"}, -4015),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({**LIMIT, "timeInForce": "GTX", "price": "49000"}, -5022),
        ({**LIMIT, "timeInForce": "FOK", "price": "52000"}, -5021),
    ],
)
def test_a_futures_order_is_refused_with_the_code_of_its_fault(values: dict[str, Any], code: int) -> None:
    """One wrong word in an order brings exactly its code, and no order."""
    exchange = make_exchange()
    assert refusal(order(exchange, **values)) == (400, code)
    assert not exchange.engine.positions("family")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"quantity": "50"}, -2010),
        ({"quantity": "0.0000001"}, -1013),
        ({"quantity": "0.00000000001"}, -1111),
        ({"quantity": "0.00005"}, -1013),
        ({"type": "LIMIT_MAKER", "price": "49000"}, -2010),
        ({**LIMIT, "price": "0.001"}, -1013),
        ({"quantity": None}, -1102),
        ({"newClientOrderId": "no spaces"}, -1100),
    ],
)
def test_a_spot_order_is_refused_with_the_code_of_its_fault(values: dict[str, Any], code: int) -> None:
    """Spot names its filters in one code and answers -2010 for money and duplicates."""
    exchange = make_exchange()
    assert refusal(order(exchange, path="/api/v3/order", **values)) == (400, code)


def test_a_client_id_may_come_back_only_after_its_order_ended() -> None:
    """Duplicates are refused among open orders and accepted afterwards, as on the real exchange."""
    exchange = make_exchange()
    resting = {**LIMIT, "price": "51000", "newClientOrderId": "same"}
    assert order(exchange, **resting).status == 200
    assert refusal(order(exchange, **resting)) == (400, -4116)
    ask(exchange, "DELETE", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="same")
    assert order(exchange, **resting).status == 200


@pytest.mark.parametrize(
    ("method", "path", "values", "code"),
    [
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "origClientOrderId": "never"}, -2013),
        ("GET", "/fapi/v1/order", {"symbol": "BTCUSDT"}, -1102),
        ("DELETE", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": 1}, -2011),
        ("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": 1}, -2011),
        ("POST", "/fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": 500}, -4028),
        ("POST", "/fapi/v1/marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046),
        ("POST", "/fapi/v1/positionSide/dual", {"dualSidePosition": "false"}, -4059),
        ("POST", "/fapi/v1/positionMargin", {"symbol": "BTCUSDT", "amount": "5", "type": 1}, -4054),
        ("POST", "/sapi/v1/asset/transfer", {"asset": "USDT", "amount": "10", "type": "MAIN_MOON"}, -1102),
        ("POST", "/sapi/v1/asset/transfer", {"asset": "USDT", "amount": "1e9", "type": "MAIN_UMFUTURE"}, -5013),
        ("GET", "/fapi/v1/userTrades", {"symbol": "BTCUSDT", "startTime": 1, "endTime": 10**12}, -4165),
        ("GET", "/fapi/v1/userTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, -1128),
    ],
)
def test_settings_and_look_ups_are_refused_with_their_codes(
    method: str, path: str, values: dict[str, Any], code: int
) -> None:
    """Cancelling, looking up, settings and transfers each have their own words."""
    exchange = make_exchange()
    assert refusal(handle(signed(exchange, method, path, **values), exchange)) == (400, code)


def test_modes_do_not_change_under_open_positions_and_orders() -> None:
    """-4047 and -4067 with orders, -4048 and -4068 with positions."""
    exchange = make_exchange()

    def modes() -> list[int]:
        isolated = signed(exchange, "POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        hedged = signed(exchange, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
        return [refusal(handle(request, exchange))[1] for request in (isolated, hedged)]

    order(exchange)
    assert modes() == [-4048, -4068]
    order(exchange, **LIMIT, price="51000")
    assert modes() == [-4047, -4067]


def test_hedge_mode_refuses_one_way_orders() -> None:
    """After the owner switched to hedge mode a plain order meets -4061."""
    exchange = make_exchange()
    ask(exchange, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    assert ask(exchange, "GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": True}
    assert refusal(order(exchange)) == (400, -4061)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"key": ""}, (401, -2014)),
        ({"key": "short"}, (401, -2014)),
        ({"key": "z" * 64}, (401, -2015)),
        ({"secret": "wrong"}, (400, -1022)),
        ({"timestamp": 1}, (400, -1021)),
        ({"timestamp": ""}, (400, -1102)),
        ({"recvWindow": 70000}, (400, -1131)),
    ],
)
def test_a_request_must_prove_who_sent_it_and_when(values: dict[str, Any], expected: tuple[int, int]) -> None:
    """Key, signature and time each have their own refusal."""
    exchange = make_exchange()
    assert refusal(handle(signed(exchange, "GET", "/fapi/v3/account", **values), exchange)) == expected


def test_changing_one_byte_of_a_signed_order_voids_it() -> None:
    """The signature covers the raw text: no byte of it may differ."""
    exchange = make_exchange()
    good = signed(exchange, "POST", "/fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01")
    for position in range(good.body.index("&signature=")):
        changed = good.body[:position] + chr(ord(good.body[position]) ^ 1) + good.body[position + 1 :]
        forged = WireRequest(method="POST", host=good.host, path=good.path, body=changed, headers=good.headers)
        assert handle(forged, exchange).status in (400, 401)
    assert not exchange.engine.positions("family")


def test_a_key_without_a_right_is_turned_away() -> None:
    """Futures, transfers and withdrawal are separate rights, and the rights page tells them."""
    exchange = make_exchange(
        ApiKey(key=KEY, secret=SECRET, account="family", may_trade_futures=False, may_withdraw=True)
    )
    assert refusal(order(exchange)) == (401, -2015)
    rights = ask(exchange, "GET", "/sapi/v1/account/apiRestrictions")
    assert rights["enableWithdrawals"] is True
    assert rights["enableFutures"] is False


def test_the_demo_hosts_have_no_wallet_pages() -> None:
    """Demo trading serves spot and futures but answers 404 for everything under sapi."""
    exchange = make_exchange()
    assert handle(signed(exchange, "GET", "/fapi/v3/account", host="demo-fapi.binance.com"), exchange).status == 200
    assert handle(signed(exchange, "GET", "/api/v3/account", host="demo-api.binance.com"), exchange).status == 200
    wallet = signed(exchange, "GET", "/sapi/v1/account/apiRestrictions", host="demo-api.binance.com")
    assert handle(wallet, exchange).status == 404
    assert handle(signed(exchange, "GET", "/fapi/v3/account", host="evil.example"), exchange).status == 404


def test_books_accept_only_the_depths_of_the_manual() -> None:
    """Futures refuse a depth of 7; spot takes any."""
    exchange = make_exchange()
    assert refusal(look(exchange, "/fapi/v1/depth", "symbol=BTCUSDT&limit=7")) == (400, -4021)
    assert look(exchange, "/api/v3/depth", "symbol=BTCUSDT&limit=7").status == 200


def test_too_much_weight_brings_429_and_going_on_brings_418() -> None:
    """The limit answers with the seconds to wait; ignoring it ends in a ban with its end named."""
    exchange = make_exchange()
    exchange.meter.limits["linear"] = 3
    for _ in range(3):
        assert look(exchange, "/fapi/v1/time").status == 200
    limited = look(exchange, "/fapi/v1/time")
    assert limited.status == 429
    assert int(limited.headers["Retry-After"]) > 0
    assert int(limited.headers["X-MBX-USED-WEIGHT-1M"]) > 3
    answers = [look(exchange, "/fapi/v1/time") for _ in range(6)]
    assert answers[-1].status == 418
    assert b"banned until" in answers[-1].body


def test_accelerated_time_widens_the_window() -> None:
    """At sixty times the speed a request may be sixty times as old."""
    exchange = make_exchange()
    old = {"timestamp": str(int(exchange.now.timestamp() * 1000) - 60_000)}
    assert refusal(handle(signed(exchange, "GET", "/fapi/v3/account", **old), exchange)) == (400, -1021)
    exchange.window_scale = 60
    assert ask(exchange, "GET", "/fapi/v3/account", **old)


def test_a_position_larger_than_its_leverage_allows_is_refused() -> None:
    """-2027 when the leverage that is set does not carry so large a position."""
    exchange = make_exchange()
    exchange.engine.open_account("family", {("futures", "USDT"): Decimal(10**8)})
    most = max(tier.leverage_max for tier in exchange.engine.listings["linear", "BTCUSDT"].tiers)
    ask(exchange, "POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=most)
    assert refusal(order(exchange, quantity="100")) == (400, -2027)


def test_a_market_order_far_from_the_mark_is_refused() -> None:
    """-4131 when the book lies outside the price band around the mark."""
    exchange = make_exchange()
    quote = exchange.engine.quote("linear", "BTCUSDT")
    exchange.engine.advance(exchange.now, {("linear", "BTCUSDT"): replace(quote, mark=quote.mid * 2)})
    assert refusal(order(exchange)) == (400, -4131)


def test_collateral_of_an_isolated_position_moves_in_both_directions() -> None:
    """Adding and taking back work; more than there is does not, and leverage cannot fall while it is open."""
    exchange = make_exchange()
    ask(exchange, "POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    order(exchange, quantity="0.1")

    def move(amount: str, direction: int) -> WireRequest:
        return signed(exchange, "POST", "/fapi/v1/positionMargin", symbol="BTCUSDT", amount=amount, type=direction)

    assert handle(move("100", 1), exchange).status == 200
    assert handle(move("50", 2), exchange).status == 200
    assert refusal(handle(move("1000000", 1), exchange)) == (400, -4050)
    assert refusal(handle(move("1000000", 2), exchange)) == (400, -4051)
    lower = signed(exchange, "POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=2)
    assert refusal(handle(lower, exchange)) == (400, -4161)
    (row,) = ask(exchange, "GET", "/fapi/v3/positionRisk")
    assert Decimal(row["isolatedWallet"]) > 0


def test_a_transfer_needs_its_right() -> None:
    """A key that may not move money between wallets is told so, and nothing moves."""
    exchange = make_exchange(ApiKey(key=KEY, secret=SECRET, account="family", may_transfer=False))
    asked = signed(exchange, "POST", "/sapi/v1/asset/transfer", asset="USDT", amount="10", type="MAIN_UMFUTURE")
    assert refusal(handle(asked, exchange)) == (401, -1002)
    assert not exchange.engine.transfers("family")
