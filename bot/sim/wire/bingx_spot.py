"""Orders on BingX's spot market: other paths, other names and other shapes than its perpetuals."""

from decimal import Decimal

from bot.sim.model import Listing, Rejected, SideName, SimOrder
from bot.sim.wire.bingx_call import Call, Json, Row, name_of, venue_id
from bot.sim.wire.bingx_errors import VenueError, invalid, no_permission, translated
from bot.sim.wire.bingx_orders import client_id, find, kind, truncated
from bot.sim.wire.numbers import milliseconds, plain

_STATES = {"EXPIRED": "CANCELED", "REJECTED": "FAILED"}
_ZERO = Decimal(0)


def place(call: Call) -> Json:
    """POST spot/v1/trade/order; the answer tells what was filled."""
    if call.key is None or not call.key.may_trade_spot:
        raise no_permission("Spot Trading")
    listing = call.listing()
    side: SideName = "buy" if call.parameters.choice("side", ("BUY", "SELL")) == "BUY" else "sell"
    order_type, in_force = kind(call)
    price = truncated(call.parameters.decimal("price"), listing.price_tick) if order_type == "LIMIT" else None
    amount = _amount(call, listing, side, price)
    own_id = client_id(call, listing, "newClientOrderId", "clientOrderId")
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
            client_id=own_id,
        )
    except Rejected as refused:
        detail = plain(listing.notional_min) if refused.reason == "min_notional" else ""
        raise translated(Rejected(refused.reason, detail), call.market) from None
    row = order_row(call, order)
    return {
        "symbol": row["symbol"],
        "orderId": row["orderId"],
        "transactTime": call.now_ms,
        **{name: row[name] for name in _ACKNOWLEDGED},
        "clientOrderID": order.client_id,
    }


_ACKNOWLEDGED = ("price", "origQty", "executedQty", "cummulativeQuoteQty", "status", "type", "side")


def _amount(call: Call, listing: Listing, side: SideName, price: Decimal | None) -> Decimal:
    """The quantity, or as many lots as a quoteOrderQty buys; the quantity counts when both are sent."""
    amount = call.parameters.optional_decimal("quantity")
    if amount is not None:
        return truncated(amount, listing.amount_step)
    money = call.parameters.optional_decimal("quoteOrderQty")
    if money is None:
        raise invalid("quantity")
    bids, asks = call.engine.book("spot", listing.symbol, 1)
    best = asks if side == "buy" else bids
    if not best:
        raise translated(Rejected("market_closed"), call.market)
    return truncated(money / (price or best[0][0]), listing.amount_step)


def look_up(call: Call) -> Json:
    """GET spot/v1/trade/query."""
    return order_row(call, _found(call))


def cancel(call: Call) -> Json:
    """POST spot/v1/trade/cancel."""
    if call.key is None or not call.key.may_trade_spot:
        raise no_permission("Spot Trading")
    found = _found(call)
    return order_row(call, call.engine.cancel(call.account, "spot", found.symbol, order_id=found.order_id))


def cancel_all(call: Call) -> Json:
    """POST spot/v1/trade/cancelOpenOrders."""
    if call.key is None or not call.key.may_trade_spot:
        raise no_permission("Spot Trading")
    listing = call.optional_listing()
    orders = list(call.engine.open_orders(call.account, "spot", listing.symbol if listing else None))
    ended = [call.engine.cancel(call.account, "spot", row.symbol, order_id=row.order_id) for row in orders]
    return {"orders": [order_row(call, order) for order in ended]}


def _found(call: Call) -> SimOrder:
    found = find(call, call.listing())
    if found is None:
        raise VenueError(100404, "order not exist")
    return found


def open_orders(call: Call) -> Json:
    """GET spot/v1/trade/openOrders, one symbol or all."""
    listing = call.optional_listing()
    orders = call.engine.open_orders(call.account, "spot", listing.symbol if listing else None)
    return {"orders": [order_row(call, order) for order in orders]}


def past_orders(call: Call) -> Json:
    """GET spot/v1/trade/historyOrders of one symbol."""
    listing, size = call.listing(), call.parameters.page_size("pageSize", 100, 100)
    page = max(call.parameters.optional_integer("pageIndex") or 1, 1)
    until = call.parameters.time("endTime") or call.now
    orders = [
        order
        for order in call.engine.orders(call.account, "spot", listing.symbol, call.parameters.time("startTime"))
        if order.created_at <= until
    ]
    orders.reverse()
    return {"orders": [order_row(call, order) for order in orders[(page - 1) * size : page * size]]}


def fills(call: Call) -> Json:
    """GET spot/v1/trade/myTrades: numbers partly as numbers, the fee below zero."""
    listing, limit = call.listing(), call.parameters.page_size("limit", 500, 1000)
    until = call.parameters.time("endTime") or call.now
    number = call.parameters.optional_integer("orderId")
    trades = [
        trade
        for trade in call.engine.trades(call.account, "spot", listing.symbol, call.parameters.time("startTime"))
        if trade.at <= until and (number is None or venue_id(trade.order_id) == number)
    ]
    return {
        "fills": [
            {
                "symbol": name_of(listing),
                "id": trade.trade_id,
                "orderId": venue_id(trade.order_id),
                "price": plain(trade.price),
                "qty": plain(trade.amount),
                "quoteQty": plain(trade.price * trade.amount),
                "commission": float(-trade.fee),
                "commissionAsset": trade.fee_currency,
                "time": milliseconds(trade.at),
                "isBuyer": trade.side == "buy",
                "isMaker": trade.maker,
            }
            for trade in trades[-limit:]
        ]
    }


def order_row(call: Call, order: SimOrder) -> Row:
    """A spot order as the pages show it."""
    listing = call.engine.listings[("spot", order.symbol)]
    trades = call.engine.trades(call.account, "spot", order.symbol, order.created_at, order.order_id)
    return {
        "symbol": name_of(listing),
        "orderId": venue_id(order.order_id),
        "price": plain(order.price or _ZERO),
        "StopPrice": "0",
        "origQty": plain(order.amount),
        "executedQty": plain(order.filled),
        "cummulativeQuoteQty": plain(order.filled_quote),
        "status": _STATES.get(order.state, order.state),
        "type": order.order_type,
        "side": order.side.upper(),
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "origQuoteOrderQty": "0",
        "fee": plain(-sum((trade.fee for trade in trades), _ZERO)),
        "feeAsset": trades[0].fee_currency if trades else listing.quote,
        "clientOrderID": order.client_id,
    }
