"""WEEX's REST interface over the simulated exchange: one request value in, one reply value out.

Spot and linear perpetuals on the live hosts; the demo paths of the venue (capi/v3/sim) are not spoken.
Source: weex.com/api-doc, spot and contract interface version 3, and the sample replies in the source of ccxt 4.5.90.
"""

import json
from decimal import localcontext

from bot.sim.faults import Paths
from bot.sim.model import MarketType, Rejected
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.request import WireReply, WireRequest
from bot.sim.wire.rubbish import page_not_found
from bot.sim.wire.weex_call import Call, Json, Parameters
from bot.sim.wire.weex_errors import VenueError, translated
from bot.sim.wire.weex_routes import ROUTES, Route
from bot.sim.wire.weex_signing import asker
from bot.sim.wire.weex_tampering import Tampering, replacement

_SPOT_HOST, _CONTRACT_HOST = "api-spot.weex.com", "api-contract.weex.com"
HOSTS = frozenset({_SPOT_HOST, _CONTRACT_HOST})
_LOOPBACK = ("127.", "localhost", "[::1]")
# ccxt's own pace: 20 ms for each unit of a signed request, 100 ms for each of a public one.
LIMITS = {"public": 600, "private": 3000}


def handle(request: WireRequest, exchange: Exchange) -> WireReply:
    """Answer one request; never raises for anything a client can send."""
    with localcontext(ARITHMETIC):
        if not _served(request):
            return page_not_found()
        route = ROUTES.get((request.method, request.path))
        limited = _limited(route, exchange)
        if limited is not None:
            return limited
        try:
            return _json(200, _content(request, exchange, route))
        except VenueError as refused:
            return _error(refused)


def _served(request: WireRequest) -> bool:
    """Whether this host serves such a path."""
    host = request.host if request.host.endswith("]") else request.host.rsplit(":", 1)[0]
    anywhere = host.startswith(_LOOPBACK)
    return (request.path.startswith("/api/v3/") and (anywhere or host == _SPOT_HOST)) or (
        request.path.startswith("/capi/v3/") and (anywhere or host == _CONTRACT_HOST)
    )


def _content(request: WireRequest, exchange: Exchange, route: Route | None) -> Json:
    if route is None:
        if any(path == request.path for _, path in ROUTES):
            raise VenueError(-1150, f"Request method '{request.method}' not supported")
        raise VenueError(-1190, "Access forbidden. Please contact support.", 404)
    key = None if route.right == "none" else _asker(request, exchange, route)
    parameters = Parameters(request.query, request.body if request.method == "POST" else "")
    try:
        return route.handler(Call(exchange=exchange, market=route.market, parameters=parameters, key=key))
    except Rejected as refused:
        raise translated(refused, route.market) from None


def _asker(request: WireRequest, exchange: Exchange, route: Route) -> ApiKey:
    key = asker(request, exchange)
    allowed = key.may_trade_spot if route.market == "spot" else key.may_trade_futures
    if route.right == "trade" and not allowed:
        raise VenueError(-1052, "Insufficient permissions for this action.")
    return key


def _limited(route: Route | None, exchange: Exchange) -> WireReply | None:
    """429 when the minute's weight is spent, 403 for whoever goes on regardless."""
    meter, now = exchange.meter, exchange.now
    if meter.banned_until is not None and now < meter.banned_until:
        return banned(exchange)
    family = "private" if route is not None and route.right != "none" else "public"
    meter.charge(family, route.weight if route else 1, now)
    if not meter.over(family, LIMITS[family]):
        return None
    return banned(exchange) if meter.strike(now) else too_many_requests(exchange, 60 - now.second)


def too_many_requests(_: Exchange, wait_s: int) -> WireReply:
    """429; the venue does not say for how long."""
    del wait_s
    return _error(VenueError(429, "Requesting too frequently.", 429))


def banned(_: Exchange) -> WireReply:
    """403 for an address that was shut out; the venue does not say until when."""
    return _error(VenueError(-1190, "Access forbidden. Please contact support.", 403))


def _error(refused: VenueError) -> WireReply:
    return _json(refused.status, {"code": refused.code, "msg": refused.message})


def _json(status: int, content: Json) -> WireReply:
    return WireReply(status=status, body=json.dumps(content, separators=(",", ":")).encode())


def _traded_market(request: WireRequest) -> tuple[MarketType, str] | None:
    try:
        symbol = Parameters(body=request.body).optional("symbol")
    except VenueError:
        return None
    if symbol is None:
        return None
    return ("linear" if request.path.startswith("/capi/") else "spot"), symbol


CODEC = Codec(
    venue="weex",
    hosts=HOSTS,
    handle=handle,
    too_many_requests=too_many_requests,
    banned=banned,
    replacement=replacement,
    tampering=Tampering,
    tells_duplicates=False,
    traded_market=_traded_market,
    paths=Paths(
        order=frozenset({("POST", "/capi/v3/order"), ("POST", "/api/v3/order")}),
        mark=frozenset({("GET", "/capi/v3/market/premiumIndex")}),
        positions=frozenset(
            {("GET", f"/capi/v3/account/position/{page}") for page in ("allPosition", "singlePosition")}
        ),
        trades=frozenset({("GET", "/capi/v3/userTrades"), ("GET", "/api/v3/myTrades")}),
        lookup=frozenset({("GET", "/capi/v3/order"), ("GET", "/api/v3/order")}),
        cancel=frozenset({("DELETE", "/capi/v3/order")}),
        setting=frozenset(("POST", f"/capi/v3/account/{page}") for page in ("leverage", "marginType")),
        book=frozenset({("GET", "/capi/v3/market/depth")}),
        balances=frozenset({("GET", "/api/v3/account/"), ("GET", "/capi/v3/account/balance")}),
        markets=frozenset({("GET", "/capi/v3/market/exchangeInfo"), ("GET", "/api/v3/exchangeInfo")}),
        read_by_post=frozenset({"/capi/v3/account/income"}),
    ),
    moves_money=False,
    passphrase=True,
)
