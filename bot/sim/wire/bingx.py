"""BingX's REST interface over the simulated exchange: one request value in, one reply value out.

Spot, fund wallet and linear perpetuals on the live host; the VST host knows the perpetuals only.
Source: bingx-api.github.io, spot and USDT-M perpetual manuals, read 2026-11-25.
"""

import json
from datetime import timedelta
from decimal import localcontext

from bot.sim.faults import Paths
from bot.sim.model import MarketType, Rejected
from bot.sim.wire.bingx_call import Call, Json, Parameters
from bot.sim.wire.bingx_errors import VenueError, translated
from bot.sim.wire.bingx_routes import ROUTES, Route
from bot.sim.wire.bingx_signing import check_signature, check_time, known_key
from bot.sim.wire.bingx_tampering import Tampering, replacement
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.numbers import milliseconds
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import page_not_found

_LIVE, _PLAY = "open-api.bingx.com", "open-api-vst.bingx.com"
HOSTS = frozenset({_LIVE, _PLAY})
_LOOPBACK = ("127.", "localhost", "[::1]")
# Requests a minute from one address. Source: the manual, "Rate limit": 1000 for the market group, 2000 in ten seconds
# for each of the account groups.
LIMITS = {"market": 1000, "account": 12000}
_RECOVERY = timedelta(minutes=5)


def handle(request: WireRequest, exchange: Exchange) -> WireReply:
    """Answer one request; never raises for anything a client can send."""
    with localcontext(ARITHMETIC):
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if not request.path.startswith("/openApi/") or (host not in HOSTS and not host.startswith(_LOOPBACK)):
            return page_not_found()
        route = ROUTES.get((request.method, request.path))
        family = "market" if route is not None and not route.signed else "account"
        limited = _limited(exchange, family)
        if limited is not None:
            return limited
        try:
            if route is None or (host == _PLAY and not request.path.startswith("/openApi/swap/")):
                raise VenueError(100404, "this api is not exist", keyed=True)
            content = _content(request, exchange, route, play_money=host == _PLAY)
            return _json(_wrapped(route, content, exchange), exchange, family)
        except VenueError as refused:
            return _json(_complaint(refused, exchange), exchange, family)


def _content(request: WireRequest, exchange: Exchange, route: Route, *, play_money: bool) -> Json:
    parameters, key = Parameters(request.query, request.body), None
    if route.signed:
        key = known_key(request, exchange)
        check_signature(request, key)
        check_time(parameters, exchange)
    try:
        return route.handler(
            Call(exchange=exchange, market=route.market, parameters=parameters, key=key, play_money=play_money)
        )
    except Rejected as refused:
        raise translated(refused, route.market) from None


def _wrapped(route: Route, content: Json, exchange: Exchange) -> Json:
    now_ms = milliseconds(exchange.now)
    if route.envelope == "bare":
        return content
    if route.envelope == "flat" and isinstance(content, dict):
        return {"code": 0, "msg": "", **content}
    if route.envelope == "texts":
        return {"code": "0", "msg": "", "timestamp": str(now_ms), "data": content}
    if route.envelope == "spot":
        return {"code": 0, "timestamp": now_ms, "msg": "", "debugMsg": "", "data": content}
    return {"code": 0, "msg": "", "data": content}


def _complaint(refused: VenueError, exchange: Exchange) -> Json:
    """The gateway's refusals carry a time, those of a market an empty object."""
    if refused.keyed:
        return {"code": refused.code, "msg": refused.message, "timestamp": milliseconds(exchange.now)}
    return {"code": refused.code, "msg": refused.message, "data": {}}


def _limited(exchange: Exchange, family: str) -> WireReply | None:
    """100410 or 109429 when the minute is spent, 418 for whoever goes on regardless."""
    meter, now = exchange.meter, exchange.now
    if meter.banned_until is not None and now < meter.banned_until:
        return banned(exchange)
    meter.charge(family, 1, now)
    if not meter.over(family, LIMITS[family]):
        return None
    if meter.strike(now):
        return banned(exchange)
    until_ms = milliseconds(now + _RECOVERY)
    if family == "market":
        # Recorded: public pages have a number and words of their own for it.
        return _json({"code": 109429, "msg": f"can retry after time: {until_ms}", "data": {}}, exchange, family)
    return _json(_disabled(exchange, until_ms), exchange, family)


def too_many_requests(exchange: Exchange, wait_s: int) -> WireReply:
    """100410 with the millisecond until which nothing is answered; the HTTP status stays 200."""
    return _json(_disabled(exchange, milliseconds(exchange.now) + wait_s * 1000), exchange, "account")


def _disabled(exchange: Exchange, until_ms: int) -> Json:
    message = (
        "code:100410:The endpoint trigger frequency limit rule is currently in the disabled period and will be "
        f"unblocked after {until_ms}"
    )
    return {"code": 100410, "msg": message, "timestamp": milliseconds(exchange.now)}


def banned(exchange: Exchange) -> WireReply:
    """418 for an address that went on after it was limited."""
    until = exchange.meter.banned_until or exchange.now
    reply = _json(_disabled(exchange, milliseconds(until)), exchange, "account")
    return WireReply(status=418, body=reply.body, headers=reply.headers)


def _json(content: Json, exchange: Exchange, family: str) -> WireReply:
    left = max(0, exchange.meter.limit(family, LIMITS[family]) - exchange.meter.used.get(family, 0))
    rest_ms = (60 - exchange.now.second) * 1000
    headers = {"X-RateLimit-Requests-Remain": str(left), "X-RateLimit-Requests-Expire": str(rest_ms)}
    return WireReply(body=json.dumps(content, separators=(",", ":")).encode(), headers=headers)


def _traded_market(request: WireRequest) -> tuple[MarketType, str] | None:
    symbol = Parameters(request.query, request.body).optional("symbol")
    if symbol is None:
        return None
    return ("spot" if request.path.startswith("/openApi/spot/") else "linear"), symbol.replace("-", "")


PATHS = Paths(
    order=frozenset({("POST", "/openApi/swap/v2/trade/order"), ("POST", "/openApi/spot/v1/trade/order")}),
    mark=frozenset({("GET", "/openApi/swap/v2/quote/premiumIndex")}),
    positions=frozenset({("GET", "/openApi/swap/v2/user/positions")}),
    trades=frozenset({("GET", "/openApi/swap/v2/trade/allFillOrders"), ("GET", "/openApi/swap/v2/trade/fillHistory")}),
    lookup=frozenset({("GET", "/openApi/swap/v2/trade/order"), ("GET", "/openApi/spot/v1/trade/query")}),
    cancel=frozenset({("DELETE", "/openApi/swap/v2/trade/order")}),
    setting=frozenset(("POST", f"/openApi/swap/v2/trade/{page}") for page in ("leverage", "marginType")),
    book=frozenset({("GET", "/openApi/swap/v2/quote/depth")}),
    balances=frozenset(
        ("GET", f"/openApi/{page}")
        for page in ("spot/v1/account/balance", "fund/v1/account/balance", "swap/v3/user/balance")
    ),
    markets=frozenset({("GET", "/openApi/swap/v2/quote/contracts"), ("GET", "/openApi/spot/v1/common/symbols")}),
)
CODEC = Codec(
    venue="bingx",
    hosts=HOSTS,
    handle=handle,
    too_many_requests=too_many_requests,
    banned=banned,
    replacement=replacement,
    tampering=Tampering,
    traded_market=_traded_market,
    paths=PATHS,
)
