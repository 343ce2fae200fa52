"""Binance's error codes: the words of the engine, and our own checks, in the venue's terms.

Source: developers.binance.com, spot "Error codes" and USD-M futures "Error code" pages.
"""

from bot.sim.model import MarketType, Rejected


class VenueError(Exception):
    """A refusal in Binance's own words; the codec turns it into a JSON reply."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status


def mandatory_missing(name: str) -> VenueError:
    """-1102 for a parameter that was left out or is empty."""
    return VenueError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unknown_symbol() -> VenueError:
    """-1121 for a symbol this market does not list."""
    return VenueError(-1121, "Invalid symbol.")


def too_precise(name: str) -> VenueError:
    """-1111 for more decimals than the symbol allows."""
    return VenueError(-1111, f"Parameter '{name}' has too much precision.")


_COMMON: dict[str, tuple[int, str]] = {
    "unknown_account": (-2015, "Invalid API-key, IP, or permissions for action."),
    "unknown_symbol": (-1121, "Invalid symbol."),
    "price_missing": (-1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed."),
    "order_not_found": (-2011, "Unknown order sent."),
}
_SPOT: dict[str, tuple[int, str]] = {
    "market_closed": (-1013, "Market is closed."),
    "lot_size": (-1013, "Filter failure: LOT_SIZE"),
    "price_filter": (-1013, "Filter failure: PRICE_FILTER"),
    "price_band": (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    "min_notional": (-1013, "Filter failure: NOTIONAL"),
    "max_amount": (-1013, "Filter failure: LOT_SIZE"),
    "amount_not_positive": (-1013, "Invalid quantity."),
    "duplicate_client_id": (-2010, "Duplicate order sent."),
    "post_only": (-2010, "Order would immediately match and take."),
    "insufficient_balance": (-2010, "Account has insufficient balance for requested action."),
}
_LINEAR: dict[str, tuple[int, str]] = {
    "market_closed": (-4141, "Symbol is closed."),
    "closing_only": (-4140, "Invalid symbol status for opening position."),
    "position_side": (-4061, "Order's position side does not match user's setting."),
    "lot_size": (-4023, "Qty not increased by step size."),
    "price_filter": (-4014, "Price not increased by tick size."),
    "price_band": (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    "min_notional": (-4164, "Order's notional must be no smaller than {detail} (unless you choose reduce only)."),
    "max_amount": (-4005, "Quantity greater than max quantity."),
    "amount_not_positive": (-4003, "Quantity less than or equal to zero."),
    "duplicate_client_id": (-4116, "ClientOrderId is duplicated."),
    "post_only": (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. "
        "The order will not be recorded in the order history.",
    ),
    "reduce_only": (-2022, "ReduceOnly Order is rejected."),
    "insufficient_balance": (-2018, "Balance is insufficient."),
    "insufficient_margin": (-2019, "Margin is insufficient."),
    "leverage_bracket": (-2027, "Exceeded the maximum allowable position at current leverage."),
    "leverage_reduction": (-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions."),
    "margin_mode_position": (-4048, "Margin type cannot be changed if there exists position."),
    "position_mode_open": (-4068, "Position side cannot be changed if there exists position."),
    "not_isolated": (-4054, "Cannot add position margin: position is 0."),
}


def translated(refused: Rejected, market: MarketType) -> VenueError:
    """The engine's word of refusal in the terms of the market the request was for."""
    own = _SPOT if market == "spot" else _LINEAR
    code, message = own.get(refused.reason) or _COMMON.get(refused.reason) or (-1000, "An unknown error occurred.")
    return VenueError(code, message.format(detail=refused.detail), 401 if code == -2015 else 400)
