"""What happened to a simulated account while nobody looked: funding paid, the worst price survived or not.

Pure: the past is given as bars and funding events, and the engine lives through it in order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import Candle
from bot.sim.engine import Engine
from bot.sim.shadow_market import at_price

SHORTEST = timedelta(minutes=2)  # a cycle's usual rest; shorter gaps are covered by the marks read at both ends
BARS_MAX = 1440
STEPS_S = (60, 300, 3600, 14400, 86400)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingDue:
    """One funding event. Signs: positive = longs pay."""

    symbol: str
    at: datetime
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBar:
    """The prices of one symbol in the time before `closed_at`."""

    symbol: str
    closed_at: datetime
    candle: Candle


def step_for(gap: timedelta) -> int:
    """Choose the finest bars that cover a gap in one answer. Units: seconds."""
    return next((step for step in STEPS_S if gap <= timedelta(seconds=step) * BARS_MAX), STEPS_S[-1])


def times_due(first: datetime, interval: timedelta, until: datetime) -> list[datetime]:
    """List the funding times of a fixed schedule up to an instant."""
    times = []
    while first <= until:
        times.append(first)
        first += interval
    return times


def live_through(engine: Engine, account: str, bars: Iterable[PastBar], dues: Sequence[FundingDue]) -> None:
    """Let bars and funding happen in the order of time; funding is paid at the close before it.

    Within a bar every position meets its worst price at once, a short the high and a long the low. Real prices hardly
    do so in one moment: this errs on the side of liquidation.
    """
    by_close: dict[datetime, dict[str, Candle]] = {}
    for bar in bars:
        by_close.setdefault(bar.closed_at, {})[bar.symbol] = bar.candle
    for due in dues:
        by_close.setdefault(due.at, {})
    for at in sorted(by_close):
        _bar(engine, account, max(at, engine.now), by_close[at])
        for due in dues:
            if due.at == at:
                engine.pay_funding(due.symbol, due.rate)


def _bar(engine: Engine, account: str, at: datetime, bar: Mapping[str, Candle]) -> None:
    held = {position.symbol: position.amount for position in engine.positions(account)}
    worst = {symbol: row.high if held.get(symbol, Decimal(0)) < 0 else row.low for symbol, row in bar.items()}
    last = {symbol: row.close for symbol, row in bar.items()}
    for prices in (worst, last):
        engine.advance(
            at,
            {
                ("linear", symbol): at_price(engine.quote("linear", symbol), price)
                for symbol, price in prices.items()
                if symbol in held
            },
        )
