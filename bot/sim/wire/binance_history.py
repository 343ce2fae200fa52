"""What Binance tells about the past: orders, executions, funding history, income; with its windows and page sizes."""

from datetime import datetime, timedelta

from bot.sim.model import WALLET_OF, SimOrder, SimTrade
from bot.sim.wire.binance_call import Call, Json, Row
from bot.sim.wire.binance_errors import VenueError
from bot.sim.wire.binance_orders import order_row
from bot.sim.wire.numbers import milliseconds, plain, text

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_BEGINNING = timedelta(days=90)
_INCOME_NAMES = {"DELIVERY": "DELIVERED_SETTELMENT"}  # spelt so by the venue


def _window(call: Call, length: timedelta) -> tuple[datetime, datetime]:
    """Start and end asked for; a missing end lies one window after the start, a missing start one before the end."""
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    if started is None:
        ended = ended or call.now
        return ended - length, ended
    ended = ended or started + length
    if ended < started:
        raise VenueError(-1023, "Start time is greater than end time.")
    if ended - started > length:
        if call.market == "spot":
            raise VenueError(-1127, "More than 24 hours between startTime and endTime.")
        raise VenueError(-4165, "Invalid time interval, maximum time interval is 7 days.")
    return started, ended


def all_orders(call: Call) -> Json:
    """GET allOrders: from orderId on, or inside one window."""
    listing, limit = call.listing(), call.parameters.limit(500, 1000)
    first_id = call.parameters.optional_integer("orderId")
    length = _DAY if call.market == "spot" else _WEEK
    found: list[SimOrder]
    if first_id is not None:
        since = call.now - _BEGINNING
        found = [
            o for o in call.engine.orders(call.account, call.market, listing.symbol, since) if o.order_id >= first_id
        ]
        return [order_row(order) for order in found[:limit]]
    since, until = _window(call, length)
    found = [o for o in call.engine.orders(call.account, call.market, listing.symbol, since) if o.created_at <= until]
    page = found[:limit] if call.parameters.optional("startTime") else found[-limit:]
    return [order_row(order) for order in page]


def my_trades(call: Call) -> Json:
    """GET userTrades (futures, weeks) and myTrades (spot, days): by orderId, from an id on, or inside one window."""
    listing, limit = call.listing(), call.parameters.limit(500, 1000)
    order_id, first_id = call.parameters.optional_integer("orderId"), call.parameters.optional_integer("fromId")
    windowed = call.parameters.optional("startTime") or call.parameters.optional("endTime")
    if first_id is not None and windowed:
        raise VenueError(-1128, "Combination of optional parameters invalid.")
    length = _DAY if call.market == "spot" else _WEEK
    since, until = _window(call, length) if windowed or call.market != "spot" else (call.now - _BEGINNING, call.now)
    if order_id is not None or first_id is not None:
        since = max(since, call.now - _BEGINNING) if windowed else call.now - _BEGINNING
    trades = [
        t for t in call.engine.trades(call.account, call.market, listing.symbol, since, order_id) if t.at <= until
    ]
    if first_id is not None:
        trades = [trade for trade in trades if trade.trade_id >= first_id]
    oldest_first = first_id is not None or bool(call.parameters.optional("startTime"))
    page = trades[:limit] if oldest_first else trades[-limit:]
    return [trade_row(call, trade) for trade in page]


def trade_row(call: Call, trade: SimTrade) -> Row:
    """An execution as its market's history shows it."""
    quote = trade.price * trade.amount
    common: Row = {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "commissionAsset": trade.fee_currency,
        "time": milliseconds(trade.at),
    }
    if trade.market == "spot":
        return common | {
            "orderListId": -1,
            "price": text(trade.price),
            "qty": text(trade.amount),
            "quoteQty": text(quote),
            "commission": text(trade.fee),
            "isBuyer": trade.side == "buy",
            "isMaker": trade.maker,
            "isBestMatch": True,
        }
    worth: Row = {"quoteQty": plain(quote)}
    if trade.market == "inverse":
        coins = trade.amount * call.listing_of(trade.symbol).face / trade.price
        worth = {"baseQty": text(coins), "marginAsset": trade.fee_currency, "pair": trade.symbol.partition("_")[0]}
    return common | {
        "side": trade.side.upper(),
        "positionSide": "BOTH",
        "price": plain(trade.price),
        "qty": plain(trade.amount),
        **worth,
        "realizedPnl": text(trade.realised_pnl),
        "commission": text(trade.fee),
        "buyer": trade.side == "buy",
        "maker": trade.maker,
    }


def income(call: Call) -> Json:
    """GET income: a week when no times are given, oldest first, pages counted from 1."""
    symbol, kind = call.optional_listing(), call.parameters.optional("incomeType")
    wallet = WALLET_OF[call.market]
    limit = call.parameters.limit(100, 1000)
    page = max(call.parameters.optional_integer("page") or 1, 1)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    since = started if started is not None else ended - _WEEK
    rows: list[Row] = []
    for entry in call.engine.income(call.account, since, wallet):
        name = _INCOME_NAMES.get(entry.kind, entry.kind)
        if entry.at > ended or kind not in (None, name) or (symbol and entry.symbol != symbol.symbol):
            continue
        rows.append(
            {
                "symbol": entry.symbol,
                "incomeType": name,
                "income": text(entry.amount),
                "asset": entry.currency,
                "time": milliseconds(entry.at),
                "info": name,
                "tranId": entry.id,
                "tradeId": "",
            }
        )
    return rows[(page - 1) * limit : page * limit]


def funding_history(call: Call) -> Json:
    """GET fundingRate: settled rates, oldest first from startTime, else the newest page."""
    listing, limit = call.optional_listing(), call.parameters.limit(100, 1000)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    since = started if started is not None else ended - timedelta(days=60)
    settled = [
        past
        for each in ([listing] if listing else call.listings())
        for past in call.exchange.market.funding_history(each.symbol, since)
        if past.at <= ended
    ]
    settled.sort(key=lambda past: past.at)
    page = settled[:limit] if started is not None else settled[-limit:]
    return [
        {
            "symbol": past.symbol,
            "fundingTime": milliseconds(past.at),
            "fundingRate": text(past.rate),
            "markPrice": text(past.mark_price),
        }
        for past in page
    ]


def forced_orders(call: Call) -> Json:
    """GET forceOrders: what the venue closed by itself, liquidations and deleveraging."""
    listing = call.optional_listing()
    names = {"LIQUIDATION": "autoclose-", "ADL": "adl_autoclose"}
    wanted = names.get((call.parameters.optional("autoCloseType") or "").upper())
    since = call.parameters.time("startTime") or call.now - _WEEK
    rows = [
        order_row(order)
        for each in ([listing] if listing else call.listings())
        for order in call.engine.orders(call.account, call.market, each.symbol, since)
        if order.client_id.startswith(wanted or tuple(names.values()))
    ]
    return rows[-call.parameters.limit(50, 100) :]
