"""Binance's REST interface over the simulated exchange: one request value in, one reply value out.

Spot, funding wallet, USD-M and coin-margined futures on the live, demo and testnet hosts.
Source: developers.binance.com, spot, USD-M and coin-margined futures REST documentation.
"""

import json
from decimal import localcontext

from bot.sim.faults import Paths
from bot.sim.model import MarketType, Rejected
from bot.sim.wire.binance_call import Call, Json, Parameters
from bot.sim.wire.binance_errors import VenueError, translated
from bot.sim.wire.binance_routes import ROUTES, WEIGHT_OF_ALL
from bot.sim.wire.binance_rules import LIMITS
from bot.sim.wire.binance_signing import check_signature, check_time, known_key
from bot.sim.wire.binance_tampering import Tampering, replacement
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import page_not_found

_SPOT_HOSTS = frozenset({"api.binance.com", "demo-api.binance.com", "testnet.binance.vision"})
_SAPI_HOSTS = frozenset({"api.binance.com"})
_FUTURES_HOSTS = frozenset({"fapi.binance.com", "demo-fapi.binance.com", "testnet.binancefuture.com"})
_COIN_HOSTS = frozenset({"dapi.binance.com", "demo-dapi.binance.com", "testnet.binancefuture.com"})
HOSTS = _SPOT_HOSTS | _FUTURES_HOSTS | _COIN_HOSTS
_LOOPBACK = ("127.", "localhost", "[::1]")


def handle(request: WireRequest, exchange: Exchange) -> WireReply:
    """Answer one request; never raises for anything a client can send."""
    with localcontext(ARITHMETIC):
        family = _family(request)
        if family is None:
            return page_not_found()
        limited = _limited(request, exchange, family)
        if limited is not None:
            return limited
        try:
            content = _content(request, exchange)
        except VenueError as refused:
            return _json(refused.status, {"code": refused.code, "msg": refused.message}, exchange, family)
        if content is None:
            return page_not_found()
        return _json(200, content, exchange, family)


def _family(request: WireRequest) -> str | None:
    """Which rate-limit family a path belongs to, or None when this host does not serve it."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    anywhere = host.startswith(_LOOPBACK)
    for prefix, hosts, family in (
        ("/api/", _SPOT_HOSTS, "spot"),
        ("/sapi/", _SAPI_HOSTS, "sapi"),
        ("/fapi/", _FUTURES_HOSTS, "linear"),
        ("/dapi/", _COIN_HOSTS, "inverse"),
    ):
        if request.path.startswith(prefix) and (anywhere or host in hosts):
            return family
    return None


def _content(request: WireRequest, exchange: Exchange) -> Json | None:
    route = ROUTES.get((request.method, request.path))
    if route is None:
        return None
    parameters = Parameters(request.query, request.body)
    key = _asker(request, exchange, parameters) if route.security == "signed" else None
    try:
        return route.handler(Call(exchange=exchange, market=route.market, parameters=parameters, key=key))
    except Rejected as refused:
        raise translated(refused, route.market) from None


def _asker(request: WireRequest, exchange: Exchange, parameters: Parameters) -> ApiKey:
    key = known_key(request, exchange)
    if request.path.startswith(("/fapi/", "/dapi/")) and not key.may_trade_futures:
        raise VenueError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    parameters.required("timestamp")
    check_signature(request, key)
    check_time(parameters, exchange.now, exchange.window_scale)
    return key


def _weight(request: WireRequest) -> int:
    route = ROUTES.get((request.method, request.path))
    weight = route.weight if route else 1
    if "symbol" in request.query:
        return weight
    return WEIGHT_OF_ALL.get(request.path, weight)


def _limited(request: WireRequest, exchange: Exchange, family: str) -> WireReply | None:
    """429 when the minute's weight is spent, 418 for whoever goes on regardless."""
    meter, now = exchange.meter, exchange.now
    if meter.banned_until is not None and now < meter.banned_until:
        return banned(exchange)
    meter.charge(family, _weight(request), now)
    if not meter.over(family, LIMITS[family]):
        return None
    if meter.strike(now):
        return banned(exchange)
    return too_many_requests(exchange, 60 - now.second)


def too_many_requests(exchange: Exchange, wait_s: int) -> WireReply:
    """429 with the seconds to stay away."""
    limit = exchange.meter.limit("linear", LIMITS["linear"])
    message = (
        f"Too many requests; current limit of IP is {limit} requests per minute. "
        "Please use the websocket for live updates to avoid polling the API."
    )
    reply = _json(429, {"code": -1003, "msg": message}, exchange, "linear")
    return WireReply(status=429, body=reply.body, headers={**reply.headers, "Retry-After": str(wait_s)})


def banned(exchange: Exchange) -> WireReply:
    """418 naming the millisecond the ban ends."""
    until = exchange.meter.banned_until or exchange.now
    wait_s = max(1, int((until - exchange.now).total_seconds()))
    message = (
        f"Way too much request weight used; IP banned until {milliseconds(until)}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    reply = _json(418, {"code": -1003, "msg": message}, exchange, "linear")
    return WireReply(status=418, body=reply.body, headers={**reply.headers, "Retry-After": str(wait_s)})


def _json(status: int, content: Json, exchange: Exchange, family: str) -> WireReply:
    used = str(exchange.meter.used.get(family, 0))
    names = ("X-SAPI-USED-IP-WEIGHT-1M",) if family == "sapi" else ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M")
    body = json.dumps(content, separators=(",", ":")).encode()
    return WireReply(status=status, body=body, headers=dict.fromkeys(names, used))


def _traded_market(request: WireRequest) -> tuple[MarketType, str] | None:
    symbol = Parameters(request.body).optional("symbol")
    if symbol is None:
        return None
    markets: dict[str, MarketType] = {"fapi": "linear", "dapi": "inverse"}
    return markets.get(request.path.split("/")[1], "spot"), symbol


_APIS = ("fapi/v1", "dapi/v1", "api/v3")
PATHS = Paths(
    order=frozenset(("POST", f"/{api}/order") for api in _APIS),
    mark=frozenset({("GET", "/fapi/v1/premiumIndex"), ("GET", "/dapi/v1/premiumIndex")}),
    positions=frozenset(("GET", f"/{api}/positionRisk") for api in ("fapi/v2", "fapi/v3", "dapi/v1")),
    trades=frozenset({("GET", "/fapi/v1/userTrades"), ("GET", "/dapi/v1/userTrades"), ("GET", "/api/v3/myTrades")}),
    lookup=frozenset(("GET", f"/{api}/order") for api in _APIS),
    read_by_post=frozenset({"/sapi/v1/asset/get-funding-asset"}),
    cancel=frozenset(("DELETE", f"/{api}/order") for api in _APIS),
    setting=frozenset(("POST", f"/{api}/{page}") for api in _APIS[:2] for page in ("leverage", "marginType")),
    book=frozenset(("GET", f"/{api}/depth") for api in _APIS[:2]),
    balances=frozenset({("GET", "/api/v3/account"), ("GET", "/fapi/v3/account"), ("GET", "/dapi/v1/account")}),
    markets=frozenset(("GET", f"/{api}/exchangeInfo") for api in _APIS),
)
CODEC = Codec(
    venue="binance",
    hosts=HOSTS,
    handle=handle,
    too_many_requests=too_many_requests,
    banned=banned,
    replacement=replacement,
    tampering=Tampering,
    traded_market=_traded_market,
    paths=PATHS,
)
