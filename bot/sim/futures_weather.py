"""Prices of dated and coin-margined contracts in a scenario: they follow the index and the perpetual beside them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, nan
from random import Random

from bot.sim.feed import Series
from bot.sim.model import Listing
from bot.sim.state import MarketKey

YEAR = timedelta(days=365)
BASIS_NOISE = 0.03  # per year and square root of a day
SHARE_OF_DEPTH = 0.3  # books of these contracts against the perpetual's
NOISE = 0.00005


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The grid a feed lies on."""

    origin: datetime
    step: timedelta


def basis_path(random: Random, goals: Sequence[float], step: timedelta) -> list[float]:
    """Wander around what each instant's weather says. Units: per year, continuously compounded."""
    day = step / timedelta(days=1)
    basis, path = goals[0], []
    for goal in goals:
        basis += (goal - basis) * min(1.0, day) + random.gauss(0.0, BASIS_NOISE * day**0.5)
        path.append(basis)
    return path


def dated_series(
    random: Random, listing: Listing, beside: Series, basis: Sequence[float], calendar: Calendar
) -> Series:
    """A dated contract: mark = index x exp(basis x years to expiry) as long as it is listed."""
    count = len(beside.index)
    mark, mid = array("d", [nan]) * count, array("d", [nan]) * count
    listed_at, expires_at = listing.listed_at or calendar.origin, listing.expires_at or calendar.origin
    first = max(0, -((calendar.origin - listed_at) // calendar.step))
    past = min(count, -((calendar.origin - expires_at) // calendar.step))
    per_step, left = calendar.step / YEAR, (expires_at - calendar.origin) / YEAR
    for place in range(first, past):
        price = beside.index[place] * exp(basis[place] * (left - place * per_step))
        mark[place] = price
        mid[place] = price * (1 + random.gauss(0.0, NOISE))
    return _beside(beside, mid, mark, array("d", [0.0]) * count)


def coin_series(random: Random, listing: Listing, beside: Series) -> Series:
    """A coin-margined perpetual: the linear one's mark and funding, a book of its own."""
    cap = float(listing.funding_cap)
    mid = array("d", (price * (1 + random.gauss(0.0, NOISE)) for price in beside.mid))
    return _beside(beside, mid, beside.mark, array("d", (max(-cap, min(cap, rate)) for rate in beside.rate)))


def _beside(beside: Series, mid: array[float], mark: array[float], rate: array[float]) -> Series:
    return Series(
        mid=mid,
        mark=mark,
        index=beside.index,
        rate=rate,
        depth_notional=array("d", (depth * SHARE_OF_DEPTH for depth in beside.depth_notional)),
        volume=array("d", (volume * SHARE_OF_DEPTH for volume in beside.volume)),
        price_digits=beside.price_digits,
    )


def more_series(
    random: Random,
    listings: Sequence[Listing],
    perpetuals: Mapping[str, Series],
    weather: tuple[Sequence[float], Calendar],
) -> dict[MarketKey, Series]:
    """Series of all these listings; `perpetuals` are the linear ones by base, `weather` is (basis wanted, grid)."""
    goals, calendar = weather
    paths = {base: basis_path(random, goals, calendar.step) for base in sorted({row.base for row in listings})}
    found: dict[MarketKey, Series] = {}
    for listing in listings:
        beside = perpetuals[listing.base]
        if listing.market == "inverse":
            found[(listing.market, listing.symbol)] = coin_series(random, listing, beside)
        else:
            found[(listing.market, listing.symbol)] = dated_series(
                random, listing, beside, paths[listing.base], calendar
            )
    return found
