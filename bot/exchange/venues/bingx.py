"""BingX: spot, and linear perpetuals of the swap v2 API.

Sources: "docs" is bingx-api.github.io/docs-v3, "ccxt" the source of ccxt 4.5.90, "measured" what the real client put on
the wire, "recorded" a reply of the venue that somebody published (tests/exchange/recorded/bingx.json). Read 2026-11-25.
"""

import re
from dataclasses import replace
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
    # ccxt: GET /openApi/swap/v2/quote/premiumIndex; measured: fetch_mark_prices takes its rows for spot and loses them
    call="fetch_funding_rates",
    paths={
        "mark": "markPrice",
        "index": "indexPrice",
        # no time of the mark: updateTime, which ccxt shows as timestamp, is when the rate was settled last in ccxt's
        # sample (hours ago); unverified, and so not believed to be the mark's
        "rate": "fundingRate",
        "next_at": "nextFundingTimestamp",  # ccxt leaves fundingTimestamp empty
        "interval": "interval",
    },
)
_SWAP_BALANCE: Final = Ask(call="fetch_balance", params={"type": "swap"})
_OWN_ORDER: Final = {"symbol": "{market}", "clientOrderId": "{client_id}"}


_RIGHTS: Final = {"read": 2, "trade_futures": 3, "transfer": 4, "withdraw": 5}
_FLAGS: Final = {
    "read": "enableReading",
    "trade_futures": "enableFutures",
    "transfer": "permitsUniversalTransfer",
    "withdraw": "enableWithdrawals",
}


def rights(reply: object) -> KeyRights:
    """GET /openApi/v1/account/apiPermissions, which docs describe in two forms: numbers of rights, or flags.

    Its sister apiRestrictions tells nothing of withdrawals (recorded, docs), so it is not asked.
    """
    found = strict.row(reply)
    source = strict.row(found["data"]) if isinstance(found.get("data"), dict) else found
    numbers, told = source.get("permissions"), dict[str, bool | None]()
    for name, flag in _FLAGS.items():
        value = source.get(flag)
        told[name] = (
            _RIGHTS[name] in numbers if isinstance(numbers, list) else value if value in (True, False) else None
        )
    addresses, bound = source.get("ipAddresses"), source.get("ipRestrict")
    ip_restricted = bool(addresses) if isinstance(addresses, list) else bound if isinstance(bound, bool) else None
    return KeyRights(**told, ip_restricted=ip_restricted)


# docs, "Common Error Codes" and the lists of each endpoint; ccxt exceptions; recorded: 100404, 109415, 109420 (position
# not exist). Decided by validation or by the account's means, final. Left out on purpose, because the same number is
# also given for a broken line behind the gateway: 80001 "service has some errors", 80012 "connection refused", 109414
# "request failed", 109500; and every number whose meaning could not be traced.
_REFUSED: Final = frozenset({
    "80013", "80014", "80016", "80017", "80018", "80020", "100202", "100204", "100400", "100404", "100414", "100421",
    "100490", "101204", "101205", "101209", "101211", "101212", "101215", "101253", "101290", "101400", "101414",
    "101415", "101419", "101424", "101460", "101514", "101515", "109400", "109401", "109415", "109418", "109420",
    "109421", "109425", "110400", "110406", "110407", "110411", "110412", "110413", "110425",
})  # fmt: skip

_BUSY: Final = frozenset({
    "100410", "109429", "100500", "100440", "100503", "101500", "109414", "109500", "110500", "500", "504", "80012",
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
        named=LookUp(  # docs, "Query Order history": the last seven days where no time is named
            call="swapV2PrivateGetTradeAllOrders",
            params={"symbol": "{market}", "limit": "100"},
            rows="data.orders",
            ours="clientOrderId",
        ),
        named_at="time",
        open_orders=Ask(call="fetch_open_orders", params={"type": "swap"}),  # measured: without it the spot list comes
        # ccxt reads allFillOrders, whose rows have no id and whose filledTm is China's time that claims to be UTC
        # (docs' own sample); fillHistory has ids and an offset, always counts in coins, and asks for Read only
        fills=Ask(call="fetch_my_trades", params={"tradingUnit": "COIN"}),
        fill_pages=LookUp(
            call="swapV2PrivateGetTradeFillHistory",
            params={
                "symbol": "{market}",
                "startTs": "{since}",
                "endTs": "{until}",
                "pageIndex": "{page}",
                "pageSize": "1000",
            },
            rows="data.fill_history_orders",  # recorded
        ),
        fill_time="info.filledTime",  # recorded: 2026-09-18T02:39:57.000+08:00
        fills_page=1000,
        fills_window_d=7,  # ccxt features: fillHistory reaches over 7 days at once
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
    # ccxt: no fetchLeverageTiers, but tiers of one market from maintMarginRatio, without the leverage each allows
    brackets=Ask(call="fetch_market_leverage_tiers", each=True),
    tier_floors_told=False,  # unverified whether a tier begins where the one below ends, to the last digit
    movement=Movement(
        # ccxt accountsById: USDTMPerp comes back as "linear", never as "swap"
        wallets={Wallet.SPOT: "spot", Wallet.FUTURES: "linear"},
        amount="amount",  # docs; ccxt: what is given in params goes over what it made itself
        listed=(
            Ask(call="fetch_transfers", params={"fromAccount": "spot", "toAccount": "linear"}),
            Ask(call="fetch_transfers", params={"fromAccount": "linear", "toAccount": "spot"}),
        ),
    ),
    income=Ask(call="fetch_funding_history", params={"limit": 1000}),  # docs: 100 unless asked for more
    income_window_d=7,  # docs: seven days unless both times are given; which rows a full answer drops is unverified
    income_page=1000,
    demo_settle="VST",  # published by users of the demo: its balance names VST where the live one names USDT
    demo_has_spot=False,  # ccxt fetch_markets: the sandbox is swap only
    funding_sign=1,  # ccxt: income is positive when it was received
    rights=("accountV1PrivateGetAccountApiPermissions", rights),
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
        not_executed=frozenset({"100410", "109429"}),  # docs: rate limited; recorded: 109429 says the same
        # docs: 100421 and 80014; recorded: 109400 "timestamp is invalid". Each of them has other meanings as well (a
        # pair closed to the API, a wrong parameter), so the words decide
        clock=frozenset({"100421", "80014", "109400"}),
        clock_word="timestamp",
        key=frozenset({"100001", "100004", "100412", "100413", "100419"}),
        order_absent=frozenset({"80016", "109421"}),  # docs, "Query Order details"; 80017 is about positions
        symbol_absent=frozenset({"109425", "109418"}),
        # docs: busy and internal errors; what became of a write is not known then
        transient=_BUSY,
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset({"/openApi/swap/v1/trade/batchCancelReplace"}),  # ccxt lists it under GET
    expected={
        f"{method} /openApi{path}": _ANSWER
        for method, path in (
            ("GET", "/swap/v2/server/time"),
            ("GET", "/swap/v2/quote/contracts"),
            ("GET", "/spot/v1/common/symbols"),
            ("GET", "/swap/v2/quote/depth"),
            ("GET", "/swap/v3/quote/klines"),
            ("GET", "/spot/v1/market/kline"),
            ("GET", "/fund/v1/account/balance"),
            ("GET", "/swap/v3/user/balance"),
            ("GET", "/swap/v2/user/income"),
            ("GET", "/swap/v2/trade/order"),
            ("POST", "/swap/v2/trade/order"),
            ("DELETE", "/swap/v2/trade/order"),
            ("GET", "/swap/v2/trade/allOrders"),
            ("GET", "/swap/v2/trade/fillHistory"),
            ("GET", "/swap/v2/quote/fundingRate"),
            ("GET", "/swap/v1/maintMarginRatio"),
            ("GET", "/spot/v1/ticker/24hr"),
            ("POST", "/api/asset/v1/transfer"),
            ("GET", "/swap/v2/trade/leverage"),
            ("POST", "/swap/v2/trade/leverage"),
            ("GET", "/swap/v2/trade/marginType"),
            ("POST", "/swap/v2/trade/marginType"),
            ("GET", "/swap/v1/positionSide/dual"),
        )
    }
    | {
        f"GET /openApi{path}": replace(_ANSWER, list_at=rows)  # docs: samples of empty answers have the list, too
        for path, rows in (
            ("/swap/v2/user/positions", "data"),
            ("/swap/v2/trade/openOrders", "data.orders"),
            ("/spot/v1/account/balance", "data.balances"),
        )
    }
    | {"GET /openApi/swap/v2/quote/premiumIndex": replace(_ANSWER, once_at="data.symbol")}
    # ccxt's sample: no envelope here, so an empty object would pass for "nothing was ever moved"
    | {"GET /openApi/api/v3/asset/transferRecord": Expected(shape=Shape.OBJECT, keys=("rows",))},
    silence_s={429: 60, 418: 300, 403: 300},
    # docs: limits by the second for every path (marginType 2, leverage 5), which ccxt's weights mirror: ten a second
    limit_window_ms=1100,
    silence_codes={
        "100410": 300,
        "109429": 300,
    },  # docs, "Rate limit": recovers after 5 minutes; the words name the millisecond
    options={"defaultType": "swap", "fetchCurrencies": False},
    error_keys=ErrorKeys(code=("code",), message=("msg", "message")),
    speech=SPEECH,
)
