"""Builders of the past: bars of a given volatility, funding of a given rate, and scenes that know them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import exp, log, sqrt
from random import Random

from bot.domain.account import FundingRate
from bot.domain.hedge import Need
from bot.domain.history import DAY_S, BarSeries, FundingSeries, History, seconds
from bot.domain.portfolio import value_portfolio
from bot.policy.scene import Memory, Recollection, Scene
from tests.builders import NOW, VENUE, d, instrument, mark, position, snapshot, view

DAY = timedelta(days=1)
PRICES = {"BTC": "60000", "ETH": "3000", "SOL": "100", "MOON": "2"}


def series(symbol: str, closes: Sequence[float], *, width: float = 0.02, end: datetime = NOW) -> BarSeries:
    """Daily bars with these closes; each reaches `width` (log) around its close."""
    last = seconds(end) - DAY_S
    return BarSeries(
        symbol=symbol,
        step_s=DAY_S,
        opened_s=tuple(last - DAY_S * back for back in range(len(closes) - 1, -1, -1)),
        open=tuple(closes),
        high=tuple(close * exp(width / 2) for close in closes),
        low=tuple(close * exp(-width / 2) for close in closes),
        close=tuple(closes),
        volume=(1.0,) * len(closes),
    )


def moving(volatility: float, *, days: int = 90, end: datetime = NOW) -> BarSeries:
    """Bars whose Parkinson volatility is exactly this much a year."""
    width = volatility * sqrt(4 * log(2) / 365)
    return series("BTC/USDT:USDT", [100.0] * days, width=width, end=end)


def walk(seed: int, days: int = 200, volatility: float = 0.6) -> list[float]:
    """Daily log returns drawn from a seed."""
    random = Random(seed)  # noqa: S311 - a made-up market
    return [random.gauss(0, volatility / sqrt(365)) for _ in range(days)]


def prices(returns: Sequence[float], start: float = 100.0) -> list[float]:
    """Closes that follow from log returns."""
    closes = [start]
    for step in returns:
        closes.append(closes[-1] * exp(step))
    return closes


def paid(rates: Sequence[float], *, interval_h: float = 8, end: datetime = NOW) -> FundingSeries:
    """Settled funding, the newest at `end`."""
    step = int(interval_h * 3600)
    times = tuple(seconds(end) - step * back for back in range(len(rates) - 1, -1, -1))
    return FundingSeries(symbol="BTC/USDT:USDT", settled_s=times, rates=tuple(rates))


def scene(  # noqa: PLR0913 - a test names only what it is about
    *,
    owned: Mapping[str, str] | None = None,
    bars: Mapping[str, BarSeries] | None = None,
    funding: Mapping[str, FundingSeries] | None = None,
    coming: str = "0.0001",
    interval_h: str = "8",
    listed: Sequence[str] = ("BTC",),
    held: Mapping[str, str] | None = None,
    recalled: Mapping[str, Recollection] | None = None,
    at: datetime = NOW,
) -> Scene:
    """What a rule sees: one BTC owned unless said otherwise, with whatever past is given."""
    have = dict(owned or {"BTC": "1"})
    shown = view(
        instruments=tuple(instrument(asset, notional_min="10") for asset in listed),
        marks=tuple(mark(asset, PRICES.get(asset, "10"), at=at) for asset in listed),
        positions=tuple(position(asset, f"-{amount}", price=PRICES[asset]) for asset, amount in (held or {}).items()),
    )
    rates = tuple(
        FundingRate(
            venue=VENUE, symbol=row.symbol, rate=d(coming), interval_h=d(interval_h), next_at=at + timedelta(hours=1)
        )
        for row in shown.instruments
    )
    shown = replace(shown, funding=rates, at=at)
    seen = snapshot(shown, *have.items())
    extra = {asset: replace(seen.prices["BTC"], asset=asset, price=d(PRICES.get(asset, "10"))) for asset in have}
    past = History(bars={(asset, DAY_S): row for asset, row in (bars or {}).items()}, funding=dict(funding or {}))
    seen = replace(seen, at=at, prices={**extra, **seen.prices}, history=past)
    worth = value_portfolio(seen, quote="USDT", stablecoins=("USDT", "USDC"))
    memory = Memory(recalled=dict(recalled or {}), managed=frozenset(held or {}))
    return Scene(snapshot=seen, portfolio=worth, memory=memory)


def need(short: str, *, asset: str = "BTC", floor: str = "0") -> Need:
    """What the size rule asked for."""
    return Need(asset=asset, short_notional=d(short), leverage_cap=d(2), reasons=("wanted",), floor_notional=d(floor))
