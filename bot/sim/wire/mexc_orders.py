"""Placing, cancelling and looking up futures orders on MEXC, counted in contracts.

The side says what becomes of the position: 1 opens a long, 2 closes a short, 3 opens a short, 4 closes a long. A 1
where a 2 was meant buys without looking at any position.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from bot.sim.model import Listing, Rejected, SideName, SimOrder, SimTrade, TimeInForce
from bot.sim.wire.mexc_account import CROSS, ISOLATED, set_mode
from bot.sim.wire.mexc_call import Call, Json, Parameters, Row, contract_size, contracts, name_of, number
from bot.sim.wire.mexc_errors import VenueError, malformed, order_not_found, translated
from bot.sim.wire.numbers import milliseconds

_OPEN_LONG, _CLOSE_SHORT, _OPEN_SHORT, _CLOSE_LONG = 1, 2, 3, 4
_SIDES: dict[int, tuple[SideName, bool]] = {
    _OPEN_LONG: ("buy", False),
    _CLOSE_SHORT: ("buy", True),
    _OPEN_SHORT: ("sell", False),
    _CLOSE_LONG: ("sell", True),
}
_CODES = {words: code for code, words in _SIDES.items()}
_KINDS: dict[int, tuple[Literal["LIMIT", "MARKET"], TimeInForce]] = {
    1: ("LIMIT", "GTC"),
    2: ("LIMIT", "GTX"),
    3: ("LIMIT", "IOC"),
    4: ("LIMIT", "FOK"),
    5: ("MARKET", "IOC"),
    6: ("MARKET", "IOC"),
}
_KIND_CODES = {"GTC": 1, "GTX": 2, "IOC": 3, "FOK": 4}
_STATES = {"NEW": 2, "PARTIALLY_FILLED": 2, "FILLED": 3, "CANCELED": 4, "EXPIRED": 4, "REJECTED": 5}
_CATEGORIES = {"autoclose-": 2, "adl_autoclose": 4}
_EXTERNAL_ID = re.compile(r"[^\s/]{1,32}")
_CANCELLED_AT_ONCE_MAX = 50
_REMEMBERED = timedelta(days=90)
_ZERO = Decimal(0)


def place(call: Call) -> Json:
    """POST order/create: the answer is an id and a time, and tells nothing of fills."""
    listing = call.listing()
    asked = _SIDES.get(call.parameters.integer("side"))
    if asked is None:
        raise VenueError(2001, "Wrong order direction")
    side, closes = asked
    closes = closes or call.parameters.optional("reduceOnly") == "true"
    kind = _KINDS.get(call.parameters.integer("type"))
    if kind is None:
        raise VenueError(2029, "Order type error")
    amount = call.parameters.decimal("vol") * contract_size(listing)
    external_id = call.parameters.optional("externalOid") or ""
    _check_external_id(call, listing, external_id)
    _margin_mode_of(call, listing, closes=closes)
    if closes:
        _check_closable(call, listing, side, amount)
    price = call.parameters.decimal("price") if kind[0] == "LIMIT" else None
    try:
        order = call.engine.place(
            call.account,
            market="linear",
            symbol=listing.symbol,
            side=side,
            order_type=kind[0],
            amount=amount,
            price=price,
            time_in_force=kind[1],
            reduce_only=closes,
            client_id=external_id,
        )
    except Rejected as refused:
        raise translated(refused, "linear", side) from None
    return {"orderId": str(order.order_id), "ts": call.now_ms}


def _check_external_id(call: Call, listing: Listing, external_id: str) -> None:
    """An external id is used once: how the venue answers a second use is not documented, that it takes none is."""
    if not external_id:
        return
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise VenueError(2030, "The external order ID is too long")
    if call.engine.find_order(call.account, "linear", listing.symbol, client_id=external_id) is not None:
        raise translated(Rejected("duplicate_client_id"), "linear")


def _margin_mode_of(call: Call, listing: Listing, *, closes: bool) -> None:
    """The margin mode travels with every order, and so does the leverage of an isolated one."""
    mode = call.parameters.integer("openType")
    if mode not in (ISOLATED, CROSS):
        raise VenueError(2002, "Wrong opening type")
    leverage = call.parameters.optional_integer("leverage")
    if mode == ISOLATED and leverage is None:
        raise malformed("linear", "leverage")
    if closes:
        return
    set_mode(call, listing, isolated=mode == ISOLATED)
    if mode == ISOLATED and leverage is not None:
        _isolated_leverage(call, listing, leverage)


def _isolated_leverage(call: Call, listing: Listing, leverage: int) -> None:
    setup = call.engine.setup(call.account, listing.symbol)
    if leverage == setup.leverage:
        return
    if any(row.symbol == listing.symbol and row.amount for row in call.engine.positions(call.account, "linear")):
        raise translated(Rejected("leverage_reduction"), "linear")
    if not 1 <= leverage <= listing.tiers[0].leverage_max:
        raise VenueError(2006, "Leverage ratio error")
    call.engine.set_leverage(call.account, listing.symbol, leverage)


def _check_closable(call: Call, listing: Listing, side: SideName, amount: Decimal) -> None:
    """A closing order is never larger than what it closes."""
    held = {row.symbol: row.amount for row in call.engine.positions(call.account, "linear")}.get(listing.symbol, _ZERO)
    room = held if side == "sell" else -held
    if room <= 0:
        raise translated(Rejected("reduce_only"), "linear")
    if amount > room:
        raise VenueError(2008, "The quantity is insufficient")


def _found(call: Call, number_: str | None, external_id: str | None, listing: Listing | None) -> SimOrder | None:
    listings = call.listings() if listing is None else [listing]
    order_id = int(number_) if number_ and number_.isdecimal() and number_.isascii() and len(number_) <= 18 else None
    if order_id is None and not external_id:
        return None
    for each in listings:
        found = call.engine.find_order(call.account, "linear", each.symbol, order_id=order_id, client_id=external_id)
        if found is not None:
            return found
    return None


def look_up(call: Call) -> Json:
    """GET order/get/{order_id}."""
    found = _found(call, call.parameters.required("order_id"), None, None)
    if found is None:
        raise order_not_found("linear")
    return order_row(call, found)


def look_up_external(call: Call) -> Json:
    """GET order/external/{symbol}/{external_oid}."""
    found = _found(call, None, call.parameters.required("external_oid"), call.listing())
    if found is None:
        raise order_not_found("linear")
    return order_row(call, found)


def cancel(call: Call) -> Json:
    """POST order/cancel: a list of ids; each is answered for itself, inside a reply that succeeded."""
    return [_cancelled(call, _found(call, str(item), None, None), str(item)) for item in _list(call)]


def cancel_external(call: Call) -> Json:
    """POST order/cancel_with_external: a list of symbol and external id; each is answered for itself."""
    rows: list[Row] = []
    for item in _list(call):
        if not isinstance(item, dict):
            raise malformed("linear", "symbol")
        words = Parameters("linear", item)
        found = _found(call, None, words.required("externalOid"), call.listing_of(words.required("symbol")))
        rows.append(_cancelled(call, found, "0"))
    return rows


def _list(call: Call) -> list[object]:
    if not isinstance(call.body, list) or not call.body:
        raise malformed("linear", "a list is expected")
    if len(call.body) > _CANCELLED_AT_ONCE_MAX:
        raise VenueError(2013, "Cancel orders over maximum limit")
    return call.body


def _cancelled(call: Call, found: SimOrder | None, named: str) -> Row:
    if found is None:
        return {"orderId": named, "errorCode": 2040, "errorMsg": "order not exist"}
    row: Row = {"orderId": str(found.order_id)}
    if not found.open:
        return row | {"errorCode": 2041, "errorMsg": "order state cannot be cancelled"}
    call.engine.cancel(call.account, "linear", found.symbol, order_id=found.order_id)
    return row | {"errorCode": 0, "errorMsg": "success"}


def cancel_all(call: Call) -> Json:
    """POST order/cancel_all: of one symbol or of all."""
    listing = call.optional_listing()
    for order in call.engine.open_orders(call.account, "linear", listing.symbol if listing else None):
        call.engine.cancel(call.account, "linear", order.symbol, order_id=order.order_id)
    return None


def open_orders(call: Call) -> Json:
    """GET order/list/open_orders and open_orders/{symbol}: newest first, by pages, as a bare list."""
    listing = call.optional_listing()
    resting = call.engine.open_orders(call.account, "linear", listing.symbol if listing else None)
    return _page(call, [order_row(call, order) for order in reversed(resting)])


def history_orders(call: Call) -> Json:
    """GET order/list/history_orders: what ended and what rests, newest first."""
    listing = call.optional_listing()
    states = call.parameters.optional("states")
    wanted = None if states is None else set(states.split(","))
    since = call.parameters.time("start_time") or call.now - _REMEMBERED
    until = call.parameters.time("end_time") or call.now
    found = [
        order
        for each in ([listing] if listing else call.listings())
        for order in call.engine.orders(call.account, "linear", each.symbol, since)
        if order.created_at <= until and (wanted is None or str(_STATES[order.state]) in wanted)
    ]
    found.sort(key=lambda order: (order.created_at, order.order_id), reverse=True)
    return _page(call, [order_row(call, order) for order in found])


def _page(call: Call, rows: list[Row]) -> list[Row]:
    size, page = call.parameters.size("page_size", 20, 100), call.parameters.size("page_num", 1, 10**9)
    return rows[(page - 1) * size : page * size]


def deals(call: Call) -> Json:
    """GET order/list/order_deals: executions in contracts, newest first, at most 90 days back."""
    listing = call.listing()
    since = call.parameters.time("start_time") or call.now - timedelta(days=7)
    until = call.parameters.time("end_time") or call.now
    if until < since or until - since > _REMEMBERED:
        raise malformed("linear", "start_time")
    order_id = call.parameters.optional_integer("order_id")
    found = call.engine.trades(call.account, "linear", listing.symbol, since, order_id)
    return _page(call, [_deal(call, listing, trade) for trade in reversed(found) if trade.at <= until])


def deal_details(call: Call) -> Json:
    """GET order/deal_details/{order_id}."""
    found = _found(call, call.parameters.required("order_id"), None, None)
    if found is None:
        raise order_not_found("linear")
    listing = call.listing_by_plain(found.symbol)
    trades = call.engine.trades(call.account, "linear", found.symbol, None, found.order_id)
    return [_deal(call, listing, trade) for trade in trades]


def _side_code(order: SimOrder) -> int:
    return _CODES[(order.side, order.reduce_only)]


def _category(order: SimOrder) -> int:
    return next((code for start, code in _CATEGORIES.items() if order.client_id.startswith(start)), 1)


def order_row(call: Call, order: SimOrder) -> Row:
    """An order as every page shows it."""
    listing, setup = call.listing_by_plain(order.symbol), call.engine.setup(call.account, order.symbol)
    trades = call.engine.trades(call.account, "linear", order.symbol, None, order.order_id)
    taken, made = (sum((t.fee for t in trades if t.maker is maker), _ZERO) for maker in (False, True))
    return {
        "orderId": str(order.order_id),
        "symbol": name_of(listing),
        "positionId": 0,
        "price": number(order.price if order.price is not None else order.average_price or _ZERO),
        "vol": contracts(listing, order.amount),
        "leverage": setup.leverage,
        "side": _side_code(order),
        "category": _category(order),
        "orderType": 5 if order.order_type == "MARKET" else _KIND_CODES[order.time_in_force],
        "dealAvgPrice": number(order.average_price or _ZERO),
        "dealVol": contracts(listing, order.filled),
        "orderMargin": 0,
        "takerFee": number(taken),
        "makerFee": number(made),
        "profit": number(sum((t.realised_pnl for t in trades), _ZERO)),
        "feeCurrency": listing.settle,
        "openType": ISOLATED if setup.isolated else CROSS,
        "state": _STATES[order.state],
        "externalOid": order.client_id,
        "errorCode": 0,
        "usedMargin": 0,
        "createTime": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "positionMode": 2,
        "reduceOnly": order.reduce_only,
    }


def _deal(call: Call, listing: Listing, trade: SimTrade) -> Row:
    order = call.engine.find_order(call.account, "linear", trade.symbol, order_id=trade.order_id)
    return {
        "id": str(trade.trade_id),
        "symbol": name_of(listing),
        "side": _side_code(order) if order is not None else _CODES[(trade.side, False)],
        "vol": contracts(listing, trade.amount),
        "price": number(trade.price),
        "feeCurrency": trade.fee_currency,
        "fee": number(trade.fee),
        "timestamp": milliseconds(trade.at),
        "profit": number(trade.realised_pnl),
        "category": 1 if order is None else _category(order),
        "orderId": str(trade.order_id),
        "positionMode": 2,
        "taker": not trade.maker,
    }
