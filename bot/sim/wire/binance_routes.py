"""Which path of Binance's REST interface is answered by which page, who may ask, and what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.sim.model import MarketType
from bot.sim.wire import binance_coin as coin
from bot.sim.wire import binance_futures as futures
from bot.sim.wire import binance_history as history
from bot.sim.wire import binance_market as market_data
from bot.sim.wire import binance_orders as orders
from bot.sim.wire import binance_rules as rules
from bot.sim.wire import binance_spot as spot
from bot.sim.wire.binance_call import Call, Json

Security = Literal["none", "signed"]
Handler = Callable[[Call], Json]


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
    ("GET", "/dapi/v1/ping"): _public(market_data.ping, "inverse"),
    ("GET", "/dapi/v1/time"): _public(market_data.time, "inverse"),
    ("GET", "/dapi/v1/exchangeInfo"): _public(rules.exchange_info, "inverse"),
    ("GET", "/dapi/v1/depth"): _public(market_data.depth, "inverse", 5),
    ("GET", "/dapi/v1/klines"): _public(market_data.candles, "inverse", 2),
    ("GET", "/dapi/v1/markPriceKlines"): _public(market_data.candles, "inverse", 2),
    ("GET", "/dapi/v1/ticker/24hr"): _public(market_data.ticker_day, "inverse"),
    ("GET", "/dapi/v1/ticker/price"): _public(market_data.ticker_price, "inverse"),
    ("GET", "/dapi/v1/ticker/bookTicker"): _public(market_data.book_ticker, "inverse", 2),
    ("GET", "/dapi/v1/premiumIndex"): _public(market_data.premium_index, "inverse"),
    ("GET", "/dapi/v1/fundingInfo"): _public(market_data.funding_info, "inverse"),
    ("GET", "/dapi/v1/fundingRate"): _public(history.funding_history, "inverse"),
    ("POST", "/dapi/v1/leverage"): _signed(futures.set_leverage, "inverse"),
    ("POST", "/dapi/v1/marginType"): _signed(futures.set_margin_mode, "inverse"),
    ("GET", "/dapi/v1/positionSide/dual"): _signed(futures.position_mode, "inverse", 30),
    ("POST", "/dapi/v1/positionSide/dual"): _signed(futures.set_position_mode, "inverse"),
    ("POST", "/dapi/v1/positionMargin"): _signed(futures.move_margin, "inverse"),
    ("GET", "/dapi/v1/commissionRate"): _signed(futures.commission, "inverse", 20),
    ("POST", "/dapi/v1/order"): _signed(orders.place, "inverse", 0),
    ("GET", "/dapi/v1/order"): _signed(orders.look_up, "inverse"),
    ("DELETE", "/dapi/v1/order"): _signed(orders.cancel, "inverse"),
    ("DELETE", "/dapi/v1/allOpenOrders"): _signed(orders.cancel_all, "inverse"),
    ("GET", "/dapi/v1/openOrders"): _signed(orders.open_orders, "inverse"),
    ("GET", "/dapi/v1/allOrders"): _signed(history.all_orders, "inverse", 5),
    ("GET", "/dapi/v1/userTrades"): _signed(history.my_trades, "inverse", 5),
    ("GET", "/dapi/v1/income"): _signed(history.income, "inverse", 30),
    ("GET", "/dapi/v1/forceOrders"): _signed(history.forced_orders, "inverse", 20),
    ("GET", "/dapi/v1/account"): _signed(coin.account, "inverse", 5),
    ("GET", "/dapi/v1/balance"): _signed(coin.balance, "inverse"),
    ("GET", "/dapi/v1/positionRisk"): _signed(coin.positions, "inverse"),
    ("GET", "/dapi/v1/leverageBracket"): _signed(coin.brackets, "inverse"),
    ("GET", "/dapi/v2/leverageBracket"): _signed(coin.brackets, "inverse"),
}

# Asking for every symbol at once costs far more, as on the real exchange.
WEIGHT_OF_ALL = {
    "/fapi/v1/ticker/24hr": 40,
    "/api/v3/ticker/24hr": 80,
    "/fapi/v1/premiumIndex": 10,
    "/dapi/v1/ticker/24hr": 40,
    "/dapi/v1/premiumIndex": 10,
}
