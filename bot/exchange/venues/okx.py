"""OKX: spot and linear perpetuals of the trading account, v5 API. Read only: check, plan and dry run.

Sources: "docs" is okx.com/docs-v5, "ccxt" the source of ccxt 4.5.90 and the sample replies in it, "measured" what the
real client put on the wire. Read 2026-11-25. What only a key can see is "unverified": no account of OKX was asked.
"""

import re
from typing import Final

from bot.domain.account import MarginMode, PositionMode, Wallet
from bot.exchange.envelope import Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Movement, Orders, Positions, Speech

_ANSWER: Final = Expected(shape=Shape.OBJECT, keys=("code", "data"))  # docs, "Response": code, msg, data
_ACCOUNT: Final = Ask(call="fetch_balance", params={"type": "swap"})  # measured: one trading account for spot and swap
_OWN_ORDER: Final = {"instId": "{market}", "clOrdId": "{client_id}"}

SPEECH: Final = Speech(
    counts=Counts.CONTRACTS,  # docs, "Get instruments": ctVal coins per contract, 0.01 BTC; books are in contracts
    candle_counts=Counts.COINS,  # ccxt parse_ohlcv: volCcy, which is coins on linear swaps
    market_types={"types": ["spot", "swap"]},
    marks=Ask(call="fetch_mark_prices", paths={"mark": "markPrice", "at": "timestamp"}),
    # docs, "Get mark price" has no index; "Get index tickers" names it by the pair
    index=LookUp(call="publicGetMarketIndexTickers", params={"instId": "{base}-{quote}"}, rows="data.0.idxPx"),
    funding=Ask(
        call="fetch_funding_rate",
        each=True,
        # ccxt: the interval is nextFundingTime - fundingTime
        paths={"rate": "fundingRate", "next_at": "fundingTimestamp", "interval": "interval"},
    ),
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(20, 50, 100, 400),  # docs, "Get order book": up to 400
    candle_page=100,  # docs: 300 of the latest, 100 of the older ones
    candle_params={},
    candles_until="until",
    funding_page=100,
    history_before="after",  # docs, "Get funding rate history": newest first; `after` asks for older ones
    balances=_ACCOUNT,  # unverified
    funding_wallet=Ask(call="fetch_balance", params={"type": "funding"}),  # unverified
    one_wallet=True,
    collateral=Collateral(  # unverified; docs, "Get balance", details
        ask=_ACCOUNT,
        rows="data.0.details",
        currency="ccy",
        wallet="cashBal",
        unrealised="upl",
        initial=("imr",),
        maintenance="mmr",
        withdrawable=None,
    ),
    positions=Positions(  # unverified; ccxt parse_position: contracts, side None where flat
        ask=Ask(call="fetch_positions"),
        bound="info.margin",
        bound_has_profit=False,
        one_way={"info.posSide": "net"},
    ),
    orders=Orders(  # unverified, and never sent
        client_id="clientOrderId",
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        look_up=(LookUp(call="privateGetTradeOrder", params=_OWN_ORDER, rows="data", of_list=True),),
        cancel=LookUp(call="privatePostTradeCancelOrder", params=_OWN_ORDER, rows=""),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders", params={"instType": "SWAP"}),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=90,
        cross={"tdMode": "cross"},
        isolated={"tdMode": "isolated"},
    ),
    leverage=Leverage(  # unverified
        read=Ask(call="fetch_leverage", params={"marginMode": "cross"}, paths={"leverage": "shortLeverage"}),
        mode=Ask(call="fetch_leverage", params={"marginMode": "cross"}, paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={"mgnMode": "cross"},
        isolated={"mgnMode": "isolated"},
        set_mode=None,
    ),
    # unverified; docs, "Get account configuration"
    position_mode=LookUp(call="privateGetAccountConfig", params={}, rows="data.0.posMode"),
    position_modes={"net_mode": PositionMode.ONE_WAY, "long_short_mode": PositionMode.HEDGE},
    brackets=None,  # ccxt hands contracts (minSz, maxSz) on as money; the cautious tier stands in for them
    movement=Movement(wallets={Wallet.FUNDING: "funding", Wallet.FUTURES: "trading"}, listed=()),
    income=None,
    funding_sign=1,
    rights=None,
)

QUIRKS: Final = Quirks(
    id="okx",
    read_on="2026-11-25",
    hosts_live=frozenset({"www.okx.com"}),  # ccxt urls.api with hostname www.okx.com
    hosts_demo=frozenset(),
    reads_only=True,
    client_id_pattern=re.compile(r"^[A-Za-z0-9]{1,32}$"),  # docs, clOrdId
    quarantine_s=60,
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",), "inverse-perpetual": ("inverse",)},
    codes=Codes(
        success=frozenset({"0"}),
        refused=frozenset(),  # nothing is sent that could be refused
        duplicate=frozenset({"51016"}),
        already_so=frozenset(),
        not_executed=frozenset({"50011", "50013"}),
        clock=frozenset({"50102", "50112"}),
        key=frozenset({"50100", "50101", "50103", "50104", "50105", "50110", "50111", "50113", "50119", "50120"}),
        order_absent=frozenset({"51603"}),
        symbol_absent=frozenset({"51001"}),
        transient=frozenset({"50001", "50004", "50011", "50013", "50026"}),
    ),
    reads_by_post=frozenset(),
    # ccxt api: listed as GET, named like acts; none is needed, so none is let out
    writes_by_get=frozenset(
        {
            "/api/v5/account/precheck-set-delta-neutral",
            "/api/v5/account/set-account-switch-precheck",
            "/api/v5/account/set-auto-repay",
        }
    ),
    expected={
        f"GET /api/v5{path}": _ANSWER
        for path in (
            "/public/time",
            "/public/instruments",
            "/public/mark-price",
            "/public/funding-rate",
            "/public/funding-rate-history",
            "/public/position-tiers",
            "/market/index-tickers",
            "/market/ticker",
            "/market/books",
            "/market/candles",
            "/market/history-candles",
            "/account/balance",
            "/account/positions",
            "/account/config",
            "/asset/balances",
            "/trade/orders-pending",
        )
    },
    silence_s={429: 30, 403: 600},
    silence_codes={"50011": 2, "50061": 2},
    options={"defaultType": "swap", "fetchMarkets": SPEECH.market_types},
    speech=SPEECH,
)
