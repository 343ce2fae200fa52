"""Bitget: spot and USDT perpetuals of the classic account, v2 API. Read only: check, plan and dry run.

Sources: "docs" is bitget.com/api-doc, "ccxt" the source of ccxt 4.5.90 and the sample replies in it, "measured" what
the real client put on the wire. Read 2026-11-25. What only a key can see is "unverified": no account of Bitget was
asked, and accounts of the newer unified kind answer other pages.
"""

import re
from typing import Final

from bot.domain.account import MarginMode, PositionMode, Wallet
from bot.exchange.envelope import Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Movement, Orders, Positions, Speech

_ANSWER: Final = Expected(shape=Shape.OBJECT, keys=("code", "data"))
_LINEAR: Final = {"productType": "USDT-FUTURES"}
_OWN_ORDER: Final = {**_LINEAR, "symbol": "{market}", "clientOid": "{client_id}"}

SPEECH: Final = Speech(
    counts=Counts.COINS,  # ccxt: contractSize 1, sizes in coins
    market_types={"types": ["spot", "swap"]},
    marks=Ask(call="fetch_tickers", paths={"mark": "markPrice", "index": "indexPrice", "at": "timestamp"}),
    funding=Ask(
        call="fetch_funding_rate",
        each=True,
        # docs, "Get Current Funding Rate": fundingRateInterval in hours, nextUpdate
        paths={"rate": "fundingRate", "next_at": "fundingTimestamp", "interval": "interval"},
    ),
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(5, 15, 50),  # docs, "Get Merge Depth": 1, 5, 15, 50 or max
    candle_page=200,  # ccxt: 200 of the older ones
    candle_params={},
    candles_until="until",
    funding_page=100,  # docs, newest first by page; ccxt asks for the first page: about a month
    balances=Ask(call="fetch_balance", params={"type": "spot"}),  # unverified
    funding_wallet=None,  # measured: ccxt has no funding accounts here
    one_wallet=False,
    collateral=Collateral(  # unverified; docs, "Get Account List"
        ask=Ask(call="fetch_balance", params={"type": "swap", **_LINEAR}),
        rows="",
        currency="marginCoin",
        wallet="accountEquity",
        unrealised="unrealizedPL",
        initial=("crossedMargin", "isolatedMargin", "locked"),
        maintenance=None,
        withdrawable="maxTransferOut",
        wallet_has_profit=True,
    ),
    positions=Positions(  # unverified
        ask=Ask(call="fetch_positions", params=_LINEAR),
        bound="info.marginSize",
        bound_has_profit=False,
        one_way={"info.posMode": "one_way_mode"},
    ),
    orders=Orders(  # unverified, and never sent
        client_id="clientOrderId",
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        look_up=(LookUp(call="privateMixGetV2MixOrderDetail", params=_OWN_ORDER, rows="data"),),
        cancel=LookUp(call="privateMixPostV2MixOrderCancelOrder", params=_OWN_ORDER, rows="data"),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders", params={"type": "swap", **_LINEAR}),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=7,
        cross={"marginMode": "cross"},
        isolated={"marginMode": "isolated"},
    ),
    leverage=Leverage(  # unverified
        read=Ask(call="fetch_leverage", paths={"leverage": "shortLeverage"}),
        mode=Ask(call="fetch_leverage", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={},
        isolated={},
        set_mode={},
    ),
    # unverified; docs, "Get Single Account"
    position_mode=LookUp(
        call="privateMixGetV2MixAccountAccount",
        params={**_LINEAR, "symbol": "{market}", "marginCoin": "{quote}"},
        rows="data.posMode",
    ),
    position_modes={"one_way_mode": PositionMode.ONE_WAY, "hedge_mode": PositionMode.HEDGE},
    brackets=Ask(call="fetch_market_leverage_tiers", each=True),
    movement=Movement(wallets={Wallet.SPOT: "spot", Wallet.FUTURES: "swap"}, listed=()),
    income=None,
    funding_sign=1,
    rights=None,
)

QUIRKS: Final = Quirks(
    id="bitget",
    read_on="2026-11-25",
    hosts_live=frozenset({"api.bitget.com"}),  # ccxt urls.api with hostname bitget.com
    hosts_demo=frozenset(),
    reads_only=True,
    client_id_pattern=re.compile(r"^[A-Za-z0-9_-]{1,40}$"),
    quarantine_s=60,
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset({"00000"}),
        refused=frozenset(),  # nothing is sent that could be refused
        duplicate=frozenset({"40786"}),
        already_so=frozenset(),
        not_executed=frozenset({"429"}),
        clock=frozenset({"40004", "40005", "40008"}),
        key=frozenset({"40001", "40002", "40003", "40006", "40009", "40011", "40012", "40014", "40018", "40037"}),
        order_absent=frozenset({"40109", "43001"}),
        symbol_absent=frozenset({"40034", "40309"}),
        transient=frozenset({"429", "40010", "40015", "40200", "40725", "45001"}),
    ),
    reads_by_post=frozenset(),
    # ccxt api: listed as GET, named like acts; none is needed, so none is let out
    writes_by_get=frozenset(
        {
            "/api/v2/mix/account/switch-union-usdt",
            "/api/v3/account/pre-set-leverage",
            "/api/v3/account/switch-status",
        }
    ),
    expected={
        f"GET /api/v2{path}": _ANSWER
        for path in (
            "/public/time",
            "/spot/public/symbols",
            "/spot/market/tickers",
            "/spot/market/candles",
            "/spot/account/assets",
            "/margin/currencies",
            "/mix/market/contracts",
            "/mix/market/tickers",
            "/mix/market/merge-depth",
            "/mix/market/candles",
            "/mix/market/history-candles",
            "/mix/market/current-fund-rate",
            "/mix/market/history-fund-rate",
            "/mix/market/query-position-lever",
            "/mix/account/account",
            "/mix/account/accounts",
            "/mix/position/all-position",
            "/mix/order/orders-pending",
        )
    },
    silence_s={429: 30, 403: 600},
    # measured: without `uta` most calls, public ones too, first ask /v3/account/settings and keep a failure as "no"
    options={"defaultType": "swap", "uta": False, "fetchMarkets": SPEECH.market_types},
    speech=SPEECH,
)
