"""What WEEX tells about the past: orders and executions, newest first, a hundred a page."""

from datetime import datetime, timedelta

from bot.sim.model import SimOrder, SimTrade
from bot.sim.wire.numbers import milliseconds, plain
from bot.sim.wire.weex_call import Call, Json, Row
from bot.sim.wire.weex_errors import VenueError
from bot.sim.wire.weex_legs import accounts, leg_of
from bot.sim.wire.weex_orders import order_row

_BEGINNING = timedelta(days=90)


def _window(call: Call) -> tuple[datetime, datetime]:
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    since = started if started is not None else call.now - _BEGINNING
    if since > ended:
        raise VenueError(-1171, "startTime cannot be greater than endTime.")
    return since, ended


def _owners(call: Call) -> tuple[str, ...]:
    return (call.account,) if call.market == "spot" else accounts(call)


def orders(call: Call) -> Json:
    """GET allOrders (spot, a symbol is required) and order/history (contracts, ended ones only)."""
    listings = [call.listing()] if call.market == "spot" else call.asked_listings()
    limit, (since, until) = call.parameters.limit(100, 1000), _window(call)
    found: list[SimOrder] = [
        order
        for account in _owners(call)
        for listing in listings
        for order in call.engine.orders(account, call.market, listing.symbol, since)
        if order.created_at <= until and (call.market == "spot" or not order.open)
    ]
    found.sort(key=lambda order: order.order_id, reverse=True)
    return [order_row(order) for order in found[:limit]]


def trades(call: Call) -> Json:
    """GET userTrades (contracts) and myTrades (spot, a symbol is required)."""
    listings = [call.listing()] if call.market == "spot" else call.asked_listings()
    limit, (since, until) = call.parameters.limit(100, 100), _window(call)
    order_id = call.parameters.optional_integer("orderId")
    found: list[SimTrade] = [
        trade
        for account in _owners(call)
        for listing in listings
        for trade in call.engine.trades(account, call.market, listing.symbol, since, order_id)
        if trade.at <= until
    ]
    found.sort(key=lambda trade: trade.trade_id, reverse=True)
    return [_trade_row(call, trade) for trade in found[:limit]]


def _trade_row(call: Call, trade: SimTrade) -> Row:
    common: Row = {
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "symbol": trade.symbol,
        "price": plain(trade.price),
        "qty": plain(trade.amount),
        "quoteQty": plain(trade.price * trade.amount),
        "commission": plain(trade.fee),
        "time": milliseconds(trade.at),
    }
    if trade.market == "spot":
        return common | {"isBuyer": trade.side == "buy"}
    order = call.engine.find_order(trade.account, "linear", trade.symbol, order_id=trade.order_id)
    return common | {
        "buyer": trade.side == "buy",
        "commissionAsset": trade.fee_currency,
        "maker": trade.maker,
        "realizedPnl": plain(trade.realised_pnl),
        "side": trade.side.upper(),
        "positionSide": leg_of(trade.side, closing=bool(order and order.reduce_only)),
    }
