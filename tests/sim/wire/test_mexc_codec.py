"""MEXC's codec by itself: the code of every fault, signatures to the letter, and nothing a client sends upsets it."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.faults import FAULTS
from bot.sim.reasons import REASONS
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.mexc import CODEC, handle
from bot.sim.wire.mexc_errors import _LINEAR, _SPOT
from bot.sim.wire.mexc_routes import _NAMED, _ROUTES
from bot.sim.wire.request import WireRequest
from tests.testnet.mexc_world import HOST, PRIVATE, futures_request, order_request, said, spot_request
from tests.testnet.world import KEY, SECRET, make_exchange

CREATE = f"{PRIVATE}/order/create"
LIMIT = {"type": 1, "price": 50000}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"symbol": "NOPE_USDT"}, 1001),
        ({"symbol": "BTCUSDT"}, 1001),
        ({"symbol": None}, 600),
        ({"vol": None}, 600),
        ({"vol": "many"}, 600),
        ({"vol": [1]}, 600),
        ({"vol": 0}, 2015),
        ({"vol": 1005}, 2015),
        ({"vol": 10}, 2011),
        ({"vol": 99_000_000}, 2028),
        ({"vol": 90_000}, 2005),
        ({"side": 5}, 2001),
        ({"side": None}, 600),
        ({"side": 2}, 2009),
        ({"side": 4}, 2009),
        ({"type": 7}, 2029),
        ({"openType": 3}, 2002),
        ({"openType": 1}, 600),
        ({"openType": 1, "leverage": 500}, 2006),
        ({**LIMIT, "price": None}, 600),
        ({**LIMIT, "price": 50000.05}, 2015),
        ({**LIMIT, "price": 40000}, 2004),
        ({**LIMIT, "side": 1, "price": 90000}, 2003),
        ({**LIMIT, "type": 2, "price": 49000}, 2007),
        ({"externalOid": "x" * 33}, 2030),
        ({"externalOid": "a/b"}, 2030),
    ],
)
def test_an_order_is_refused_with_the_code_of_its_fault(values: dict[str, Any], code: int) -> None:
    """One wrong word in an order brings exactly its code, in a reply with status 200, and no order."""
    exchange = make_exchange()
    reply = handle(order_request(exchange, **values), exchange)
    assert said(reply) == (200, code)
    assert json.loads(reply.body)["success"] is False
    assert not exchange.engine.positions("family")


def test_a_one_where_a_two_was_meant_opens_a_long() -> None:
    """Side 2 closes the short it is given, side 1 buys without looking: the same order, another position."""
    for side, left in ((2, []), (1, [Decimal("0.1")])):
        exchange = make_exchange()
        handle(order_request(exchange), exchange)
        assert said(handle(order_request(exchange, side=2), exchange)) == (200, 0)
        assert exchange.engine.positions("family") == []
        assert said(handle(order_request(exchange, side=side), exchange))[1] == (2009 if side == 2 else 0)
        assert [row.amount for row in exchange.engine.positions("family")] == left


def test_a_closing_order_larger_than_the_position_is_refused_whole() -> None:
    """Nothing is cut to fit."""
    exchange = make_exchange()
    handle(order_request(exchange), exchange)
    assert said(handle(order_request(exchange, side=2, vol=1010), exchange)) == (200, 2008)
    (held,) = exchange.engine.positions("family")
    assert held.amount == Decimal("-0.1")


def test_an_external_id_is_used_once_even_after_its_order_ended() -> None:
    """A filled order keeps its id."""
    exchange = make_exchange()
    first, second = (handle(order_request(exchange, externalOid="once"), exchange) for _ in range(2))
    assert (said(first)[1], said(second)[1]) == (0, 603)


def test_equity_has_the_profit_in_it_and_the_movable_balance_has_not() -> None:
    """Equity is wallet plus unrealised; what a position binds is not free."""
    exchange = make_exchange()
    handle(order_request(exchange), exchange)
    (row,) = json.loads(handle(futures_request(exchange, "GET", f"{PRIVATE}/account/assets"), exchange).body)["data"]
    state = exchange.engine.margin("family")
    assert row["equity"] == pytest.approx(float(state.wallet + state.unrealised_pnl))
    assert row["unrealized"] == pytest.approx(float(state.unrealised_pnl))
    assert row["positionMargin"] > 0
    assert row["availableBalance"] < row["equity"]


def test_a_position_tells_neither_mark_nor_value() -> None:
    """Contracts, entry price and side are there; the mark price must be read elsewhere."""
    exchange = make_exchange()
    handle(order_request(exchange), exchange)
    reply = handle(futures_request(exchange, "GET", f"{PRIVATE}/position/open_positions"), exchange)
    (row,) = json.loads(reply.body)["data"]
    assert (row["symbol"], row["positionType"], row["holdVol"], row["openType"]) == ("BTC_USDT", 2, 1000, 2)
    assert not {"markPrice", "fairPrice", "notional", "positionValue"} & set(row)


@pytest.mark.parametrize("off_s", [-11, 11])
def test_futures_allow_ten_seconds_either_way(off_s: int) -> None:
    """There is no receive window to set."""
    exchange = make_exchange()
    path = f"{PRIVATE}/account/assets"
    late = futures_request(exchange, "GET", path, off=timedelta(seconds=off_s))
    near = futures_request(exchange, "GET", path, off=timedelta(seconds=off_s - (1 if off_s > 0 else -1)))
    assert (said(handle(late, exchange))[1], said(handle(near, exchange))[1]) == (513, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda request: replace(request, body=request.body.replace("1000", "9000")),
        lambda request: replace(request, headers={**request.headers, "request-time": "1741003200001"}),
        lambda request: replace(request, headers={**request.headers, "signature": "0" * 64}),
        lambda request: replace(
            request, headers={**request.headers, "signature": request.headers["signature"].upper()}
        ),
        lambda request: replace(request, headers={**request.headers, "request-time": "soon"}),
    ],
)
def test_whatever_is_changed_after_signing_is_refused(change: Any) -> None:
    """The signature covers key, time and body, in lower case."""
    exchange = make_exchange()
    assert said(handle(change(order_request(exchange)), exchange)) == (200, 602)
    assert exchange.engine.positions("family") == []


def test_the_spot_signature_covers_the_query() -> None:
    """A word added behind is refused with status 400."""
    exchange = make_exchange()
    request = spot_request(exchange, "GET", "/api/v3/account")
    assert handle(request, exchange).status == 200
    assert said(handle(replace(request, query=request.query + "&more=1"), exchange)) == (400, 700002)
    assert said(handle(spot_request(exchange, "GET", "/api/v3/account", recvWindow=70000), exchange)) == (400, 700005)


def test_a_key_learns_only_its_own_rights() -> None:
    """Another key's page does not exist."""
    exchange = make_exchange(ApiKey(key=KEY, secret=SECRET, account="family", may_withdraw=True))
    own = json.loads(handle(spot_request(exchange, "GET", "/api/v3/apiKeyInfo", accessKey=KEY), exchange).body)
    assert "SPOT_WITHDRAW_WRITE" in own["permissions"].split(",")
    other = handle(spot_request(exchange, "GET", "/api/v3/apiKeyInfo", accessKey="other"), exchange)
    assert said(other) == (400, 730706)


def test_who_asks_too_often_is_told_in_each_interfaces_own_way() -> None:
    """Code 510 in a 200 on futures, 429 on spot, the firewall's page for whoever goes on."""
    exchange = make_exchange()
    exchange.meter.limits.update(linear=1, spot=1)
    ping = WireRequest(method="GET", host=HOST, path="/api/v1/contract/ping")
    assert [said(handle(ping, exchange)) for _ in range(2)] == [(200, 0), (200, 510)]
    spot = WireRequest(method="GET", host=HOST, path="/api/v3/time")
    assert [handle(spot, exchange).status for _ in range(6)] == [200, 429, 429, 429, 429, 403]


def test_every_word_of_the_engine_has_a_code() -> None:
    """A refusal that means something never comes out as "abnormal"."""
    never = {"no_need_to_change", "no_funding", "price_band"}
    assert set(_LINEAR) >= REASONS - never
    assert set(_SPOT) <= REASONS


@pytest.mark.parametrize("fault", sorted(name for name, effect in FAULTS.items() if effect.kind == "replaced"))
def test_every_fault_has_a_reply_of_its_own(fault: str) -> None:
    """None of them says that an order was placed."""
    if fault in ("too_many_requests", "banned"):
        return
    reply = CODEC.replacement(fault, None)
    assert b'"orderId":"739113577038255616"}' not in reply.body


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)  # fmt: skip
names = st.sampled_from(
    ["symbol", "vol", "side", "type", "openType", "price", "leverage", "externalOid", "positionId", "amount",
     "positionMode", "positionType", "page_num", "page_size", "start_time", "limit", "interval", "start", "end",
     "quantity", "origClientOrderId", "orderId", "startTime", "asset", "fromAccountType", "toAccountType"]
)  # fmt: skip
paths = st.one_of(
    st.sampled_from(sorted(_ROUTES)),
    st.tuples(
        st.just("GET"),
        st.builds(lambda start, rest: start + rest, st.sampled_from([row[0] for row in _NAMED]), st.text()),
    ),
)


@settings(max_examples=150, deadline=None)
@given(where=paths, told=st.dictionaries(names, values, max_size=5), known=st.booleans())
def test_nothing_a_client_sends_upsets_it(where: tuple[str, str], told: dict[str, object], known: bool) -> None:
    """Whatever stands in a signed request, the answer is a reply."""
    exchange = make_exchange()
    method, path = where
    if known:
        told = {"symbol": "BTCUSDT" if path.startswith("/api/v3") else "BTC_USDT", **told}
    request = (
        spot_request(exchange, method, path, **told)
        if path.startswith("/api/v3")
        else futures_request(exchange, method, path, told)
    )
    assert handle(request, exchange).status in (200, 400, 401, 404)


@settings(max_examples=100, deadline=None)
@given(body=st.text(max_size=60), path=st.sampled_from(sorted(path for method, path in _ROUTES if method == "POST")))
def test_no_body_upsets_it(body: str, path: str) -> None:
    """Bodies that are not JSON, or another JSON than expected."""
    exchange = make_exchange()
    signed = futures_request(exchange, "POST", path, body)
    assert handle(signed, exchange).status in (200, 400)
    assert handle(replace(signed, body=body), exchange).status in (200, 400)
    assert CODEC.traded_market(replace(signed, body=body)) is None
