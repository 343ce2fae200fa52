"""Gate: spot and USDT perpetuals, API v4. Read only: check, plan and dry run.

Sources: "docs" is gate.com/docs/developers/apiv4, "ccxt" the source of ccxt 4.5.90 and the sample replies in it,
"measured" what the real client put on the wire. Read 2026-11-25. What only a key can see is "unverified": no account of
Gate was asked.
"""

import re
from typing import Final

from bot.domain.account import MarginMode, Wallet
from bot.exchange.envelope import ErrorKeys, Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Movement, Orders, Positions, Speech

_OBJECT: Final = Shape.OBJECT
_LIST: Final = Shape.LIST
# measured: GET /futures/usdt/contracts/{contract} carries mark, index, funding and its interval
_CONTRACT: Final = Ask(
    call="fetch_funding_rate",
    each=True,
    paths={
        "mark": "markPrice",
        "index": "indexPrice",
        "rate": "fundingRate",
        "next_at": "fundingTimestamp",
        "interval": "interval",
    },
)
_OWN_ORDER: Final = {"settle": "usdt", "order_id": "t-{client_id}"}

SPEECH: Final = Speech(
    counts=Counts.CONTRACTS,  # docs: quanto_multiplier coins per contract, 0.0001 BTC; book and candles in contracts
    market_types={"types": ["spot", "swap"]},
    marks=_CONTRACT,
    funding=_CONTRACT,
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(20, 50, 100, 300),  # ccxt: at most 300 on futures
    candle_page=1000,
    candle_params={},
    candles_until="until",
    funding_page=1000,
    funding_window_d=90,  # docs: at most 1000 rows, between `from` and `to`
    balances=Ask(call="fetch_balance", params={"type": "spot"}),  # unverified
    funding_wallet=None,
    one_wallet=False,
    collateral=Collateral(  # unverified; docs, "Query futures account"; ccxt wraps the answer in a list
        ask=Ask(call="fetch_balance", params={"type": "swap"}),
        rows="",
        currency="currency",
        wallet="total",
        unrealised="unrealised_pnl",
        initial=("position_initial_margin", "order_margin"),
        maintenance="maintenance_margin",
        withdrawable="available",
    ),
    positions=Positions(  # unverified; ccxt: rows of size 0 are included, side None
        ask=Ask(call="fetch_positions", params={"settle": "usdt"}),
        bound="info.margin",
        bound_has_profit=False,
        one_way={"info.mode": "single"},
    ),
    orders=Orders(  # unverified, and never sent
        client_id="text",
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        look_up=(LookUp(call="privateFuturesGetSettleOrdersOrderId", params=_OWN_ORDER, rows=""),),
        cancel=LookUp(call="privateFuturesDeleteSettleOrdersOrderId", params=_OWN_ORDER, rows=""),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders", params={"type": "swap", "settle": "usdt"}),
        fills=Ask(call="fetch_my_trades"),
        fills_page=100,
        fills_window_d=30,
    ),
    leverage=Leverage(  # unverified; venues without a call of its own: the position tells
        read=Ask(call="fetch_position", paths={"leverage": "leverage"}),
        mode=Ask(call="fetch_position", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={"marginMode": "cross"},
        isolated={"marginMode": "isolated"},
        set_mode=None,
    ),
    position_mode=None,  # shown by the mode of every position
    position_modes={},
    brackets=Ask(call="fetch_market_leverage_tiers", each=True),
    movement=Movement(wallets={Wallet.SPOT: "spot", Wallet.FUTURES: "swap"}, listed=()),
    income=None,
    funding_sign=1,
    rights=None,
)

QUIRKS: Final = Quirks(
    id="gate",
    read_on="2026-11-25",
    hosts_live=frozenset({"api.gateio.ws"}),  # ccxt urls.api
    hosts_demo=frozenset(),
    reads_only=True,
    client_id_pattern=re.compile(r"^[A-Za-su-z0-9][A-Za-z0-9]{0,27}$"),  # docs: 28 after "t-"; ccxt adds it unless "t"
    quarantine_s=60,
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset(),  # a good answer has no label
        refused=frozenset(),  # nothing is sent that could be refused
        duplicate=frozenset(),
        already_so=frozenset(),
        not_executed=frozenset({"TOO_MANY_REQUESTS"}),
        clock=frozenset({"REQUEST_EXPIRED"}),
        key=frozenset(
            {
                "INVALID_KEY",
                "INVALID_SIGNATURE",
                "MISSING_REQUIRED_HEADER",
                "IP_FORBIDDEN",
                "READ_ONLY",
                "FORBIDDEN",
            }
        ),
        order_absent=frozenset({"ORDER_NOT_FOUND"}),
        symbol_absent=frozenset({"CONTRACT_NOT_FOUND", "INVALID_CURRENCY_PAIR"}),
        transient=frozenset({"SERVER_ERROR", "INTERNAL", "TOO_BUSY", "TOO_MANY_REQUESTS"}),
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset(),
    expected={
        "GET /api/v4/spot/time": Expected(shape=_OBJECT, keys=("server_time",)),
        "GET /api/v4/spot/currency_pairs": Expected(shape=_LIST, keys=("id", "base", "quote")),
        "GET /api/v4/spot/tickers": Expected(shape=_LIST, keys=("currency_pair",)),
        "GET /api/v4/spot/candlesticks": Expected(shape=_LIST),
        "GET /api/v4/spot/accounts": Expected(shape=_LIST, keys=("currency", "available")),
        "GET /api/v4/futures/usdt/contracts": Expected(shape=_LIST, keys=("name", "quanto_multiplier", "mark_price")),
        "GET /api/v4/futures/usdt/accounts": Expected(shape=_OBJECT, keys=("currency", "total")),
        "GET /api/v4/futures/usdt/positions": Expected(shape=_LIST, keys=("contract", "size")),
        "GET /api/v4/futures/usdt/order_book": Expected(shape=_OBJECT, keys=("current", "asks", "bids")),
        "GET /api/v4/futures/usdt/candlesticks": Expected(shape=_LIST, keys=("t", "o", "h", "l", "c")),
        "GET /api/v4/futures/usdt/funding_rate": Expected(shape=_LIST, keys=("t", "r")),
    },
    silence_s={429: 30, 403: 600},
    # measured: without unifiedAccount every keyed start asks a private page first and keeps a failure as "no"
    options={
        "defaultType": "swap",
        "unifiedAccount": False,
        "fetchMarkets": SPEECH.market_types,
        "swap": {"fetchMarkets": {"settlementCurrencies": ["usdt"]}},
    },
    error_keys=ErrorKeys(code=("label",), message=("message", "detail"), worded=True),
    speech=SPEECH,
)
