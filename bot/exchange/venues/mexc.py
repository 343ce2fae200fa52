"""MEXC: spot api/v3 and linear perpetuals of the contract API. There is no sandbox.

Sources: "docs" is mexc.com/api-docs, "ccxt" the source of ccxt 4.5.90, "measured" what the real client put on the wire.
Read 2026-11-25.
"""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.account import MarginMode, PositionMode, Side, Wallet
from bot.exchange.envelope import ErrorKeys, Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import (
    Ask,
    Collateral,
    Counts,
    Leverage,
    LookUp,
    Movement,
    Orders,
    Positions,
    Speech,
)
from bot.exchange.venues.mexc_account import rights, tiers

_ANSWER: Final = Expected(shape=Shape.OBJECT, keys=("success", "code"))  # docs, contract API: success, code, data
# docs, "Order": 1 open long, 2 close short, 3 open short, 4 close long; ccxt reads 2 as a sale and 3, 4 not at all
_SIDES: Final = {"1": Side.BUY, "2": Side.BUY, "3": Side.SELL, "4": Side.SELL}
_IMMEDIATE: Final = 3  # docs, order type: immediate or cancel; measured: timeInForce does not reach the wire

# docs, "Error Code" of the contract API: decided by validation or by the account's means, final.
_REFUSED: Final = frozenset({
    "600", "601", "1000", "1001", "1002", "1003", "1004", "2001", "2002", "2003", "2004", "2005", "2006", "2007",
    "2008", "2009", "2011", "2013", "2014", "2015", "2016", "2018", "2019", "2021", "2022", "2023", "2024", "2025",
    "2026",
    "2027", "2028", "2029", "2030", "2031", "2032", "2033", "2034", "2035", "2036", "2037", "2038", "2039", "2041",
    "2042", "2043", "2044", "2046", "2047", "2048", "2049", "3001", "4001", "5001", "5002", "5003", "5004", "6001",
    "6002", "6003", "6004", "6005", "7002", "8817", "10007",
    # spot, transfers between wallets
    "10100", "10101", "10102", "10222", "10232", "33333", "700004", "700008",
})  # fmt: skip

SPEECH: Final = Speech(
    counts=Counts.CONTRACTS,  # ccxt: vol is contracts of contractSize coins, 0.0001 BTC
    market_types={"types": {"spot": True, "swap": {"linear": True, "inverse": False}}},
    # ccxt has no fetchMarkPrices here; the ticker's own words carry fairPrice and indexPrice
    marks=Ask(
        call="fetch_tickers",
        paths={"mark": "info.fairPrice", "index": "info.indexPrice", "at": "timestamp"},
    ),
    funding=Ask(
        call="fetch_funding_rate",
        each=True,
        paths={"rate": "fundingRate", "next_at": "fundingTimestamp", "interval": "interval"},
    ),
    # not fetch_bids_asks: asked for one pair, ccxt gets the whole list and takes it for that pair
    spot_prices=Ask(call="fetch_tickers", paths={"bid": "bid", "ask": "ask"}),
    depths=(20, 100, 1000),
    candle_page=2000,  # docs: at most 2000 rows; measured: only the start is sent
    candle_params={},
    candles_until="until",
    funding_page=1000,  # docs: at most 1000 rows, newest first; no start can be asked for
    balances=Ask(call="fetch_balance", params={"type": "spot"}),
    funding_wallet=None,
    one_wallet=False,
    collateral=Collateral(
        ask=Ask(call="fetch_balance", params={"type": "swap"}),
        rows="data",
        currency="currency",
        wallet="equity",
        unrealised="unrealized",
        initial=("positionMargin", "frozenBalance"),
        maintenance=None,
        withdrawable="cashBalance",
        wallet_has_profit=True,
    ),
    positions=Positions(
        ask=Ask(call="fetch_positions"),
        mark=None,  # ccxt: no mark price and no notional in the row
        tells_profit=False,
        updated_at="timestamp",
        bound="info.im",
        bound_has_profit=False,
        sides=("info.positionType", {"1": "long", "2": "short"}),  # ccxt: short whatever stands there, if it is not 1
    ),
    orders=Orders(
        client_id="externalOid",
        written_id="info.externalOid",  # ccxt reads clientOrderId, which the contract API does not write
        isolated_leverage="leverage",  # docs: an isolated order carries its leverage
        params={"type": _IMMEDIATE},
        opening={"side": 3},
        # unverified: docs also know reduceOnly for one-way mode, which ccxt leaves out where it is true
        closing={"side": 2},
        look_up=(
            LookUp(
                call="contractPrivateGetOrderExternalSymbolExternalOid",
                params={"symbol": "{market}", "external_oid": "{client_id}"},
                rows="data",
            ),
        ),
        cancel=LookUp(
            call="contractPrivatePostOrderCancelWithExternal",
            params={"symbol": "{market}", "externalOid": "{client_id}"},
            rows="data",
            listed=True,  # docs: a list even for one order, and each is answered for itself
        ),
        echo=None,  # the answer to an order is its id alone
        named=LookUp(  # docs, "Get all of the user's historical orders": newest first
            call="contractPrivateGetOrderListHistoryOrders",
            params={"symbol": "{market}", "page_num": "1", "page_size": "100"},
            rows="data",
            ours="externalOid",
        ),
        named_at="createTime",
        open_orders=Ask(call="fetch_open_orders", params={"type": "swap"}),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=30,
        fills_until="end_time",
        sides=("info.side", _SIDES),
        closes=frozenset({"2", "4"}),
        cross={"openType": 2},
        isolated={"openType": 1},
    ),
    leverage=Leverage(
        read=Ask(call="fetch_leverage", paths={"leverage": "shortLeverage"}),
        mode=Ask(call="fetch_leverage", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({"positionType": 2},),  # measured: one call per side; only shorts are held
        cross={"openType": 2},
        isolated={"openType": 1},
        set_mode=None,
    ),
    position_mode=LookUp(call="contractPrivateGetPositionPositionMode", params={}, rows="data"),
    position_modes={"2": PositionMode.ONE_WAY, "1": PositionMode.HEDGE},
    brackets=None,
    tiers=tiers,  # not fetch_leverage_tiers: ccxt reads none of a ladder, and contracts as money
    open_flag="info.apiAllowed",  # docs, 2022-07-07: whether a contract takes orders through the API
    movement=Movement(
        wallets={Wallet.SPOT: "spot", Wallet.FUTURES: "swap"},
        amount="amount",  # docs; ccxt: what is given in params goes over what it made itself
        listed=(
            Ask(call="fetch_transfers", params={"type": "spot", "fromAccountType": "SPOT", "toAccountType": "FUTURES"}),
            Ask(call="fetch_transfers", params={"type": "spot", "fromAccountType": "FUTURES", "toAccountType": "SPOT"}),
        ),
    ),
    income=Ask(call="fetch_funding_history", params={"page_size": 100}, paths={"market": "info.symbol"}),
    income_pages="page_num",  # docs: pages of at most 100, newest first; measured: the start is not sent
    funding_sign=1,  # ccxt: positive when received
    rights=("spotPrivateGetApiKeyInfo", rights),
    rights_params={"accessKey": "{api_key}"},  # docs, "Query api key info": the key asks about itself
    notional_min=Decimal(5),
)

QUIRKS: Final = Quirks(
    id="mexc",
    read_on="2026-11-25",
    hosts_live=frozenset({"api.mexc.com", "contract.mexc.com"}),
    hosts_demo=frozenset(),
    sandbox="none",
    client_id_pattern=re.compile(r"^[A-Za-z0-9_-]{1,32}$"),  # docs, externalOid
    quarantine_s=60,  # the contract API has no receive window
    recv_window_ms=5000,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset({"0", "200"}),
        refused=_REFUSED,
        duplicate=frozenset(),
        already_so=frozenset(),
        not_executed=frozenset({"510"}),  # docs: too frequent, not processed
        clock=frozenset({"513", "700003", "10073"}),
        key=frozenset(
            {"401", "402", "406", "602", "10072", "701", "702", "703", "704", "700001", "700002", "700006", "700007"}
        ),
        order_absent=frozenset({"2040", "-2011", "-2013"}),
        symbol_absent=frozenset({"1001", "-1121"}),
        transient=frozenset({"500", "501", "503", "504", "510", "9999", "6026"}),
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset(),
    expected={
        f"{method} /api/v1{path}": _ANSWER
        for method, path in (
            ("GET", "/contract/ping"),
            ("GET", "/contract/detail"),
            ("GET", "/private/position/leverage"),
            ("GET", "/private/position/position_mode"),
            ("GET", "/private/order/list/history_orders"),
            ("GET", "/private/order/list/order_deals"),
            ("POST", "/private/order/create"),
            ("POST", "/private/order/cancel_with_external"),
            ("POST", "/private/position/change_leverage"),
            ("GET", "/private/position/funding_records"),
            # an empty object here must never pass for "no such order"
            ("GET", "/private/order/external/*"),
            ("GET", "/contract/depth/*"),
            ("GET", "/contract/kline/*"),
            ("GET", "/contract/funding_rate/*"),
        )
    }
    | {
        f"GET /api/v1/private/{path}": replace(_ANSWER, list_at="data")
        for path in ("account/assets", "position/open_positions", "order/list/open_orders")
    }
    | {
        "GET /api/v1/contract/ticker": replace(_ANSWER, once_at="data.symbol"),
        "GET /api/v3/ticker/24hr": Expected(once_at="symbol"),
        "GET /api/v3/apiKeyInfo": Expected(shape=Shape.OBJECT, keys=("permissions", "status")),
        # docs, spot v3: no envelope here, so an empty object would pass for an account that owns nothing
        "GET /api/v3/account": Expected(shape=Shape.OBJECT, keys=("balances",)),
        "GET /api/v3/exchangeInfo": Expected(shape=Shape.OBJECT, keys=("symbols",)),
        "GET /api/v3/capital/transfer": Expected(shape=Shape.OBJECT, keys=("rows",)),
        "POST /api/v3/capital/transfer": Expected(keys=("tranId",)),
    },
    silence_s={429: 30, 418: 300, 403: 600},
    silence_codes={"510": 3},  # docs: 20 requests in 2 seconds per path; the code comes inside a 200
    options={"defaultType": "swap", "fetchCurrencies": False},
    error_keys=ErrorKeys(code=("code",), message=("message", "msg")),
    speech=SPEECH,
)
