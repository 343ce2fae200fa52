"""One call as its handler sees it: checked parameters, the account behind the key, Bybit's names and pages."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl

from bot.sim.model import Listing, MarketType, Rejected
from bot.sim.wire.bybit_errors import VenueError, bad_parameter, unknown_symbol
from bot.sim.wire.call import RequestParameters, VenueCall
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.request import WireRequest

Row = dict[str, object]
_CATEGORIES: Mapping[str, MarketType] = {"spot": "spot", "linear": "linear", "inverse": "inverse"}
_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-4000-8000-([0-9a-f]{12})")
_SPOT_ID = re.compile(r"1[0-9]{18}")
_SPOT_BASE = 10**18


class Parameters(RequestParameters):
    """The parameters of a request, from the query of a GET and the JSON body of a POST."""

    def __init__(self, request: WireRequest) -> None:
        if request.method == "POST":
            super().__init__(_of_body(request.body))
        else:
            super().__init__(dict(parse_qsl(request.query, keep_blank_values=True)))

    def missing(self, name: str) -> VenueError:
        """10001."""
        return bad_parameter(name)

    def no_integer(self, name: str) -> VenueError:
        """10001."""
        return bad_parameter(name)

    def no_number(self, name: str) -> VenueError:
        """10001."""
        return bad_parameter(name)

    def flag(self, name: str) -> bool:
        """A boolean, false when it was not sent; raises 10001 for anything else."""
        value = (self.optional(name) or "false").lower()
        if value not in ("true", "false"):
            raise bad_parameter(name)
        return value == "true"

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """A required word out of a list, in its exact spelling."""
        value = self.required(name)
        if value not in allowed:
            raise bad_parameter(name)
        return value

    def limit(self, default: int, most: int) -> int:
        """The page size, cut to the largest one; raises 10001 below one."""
        value = self.optional_integer("limit")
        if value is None:
            return default
        if value < 1:
            raise bad_parameter("limit")
        return min(value, most)


def _of_body(body: str) -> dict[str, str]:
    try:
        found = json.loads(body or "{}")
    except (ValueError, RecursionError):
        raise VenueError(10001, "params error: request body is not JSON") from None
    if not isinstance(found, dict):
        raise VenueError(10001, "params error: request body is not an object")
    words: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, bool):
            words[name] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            words[name] = str(value)
        elif value is not None:
            raise bad_parameter(name)
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(VenueCall):
    """What a handler gets: the exchange, parameters, and the key when one was needed."""

    parameters: Parameters
    key: ApiKey | None = None

    @property
    def owner(self) -> ApiKey:
        """The key that signed; raises 10003 where a route forgot to ask for one."""
        if self.key is None:
            raise VenueError(10003, "API key is invalid.")
        return self.key

    @property
    def account(self) -> str:
        """The account behind the key."""
        return self.owner.account

    @property
    def category(self) -> str:
        """The product type asked for; raises 10001."""
        return self.parameters.choice("category", (*_CATEGORIES, "option"))

    @property
    def market(self) -> MarketType:
        """The market of the category; raises 10001 for options, which are not simulated."""
        found = _CATEGORIES.get(self.category)
        if found is None:
            raise bad_parameter("category")
        return found

    def listing(self) -> Listing:
        """The listing of the required `symbol`; raises 10001 or 170121."""
        self.parameters.required("symbol")
        found = self.optional_listing()
        if found is None:
            raise unknown_symbol(self.market)
        return found

    def optional_listing(self) -> Listing | None:
        """The listing of `symbol`, or None when the parameter was left out."""
        name = self.parameters.optional("symbol")
        return None if name is None else self.named(name)

    def named(self, name: str) -> Listing:
        """A listing by Bybit's name, delivered ones included; raises 10001 or 170121."""
        plain = self.engine.listings.get((self.market, name))
        if plain is not None and name_of(plain) == name:
            return plain
        for listing in self.engine.listings.values():
            if listing.market == self.market and name_of(listing) == name:
                return listing
        raise unknown_symbol(self.market)

    def listings(self) -> list[Listing]:
        """Every listing of this market that is there now."""
        wanted = self.market
        return [
            listing
            for (market, _), listing in self.engine.listings.items()
            if market == wanted and listing.live(self.now)
        ]

    def priced(self, listing: Listing) -> bool:
        """Whether the feed has priced it yet; what it has not is simply missing from lists."""
        try:
            self.engine.quote(listing.market, listing.symbol)
        except Rejected:
            return False
        return True

    def page(self, rows: Sequence[Row], *, default: int, most: int) -> Row:
        """One page of rows with the cursor that leads to the next, empty at the end."""
        limit = self.parameters.limit(default, most)
        cursor = self.parameters.optional("cursor") or "page_0"
        start = cursor.removeprefix("page_")
        if not start.isdecimal() or not start.isascii() or len(start) > 9:
            raise bad_parameter("cursor")
        first = int(start)
        following = f"page_{first + limit}" if first + limit < len(rows) else ""
        return {"nextPageCursor": following, "category": self.category, "list": list(rows[first : first + limit])}


def name_of(listing: Listing) -> str:
    """What Bybit calls a market: BTCUSDT, a dated contract BTCUSDT-27JUN25, a coin-margined one BTCUSD."""
    if listing.market == "inverse":
        return f"{listing.base}{listing.quote}"
    if listing.expires_at is not None:
        return f"{listing.base}{listing.quote}-{listing.expires_at:%d%b%y}".upper()
    return listing.symbol


def listed_as(name: str, market: MarketType) -> str:
    """The listing behind one of Bybit's names; a name that is none stays as it is."""
    pair, dash, day = name.partition("-")
    if market == "inverse":
        return f"{name}_PERP"
    try:
        return f"{pair}_{datetime.strptime(day, '%d%b%y'):%y%m%d}" if dash else name  # noqa: DTZ007 - a day, no time
    except ValueError:
        return name


def unit_of(listing: Listing) -> Decimal:
    """What one unit of the engine is in Bybit's quantities: a coin, or the dollars of one coin-margined contract."""
    return listing.face if listing.market == "inverse" else Decimal(1)


def value_of(listing: Listing, amount: Decimal, price: Decimal) -> Decimal:
    """The worth of an engine's amount in the settlement currency."""
    return amount * unit_of(listing) / price if listing.market == "inverse" else amount * price


def id_text(number: int, market: MarketType) -> str:
    """An order or execution number as Bybit writes it: a UUID for contracts, nineteen digits on spot."""
    if market == "spot":
        return str(_SPOT_BASE + number)
    return f"{number % 2**32:08x}-{number // 2**32 % 2**16:04x}-4000-8000-{number:012x}"


def id_number(text: str, market: MarketType) -> int | None:
    """The number behind an id, None for an id we never gave out."""
    if market == "spot":
        return int(text) - _SPOT_BASE if _SPOT_ID.fullmatch(text) else None
    found = _UUID.fullmatch(text)
    number = int(found.group(3), 16) if found else None
    return number if number is not None and id_text(number, market) == text else None
