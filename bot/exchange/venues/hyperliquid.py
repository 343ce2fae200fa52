"""Hyperliquid: perpetuals in USDC, the /info page alone. Read only: check, plan and dry run.

Sources: "docs" is hyperliquid.gitbook.io, "ccxt" the source of ccxt 4.5.90 and the sample replies in it, "measured"
what the real client put on the wire. Read 2026-11-25. What only an account can see is "unverified": none was asked.
ccxt signs a builder's fee and a referral with the first private call; its client is kept from both (`side_effects`),
and nothing but /info can be reached.
"""

import re
from typing import Final

from bot.domain.account import MarginMode, Wallet
from bot.exchange.envelope import Expected
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Movement, Orders, Positions, Speech

# ccxt: metaAndAssetCtxs carries markPx, oraclePx and the rate of the coming hour of every perpetual
_CONTEXTS: Final = Ask(
    call="fetch_funding_rates",
    paths={
        "mark": "markPrice",
        "index": "indexPrice",
        "rate": "fundingRate",
        "next_at": "fundingTimestamp",
        "interval": "interval",  # docs, "Funding": paid every hour
    },
)
_BY_ID: Final = LookUp(call="publicPostInfo", params={"type": "orderStatus", "oid": "{client_id}"}, rows="order.order")

SPEECH: Final = Speech(
    counts=Counts.COINS,  # ccxt: contractSize 1
    market_types={"types": ["swap"]},  # spot names of bridged coins (UBTC) are not the coins' own: not asked for
    marks=_CONTEXTS,
    funding=_CONTEXTS,
    spot_prices=None,  # the oracle price, a median of spot exchanges (docs, "Oracle"), stands for it
    depths=(20,),  # docs, "L2 Book Snapshot": at most twenty levels
    candle_page=1000,  # docs: the latest 5000 at most
    candle_params={},
    candles_until="until",
    funding_page=500,  # docs: at most 500, oldest first
    balances=Ask(call="fetch_balance", params={"type": "spot"}),  # unverified
    funding_wallet=None,
    one_wallet=False,
    collateral=Collateral(  # unverified, and never asked: no key is taken for it, so no account is read
        ask=Ask(call="fetch_balance", params={"type": "swap"}),
        rows="marginSummary",
        currency="currency",
        wallet="accountValue",
        unrealised="unrealised",
        initial=("totalMarginUsed",),
        maintenance=None,
        withdrawable=None,
    ),
    positions=Positions(ask=Ask(call="fetch_positions"), updated_at=None),  # unverified; ccxt: mark is value / size
    orders=Orders(  # unverified, and never sent
        client_id="clientOrderId",
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        look_up=(_BY_ID,),
        cancel=LookUp(call="privatePostExchange", params={"cloid": "{client_id}"}, rows=""),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders"),
        fills=Ask(call="fetch_my_trades"),
        fills_page=2000,
        fills_window_d=30,
    ),
    leverage=Leverage(  # unverified
        read=Ask(call="fetch_position", paths={"leverage": "leverage"}),
        mode=Ask(call="fetch_position", paths={"mode": "marginMode"}),
        modes={"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED},
        set_leverage=({},),
        cross={"marginMode": "cross"},
        isolated={"marginMode": "isolated"},
        set_mode=None,
    ),
    position_mode=None,  # docs: one-way only
    position_modes={},
    brackets=None,  # ccxt: no fetchLeverageTiers; the cautious tier stands in for them
    movement=Movement(wallets={Wallet.SPOT: "spot", Wallet.FUTURES: "swap"}, listed=()),
    income=None,
    funding_sign=1,
    rights=None,
)

QUIRKS: Final = Quirks(
    id="hyperliquid",
    read_on="2026-11-25",
    hosts_live=frozenset({"api.hyperliquid.xyz"}),  # ccxt urls.api with hostname hyperliquid.xyz
    hosts_demo=frozenset(),
    reads_only=True,
    client_id_pattern=re.compile(r"^0x[0-9a-f]{32}$"),  # docs, cloid: 128 bits
    quarantine_s=60,
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",)},
    codes=Codes(
        success=frozenset(),  # errors are plain text with a status, which is no answer
        refused=frozenset(),  # nothing is sent that could be refused
        duplicate=frozenset(),
        already_so=frozenset(),
        not_executed=frozenset(),
        clock=frozenset(),
        key=frozenset(),
        order_absent=frozenset(),
        symbol_absent=frozenset(),
        transient=frozenset(),
    ),
    reads_by_post=frozenset({"/info"}),  # measured: every question is a POST; /exchange is where everything is changed
    writes_by_get=frozenset(),
    expected={"POST /info": Expected()},  # one path for every question, lists and objects
    silence_s={429: 30, 403: 600},
    options={"defaultType": "swap", "builderFee": False, "fetchMarkets": SPEECH.market_types},
    side_effects=("initialize_client",),  # measured: with a key it signs approveBuilderFee and setReferrer
    speech=SPEECH,
)
