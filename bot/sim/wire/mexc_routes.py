"""Which path of MEXC's REST interface is answered by which page, who may ask, and what it costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.sim.model import MarketType
from bot.sim.wire import mexc_account as account
from bot.sim.wire import mexc_market as market_data
from bot.sim.wire import mexc_orders as orders
from bot.sim.wire import mexc_spot as spot
from bot.sim.wire import mexc_spot_market as spot_data
from bot.sim.wire.mexc_call import Call, Json

Security = Literal["none", "signed", "trading"]
Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers one method and path. `trading` asks for the right to place futures orders."""

    handler: Handler
    market: MarketType
    security: Security
    weight: int = 1
    named: Mapping[str, str] = field(default_factory=dict)


def _route(handler: Handler, market: MarketType, security: Security, weight: int = 1) -> Route:
    return Route(handler=handler, market=market, security=security, weight=weight)


_SPOT, _PUBLIC, _PRIVATE = "/api/v3", "/api/v1/contract", "/api/v1/private"
_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", f"{_SPOT}/ping"): _route(spot_data.ping, "spot", "none"),
    ("GET", f"{_SPOT}/time"): _route(spot_data.time, "spot", "none"),
    ("GET", f"{_SPOT}/exchangeInfo"): _route(spot_data.exchange_info, "spot", "none", 10),
    ("GET", f"{_SPOT}/depth"): _route(spot_data.depth, "spot", "none"),
    ("GET", f"{_SPOT}/klines"): _route(spot_data.candles, "spot", "none"),
    ("GET", f"{_SPOT}/ticker/24hr"): _route(spot_data.ticker_day, "spot", "none"),
    ("GET", f"{_SPOT}/ticker/price"): _route(spot_data.ticker_price, "spot", "none"),
    ("GET", f"{_SPOT}/ticker/bookTicker"): _route(spot_data.book_ticker, "spot", "none"),
    ("GET", f"{_SPOT}/account"): _route(spot.account, "spot", "signed", 10),
    ("GET", f"{_SPOT}/apiKeyInfo"): _route(spot.key_info, "spot", "signed"),
    ("GET", f"{_SPOT}/capital/config/getall"): _route(spot.coins, "spot", "signed", 10),
    ("POST", f"{_SPOT}/order"): _route(spot.place, "spot", "signed"),
    ("GET", f"{_SPOT}/order"): _route(spot.look_up, "spot", "signed", 2),
    ("DELETE", f"{_SPOT}/order"): _route(spot.cancel, "spot", "signed"),
    ("GET", f"{_SPOT}/openOrders"): _route(spot.open_orders, "spot", "signed", 3),
    ("DELETE", f"{_SPOT}/openOrders"): _route(spot.cancel_all, "spot", "signed"),
    ("GET", f"{_SPOT}/allOrders"): _route(spot.all_orders, "spot", "signed", 10),
    ("GET", f"{_SPOT}/myTrades"): _route(spot.my_trades, "spot", "signed", 10),
    ("POST", f"{_SPOT}/capital/transfer"): _route(spot.transfer, "spot", "signed"),
    ("GET", f"{_SPOT}/capital/transfer"): _route(spot.transfer_history, "spot", "signed"),
    ("GET", f"{_PUBLIC}/ping"): _route(market_data.ping, "linear", "none"),
    ("GET", f"{_PUBLIC}/detail"): _route(market_data.detail, "linear", "none"),
    ("GET", f"{_PUBLIC}/ticker"): _route(market_data.ticker, "linear", "none"),
    ("GET", f"{_PUBLIC}/funding_rate/history"): _route(market_data.funding_history, "linear", "none"),
    ("GET", f"{_PRIVATE}/account/assets"): _route(account.assets, "linear", "signed"),
    ("GET", f"{_PRIVATE}/account/transfer_record"): _route(account.transfer_records, "linear", "signed"),
    ("GET", f"{_PRIVATE}/position/open_positions"): _route(account.positions, "linear", "signed"),
    ("GET", f"{_PRIVATE}/position/leverage"): _route(account.leverage, "linear", "signed"),
    ("POST", f"{_PRIVATE}/position/change_leverage"): _route(account.change_leverage, "linear", "trading"),
    ("POST", f"{_PRIVATE}/position/change_margin"): _route(account.change_margin, "linear", "trading"),
    ("GET", f"{_PRIVATE}/position/position_mode"): _route(account.position_mode, "linear", "signed"),
    ("POST", f"{_PRIVATE}/position/change_position_mode"): _route(account.change_position_mode, "linear", "trading"),
    ("GET", f"{_PRIVATE}/position/funding_records"): _route(account.funding_records, "linear", "signed"),
    ("POST", f"{_PRIVATE}/order/create"): _route(orders.place, "linear", "trading"),
    ("POST", f"{_PRIVATE}/order/cancel"): _route(orders.cancel, "linear", "trading"),
    ("POST", f"{_PRIVATE}/order/cancel_with_external"): _route(orders.cancel_external, "linear", "trading"),
    ("POST", f"{_PRIVATE}/order/cancel_all"): _route(orders.cancel_all, "linear", "trading"),
    ("GET", f"{_PRIVATE}/order/list/open_orders"): _route(orders.open_orders, "linear", "signed"),
    ("GET", f"{_PRIVATE}/order/list/history_orders"): _route(orders.history_orders, "linear", "signed"),
    ("GET", f"{_PRIVATE}/order/list/order_deals"): _route(orders.deals, "linear", "signed"),
}
# The last parts of these paths are parameters.
_NAMED: tuple[tuple[str, tuple[str, ...], Route], ...] = (
    (f"{_PUBLIC}/depth/", ("symbol",), _route(market_data.depth, "linear", "none")),
    (f"{_PUBLIC}/kline/", ("symbol",), _route(market_data.candles, "linear", "none")),
    (f"{_PUBLIC}/index_price/", ("symbol",), _route(market_data.index_price, "linear", "none")),
    (f"{_PUBLIC}/fair_price/", ("symbol",), _route(market_data.fair_price, "linear", "none")),
    (f"{_PUBLIC}/funding_rate/", ("symbol",), _route(market_data.funding_rate, "linear", "none")),
    (f"{_PRIVATE}/account/asset/", ("currency",), _route(account.asset, "linear", "signed")),
    (f"{_PRIVATE}/order/get/", ("order_id",), _route(orders.look_up, "linear", "signed")),
    (f"{_PRIVATE}/order/external/", ("symbol", "external_oid"), _route(orders.look_up_external, "linear", "signed")),
    (f"{_PRIVATE}/order/deal_details/", ("order_id",), _route(orders.deal_details, "linear", "signed")),
    (f"{_PRIVATE}/order/list/open_orders/", ("symbol",), _route(orders.open_orders, "linear", "signed")),
)


def route_of(method: str, path: str) -> Route | None:
    """What answers a request, the parts of the path that are parameters filled in; None for a path nobody serves."""
    exact = _ROUTES.get((method, path))
    if exact is not None or method != "GET":
        return exact
    for start, names, route in _NAMED:
        parts = path.removeprefix(start).split("/") if path.startswith(start) else []
        if len(parts) == len(names) and all(parts):
            return Route(
                handler=route.handler,
                market=route.market,
                security=route.security,
                named=dict(zip(names, parts, strict=True)),
            )
    return None
