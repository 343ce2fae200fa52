"""WEEX's codec by itself: signatures, refusals in the venue's words, and whatever a client may send."""

import hmac
import json
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.faults import FAULTS
from bot.sim.model import Rejected
from bot.sim.reasons import REASONS
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.weex import CODEC, handle
from bot.sim.wire.weex_errors import translated
from bot.sim.wire.weex_routes import ROUTES
from tests.testnet.weex_world import KEY
from tests.testnet.world import make_exchange

ORDER = {
    "symbol": "BTCUSDT", "side": "SELL", "positionSide": "SHORT", "type": "MARKET", "quantity": "0.1",
    "newClientOrderId": "mine1",
}  # fmt: skip
LIMIT = {**ORDER, "type": "LIMIT", "timeInForce": "GTC", "price": "51000"}


def signed(
    exchange: Exchange, method: str, path: str, values: dict[str, Any], key: ApiKey = KEY, **headers: str
) -> WireRequest:
    """A request made by hand as the manual says; headers may be overruled."""
    query = "" if method == "POST" else "&".join(f"{name}={value}" for name, value in values.items())
    body = json.dumps(values) if method == "POST" else ""
    at = headers.pop("at", str(milliseconds(exchange.now)))
    text = f"{at}{method}{path}{'?' if query else ''}{query}{body}"
    sign = b64encode(hmac.new(key.secret.encode(), text.encode(), sha256).digest()).decode()
    own = {
        "access-key": key.key, "access-passphrase": key.passphrase, "access-timestamp": at, "access-sign": sign,
        "content-type": "application/json", **headers,
    }  # fmt: skip
    host = "api-spot.weex.com" if path.startswith("/api/") else "api-contract.weex.com"
    return WireRequest(method=method, host=host, path=path, query=query, body=body, headers=own)


def place(values: dict[str, Any], exchange: Exchange | None = None, **facts: Any) -> tuple[int, Any]:
    world = exchange or make_exchange(KEY)
    reply = handle(signed(world, "POST", "/capi/v3/order", values, **facts), world)
    return reply.status, json.loads(reply.body)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"access-sign": "bm9ib2R5"}, -1047),
        ({"access-sign": ""}, -1041),
        ({"access-key": ""}, -1040),
        ({"access-key": "weex_other"}, -1044),
        ({"access-passphrase": "wrong"}, -1049),
        ({"access-timestamp": ""}, -1042),
        ({"at": "soon"}, -1043),
        ({"at": "1000"}, -1046),
        ({"content-type": "text/plain"}, -1045),
    ],
)
def test_a_request_that_is_not_proved_his_own_is_refused(facts: dict[str, str], code: int) -> None:
    """Each part of the signature is checked, and nothing is carried out."""
    exchange = make_exchange(KEY)
    status, content = place(ORDER, exchange, **facts)
    assert (status >= 400, content["code"]) == (True, code)
    assert not exchange.engine.positions("family")


def test_a_body_changed_on_its_way_is_refused() -> None:
    """The signature covers what is asked."""
    exchange = make_exchange(KEY)
    request = signed(exchange, "POST", "/capi/v3/order", ORDER)
    forged = WireRequest(
        method="POST", host=request.host, path=request.path, body=request.body.replace("0.1", "9.1"),
        headers=request.headers,
    )  # fmt: skip
    assert json.loads(handle(forged, exchange).body)["code"] == -1047


def test_a_key_without_the_right_reads_and_does_not_trade() -> None:
    """-1052, as the manual's questions and answers say."""
    key = ApiKey(key="weex_test", secret="weex-secret", account="family", passphrase="p", may_trade_futures=False)
    exchange = make_exchange(key)
    assert place(ORDER, exchange, key=key)[1]["code"] == -1052
    reply = handle(signed(exchange, "GET", "/capi/v3/account/balance", {}, key), exchange)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({**ORDER, "symbol": "NOPEUSDT"}, -1121),
        ({**ORDER, "symbol": ""}, -1141),
        ({**ORDER, "side": "HOLD"}, -1117),
        ({**ORDER, "positionSide": "BOTH"}, -1142),
        ({**ORDER, "type": "STOP"}, -1116),
        ({**LIMIT, "timeInForce": "SOON"}, -1115),
        ({**LIMIT, "timeInForce": ""}, -1141),
        ({**LIMIT, "price": ""}, -1141),
        ({**LIMIT, "price": "0"}, -1142),
        ({**ORDER, "quantity": "abc"}, -1142),
        ({**ORDER, "quantity": "NaN"}, -1142),
        ({**ORDER, "newClientOrderId": "x" * 37}, -1180),
        ({**ORDER, "newClientOrderId": "no spaces"}, -1180),
        ({**ORDER, "newClientOrderId": ""}, -1141),
        ({**ORDER, "reduceOnly": True}, -1128),
    ],
)
def test_a_wrong_word_in_an_order_brings_its_code(values: dict[str, Any], code: int) -> None:
    """Refused before the account is asked, with an envelope of code and msg."""
    status, content = place(values)
    assert (status, content["code"]) == (400, code)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({**ORDER, "quantity": "0.00001"}, "-1160"),
        ({**ORDER, "quantity": "100000"}, "-3007"),
        ({**LIMIT, "price": "51000.123"}, "-1160"),
        ({**LIMIT, "price": "30000"}, "-1142"),
        ({**ORDER, "quantity": "9"}, "-1054"),
        ({**ORDER, "side": "BUY"}, "-1054"),
        ({**ORDER, "side": "BUY", "positionSide": "LONG", "quantity": "9"}, "-1054"),
        ({**LIMIT, "timeInForce": "POST_ONLY", "price": "49900"}, "-1054"),
    ],
)
def test_a_refusal_by_the_account_comes_with_status_200(values: dict[str, Any], code: str) -> None:
    """`success` is false, errorCode and errorMessage say why, and there is no id."""
    exchange = make_exchange(KEY)
    status, content = place(values, exchange)
    assert (status, content["success"], content["orderId"], content["errorCode"]) == (200, False, None, code)
    assert not exchange.engine.positions("family")
    assert not any(exchange.engine.positions(name) for name in exchange.engine.accounts)


@pytest.mark.parametrize("reason", sorted(REASONS))
@pytest.mark.parametrize("market", ["spot", "linear"])
def test_every_word_of_the_engine_has_a_code(reason: str, market: Any) -> None:
    """No refusal ends as an unknown error."""
    assert translated(Rejected(reason), market).code != -1000


@pytest.mark.parametrize("name", sorted(name for name, effect in FAULTS.items() if effect.kind == "replaced"))
def test_every_fault_has_words(name: str) -> None:
    """Each reply a fault puts in place of the true one can be made in this venue's language."""
    if name not in ("too_many_requests", "banned"):
        assert CODEC.replacement(name, WireReply(body=b'{"orderId":"1"}')) is not None


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_every_route_answers_a_plain_question(method: str, path: str) -> None:
    """Each route replies in JSON, with success or with a code of the manual."""
    exchange = make_exchange(KEY)
    place(ORDER, exchange)
    values = {"symbol": "BTCUSDT", "interval": "1h", "orderId": 1, "marginType": "CROSSED", "crossLeverage": 3}
    reply = handle(signed(exchange, method, path, values), exchange)
    content = json.loads(reply.body)
    assert reply.status == 200 or content["code"] < 0


def test_a_host_serves_its_own_half_only() -> None:
    """Spot pages on the spot host, contract pages on the contract host, nothing elsewhere."""
    exchange = make_exchange(KEY)
    for host, path in (("api-spot.weex.com", "/capi/v3/market/time"), ("api.weex.example", "/api/v3/time")):
        assert handle(WireRequest(method="GET", host=host, path=path), exchange).status == 404


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_NAMES = st.sampled_from(
    ["symbol", "side", "positionSide", "type", "quantity", "price", "timeInForce", "limit", "startTime", "endTime",
     "orderId", "origClientOrderId", "newClientOrderId", "amount", "isolatedPositionId", "marginType", "separatedType",
     "crossLeverage", "isolatedLongLeverage", "isolatedShortLeverage", "interval", "priceType", "incomeType",
     "reduceOnly"]
)  # fmt: skip
_WORDS = st.sampled_from(["BTCUSDT", "BUY", "SELL", "LONG", "SHORT", "LIMIT", "MARKET", "GTC", "1e9", "0.1", "1h"])
_VALUES = st.one_of(_WORDS, _TEXT, st.integers(-(10**20), 10**20), st.booleans(), st.none(), st.just([]))
_SHARED = make_exchange(KEY)
_SHARED.meter.unlimited = True


@settings(max_examples=300, deadline=None)
@given(route=st.sampled_from(sorted(ROUTES)), values=st.dictionaries(_NAMES, _VALUES, max_size=8))
def test_nothing_a_client_sends_makes_the_codec_stumble(route: tuple[str, str], values: dict[str, Any]) -> None:
    """Whatever the parameters hold, the answer is a reply."""
    reply = handle(signed(_SHARED, route[0], route[1], values), _SHARED)
    assert reply.status in (200, 400, 401)
    json.loads(reply.body)


@settings(deadline=None)
@given(body=_TEXT, query=_TEXT, path=st.sampled_from([path for _, path in ROUTES]))
def test_garbage_is_answered_too(body: str, query: str, path: str) -> None:
    """Unsigned noise and broken JSON bring a code."""
    request = WireRequest(method="POST", host="127.0.0.1:1", path=path, query=query, body=body)
    assert handle(request, _SHARED).status >= 400
    assert CODEC.traded_market(request) is None or body
