"""One call to WEEX as its handler sees it: checked parameters, the account behind the key, the market of the path."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl

from bot.sim.engine import Engine
from bot.sim.model import Listing, MarketType
from bot.sim.wire.exchange import ApiKey, Exchange
from bot.sim.wire.numbers import milliseconds, moment
from bot.sim.wire.weex_errors import VenueError, invalid, missing, unknown_symbol

Json = Mapping[str, object] | Sequence[object]
Row = dict[str, object]


class Parameters:
    """The parameters of a request: the query of a GET or DELETE, the JSON object of a POST."""

    def __init__(self, query: str = "", body: str = "") -> None:
        self._values: dict[str, str] = dict(parse_qsl(query, keep_blank_values=True))
        if body.strip():
            self._values |= _written(body)

    def optional(self, name: str) -> str | None:
        """The value, or None when it was not sent or is empty."""
        return self._values.get(name) or None

    def required(self, name: str) -> str:
        """The value; raises -1141 when it is missing."""
        value = self.optional(name)
        if value is None:
            raise missing(name)
        return value

    def optional_integer(self, name: str) -> int | None:
        """The value as an integer; raises -1142 when it is not one."""
        value = self.optional(name)
        if value is None:
            return None
        if not value.lstrip("-").isdecimal() or not value.isascii() or len(value) > 18:
            raise invalid(name)
        return int(value)

    def decimal(self, name: str) -> Decimal:
        """The value as a finite number; raises -1141 when missing, -1142 when it is none."""
        value = self.required(name)
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or len(value) > 40:
            raise invalid(name)
        return number

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

    def time(self, name: str) -> datetime | None:
        """Milliseconds as aware UTC time; raises -1142 for a number no calendar holds."""
        value = self.optional_integer(name)
        at = None if value is None else moment(value)
        if value is not None and at is None:
            raise invalid(name)
        return at

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
class Call:
    """What a handler gets: the exchange, the market of the path, parameters, and the key when one was needed."""

    exchange: Exchange
    market: MarketType
    parameters: Parameters
    key: ApiKey | None = None

    @property
    def engine(self) -> Engine:
        """The exchange's state machine."""
        return self.exchange.engine

    @property
    def now(self) -> datetime:
        """Exchange time."""
        return self.exchange.engine.now

    @property
    def now_ms(self) -> int:
        """Exchange time in milliseconds."""
        return milliseconds(self.now)

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
