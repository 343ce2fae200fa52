"""One call as its handler sees it: checked parameters, the account behind the key, MEXC's names and contracts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self
from urllib.parse import parse_qsl

from bot.sim.model import Listing, MarketType, Rejected
from bot.sim.wire.call import RequestParameters, VenueCall
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.mexc_errors import VenueError, malformed, unknown_symbol

Json = Mapping[str, object] | Sequence[object] | int | None
Row = dict[str, object]
_INTEGER_MAX = 18
# The manual and ccxt show 0.0001 BTC; other contracts are as large as what the engine counts in.
_CONTRACT_SIZES = {"BTC": Decimal("0.0001"), "AVAX": Decimal("0.1")}


def contract_size(listing: Listing) -> Decimal:
    """How many coins one contract is; order and position amounts of the engine are whole multiples of it."""
    known = _CONTRACT_SIZES.get(listing.base, listing.amount_step)
    return known if known <= listing.amount_step and listing.amount_step % known == 0 else listing.amount_step


def number(value: Decimal) -> int | float:
    """A JSON number, without a point where none is needed."""
    whole = int(value)
    return whole if whole == value else float(value)


def contracts(listing: Listing, amount: Decimal) -> int | float:
    """Coins as contracts."""
    return number(amount / contract_size(listing))


def _scalar(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


class Parameters(RequestParameters):
    """The parameters of a request, read with the complaints of the interface that was asked."""

    def __init__(self, market: MarketType, values: Mapping[str, object]) -> None:
        super().__init__({})
        self._market = market
        self._sent = values

    def missing(self, name: str) -> VenueError:
        """What the interface that was asked says to any wrong value."""
        return malformed(self._market, name)

    def no_integer(self, name: str) -> VenueError:
        """The same."""
        return malformed(self._market, name)

    def no_number(self, name: str) -> VenueError:
        """The same."""
        return malformed(self._market, name)

    @classmethod
    def of_query(cls, market: MarketType, *raw: str) -> Self:
        """Read name=value pairs; of one name given twice the first counts, as the query goes before the body."""
        values: dict[str, object] = {}
        for part in raw:
            for name, value in parse_qsl(part, keep_blank_values=True):
                values.setdefault(name, value)
        return cls(market, values)

    def all(self) -> Mapping[str, object]:
        """Every value as it was sent."""
        return self._sent

    def optional(self, *names: str) -> str | None:
        """The value as text, or None when it was not sent or is empty; raises for a list or an object."""
        name = names[0]
        value = self._sent.get(name)
        if value is None or value == "":
            return None
        text = _scalar(value)
        if text is None:
            raise malformed(self._market, name)
        return text

    def optional_integer(self, *names: str) -> int | None:
        """The value as an integer, 5.0 included; raises when it is not one."""
        name = names[0]
        value = self.optional(name)
        if value is None:
            return None
        digits = value.removesuffix(".0").removeprefix("-")
        if not digits.isdecimal() or not digits.isascii() or len(digits) > _INTEGER_MAX:
            raise malformed(self._market, name)
        return -int(digits) if value.startswith("-") else int(digits)

    def size(self, name: str, default: int, most: int) -> int:
        """A page size or a count, capped; raises below one."""
        value = self.optional_integer(name)
        if value is None:
            return default
        if value < 1:
            raise malformed(self._market, name)
        return min(value, most)


def body_of(text: str) -> object:
    """A JSON body, its numbers kept as they were written; raises 601 for what is none."""

    def refuse(_: str) -> object:
        raise ValueError

    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=refuse) if text else {}
    except (ValueError, RecursionError):
        raise VenueError(601, "Data decoding error") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(VenueCall):
    """What a handler gets: the exchange, the market, parameters, the whole JSON body, the key when one was needed."""

    market: MarketType
    parameters: Parameters
    body: object = None
    key: ApiKey | None = None

    @property
    def account(self) -> str:
        """The account behind the key; routes that need it are signed."""
        if self.key is None:
            raise VenueError(401, "Unauthorized", 401)
        return self.key.account

    def listing(self) -> Listing:
        """The listing of the required `symbol` parameter; raises when nobody lists it."""
        return self.listing_of(self.parameters.required("symbol"))

    def optional_listing(self) -> Listing | None:
        """The listing of `symbol`, or None when the parameter was left out."""
        name = self.parameters.optional("symbol")
        return None if name is None else self.listing_of(name)

    def listing_of(self, name: str) -> Listing:
        """A listing by MEXC's name, which is BTCUSDT on spot and BTC_USDT for the contract."""
        base, mark, quote = name.partition("_")
        plain = name if self.market == "spot" else base + quote
        listing = self.engine.listings.get((self.market, plain))
        if listing is None or name_of(listing) != name or bool(mark) != (self.market == "linear"):
            raise unknown_symbol(self.market)
        return listing

    def listing_by_plain(self, symbol: str) -> Listing:
        """A listing by the engine's own name."""
        return self.engine.listings[(self.market, symbol)]

    def listings(self) -> list[Listing]:
        """Every listing of this market that never expires; MEXC has no dated contracts."""
        return [
            listing
            for (market, _), listing in self.engine.listings.items()
            if market == self.market and listing.expires_at is None
        ]

    def priced(self) -> list[Listing]:
        """The listings that have a price; one that the feed has not priced yet is simply missing from lists."""
        return [listing for listing in self.listings() if self._has_price(listing)]

    def _has_price(self, listing: Listing) -> bool:
        try:
            self.engine.quote(self.market, listing.symbol)
        except Rejected:
            return False
        return True


def name_of(listing: Listing) -> str:
    """What MEXC calls a market."""
    return listing.symbol if listing.market == "spot" else f"{listing.base}_{listing.quote}"
