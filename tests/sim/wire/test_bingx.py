"""BingX's language word by word: signatures, envelopes, units, faults, and nothing a client sends makes it stumble."""

import hmac
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.faults import FAULTS, Script
from bot.sim.model import Rejected
from bot.sim.reasons import REASONS
from bot.sim.wire.bingx import handle
from bot.sim.wire.bingx_errors import translated
from bot.sim.wire.bingx_routes import ROUTES
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from tests.testnet.world import KEY, SECRET, make_answering, make_exchange

HOST = "open-api.bingx.com"
ORDER = {
    "symbol": "BTC-USDT", "side": "SELL", "positionSide": "BOTH", "type": "LIMIT", "price": "49900", "quantity": "0.01",
    "timeInForce": "IOC", "clientOrderID": "mine1",
}  # fmt: skip


def signed(exchange: Exchange, method: str, path: str, **values: Any) -> WireRequest:
    """A request that passes every check unless the values say otherwise: plain values signed, encoded ones sent."""
    secret, key = values.pop("secret", SECRET), values.pop("key", KEY)
    pairs = [*values.items(), ("timestamp", values.get("timestamp", milliseconds(exchange.now)))]
    pairs = list(dict(pairs).items())
    plain = "&".join(f"{name}={value}" for name, value in pairs)
    signature = hmac.new(secret.encode(), plain.encode(), sha256).hexdigest()
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in pairs) + f"&signature={signature}"
    return WireRequest(method=method, host=HOST, path=path, query=query, headers={"x-bx-apikey": key})


def ask(exchange: Exchange, method: str, path: str, **values: Any) -> Any:
    """The JSON of a signed request."""
    reply = handle(signed(exchange, method, f"/openApi{path}", **values), exchange)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def sent(exchange: Exchange, **values: Any) -> Any:
    """Send an order."""
    return ask(exchange, "POST", "/swap/v2/trade/order", **{**ORDER, **values})


def test_a_signature_covers_plain_values_in_the_order_sent() -> None:
    """Percent signs come after signing; another order of the same parameters is another text, and signed as sent."""
    exchange = make_exchange()
    assert ask(exchange, "GET", "/swap/v2/user/positions", zeta="a b&c", alpha="ü")["code"] == 0
    request = signed(exchange, "GET", "/openApi/swap/v2/user/positions", a="1", b="2")
    turned = request.query.replace("a=1&b=2", "b=2&a=1")
    reply = handle(WireRequest(**{**_fields(request), "query": turned}), exchange)
    assert json.loads(reply.body)["code"] == 100001


def _fields(request: WireRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def test_a_json_body_is_signed_in_alphabetical_order() -> None:
    """The manual's second way of sending parameters."""
    exchange = make_exchange()
    values = {"symbol": "BTC-USDT", "leverage": "3", "side": "BOTH", "timestamp": str(milliseconds(exchange.now))}
    text = "&".join(f"{name}={values[name]}" for name in sorted(values))
    body = json.dumps({**values, "signature": hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()})
    request = WireRequest(
        method="POST", host=HOST, path="/openApi/swap/v2/trade/leverage", body=body, headers={"x-bx-apikey": KEY}
    )
    assert json.loads(handle(request, exchange).body)["data"]["leverage"] == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"secret": "another"}, 100001),
        ({"key": "nobody"}, 100413),
        ({"timestamp": 1}, 100421),
        ({"timestamp": "soon"}, 100421),
        ({"recvWindow": 60001}, 109400),
    ],
)
def test_whoever_is_not_who_he_says_is_refused(change: dict[str, Any], code: int) -> None:
    """Inside a 200, with the gateway's code."""
    assert ask(make_exchange(), "GET", "/swap/v3/user/balance", **change)["code"] == code


def test_a_request_without_a_signature_is_refused() -> None:
    """100412."""
    exchange = make_exchange()
    query = f"timestamp={milliseconds(exchange.now)}"
    request = WireRequest(
        method="GET", host=HOST, path="/openApi/swap/v3/user/balance", query=query, headers={"x-bx-apikey": KEY}
    )
    assert json.loads(handle(request, exchange).body)["code"] == 100412


def test_envelopes_differ_by_family_of_paths() -> None:
    """Numbers or texts for the code, data beside it or below it, or no envelope at all."""
    exchange = make_exchange()
    exchange.engine.set_isolated("family", "BTCUSDT", True)
    sent(exchange)
    assert ask(exchange, "GET", "/swap/v2/trade/openOrders") == {"code": 0, "msg": "", "data": {"orders": []}}
    assert ask(exchange, "GET", "/spot/v1/account/balance")["debugMsg"] == ""
    assert ask(exchange, "GET", "/fund/v1/account/balance")["code"] == "0"
    assert ask(exchange, "GET", "/swap/v1/positionSide/dual")["data"] == {"dualSidePosition": "false"}
    margin = ask(exchange, "POST", "/swap/v2/trade/positionMargin", symbol="BTC-USDT", amount=10, type=1)
    assert margin == {"code": 0, "msg": "", "amount": 10.0, "type": 1}
    assert ask(exchange, "GET", "/api/v3/asset/transferRecord", fromAccount="spot", toAccount="USDTMPerp") == {
        "total": 0,
        "rows": [],
    }
    assert ask(exchange, "GET", "/v1/account/apiPermissions")["permissions"] == [1, 2, 3, 4]
    assert "enableWithdrawals" not in ask(exchange, "GET", "/v1/account/apiRestrictions")


def test_an_acknowledgement_tells_nothing_of_fills() -> None:
    """The order is taken: its id and the caller's own come back, no status and no executed amount."""
    order = sent(make_exchange(), clientOrderID="MiXed")["data"]["order"]
    assert order["clientOrderID"] == "mixed"
    assert order["orderID"] == str(order["orderId"])
    assert not {"status", "executedQty", "avgPrice"} & set(order)


def test_an_id_of_nineteen_digits_is_written_exactly() -> None:
    """Larger than a float can hold, as on the real venue."""
    exchange = make_exchange()
    number = sent(exchange)["data"]["order"]["orderId"]
    assert len(str(number)) == 19
    found = ask(exchange, "GET", "/swap/v2/trade/order", symbol="BTC-USDT", orderId=number)["data"]["order"]
    assert (found["orderId"], found["status"], found["executedQty"]) == (number, "FILLED", "0.010")


def test_more_decimals_than_a_market_has_are_cut_off() -> None:
    """Not refused, and never rounded up."""
    exchange = make_exchange()
    order = sent(exchange, quantity="0.0199999", price="49900.19999")["data"]["order"]
    assert (order["quantity"], order["price"]) == (0.019, 49900.1)
    assert sent(exchange, quantity="1e-05", clientOrderID="tiny")["code"] == 101400


def test_a_side_is_required_of_the_position_in_one_way_mode() -> None:
    """Left out it means LONG, which one-way mode does not know."""
    request = {name: value for name, value in ORDER.items() if name != "positionSide"}
    assert ask(make_exchange(), "POST", "/swap/v2/trade/order", **request)["code"] == 109400


def test_fills_are_counted_by_the_unit_asked_for() -> None:
    """Contracts of one step each, or coins; the history with ids knows coins only and whole seconds with an offset."""
    exchange = make_exchange()
    sent(exchange, quantity="0.02")
    exchange.market.advance_to(exchange.now + timedelta(milliseconds=1500))
    span = {"startTs": milliseconds(exchange.now) - 60_000, "endTs": milliseconds(exchange.now)}
    counted = [
        ask(exchange, "GET", "/swap/v2/trade/allFillOrders", tradingUnit=unit, **span)["data"]["fill_orders"]
        for unit in ("CONT", "COIN")
    ]
    assert [sum(float(row["volume"]) for row in rows) for rows in counted] == [20, 0.02]
    history = ask(exchange, "GET", "/swap/v2/trade/fillHistory", symbol="BTC-USDT", **span)["data"]
    assert history["total"] == len(history["fill_history_orders"]) == len(counted[0])
    row = history["fill_history_orders"][0]
    assert row["filledTime"] == "2025-03-03T20:00:00.000+08:00"
    assert float(row["commission"]) < 0
    assert row["tradeId"]


def test_windows_longer_than_the_manual_allows_are_refused() -> None:
    """A week for executions with ids and for past orders, a month for the other list."""
    exchange = make_exchange()
    now = milliseconds(exchange.now)
    for path, days in (("/swap/v2/trade/fillHistory", 8), ("/swap/v2/trade/allFillOrders", 32)):
        span = {"startTs": now - days * 86_400_000, "endTs": now, "symbol": "BTC-USDT", "tradingUnit": "COIN"}
        assert ask(exchange, "GET", path, **span)["code"] == 109400


def test_whoever_asks_too_often_is_told_until_when_and_then_shut_out() -> None:
    """100410 or 109429 inside a 200 with a millisecond; 418 for going on regardless."""
    exchange = make_exchange()
    exchange.meter.limits = {"market": 0}
    public = handle(WireRequest(method="GET", host=HOST, path="/openApi/swap/v2/server/time"), exchange)
    assert json.loads(public.body)["code"] == 109429
    exchange.meter.limits = {"account": 2}
    for _ in range(2):
        assert ask(exchange, "GET", "/swap/v3/user/balance")["code"] == 0
    limited = ask(exchange, "GET", "/swap/v3/user/balance")
    assert limited["code"] == 100410
    assert limited["msg"].endswith(str(milliseconds(exchange.now) + 300_000))
    replies = [handle(signed(exchange, "GET", "/openApi/swap/v3/user/balance"), exchange) for _ in range(8)]
    assert replies[-1].status == 418
    assert "unblocked after" in json.loads(replies[-1].body)["msg"]


@pytest.mark.parametrize("market", ["spot", "linear"])
@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_word_of_the_engine_has_a_code(reason: str, market: Any) -> None:
    """None is passed on as an internal error, except what cannot happen on a spot market."""
    refused = translated(Rejected(reason, "detail"), market)
    futures_only = {
        "closing_only", "position_side", "reduce_only", "insufficient_margin", "leverage_bracket",
        "leverage_reduction", "margin_mode_position", "position_mode_open", "not_isolated", "no_funding",
        "no_need_to_change",
    }  # fmt: skip
    settled_by_handlers = {"no_need_to_change"}
    if reason in (futures_only if market == "spot" else settled_by_handlers):
        assert refused.code == 100500
    else:
        assert refused.code != 100500


@pytest.mark.parametrize("fault", sorted(name for name, effect in FAULTS.items() if effect.kind != "account"))
def test_every_fault_is_told_in_the_venues_own_words(fault: str) -> None:
    """An order, a look-up, marks, positions and trades under each fault: an answer, or a broken line."""
    answering = make_answering(Script(fault=fault, times=100), venue="bingx")
    exchange = answering.exchange
    span = {"startTs": milliseconds(exchange.now) - 60_000, "endTs": milliseconds(exchange.now) + 1}
    requests = [
        signed(exchange, "POST", "/openApi/swap/v2/trade/order", **ORDER),
        signed(exchange, "GET", "/openApi/swap/v2/trade/order", symbol="BTC-USDT", clientOrderId="mine1"),
        signed(exchange, "GET", "/openApi/swap/v2/quote/premiumIndex"),
        signed(exchange, "GET", "/openApi/swap/v2/user/positions"),
        signed(exchange, "GET", "/openApi/swap/v2/trade/fillHistory", symbol="BTC-USDT", **span),
        signed(exchange, "GET", "/openApi/swap/v2/quote/depth", symbol="BTC-USDT", limit=5),
        signed(exchange, "GET", "/openApi/spot/v1/account/balance"),
        signed(exchange, "GET", "/openApi/swap/v2/quote/contracts"),
        signed(exchange, "POST", "/openApi/swap/v2/trade/leverage", symbol="BTC-USDT", side="BOTH", leverage=2),
        signed(exchange, "DELETE", "/openApi/swap/v2/trade/order", symbol="BTC-USDT", clientOrderId="mine1"),
    ]
    answers = [answering.answer(request) for request in requests]
    assert all(row.reply is not None or row.broken for row in answers)
    assert any(row.fault == fault for row in answering.faults.fired)


def test_hidden_orders_old_positions_and_empty_lists_look_as_the_venue_would_show_them() -> None:
    """80016 for the order, yesterday's rows for positions, an empty list under a code that says all is well."""
    answering = make_answering(
        Script(fault="order_invisible", scope="order"), Script(fault="empty_positions", scope="positions", nth=2),
        venue="bingx",
    )  # fmt: skip
    exchange = answering.exchange
    answering.answer(signed(exchange, "POST", "/openApi/swap/v2/trade/order", **ORDER))
    look = signed(exchange, "GET", "/openApi/swap/v2/trade/order", symbol="BTC-USDT", clientOrderId="mine1")
    assert _code(answering.answer(look).reply) == 80016
    listed = [answering.answer(signed(exchange, "GET", "/openApi/swap/v2/user/positions")).reply for _ in range(2)]
    assert [len(_content(reply)["data"]) for reply in listed] == [1, 0]
    assert _code(listed[1]) == 0


def _content(reply: WireReply | None) -> Any:
    assert reply is not None
    return json.loads(reply.body)


def _code(reply: WireReply | None) -> int:
    return int(_content(reply)["code"])


_NAMES = st.sampled_from(
    sorted({*ORDER, "orderId", "clientOrderId", "limit", "startTime", "endTime", "startTs", "endTs", "tradingUnit",
            "interval", "marginType", "leverage", "dualSidePosition", "amount", "asset", "fromAccount", "toAccount",
            "pageIndex", "pageSize", "recvWindow", "reduceOnly", "newClientOrderId", "quoteOrderQty", "timeZone"})
)  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(["BTC-USDT", "ETH-USDT", "NOPE-USDT", "BTC", "-", "BUY", "SELL", "BOTH", "MARKET", "LIMIT", "IOC",
                     "1h", "1d", "true", "CROSSED", "spot", "USDTMPerp", "COIN", "CONT", "NaN", "Infinity", "1e999",
                     "1e-05", "-1", "0", "5", "99999999999999999999", "None", "1740996000000", "", "\uff10"]),
    st.text(max_size=12),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    route=st.sampled_from([*sorted(ROUTES), ("GET", "/openApi/nowhere"), ("PUT", "/openApi/swap/v2/trade/order")]),
    values=st.dictionaries(_NAMES, _VALUES, max_size=8),
    body=st.sampled_from(["", "{", "[]", "null", '{"symbol": 3}', "a=b"]),
)
def test_nothing_a_client_sends_makes_it_stumble(route: tuple[str, str], values: dict[str, str], body: str) -> None:
    """Whatever arrives, JSON with a code or a listed shape goes back."""
    exchange = make_exchange()
    request = signed(exchange, *route, **values)
    for one in (request, WireRequest(**{**_fields(request), "body": body})):
        reply = handle(one, exchange)
        assert isinstance(json.loads(reply.body), dict)


@settings(max_examples=100, deadline=None)
@given(query=st.text(max_size=60), path=st.text(max_size=30), method=st.sampled_from(["GET", "POST", "DELETE", "X"]))
def test_nor_does_noise(query: str, path: str, method: str) -> None:
    """Unsigned rubbish on any path."""
    exchange = make_exchange()
    for prefix in ("", "/openApi/", "/openApi/swap/v2/quote/depth"):
        handle(WireRequest(method=method, host=HOST, path=prefix + path, query=query, headers={}), exchange)
