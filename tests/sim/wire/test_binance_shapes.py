"""Replies have the fields and types of the venue's manual, and survive whatever is sent."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.wire.binance import handle
from bot.sim.wire.binance_routes import ROUTES
from bot.sim.wire.request import WireRequest
from tests.sim.wire.signed import ask, host_of, look, order, signed
from tests.testnet.world import make_exchange


def published(path: str, query: str = "") -> Any:
    reply = look(make_exchange(), path, query)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def test_one_symbol_is_an_object_and_all_symbols_a_list() -> None:
    """Tickers and marks change their shape with the symbol parameter."""
    for path in ("/fapi/v1/premiumIndex", "/fapi/v1/ticker/24hr", "/api/v3/ticker/price", "/api/v3/ticker/bookTicker"):
        assert published(path, "symbol=BTCUSDT")["symbol"] == "BTCUSDT"
        assert "BTCUSDT" in {row["symbol"] for row in published(path)}
    listed = published("/api/v3/ticker/price", 'symbols=["BTCUSDT","ETHUSDT"]')
    assert [row["symbol"] for row in listed] == ["BTCUSDT", "ETHUSDT"]


def test_a_mark_carries_texts_and_milliseconds() -> None:
    """Prices are strings, times integers."""
    row = published("/fapi/v1/premiumIndex", "symbol=BTCUSDT")
    assert Decimal(row["markPrice"]) == 50000
    assert isinstance(row["time"], int)
    assert row["nextFundingTime"] > row["time"]


def test_candles_are_rows_of_twelve_oldest_first() -> None:
    """The last hours of both markets, as many as asked for."""
    for path in ("/fapi/v1/klines", "/api/v3/klines", "/fapi/v1/markPriceKlines"):
        rows = published(path, "symbol=BTCUSDT&interval=1h&limit=5")
        assert len(rows) == 5
        assert all(len(row) == 12 and row[6] == row[0] + 3_599_999 for row in rows)
        assert rows == sorted(rows)


def test_positions_show_in_three_pages_alike() -> None:
    """Account, old and new position page agree on a short; only the old one tells leverage and margin mode."""
    exchange = make_exchange()
    ask(exchange, "POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=5)
    assert order(exchange, quantity="0.1").status == 200
    (new,) = ask(exchange, "GET", "/fapi/v3/positionRisk")
    (old,) = [row for row in ask(exchange, "GET", "/fapi/v2/positionRisk") if row["symbol"] == "BTCUSDT"]
    (page,) = ask(exchange, "GET", "/fapi/v3/account")["positions"]
    assert new["positionAmt"] == old["positionAmt"] == page["positionAmt"] == "-0.1"
    assert (old["leverage"], old["marginType"]) == ("5", "cross")
    assert "leverage" not in new
    assert Decimal(new["initialMargin"]) == Decimal(new["notional"]).copy_abs() / 5
    assert Decimal(new["liquidationPrice"]) > 50000


def test_the_futures_wallet_adds_up() -> None:
    """Margin balance is wallet plus profit; what is not bound is available."""
    exchange = make_exchange()
    order(exchange, quantity="0.1")
    wallet = ask(exchange, "GET", "/fapi/v3/account")
    (asset,) = [row for row in wallet["assets"] if row["asset"] == "USDT"]
    assert Decimal(asset["marginBalance"]) == Decimal(asset["walletBalance"]) + Decimal(asset["unrealizedProfit"])
    assert Decimal(asset["availableBalance"]) == Decimal(asset["marginBalance"]) - Decimal(asset["initialMargin"])


def test_an_acknowledgement_tells_less_than_a_result() -> None:
    """Without newOrderRespType the reply is NEW and empty although the order has been filled."""
    exchange = make_exchange()
    plain = json.loads(order(exchange).body)
    full = json.loads(order(exchange, newOrderRespType="RESULT").body)
    assert (plain["status"], plain["executedQty"]) == ("NEW", "0")
    assert (full["status"], full["executedQty"]) == ("FILLED", "0.01")


def test_a_spot_purchase_lists_its_fills_and_commission() -> None:
    """FULL answers carry fills; the fee is paid in what was bought."""
    exchange = make_exchange()
    reply = order(exchange, path="/api/v3/order", side="BUY")
    bought = json.loads(reply.body)
    assert bought["status"] == "FILLED"
    assert {fill["commissionAsset"] for fill in bought["fills"]} == {"BTC"}
    by_money = json.loads(order(exchange, path="/api/v3/order", side="BUY", quantity=None, quoteOrderQty="500").body)
    assert 0 < Decimal(by_money["cummulativeQuoteQty"]) <= 500


def test_transfers_and_income_are_paged() -> None:
    """Newest transfers first, pages counted from one; income of one kind only when asked."""
    exchange = make_exchange()
    for amount in range(1, 13):
        ask(exchange, "POST", "/sapi/v1/asset/transfer", asset="USDT", amount=amount, type="MAIN_UMFUTURE")
    first = ask(exchange, "GET", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE")
    second = ask(exchange, "GET", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", current=2)
    assert first["total"] == 12
    assert [row["amount"] for row in first["rows"] + second["rows"]] == [str(n) for n in range(12, 0, -1)]
    order(exchange)
    fees = ask(exchange, "GET", "/fapi/v1/income", incomeType="COMMISSION")
    assert fees
    assert {row["incomeType"] for row in fees} == {"COMMISSION"}


def test_executions_are_found_by_order_and_from_an_id_on() -> None:
    """OrderId selects, fromId continues, limit cuts."""
    exchange = make_exchange()
    for _ in range(3):
        order(exchange)
    rows = ask(exchange, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT")
    last = rows[-1]
    assert ask(exchange, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", orderId=last["orderId"]) == [last]
    assert ask(exchange, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", fromId=last["id"]) == [last]
    assert ask(exchange, "GET", "/fapi/v1/userTrades", symbol="BTCUSDT", limit=1) == [last]


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_every_route_answers_a_plain_question(method: str, path: str) -> None:
    """Each route replies in JSON, with success or with a code of the manual."""
    exchange = make_exchange()
    order(exchange)
    values = {"symbol": "BTCUSDT", "interval": "1h", "type": "MAIN_UMFUTURE", "asset": "USDT", "amount": "1"}
    reply = handle(signed(exchange, method, path, **values), exchange)
    content = json.loads(reply.body)
    assert reply.status == 200 or content["code"] < 0


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_NAMES = st.sampled_from(
    ["symbol", "side", "type", "quantity", "price", "timeInForce", "limit", "startTime", "endTime", "orderId", "amount",
     "leverage", "page", "fromId", "symbols", "interval", "marginType", "dualSidePosition", "asset", "recvWindow"]
)  # fmt: skip
_VALUES = st.one_of(
    _TEXT, st.integers(-(10**20), 10**20).map(str), st.sampled_from(["BTCUSDT", "BUY", "LIMIT", "GTC", "1e9"])
)


@settings(max_examples=300, deadline=None)
@given(route=st.sampled_from(sorted(ROUTES)), values=st.dictionaries(_NAMES, _VALUES, max_size=8))
def test_nothing_a_client_sends_makes_the_codec_stumble(route: tuple[str, str], values: dict[str, str]) -> None:
    """Whatever the parameters hold, the answer is a reply."""
    reply = handle(signed(_SHARED, route[0], route[1], **values), _SHARED)
    assert reply.status in (200, 400, 401, 418, 429)


_SHARED = make_exchange()
_SHARED.meter.limits = dict.fromkeys(("spot", "sapi", "linear", "inverse"), 10**9)


@given(query=_TEXT, body=_TEXT, path=_TEXT)
def test_garbage_is_answered_too(query: str, body: str, path: str) -> None:
    """Unsigned noise on any path brings an error page or a code."""
    request = WireRequest(method="POST", host=host_of("/fapi/"), path=f"/fapi/{path}", query=query, body=body)
    assert handle(request, _SHARED).status >= 400
