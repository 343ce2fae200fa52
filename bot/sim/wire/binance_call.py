"""One call as its handler sees it: checked parameters, the account behind the key, Binance's way with numbers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from bot.sim.model import Listing, MarketType
from bot.sim.wire.binance_errors import VenueError, mandatory_missing, unknown_symbol
from bot.sim.wire.call import RequestParameters, VenueCall
from bot.sim.wire.exchange import ApiKey

Json = Mapping[str, object] | Sequence[object]
Row = dict[str, object]


class Parameters(RequestParameters):
    """The parameters of a request, read with Binance's own complaints."""

    def __init__(self, *raw: str) -> None:
        super().__init__({name: value for part in raw for name, value in parse_qsl(part, keep_blank_values=True)})

    def missing(self, name: str) -> VenueError:
        """-1102."""
        return mandatory_missing(name)

    def no_integer(self, name: str) -> VenueError:
        """-1100."""
        return VenueError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")

    def no_number(self, name: str) -> VenueError:
        """-1100."""
        return VenueError(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is '^([0-9]{{1,20}})(\\.[0-9]+)?$'.",
        )

    def no_time(self, name: str) -> VenueError:
        """-1100, without a name."""
        del name
        return VenueError(-1100, "Illegal characters found in a parameter.")

    def flag(self, name: str) -> bool | None:
        """A boolean in any case, None when not sent; raises -1130 for anything else."""
        value = self.optional(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false"):
            raise VenueError(-1130, f"Data sent for parameter '{name}' is not valid.")
        return value.lower() == "true"

    def choice(self, name: str, allowed: tuple[str, ...], complaint: VenueError) -> str:
        """A required word out of a list; raises the complaint when it is another."""
        value = self.required(name).upper()
        if value not in allowed:
            raise complaint
        return value

    def limit(self, default: int, most: int) -> int:
        """The page size, silently capped as Binance does; raises -1130 below one."""
        value = self.optional_integer("limit")
        if value is None:
            return default
        if value < 1:
            raise VenueError(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(value, most)


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
            raise VenueError(-2014, "API-key format invalid.", 401)
        return self.key.account

    def listing(self) -> Listing:
        """The listing of the required `symbol` parameter; raises -1121."""
        return self.listing_of(self.parameters.required("symbol"))

    def listing_of(self, symbol: str) -> Listing:
        """A listing of this market, delivered ones included; raises -1121."""
        listing = self.engine.listings.get((self.market, symbol))
        if listing is None or (listing.listed_at is not None and self.now < listing.listed_at):
            raise unknown_symbol()
        return listing

    def live_listing_of(self, symbol: str) -> Listing:
        """A listing that is not delivered yet; raises -1121."""
        listing = self.listing_of(symbol)
        if not listing.live(self.now):
            raise unknown_symbol()
        return listing

    def optional_listing(self) -> Listing | None:
        """The listing of `symbol`, or None when the parameter was left out."""
        symbol = self.parameters.optional("symbol")
        return None if symbol is None else self.listing_of(symbol)

    def listings(self) -> list[Listing]:
        """Every listing of this market that is there now."""
        now = self.now
        return [
            listing
            for (market, _), listing in self.engine.listings.items()
            if market == self.market and listing.live(now)
        ]


def asked_symbols(call: Call) -> list[str] | None:
    """The `symbols` list, or `symbol` alone, or None for all; raises -1121 for one nobody lists."""
    single, several = call.parameters.optional("symbol"), call.parameters.optional("symbols")
    if single is not None:
        return [call.listing_of(single).symbol]
    if several is None:
        return None
    try:
        names = json.loads(several)
    except ValueError:
        raise VenueError(-1100, "Illegal characters found in parameter 'symbols'.") from None
    if not isinstance(names, list) or not names:
        raise VenueError(-1105, "Parameter 'symbols' was empty.")
    return [call.listing_of(str(name)).symbol for name in names]
