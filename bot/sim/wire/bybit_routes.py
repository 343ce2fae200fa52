"""Which path of Bybit's v5 interface is answered by which page, and who may ask."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sim.wire import bybit_account as account
from bot.sim.wire import bybit_history as history
from bot.sim.wire import bybit_market as market
from bot.sim.wire import bybit_orders as orders
from bot.sim.wire import bybit_positions as positions
from bot.sim.wire import bybit_rules as rules
from bot.sim.wire import bybit_wallet as wallet
from bot.sim.wire.bybit_call import Call, Row

Handler = Callable[[Call], Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What answers one method and path, whether it must be signed, and whether demo trading has it."""

    handler: Handler
    signed: bool = True
    on_demo: bool = True


def _public(handler: Handler) -> Route:
    return Route(handler=handler, signed=False)


def _signed(handler: Handler, *, on_demo: bool = True) -> Route:
    return Route(handler=handler, on_demo=on_demo)


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v5/market/time"): _public(market.time),
    ("GET", "/v5/market/instruments-info"): _public(rules.instruments),
    ("GET", "/v5/market/risk-limit"): _public(rules.risk_limits),
    ("GET", "/v5/market/tickers"): _public(market.tickers),
    ("GET", "/v5/market/orderbook"): _public(market.order_book),
    ("GET", "/v5/market/kline"): _public(market.candles),
    ("GET", "/v5/market/mark-price-kline"): _public(market.mark_candles),
    ("GET", "/v5/market/funding/history"): _public(market.funding_history),
    ("GET", "/v5/user/query-api"): _signed(account.key_rights, on_demo=False),
    ("GET", "/v5/account/info"): _signed(account.account_info),
    ("GET", "/v5/account/fee-rate"): _signed(account.fee_rates, on_demo=False),
    ("POST", "/v5/account/set-margin-mode"): _signed(account.set_margin_mode),
    ("GET", "/v5/account/wallet-balance"): _signed(wallet.wallet_balance),
    ("GET", "/v5/asset/coin/query-info"): _signed(account.coins, on_demo=False),
    ("GET", "/v5/asset/transfer/query-account-coins-balance"): _signed(wallet.coins_balance, on_demo=False),
    ("POST", "/v5/asset/transfer/inter-transfer"): _signed(wallet.transfer, on_demo=False),
    ("GET", "/v5/asset/transfer/query-inter-transfer-list"): _signed(wallet.transfers, on_demo=False),
    ("GET", "/v5/position/list"): _signed(positions.position_list),
    ("POST", "/v5/position/set-leverage"): _signed(positions.set_leverage),
    ("POST", "/v5/position/switch-mode"): _signed(positions.switch_mode),
    ("POST", "/v5/order/create"): _signed(orders.place),
    ("POST", "/v5/order/cancel"): _signed(orders.cancel),
    ("POST", "/v5/order/cancel-all"): _signed(orders.cancel_all),
    ("GET", "/v5/order/realtime"): _signed(history.live_orders),
    ("GET", "/v5/order/history"): _signed(history.past_orders),
    ("GET", "/v5/execution/list"): _signed(history.executions),
}
