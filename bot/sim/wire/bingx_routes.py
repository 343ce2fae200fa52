"""Which path of BingX's REST interface is answered by which page, who may ask, and how the answer is wrapped."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.sim.model import MarketType
from bot.sim.wire import bingx_futures as futures
from bot.sim.wire import bingx_history as history
from bot.sim.wire import bingx_market as market_data
from bot.sim.wire import bingx_orders as orders
from bot.sim.wire import bingx_rules as rules
from bot.sim.wire import bingx_spot as spot
from bot.sim.wire import bingx_wallets as wallets
from bot.sim.wire.bingx_call import Call, Json

# usual: code, msg, data. spot: with a debugMsg. texts: code and timestamp as texts. flat: data beside the code.
# bare: no envelope at all.
Envelope = Literal["usual", "spot", "texts", "flat", "bare"]
Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers one method and path, for whom, and in which envelope."""

    handler: Handler
    market: MarketType = "linear"
    signed: bool = True
    envelope: Envelope = "usual"


def _public(handler: Handler, market: MarketType = "linear") -> Route:
    return Route(handler=handler, market=market, signed=False, envelope="spot" if market == "spot" else "usual")


def _spot(handler: Handler) -> Route:
    return Route(handler=handler, market="spot", envelope="spot")


def _swap(handler: Handler, envelope: Envelope = "usual") -> Route:
    return Route(handler=handler, envelope=envelope)


def _wallet(handler: Handler, envelope: Envelope) -> Route:
    return Route(handler=handler, market="spot", envelope=envelope)


_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/swap/v2/server/time"): _public(market_data.time),
    ("GET", "/swap/v2/quote/contracts"): _public(rules.contracts),
    ("GET", "/swap/v2/quote/depth"): _public(market_data.depth),
    ("GET", "/swap/v2/quote/ticker"): _public(market_data.ticker),
    ("GET", "/swap/v2/quote/bookTicker"): _public(market_data.book_ticker),
    ("GET", "/swap/v2/quote/premiumIndex"): _public(market_data.premium_index),
    ("GET", "/swap/v2/quote/fundingRate"): _public(market_data.funding_history),
    ("GET", "/swap/v3/quote/klines"): _public(market_data.candles),
    ("GET", "/swap/v1/market/markPriceKlines"): _public(market_data.mark_candles),
    ("GET", "/cswap/v1/market/contracts"): _public(rules.coin_contracts, "inverse"),
    ("GET", "/spot/v1/server/time"): _public(market_data.time, "spot"),
    ("GET", "/spot/v1/common/symbols"): _public(rules.spot_symbols, "spot"),
    ("GET", "/spot/v1/market/depth"): _public(market_data.depth, "spot"),
    ("GET", "/spot/v1/market/kline"): _public(market_data.spot_candles, "spot"),
    ("GET", "/spot/v1/ticker/24hr"): _public(market_data.ticker, "spot"),
    ("GET", "/swap/v3/user/balance"): _swap(futures.balance),
    ("GET", "/swap/v2/user/positions"): _swap(futures.positions),
    ("GET", "/swap/v2/user/income"): _swap(history.income),
    ("GET", "/swap/v2/user/commissionRate"): _swap(futures.commission),
    ("GET", "/swap/v1/maintMarginRatio"): _swap(futures.tiers),
    ("GET", "/swap/v2/trade/leverage"): _swap(futures.leverage),
    ("POST", "/swap/v2/trade/leverage"): _swap(futures.set_leverage),
    ("GET", "/swap/v2/trade/marginType"): _swap(futures.margin_mode),
    ("POST", "/swap/v2/trade/marginType"): _swap(futures.set_margin_mode),
    ("POST", "/swap/v2/trade/positionMargin"): _swap(futures.move_margin, "flat"),
    ("GET", "/swap/v1/positionSide/dual"): _swap(futures.position_mode, "texts"),
    ("POST", "/swap/v1/positionSide/dual"): _swap(futures.set_position_mode, "texts"),
    ("POST", "/swap/v2/trade/order"): _swap(orders.place),
    ("GET", "/swap/v2/trade/order"): _swap(orders.look_up),
    ("DELETE", "/swap/v2/trade/order"): _swap(orders.cancel),
    ("GET", "/swap/v2/trade/openOrders"): _swap(orders.open_orders),
    ("DELETE", "/swap/v2/trade/allOpenOrders"): _swap(orders.cancel_all),
    ("GET", "/swap/v2/trade/allOrders"): _swap(history.past_orders),
    ("GET", "/swap/v1/trade/fullOrder"): _swap(history.past_orders),
    ("GET", "/swap/v2/trade/forceOrders"): _swap(history.forced_orders),
    ("GET", "/swap/v2/trade/allFillOrders"): _swap(history.all_fills),
    ("GET", "/swap/v2/trade/fillHistory"): _swap(history.fill_history),
    ("GET", "/spot/v1/account/balance"): _spot(wallets.spot_balance),
    ("GET", "/spot/v1/user/commissionRate"): _spot(futures.commission),
    ("POST", "/spot/v1/trade/order"): _spot(spot.place),
    ("GET", "/spot/v1/trade/query"): _spot(spot.look_up),
    ("POST", "/spot/v1/trade/cancel"): _spot(spot.cancel),
    ("POST", "/spot/v1/trade/cancelOpenOrders"): _spot(spot.cancel_all),
    ("GET", "/spot/v1/trade/openOrders"): _spot(spot.open_orders),
    ("GET", "/spot/v1/trade/historyOrders"): _spot(spot.past_orders),
    ("GET", "/spot/v1/trade/myTrades"): _spot(spot.fills),
    ("GET", "/fund/v1/account/balance"): _wallet(wallets.fund_balance, "texts"),
    ("GET", "/wallets/v1/capital/config/getall"): _wallet(wallets.coins, "texts"),
    ("POST", "/api/asset/v1/transfer"): _wallet(wallets.transfer, "texts"),
    ("GET", "/api/v3/asset/transferRecord"): _wallet(wallets.transfers, "bare"),
    ("GET", "/v1/account/apiPermissions"): _wallet(wallets.key_permissions, "bare"),
    ("GET", "/v1/account/apiRestrictions"): _wallet(wallets.key_restrictions, "bare"),
}
ROUTES = {(method, f"/openApi{path}"): route for (method, path), route in _ROUTES.items()}
