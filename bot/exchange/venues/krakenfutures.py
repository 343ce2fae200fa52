"""Kraken Futures: perpetuals in US dollars (PF_) and coin-margined ones (PI_), v3 API. Read only: check, plan, dry run.

Sources: "docs" is docs.kraken.com/api/docs/futures-api, "ccxt" the source of ccxt 4.5.90 and the sample replies in it,
"measured" what the real client put on the wire. Read 2026-11-25. What only a key can see is "unverified": no account of
Kraken was asked.
"""

import re
from typing import Final

from bot.domain.account import MarginMode
from bot.exchange.envelope import ErrorKeys, Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Orders, Positions, Speech

_OBJECT: Final = Shape.OBJECT
# ccxt: one page of tickers carries mark, index and funding; its fundingRate is in dollars a coin and is divided by the
# mark. The time in it is that of the last trade, which on a quiet market is hours ago: the reply itself counts as now.
_TICKERS: Final = Ask(
    call="fetch_funding_rates",
    paths={"mark": "markPrice", "index": "indexPrice", "rate": "fundingRate", "interval": "interval"},
)
_OWN_ORDER: Final = {"cliOrdIds": "{client_id}"}

SPEECH: Final = Speech(
    counts=Counts.COINS,  # docs: a PF_ contract is one coin; a PI_ one is one dollar
    market_types={},
    marks=_TICKERS,
    funding=_TICKERS,
    spot_prices=None,  # this host has no spot: the index of the perpetual stands for it
    depths=(100,),  # measured: no depth is asked for, the whole book is answered
    candle_page=2000,  # ccxt: window of 2000
    candle_params={},
    candles_until=None,
    funding_page=10_000,  # docs: every settled rate there is, in one answer
    balances=Ask(call="fetch_balance", params={"type": "cash"}),  # unverified; docs: coins that back nothing
    funding_wallet=None,
    one_wallet=False,
    collateral=Collateral(  # unverified; docs, "Get Wallets", the multi-collateral wallet
        ask=Ask(call="fetch_balance", params={"type": "flex"}),
        rows="accounts.flex.currencies",
        currency="currency",
        wallet="quantity",
        unrealised="pnl",  # told for the wallet as a whole only; what is open is counted by the positions
        initial=(),
        maintenance=None,
        withdrawable="available",
    ),
    positions=Positions(ask=Ask(call="fetch_positions"), mark=None, updated_at=None),  # unverified; no mark in the rows
    orders=Orders(  # unverified, and never sent
        client_id="cliOrdId",
        params={"timeInForce": "ioc"},  # measured: "IOC" would rest
        opening={},
        closing={"reduceOnly": True},
        look_up=(LookUp(call="privatePostOrdersStatus", params=_OWN_ORDER, rows="orders.0.order"),),
        cancel=LookUp(call="privatePostCancelorder", params={"cliOrdId": "{client_id}"}, rows="cancelStatus"),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders"),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=30,
    ),
    leverage=Leverage(  # unverified; docs: a leverage preference makes the market isolated
        read=Ask(call="fetch_leverage", paths={"leverage": "shortLeverage"}),
        mode=Ask(call="fetch_leverage", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={},
        isolated={},
        set_mode=None,
    ),
    position_mode=None,  # docs: one-way only
    position_modes={},
    brackets=None,  # unverified levels in the market table are left alone; the cautious tier stands in for them
    movement=None,
    income=None,
    funding_sign=1,
    rights=None,
    time_call=None,  # ccxt: no fetchTime; this machine's clock is all there is
)

QUIRKS: Final = Quirks(
    id="krakenfutures",
    read_on="2026-11-25",
    hosts_live=frozenset({"futures.kraken.com"}),  # ccxt urls.api; every entry ends with a slash
    hosts_demo=frozenset(),
    reads_only=True,
    client_id_pattern=re.compile(r"^[A-Za-z0-9-]{1,100}$"),  # docs, cliOrdId
    quarantine_s=60,
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",), "inverse-perpetual": ("inverse",)},
    codes=Codes(
        success=frozenset(),  # a good answer has no error
        refused=frozenset(),  # nothing is sent that could be refused
        duplicate=frozenset(),
        already_so=frozenset(),
        not_executed=frozenset({"apiLimitExceeded"}),
        clock=frozenset({"nonceBelowThreshold", "nonceDuplicate"}),
        key=frozenset({"authenticationError", "accountInactive", "requiredArgumentMissing"}),
        order_absent=frozenset(),
        symbol_absent=frozenset({"contractNotFound"}),
        transient=frozenset({"Server Error", "Unavailable", "marketUnavailable", "apiLimitExceeded"}),
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset(),
    expected={
        "GET /derivatives/api/v3/instruments": Expected(shape=_OBJECT, keys=("instruments",)),
        "GET /derivatives/api/v3/tickers": Expected(shape=_OBJECT, keys=("tickers",)),
        "GET /derivatives/api/v3/orderbook": Expected(shape=_OBJECT, keys=("orderBook",)),
        "GET /derivatives/api/v3/historicalfundingrates": Expected(shape=_OBJECT, keys=("rates",)),
        "GET /derivatives/api/v4/historicalfundingrates": Expected(shape=_OBJECT, keys=("rates",)),
        "GET /derivatives/api/v3/accounts": Expected(shape=_OBJECT, keys=("accounts",)),
        "GET /derivatives/api/v3/openpositions": Expected(shape=_OBJECT, keys=("openPositions",)),
        "GET /derivatives/api/v3/openorders": Expected(shape=_OBJECT, keys=("openOrders",)),
    },
    silence_s={429: 30, 403: 600},
    silence_codes={"apiLimitExceeded": 10},
    options={"defaultType": "swap"},
    error_keys=ErrorKeys(code=("error",), message=("error",), worded=True),
    speech=SPEECH,
)
