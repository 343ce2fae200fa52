"""WEEX's error codes: the words of the engine, and our own checks, in the venue's terms.

Sources: weex.com/api-doc, FAQ and order pages; the codes and messages ccxt 4.5.90 lists. Where neither names a code for
a refusal by account or matching, the one recorded answer of that kind (-1054, FAILED_PRECONDITION) stands for it.
"""

from bot.sim.model import MarketType, Rejected


class VenueError(Exception):
    """A refusal in WEEX's own words; the codec turns it into a JSON reply."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status


def missing(name: str) -> VenueError:
    """-1141 for a parameter that was left out or is empty."""
    return VenueError(-1141, f"Parameter '{name}' cannot be empty.")


def invalid(name: str) -> VenueError:
    """-1142 for a value that cannot be."""
    return VenueError(-1142, f"Parameter '{name}' is invalid.")


def contradiction() -> VenueError:
    """-1128 for parameters that exclude each other."""
    return VenueError(-1128, "Combination of optional parameters invalid.")


def unknown_symbol(market: MarketType) -> VenueError:
    """The complaint about a symbol this market does not list."""
    if market == "spot":
        return VenueError(-2007, "Symbol does not exist.")
    return VenueError(-1121, "Invalid symbol.")


def unknown_order(market: MarketType) -> VenueError:
    """The complaint about an order that is not there."""
    return VenueError(-2200 if market == "spot" else -3200, "Order does not exist.")


def _precondition(words: str) -> tuple[int, str]:
    return -1054, f"FAILED_PRECONDITION: {words}"


_COMMON: dict[str, tuple[int, str]] = {
    "unknown_account": (-1044, "Invalid ACCESS_KEY."),
    "market_closed": (-1058, "No permission for this trading pair."),
    "closing_only": (-1058, "No permission for this trading pair."),
    "position_side": (-1128, "Combination of optional parameters invalid."),
    "price_missing": (-1141, "Parameter 'price' cannot be empty."),
    "lot_size": (-1160, "Decimal precision error."),
    "price_filter": (-1160, "Decimal precision error."),
    "price_band": (-1142, "Parameter 'price' is invalid."),
    "min_notional": (-1142, "Parameter 'quantity' is invalid."),
    "max_amount": (-3007, "Maximum contract order quantity exceeded."),
    "amount_not_positive": (-1142, "Parameter 'quantity' is invalid."),
    "duplicate_client_id": (-1142, "Parameter 'newClientOrderId' is invalid."),
    "post_only": _precondition("order would match immediately"),
    "reduce_only": _precondition("available close amount not enough"),
    "insufficient_balance": _precondition("available amount not enough"),
    "insufficient_margin": _precondition("available amount not enough"),
    "leverage_bracket": (-3313, "Leverage exceeds maximum limit."),
    "leverage_reduction": _precondition("leverage cannot be lowered with a position"),
    "margin_mode_position": _precondition("position or order exists"),
    "position_mode_open": _precondition("position or order exists"),
    "not_isolated": (-1142, "Parameter 'isolatedPositionId' is invalid."),
    "no_funding": (-1121, "Invalid symbol."),
    "no_need_to_change": (200, "success"),
}


def translated(refused: Rejected, market: MarketType) -> VenueError:
    """The engine's word of refusal in WEEX's terms."""
    if refused.reason == "order_not_found":
        return unknown_order(market)
    if refused.reason == "unknown_symbol":
        return unknown_symbol(market)
    if refused.reason == "market_closed" and market != "spot":
        return VenueError(-3235, "No permission for this trading pair.")
    code, message = _COMMON.get(refused.reason, (-1000, "An unknown error occurred."))
    return VenueError(code, message)
