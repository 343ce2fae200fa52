"""One call as its handler sees it: checked parameters, the account behind the key, BingX's names for its markets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from bot.sim.model import Listing, MarketType
from bot.sim.wire.bingx_errors import VenueError, invalid, unknown_symbol
from bot.sim.wire.call import RequestParameters, VenueCall
from bot.sim.wire.exchange import ApiKey

Json = Mapping[str, object] | Sequence[object]
Row = dict[str, object]

# Ids of the real venue have nineteen digits, more than a float can hold.
_ID_BASE = 2_100_000_000_000_000_000


def venue_id(number: int) -> int:
    """An id of the engine as the venue writes it."""
    return _ID_BASE + number


def engine_id(number: int) -> int:
    """The engine's own number behind an id of the venue; one that was never given out for any other."""
    return number - _ID_BASE if number > _ID_BASE else -1


def name_of(listing: Listing) -> str:
    """BTC-USDT: base and quote with a hyphen, spot and perpetual alike."""
    return f"{listing.base}-{listing.quote}"


class Parameters(RequestParameters):
    """The parameters of a request, read with BingX's own complaints; they may come in the query or as a JSON body."""

    digits_max = 19

    def __init__(self, query: str, body: str = "") -> None:
        super().__init__({**dict(parse_qsl(query, keep_blank_values=True)), **_of_body(body)})

    def missing(self, name: str) -> VenueError:
        """109400."""
        return invalid(name)

    def no_integer(self, name: str) -> VenueError:
        """109400."""
        return invalid(name, "must be an integer.")

    def no_number(self, name: str) -> VenueError:
        """109400."""
        return invalid(name, "must be a number.")

    def no_time(self, name: str) -> VenueError:
        """109400."""
        return invalid(name, "is no time.")

    def flag(self, name: str) -> bool | None:
        """A boolean in any case, None when not sent; raises 109400 for anything else."""
        value = (self.optional(name) or "").lower()
        if value not in ("", "true", "false"):
            raise invalid(name, "must be true or false.")
        return None if not value else value == "true"

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """A required word out of a list; raises 109400 when it is another."""
        value = self.required(name)
        if value not in allowed:
            raise invalid(name, f"must be one of {', '.join(allowed)}.")
        return value

    def page_size(self, name: str, default: int, most: int) -> int:
        """The page size; unlike others, this venue refuses one above its maximum."""
        value = self.optional_integer(name)
        if value is None:
            return default
        if not 1 <= value <= most:
            raise invalid(name, f"This field must be less than or equal to {most}.")
        return value


def _of_body(body: str) -> dict[str, str]:
    if not body:
        return {}
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return dict(parse_qsl(body, keep_blank_values=True))
    return {str(name): str(value) for name, value in sent.items()} if isinstance(sent, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(VenueCall):
    """What a handler gets: the exchange, the market of the path, parameters, and the key when one was needed.

    `play_money`: the request came to the host where dollars are called VST.
    """

    market: MarketType
    parameters: Parameters
    key: ApiKey | None = None
    play_money: bool = False

    @property
    def account(self) -> str:
        """The account behind the key; routes that need it are signed."""
        if self.key is None:
            raise VenueError(100413, "Incorrect apiKey", keyed=True)
        return self.key.account

    def listing(self) -> Listing:
        """The listing of the required `symbol` parameter; raises 109425 or 100400."""
        return self.listing_named(self.parameters.required("symbol"))

    def optional_listing(self) -> Listing | None:
        """The listing of `symbol`, or None when the parameter was left out."""
        symbol = self.parameters.optional("symbol")
        return None if symbol is None else self.listing_named(symbol)

    def listing_named(self, symbol: str) -> Listing:
        """A listing by the venue's name; dated contracts are not traded here."""
        base, hyphen, quote = symbol.partition("-")
        found = self.engine.listings.get((self.market, base + quote))
        if found is None or not hyphen or found.expires_at is not None or name_of(found) != symbol:
            raise unknown_symbol(symbol[:40], self.market)
        return found

    def listings(self) -> list[Listing]:
        """Every listing of this market."""
        return [
            listing
            for (market, _), listing in self.engine.listings.items()
            if market == self.market and listing.expires_at is None
        ]

    def name(self, symbol: str) -> str:
        """The venue's name of a symbol of the engine."""
        return name_of(self.engine.listings[(self.market, symbol)])
