"""A market's past as rows: taken from replies and from files, checked, continued. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from math import isfinite

from bot.domain.account import Candle
from bot.domain.errors import Unavailable
from bot.domain.history import BarSeries, FundingSeries, HistoryAsk, seconds

BARS_MAX = 20_000
EMPTIES_MAX = 6  # each answer without a single row doubles the pause before the next, up to about five hours
SLACK = 0.001  # a bar of the same market may differ in its last digits between two readings, not by more


def bars_of(symbol: str, step_s: int, found: Iterable[Candle], venue: str) -> BarSeries:
    """Candles as a series. Raises: Unavailable when one of them cannot be, or they are not in order."""
    rows = [
        (seconds(row.opened_at), float(row.open), float(row.high), float(row.low), float(row.close), float(row.volume))
        for row in found
    ]
    return _series(symbol, step_s, rows, venue)


def _series(
    symbol: str, step_s: int, rows: Sequence[tuple[int, float, float, float, float, float]], venue: str
) -> BarSeries:
    for _, opened, high, low, close, volume in rows:
        if not (0 < low <= min(opened, close) and max(opened, close) <= high and isfinite(high) and volume >= 0):
            raise Unavailable(f"{venue} gave a bar of {symbol} that cannot be: high {high}, low {low}, close {close}")
    times = tuple(row[0] for row in rows)
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise Unavailable(f"{venue} gave bars of {symbol} that are not in order")
    columns = tuple(tuple(row[place] for row in rows) for place in range(1, 6))
    return BarSeries(
        symbol=symbol,
        step_s=step_s,
        opened_s=times,
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=columns[4],
    )


def continues(kept: BarSeries, fresh: BarSeries) -> bool:
    """Whether the newest kept bar is found again as it was."""
    if not len(kept):
        return True
    if kept.opened_s[-1] not in fresh.opened_s:
        return False
    place = fresh.opened_s.index(kept.opened_s[-1])
    return abs(fresh.close[place] / kept.close[-1] - 1) <= SLACK and abs(fresh.high[place] / kept.high[-1] - 1) <= SLACK


def joined(kept: BarSeries | None, fresh: BarSeries, oldest: datetime) -> BarSeries:
    """What is kept, from the oldest wanted on, continued by what came."""
    if kept is None:
        return fresh.last(BARS_MAX)
    begin = sum(1 for at in kept.opened_s if at < seconds(oldest))
    end = sum(1 for at in kept.opened_s if not len(fresh) or at < fresh.opened_s[0])
    old = kept.cut(min(begin, end), end)
    return BarSeries(
        symbol=fresh.symbol,
        step_s=fresh.step_s,
        opened_s=old.opened_s + fresh.opened_s,
        open=old.open + fresh.open,
        high=old.high + fresh.high,
        low=old.low + fresh.low,
        close=old.close + fresh.close,
        volume=old.volume + fresh.volume,
    ).last(BARS_MAX)


def rates_of(
    symbol: str, found: Iterable[tuple[datetime, object]], kept: FundingSeries | None, oldest: datetime
) -> FundingSeries:
    """Settled rates, continuing those that are kept. Raises: Unavailable when one of them cannot be."""
    fresh = {seconds(at): float(rate) for at, rate in found}  # type: ignore[arg-type]
    if any(not isfinite(rate) or abs(rate) > 1 for rate in fresh.values()):
        raise Unavailable(f"a settled funding rate of {symbol} cannot be")
    same = kept is None or not len(kept) or fresh.get(kept.settled_s[-1]) == kept.rates[-1]
    before = dict(zip(kept.settled_s, kept.rates, strict=True)) if kept is not None and same else {}
    rows = sorted((at, rate) for at, rate in {**before, **fresh}.items() if at >= seconds(oldest))
    return FundingSeries(symbol=symbol, settled_s=tuple(at for at, _ in rows), rates=tuple(rate for _, rate in rows))


def document_of(
    since: datetime | None,
    bars: BarSeries | None,
    funding: FundingSeries | None,
    *,
    asked_at: datetime | None = None,
    empties: int = 0,
) -> dict[str, object]:
    """What is kept of a market's past: from when on it was asked for, and what came; of nothing, how often it came."""
    found: dict[str, object] = {"since": since.isoformat() if since else None, "rows": []}
    if funding is not None and len(funding):
        found["rows"] = list(zip(funding.settled_s, funding.rates, strict=True))
    elif bars is not None and len(bars):
        columns = (bars.opened_s, bars.open, bars.high, bars.low, bars.close, bars.volume)
        found["rows"] = list(zip(*columns, strict=True))
    elif asked_at is not None:
        found |= {"asked": asked_at.isoformat(), "empties": empties}
    return found


def emptiness(document: object) -> tuple[datetime | None, int]:
    """When a market last told nothing, and how often in a row; as `document_of` wrote it."""
    if not isinstance(document, dict) or "asked" not in document:
        return None, 0
    return datetime.fromisoformat(document["asked"]), max(0, min(int(document["empties"]), EMPTIES_MAX))


def restored(
    document: object, ask: HistoryAsk, symbol: str, now: datetime
) -> tuple[datetime, BarSeries | None, FundingSeries | None]:
    """What a file holds. Raises: ValueError, KeyError, TypeError for anything that was not written by `document_of`."""
    if not isinstance(document, dict):
        raise TypeError("not a table")
    since, rows = datetime.fromisoformat(document["since"]), document["rows"]
    if ask.kind == "funding":
        rates = [(int(at), float(rate)) for at, rate in rows]
        if any(at > seconds(now) or not isfinite(rate) for at, rate in rates):
            raise ValueError("rates from the future")
        times = tuple(at for at, _ in rates)
        return since, None, FundingSeries(symbol=symbol, settled_s=times, rates=tuple(rate for _, rate in rates))
    bars = [(int(row[0]), *(float(value) for value in row[1:6])) for row in rows]
    if len(bars) > BARS_MAX or any(len(row) != 6 or row[0] + ask.step_s > seconds(now) for row in bars):
        raise ValueError("bars from the future")
    try:
        return since, _series(symbol, ask.step_s, bars, "the cache"), None  # type: ignore[arg-type]
    except Unavailable as problem:
        raise ValueError(str(problem)) from None
