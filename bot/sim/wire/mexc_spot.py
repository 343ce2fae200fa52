"""MEXC's spot account: balances, orders, trades, transfers to and from futures, and what a key may do."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from bot.sim.model import Listing, Rejected, SideName, SimOrder, TimeInForce, WalletName
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.mexc_call import Call, Json, Row
from bot.sim.wire.mexc_errors import VenueError, malformed, order_not_found, translated
from bot.sim.wire.numbers import milliseconds, plain

_WALLETS: dict[str, WalletName] = {"SPOT": "spot", "FUTURES": "futures"}
_NAMES = {wallet: name for name, wallet in _WALLETS.items()}
_KINDS: dict[str, tuple[Literal["LIMIT", "MARKET"], TimeInForce]] = {
    "LIMIT": ("LIMIT", "GTC"),
    "LIMIT_MAKER": ("LIMIT", "GTX"),
    "IMMEDIATE_OR_CANCEL": ("LIMIT", "IOC"),
    "FILL_OR_KILL": ("LIMIT", "FOK"),
    "MARKET": ("MARKET", "IOC"),
}
_KIND_NAMES = {"GTC": "LIMIT", "GTX": "LIMIT_MAKER", "IOC": "IMMEDIATE_OR_CANCEL", "FOK": "FILL_OR_KILL"}
_CLIENT_ID = re.compile(r"[0-9A-Za-z_-]{1,32}")
_ZERO = Decimal(0)
_MONTH = timedelta(days=30)


def account(call: Call) -> Json:
    """GET account: coins that are there; the flags are the account's, not the key's."""
    return {
        "makerCommission": None,
        "takerCommission": None,
        "buyerCommission": None,
        "sellerCommission": None,
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "updateTime": None,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": plain(free), "locked": plain(locked), "available": plain(free)}
            for asset, (free, locked) in sorted(call.engine.wallet(call.account, "spot").items())
            if free or locked
        ],
        "permissions": ["SPOT"],
    }


def key_info(call: Call) -> Json:
    """GET apiKeyInfo: the rights of the key that is named in the query; only the owner's own are told."""
    key = call.key
    if key is None or call.parameters.required("accessKey") != key.key:
        raise VenueError(730706, "API KEY information does not exist")
    return {
        "note": "localnet",
        "accessKey": key.key,
        "createTime": "2026-01-01T00:00:00.000+00:00",
        "permissions": ",".join(_permissions(key)),
        "remainingValidity": 82,
        "ipWhiteList": "127.0.0.1" if key.address_bound else "",
        "status": "VALID",
    }


def _permissions(key: ApiKey) -> list[str]:
    named = ["SPOT_ACCOUNT_READ", "SPOT_DEAL_READ", "CONTRACT_ACCOUNT_READ", "CONTRACT_DEAL_READ", "SPOT_TRANSFER_READ"]
    named += ["SPOT_DEAL_WRITE"] if key.may_trade_spot else []
    named += ["CONTRACT_DEAL_WRITE", "CONTRACT_ACCOUNT_WRITE"] if key.may_trade_futures else []
    named += ["SPOT_TRANSFER_WRITE"] if key.may_transfer else []
    return named + (["SPOT_WITHDRAW_READ", "SPOT_WITHDRAW_WRITE"] if key.may_withdraw else [])


def coins(call: Call) -> Json:
    """GET capital/config/getall: each coin with one network."""
    known = {asset for listing in call.listings() for asset in (listing.base, listing.quote)}
    return [
        {
            "coin": asset,
            "name": asset,
            "networkList": [
                {
                    "coin": asset,
                    "depositEnable": True,
                    "minConfirm": 1,
                    "name": asset,
                    "network": asset,
                    "netWork": asset,
                    "withdrawEnable": True,
                    "withdrawFee": "0.001",
                    "withdrawMax": "10000",
                    "withdrawMin": "0.002",
                    "sameAddress": False,
                    "contract": "",
                }
            ],
        }
        for asset in sorted(known)
    ]


def _trading(call: Call) -> None:
    if call.key is None or not call.key.may_trade_spot:
        raise VenueError(700007, "No permission to access the endpoint.")


def place(call: Call) -> Json:
    """POST order: what was taken, not what was filled."""
    _trading(call)
    listing = call.listing()
    side = _side(call)
    kind = _KINDS.get(call.parameters.required("type").upper())
    if kind is None:
        raise malformed("spot", "type")
    client_id = call.parameters.optional("newClientOrderId") or ""
    if client_id and not _CLIENT_ID.fullmatch(client_id):
        raise VenueError(700008, "Illegal characters found in parameter 'newClientOrderId'.")
    if client_id and call.engine.find_order(call.account, "spot", listing.symbol, client_id=client_id) is not None:
        raise translated(Rejected("duplicate_client_id"), "spot")
    price = call.parameters.decimal("price") if kind[0] == "LIMIT" else None
    try:
        order = call.engine.place(
            call.account,
            market="spot",
            symbol=listing.symbol,
            side=side,
            order_type=kind[0],
            amount=_amount(call, listing, side, kind[0]),
            price=price,
            time_in_force=kind[1],
            client_id=client_id,
        )
    except Rejected as refused:
        raise translated(Rejected(refused.reason, plain(listing.notional_min)), "spot", side) from None
    return {**_short(order), "orderListId": -1, "transactTime": call.now_ms}


def _side(call: Call) -> SideName:
    name = call.parameters.required("side").upper()
    if name not in ("BUY", "SELL"):
        raise malformed("spot", "side")
    return "buy" if name == "BUY" else "sell"


def _amount(call: Call, listing: Listing, side: SideName, kind: str) -> Decimal:
    """`quantity`, or as many lots as `quoteOrderQty` buys at the best price."""
    amount = call.parameters.optional_decimal("quantity")
    if amount is not None:
        return amount
    if kind != "MARKET":
        raise malformed("spot", "quantity")
    bids, asks = call.engine.book("spot", listing.symbol, 1)
    best = asks if side == "buy" else bids
    if not best:
        raise translated(Rejected("market_closed"), "spot")
    return call.parameters.decimal("quoteOrderQty") / best[0][0] // listing.amount_step * listing.amount_step


def _short(order: SimOrder) -> Row:
    return {
        "symbol": order.symbol,
        "orderId": str(order.order_id),
        "price": plain(order.price or _ZERO),
        "origQty": plain(order.amount),
        "type": "MARKET" if order.order_type == "MARKET" else _KIND_NAMES[order.time_in_force],
        "side": order.side.upper(),
    }


def _row(order: SimOrder) -> Row:
    ended = "PARTIALLY_CANCELED" if order.filled else "CANCELED"
    return {
        **_short(order),
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.filled_quote),
        "status": ended if order.state in ("CANCELED", "EXPIRED") else order.state,
        "timeInForce": None,
        "stopPrice": None,
        "icebergQty": None,
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "isWorking": True,
        "origQuoteOrderQty": "0",
    }


def _found(call: Call) -> SimOrder:
    order_id, client_id = call.parameters.optional_integer("orderId"), call.parameters.optional("origClientOrderId")
    if order_id is None and client_id is None:
        raise VenueError(700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    listing = call.listing()
    found = call.engine.find_order(call.account, "spot", listing.symbol, order_id=order_id, client_id=client_id)
    if found is None:
        raise order_not_found("spot")
    return found


def look_up(call: Call) -> Json:
    """GET order."""
    return _row(_found(call))


def cancel(call: Call) -> Json:
    """DELETE order; -2011 when it is unknown or already final."""
    _trading(call)
    try:
        found = _found(call)
    except VenueError as unknown:
        if unknown.code == order_not_found("spot").code:
            raise translated(Rejected("order_not_found"), "spot") from None
        raise
    ended = call.engine.cancel(call.account, "spot", found.symbol, order_id=found.order_id)
    return _row(ended) | {"origClientOrderId": found.client_id}


def cancel_all(call: Call) -> Json:
    """DELETE openOrders of one symbol."""
    _trading(call)
    listing = call.listing()
    resting = call.engine.open_orders(call.account, "spot", listing.symbol)
    return [
        _row(call.engine.cancel(call.account, "spot", listing.symbol, order_id=order.order_id)) for order in resting
    ]


def open_orders(call: Call) -> Json:
    """GET openOrders, of one symbol or of all."""
    listing = call.optional_listing()
    return [_row(order) for order in call.engine.open_orders(call.account, "spot", listing.symbol if listing else None)]


def all_orders(call: Call) -> Json:
    """GET allOrders: the newest of one symbol."""
    listing, limit = call.listing(), call.parameters.size("limit", 500, 1000)
    since = call.parameters.time("startTime") or call.now - timedelta(days=1)
    until = call.parameters.time("endTime") or call.now
    found = call.engine.orders(call.account, "spot", listing.symbol, since)
    return [_row(order) for order in found if order.created_at <= until][-limit:]


def my_trades(call: Call) -> Json:
    """GET myTrades: a month back, newest first."""
    listing, limit = call.listing(), call.parameters.size("limit", 100, 100)
    since = max(call.parameters.time("startTime") or call.now - _MONTH, call.now - _MONTH)
    until = call.parameters.time("endTime") or call.now
    order_id = call.parameters.optional_integer("orderId")
    found = call.engine.trades(call.account, "spot", listing.symbol, since, order_id)
    return [
        {
            "symbol": trade.symbol,
            "id": str(trade.trade_id),
            "orderId": str(trade.order_id),
            "orderListId": -1,
            "price": plain(trade.price),
            "qty": plain(trade.amount),
            "quoteQty": plain(trade.price * trade.amount),
            "commission": plain(trade.fee),
            "commissionAsset": trade.fee_currency,
            "time": milliseconds(trade.at),
            "isBuyer": trade.side == "buy",
            "isMaker": trade.maker,
            "isBestMatch": True,
            "isSelfTrade": False,
            "clientOrderId": None,
        }
        for trade in reversed(found)
        if trade.at <= until
    ][:limit]


def _way(call: Call) -> tuple[WalletName, WalletName]:
    source, target = (_WALLETS.get(call.parameters.required(f"{end}AccountType")) for end in ("from", "to"))
    if source is None or target is None or source == target:
        raise VenueError(33333, "Not support transfer")
    return source, target


def transfer(call: Call) -> Json:
    """POST capital/transfer between the spot and the futures wallet."""
    if call.key is None or not call.key.may_transfer:
        raise VenueError(700007, "No permission to access the endpoint.")
    source, target = _way(call)
    asset, amount = call.parameters.required("asset"), call.parameters.decimal("amount")
    try:
        made = call.engine.transfer(call.account, asset, amount, source, target)
    except Rejected as refused:
        if refused.reason == "amount_not_positive":
            raise VenueError(10102, "amount cannot be zero or negative") from None
        raise translated(refused, "spot") from None
    return {"tranId": f"{made.id:032x}"}


def transfer_history(call: Call) -> Json:
    """GET capital/transfer: one direction, newest first, pages of `size`, 30 days by default."""
    way = _way(call)
    size, page = call.parameters.size("size", 10, 100), call.parameters.size("page", 1, 10**9)
    since, until = call.parameters.time("startTime") or call.now - _MONTH, call.parameters.time("endTime") or call.now
    found = [
        move
        for move in call.engine.transfers(call.account, since)
        if (move.source, move.target) == way and move.at <= until
    ][::-1]
    rows: list[Row] = [
        {
            "tranId": f"{move.id:032x}",
            "clientTranId": None,
            "asset": move.asset,
            "amount": plain(move.amount),
            "fromAccountType": _NAMES[move.source],
            "toAccountType": _NAMES[move.target],
            "symbol": None,
            "status": "SUCCESS",
            "timestamp": milliseconds(move.at),
        }
        for move in found[(page - 1) * size : page * size]
    ]
    return {"rows": rows, "total": len(found)}
