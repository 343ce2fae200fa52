"""Named market weather, made up from a seed: calm, rally, crash and the days that break hedges."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from math import exp, log, sqrt
from random import Random

from bot.domain.errors import ConfigurationError
from bot.sim.feed import Series, SeriesFeed
from bot.sim.futures_weather import Calendar, more_series
from bot.sim.listings import START_PRICES, coin_listings, default_listings, padded_listings
from bot.sim.model import Listing
from bot.sim.quarterly import dated_listings
from bot.sim.state import MarketKey

SCENARIO_DEFAULT = "crash-and-rally"
HISTORY = timedelta(days=40)
EARLIER = timedelta(days=360)
EARLIER_STEP = timedelta(hours=1)
START = datetime(2025, 1, 6, tzinfo=UTC)
BEFORE_EXPIRY = datetime(2025, 3, 17, tzinfo=UTC)  # eleven days before the March contracts are delivered
YEAR_S = 365 * 86400.0
INTEREST = 0.0001  # funding's interest term per eight hours
DAMPER = 0.0005  # funding ignores a premium that stays this close to the interest term


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Some days of one weather.

    Units: `change` is what BTC does over the phase (0.2 = +20 %); `volatility` per year; `premium` the perpetual over
    the index; `basis` per year what dated contracts stand above it; `alt_change` what every other coin does on top;
    `depth` scales the book; `usdc` its price at the end.
    """

    days: float
    change: float = 0.0
    volatility: float = 0.45
    premium: float = 0.0003
    basis: float = 0.08
    alt_change: float = 0.0
    depth: float = 1.0
    usdc: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story in phases. `outages` are (day, hours) of a venue nobody can reach."""

    summary: str
    phases: tuple[Phase, ...]
    start: datetime = START
    outages: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """How a coin moves with BTC, and how deep its books are. Units: `own_volatility` per year, `depth` quote."""

    beta: float
    own_volatility: float
    depth: float
    digits: int


COINS: Mapping[str, Coin] = {
    "BTC": Coin(beta=1.0, own_volatility=0.0, depth=8e6, digits=2),
    "ETH": Coin(beta=1.15, own_volatility=0.25, depth=5e6, digits=3),
    "SOL": Coin(beta=1.4, own_volatility=0.5, depth=2e6, digits=3),
    "XRP": Coin(beta=1.0, own_volatility=0.5, depth=1.5e6, digits=5),
    "ADA": Coin(beta=1.25, own_volatility=0.45, depth=7e5, digits=5),
    "DOGE": Coin(beta=1.3, own_volatility=0.6, depth=1e6, digits=6),
    "LINK": Coin(beta=1.2, own_volatility=0.45, depth=6e5, digits=4),
    "AVAX": Coin(beta=1.35, own_volatility=0.5, depth=6e5, digits=4),
}

_CALM = Phase(days=10, change=0.02)
_CRASH = Phase(days=2, change=-0.45, volatility=1.3, premium=-0.0015, depth=0.3)

SCENARIOS: Mapping[str, Scenario] = {
    "calm": Scenario(summary="40 quiet days, mild positive funding", phases=(_CALM, _CALM, _CALM, _CALM)),
    "rally": Scenario(
        summary="+60 % in 10 days, a day of +20 % among them, shorts receive high funding",
        phases=(
            Phase(days=3, change=0.01),
            Phase(days=4, change=0.12, volatility=0.6, premium=0.0008),
            Phase(days=1, change=0.20, volatility=0.9, premium=0.002, depth=0.5),
            Phase(days=5, change=0.19, volatility=0.7, premium=0.0012),
            Phase(days=7, change=-0.04, volatility=0.6),
        ),
    ),
    "crash": Scenario(
        summary="-45 % in 2 days after a quiet week, thin books",
        phases=(
            Phase(days=6, change=0.03),
            _CRASH,
            Phase(days=6, change=0.04, volatility=0.9, premium=-0.0006, depth=0.6),
        ),
    ),
    "crash-and-rally": Scenario(
        summary="a calm week, a rise, -45 % in two days, a rebound of 60 %: 38 days, funding swings both ways",
        phases=(
            Phase(days=7, change=0.02),
            Phase(days=5, change=0.15, volatility=0.6, premium=0.0010),
            _CRASH,
            Phase(days=5, change=-0.06, volatility=0.9, premium=-0.0012, depth=0.6),
            Phase(days=5, change=0.16, volatility=0.7, premium=0.0004),
            Phase(days=1, change=0.20, volatility=0.9, premium=0.0018, depth=0.5),
            Phase(days=4, change=0.15, volatility=0.7, premium=0.0012),
            Phase(days=9, change=0.0),
        ),
    ),
    "alt-crash": Scenario(
        summary="BTC stands, every other coin falls by a third: proxies stop working",
        phases=(
            Phase(days=6, change=0.02),
            Phase(days=3, change=0.01, alt_change=-0.35, volatility=0.8, premium=-0.0008, depth=0.5),
            Phase(days=6, change=-0.02, alt_change=0.05, volatility=0.6),
        ),
    ),
    "funding-squeeze": Scenario(
        summary="shorts pay up to the cap for a week while prices climb",
        phases=(
            Phase(days=4, change=0.0),
            Phase(days=7, change=0.18, volatility=0.7, premium=-0.0045, depth=0.6),
            Phase(days=4, change=-0.03, premium=0.0),
        ),
    ),
    "depeg": Scenario(
        summary="USDC falls to 0.88 and comes back within three days",
        phases=(
            Phase(days=4),
            Phase(days=1, change=-0.08, volatility=0.8, depth=0.5, usdc=0.88),
            Phase(days=2, change=0.10, volatility=0.8, depth=0.6),
            Phase(days=5),
        ),
    ),
    "outage": Scenario(
        summary="the venue cannot be reached while the market falls by 15 %",
        phases=(
            Phase(days=3),
            Phase(days=0.5, change=-0.15, volatility=1.0, premium=-0.001, depth=0.4),
            Phase(days=6, change=0.05, volatility=0.7),
        ),
        outages=((1.0, 0.25), (3.1, 6.0), (5.0, 1.0)),
    ),
    "rich-basis": Scenario(
        summary="dated contracts stand 25 % a year above the index, funding is ordinary; the March contract expires",
        start=BEFORE_EXPIRY,
        phases=(
            Phase(days=6, change=0.02, basis=0.25),
            Phase(days=8, change=0.05, basis=0.25),
            Phase(days=12, change=-0.02, basis=0.22),
        ),
    ),
    "backwardation": Scenario(
        summary="dated contracts below the index and shorts that pay funding; the March contract expires",
        start=BEFORE_EXPIRY,
        phases=(
            Phase(days=4, change=0.0),
            Phase(days=10, change=-0.12, volatility=0.7, premium=-0.0016, basis=-0.12, depth=0.7),
            Phase(days=12, change=0.06, volatility=0.6, premium=-0.0009, basis=-0.05),
        ),
    ),
}


def scenario_feed(
    name: str = SCENARIO_DEFAULT,
    *,
    seed: int = 1,
    start: datetime | None = None,
    step: timedelta = timedelta(minutes=15),
) -> SeriesFeed:
    """Make the feed of a named scenario; the same name, seed and step give the same prices.

    Without a start it begins on the scenario's own day. Raises: ConfigurationError when there is no such scenario.
    """
    found = SCENARIOS.get(name)
    if found is None:
        raise ConfigurationError(f"There is no scenario {name!r}; choose one of: {', '.join(SCENARIOS)}.")
    random = Random(f"{name}:{seed}")  # noqa: S311 - weather, not secrets
    before = Phase(days=HISTORY / timedelta(days=1), basis=found.phases[0].basis)
    phases = (before, *found.phases)
    counts = [max(1, round(timedelta(days=phase.days) / step)) for phase in phases]
    start = start or found.start
    calendar = Calendar(origin=start - counts[0] * step, step=step)
    end = start + sum(counts[1:]) * step
    more = (*dated_listings(start, end), *coin_listings())
    story = _Story(phases=phases, counts=counts, step=step)
    starts = {asset: (counts[0], float(START_PRICES[asset])) for asset in COINS}
    series = _series(random, story, starts)
    series |= more_series(
        Random(f"{name}:{seed}:futures"),  # noqa: S311 - weather, not secrets
        more,
        {asset: series[("linear", f"{asset}USDT")] for asset in COINS},
        (_per_step(phases, counts, [p.basis for p in phases]), calendar),
    )
    days = timedelta(days=1)
    return SeriesFeed(
        origin=calendar.origin,
        start=start,
        end=end,
        step=step,
        series=series,
        outages=tuple((start + day * days, start + day * days + timedelta(hours=h)) for day, h in found.outages),
        more_listings=more,
        notes=(f"scenario {name}, seed {seed}: {found.summary}",),
        earlier=cache(lambda: _earlier(f"{name}:{seed}:earlier", calendar.origin, series)),
    )


def scenario_listings(feed: SeriesFeed) -> tuple[Listing, ...]:
    """Everything the local testnet lists while a scenario is played, contracts that come and go included."""
    return (*padded_listings(), *feed.more_listings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """Phases with the number of grid points of each."""

    phases: tuple[Phase, ...]
    counts: list[int]
    step: timedelta


def _series(random: Random, story: _Story, starts: Mapping[str, tuple[int, float]]) -> dict[MarketKey, Series]:
    """Every market of a story; a coin has its price of `starts` at that place of the grid."""
    phases, counts, step = story.phases, story.counts, story.step
    market = _bridges(random, phases, counts, step)
    series: dict[MarketKey, Series] = {}
    listed = {listing.base: listing for listing in default_listings() if listing.market == "linear"}
    for asset, coin in COINS.items():
        levels = _levels(random, coin, phases, counts, (market, step))
        place, price = starts[asset]
        scale = price / exp(levels[place])
        index = array("d", (scale * exp(level) for level in levels))
        series[("spot", f"{asset}USDT")] = _spot(random, coin, index, (phases, counts))
        series[("linear", f"{asset}USDT")] = _linear(random, listed[asset], index, (coin, phases, counts, step))
    series[("spot", "USDCUSDT")] = _stablecoin(random, phases, counts)
    return series


def _earlier(chance: str, end: datetime, later: Mapping[MarketKey, Series]) -> SeriesFeed:
    """A quiet year before a scenario's own past, hour by hour, that leads up to its first prices."""
    random = Random(chance)  # noqa: S311 - weather, not secrets
    count = EARLIER // EARLIER_STEP
    story = _Story(phases=(Phase(days=EARLIER / timedelta(days=1)),), counts=[count], step=EARLIER_STEP)
    starts = {asset: (count, later["linear", f"{asset}USDT"].index[0]) for asset in COINS}
    origin = end - EARLIER
    return SeriesFeed(origin=origin, start=end, end=end, step=EARLIER_STEP, series=_series(random, story, starts))


def _bridge(random: Random, target: float, deviation: float, count: int) -> list[float]:
    """Walk from 0 to a target log return in `count` random steps."""
    walk = [0.0]
    for _ in range(count):
        walk.append(walk[-1] + random.gauss(0.0, deviation))
    drift = (target - walk[-1]) / count
    return [value + drift * number for number, value in enumerate(walk)]


def _bridges(random: Random, phases: tuple[Phase, ...], counts: list[int], step: timedelta) -> list[float]:
    """Chain the market's phases; each ends where the story says."""
    path = [0.0]
    for phase, count in zip(phases, counts, strict=True):
        deviation = phase.volatility * sqrt(step.total_seconds() / YEAR_S)
        base = path[-1]
        path.extend(base + value for value in _bridge(random, log(1 + phase.change), deviation, count)[1:])
    return path


def _levels(
    random: Random, coin: Coin, phases: tuple[Phase, ...], counts: list[int], market: tuple[list[float], timedelta]
) -> list[float]:
    """Follow the market by beta and add a life of one's own."""
    path, step = market
    if not coin.own_volatility:
        return path
    deviation = coin.own_volatility * sqrt(step.total_seconds() / YEAR_S)
    own = [0.0]
    for phase, count in zip(phases, counts, strict=True):
        base = own[-1]
        steps = _bridge(random, log(1 + phase.alt_change), deviation, count)[1:]
        own.extend(base + value for value in steps)
    return [coin.beta * shared + alone for shared, alone in zip(path, own, strict=True)]


def _per_step(phases: tuple[Phase, ...], counts: list[int], values: list[float]) -> list[float]:
    spread = [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
    return [spread[0], *spread] if phases else spread


def _spot(random: Random, coin: Coin, index: array[float], story: tuple[tuple[Phase, ...], list[int]]) -> Series:
    phases, counts = story
    depth = array("d", (coin.depth * 0.4 * v for v in _per_step(phases, counts, [p.depth for p in phases])))
    mid = array("d", (price * (1 + random.gauss(0.0, 0.00005)) for price in index))
    return Series(
        mid=mid,
        mark=array("d"),
        index=array("d"),
        rate=array("d"),
        depth_notional=depth,
        volume=_volume(random, depth, mid),
        price_digits=coin.digits,
    )


def _linear(
    random: Random,
    listing: Listing,
    index: array[float],
    story: tuple[Coin, tuple[Phase, ...], list[int], timedelta],
) -> Series:
    coin, phases, counts, step = story
    share, cap = listing.funding_interval_h / 8, float(listing.funding_cap)
    wanted = _per_step(phases, counts, [p.premium for p in phases])
    depth = array("d", (coin.depth * v for v in _per_step(phases, counts, [p.depth for p in phases])))
    pull, smooth = step / timedelta(hours=4), step / timedelta(hours=8)
    premium = averaged = wanted[0]
    mid, mark, rate = array("d"), array("d"), array("d")
    for price, goal in zip(index, wanted, strict=True):
        premium += (goal - premium) * min(1.0, pull) + random.gauss(0.0, 0.0001)
        averaged += (premium - averaged) * min(1.0, smooth)
        mid.append(price * (1 + premium))
        mark.append(price * (1 + 0.5 * (premium + averaged)))
        funding = averaged + max(-DAMPER, min(DAMPER, INTEREST - averaged))
        rate.append(max(-cap, min(cap, funding * share)))
    return Series(
        mid=mid,
        mark=mark,
        index=index,
        rate=rate,
        depth_notional=depth,
        volume=_volume(random, depth, mid),
        price_digits=coin.digits,
    )


def _stablecoin(random: Random, phases: tuple[Phase, ...], counts: list[int]) -> Series:
    price, mid = 1.0, array("d", [1.0])
    for phase, count in zip(phases, counts, strict=True):
        begin = price
        for number in range(1, count + 1):
            price = begin + (phase.usdc - begin) * number / count
            mid.append(price + random.gauss(0.0, 0.00003))
    depth = array("d", (3e6 * v for v in _per_step(phases, counts, [p.depth for p in phases])))
    empty = array("d")
    return Series(
        mid=mid,
        mark=empty,
        index=empty,
        rate=empty,
        depth_notional=depth,
        volume=_volume(random, depth, mid),
        price_digits=5,
    )


def _volume(random: Random, depth: array[float], mid: array[float]) -> array[float]:
    """Turn the book over about once a step."""
    return array("d", (d * random.uniform(0.5, 2.5) / price for d, price in zip(depth, mid, strict=True)))
