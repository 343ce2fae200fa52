"""Bybit's v5 interface, unified trading account, over the simulated exchange: one request in, one reply out.

Live, demo and testnet hosts. Every answer, refusals included, is an envelope with retCode under HTTP status 200; only
the limit of an address (403), a missing key (401) and an unknown path (404) have a status of their own.
Source: bybit-exchange.github.io/docs/v5, read 2026-11-25.
"""

import json
from datetime import timedelta
from decimal import localcontext

from bot.sim.faults import Paths
from bot.sim.model import MarketType, Rejected
from bot.sim.wire.bybit_call import Call, Parameters, Row, listed_as
from bot.sim.wire.bybit_errors import VenueError, translated
from bot.sim.wire.bybit_routes import ROUTES
from bot.sim.wire.bybit_signing import signed_by
from bot.sim.wire.bybit_tampering import Tampering, replacement
from bot.sim.wire.bybit_wallet import gather
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import page_not_found

_DEMO_HOST = "api-demo.bybit.com"
HOSTS = frozenset({"api.bybit.com", _DEMO_HOST, "api-testnet.bybit.com"})
_LOOPBACK = ("127.", "localhost", "[::1]")
# 600 requests in five seconds from one address, counted here by the minute.
_REQUESTS_A_MINUTE = 7200
_BAN = timedelta(minutes=10)


def handle(request: WireRequest, exchange: Exchange) -> WireReply:
    """Answer one request; never raises for anything a client can send."""
    with localcontext(ARITHMETIC):
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if not host.startswith(_LOOPBACK) and host not in HOSTS:
            return page_not_found()
        if _spent(exchange):
            return banned(exchange)
        try:
            result = _result(request, exchange, demo=host == _DEMO_HOST)
        except VenueError as refused:
            return _envelope(exchange, refused.code, refused.message, dict(refused.result), refused.status)
        return page_not_found() if result is None else _envelope(exchange, 0, "OK", result)


def _result(request: WireRequest, exchange: Exchange, *, demo: bool) -> Row | None:
    route = ROUTES.get((request.method, request.path))
    if route is None:
        return None
    if demo and not route.on_demo:
        raise VenueError(10032, "Demo trading are not supported.")
    key = signed_by(request, exchange) if route.signed else None
    call = Call(exchange=exchange, parameters=Parameters(request), key=key)
    try:
        if key is not None:
            gather(call)
        return route.handler(call)
    except Rejected as refused:
        raise translated(refused, _market(call)) from None


def _market(call: Call) -> MarketType:
    return _category(call.parameters)


def _category(asked: Parameters) -> MarketType:
    found: dict[str | None, MarketType] = {"spot": "spot", "inverse": "inverse"}
    return found.get(asked.optional("category"), "linear")


def _spent(exchange: Exchange) -> bool:
    meter, now = exchange.meter, exchange.now
    if meter.banned_until is not None and now < meter.banned_until:
        return True
    meter.charge("address", 1, now)
    if meter.over("address", _REQUESTS_A_MINUTE):
        meter.banned_until = now + _BAN
        return True
    return False


def _envelope(exchange: Exchange, code: int, message: str, result: Row, status: int = 200) -> WireReply:
    now_ms = milliseconds(exchange.now)
    content = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}
    headers = {"Traceid": f"{now_ms:032x}", "Timenow": str(now_ms)}
    return WireReply(status=status, body=json.dumps(content, separators=(",", ":")).encode(), headers=headers)


def too_many_requests(exchange: Exchange, wait_s: int) -> WireReply:
    """10006 under status 200; a header names the millisecond from which requests are taken again."""
    reply = _envelope(exchange, 10006, "Too many visits. Exceeded the API Rate Limit.", {})
    limits = {
        "X-Bapi-Limit": "10",
        "X-Bapi-Limit-Status": "0",
        "X-Bapi-Limit-Reset-Timestamp": str(milliseconds(exchange.now + timedelta(seconds=wait_s))),
    }
    return WireReply(status=reply.status, body=reply.body, headers={**reply.headers, **limits})


def banned(_: Exchange) -> WireReply:
    """403 without a word of JSON: the address asked too often and stays out for ten minutes."""
    return WireReply(status=403, body=b"403, access too frequent", content_type="text/plain")


def _traded_market(request: WireRequest) -> tuple[MarketType, str] | None:
    try:
        asked = Parameters(request)
    except VenueError:
        return None
    symbol = asked.optional("symbol")
    if symbol is None:
        return None
    market = _category(asked)
    return market, listed_as(symbol, market)


PATHS = Paths(
    order=frozenset({("POST", "/v5/order/create")}),
    mark=frozenset({("GET", "/v5/market/tickers")}),
    positions=frozenset({("GET", "/v5/position/list")}),
    trades=frozenset({("GET", "/v5/execution/list")}),
    lookup=frozenset({("GET", "/v5/order/realtime"), ("GET", "/v5/order/history")}),
    cancel=frozenset({("POST", "/v5/order/cancel")}),
    setting=frozenset({("POST", "/v5/position/set-leverage"), ("POST", "/v5/account/set-margin-mode")}),
    book=frozenset({("GET", "/v5/market/orderbook")}),
    balances=frozenset(
        {("GET", "/v5/account/wallet-balance"), ("GET", "/v5/asset/transfer/query-account-coins-balance")}
    ),
    markets=frozenset({("GET", "/v5/market/instruments-info")}),
)
CODEC = Codec(
    venue="bybit",
    hosts=HOSTS,
    handle=handle,
    too_many_requests=too_many_requests,
    banned=banned,
    replacement=replacement,
    tampering=Tampering,
    traded_market=_traded_market,
    paths=PATHS,
)
