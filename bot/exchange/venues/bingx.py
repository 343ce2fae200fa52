"""BingX: spot, and linear perpetuals of the swap v2 API.

Sources: "docs" is bingx-api.github.io/docs-v3, "ccxt" the source of ccxt 4.5.90, "measured" what the real client put on
the wire. Read 2026-11-25.
"""

import re
from decimal import Decimal
from typing import Final

from bot.domain.account import KeyRights, MarginMode, PositionMode, Wallet
from bot.exchange import strict
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

_ANSWER: Final = Expected(shape=Shape.OBJECT, keys=("code",))  # docs: every reply carries code, msg and data
_PREMIUM: Final = Ask(
    call="fetch_funding_rates",  # ccxt: GET /openApi/swap/v2/quote/premiumIndex
    paths={
        "mark": "markPrice",
        "index": "indexPrice",
        "at": "timestamp",
        "rate": "fundingRate",
        "next_at": "nextFundingTimestamp",  # ccxt leaves fundingTimestamp empty
        "interval": "interval",
    },
)
_SWAP_BALANCE: Final = Ask(call="fetch_balance", params={"type": "swap"})
_OWN_ORDER: Final = {"symbol": "{market}", "clientOrderId": "{client_id}"}


def rights(reply: object) -> KeyRights:
    """GET /openApi/account/v1/apiRestrictions; docs, "Query API KEY Permissions"."""
    found = strict.row(reply)
    source = strict.row(found["data"]) if isinstance(found.get("data"), dict) else found

    def told(key: str) -> bool | None:
        value = source.get(key)
        return value if isinstance(value, bool) else None

    return KeyRights(
        read=told("enableReading"),
        trade_futures=told("enableFutures"),
        transfer=told("permitsUniversalTransfer"),
        withdraw=told("enableWithdrawals"),
        ip_restricted=told("ipRestrict"),
    )


# ccxt exceptions and docs, "Error Codes": decided by validation or by the account's means, final.
_REFUSED: Final = frozenset({
    "100202", "100204", "100400", "100414", "100421", "100490", "101204", "101205", "101209", "101211", "101212",
    "101215", "101253", "101400", "101402", "101404", "101414", "101415", "101460", "101484", "101485", "101488",
    "109400", "109414", "109415", "109418", "109420", "109425", "109429", "109701", "110206", "110400", "110401",
    "110402", "110403", "110404", "110405", "110406", "110407", "110408", "110409", "110410", "110411", "110412",
    "110413", "110414", "110415", "110416", "110417", "110418", "110419", "110420", "110421", "110422", "110423",
    "110424", "110425", "110426", "110427", "110428", "80001", "80012", "80014", "80016", "80017", "80018",
})  # fmt: skip

SPEECH: Final = Speech(
    counts=Counts.COINS,  # ccxt: linear contractSize 1
    market_types={},
    marks=_PREMIUM,
    funding=_PREMIUM,
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(5, 10, 20, 50, 100, 500, 1000),  # docs, "Order Book"
    candle_page=1000,
    candle_params={},
    candles_until="until",
    funding_page=1000,
    balances=Ask(call="fetch_balance", params={"type": "spot"}),
    funding_wallet=Ask(call="fetch_balance", params={"type": "funding"}),
    one_wallet=False,
    collateral=Collateral(
        ask=_SWAP_BALANCE,
        rows="data",
        currency="asset",
        wallet="balance",
        unrealised="unrealizedProfit",
        initial=("usedMargin", "freezedMargin"),
        maintenance=None,
        withdrawable="availableMargin",
    ),
    positions=Positions(
        ask=Ask(call="fetch_positions"),
        bound="info.margin",  # docs: margin of an isolated position, unrealised profit included
        bound_has_profit=True,
        one_way={"info.onlyOnePosition": "True"},  # docs: true in one-way mode
    ),
    orders=Orders(
        client_id="clientOrderId",  # ccxt sends it as clientOrderID
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        # measured: fetch_order sends orderId=None beside the client id, so the path itself is asked
        look_up=(LookUp(call="swapV2PrivateGetTradeOrder", params=_OWN_ORDER, rows="data.order"),),
        cancel=LookUp(call="swapV2PrivateDeleteTradeOrder", params=_OWN_ORDER, rows="data.order"),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders", params={"type": "swap"}),  # measured: without it the spot list comes
        fills=Ask(call="fetch_my_trades", params={"tradingUnit": "COIN"}),  # ccxt asks for contracts by default
        fills_page=1000,
        fills_window_d=7,
        fill_counts=Counts.COINS,
    ),
    leverage=Leverage(
        read=Ask(call="fetch_leverage", paths={"leverage": "shortLeverage"}),
        mode=Ask(call="fetch_margin_mode", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({"side": "BOTH"},),  # measured: refused without a side; BOTH belongs to one-way mode
        cross={},
        isolated={},
        set_mode={},
    ),
    position_mode=LookUp(call="swapV1PrivateGetPositionSideDual", params={}, rows="data.dualSidePosition"),
    position_modes={"false": PositionMode.ONE_WAY, "true": PositionMode.HEDGE},
    brackets=None,  # ccxt: no fetchLeverageTiers; the cautious tier below stands in for them
    movement=Movement(
        wallets={Wallet.SPOT: "spot", Wallet.FUTURES: "swap"},
        listed=(
            Ask(call="fetch_transfers", params={"fromAccount": "spot", "toAccount": "USDTMPerp"}),
            Ask(call="fetch_transfers", params={"fromAccount": "USDTMPerp", "toAccount": "spot"}),
        ),
    ),
    income=Ask(call="fetch_funding_history"),
    funding_sign=1,  # ccxt: income is positive when it was received
    rights=("accountV1PrivateGetAccountApiRestrictions", rights),
    notional_min=Decimal(2),  # ccxt, comment beside code 110425: at least 2 USDT
    tier=(Decimal("0.01"), Decimal(50)),
)

QUIRKS: Final = Quirks(
    id="bingx",
    read_on="2026-11-25",
    hosts_live=frozenset({"open-api.bingx.com"}),
    hosts_demo=frozenset({"open-api-vst.bingx.com"}),  # ccxt urls.test: VST, linear perpetuals only
    sandbox="testnet",
    client_id_pattern=re.compile(r"^[A-Za-z0-9_-]{1,40}$"),  # docs, "Place order", clientOrderID
    quarantine_s=30,  # no recvWindow is sent by ccxt; docs state a tolerance of 5 s, doubled and doubled again
    recv_window_ms=5000,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset({"0"}),
        refused=_REFUSED,
        duplicate=frozenset({"101481", "109201"}),
        already_so=frozenset(),
        not_executed=frozenset({"100410"}),  # docs: rate limited
        clock=frozenset({"100421001", "109420"}),
        key=frozenset({"100001", "100004", "100412", "100413", "100419"}),
        order_absent=frozenset({"80016", "80017", "109421", "109414"}),
        symbol_absent=frozenset({"109425", "109418"}),
        # docs: busy and internal errors; what became of a write is not known then
        transient=frozenset({"100410", "100500", "109500", "110500", "500", "504", "100440", "100503"}),
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset(),
    expected={
        f"{method} /openApi{path}": _ANSWER
        for method, path in (
            ("GET", "/swap/v2/server/time"),
            ("GET", "/swap/v2/quote/contracts"),
            ("GET", "/spot/v1/common/symbols"),
            ("GET", "/swap/v2/quote/premiumIndex"),
            ("GET", "/swap/v2/quote/depth"),
            ("GET", "/swap/v3/quote/klines"),
            ("GET", "/spot/v1/market/kline"),
            ("GET", "/spot/v1/account/balance"),
            ("GET", "/fund/v1/account/balance"),
            ("GET", "/swap/v3/user/balance"),
            ("GET", "/swap/v2/user/positions"),
            ("GET", "/swap/v2/user/income"),
            ("GET", "/swap/v2/trade/openOrders"),
            ("GET", "/swap/v2/trade/order"),
            ("POST", "/swap/v2/trade/order"),
            ("DELETE", "/swap/v2/trade/order"),
            ("GET", "/swap/v2/trade/allFillOrders"),
            ("GET", "/swap/v2/trade/leverage"),
            ("POST", "/swap/v2/trade/leverage"),
            ("GET", "/swap/v2/trade/marginType"),
            ("POST", "/swap/v2/trade/marginType"),
            ("GET", "/swap/v1/positionSide/dual"),
        )
    },
    silence_s={429: 60, 418: 300, 403: 300},
    options={"defaultType": "swap", "fetchCurrencies": False},
    error_keys=ErrorKeys(code=("code",), message=("msg", "message")),
    speech=SPEECH,
)
