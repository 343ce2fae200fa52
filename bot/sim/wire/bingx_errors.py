"""BingX's error codes: the words of the engine, and our own checks, in the venue's terms; HTTP status 200 all along.

Source: bingx-api.github.io, "Common Error Codes" and the error lists of each endpoint, read 2026-11-25; ccxt 4.5.90.
"""

from bot.sim.model import MarketType, Rejected


class VenueError(Exception):
    """A refusal in BingX's own words; `keyed` ones come from the gateway, which answers without data."""

    def __init__(self, code: int, message: str, *, keyed: bool = False) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.keyed = keyed


def invalid(name: str, what: str = "This field is required.") -> VenueError:
    """109400 for a parameter that is missing or wrong."""
    return VenueError(109400, f"Invalid parameters, err:{name}: {what}")


def unknown_symbol(symbol: str, market: MarketType = "linear") -> VenueError:
    """The symbol is not listed; each market has a code of its own for that."""
    if market == "spot":
        return VenueError(100400, f"symbol {symbol} not exist")
    return VenueError(
        109425,
        f"{symbol} not exist, please verify it in api: https://open-api.bingx.com/openApi/swap/v2/quote/contracts",
    )


def no_permission(what: str) -> VenueError:
    """100004: the key was made without this right."""
    return VenueError(100004, f"Permission denied, the API key was created without the permission {what}.", keyed=True)


_SPOT: dict[str, tuple[int, str]] = {
    "unknown_account": (100413, "Incorrect apiKey"),
    "unknown_symbol": (100400, "symbol not exist"),
    "market_closed": (100490, "spot symbol is offline"),
    "price_missing": (100400, "miss arguments: price"),
    "lot_size": (101400, "Order size error"),
    "price_filter": (100400, "arguments invalid: price"),
    "price_band": (101211, "Order price is out of range"),
    "min_notional": (100400, "order amount must be greater than {detail} USDT"),
    "max_amount": (100400, "order amount is above the maximum"),
    "amount_not_positive": (100400, "arguments invalid: quantity"),
    "duplicate_client_id": (101481, "clientOrderID cannot be repeated"),
    "post_only": (101215, "The Maker (Post Only) order would immediately match and was canceled."),
    "insufficient_balance": (100202, "Insufficient balance"),
    "order_not_found": (100404, "order not exist"),
}
_LINEAR: dict[str, tuple[int, str]] = {
    "unknown_account": (100413, "Incorrect apiKey"),
    "unknown_symbol": (109425, "symbol not exist, please verify it in api: /openApi/swap/v2/quote/contracts"),
    "market_closed": (
        109415,
        "is pause currently, please verify it in api: /openApi/swap/v2/quote/contracts",
    ),
    "closing_only": (101415, "This trading pair is suspended from opening new position"),
    "position_side": (109400, "In the Hedge mode, the 'PositionSide' field can only be set to LONG or SHORT."),
    "price_missing": (109400, "Invalid parameters, err:price: This field is required."),
    "lot_size": (101400, "The minimum order amount is {detail}."),
    "price_filter": (109400, "Invalid parameters, err:price: must be positive."),
    "price_band": (101211, "Order price should be {detail}"),
    "min_notional": (
        101400,
        "Please ensure that the minimum nominal value of the order placed must be greater than {detail}u",
    ),
    "max_amount": (101419, "Your order size has reached the upper limit"),
    "amount_not_positive": (109400, "Invalid parameters, err:quantity: must be positive."),
    "duplicate_client_id": (101481, "clientOrderID cannot be repeated"),
    "post_only": (
        101215,
        "The Maker (Post Only) order ensures that the user always acts as a maker. "
        "If the order would immediately match with available orders in the market, it will be canceled.",
    ),
    "reduce_only": (
        101290,
        "The Reduce Only order can only decrease the position and not be used to open a position. "
        "Please check your positions and open orders.",
    ),
    "insufficient_balance": (100202, "Insufficient balance"),
    "insufficient_margin": (101204, "Insufficient margin"),
    "leverage_bracket": (101209, "The maximum position value for this leverage is {detail} USDT."),
    "leverage_reduction": (109400, "leverage cannot be lowered while an isolated position is open"),
    "margin_mode_position": (109400, "the account has positions or pending orders"),
    "position_mode_open": (109401, "user has pending orders or position"),
    "not_isolated": (80001, "position is not isolated"),
    "no_funding": (109400, "Invalid parameters, err:symbol: pays no funding."),
    "order_not_found": (109421, "order not exist"),
}


def translated(refused: Rejected, market: MarketType) -> VenueError:
    """The engine's word of refusal in the terms of the market the request was for."""
    own = _SPOT if market == "spot" else _LINEAR
    code, message = own.get(refused.reason, (100500, "Internal system error"))
    return VenueError(code, message.format(detail=refused.detail))
