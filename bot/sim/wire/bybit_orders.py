"""Placing and cancelling orders on Bybit: the answer says that the order was taken, and nothing of what it did.

Source: bybit-exchange.github.io/docs/v5/order/create-order, cancel-order, cancel-all.
"""

import re
from decimal import Decimal
from typing import Literal

from bot.sim.model import Listing, MarketType, Rejected, SideName, SimOrder, TimeInForce
from bot.sim.wire.bybit_call import Call, Row, id_number, id_text, unit_of
from bot.sim.wire.bybit_errors import VenueError, bad_parameter, translated
from bot.sim.wire.bybit_wallet import gather, lend

_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_TIMES: dict[str, TimeInForce] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK", "PostOnly": "GTX"}


def place(call: Call) -> Row:
    """POST /v5/order/create; an orderLinkId serves once and for ever."""
    market = call.market
    _check_trading_right(call, market)
    listing, link_id = call.listing(), call.parameters.optional("orderLinkId") or ""
    if link_id and not _LINK_ID.fullmatch(link_id):
        raise bad_parameter("orderLinkId")
    side: SideName = "buy" if call.parameters.choice("side", ("Buy", "Sell")) == "Buy" else "sell"
    order_type, in_force = _kind(call)
    _check_position_index(call, market)
    if link_id and link_known(call, market, link_id):
        raise translated(Rejected("duplicate_client_id"), market)
    price = call.parameters.optional_decimal("price") if order_type == "LIMIT" else None
    amount = _amount(call, listing, side, order_type)
    if market == "spot":
        lend(call, listing.base if side == "sell" else None)
    try:
        order = call.engine.place(
            call.account,
            market=market,
            symbol=listing.symbol,
            side=side,
            order_type=order_type,
            amount=amount,
            price=price,
            time_in_force=in_force,
            reduce_only=market != "spot" and call.parameters.flag("reduceOnly"),
            client_id=link_id,
            post_only_ends=True,
        )
    except Rejected as refused:
        raise _refused(refused, listing, side) from None
    finally:
        gather(call)
    return acknowledged(call, order)


def acknowledged(call: Call, order: SimOrder) -> Row:
    """Ids, and nothing else."""
    named = call.parameters.optional("orderLinkId") or ""
    return {"orderId": id_text(order.order_id, order.market), "orderLinkId": named}


def link_known(call: Call, market: MarketType, link_id: str) -> bool:
    """Whether an order of this category ever carried this id."""
    return any(
        call.engine.find_order(call.account, market, symbol, client_id=link_id) is not None
        for kind, symbol in call.engine.listings
        if kind == market
    )


def _check_trading_right(call: Call, market: MarketType) -> None:
    key = call.owner
    if not (key.may_trade_spot if market == "spot" else key.may_trade_futures):
        raise VenueError(10005, "Permission denied, please check your API key permissions.")


def _kind(call: Call) -> tuple[Literal["LIMIT", "MARKET"], TimeInForce]:
    if call.parameters.choice("orderType", ("Market", "Limit")) == "Market":
        return "MARKET", "IOC"
    if call.parameters.optional("triggerPrice"):
        raise bad_parameter("triggerPrice")
    in_force = _TIMES.get(call.parameters.optional("timeInForce") or "GTC")
    if in_force is None:
        raise bad_parameter("timeInForce")
    return "LIMIT", in_force


def _check_position_index(call: Call, market: MarketType) -> None:
    index = call.parameters.optional_integer("positionIdx") or 0
    if market != "spot" and (index != 0 or call.engine.hedge_mode(call.account, market)):
        raise translated(Rejected("position_side"), market)


def _amount(call: Call, listing: Listing, side: SideName, order_type: str) -> Decimal:
    """The quantity as the engine counts it; a spot market order to buy is in quote coins unless it says otherwise."""
    quantity = call.parameters.decimal("qty")
    if quantity <= 0:
        raise translated(Rejected("amount_not_positive"), listing.market)
    unit = call.parameters.optional("marketUnit")
    if unit not in (None, "baseCoin", "quoteCoin"):
        raise bad_parameter("marketUnit")
    if listing.market != "spot" or order_type != "MARKET" or unit == "baseCoin" or (unit is None and side == "sell"):
        return quantity / unit_of(listing)
    bids, asks = call.engine.book("spot", listing.symbol, 1)
    best = asks if side == "buy" else bids
    if not best:
        raise translated(Rejected("market_closed"), "spot")
    return quantity / best[0][0] // listing.amount_step * listing.amount_step


def _refused(refused: Rejected, listing: Listing, side: SideName) -> VenueError:
    if refused.reason == "price_band" and listing.market == "spot":
        if side == "buy":
            return VenueError(170193, "Buy order price cannot be higher than the limit.")
        return VenueError(170194, "Sell order price cannot be lower than the limit.")
    if refused.reason == "min_notional":
        return translated(Rejected("min_notional", f"{listing.notional_min}USDT"), listing.market)
    return translated(refused, listing.market)


def find(call: Call) -> SimOrder | None:
    """The order named by orderId, or else by orderLinkId; an id that was given has the last word."""
    market, listing = call.market, call.optional_listing()
    order_id, link_id = call.parameters.optional("orderId"), call.parameters.optional("orderLinkId")
    number = id_number(order_id, market) if order_id else None
    if order_id and number is None:
        return None
    symbols = [listing.symbol] if listing else [symbol for kind, symbol in call.engine.listings if kind == market]
    for symbol in symbols:
        found = call.engine.find_order(
            call.account, market, symbol, order_id=number, client_id=None if order_id else link_id
        )
        if found is not None:
            return found
    return None


def cancel(call: Call) -> Row:
    """POST /v5/order/cancel; 110001 (spot 170213) when it is unknown or already final."""
    _check_trading_right(call, call.market)
    call.listing()
    if not call.parameters.optional("orderId") and not call.parameters.optional("orderLinkId"):
        raise bad_parameter("orderId")
    found = find(call)
    if found is None:
        raise translated(Rejected("order_not_found"), call.market)
    call.engine.cancel(call.account, found.market, found.symbol, order_id=found.order_id)
    return acknowledged(call, found)


def cancel_all(call: Call) -> Row:
    """POST /v5/order/cancel-all, of one symbol or of a settlement coin."""
    market, listing = call.market, call.optional_listing()
    _check_trading_right(call, market)
    if listing is None and market == "linear" and not call.parameters.optional("settleCoin"):
        raise bad_parameter("symbol")
    rows: list[Row] = []
    for order in call.engine.open_orders(call.account, market, listing.symbol if listing else None):
        ended = call.engine.cancel(call.account, market, order.symbol, order_id=order.order_id)
        rows.append(acknowledged(call, ended))
    return {"list": rows, "success": "1"}
