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

_LIST: Final = Expected(shape=Shape.LIST)
_OBJECT: Final = Expected(shape=Shape.OBJECT)
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
_OWN_ORDER: Final = {"origClientOrderId": "{client_id}"}

# ccxt exceptions and docs, "Error Codes": decided by validation or by the account's means, final.
_REFUSED: Final = frozenset({
    "-1052", "-1053", "-1055", "-1057", "-1058", "-1115", "-1116", "-1117", "-1118", "-1121", "-1128", "-1130",
    "-1135", "-1140", "-1141", "-1142", "-1150", "-1151", "-1160", "-1170", "-1171", "-1172", "-1173", "-1174",
    "-1175", "-1176", "-1177", "-1178", "-1179", "-1180", "-2010", "-2011", "-2018", "-2019", "-2021", "-2022",
    "-2027", "-2028", "-3001", "-3002", "-3003", "-3010", "-3100", "-3101", "-3102", "-3103", "-3200", "-3201",
    "-3202", "-3300", "-3301",
})  # fmt: skip

SPEECH: Final = Speech(
    # measured: a recorded position of 0.036 ETH has an open value of 82.06; contractVal is the lot step, never a factor
    counts=Counts.COINS,
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
        initial=("frozen",),
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
        look_up=(LookUp(call="contractPrivateGetCapiV3Order", params=_OWN_ORDER, rows=""),),
        cancel=LookUp(call="contractPrivateDeleteCapiV3Order", params=_OWN_ORDER, rows=""),
        echo="clientOrderId",
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
    income=Ask(call="fetch_funding_history"),
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
    client_id_pattern=re.compile(r"^[A-Za-z0-9]{1,36}$"),  # docs: at most 40, no special characters (-1180)
    quarantine_s=60,  # no recvWindow is sent
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset({"0", "200", "00000"}),
        refused=_REFUSED,
        duplicate=frozenset(),  # none is documented: an unresolved order is looked up, never sent again
        already_so=frozenset({"200", "-4046", "-4059"}),
        not_executed=frozenset({"-1008"}),
        clock=frozenset({"-1021", "-1046"}),  # ccxt: -1046 is an expired timestamp under another class
        key=frozenset(
            {
                "-1040",
                "-1041",
                "-1042",
                "-1043",
                "-1044",
                "-1045",
                "-1047",
                "-1048",
                "-1049",
                "-1050",
                "-1056",
                "-2014",
                "-2015",
            }
        ),
        order_absent=frozenset({"-2013", "-3200"}),
        symbol_absent=frozenset({"-1121"}),
        transient=frozenset({"-1000", "-1001", "-1003", "-1006", "-1007", "-1008", "-1054"}),
    ),
    reads_by_post=frozenset({"/capi/v3/account/income"}),  # measured: funding paid is asked for by POST
    writes_by_get=frozenset(),
    expected={
        "GET /api/v3/time": _OBJECT,
        "GET /api/v3/exchangeInfo": _OBJECT,
        "GET /capi/v3/market/exchangeInfo": _OBJECT,
        "GET /capi/v3/account/balance": _LIST,
        "GET /capi/v3/account/position/allPosition": _LIST,
        "GET /capi/v3/openOrders": _LIST,
        "GET /capi/v3/userTrades": _LIST,
        "GET /capi/v3/account/symbolConfig": _LIST,
        "POST /capi/v3/order": _OBJECT,
    },
    silence_s={429: 30, 418: 300, 403: 600},
    options={"defaultType": "swap"},
    error_keys=ErrorKeys(code=("code", "errorCode"), message=("msg", "errorMessage")),
    speech=SPEECH,
)
