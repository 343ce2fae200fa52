"""Placing, cancelling and looking up orders at WEEX; amounts of contracts are coins.

On contracts every order names a side and the side of the position: BUY + LONG opens a long, also beside a short,
BUY + SHORT closes a short. Source: weex.com/api-doc, "Place Order" and "Get Order Info".
"""

import re
from decimal import Decimal
from typing import Literal

from bot.sim.model import Listing, Rejected, SideName, SimOrder, TimeInForce
from bot.sim.wire.numbers import decimals, milliseconds, plain, text
from bot.sim.wire.weex_call import Call, Json, Row
from bot.sim.wire.weex_errors import VenueError, contradiction, invalid, missing, translated, unknown_order
from bot.sim.wire.weex_legs import account_for, accounts, find, give_back, leg_of, lend, long_account

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_TIMES: dict[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "POST_ONLY": "GTX"}
_NAMES = {"GTX": "POST_ONLY"}
_STATUSES = {"EXPIRED": "CANCELED"}
_ZERO = Decimal(0)


def place(call: Call) -> Json:
    """POST order: only ids come back; a refusal by account or matching is a success of HTTP with an errorCode."""
    listing, side = call.listing(), _side(call)
    closing = _closing(call, side)
    client_id, in_force = _client_id(call), _time_in_force(call)
    kind: Literal["LIMIT", "MARKET"] = "LIMIT" if in_force else "MARKET"
    amount = call.parameters.decimal("quantity")
    price = call.parameters.decimal("price") if in_force else None
    if amount <= 0 or (price is not None and price <= 0):
        raise invalid("quantity" if amount <= 0 else "price")
    try:
        account = call.account
        if call.market == "linear":
            account = account_for(call, listing, side, closing=closing)
            if account == long_account(call.account) and not closing:
                lend(call, listing, amount)
        order = call.engine.place(
            account,
            market=call.market,
            symbol=listing.symbol,
            side=side,
            order_type=kind,
            amount=amount,
            price=price,
            time_in_force=in_force or "IOC",
            reduce_only=closing,
            client_id=client_id,
        )
    except Rejected as refused:
        return _refused(call, refused, client_id)
    finally:
        if call.market == "linear":
            give_back(call, listing.settle)
    return _acknowledged(call, order)


def _side(call: Call) -> SideName:
    return (
        "buy"
        if call.parameters.choice("side", ("BUY", "SELL"), VenueError(-1117, "Invalid side.")) == "BUY"
        else "sell"
    )


def _closing(call: Call, side: SideName) -> bool:
    """Whether the order closes a position: told by its two sides; a contradicting reduceOnly is refused."""
    if call.market == "spot":
        return False
    leg = call.parameters.choice("positionSide", ("LONG", "SHORT"))
    closing = leg != leg_of(side, closing=False)
    if call.parameters.flag("reduceOnly") and not closing:
        raise contradiction()
    return closing


def _time_in_force(call: Call) -> TimeInForce | None:
    """When a limit order ends, None for a market order."""
    kind = call.parameters.choice("type", ("LIMIT", "MARKET"), VenueError(-1116, "Invalid order type."))
    if kind == "MARKET":
        return None
    told = call.parameters.optional("timeInForce")
    if told is None and call.market == "spot":
        return "GTC"
    if told is None:
        raise missing("timeInForce")
    found = _TIMES.get(told.upper())
    if found is None:
        raise VenueError(-1115, "Invalid timeInForce.")
    return found


def _client_id(call: Call) -> str:
    told = call.parameters.optional("newClientOrderId")
    if told is None:
        if call.market == "linear":
            raise missing("newClientOrderId")
        return ""
    if not _CLIENT_ID.fullmatch(told):
        raise VenueError(-1180, "client_oid length must not exceed 40 and must not contain special characters.")
    return told


def _refused(call: Call, refused: Rejected, client_id: str) -> Json:
    error = translated(refused, call.market)
    if call.market == "spot":
        raise error
    return {
        "orderId": None,
        "clientOrderId": client_id,
        "success": False,
        "errorCode": str(error.code),
        "errorMessage": error.message,
    }


def _acknowledged(call: Call, order: SimOrder) -> Json:
    if call.market == "spot":
        return {
            "symbol": order.symbol,
            "orderId": order.order_id,
            "clientOrderId": order.client_id,
            "transactTime": call.now_ms,
        }
    return {
        "orderId": str(order.order_id),
        "clientOrderId": order.client_id,
        "success": True,
        "errorCode": "",
        "errorMessage": "",
    }


def _named(call: Call) -> SimOrder:
    order_id, client_id = call.parameters.optional_integer("orderId"), call.parameters.optional("origClientOrderId")
    if order_id is None and client_id is None:
        raise VenueError(-1140, "Either orderId or origClientOrderId must be sent.")
    found = find(call, order_id, client_id)
    if found is None:
        raise unknown_order(call.market)
    return found


def look_up(call: Call) -> Json:
    """GET order, by either id; no symbol is asked for."""
    return order_row(_named(call))


def cancel(call: Call) -> Json:
    """DELETE order: what has ended cannot be cancelled, and is answered with FAILED."""
    found = _named(call)
    told = call.parameters.optional("origClientOrderId")
    name: Row = {"origClientOrderId": told} if told else {"orderId": found.order_id}
    if not found.open:
        return name | {"status": "FAILED", "errorMsg": "FAILED_ORDER_NOT_FOUND"}
    call.engine.cancel(found.account, found.market, found.symbol, order_id=found.order_id, client_id=None)
    if call.market == "linear":
        give_back(call, call.listing_of(found.symbol).settle)
    return name | {"status": "CANCELED"}


def cancel_all(call: Call) -> Json:
    """DELETE every open order of one symbol, or of all contracts."""
    listing = call.listing() if call.market == "spot" else call.optional_listing()
    rows: list[Row] = []
    for order in _open(call, listing):
        call.engine.cancel(order.account, order.market, order.symbol, order_id=order.order_id, client_id=None)
        rows.append({"orderId": order.order_id, "status": "CANCELED"})
    return rows


def open_orders(call: Call) -> Json:
    """GET openOrders, one symbol or all."""
    return [order_row(order) for order in _open(call, call.optional_listing())]


def _open(call: Call, listing: Listing | None) -> list[SimOrder]:
    owners = (call.account,) if call.market == "spot" else accounts(call)
    symbol = listing.symbol if listing else None
    return [order for account in owners for order in call.engine.open_orders(account, call.market, symbol)]


def order_row(order: SimOrder) -> Row:
    """An order as GET shows it."""
    common: Row = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "clientOrderId": order.client_id,
        "price": plain(order.price or _ZERO),
        "origQty": plain(order.amount),
        "executedQty": plain(order.filled),
        "status": _STATUSES.get(order.state, order.state),
        "timeInForce": "IOC" if order.order_type == "MARKET" else _NAMES.get(order.time_in_force, order.time_in_force),
        "type": order.order_type,
        "side": order.side.upper(),
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
    }
    if order.market == "spot":
        return common | {"cummulativeQuoteQty": plain(order.filled_quote), "isWorking": order.open}
    average = order.average_price
    places = max(5, decimals(order.price) if order.price else 0)
    return common | {
        "avgPrice": text(average, places) if average else "0.00000",
        "cumQuote": plain(order.filled_quote),
        "reduceOnly": order.reduce_only,
        "positionSide": leg_of(order.side, closing=order.reduce_only),
        "stopPrice": "0",
        "workingType": "UNKNOWN_PRICE_TYPE",
    }
