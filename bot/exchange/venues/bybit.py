"""Bybit, unified trading account: one wallet for spot and futures, v5 API.

Sources: "docs" is bybit-exchange.github.io/docs/v5, "ccxt" the source of ccxt 4.5.90, "measured" what the real client
put on the wire. Read 2026-11-25.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.account import KeyRights, MarginMode, PositionMode
from bot.exchange import strict
from bot.exchange.envelope import ErrorKeys, Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Orders, Positions, Speech

_ANSWER: Final = Expected(shape=Shape.OBJECT, keys=("retCode", "result", "time"))  # docs, "Response Format"
_TICKERS: Final = Ask(
    call="fetch_funding_rates",  # ccxt: GET /v5/market/tickers carries mark, index and funding with the reply's time
    paths={
        "mark": "markPrice",
        "index": "indexPrice",
        "at": "timestamp",
        "rate": "fundingRate",
        "next_at": "fundingTimestamp",
        "interval": "interval",
    },
)
_WALLET: Final = Ask(call="fetch_balance", params={"type": "swap"})  # measured: spot and swap ask for the same wallet
_OWN_ORDER: Final = {"category": "{category}", "symbol": "{market}", "orderLinkId": "{client_id}"}


def rights(reply: object) -> KeyRights:
    """GET /v5/user/query-api: permissions by section; docs, "Get API Key Information"."""
    result = strict.row(strict.row(reply).get("result"))
    permissions = strict.row(result.get("permissions"))

    def allowed(section: str) -> tuple[str, ...]:
        words = permissions.get(section)
        return tuple(str(word) for word in words) if isinstance(words, list) else ()

    addresses = result.get("ips")
    futures = "Order" in allowed("ContractTrade") or "DerivativesTrade" in allowed("Derivatives")
    return KeyRights(
        read=True,
        trade_futures=futures and str(result.get("readOnly")) == "0",
        transfer="AccountTransfer" in allowed("Wallet"),
        withdraw="Withdraw" in allowed("Wallet"),
        ip_restricted=isinstance(addresses, list) and bool(addresses) and "*" not in addresses,
    )


# docs, "Error Codes", UTA section: decided by validation or the matching engine, final. Not among them, as they prove
# nothing: 10000 server timeout, 10016 server error, 110079 being processed, 3400214 server error.
_REFUSED: Final = frozenset({
    "10001", "110001", "110003", "110004", "110005", "110006", "110007", "110008", "110009", "110010", "110011",
    "110012", "110013", "110014", "110015", "110016", "110017", "110018", "110019", "110020", "110021", "110022",
    "110023", "110024", "110028", "110029", "110031", "110032", "110034", "110035", "110036", "110037", "110038",
    "110039", "110040", "110041", "110042", "110044", "110045", "110046", "110047", "110048", "110049", "110050",
    "110051", "110052", "110053", "110054", "110055", "110056", "110057", "110058", "110059", "110060", "110061",
    "110063", "110064", "110065", "110066", "110067", "110068", "110069", "110070", "110071", "110073", "110074",
    "110075", "110077", "110080", "110082", "110083", "110085", "110086", "110087", "110088", "110089", "110090",
    "110091", "110092", "110093", "110094", "110095", "110096", "110097", "110098", "110099", "110100", "110101",
    "110103", "3400045", "10024", "10029",
})  # fmt: skip

SPEECH: Final = Speech(
    counts=Counts.COINS,  # ccxt: linear contractSize 1; inverse quantities are US dollars
    market_types={"types": ["spot", "linear"]},  # measured: eleven requests otherwise
    marks=_TICKERS,
    funding=_TICKERS,
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(1, 25, 50, 100, 200, 500),  # docs, "Get Orderbook"
    candle_page=1000,
    candle_params={},
    candles_until="until",
    funding_page=200,
    funding_window_d=60,  # docs: 200 rows; ccxt would end the page by the interval of today
    balances=_WALLET,
    funding_wallet=Ask(call="fetch_balance", params={"type": "funding"}),
    one_wallet=True,
    collateral=Collateral(
        ask=_WALLET,
        rows="result.list.0.coin",
        currency="coin",
        wallet="walletBalance",
        unrealised="unrealisedPnl",
        initial=("totalPositionIM", "totalOrderIM"),
        maintenance="totalPositionMM",
        withdrawable=None,  # docs: availableToWithdraw is deprecated and empty on unified accounts
    ),
    positions=Positions(
        ask=Ask(call="fetch_positions", params={"limit": 200}),
        by_settle=True,  # measured: one symbol or one settlement coin per request
        # positionIM follows the mark price, which binds no money; ccxt: positionBalance is empty on unified accounts
        bound="info.positionBalance",
        bound_has_profit=False,
        bound_at_entry=True,
        mode_of_account=True,  # docs, "Get Position Info": tradeMode is deprecated
        one_way={"info.positionIdx": "0"},
    ),
    orders=Orders(
        client_id="clientOrderId",  # ccxt sends it as orderLinkId on create, and nowhere else
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        # measured: fetch_order sends orderId=None beside the client id; the documented pair of calls is used instead
        look_up=(
            LookUp(call="privateGetV5OrderRealtime", params=_OWN_ORDER, rows="result.list", of_list=True),
            LookUp(call="privateGetV5OrderHistory", params=_OWN_ORDER, rows="result.list", of_list=True),
        ),
        cancel=LookUp(call="privatePostV5OrderCancel", params=_OWN_ORDER, rows=""),
        echo="clientOrderId",
        named=LookUp(  # docs, "Get Order History": the newest of the last seven days, 50 at most
            call="privateGetV5OrderHistory",
            params={"category": "{category}", "symbol": "{market}", "limit": "50"},
            rows="result.list",
            ours="orderLinkId",
        ),
        named_at="createdTime",
        open_orders=Ask(call="fetch_open_orders", params={"limit": 50}),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=7,  # docs: at most seven days between start and end
    ),
    leverage=Leverage(
        read=Ask(call="fetch_leverage", paths={"leverage": "info.info.leverage"}),  # ccxt cuts 2.5 to 2
        mode=Ask(call="fetch_margin_mode", paths={"mode": "info.marginMode"}),
        modes={"REGULAR_MARGIN": MarginMode.CROSS, "ISOLATED_MARGIN": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={},
        isolated={},
        set_mode={},  # docs: the mode belongs to the whole account
    ),
    # docs, "Get Position Info": a symbol without position still shows its positionIdx, 0 in one-way mode
    position_mode=LookUp(
        call="privateGetV5PositionList",
        params={"category": "{category}", "symbol": "{market}"},
        rows="result.list.0.positionIdx",
    ),
    position_modes={"0": PositionMode.ONE_WAY, "1": PositionMode.HEDGE, "2": PositionMode.HEDGE},
    brackets=Ask(call="fetch_market_leverage_tiers", each=True),
    tier_floors_told=False,  # measured on api-testnet: tiers come in any order, ccxt takes the row before for the floor
    movement=None,  # one wallet: nothing has to move between spot and futures
    income=Ask(call="fetch_funding_history", params={"limit": 100}),
    income_window_d=7,  # docs, "Get Trade History": at most seven days, newest first, 100 rows
    funding_sign=-1,  # ccxt passes execFee on, which is positive when funding was paid (upstream issue 26404)
    rights=("privateGetV5UserQueryApi", rights),
    inverse={"subType": "inverse"},  # ccxt: becomes category=inverse; docs: quantities are US dollars
    warm_up=("is_unified_enabled",),  # measured: otherwise asked in the middle of the first order
    notional_min=Decimal(5),
)

_LISTS: Final = ("position/list", "order/realtime", "order/history", "account/wallet-balance")
_PATHS: Final[Mapping[str, Expected]] = {
    f"{method} {path}": _ANSWER
    for method, path in (
        ("GET", "/v5/market/time"),
        ("GET", "/v5/market/instruments-info"),
        ("GET", "/v5/market/orderbook"),
        ("GET", "/v5/market/kline"),
        ("GET", "/v5/market/funding/history"),
        ("GET", "/v5/market/risk-limit"),
        ("GET", "/v5/user/query-api"),
        ("GET", "/v5/account/info"),
        ("GET", "/v5/account/wallet-balance"),
        ("GET", "/v5/asset/transfer/query-account-coins-balance"),
        ("GET", "/v5/position/list"),
        ("GET", "/v5/order/realtime"),
        ("GET", "/v5/order/history"),
        ("GET", "/v5/execution/list"),
        ("POST", "/v5/order/create"),
        ("POST", "/v5/order/cancel"),
        ("POST", "/v5/position/set-leverage"),
        ("POST", "/v5/account/set-margin-mode"),
    )
}

QUIRKS: Final = Quirks(
    id="bybit",
    read_on="2026-11-25",
    hosts_live=frozenset({"api.bybit.com"}),
    hosts_demo=frozenset({"api-demo.bybit.com"}),  # ccxt urls.demotrading
    sandbox="demo",
    hosts_testnet=frozenset({"api-testnet.bybit.com"}),  # ccxt urls.test
    client_id_pattern=re.compile(r"^[A-Za-z0-9_-]{1,36}$"),  # docs, "Place Order", orderLinkId
    quarantine_s=10,  # recvWindow 5 s, plus clock error and read lag
    recv_window_ms=5000,
    market_types={
        "linear-perpetual": ("linear",),
        "linear-future": ("linear",),  # docs, "Get Instruments Info": both kinds are of category linear
        "inverse-perpetual": ("spot", "inverse"),
    },
    codes=Codes(
        success=frozenset({"0"}),
        refused=_REFUSED,
        duplicate=frozenset({"110072", "110030"}),
        already_so=frozenset({"110043", "110025", "110026", "110027"}),  # leverage, position mode, margin mode as is
        not_executed=frozenset({"10006", "10018"}),  # docs: over the rate limit, not processed
        clock=frozenset({"10002"}),
        key=frozenset({"10003", "10004", "10005", "10007", "10009", "10010", "33004"}),
        permission=frozenset({"10005"}),
        order_absent=frozenset({"110001"}),
        symbol_absent=frozenset({"10001"}),
        # docs: server timeout and internal error; the outcome of a write is not known then (10000, 10016, 110079)
        transient=frozenset({"10000", "10016", "10006", "10018"}),
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset(),
    expected={
        **_PATHS,
        # docs, "Get Server Time", "Get API Key Information", "Get Account Info"; ccxt asks the last two only once
        "GET /v5/market/time": replace(_ANSWER, holds=("result.timeSecond",)),
        "GET /v5/user/query-api": replace(_ANSWER, holds=("result.uta", "result.permissions")),
        "GET /v5/account/info": replace(_ANSWER, holds=("result.marginMode", "result.unifiedMarginStatus")),
        "GET /v5/market/tickers": replace(_ANSWER, once_at="result.list.symbol", written_at="time"),
        "GET /v5/asset/transfer/query-account-coins-balance": replace(
            _ANSWER, written_at="time", says=("result.accountType", "FUND")
        ),
        **{f"GET /v5/{path}": replace(_ANSWER, list_at="result.list", written_at="time") for path in _LISTS},
    },
    silence_s={429: 30, 403: 600},  # docs, "Rate Limit": after a 403 wait ten minutes
    silence_codes={"10006": 2, "10018": 2},  # docs, "Rate Limit": a rolling second, its end named in a header
    options={"defaultType": "swap", "recvWindow": 5000, "fetchMarkets": SPEECH.market_types},
    error_keys=ErrorKeys(code=("retCode", "ret_code"), message=("retMsg", "ret_msg")),
    speech=SPEECH,
)
