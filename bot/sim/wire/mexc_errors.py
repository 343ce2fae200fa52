"""MEXC's error codes: the words of the engine, and our own checks, in the terms of its two interfaces.

The spot interface refuses with HTTP 400 and `code`, `msg`; the futures interface with HTTP 200 and `success` false.
Source: mexc.com/api-docs, "Error code" of spot v3 and of futures; exceptions table of ccxt 4.5.90.
"""

from bot.sim.model import MarketType, Rejected


class VenueError(Exception):
    """A refusal in MEXC's own words; the codec turns it into the reply of the interface that was asked."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status


def malformed(market: MarketType, name: str) -> VenueError:
    """A parameter that is missing or is not what it should be."""
    if market == "spot":
        return VenueError(700004, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return VenueError(600, f"Parameter error: {name}")


def unknown_symbol(market: MarketType) -> VenueError:
    """A symbol this market does not list."""
    return VenueError(-1121, "Invalid symbol.") if market == "spot" else VenueError(1001, "Contract does not exist!")


def order_not_found(market: MarketType) -> VenueError:
    """An order nobody knows."""
    return VenueError(-2013, "Order does not exist.") if market == "spot" else VenueError(2040, "Order not exist")


_SPOT: dict[str, tuple[int, str]] = {
    "unknown_account": (10001, "user does not exist"),
    "unknown_symbol": (-1121, "Invalid symbol."),
    "market_closed": (30016, "trading disabled"),
    "price_missing": (700004, "Mandatory parameter 'price' was not sent, was empty/null, or malformed."),
    "lot_size": (30002, "The minimum transaction volume cannot be less than the allowed one"),
    "price_filter": (30010, "no valid trade price"),
    "price_band": (30087, "Order price exceeds allowed range"),
    "min_notional": (30002, "The minimum transaction volume cannot be less than:{detail}"),
    "max_amount": (30003, "The maximum transaction volume cannot be greater than the allowed one"),
    "amount_not_positive": (30002, "The minimum transaction volume cannot be less than zero"),
    "duplicate_client_id": (
        30029,
        "Duplicate client order id",
    ),  # not documented; never met by a bot that sells no spot
    "post_only": (30010, "no valid trade price"),
    "insufficient_balance": (10101, "Insufficient balance"),
    "order_not_found": (-2011, "Unknown order sent."),
}
_LINEAR: dict[str, tuple[int, str]] = {
    "unknown_account": (1000, "Account does not exist"),
    "unknown_symbol": (1001, "Contract does not exist!"),
    "market_closed": (1002, "Contract not allow place order!"),
    "closing_only": (1002, "Contract not allow place order!"),
    "position_side": (2022, "Wrong position type"),
    "price_missing": (2007, "Order price error"),
    "lot_size": (2015, "Price or quantity accuracy error"),
    "price_filter": (2015, "Price or quantity accuracy error"),
    "min_notional": (2011, "Order quantity error, please try to modify."),
    "max_amount": (2028, "Exceeds maximum order quantity"),
    "amount_not_positive": (2011, "Order quantity error, please try to modify."),
    # The manual names no code for an external id used twice; "repeated requests" is the nearest there is.
    "duplicate_client_id": (603, "Repeated requests"),
    "post_only": (2007, "Order price error"),
    "reduce_only": (2009, "Position is not exists or closed."),
    "insufficient_balance": (2005, "Insufficient balance!"),
    "insufficient_margin": (2005, "Insufficient balance!"),
    "leverage_bracket": (2025, "The holding positions is over the maximum allowable positions"),
    "leverage_reduction": (2021, "The leverage is not consistent with the existing position leverage"),
    "margin_mode_position": (2027, "There is only one cross or isolated in the same direction"),
    "position_mode_open": (2019, "There is an active open position"),
    "not_isolated": (2009, "Position is not exists or closed."),
    "order_not_found": (2041, "order state cannot be cancelled"),
}


def translated(refused: Rejected, market: MarketType, side: str = "") -> VenueError:
    """The engine's word of refusal in the terms of the interface that was asked; a price off the band has two."""
    if refused.reason == "price_band" and market != "spot":
        if side == "buy":
            return VenueError(2003, "Bid price is great than max allow price")
        return VenueError(2004, "Ask price is less than min allow price")
    own = _SPOT if market == "spot" else _LINEAR
    code, message = own.get(refused.reason) or ((730000, "Request failed") if market == "spot" else (9999, "Abnormal"))
    return VenueError(code, message.format(detail=refused.detail))
