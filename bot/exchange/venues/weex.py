"""WEEX: spot api/v3 and contracts capi/v3.

Sources: "docs" is weex.com/api-doc, "ccxt" the source of ccxt 4.5.90, "measured" what the real client put on the wire.
Read 2026-11-25.
"""

import re
from decimal import Decimal
from typing import Final

from bot.domain.account import MarginMode, PositionMode
from bot.exchange.envelope import ErrorKeys, Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Orders, Positions, Speech

_PREMIUM: Final = Ask(
    call="fetch_funding_rates",  # ccxt: GET /capi/v3/market/premiumIndex
    paths={
        "mark": "markPrice",
        "index": "indexPrice",
        "at": "timestamp",
        "rate": "nextFundingRate",  # ccxt: lastFundingRate is what was paid last; forecastFundingRate is what comes
        "next_at": "nextFundingTimestamp",
        "interval": "interval",
    },
)
_SYMBOL: Final = {"symbol": "{market}"}
_NEWEST: Final = {"symbol": "{market}", "limit": "100"}
_OWN_ORDER: Final = {"origClientOrderId": "{client_id}"}

# ccxt exceptions, each with the venue's own words: decided by validation, final. No other code is documented.
_REFUSED: Final = frozenset({
    "-1045", "-1058", "-1115", "-1116", "-1117", "-1121", "-1128", "-1135", "-1140", "-1141", "-1142", "-1150", "-1160",
    "-1170", "-1171", "-1180", "-2007", "-2200", "-3006", "-3007", "-3200", "-3235", "-3313",
})  # fmt: skip
# ccxt exceptions; docs, FAQ: -1052 is a right the key was not given.
_KEY: Final = frozenset({
    "-1040", "-1041", "-1042", "-1043", "-1044", "-1047", "-1048", "-1049", "-1050", "-1051", "-1052", "-1053", "-1055",
    "-1056", "-1057", "-1190", "-3236",
})  # fmt: skip

SPEECH: Final = Speech(
    # measured: a recorded position of 0.036 ETH has an open value of 82.06; contractVal is the lot step, never a factor
    counts=Counts.COINS,
    lot="contractSize",  # ccxt: only the decimals of an amount become its precision; contractVal of DOGE is 100 coins
    market_types={},
    marks=_PREMIUM,
    funding=_PREMIUM,
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(15, 200),  # measured: 20 becomes 200
    candle_page=100,
    candle_params={"historical": True},  # measured: since is ignored without it
    candles_until="until",
    funding_page=100,
    balances=Ask(call="fetch_balance", params={"type": "spot"}),
    funding_wallet=None,  # measured: asking for it shows the contract wallet again
    one_wallet=False,
    collateral=Collateral(
        ask=Ask(call="fetch_balance", params={"type": "swap"}),
        rows="",
        currency="asset",
        wallet="balance",
        unrealised="unrealizePnl",
        # docs say "frozen asset" and no more; whatever it means, what is neither free nor lost is bound.
        # unverified: that `balance` leaves unrealised profit out, as its namesake does at Binance
        initial=(),
        maintenance=None,
        withdrawable="availableBalance",
    ),
    positions=Positions(
        ask=Ask(call="fetch_positions"),
        mark=None,  # ccxt: notional is the entry value, and there is no mark price
        bound="info.isolatedMargin",
        bound_has_profit=False,
        one_way={"info.separatedMode": "COMBINED"},
    ),
    orders=Orders(
        client_id="newClientOrderId",
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},  # measured: positionSide SHORT is sent with it; without it a buy opens a long
        # docs name only orderId for the first; recorded: "Either orderId or origClientOrderId must be sent" (-1140). So
        # the lists are asked as well before an order counts as absent.
        look_up=(
            LookUp(
                call="contractPrivateGetCapiV3Order",
                params=_OWN_ORDER,
                rows="",
                not_served=frozenset({"-1140", "-1141"}),
            ),
            LookUp(call="contractPrivateGetCapiV3OpenOrders", params=_SYMBOL, rows="", ours="clientOrderId"),
            LookUp(call="contractPrivateGetCapiV3OrderHistory", params=_NEWEST, rows="", ours="clientOrderId"),
        ),
        cancel=LookUp(call="contractPrivateDeleteCapiV3Order", params=_OWN_ORDER, rows=""),
        echo="clientOrderId",
        named=LookUp(call="contractPrivateGetCapiV3OrderHistory", params=_NEWEST, rows="", ours="clientOrderId"),
        named_at="time",
        open_orders=Ask(call="fetch_open_orders", params={"type": "swap"}),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=7,
    ),
    leverage=Leverage(
        read=Ask(call="fetch_leverage", paths={"leverage": "shortLeverage"}),
        mode=Ask(call="fetch_leverage", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={},
        isolated={"marginMode": "isolated"},
        set_mode={},
    ),
    position_mode=LookUp(call="contractPrivateGetCapiV3AccountSymbolConfig", params=_SYMBOL, rows="0.separatedType"),
    position_modes={"combined": PositionMode.ONE_WAY, "separated": PositionMode.HEDGE},
    brackets=None,  # ccxt: no fetchLeverageTiers; the cautious tier below stands in for them
    movement=None,  # ccxt: transfer is not supported
    # unverified: 20 rows unless more are asked for, 100 at most, 100 days at most; ccxt does not follow hasNextPage
    income=Ask(call="fetch_funding_history", params={"limit": 100}),
    income_window_d=30,
    funding_sign=1,
    rights=None,  # no endpoint tells what a key may do
    notional_min=Decimal(5),
    tier=(Decimal("0.01"), Decimal(50)),
)

QUIRKS: Final = Quirks(
    id="weex",
    read_on="2026-11-25",
    hosts_live=frozenset({"api-spot.weex.com", "api-contract.weex.com"}),
    hosts_demo=frozenset(),
    sandbox="none",  # ccxt offers six calls of the simulation and neither leverage nor open orders: not enough to hedge
    client_id_pattern=re.compile(r"^[A-Za-z0-9]{1,36}$"),  # docs, "Place Order": 1 to 36 characters, a few more signs
    quarantine_s=60,  # docs: a request is valid for 30 s, and no recvWindow can shorten that
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset({"", "0", "200", "00000"}),  # docs, "Place Order": errorCode is empty when it succeeded
        refused=_REFUSED,
        duplicate=frozenset(),  # none is documented: an unresolved order is looked up, never sent again
        already_so=frozenset(),
        not_executed=frozenset(),
        clock=frozenset({"-1046"}),  # ccxt has the expired timestamp under another class
        key=_KEY,
        order_absent=frozenset({"-2200", "-3200"}),
        symbol_absent=frozenset({"-1121", "-2007"}),
        # ccxt, recorded under -1054, which is also "system error": words of the account, before anything is done
        refused_words=("FAILED_PRECONDITION", "INVALID_ARGUMENT"),
        transient=frozenset({"-1000", "-1054"}),
    ),
    reads_by_post=frozenset({"/capi/v3/account/income"}),  # measured: funding paid is asked for by POST
    writes_by_get=frozenset(),
    # docs, one page per endpoint, and sample replies in ccxt. Keys name what is needed of the object or of every row.
    expected={
        "GET /capi/v3/market/time": Expected(shape=Shape.OBJECT, keys=("serverTime",)),
        "GET /api/v3/time": Expected(shape=Shape.OBJECT, keys=("serverTime",)),
        "GET /api/v3/exchangeInfo": Expected(shape=Shape.OBJECT, keys=("symbols",)),
        "GET /capi/v3/market/exchangeInfo": Expected(shape=Shape.OBJECT, keys=("symbols",)),
        "GET /capi/v3/market/premiumIndex": Expected(
            shape=Shape.LIST, keys=("symbol", "markPrice", "indexPrice", "time"), once_at="symbol"
        ),
        "GET /capi/v3/market/fundingRate": Expected(shape=Shape.LIST, keys=("symbol", "fundingRate", "fundingTime")),
        "GET /capi/v3/market/historyKlines": Expected(shape=Shape.LIST),
        "GET /capi/v3/market/depth": Expected(shape=Shape.OBJECT, keys=("bids", "asks")),
        "GET /api/v3/account/": Expected(shape=Shape.OBJECT, keys=("balances",)),
        "GET /capi/v3/account/balance": Expected(shape=Shape.LIST, keys=("asset", "balance", "availableBalance")),
        "GET /capi/v3/account/position/allPosition": Expected(
            shape=Shape.LIST, keys=("symbol", "side", "size", "openValue", "separatedMode")
        ),
        "GET /capi/v3/account/symbolConfig": Expected(
            shape=Shape.LIST, keys=("symbol", "marginType", "separatedType", "crossLeverage")
        ),
        "GET /capi/v3/openOrders": Expected(shape=Shape.LIST, keys=("orderId", "clientOrderId", "symbol")),
        "GET /capi/v3/order/history": Expected(shape=Shape.LIST, keys=("orderId", "clientOrderId", "symbol")),
        "GET /capi/v3/userTrades": Expected(shape=Shape.LIST, keys=("id", "orderId", "symbol", "side")),
        "POST /capi/v3/account/income": Expected(shape=Shape.OBJECT, keys=("items",)),
        "GET /capi/v3/order": Expected(shape=Shape.OBJECT, keys=("orderId", "clientOrderId", "symbol", "status")),
        "POST /capi/v3/order": Expected(shape=Shape.OBJECT, keys=("orderId",)),
    },
    silence_s={429: 30, 418: 300, 403: 600},
    options={"defaultType": "swap"},
    # docs, "Place Order": an order that is refused is named like one that is taken
    error_keys=ErrorKeys(
        code=("code", "errorCode"), message=("msg", "errorMessage", "errorMsg"), about="clientOrderId"
    ),
    speech=SPEECH,
)
