"""MEXC's REST interfaces over the simulated exchange: one request value in, one reply value out.

Spot v3 (plain JSON, errors with HTTP 400) and futures v1 (an envelope of success, code, data; errors with HTTP 200),
both on one host. MEXC has no sandbox. Source: mexc.com/api-docs, spot v3 and futures.
"""

import json
from decimal import localcontext

from bot.sim.faults import Paths
from bot.sim.model import MarketType, Rejected
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.mexc_call import Call, Json, Parameters, body_of
from bot.sim.wire.mexc_errors import VenueError, translated
from bot.sim.wire.mexc_routes import Route, route_of
from bot.sim.wire.mexc_signing import futures_key, spot_key
from bot.sim.wire.mexc_tampering import Tampering, failed, replacement
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import page_not_found

HOSTS = frozenset({"api.mexc.com", "contract.mexc.com"})
LIMITS = {"spot": 3000, "linear": 600}  # weight a minute: 500 in 10 s on spot, 20 requests in 2 s on futures
_LOOPBACK = ("127.", "localhost", "[::1]")
_WAF = b"<html><head><title>403 Forbidden</title></head><body><center><h1>Access Denied</h1></center></body></html>"


def handle(request: WireRequest, exchange: Exchange) -> WireReply:
    """Answer one request; never raises for anything a client can send."""
    with localcontext(ARITHMETIC):
        route = route_of(request.method, request.path) if _served(request) else None
        if route is None:
            return page_not_found()
        limited = _limited(exchange, route)
        if limited is not None:
            return limited
        try:
            content = _content(request, exchange, route)
        except VenueError as refused:
            return _refusal(refused, route.market)
        return _reply(content, route.market)


def _served(request: WireRequest) -> bool:
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return host in HOSTS or host.startswith(_LOOPBACK)


def _content(request: WireRequest, exchange: Exchange, route: Route) -> Json:
    key = _asker(request, exchange, route)
    body: object = None
    if route.market == "spot":
        parameters = Parameters.of_query("spot", request.query, request.body)
    else:
        body = body_of(request.body) if request.method == "POST" else None
        told = body if isinstance(body, dict) else {}
        asked = Parameters.of_query("linear", request.query).all()
        parameters = Parameters("linear", {**asked, **told, **route.named})
    call = Call(exchange=exchange, market=route.market, parameters=parameters, body=body, key=key)
    try:
        return route.handler(call)
    except Rejected as refused:
        raise translated(refused, route.market) from None


def _asker(request: WireRequest, exchange: Exchange, route: Route) -> ApiKey | None:
    if route.security == "none":
        return None
    if route.market == "spot":
        return spot_key(request, exchange)
    key = futures_key(request, exchange)
    if route.security == "trading" and not key.may_trade_futures:
        raise VenueError(704, "Transaction information modify permission is required")
    return key


def _reply(content: Json, market: MarketType) -> WireReply:
    if market == "spot":
        return _json(200, content)
    framed: dict[str, object] = {"success": True, "code": 0}
    return _json(200, framed if content is None else framed | {"data": content})


def _refusal(refused: VenueError, market: MarketType) -> WireReply:
    if market == "spot":
        return _json(refused.status, {"code": refused.code, "msg": refused.message})
    return WireReply(body=failed(refused.code, refused.message))


def _json(status: int, content: Json) -> WireReply:
    return WireReply(status=status, body=json.dumps(content, separators=(",", ":")).encode())


def _limited(exchange: Exchange, route: Route) -> WireReply | None:
    """Who asks too often gets 429 on spot and code 510 on futures, and the firewall's page when he goes on."""
    meter, now = exchange.meter, exchange.now
    if meter.banned_until is not None and now < meter.banned_until:
        return banned(exchange)
    meter.charge(route.market, route.weight, now)
    if not meter.over(route.market, LIMITS[route.market]):
        return None
    if meter.strike(now):
        return banned(exchange)
    if route.market == "spot":
        return too_many_requests(exchange, 60 - now.second)
    return WireReply(body=failed(510, "Requests are too frequent, please try again later"))


def too_many_requests(exchange: Exchange, wait_s: int) -> WireReply:
    """429 with the seconds to stay away."""
    del exchange
    body = json.dumps({"code": 429, "msg": "Too Many Requests"}).encode()
    return WireReply(status=429, body=body, headers={"Retry-After": str(wait_s)})


def banned(exchange: Exchange) -> WireReply:
    """403 of the web application firewall, which names no end."""
    del exchange
    return WireReply(status=403, body=_WAF, content_type="text/html")


def _traded_market(request: WireRequest) -> tuple[MarketType, str] | None:
    if (request.method, request.path) == ("POST", "/api/v3/order"):
        symbol = Parameters.of_query("spot", request.query, request.body).optional("symbol")
        return None if symbol is None else ("spot", symbol)
    if (request.method, request.path) != ("POST", "/api/v1/private/order/create"):
        return None
    try:
        told = body_of(request.body)
        symbol = Parameters("linear", told if isinstance(told, dict) else {}).optional("symbol")
    except VenueError:
        return None
    return None if symbol is None else ("linear", symbol.replace("_", "", 1))


_PRIVATE = "/api/v1/private"
PATHS = Paths(
    order=frozenset({("POST", f"{_PRIVATE}/order/create"), ("POST", "/api/v3/order")}),
    mark=frozenset({("GET", "/api/v1/contract/ticker")}),
    positions=frozenset({("GET", f"{_PRIVATE}/position/open_positions")}),
    trades=frozenset({("GET", f"{_PRIVATE}/order/list/order_deals"), ("GET", "/api/v3/myTrades")}),
    lookup=frozenset({("GET", f"{_PRIVATE}/order/external/*"), ("GET", f"{_PRIVATE}/order/get/*")}),
    cancel=frozenset({("POST", f"{_PRIVATE}/order/cancel_with_external")}),
    setting=frozenset({("POST", f"{_PRIVATE}/position/change_leverage")}),
    book=frozenset({("GET", "/api/v1/contract/depth/*")}),
    balances=frozenset({("GET", "/api/v3/account"), ("GET", f"{_PRIVATE}/account/assets")}),
    markets=frozenset({("GET", "/api/v1/contract/detail"), ("GET", "/api/v3/exchangeInfo")}),
)
CODEC = Codec(
    venue="mexc",
    hosts=HOSTS,
    handle=handle,
    too_many_requests=too_many_requests,
    banned=banned,
    replacement=replacement,
    tampering=Tampering,
    tells_duplicates=False,
    traded_market=_traded_market,
    paths=PATHS,
)
