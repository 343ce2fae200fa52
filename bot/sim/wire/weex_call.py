"""One call to WEEX as its handler sees it: checked parameters, the account behind the key, the market of the path."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from bot.sim.model import Listing, MarketType
from bot.sim.wire.call import RequestParameters, VenueCall
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.weex_errors import VenueError, invalid, missing, unknown_symbol

Json = Mapping[str, object] | Sequence[object]
Row = dict[str, object]


class Parameters(RequestParameters):
    """The parameters of a request: the query of a GET or DELETE, the JSON object of a POST."""

    def __init__(self, query: str = "", body: str = "") -> None:
        super().__init__({**dict(parse_qsl(query, keep_blank_values=True)), **(_written(body) if body.strip() else {})})

    def missing(self, name: str) -> VenueError:
        """-1141."""
        return missing(name)

    def no_integer(self, name: str) -> VenueError:
        """-1142."""
        return invalid(name)

    def no_number(self, name: str) -> VenueError:
        """-1142."""
        return invalid(name)

    def flag(self, name: str) -> bool:
        """A boolean, false when not sent; raises -1142 for anything else."""
        value = (self.optional(name) or "false").lower()
        if value not in ("true", "false"):
            raise invalid(name)
        return value == "true"

    def choice(self, name: str, allowed: tuple[str, ...], complaint: VenueError | None = None) -> str:
        """A required word out of a list; raises the complaint, or -1142, when it is another."""
        value = self.required(name).upper()
        if value not in allowed:
            raise complaint or invalid(name)
        return value

    def limit(self, default: int, most: int) -> int:
        """The page size; raises -1140 outside of what is allowed."""
        value = self.optional_integer("limit")
        if value is None:
            return default
        if not 1 <= value <= most:
            raise VenueError(-1140, f"Parameter validation failed. limit must be between 1 and {most}.")
        return value


def _written(body: str) -> dict[str, str]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise VenueError(-1135, "Invalid JSON request.") from None
    if not isinstance(content, dict):
        raise VenueError(-1135, "Invalid JSON request.")
    words: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, bool):
            words[name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            words[name] = str(value)
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(VenueCall):
    """What a handler gets: the exchange, the market of the path, parameters, and the key when one was needed."""

    market: MarketType
    parameters: Parameters
    key: ApiKey | None = None

    @property
    def account(self) -> str:
        """The account behind the key; routes that need it are signed."""
        if self.key is None:
            raise VenueError(-1040, "ACCESS_KEY header is required.", 401)
        return self.key.account

    def listing(self) -> Listing:
        """The listing of the required `symbol` parameter."""
        return self.listing_of(self.parameters.required("symbol"))

    def listing_of(self, symbol: str) -> Listing:
        """A perpetual or spot pair of this market; WEEX lists no dated contracts."""
        listing = self.engine.listings.get((self.market, symbol))
        if listing is None or listing.expires_at is not None:
            raise unknown_symbol(self.market)
        return listing

    def optional_listing(self) -> Listing | None:
        """The listing of `symbol`, or None when the parameter was left out."""
        symbol = self.parameters.optional("symbol")
        return None if symbol is None else self.listing_of(symbol)

    def listings(self) -> list[Listing]:
        """Every listing of this market."""
        rows = self.engine.listings.values()
        return [listing for listing in rows if listing.market == self.market and listing.expires_at is None]

    def asked_listings(self) -> list[Listing]:
        """The listing of `symbol` alone, or all."""
        listing = self.optional_listing()
        return self.listings() if listing is None else [listing]
