"""What BingX tells about the past of its perpetuals: orders, executions, bookings; with its windows and units."""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.model import SimTrade
from bot.sim.wire.bingx_call import Call, Json, Row, name_of, venue_id
from bot.sim.wire.bingx_errors import VenueError, invalid
from bot.sim.wire.bingx_orders import order_row
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31)
_CHINA = timedelta(hours=8)
_INCOME_NAMES = {"COMMISSION": "TRADING_FEE"}


def past_orders(call: Call) -> Json:
    """GET trade/allOrders and v1/trade/fullOrder: a window of a week at most, newest first."""
    wanted, limit = call.optional_listing(), call.parameters.page_size("limit", 500, 1000)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    since = started or ended - _WEEK
    if ended - since > _WEEK and call.parameters.optional("endTime"):
        raise invalid("startTime", "the query range must not exceed 7 days.")
    orders = [
        order
        for listing in ([wanted] if wanted else call.listings())
        for order in call.engine.orders(call.account, call.market, listing.symbol, since)
        if order.created_at <= ended
    ]
    orders.sort(key=lambda order: order.order_id, reverse=True)
    return {"orders": [order_row(call, order) for order in orders[:limit]]}


def forced_orders(call: Call) -> Json:
    """GET trade/forceOrders: what the venue closed by itself, liquidations and deleveraging."""
    names = {"LIQUIDATION": "autoclose-", "ADL": "adl_autoclose"}
    kind = names.get(call.parameters.optional("autoCloseType") or "")
    wanted = call.optional_listing()
    since = call.parameters.time("startTime") or call.now - _WEEK
    rows = [
        order_row(call, order)
        for listing in ([wanted] if wanted else call.listings())
        for order in call.engine.orders(call.account, call.market, listing.symbol, since)
        if order.client_id.startswith(kind or tuple(names.values()))
    ]
    return {"orders": rows[-call.parameters.page_size("limit", 50, 100) :]}


def _window(call: Call, longest: timedelta) -> tuple[datetime, datetime]:
    since, until = call.parameters.time("startTs"), call.parameters.time("endTs")
    if since is None or until is None:
        raise invalid("startTs" if since is None else "endTs", "... field is required")
    if until < since:
        raise VenueError(109400, "startTs is later than endTs")
    if until - since > longest:
        raise invalid("startTs", f"the query range must not exceed {longest.days} days.")
    return since, until


def _trades(call: Call, longest: timedelta) -> list[SimTrade]:
    since, until = _window(call, longest)
    wanted = call.optional_listing()
    number = call.parameters.optional_integer("orderId")
    return [
        trade
        for listing in ([wanted] if wanted else call.listings())
        for trade in call.engine.trades(call.account, call.market, listing.symbol, since)
        if trade.at <= until and (number is None or venue_id(trade.order_id) == number)
    ]


def all_fills(call: Call) -> Json:
    """GET trade/allFillOrders: coins or contracts by tradingUnit, without ids, times of China that claim to be UTC."""
    unit = call.parameters.choice("tradingUnit", ("COIN", "CONT"))
    rows: list[Row] = []
    for trade in reversed(_trades(call, _MONTH)):
        listing = call.engine.contract(trade.symbol)
        size = trade.amount if unit == "COIN" else trade.amount / listing.amount_step
        local = trade.at + _CHINA
        rows.append(
            {
                "filledTm": f"{local:%Y-%m-%dT%H:%M:%S}Z",
                "volume": text(size, decimals(listing.amount_step) if unit == "COIN" else 0),
                "price": text(trade.price, decimals(listing.price_tick)),
                "amount": text(trade.price * trade.amount, 4),
                "commission": text(-trade.fee, 4),
                "currency": trade.fee_currency,
                "orderId": str(venue_id(trade.order_id)),
                "liquidatedPrice": "",
                "liquidatedMarginRatio": "",
                "filledTime": f"{local:%Y-%m-%dT%H:%M:%S}.000+0800",
                "clientOrderID": "",
                "symbol": name_of(listing),
                "side": trade.side.upper(),
                "positionSide": "BOTH",
            }
        )
    return {"fill_orders": rows}


def fill_history(call: Call) -> Json:
    """GET trade/fillHistory: one symbol, a week, pages from 1, newest first; whole seconds with their offset."""
    listing = call.listing()
    page = call.parameters.optional_integer("pageIndex")
    if page is not None and page < 1:
        raise invalid("pageIndex", "must be greater than 0.")
    first = ((page or 1) - 1) * (size := call.parameters.page_size("pageSize", 50, 1000))
    trades = list(reversed(_trades(call, _WEEK)))
    return {
        "fill_history_orders": [_fill(listing.price_tick, call, trade) for trade in trades[first : first + size]],
        "total": len(trades),
    }


def _fill(tick: Decimal, call: Call, trade: SimTrade) -> Row:
    listing = call.engine.contract(trade.symbol)
    return {
        "symbol": name_of(listing),
        "qty": text(trade.amount, decimals(listing.amount_step)),
        "price": text(trade.price, decimals(tick)),
        "quoteQty": text(trade.price * trade.amount, 4),
        "commission": text(-trade.fee, 6),
        "commissionAsset": trade.fee_currency,
        "orderId": str(venue_id(trade.order_id)),
        "tradeId": str(trade.trade_id),
        "filledTime": f"{trade.at + _CHINA:%Y-%m-%dT%H:%M:%S}.000+08:00",
        "side": trade.side.upper(),
        "positionSide": "BOTH",
        "role": "maker" if trade.maker else "taker",
        "realisedPNL": text(trade.realised_pnl),
    }


def income(call: Call) -> Json:
    """GET user/income: a week when no times are given, oldest first; what came in is above zero."""
    wanted, kind = call.optional_listing(), call.parameters.optional("incomeType")
    limit = call.parameters.page_size("limit", 100, 1000)
    ended = call.parameters.time("endTime") or call.now
    since = call.parameters.time("startTime") or ended - _WEEK
    rows: list[Row] = []
    for entry in call.engine.income(call.account, since, "futures"):
        name = _INCOME_NAMES.get(entry.kind, entry.kind)
        if entry.at > ended or kind not in (None, name) or (wanted and entry.symbol != wanted.symbol):
            continue
        rows.append(
            {
                "symbol": call.name(entry.symbol) if entry.symbol else "",
                "incomeType": name,
                "income": plain(entry.amount),
                "asset": entry.currency,
                "info": name.replace("_", " ").title(),
                "time": milliseconds(entry.at),
                "tranId": str(venue_id(entry.id)),
                "tradeId": str(venue_id(entry.id)),
            }
        )
    return rows[:limit]
