"""Bybit's error codes: the words of the engine, and our own checks, in the venue's terms.

Source: bybit-exchange.github.io/docs/v5/error (UTA, Spot Trade, Asset), read 2026-11-25.
"""

from collections.abc import Mapping

from bot.sim.model import MarketType, Rejected


class VenueError(Exception):
    """A refusal in Bybit's own words; nearly all of them travel with HTTP status 200."""

    def __init__(self, code: int, message: str, *, status: int = 200, result: Mapping[str, object] | None = None):
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.result = result or {}


def bad_parameter(name: str) -> VenueError:
    """10001 for a parameter that is missing or makes no sense."""
    return VenueError(10001, f"params error: {name} invalid")


def unknown_symbol(market: MarketType) -> VenueError:
    """The market's word for a symbol it does not list."""
    return VenueError(170121, "Invalid symbol.") if market == "spot" else VenueError(10001, "symbol invalid")


_LINEAR: dict[str, tuple[int, str]] = {
    "market_closed": (110074, "This contract is not live"),
    "closing_only": (110042, "Currently,due to pre-delivery status, you can only reduce your position."),
    "position_side": (10001, "position idx not match position mode"),
    "price_missing": (10001, "params error: price invalid"),
    "lot_size": (10001, "Qty invalid"),
    "price_filter": (10001, "Price invalid"),
    "price_band": (110003, "Order price exceeds the allowable range."),
    "min_notional": (110094, "Order does not meet minimum order value {detail}"),
    "max_amount": (10001, "The number of contracts exceeds maximum limit allowed: too large"),
    "amount_not_positive": (10001, "Qty invalid"),
    "duplicate_client_id": (110072, "OrderLinkedID is duplicate"),
    "post_only": (110103, "Only Post-Only orders are available at this stage"),
    "reduce_only": (110017, "current position is zero, cannot fix reduce-only order qty"),
    "insufficient_balance": (110012, "Insufficient available balance."),
    "insufficient_margin": (110007, "ab not enough for new order"),
    "leverage_bracket": (
        110090,
        "Order placement failed as your position may exceed the max limit. Please adjust your leverage.",
    ),
    "leverage_reduction": (110044, "Available margin is insufficient."),
    "margin_mode_position": (3400045, "Set margin mode failed"),
    "position_mode_open": (110024, "You have an existing position, so the position mode cannot be switched."),
    "not_isolated": (110015, "The position is in cross margin mode."),
    "no_need_to_change": (110043, "Set leverage has not been modified."),
    "no_funding": (10001, "params error: symbol invalid"),
    "order_not_found": (110001, "order not exists or too late to cancel"),
}
_SPOT: dict[str, tuple[int, str]] = {
    "market_closed": (170157, "The trading pair is not available for api trading."),
    "price_missing": (170105, "Parameter 'price' was empty."),
    "lot_size": (170137, "Order volume decimal too long."),
    "price_filter": (170134, "Order price decimal too long."),
    "price_band": (170193, "Order price is beyond the allowable range."),
    "min_notional": (170140, "Order value exceeded lower limit."),
    "max_amount": (170124, "Order amount too large."),
    "amount_not_positive": (170136, "Order quantity lower than the minimum."),
    "duplicate_client_id": (170141, "Duplicate clientOrderId."),
    "post_only": (170218, "The LIMIT-MAKER order is rejected due to invalid price."),
    "insufficient_balance": (170131, "Insufficient balance."),
    "order_not_found": (170213, "Order does not exist."),
}


def translated(refused: Rejected, market: MarketType) -> VenueError:
    """The engine's word of refusal in the terms of the market the request was for."""
    if refused.reason == "unknown_symbol":
        return unknown_symbol(market)
    if refused.reason == "unknown_account":
        return VenueError(10003, "API key is invalid.")
    own = _SPOT.get(refused.reason) if market == "spot" else None
    code, message = own or _LINEAR.get(refused.reason) or (10016, "Server error.")
    return VenueError(code, message.format(detail=refused.detail))
