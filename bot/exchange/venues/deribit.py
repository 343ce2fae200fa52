"""Deribit: perpetuals in USDC, and coin-margined ones counted in US dollars. Read only: check, plan and dry run.

Sources: "docs" is docs.deribit.com, "ccxt" the source of ccxt 4.5.90 and the sample replies in it, "measured" what the
real client put on the wire. Read 2026-11-25. What only a key can see is "unverified": no account of Deribit was asked.
"""

import re
from decimal import Decimal
from typing import Final

from bot.domain.account import MarginMode
from bot.exchange.envelope import ErrorKeys, Expected, Shape
from bot.exchange.quirks import Codes, Quirks
from bot.exchange.speech import Ask, Collateral, Counts, Leverage, LookUp, Orders, Positions, Speech

_ANSWER: Final = Expected(shape=Shape.OBJECT, keys=("result",))  # docs, "JSON-RPC": result or error
_BY_LABEL: Final = LookUp(
    call="privateGetGetOrderStateByLabel",
    params={"currency": "{base}", "label": "{client_id}"},
    rows="result",
    of_list=True,
)

SPEECH: Final = Speech(
    counts=Counts.COINS,  # docs: amount of a linear future is coins
    inverse_unit=Decimal(1),  # docs: amount of an inverse one is US dollars; contractSize 10 is no factor
    market_types={"fetchAllMarkets": True},
    marks=Ask(call="fetch_ticker", each=True, paths={"mark": "markPrice", "index": "indexPrice", "at": "timestamp"}),
    # docs: funding runs continuously; what the last eight hours came to is told, and every hour is settled by itself
    funding=Ask(call="fetch_funding_rate", each=True, paths={"rate": "fundingRate", "interval": "interval"}),
    paid_every_h=Decimal(1),
    # docs, "get_volatility_index_data": DVOL in points, rows of time, open, high, low, close
    implied=LookUp(
        call="publicGetGetVolatilityIndexData",
        params={
            "currency": "{asset}",
            "start_timestamp": "{since_ms}",
            "end_timestamp": "{until_ms}",
            "resolution": "3600",
        },
        rows="result.data",
    ),
    implied_assets=frozenset({"BTC", "ETH"}),
    history_rate="info.interest_1h",  # ccxt passes on interest_8h of every hour, eight times what was paid
    spot_prices=Ask(call="fetch_ticker", each=True, paths={"bid": "bid", "ask": "ask"}),
    depths=(5, 10, 20, 50, 100, 1000),  # docs, "get_order_book": depth
    candle_page=1000,
    candle_params={},
    candles_until="until",
    funding_page=500,  # ccxt asks for a month, 720 hours
    balances=Ask(call="fetch_balance"),  # unverified; ccxt: total is the equity of each currency
    funding_wallet=None,
    one_wallet=True,
    collateral=Collateral(  # unverified; docs, "get_account_summaries"
        ask=Ask(call="fetch_balance"),
        rows="summaries",
        currency="currency",
        wallet="balance",
        unrealised="futures_session_upl",
        initial=("initial_margin",),
        maintenance="maintenance_margin",
        withdrawable="available_withdrawal_funds",
    ),
    # unverified; ccxt: size as the venue writes it, below zero for shorts; a flat row says "short"
    positions=Positions(ask=Ask(call="fetch_positions"), updated_at=None),
    orders=Orders(  # unverified, and never sent
        client_id="label",
        params={"timeInForce": "IOC"},
        opening={},
        closing={"reduceOnly": True},
        look_up=(_BY_LABEL,),
        cancel=LookUp(call="privateGetCancelByLabel", params={"label": "{client_id}"}, rows="result"),
        echo="clientOrderId",
        open_orders=Ask(call="fetch_open_orders", each=True),
        fills=Ask(call="fetch_my_trades"),
        fills_page=1000,
        fills_window_d=30,
    ),
    leverage=Leverage(  # unverified; ccxt: neither leverage nor margin mode can be set
        read=Ask(call="fetch_position", paths={"leverage": "leverage"}),
        mode=Ask(call="fetch_position", paths={"mode": "marginMode"}),
        modes={"None": MarginMode.CROSS},
        set_leverage=({},),
        cross={},
        isolated={},
        set_mode=None,
    ),
    position_mode=None,  # docs: one-way only
    position_modes={},
    brackets=None,  # ccxt: no fetchLeverageTiers; the cautious tier stands in for them
    movement=None,
    income=None,
    funding_sign=1,
    rights=None,
)

# ccxt api.private.get: what changes something there although it is a GET. A test compares the list with ccxt's own.
_WRITES: Final = (
    "add_to_address_book", "approve_block_trade", "buy", "cancel", "cancel_all", "cancel_all_by_currency",
    "cancel_all_by_instrument", "cancel_by_label", "cancel_quotes", "cancel_transfer_by_id", "cancel_withdrawal",
    "change_api_key_name", "change_scope_in_api_key", "change_subaccount_name", "close_position",
    "create_api_key", "create_deposit_address", "create_subaccount", "disable_api_key",
    "disable_cancel_on_disconnect", "disable_tfa_for_subaccount", "edit", "edit_by_label",
    "enable_affiliate_program", "enable_api_key", "enable_cancel_on_disconnect", "execute_block_trade",
    "invalidate_block_trade_signature", "logout", "mass_quote", "move_positions", "reject_block_trade",
    "remove_api_key", "remove_from_address_book", "remove_subaccount", "reset_api_key", "reset_mmp", "sell",
    "set_announcement_as_read", "set_api_key_as_default", "set_clearance_originator",
    "set_disabled_trading_products", "set_email_for_subaccount", "set_email_language", "set_mmp_config",
    "set_password_for_subaccount", "submit_transfer_to_subaccount", "submit_transfer_to_user", "subscribe",
    "toggle_notifications_from_subaccount", "toggle_subaccount_login", "unsubscribe", "unsubscribe_all",
    "update_in_address_book", "withdraw",
)  # fmt: skip

QUIRKS: Final = Quirks(
    id="deribit",
    read_on="2026-11-25",
    hosts_live=frozenset({"www.deribit.com"}),  # ccxt urls.api
    hosts_demo=frozenset(),
    reads_only=True,
    client_id_pattern=re.compile(r"^[A-Za-z0-9_-]{1,64}$"),  # docs, label
    quarantine_s=60,
    recv_window_ms=0,
    market_types={"linear-perpetual": ("linear",), "inverse-perpetual": ("inverse",)},
    codes=Codes(
        success=frozenset(),  # a good answer has no error
        refused=frozenset(),  # nothing is sent that could be refused
        duplicate=frozenset(),
        already_so=frozenset(),
        not_executed=frozenset({"10028"}),
        clock=frozenset(),
        key=frozenset({"13004", "13009", "13021", "13403", "13668"}),
        order_absent=frozenset({"10004", "11044"}),
        symbol_absent=frozenset({"13020", "-32602"}),
        transient=frozenset({"10028", "10040", "10041", "10047", "11051", "11094", "13028", "13503", "13888"}),
    ),
    reads_by_post=frozenset(),
    writes_by_get=frozenset(f"/api/v2/private/{name}" for name in _WRITES)  # measured: orders are sent by GET
    | {f"/api/v2/public/{name}" for name in ("auth", "exchange_token", "fork_token", "set_heartbeat")},
    expected={
        f"GET /api/v2/{path}": _ANSWER
        for path in (
            "public/get_time",
            "public/get_instruments",
            "public/ticker",
            "public/get_funding_rate_value",
            "public/get_funding_rate_history",
            "public/get_order_book",
            "public/get_tradingview_chart_data",
            "private/get_account_summaries",
            "private/get_positions",
        )
    },
    silence_s={429: 30, 403: 600},
    options={"defaultType": "swap", "fetchMarkets": SPEECH.market_types},
    error_keys=ErrorKeys(code=("code",), message=("message",), inside="error"),
    speech=SPEECH,
)
