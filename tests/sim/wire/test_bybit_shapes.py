"""Bybit's language by hand: signatures over the raw text, pages and windows, and no request that makes it stumble."""

import hmac
import json
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.faults import FAULTS
from bot.sim.model import Rejected
from bot.sim.reasons import REASONS
from bot.sim.wire.bybit import banned, handle, too_many_requests
from bot.sim.wire.bybit_call import id_number, id_text
from bot.sim.wire.bybit_errors import translated
from bot.sim.wire.bybit_routes import ROUTES
from bot.sim.wire.bybit_tampering import Tampering
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from tests.testnet.world import KEY, SECRET, make_exchange

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


def signed(exchange: Exchange, method: str, path: str, values: dict[str, Any], *, window: str = "5000") -> WireRequest:
    """A request that passes every check."""
    text = json.dumps(values) if method == "POST" else urlencode(values)
    sent = str(milliseconds(exchange.now))
    seal = hmac.new(SECRET.encode(), (sent + KEY + window + text).encode(), sha256).hexdigest()
    return WireRequest(
        method=method,
        host="api.bybit.com",
        path=path,
        query="" if method == "POST" else text,
        body=text if method == "POST" else "",
        headers={
            "x-bapi-api-key": KEY, "x-bapi-timestamp": sent, "x-bapi-recv-window": window, "x-bapi-sign": seal,
        },
    )  # fmt: skip


def answer(exchange: Exchange, method: str, path: str, **values: Any) -> dict[str, Any]:
    reply = handle(signed(exchange, method, path, values), exchange)
    assert reply.status == 200, reply.body
    content: dict[str, Any] = json.loads(reply.body)
    return content


def rows(exchange: Exchange, path: str, **values: Any) -> list[dict[str, Any]]:
    content = answer(exchange, "GET", path, **values)
    assert content["retCode"] == 0, content
    found: list[dict[str, Any]] = content["result"]["list"]
    return found


def sell(exchange: Exchange, qty: str = "0.1", **more: Any) -> dict[str, Any]:
    asked = {**LINEAR, "side": "Sell", "orderType": "Market", "qty": qty, **more}
    return answer(exchange, "POST", "/v5/order/create", **asked)


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_every_route_answers_a_plain_question(method: str, path: str) -> None:
    """Each route replies with an envelope, in success and in refusal."""
    exchange = make_exchange()
    sell(exchange)
    values = {**LINEAR, "interval": "60", "accountType": "UNIFIED", "coin": "USDT"}
    content = answer(exchange, method, path, **values)
    assert set(content) == {"retCode", "retMsg", "result", "retExtInfo", "time"}


def test_every_word_of_the_engine_has_a_code_of_the_manual() -> None:
    """None falls through to the server error, on either market."""
    for word in REASONS:
        for market in ("spot", "linear"):
            assert translated(Rejected(word), market).code != 10016, word


def test_the_signature_covers_the_text_as_sent() -> None:
    """One changed character in query or body, or another window, and the request is nobody's."""
    exchange = make_exchange()
    good = signed(exchange, "GET", "/v5/position/list", LINEAR)
    for changed in (
        WireRequest(**_parts(good, query=good.query.replace("BTC", "ETH"))),
        WireRequest(**_parts(good, headers={**good.headers, "x-bapi-recv-window": "60000"})),
        WireRequest(**_parts(good, headers={**good.headers, "x-bapi-sign": ""})),
    ):
        assert json.loads(handle(changed, exchange).body)["retCode"] == 10004


def _parts(request: WireRequest, **changes: Any) -> dict[str, Any]:
    names = ("method", "host", "path", "query", "body", "headers")
    return {name: getattr(request, name) for name in names} | changes


def test_a_flat_symbol_has_a_row_and_a_flat_account_has_none() -> None:
    """Asked by symbol the page always answers; asked by coin it shows what is held."""
    exchange = make_exchange()
    (flat,) = rows(exchange, "/v5/position/list", **LINEAR)
    assert (flat["side"], flat["size"], flat["positionIdx"], flat["positionValue"]) == ("", "0", 0, "")
    assert rows(exchange, "/v5/position/list", category="linear", settleCoin="USDT") == []
    sell(exchange)
    (held,) = rows(exchange, "/v5/position/list", category="linear", settleCoin="USDT")
    assert (held["side"], held["size"]) == ("Sell", "0.1")
    assert answer(exchange, "GET", "/v5/position/list", category="linear")["retCode"] == 10001


def test_risk_tiers_come_deepest_first_as_fractions() -> None:
    """As measured; whoever trusts their order misreads every floor."""
    tiers = rows(make_exchange(), "/v5/market/risk-limit", **LINEAR)
    assert [row["id"] for row in tiers] == list(range(len(tiers), 0, -1))
    assert all(Decimal(row["maintenanceMargin"]) < Decimal(row["initialMargin"]) for row in tiers)


def test_executions_come_newest_first_in_pages_of_a_week() -> None:
    """A window longer than seven days is refused; a full page leads on by its cursor."""
    exchange = make_exchange()
    for _ in range(3):
        sell(exchange, "0.01")
        exchange.market.advance_to(exchange.now + timedelta(seconds=5))
    page = answer(exchange, "GET", "/v5/execution/list", **LINEAR, limit=2)["result"]
    times = [int(row["execTime"]) for row in page["list"]]
    assert times == sorted(times, reverse=True)
    (last,) = rows(exchange, "/v5/execution/list", **LINEAR, limit=2, cursor=page["nextPageCursor"])
    assert int(last["execTime"]) < min(times)
    now = milliseconds(exchange.now)
    long = {"startTime": now - 8 * 86_400_000, "endTime": now}
    assert answer(exchange, "GET", "/v5/execution/list", **LINEAR, **long)["retCode"] == 10001


def test_a_start_alone_is_answered_for_seven_days() -> None:
    """What happened later is on no page, and nothing says so."""
    exchange = make_exchange()
    start = milliseconds(exchange.now)
    exchange.market.advance_to(exchange.now + timedelta(days=8))
    sell(exchange)
    assert rows(exchange, "/v5/execution/list", **LINEAR, startTime=start) == []
    assert len(rows(exchange, "/v5/execution/list", **LINEAR)) == 1


def test_an_order_that_never_filled_leaves_the_history_after_a_day() -> None:
    """Only what traded is kept for long."""
    exchange = make_exchange()
    sell(exchange, orderLinkId="gone", orderType="Limit", price="51000", timeInForce="IOC")
    asked = {**LINEAR, "orderLinkId": "gone"}
    assert len(rows(exchange, "/v5/order/history", **asked)) == 1
    exchange.market.advance_to(exchange.now + timedelta(days=2))
    assert rows(exchange, "/v5/order/history", **asked) == []


def test_a_liquidation_shows_as_the_venues_own_order() -> None:
    """It has no client id, and its execution is no trade of ours."""
    exchange = make_exchange()
    sell(exchange)
    exchange.engine.auto_deleverage("family", "BTCUSDT", Decimal("0.05"))
    newest = rows(exchange, "/v5/execution/list", **LINEAR)[0]
    assert (newest["execType"], newest["orderLinkId"]) == ("AdlTrade", "")
    assert all(row["execType"] == "Trade" for row in rows(exchange, "/v5/execution/list", **LINEAR, execType="Trade"))


def test_limits_speak_in_two_ways() -> None:
    """Too many calls of a key: a code under status 200 with a time. Too many of an address: a bare 403."""
    exchange = make_exchange()
    soft = too_many_requests(exchange, 10)
    assert (soft.status, json.loads(soft.body)["retCode"]) == (200, 10006)
    assert int(soft.headers["X-Bapi-Limit-Reset-Timestamp"]) == milliseconds(exchange.now) + 10_000
    assert banned(exchange).status == 403
    exchange.meter.limits = {"address": 3}
    seen = [handle(_public("/v5/market/time"), exchange).status for _ in range(5)]
    assert seen == [200, 200, 200, 403, 403]


def _public(path: str, query: str = "", host: str = "api.bybit.com") -> WireRequest:
    return WireRequest(method="GET", host=host, path=path, query=query)


@pytest.mark.parametrize("host", ["api.binance.com", "evil.example", ""])
def test_only_its_own_hosts_are_served(host: str) -> None:
    """Anything else is a page nobody has."""
    assert handle(_public("/v5/market/time", host=host), make_exchange()).status == 404


@given(number=st.integers(1, 2**48 - 1), market=st.sampled_from(["spot", "linear"]))
def test_ids_are_read_back(number: int, market: Any) -> None:
    """UUIDs and long numbers stand for the engine's counting."""
    assert id_number(id_text(number, market), market) == number


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_NAMES = st.sampled_from(
    ["category", "symbol", "side", "orderType", "qty", "price", "timeInForce", "limit", "startTime", "endTime", "start",
     "end", "orderId", "orderLinkId", "amount", "buyLeverage", "sellLeverage", "cursor", "interval", "setMarginMode",
     "mode", "coin", "accountType", "fromAccountType", "toAccountType", "transferId", "settleCoin", "reduceOnly",
     "positionIdx", "marketUnit", "execType", "openOnly", "status"]
)  # fmt: skip
_WORDS = st.sampled_from(
    ["BTCUSDT", "Buy", "Limit", "Market", "IOC", "1e9", "linear", "spot", "inverse", "option", "UNIFIED", "FUND",
     "USDT", "60", "0.1", "50000", "true", "ISOLATED_MARGIN", "page_5", "page_", "NaN", "1e-30", "3"]
)  # fmt: skip
_VALUES = st.one_of(_TEXT, st.integers(-(10**20), 10**20).map(str), _WORDS)
_SHARED = make_exchange()
_SHARED.meter.unlimited = True


@settings(max_examples=300, deadline=None)
@given(route=st.sampled_from(sorted(ROUTES)), values=st.dictionaries(_NAMES, _VALUES, max_size=9))
def test_nothing_a_client_sends_makes_the_codec_stumble(route: tuple[str, str], values: dict[str, str]) -> None:
    """Whatever the parameters hold, the answer is an envelope."""
    reply = handle(signed(_SHARED, route[0], route[1], values), _SHARED)
    assert isinstance(json.loads(reply.body)["retCode"], int)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(content=_JSON)
def test_any_json_in_a_body_is_answered(content: Any) -> None:
    """Lists, nested objects and numbers of every kind."""
    reply: WireReply = handle(signed(_SHARED, "POST", "/v5/order/create", content), _SHARED)
    assert isinstance(json.loads(reply.body)["retCode"], int)


@given(query=_TEXT, body=_TEXT, path=_TEXT)
def test_garbage_is_answered_too(query: str, body: str, path: str) -> None:
    """Unsigned noise on any path brings an error page or a code."""
    request = WireRequest(method="POST", host="api.bybit.com", path=f"/v5/{path}", query=query, body=body)
    assert handle(request, _SHARED).status >= 400


def _distorted(name: str, path: str, **values: Any) -> list[dict[str, Any]]:
    exchange = make_exchange()
    sell(exchange)
    request = signed(exchange, "GET", path, values)
    reply = handle(request, exchange)
    spoilt = Tampering().distorted(request, reply, FAULTS[name], exchange.now)
    found: list[dict[str, Any]] = json.loads(spoilt.body)["result"]["list"]
    return found


def test_distortions_reach_the_rows_they_are_about() -> None:
    """Marks, rows, positions and trades, each spoilt in its own way."""
    tickers = {"path": "/v5/market/tickers", "category": "linear"}
    assert {row["markPrice"] for row in _distorted("zero_mark", **tickers)} == {"0.00"}
    assert {row["markPrice"] for row in _distorted("nan_mark", **tickers)} == {"NaN"}
    assert len(_distorted("missing_row", **LINEAR, path="/v5/market/tickers")) == 0
    assert _distorted("empty_positions", path="/v5/position/list", category="linear", settleCoin="USDT") == []
    twice = _distorted("duplicate_trades", **LINEAR, path="/v5/execution/list")
    assert len(twice) == 2
    assert twice[0] == twice[1]


def test_a_hidden_order_is_on_no_page_and_old_positions_stay() -> None:
    """What lags is the view; the exchange knows better."""
    exchange, tampering = make_exchange(), Tampering()
    request = signed(exchange, "GET", "/v5/position/list", {"category": "linear", "settleCoin": "USDT"})
    until = exchange.now + timedelta(seconds=5)
    tampering.seen(request, handle(request, exchange), exchange.now)
    tampering.freeze_positions(until)
    sell(exchange, orderLinkId="hidden")
    tampering.hide_order("hidden", until)
    for lagging in (request, signed(exchange, "GET", "/v5/order/realtime", {**LINEAR, "orderLinkId": "hidden"})):
        reply = handle(lagging, exchange)
        assert len(json.loads(reply.body)["result"]["list"]) == 1
        assert json.loads(tampering.seen(lagging, reply, exchange.now).body)["result"]["list"] == []
        assert tampering.seen(lagging, reply, until) == reply
