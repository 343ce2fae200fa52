"""Which path of WEEX's REST interface is answered by which page, who may ask, and what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.sim.model import MarketType
from bot.sim.wire import weex_account as account
from bot.sim.wire import weex_history as history
from bot.sim.wire import weex_market as market_data
from bot.sim.wire import weex_orders as orders
from bot.sim.wire import weex_rules as rules
from bot.sim.wire.weex_call import Call, Json

Right = Literal["none", "read", "trade"]
Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers one method and path, what the key must allow, and what it costs."""

    handler: Handler
    market: MarketType
    right: Right
    weight: int = 1


def _public(handler: Handler, market: MarketType, weight: int = 1) -> Route:
    return Route(handler=handler, market=market, right="none", weight=weight)


def _read(handler: Handler, market: MarketType, weight: int = 5) -> Route:
    return Route(handler=handler, market=market, right="read", weight=weight)


def _write(handler: Handler, market: MarketType, weight: int = 5) -> Route:
    return Route(handler=handler, market=market, right="trade", weight=weight)


_SPOT: dict[tuple[str, str], Route] = {
    ("GET", "ping"): _public(market_data.ping, "spot"),
    ("GET", "time"): _public(market_data.time, "spot"),
    ("GET", "coins"): _public(rules.coins, "spot", 5),
    ("GET", "exchangeInfo"): _public(rules.spot_info, "spot", 20),
    ("GET", "market/ticker/price"): _public(market_data.ticker_price, "spot", 4),
    ("GET", "market/ticker/24hr"): _public(market_data.ticker_day, "spot", 2),
    ("GET", "market/ticker/bookTicker"): _public(market_data.book_ticker, "spot", 4),
    ("GET", "market/klines"): _public(market_data.spot_candles, "spot", 2),
    ("GET", "market/depth"): _public(market_data.depth, "spot", 5),
    ("GET", "account/"): _read(account.spot_balance, "spot"),
    ("GET", "order"): _read(orders.look_up, "spot", 2),
    ("GET", "openOrders"): _read(orders.open_orders, "spot", 3),
    ("GET", "allOrders"): _read(history.orders, "spot", 10),
    ("GET", "myTrades"): _read(history.trades, "spot"),
    ("POST", "order"): _write(orders.place, "spot"),
    ("DELETE", "order"): _write(orders.cancel, "spot", 1),
    ("DELETE", "openOrders"): _write(orders.cancel_all, "spot", 1),
}
_CONTRACT: dict[tuple[str, str], Route] = {
    ("GET", "market/time"): _public(market_data.time, "linear"),
    ("GET", "market/exchangeInfo"): _public(rules.contract_info, "linear"),
    ("GET", "market/depth"): _public(market_data.depth, "linear"),
    ("GET", "market/ticker/24hr"): _public(market_data.ticker_day, "linear", 40),
    ("GET", "market/ticker/bookTicker"): _public(market_data.book_ticker, "linear"),
    ("GET", "market/klines"): _public(market_data.candles, "linear"),
    ("GET", "market/indexPriceKlines"): _public(market_data.candles, "linear"),
    ("GET", "market/markPriceKlines"): _public(market_data.candles, "linear"),
    ("GET", "market/historyKlines"): _public(market_data.past_candles, "linear", 5),
    ("GET", "market/symbolPrice"): _public(market_data.symbol_price, "linear"),
    ("GET", "market/premiumIndex"): _public(market_data.premium_index, "linear"),
    ("GET", "market/fundingRate"): _public(market_data.funding_history, "linear", 5),
    ("GET", "account/balance"): _read(account.balance, "linear", 10),
    ("GET", "account/commissionRate"): _read(account.commission, "linear", 10),
    ("GET", "account/accountConfig"): _read(account.account_settings, "linear", 10),
    ("GET", "account/symbolConfig"): _read(account.symbol_settings, "linear", 10),
    ("GET", "account/position/allPosition"): _read(account.all_positions, "linear", 15),
    ("GET", "account/position/singlePosition"): _read(account.single_position, "linear", 3),
    ("GET", "order"): _read(orders.look_up, "linear", 3),
    ("GET", "openOrders"): _read(orders.open_orders, "linear"),
    ("GET", "order/history"): _read(history.orders, "linear", 10),
    ("GET", "userTrades"): _read(history.trades, "linear"),
    ("POST", "account/income"): _read(account.income, "linear"),
    ("POST", "account/marginType"): _write(account.set_modes, "linear", 50),
    ("POST", "account/leverage"): _write(account.set_leverage, "linear", 20),
    ("POST", "account/positionMargin"): _write(account.move_margin, "linear", 30),
    ("POST", "order"): _write(orders.place, "linear"),
    ("DELETE", "order"): _write(orders.cancel, "linear", 3),
    ("DELETE", "allOpenOrders"): _write(orders.cancel_all, "linear", 10),
}
ROUTES: dict[tuple[str, str], Route] = {
    **{(method, f"/api/v3/{page}"): route for (method, page), route in _SPOT.items()},
    **{(method, f"/capi/v3/{page}"): route for (method, page), route in _CONTRACT.items()},
}
