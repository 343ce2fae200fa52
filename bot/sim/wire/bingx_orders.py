"""Placing, cancelling and looking up orders of BingX's linear perpetuals; amounts in coins."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from bot.sim.model import Listing, Rejected, SideName, SimOrder, TimeInForce
from bot.sim.wire.bingx_call import Call, Json, Row, engine_id, name_of, venue_id
from bot.sim.wire.bingx_errors import VenueError, invalid, no_permission, translated
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
TIMES: dict[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "PostOnly": "GTX"}
_TIME_NAMES = {ours: theirs for theirs, ours in TIMES.items()}
_STATES = {"EXPIRED": "CANCELLED", "CANCELED": "CANCELLED", "REJECTED": "FAILED", "NEW": "PENDING"}
_ZERO = Decimal(0)
_SAME_NUMBER = timedelta(seconds=1)


def place(call: Call) -> Json:
    """POST trade/order; the answer tells that the order was taken and nothing of fills."""
    if call.key is None or not call.key.may_trade_futures:
        raise no_permission("Perpetual Futures Trading")
    listing = call.listing()
    side: SideName = "buy" if call.parameters.choice("side", ("BUY", "SELL")) == "BUY" else "sell"
    order_type, in_force = kind(call)
    _check_position_side(call)
    reduce_only = bool(call.parameters.flag("reduceOnly"))
    amount = truncated(call.parameters.decimal("quantity"), listing.amount_step)
    price = truncated(call.parameters.decimal("price"), listing.price_tick) if order_type == "LIMIT" else None
    own_id = client_id(call, listing, "clientOrderID", "clientOrderId")
    try:
        order = call.engine.place(
            call.account,
            market=call.market,
            symbol=listing.symbol,
            side=side,
            order_type=order_type,
            amount=amount,
            price=price,
            time_in_force=in_force,
            reduce_only=reduce_only,
            client_id=own_id,
        )
    except Rejected as refused:
        raise _refused(call, refused, listing, side) from None
    return {"order": _acknowledged(order, listing)}


def kind(call: Call) -> tuple[Literal["LIMIT", "MARKET"], TimeInForce]:
    """Order type and time in force; conditional orders are not simulated."""
    name = call.parameters.choice("type", ("LIMIT", "MARKET"))
    if name == "MARKET":
        return "MARKET", "IOC"
    in_force = TIMES.get(call.parameters.optional("timeInForce") or "GTC")
    if in_force is None:
        raise invalid("timeInForce", "must be one of GTC, IOC, FOK, PostOnly.")
    return "LIMIT", in_force


def _check_position_side(call: Call) -> None:
    hedged = call.engine.hedge_mode(call.account, call.market)
    asked = call.parameters.optional("positionSide") or "LONG"
    if hedged and asked not in ("LONG", "SHORT"):
        raise translated(Rejected("position_side"), call.market)
    if hedged and call.parameters.optional("reduceOnly"):
        raise VenueError(109400, "In the Hedge mode, the 'ReduceOnly' field can not be filled.")
    if not hedged and asked != "BOTH":
        raise VenueError(109400, "In the One-way mode, the 'PositionSide' field can only be set to BOTH.")


def truncated(value: Decimal, step: Decimal) -> Decimal:
    """More decimals than a market has are cut off, not refused. Source: the manual, "Place order", trading rules."""
    return value // step * step


def client_id(call: Call, listing: Listing, *names: str) -> str:
    """The caller's own id in lower case; raises when an order of his ever carried it."""
    sent = call.parameters.optional(*names)
    if sent is None:
        return ""
    if not CLIENT_ID.fullmatch(sent):
        raise invalid("clientOrderID", "must have 1 to 40 letters or digits.")
    own_id = sent.lower()
    known = call.engine.find_order(call.account, call.market, listing.symbol, client_id=own_id)
    if known is not None and call.now - known.created_at < _SAME_NUMBER:
        raise VenueError(109201, "The same order number is only allowed to be submitted once within 1 second.")
    if known is not None:
        raise translated(Rejected("duplicate_client_id"), call.market)
    return own_id


def _refused(call: Call, refused: Rejected, listing: Listing, side: SideName) -> VenueError:
    details = {"min_notional": plain(listing.notional_min), "lot_size": f"{plain(listing.amount_min)} {listing.base}"}
    if refused.reason == "price_band":
        mark = call.engine.quote(call.market, listing.symbol).mark
        band = listing.price_band if side == "buy" else -listing.price_band
        word = "lower" if side == "buy" else "higher"
        return translated(Rejected("price_band", f"{word} than {plain(mark * (1 + band))}"), call.market)
    if refused.reason == "leverage_bracket":
        return translated(Rejected("leverage_bracket", refused.detail.split(" ")[0]), call.market)
    return translated(Rejected(refused.reason, details.get(refused.reason, "")), call.market)


def find(call: Call, listing: Listing) -> SimOrder | None:
    """The order named by orderId, or else by the caller's own id."""
    number = call.parameters.optional_integer("orderId")
    own_id = call.parameters.optional("clientOrderId", "clientOrderID")
    if number is None and own_id is None:
        raise VenueError(80001, "orderId and clientOrderId are both empty, orderId and clientOrderId are both empty")
    return call.engine.find_order(
        call.account,
        call.market,
        listing.symbol,
        order_id=None if number is None else engine_id(number),
        client_id=(own_id or "").lower() or None,
    )


def look_up(call: Call) -> Json:
    """GET trade/order; 80016 when there is none."""
    found = find(call, call.listing())
    if found is None:
        raise VenueError(80016, "order does not exist")
    return {"order": order_row(call, found)}


def cancel(call: Call) -> Json:
    """DELETE trade/order; 109421 when it is unknown, 80018 when it is final."""
    if call.key is None or not call.key.may_trade_futures:
        raise no_permission("Perpetual Futures Trading")
    found = find(call, call.listing())
    if found is None:
        raise VenueError(109421, "order not exist")
    if not found.open:
        raise VenueError(80018, "order is already filled, The order doesn't exist")
    ended = call.engine.cancel(call.account, call.market, found.symbol, order_id=found.order_id, client_id=None)
    return {"order": order_row(call, ended)}


def cancel_all(call: Call) -> Json:
    """DELETE trade/allOpenOrders of one symbol or of all."""
    if call.key is None or not call.key.may_trade_futures:
        raise no_permission("Perpetual Futures Trading")
    listing = call.optional_listing()
    rows: list[Row] = []
    for order in list(call.engine.open_orders(call.account, call.market, listing.symbol if listing else None)):
        ended = call.engine.cancel(call.account, call.market, order.symbol, order_id=order.order_id, client_id=None)
        rows.append(order_row(call, ended))
    return {"success": rows, "failed": None}


def open_orders(call: Call) -> Json:
    """GET trade/openOrders, one symbol or all."""
    listing = call.optional_listing()
    orders = call.engine.open_orders(call.account, call.market, listing.symbol if listing else None)
    return {"orders": [order_row(call, order) for order in orders]}


def _acknowledged(order: SimOrder, listing: Listing) -> Row:
    return {
        "orderId": venue_id(order.order_id),
        "orderID": str(venue_id(order.order_id)),
        "symbol": name_of(listing),
        "positionSide": "BOTH",
        "side": order.side.upper(),
        "type": order.order_type,
        "price": float(order.price or _ZERO),
        "quantity": float(order.amount),
        "stopPrice": 0,
        "workingType": "MARK_PRICE",
        "clientOrderID": order.client_id,
        "clientOrderId": order.client_id,
        "timeInForce": _TIME_NAMES[order.time_in_force],
        "priceRate": 0,
        "stopLoss": "",
        "takeProfit": "",
        "reduceOnly": order.reduce_only,
    }


def order_row(call: Call, order: SimOrder) -> Row:
    """An order as the pages show it: texts, `leverage` with an X, costs below zero."""
    listing = call.engine.listings[(order.market, order.symbol)]
    price_places, places = decimals(listing.price_tick), decimals(listing.amount_step)
    trades = call.engine.trades(call.account, order.market, order.symbol, order.created_at, order.order_id)
    fee = sum((trade.fee for trade in trades), _ZERO)
    nothing = {"type": "", "quantity": 0, "stopPrice": 0, "price": 0, "workingType": "", "stopGuaranteed": ""}
    return {
        "symbol": name_of(listing),
        "orderId": venue_id(order.order_id),
        "side": order.side.upper(),
        "positionSide": "BOTH",
        "type": order.order_type,
        "origQty": text(order.amount, places),
        "price": text(order.price or _ZERO, price_places),
        "executedQty": text(order.filled, places),
        "avgPrice": text(order.average_price or _ZERO, price_places),
        "cumQuote": text(order.filled_quote, 0),
        "stopPrice": "",
        "profit": text(sum((trade.realised_pnl for trade in trades), _ZERO), 4),
        "commission": text(-fee, 6),
        "status": _STATES.get(order.state, order.state),
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "clientOrderId": order.client_id,
        "leverage": f"{call.engine.setup(call.account, order.symbol).leverage}X",
        "takeProfit": nothing,
        "stopLoss": nothing,
        "advanceAttr": 0,
        "positionID": 0,
        "takeProfitEntrustPrice": 0,
        "stopLossEntrustPrice": 0,
        "orderType": "",
        "workingType": "MARK_PRICE",
        "onlyOnePosition": True,
        "reduceOnly": order.reduce_only,
        "stopGuaranteed": "",
        "triggerOrderId": 0,
    }
