"""What a demo plays: a market in motion and a family's portfolio in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from bot.domain.errors import ConfigurationError
from bot.sim.feed import SeriesFeed
from bot.sim.listings import padded_listings
from bot.sim.model import Listing, WalletName
from bot.sim.scenarios import SCENARIO_DEFAULT, scenario_feed
from bot.sim.tape import tape_feed, tape_listings, tape_span

QUOTE = "USDT"
# What the portfolio is worth at the start, so that a tape of any year meets the same family. Units: quote currency.
WORTH_ON_EXCHANGE: Mapping[str, Decimal] = {"BTC": Decimal(72000), "ETH": Decimal(36000), "SOL": Decimal(22500)}
WORTH_COLD: Mapping[str, Decimal] = {"BTC": Decimal(30000)}
WORTH_OF_OTHERS = Decimal(30000)  # each coin of a tape that has none of the three
CASH_PER_COIN = Decimal("0.4")  # stablecoins per worth of coins: they stand behind the short
TAPE_DAYS_DEFAULT = timedelta(days=35)
SHORTEST = timedelta(days=1)
DIGITS = 3  # coins are owned in round amounts
NOTES_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A market and who is in it. Units: coins in base units, `cash` in quote currency."""

    title: str
    notes: tuple[str, ...]
    feed: SeriesFeed
    listings: tuple[Listing, ...]
    on_exchange: Mapping[str, Decimal]
    cold: Mapping[str, Decimal]
    cash: Decimal

    @property
    def assets(self) -> tuple[str, ...]:
        """The coins that are owned, the most important first."""
        return tuple(self.on_exchange)

    @property
    def owned(self) -> dict[str, Decimal]:
        """Coins over all places."""
        return {asset: amount + self.cold.get(asset, Decimal(0)) for asset, amount in self.on_exchange.items()}

    @property
    def deposits(self) -> dict[tuple[WalletName, str], Decimal]:
        """What lies on the exchange at the start."""
        coins: dict[tuple[WalletName, str], Decimal] = {("spot", asset): n for asset, n in self.on_exchange.items()}
        return {**coins, ("spot", QUOTE): self.cash}

    def spot_price(self, asset: str, at: datetime) -> Decimal:
        """What one coin is worth at an instant."""
        return self.feed.quotes(at)[("spot", f"{asset}{QUOTE}")].mid

    def mark(self, symbol: str, at: datetime) -> Decimal:
        """The mark price of a perpetual at an instant."""
        return self.feed.quotes(at)[("linear", symbol)].mark


def from_scenario(name: str | None, *, seed: int = 1, step: timedelta = timedelta(minutes=15)) -> Story:
    """A market made up from a name and a seed. Raises: ConfigurationError naming the valid names."""
    feed = scenario_feed(name or SCENARIO_DEFAULT, seed=seed, step=step)
    title = feed.notes[0] if feed.notes else f"scenario {name}"
    return _story(feed, padded_listings(), title, ())


def from_tape(directory: Path, *, since: datetime | None = None, until: datetime | None = None) -> Story:
    """Recorded prices; without dates the first 35 days. Raises: ConfigurationError saying what the tape lacks."""
    if since is not None and until is not None and until <= since:
        raise ConfigurationError(
            f"--to {until:%Y-%m-%d} must be later than --from {since:%Y-%m-%d}. Nothing was started."
        )
    first, last = tape_span(directory)
    begin = max(first, since or (until - TAPE_DAYS_DEFAULT if until else first))
    end = until or begin + TAPE_DAYS_DEFAULT
    feed = tape_feed(directory, since=begin, until=end)
    span = f"{feed.start:%Y-%m-%d} to {feed.end:%Y-%m-%d}"
    if feed.end - feed.start < SHORTEST:
        raise ConfigurationError(
            f"The tape {directory} has too little to show between {feed.start:%Y-%m-%d %H:%M} and "
            f"{feed.end:%Y-%m-%d %H:%M} UTC: at least one day is needed. It holds {first:%Y-%m-%d} to {last:%Y-%m-%d}; "
            "choose a part with --from and --to."
        )
    notes = list(feed.notes)
    if until is not None and until > last + timedelta(hours=1):
        notes.insert(0, f"the tape ends at {last:%Y-%m-%d %H:%M} UTC, before {until:%Y-%m-%d}")
    if since is not None and since < first:
        notes.insert(0, f"the tape begins at {first:%Y-%m-%d %H:%M} UTC, after {since:%Y-%m-%d}")
    return _story(feed, tape_listings(feed), f"real prices from {directory}, {span}", tuple(notes))


def _story(feed: SeriesFeed, listings: tuple[Listing, ...], title: str, notes: tuple[str, ...]) -> Story:
    quotes = feed.quotes(feed.start)
    prices = {
        listing.base: quotes[("spot", listing.symbol)].mid
        for listing in listings
        if listing.market == "linear"
        and ("linear", listing.symbol) in quotes
        and ("spot", listing.symbol) in quotes
        and not quotes[("spot", listing.symbol)].stale
    }
    worth = {asset: value for asset, value in WORTH_ON_EXCHANGE.items() if asset in prices}
    worth = worth or dict.fromkeys(prices, WORTH_OF_OTHERS)
    if not worth:
        raise ConfigurationError(
            f"At {feed.start:%Y-%m-%d %H:%M} UTC the tape has no coin with both a spot and a perpetual price, so there "
            "is nothing to hedge. Choose a later --from, or another tape; docs/tape.md lists the files it needs."
        )
    on_exchange = {asset: _round(value / prices[asset]) for asset, value in worth.items()}
    cold = {asset: _round(value / prices[asset]) for asset, value in WORTH_COLD.items() if asset in worth}
    coins = sum((n * prices[asset] for held in (on_exchange, cold) for asset, n in held.items()), Decimal(0))
    return Story(
        title=title,
        notes=_relevant(notes, tuple(worth)),
        feed=feed,
        listings=listings,
        on_exchange=on_exchange,
        cold=cold,
        cash=(coins * CASH_PER_COIN / 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * 100,
    )


def _round(value: Decimal) -> Decimal:
    """To so many significant digits, without an exponent."""
    rounded = value.quantize(Decimal(1).scaleb(value.adjusted() - DIGITS + 1), rounding=ROUND_HALF_EVEN)
    return Decimal(f"{rounded.normalize():f}")


def _relevant(notes: tuple[str, ...], assets: tuple[str, ...]) -> tuple[str, ...]:
    """Notes about what is played; those about other markets are left out."""
    others = [note for note in notes if QUOTE in note and not any(f"{asset}{QUOTE}" in note for asset in assets)]
    return tuple(note for note in notes if note not in others)[:NOTES_MAX]
