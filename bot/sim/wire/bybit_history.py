"""What Bybit tells of orders and executions: live and ended orders, trades, funding; its windows and pages.

Source: bybit-exchange.github.io/docs/v5/order/open-order, order-list, execution. Everything comes newest first.
A funding row's execFee is what was paid: positive for a payer, negative for whoever received.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.model import WALLET_OF, Listing, MarketType, SimOrder, SimTrade
from bot.sim.wire.bybit_call import Call, Row, id_number, id_text, name_of, unit_of, value_of
from bot.sim.wire.bybit_errors import VenueError
from bot.sim.wire.bybit_orders import find
from bot.sim.wire.numbers import milliseconds, plain

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_KEPT = timedelta(days=730)
_RECENT = 500
_ZERO = Decimal(0)
_STATES = {
    "NEW": "New",
    "PARTIALLY_FILLED": "PartiallyFilled",
    "FILLED": "Filled",
    "CANCELED": "Cancelled",
    "EXPIRED": "Cancelled",
    "REJECTED": "Rejected",
}
_CREATED = {
    "autoclose": "CreateByLiq",
    "adl_autoclose": "CreateByAdl_PassThrough",
    "settlement_autoclose": "CreateBySettle",
    "web": "CreateByUser",
}
_EXECUTED = {"autoclose": "BustTrade", "adl_autoclose": "AdlTrade", "settlement_autoclose": "Delivery"}
_NAMED_BY_ENGINE = re.compile(rf"({'|'.join(_CREATED)})[-_][0-9]+")


def live_orders(call: Call) -> Row:
    """GET /v5/order/realtime: what rests; of what ended, the last 500, by openOnly=1 or by an id."""
    _check_named(call)
    if call.parameters.optional("orderId") or call.parameters.optional("orderLinkId"):
        found = find(call)
        rows = [] if found is None or not _recent(call, found) else [found]
    elif call.parameters.optional("openOnly") in ("1", "2"):
        rows = [order for order in _orders(call, None) if not order.open][-_RECENT:]
    else:
        listing = call.optional_listing()
        coin = call.parameters.optional("settleCoin")
        resting = call.engine.open_orders(call.account, call.market, listing.symbol if listing else None)
        rows = [row for row in resting if coin in (None, call.engine.listings[(row.market, row.symbol)].settle)]
    return call.page([order_row(call, order) for order in reversed(rows)], default=20, most=50)


def _check_named(call: Call) -> None:
    names = ("symbol", "baseCoin", "settleCoin", "orderId", "orderLinkId")
    if call.market == "linear" and not any(call.parameters.optional(name) for name in names):
        raise VenueError(10001, "params error: symbol, settleCoin and baseCoin cannot all be empty")


def _recent(call: Call, order: SimOrder) -> bool:
    if order.open:
        return True
    ended = [row for row in call.engine.orders(call.account, order.market, order.symbol) if not row.open]
    return any(row.order_id == order.order_id for row in ended[-_RECENT:])


def past_orders(call: Call) -> Row:
    """GET /v5/order/history: ended orders of one week, or one by its id; what never filled is gone after a day."""
    if call.parameters.optional("orderId") or call.parameters.optional("orderLinkId"):
        found = find(call)
        chosen = [] if found is None else [found]
    else:
        since, until = _window(call)
        chosen = [order for order in _orders(call, since) if order.created_at <= until]
    status = call.parameters.optional("orderStatus")
    rows = [
        order_row(call, order)
        for order in reversed(chosen)
        if not order.open and (order.filled or call.now - order.updated_at <= _DAY)
    ]
    return call.page([row for row in rows if status in (None, row["orderStatus"])], default=20, most=50)


def _orders(call: Call, since: datetime | None) -> list[SimOrder]:
    found = [
        order
        for listing in _asked(call)
        for order in call.engine.orders(call.account, listing.market, listing.symbol, since)
    ]
    return sorted(found, key=lambda order: (order.created_at, order.order_id))


def _asked(call: Call) -> list[Listing]:
    """The one symbol named, or every market of the category, delivered ones too."""
    wanted, market = call.optional_listing(), call.market
    return [wanted] if wanted else [row for row in call.engine.listings.values() if row.market == market]


def _window(call: Call) -> tuple[datetime, datetime]:
    """Start and end: the last week, a week from the start, a week before the end, or both at most a week apart."""
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    if started is None:
        until = ended or call.now
        return max(until, call.now - _KEPT) - _WEEK, until
    if ended is None:
        return started, started + _WEEK if started < call.now else started
    if ended < started:
        raise VenueError(10001, "params error: startTime is later than endTime")
    if ended - started > _WEEK:
        raise VenueError(10001, "The time range between startTime and endTime cannot exceed 7 days")
    return started, ended


def _own_name(client_id: str) -> str:
    """The kind of order behind a name the engine gave, empty for a name of the client."""
    found = _NAMED_BY_ENGINE.fullmatch(client_id)
    return found.group(1) if found else ""


def order_row(call: Call, order: SimOrder) -> Row:
    """An order as the lists show it."""
    spot = order.market == "spot"
    own = _own_name(order.client_id)
    state, reason = _ending(order)
    left = order.amount - order.filled if order.open else _ZERO
    trades = call.engine.trades(call.account, order.market, order.symbol, order.created_at, order.order_id)
    fees = sum((trade.fee for trade in trades), _ZERO)
    listing = call.engine.listings[(order.market, order.symbol)]
    unit = unit_of(listing)
    return {
        "symbol": name_of(listing),
        "orderId": id_text(order.order_id, order.market),
        "orderLinkId": "" if own else order.client_id,
        "orderType": "Market" if order.order_type == "MARKET" else "Limit",
        "side": order.side.capitalize(),
        "price": plain(order.price or _ZERO),
        "qty": plain(order.amount * unit),
        "timeInForce": "PostOnly" if order.time_in_force == "GTX" else order.time_in_force,
        "orderStatus": state,
        "rejectReason": reason,
        "cancelType": "CancelByUser" if state == "Cancelled" and reason == "EC_PerCancelRequest" else "UNKNOWN",
        "createType": _CREATED.get(own, "CreateByUser"),
        "avgPrice": "" if order.average_price is None else plain(order.average_price),
        "cumExecQty": plain(order.filled * unit),
        "cumExecValue": plain(order.filled_coin if order.market == "inverse" else order.filled_quote),
        "cumExecFee": plain(fees),
        "cumFeeDetail": {trades[0].fee_currency: plain(fees)} if trades else {},
        "leavesQty": plain(left * unit),
        "leavesValue": plain(value_of(listing, left, order.price) if order.price else _ZERO),
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": False,
        "positionIdx": 0,
        "isLeverage": "0" if spot else "",
        "marketUnit": "baseCoin" if spot and order.order_type == "MARKET" else "",
        "stopOrderType": "",
        "triggerDirection": 0,
        "triggerPrice": "",
        "triggerBy": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "placeType": "",
        "blockTradeId": "",
        "orderIv": "",
        "lastPriceOnCreated": "",
        "createdTime": str(milliseconds(order.created_at)),
        "updatedTime": str(milliseconds(order.updated_at)),
    }


def _ending(order: SimOrder) -> tuple[str, str]:
    """The status of an order and the venue's reason for it."""
    if order.time_in_force == "GTX" and order.state == "EXPIRED" and not order.filled:
        state = "Rejected" if order.market == "spot" else "Cancelled"
        return state, "EC_PostOnlyWillTakeLiquidity"
    if order.state == "EXPIRED":
        part = order.market == "spot" and order.filled
        return "PartiallyFilledCanceled" if part else "Cancelled", "EC_NoImmediateQtyToFill"
    if order.state == "CANCELED":
        part = order.market == "spot" and order.filled
        return "PartiallyFilledCanceled" if part else "Cancelled", "EC_PerCancelRequest"
    return _STATES[order.state], "EC_NoError"


def executions(call: Call) -> Row:
    """GET /v5/execution/list: trades, funding, liquidations, at most a week at once."""
    market, since, until = call.market, *_window(call)
    order_id, link_id = call.parameters.optional("orderId"), call.parameters.optional("orderLinkId")
    kind = call.parameters.optional("execType")
    number: int | None = None
    if order_id:
        number = id_number(order_id, market) or 0
    elif link_id:
        found = find(call)
        number = found.order_id if found else 0
    dated: list[tuple[datetime, int, Row]] = []
    for listing in _asked(call):
        dated += (
            (trade.at, trade.trade_id, _trade_row(call, listing, trade))
            for trade in call.engine.trades(call.account, market, listing.symbol, since, number)
            if trade.at <= until
        )
    if number is None and market != "spot":
        dated += _funding_rows(call, market, since, until)
    rows = [row for _, _, row in sorted(dated, key=lambda item: item[:2], reverse=True)]
    return call.page([row for row in rows if kind in (None, row["execType"])], default=50, most=100)


def _trade_row(call: Call, listing: Listing, trade: SimTrade) -> Row:
    order = call.engine.find_order(call.account, trade.market, trade.symbol, order_id=trade.order_id)
    client_id = order.client_id if order else ""
    own = _own_name(client_id)
    unit, value = unit_of(listing), value_of(listing, trade.amount, trade.price)
    return {
        "symbol": name_of(listing),
        "orderId": id_text(trade.order_id, trade.market),
        "orderLinkId": "" if own else client_id,
        "side": trade.side.capitalize(),
        "orderPrice": plain((order.price if order else None) or trade.price),
        "orderQty": plain((order.amount if order else trade.amount) * unit),
        "leavesQty": "0",
        "createType": _CREATED.get(own, "CreateByUser"),
        "orderType": "Market" if order and order.order_type == "MARKET" else "Limit",
        "stopOrderType": "UNKNOWN",
        "execFee": plain(trade.fee),
        "execFeeV2": "",
        "feeCurrency": trade.fee_currency if trade.market == "spot" else "",
        "feeRate": plain(listing.maker_fee if trade.maker else listing.taker_fee),
        "execId": id_text(trade.trade_id, trade.market),
        "execPrice": plain(trade.price),
        "execQty": plain(trade.amount * unit),
        "execType": _EXECUTED.get(own, "Trade"),
        "execValue": plain(value),
        "execPnl": plain(trade.realised_pnl),
        "execTime": str(milliseconds(trade.at)),
        "isMaker": trade.maker,
        "isLeverage": "0",
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(trade.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": plain(trade.amount * unit) if trade.realised_pnl else "0",
        "seq": trade.trade_id,
        "marketUnit": "",
    }


def _funding_rows(call: Call, market: MarketType, since: datetime, until: datetime) -> list[tuple[datetime, int, Row]]:
    asked = {listing.symbol: listing for listing in _asked(call)}
    found = []
    for line in call.engine.income(call.account, since, WALLET_OF[market]):
        if line.kind != "FUNDING_FEE" or line.at > until or line.symbol not in asked:
            continue
        settled = [past for past in call.engine.funding_history(line.symbol, line.at) if past.at == line.at]
        rate, mark = (settled[0].rate, settled[0].mark_price) if settled else (_ZERO, _ZERO)
        value = abs(line.amount / rate) if rate else _ZERO
        # who receives while the rate is positive is short, and so is who pays while it is negative
        short = (line.amount > 0) == (rate > 0)
        found.append((line.at, line.id, _funding_row(asked[line.symbol], line.id, short, (rate, mark, value)) | {
            "execFee": plain(-line.amount),
            "execTime": str(milliseconds(line.at)),
        }))  # fmt: skip
    return found


def _funding_row(listing: Listing, number: int, short: bool, figures: tuple[Decimal, Decimal, Decimal]) -> Row:
    rate, mark, value = figures
    exact = (value * mark if listing.market == "inverse" else value / mark) if mark else _ZERO
    step = listing.amount_step * unit_of(listing)
    size = (exact if listing.market == "linear" else round(exact)) // step * step
    return {
        "symbol": name_of(listing),
        "orderId": id_text(number, "linear"),
        "orderLinkId": "",
        "side": "Sell" if short else "Buy",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "createType": "",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "feeCurrency": "",
        "feeRate": plain(-rate if short else rate),
        "execId": id_text(number, "linear"),
        "execPrice": plain(mark),
        "execQty": plain(size),
        "execType": "Funding",
        "execValue": plain(round(value, 8)),
        "isMaker": False,
        "markPrice": plain(mark),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "tradeIv": "",
        "markIv": "",
        "closedSize": "0",
        "seq": number,
        "marketUnit": "",
    }
