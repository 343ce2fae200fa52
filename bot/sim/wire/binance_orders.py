"""Placing, cancelling and looking up orders on Binance: spot, USD-M, coin-margined (quantity in contracts)."""

import re
from decimal import Decimal
from typing import Literal

from bot.sim.model import Listing, Rejected, SideName, SimOrder, SimTrade, TimeInForce
from bot.sim.wire.binance_call import Call, Json, Row
from bot.sim.wire.binance_errors import VenueError, mandatory_missing, too_precise, translated
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_ALGO_TYPES = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_ZERO = Decimal(0)
_TIMES: dict[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "GTX": "GTX"}


def place(call: Call) -> Json:
    """POST order; the answer follows newOrderRespType."""
    _check_trading_right(call)
    listing, side = call.listing(), _side(call)
    order_type, in_force = _kind(call)
    _check_position_side(call)
    reduce_only = call.market != "spot" and bool(call.parameters.flag("reduceOnly"))
    amount, price = _amount(call, listing, side), None
    if order_type == "LIMIT":
        price = _price(call, listing)
    elif call.market != "spot":
        _check_best_price(call, listing, side)
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
            client_id=_client_id(call, "newClientOrderId") or "",
        )
    except Rejected as refused:
        raise _placing_refused(call, refused, listing, side) from None
    if call.market != "spot" and in_force == "FOK" and not order.filled:
        raise VenueError(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")
    return _acknowledged(call, order)


def _check_trading_right(call: Call) -> None:
    key = call.key
    if key is None or not (key.may_trade_spot if call.market == "spot" else key.may_trade_futures):
        raise VenueError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def _side(call: Call) -> SideName:
    return (
        "buy"
        if call.parameters.choice("side", ("BUY", "SELL"), VenueError(-1117, "Invalid side.")) == "BUY"
        else "sell"
    )


def _kind(call: Call) -> tuple[Literal["LIMIT", "MARKET"], TimeInForce]:
    """Order type and time in force; a spot LIMIT_MAKER is a limit order that may not take."""
    name = call.parameters.required("type").upper()
    if name == "MARKET":
        return "MARKET", "IOC"
    if name == "LIMIT_MAKER" and call.market == "spot":
        return "LIMIT", "GTX"
    if name in _ALGO_TYPES and call.market != "spot":
        raise VenueError(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        )
    if name != "LIMIT":
        raise VenueError(-1116, "Invalid orderType.")
    in_force = _TIMES.get(call.parameters.required("timeInForce").upper())
    if in_force is None or (in_force == "GTX" and call.market == "spot"):
        raise VenueError(-1115, "Invalid timeInForce.")
    return "LIMIT", in_force


def _check_position_side(call: Call) -> None:
    asked = (call.parameters.optional("positionSide") or "BOTH").upper()
    if call.market != "spot" and (asked != "BOTH" or call.engine.hedge_mode(call.account, call.market)):
        raise VenueError(-4061, "Order's position side does not match user's setting.")


def _amount(call: Call, listing: Listing, side: SideName) -> Decimal:
    amount = call.parameters.optional_decimal("quantity")
    if amount is None and call.market == "spot":
        return _amount_for_quote(call, listing, side)
    if amount is None:
        raise mandatory_missing("quantity")
    if decimals(amount) > (decimals(listing.amount_step) if call.market != "spot" else 8):
        raise too_precise("quantity")
    if call.market != "spot" and _ZERO < amount < listing.amount_min:
        raise VenueError(-4004, "Quantity less than min quantity.")
    if amount <= 0:
        raise translated(Rejected("amount_not_positive"), call.market)
    return amount


def _amount_for_quote(call: Call, listing: Listing, side: SideName) -> Decimal:
    """quoteOrderQty: as many lots as this money buys at the best price."""
    money = call.parameters.optional_decimal("quoteOrderQty")
    if money is None or call.parameters.required("type").upper() != "MARKET":
        raise mandatory_missing("quantity")
    bids, asks = call.engine.book("spot", listing.symbol, 1)
    best = asks if side == "buy" else bids
    if not best:
        raise VenueError(-1013, "Market is closed.")
    return money / best[0][0] // listing.amount_step * listing.amount_step


def _price(call: Call, listing: Listing) -> Decimal:
    price = call.parameters.decimal("price")
    if decimals(price) > (decimals(listing.price_tick) if call.market != "spot" else 8):
        raise too_precise("price")
    if price <= 0 and call.market != "spot":
        raise VenueError(-4001, "Price less than 0.")
    return price


def _check_best_price(call: Call, listing: Listing, side: SideName) -> None:
    """-4131: a market order must not meet a book that lies far from the mark."""
    mark = call.engine.quote(call.market, listing.symbol).mark
    bids, asks = call.engine.book(call.market, listing.symbol, 1)
    best = (asks if side == "buy" else bids)[:1]
    if best and abs(best[0][0] - mark) > mark * listing.price_band:
        raise translated(Rejected("price_band"), call.market)


def _client_id(call: Call, name: str) -> str | None:
    value = call.parameters.optional(name)
    if value is None or _CLIENT_ID.fullmatch(value):
        return value
    if call.market != "spot":
        raise VenueError(-4015, "Client order id is not valid.")
    raise VenueError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[a-zA-Z0-9-_]{{1,36}}$'."
    )


def _placing_refused(call: Call, refused: Rejected, listing: Listing, side: SideName) -> VenueError:
    if call.market != "spot" and refused.reason == "price_band":
        mark = call.engine.quote(call.market, listing.symbol).mark
        if side == "buy":
            bound = plain(mark * (1 + listing.price_band))
            return VenueError(-4016, f"Limit price can't be higher than {bound}.")
        return VenueError(-4024, f"Limit price can't be lower than {plain(mark * (1 - listing.price_band))}.")
    if refused.reason == "min_notional":
        return translated(Rejected("min_notional", plain(listing.notional_min)), call.market)
    return translated(refused, call.market)


def _find(call: Call) -> SimOrder:
    """The order named by orderId or origClientOrderId; raises -2013."""
    order_id, client_id = call.parameters.optional_integer("orderId"), call.parameters.optional("origClientOrderId")
    if order_id is None and client_id is None:
        raise VenueError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    found = call.engine.find_order(
        call.account, call.market, call.listing().symbol, order_id=order_id, client_id=client_id
    )
    if found is None:
        raise VenueError(-2013, "Order does not exist.")
    return found


def look_up(call: Call) -> Json:
    """GET order."""
    return order_row(_find(call))


def cancel(call: Call) -> Json:
    """DELETE order; -2011 when it is unknown or already final."""
    try:
        found = _find(call)
    except VenueError as unknown:
        if unknown.code == -2013:
            raise VenueError(-2011, "Unknown order sent.") from None
        raise
    ended = call.engine.cancel(call.account, call.market, found.symbol, order_id=found.order_id, client_id=None)
    row = order_row(ended)
    return row | {"origClientOrderId": found.client_id, "transactTime": call.now_ms} if call.market == "spot" else row


def cancel_all(call: Call) -> Json:
    """DELETE allOpenOrders of one symbol."""
    listing = call.listing()
    rows: list[Row] = []
    for order in list(call.engine.open_orders(call.account, call.market, listing.symbol)):
        ended = call.engine.cancel(call.account, call.market, listing.symbol, order_id=order.order_id, client_id=None)
        rows.append(order_row(ended))
    if call.market != "spot":
        return {"code": 200, "msg": "The operation of cancel all open order is done."}
    if not rows:
        raise VenueError(-2011, "Unknown order sent.")
    return rows


def open_orders(call: Call) -> Json:
    """GET openOrders, one symbol or all."""
    listing = call.optional_listing()
    return [
        order_row(order)
        for order in call.engine.open_orders(call.account, call.market, listing.symbol if listing else None)
    ]


def order_row(order: SimOrder) -> Row:
    """An order as GET shows it."""
    return _spot_row(order) if order.market == "spot" else _futures_row(order)


def _type_name(order: SimOrder) -> tuple[str, str]:
    if order.market == "spot" and order.time_in_force == "GTX":
        return "LIMIT_MAKER", "GTC"
    return order.order_type, "GTC" if order.order_type == "MARKET" else order.time_in_force


def _futures_row(order: SimOrder) -> Row:
    kind, in_force = _type_name(order)
    worth: Row = {"cumQuote": text(order.filled_quote)}
    if order.market == "inverse":
        worth = {"cumBase": text(order.filled_coin), "pair": order.symbol.partition("_")[0]}
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.state,
        "clientOrderId": order.client_id,
        "price": plain(order.price or _ZERO),
        "avgPrice": text(order.average_price or _ZERO),
        "origQty": plain(order.amount),
        "executedQty": plain(order.filled),
        **worth,
        "timeInForce": in_force,
        "type": kind,
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": order.side.upper(),
        "positionSide": "BOTH",
        "stopPrice": "0",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
    }


def _spot_row(order: SimOrder) -> Row:
    kind, in_force = _type_name(order)
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": text(order.price or _ZERO),
        "origQty": text(order.amount),
        "executedQty": text(order.filled),
        "cummulativeQuoteQty": text(order.filled_quote),
        "status": order.state,
        "timeInForce": in_force,
        "type": kind,
        "side": order.side.upper(),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "isWorking": True,
        "workingTime": milliseconds(order.created_at),
        "origQuoteOrderQty": "0.00000000",
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def _acknowledged(call: Call, order: SimOrder) -> Row:
    wanted = (call.parameters.optional("newOrderRespType") or "").upper()
    if wanted not in ("", "ACK", "RESULT", "FULL"):
        raise VenueError(-1136, "Invalid newOrderRespType")
    if call.market == "spot":
        return _spot_acknowledged(call, order, wanted or "FULL")
    row = _futures_row(order)
    row["cumQty"] = row["executedQty"]
    del row["time"]
    if wanted == "RESULT":
        return row
    # The acknowledgement is written before matching has run: it never tells what was filled.
    counted = "cumBase" if call.market == "inverse" else "cumQuote"
    return row | {"status": "NEW", "executedQty": "0", "cumQty": "0", counted: "0", "avgPrice": "0.00"}


def _spot_acknowledged(call: Call, order: SimOrder, wanted: str) -> Row:
    row: Row = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "transactTime": call.now_ms,
    }
    if wanted == "ACK":
        return row
    whole = _spot_row(order)
    for name in ("time", "updateTime", "isWorking", "stopPrice", "icebergQty"):
        del whole[name]
    whole |= row
    if wanted == "FULL":
        trades = call.engine.trades(call.account, "spot", order.symbol, None, order.order_id)
        whole["fills"] = [_fill(trade) for trade in trades]
    return whole


def _fill(trade: SimTrade) -> Row:
    return {
        "price": text(trade.price),
        "qty": text(trade.amount),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_currency,
        "tradeId": trade.trade_id,
    }
