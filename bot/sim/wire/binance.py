"""Binance's REST interface over the simulated exchange: one request value in, one reply value out.

Spot, funding wallet and USD-M futures on the live, demo and testnet hosts; coin-margined futures list nothing.
Source: developers.binance.com, spot and USD-M futures REST documentation.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import localcontext
from typing import Literal

from bot.sim.model import MarketType, Rejected
from bot.sim.wire import binance_futures as futures
from bot.sim.wire import binance_history as history
from bot.sim.wire import binance_market as market_data
from bot.sim.wire import binance_orders as orders
from bot.sim.wire import binance_rules as rules
from bot.sim.wire import binance_spot as spot
from bot.sim.wire.binance_call import Call, Json, Parameters, milliseconds
from bot.sim.wire.binance_errors import VenueError, translated
from bot.sim.wire.binance_signing import check_signature, check_time, known_key
from bot.sim.wire.binance_tampering import Tampering, replacement
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.request import WireReply, WireRequest

Security = Literal["none", "signed"]
Handler = Callable[[Call], Json]

_SPOT_HOSTS = frozenset({"api.binance.com", "demo-api.binance.com", "testnet.binance.vision"})
_SAPI_HOSTS = frozenset({"api.binance.com"})
_FUTURES_HOSTS = frozenset({"fapi.binance.com", "demo-fapi.binance.com", "testnet.binancefuture.com"})
_COIN_HOSTS = frozenset({"dapi.binance.com", "demo-dapi.binance.com", "testnet.binancefuture.com"})
HOSTS = _SPOT_HOSTS | _FUTURES_HOSTS | _COIN_HOSTS
_LOOPBACK = ("127.", "localhost", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers one method and path, who may ask, and what it costs."""

    handler: Handler
    market: MarketType = "spot"
    security: Security = "signed"
    weight: int = 1


def _public(handler: Handler, market: MarketType, weight: int = 1) -> Route:
    return Route(handler=handler, market=market, security="none", weight=weight)


def _signed(handler: Handler, market: MarketType, weight: int = 1) -> Route:
    return Route(handler=handler, market=market, weight=weight)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): _public(market_data.ping, "spot"),
    ("GET", "/api/v3/time"): _public(market_data.time, "spot"),
    ("GET", "/api/v3/exchangeInfo"): _public(rules.exchange_info, "spot", 20),
    ("GET", "/api/v3/depth"): _public(market_data.depth, "spot", 5),
    ("GET", "/api/v3/klines"): _public(market_data.candles, "spot", 2),
    ("GET", "/api/v3/ticker/24hr"): _public(market_data.ticker_day, "spot", 2),
    ("GET", "/api/v3/ticker/price"): _public(market_data.ticker_price, "spot", 2),
    ("GET", "/api/v3/ticker/bookTicker"): _public(market_data.book_ticker, "spot", 2),
    ("GET", "/api/v3/account"): _signed(spot.account, "spot", 20),
    ("POST", "/api/v3/order"): _signed(orders.place, "spot"),
    ("GET", "/api/v3/order"): _signed(orders.look_up, "spot", 4),
    ("DELETE", "/api/v3/order"): _signed(orders.cancel, "spot"),
    ("GET", "/api/v3/openOrders"): _signed(orders.open_orders, "spot", 6),
    ("DELETE", "/api/v3/openOrders"): _signed(orders.cancel_all, "spot"),
    ("GET", "/api/v3/allOrders"): _signed(history.all_orders, "spot", 20),
    ("GET", "/api/v3/myTrades"): _signed(history.my_trades, "spot", 20),
    ("GET", "/sapi/v1/account/apiRestrictions"): _signed(spot.key_rights, "spot"),
    ("GET", "/sapi/v1/capital/config/getall"): _signed(spot.coins, "spot", 10),
    ("GET", "/sapi/v1/margin/allPairs"): _signed(spot.nothing, "spot"),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): _signed(spot.nothing, "spot", 10),
    ("POST", "/sapi/v1/asset/get-funding-asset"): _signed(spot.funding_wallet, "spot"),
    ("POST", "/sapi/v1/asset/transfer"): _signed(spot.transfer, "spot", 900),
    ("GET", "/sapi/v1/asset/transfer"): _signed(spot.transfer_history, "spot"),
    ("GET", "/fapi/v1/ping"): _public(market_data.ping, "linear"),
    ("GET", "/fapi/v1/time"): _public(market_data.time, "linear"),
    ("GET", "/fapi/v1/exchangeInfo"): _public(rules.exchange_info, "linear"),
    ("GET", "/fapi/v1/depth"): _public(market_data.depth, "linear", 5),
    ("GET", "/fapi/v1/klines"): _public(market_data.candles, "linear", 2),
    ("GET", "/fapi/v1/markPriceKlines"): _public(market_data.candles, "linear", 2),
    ("GET", "/fapi/v1/ticker/24hr"): _public(market_data.ticker_day, "linear"),
    ("GET", "/fapi/v1/ticker/price"): _public(market_data.ticker_price, "linear"),
    ("GET", "/fapi/v2/ticker/price"): _public(market_data.ticker_price, "linear"),
    ("GET", "/fapi/v1/ticker/bookTicker"): _public(market_data.book_ticker, "linear", 2),
    ("GET", "/fapi/v1/premiumIndex"): _public(market_data.premium_index, "linear"),
    ("GET", "/fapi/v1/fundingInfo"): _public(market_data.funding_info, "linear"),
    ("GET", "/fapi/v1/fundingRate"): _public(history.funding_history, "linear"),
    ("GET", "/fapi/v2/account"): _signed(futures.account_v2, "linear", 5),
    ("GET", "/fapi/v3/account"): _signed(futures.account_v3, "linear", 5),
    ("GET", "/fapi/v2/balance"): _signed(futures.balance, "linear", 5),
    ("GET", "/fapi/v3/balance"): _signed(futures.balance, "linear", 5),
    ("GET", "/fapi/v2/positionRisk"): _signed(futures.positions_v2, "linear", 5),
    ("GET", "/fapi/v3/positionRisk"): _signed(futures.positions_v3, "linear", 5),
    ("GET", "/fapi/v1/leverageBracket"): _signed(futures.brackets, "linear"),
    ("GET", "/fapi/v1/symbolConfig"): _signed(futures.symbol_settings, "linear", 5),
    ("POST", "/fapi/v1/leverage"): _signed(futures.set_leverage, "linear"),
    ("POST", "/fapi/v1/marginType"): _signed(futures.set_margin_mode, "linear"),
    ("GET", "/fapi/v1/positionSide/dual"): _signed(futures.position_mode, "linear", 30),
    ("POST", "/fapi/v1/positionSide/dual"): _signed(futures.set_position_mode, "linear"),
    ("GET", "/fapi/v1/multiAssetsMargin"): _signed(futures.assets_mode, "linear", 30),
    ("POST", "/fapi/v1/positionMargin"): _signed(futures.move_margin, "linear"),
    ("GET", "/fapi/v1/commissionRate"): _signed(futures.commission, "linear", 20),
    ("POST", "/fapi/v1/order"): _signed(orders.place, "linear", 0),
    ("GET", "/fapi/v1/order"): _signed(orders.look_up, "linear"),
    ("DELETE", "/fapi/v1/order"): _signed(orders.cancel, "linear"),
    ("DELETE", "/fapi/v1/allOpenOrders"): _signed(orders.cancel_all, "linear"),
    ("GET", "/fapi/v1/openOrders"): _signed(orders.open_orders, "linear"),
    ("GET", "/fapi/v1/allOrders"): _signed(history.all_orders, "linear", 5),
    ("GET", "/fapi/v1/userTrades"): _signed(history.my_trades, "linear", 5),
    ("GET", "/fapi/v1/income"): _signed(history.income, "linear", 30),
    ("GET", "/fapi/v1/forceOrders"): _signed(history.forced_orders, "linear", 20),
    ("GET", "/dapi/v1/time"): _public(market_data.time, "linear"),
    ("GET", "/dapi/v1/exchangeInfo"): _public(rules.exchange_info, "inverse"),
}


def handle(request: WireRequest, exchange: Exchange) -> WireReply:
    """Answer one request; never raises for anything a client can send."""
    with localcontext(ARITHMETIC):
        family = _family(request)
        if family is None:
            return _page_not_found()
        limited = _limited(request, exchange, family)
        if limited is not None:
            return limited
        try:
            content = _content(request, exchange)
        except VenueError as refused:
            return _json(refused.status, {"code": refused.code, "msg": refused.message}, exchange, family)
        if content is None:
            return _page_not_found()
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
    if request.path.startswith("/fapi/") and not key.may_trade_futures:
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
    # Asking for every symbol at once costs far more, as on the real exchange.
    return {"/fapi/v1/ticker/24hr": 40, "/api/v3/ticker/24hr": 80, "/fapi/v1/premiumIndex": 10}.get(
        request.path, weight
    )


def _limited(request: WireRequest, exchange: Exchange, family: str) -> WireReply | None:
    """429 when the minute's weight is spent, 418 for whoever goes on regardless."""
    meter, now = exchange.meter, exchange.now
    if meter.banned_until is not None and now < meter.banned_until:
        return banned(exchange)
    meter.charge(family, _weight(request), now)
    if not meter.over(family):
        return None
    if meter.strike(now):
        return banned(exchange)
    return too_many_requests(exchange, 60 - now.second)


def too_many_requests(exchange: Exchange, wait_s: int) -> WireReply:
    """429 with the seconds to stay away."""
    message = (
        f"Too many requests; current limit of IP is {exchange.meter.limits.get('linear', 2400)} requests per minute. "
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


def _page_not_found() -> WireReply:
    html = b"<!doctype html><html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
    return WireReply(status=404, body=html, content_type="text/html")


def _traded_market(request: WireRequest) -> tuple[MarketType, str] | None:
    symbol = Parameters(request.body).optional("symbol")
    if symbol is None:
        return None
    return ("linear" if request.path.startswith("/fapi/") else "spot"), symbol


CODEC = Codec(
    venue="binance",
    hosts=HOSTS,
    handle=handle,
    too_many_requests=too_many_requests,
    banned=banned,
    replacement=replacement,
    tampering=Tampering,
    traded_market=_traded_market,
)
