"""What rules need to know of the past, read once and kept: only what is missing is asked for.

Nothing in here is needed to act: whatever goes wrong costs a rule its figure for this cycle and a sentence, never the
cycle. What is kept on disk may be lost at any time; it is asked for again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import isfinite

from bot.domain.account import Candle
from bot.domain.errors import BallastError, Unavailable
from bot.domain.history import (
    EPOCH,
    BarSeries,
    FundingSeries,
    History,
    HistoryAsk,
    ImpliedVolatility,
    moment,
    seconds,
)
from bot.domain.instrument import MarketKind
from bot.domain.ports import ImpliedReader, MarketReader
from bot.domain.snapshot import VenueView
from bot.exchange.store import CLOCK_STEP_MAX, Store

VERSION = "1"
PERPETUALS = (MarketKind.LINEAR_PERPETUAL, MarketKind.INVERSE_PERPETUAL)
KEPT_FOR = timedelta(days=3650)
PATIENCE_S = 5.0
ASK_AGAIN = timedelta(minutes=5)
RESUME_AFTER = timedelta(minutes=1)
INDEX_EVERY = timedelta(hours=1)
BARS_MAX = 20_000
SLACK = 0.001  # a bar of the same market may differ in its last digits between two readings, not by more


@dataclass(slots=True, kw_only=True)
class _Shelf:
    """One market's past as far as it is known, and when it was asked for."""

    bars: BarSeries | None = None
    funding: FundingSeries | None = None
    asked_since: datetime | None = None
    asked_at: datetime | None = None
    proven: bool = False
    loaded: bool = False


class Archive:
    """The past of every market a rule asked about, in memory and in small files.

    `world` names the exchange the files are from (mode and address), so that two worlds never share one. A world that
    begins anew under the same name is found out: its last bar differs from the one that was kept.
    """

    def __init__(self, store: Store, *, world: str, patience_s: float = PATIENCE_S) -> None:
        self._store = store
        self._world = "".join(mark if mark.isalnum() else "-" for mark in world)
        self._patience_s = patience_s
        self._shelves: dict[tuple[str, str, int], _Shelf] = {}
        self._implied: dict[str, ImpliedVolatility] = {}

    async def read(self, asks: Sequence[HistoryAsk], reader: MarketReader, view: VenueView, quote: str) -> History:
        """What is known by now, brought up to date where something new can exist and the venue answers in time.

        Never raises for a venue's silence; `History.troubles` says what is missing and why.
        """
        troubles: dict[str, str] = {}
        await self._look_at_indices([ask.asset for ask in asks if ask.kind == "implied"], reader, view.at, troubles)
        markets = _markets(view)
        asked: list[tuple[HistoryAsk, str]] = []
        for ask in asks:
            # Funding exists only where there is a perpetual; bars also of a spot market.
            symbol = markets.get(ask.asset, "" if ask.kind == "funding" else f"{ask.asset}/{quote}")
            if symbol and ask.kind != "implied":
                asked.append((ask, symbol))
        due = [
            (ask, asyncio.ensure_future(self._refresh(ask, symbol, since, reader, view.at)))
            for ask, symbol in asked
            if (since := self._due(ask, symbol, view)) is not None
        ]
        if due:
            await asyncio.wait([task for _, task in due], timeout=self._patience_s)
        for ask, task in due:
            if not task.done():
                task.cancel()
                troubles[ask.asset] = f"the past of {ask.asset} is still being read from {reader.id}"
            elif (problem := task.exception()) is not None:
                what = str(problem) if isinstance(problem, BallastError) else f"{type(problem).__name__}: {problem}"
                troubles[ask.asset] = f"the past of {ask.asset} could not be read: {what}"
        await asyncio.gather(*(task for _, task in due), return_exceptions=True)
        return self._shown(asked, troubles)

    def remarks(self) -> list[str]:
        """What happened to the files since last asked."""
        said, self._store.notes[:] = list(self._store.notes), []
        return said

    def _shown(self, asked: Sequence[tuple[HistoryAsk, str]], troubles: dict[str, str]) -> History:
        bars: dict[tuple[str, int], BarSeries] = {}
        funding: dict[str, FundingSeries] = {}
        for ask, symbol in asked:
            shelf = self._shelf(ask, symbol)
            if ask.kind == "candles" and shelf.bars is not None:
                bars[ask.asset, ask.step_s] = shelf.bars
            if ask.kind == "funding" and shelf.funding is not None:
                funding[ask.asset] = shelf.funding
        return History(bars=bars, funding=funding, implied=dict(self._implied), troubles=troubles)

    async def _look_at_indices(
        self, assets: Sequence[str], reader: MarketReader, now: datetime, troubles: dict[str, str]
    ) -> None:
        """Implied volatility indices where the venue has them; an old one is kept, whoever reads it minds its age."""
        if not isinstance(reader, ImpliedReader):
            return
        for asset in assets:
            known = self._implied.get(asset)
            if known is not None and timedelta(0) <= now - known.at < INDEX_EVERY:
                continue
            try:
                async with asyncio.timeout(self._patience_s):
                    found = await reader.implied_volatility(asset)
            except (Unavailable, TimeoutError) as problem:
                troubles.setdefault(asset, f"the implied volatility of {asset} could not be read: {problem}")
                continue
            if found is not None and isfinite(found.points) and found.points > 0:
                self._implied[asset] = found

    def _shelf(self, ask: HistoryAsk, symbol: str) -> _Shelf:
        key = (ask.kind, symbol, ask.step_s if ask.kind == "candles" else 0)
        return self._shelves.setdefault(key, _Shelf())

    def _name(self, ask: HistoryAsk, symbol: str) -> str:
        plain = "".join(mark if mark.isalnum() else "-" for mark in symbol)
        step = f"_{ask.step_s}" if ask.kind == "candles" else ""
        return f"history_{self._world}_{ask.kind}_{plain}{step}"

    def _due(self, ask: HistoryAsk, symbol: str, view: VenueView) -> datetime | None:
        """From when on to ask; None while nothing new can exist."""
        shelf, now = self._shelf(ask, symbol), view.at
        if not shelf.loaded:
            shelf.loaded = True
            self._load(shelf, self._name(ask, symbol), ask, symbol, now)
        if shelf.asked_at is not None and now < shelf.asked_at - CLOCK_STEP_MAX:
            # Time went back: another world answers under this address.
            shelf.bars = shelf.funding = shelf.asked_since = shelf.asked_at = None
        return _since(shelf, ask, view, symbol, now)

    async def _refresh(
        self, ask: HistoryAsk, symbol: str, since: datetime, reader: MarketReader, now: datetime
    ) -> None:
        shelf = self._shelf(ask, symbol)
        shelf.asked_at = now
        try:
            changed = await self._ask(shelf, ask, symbol, reader, (since, now))
        except asyncio.CancelledError:
            # A venue that hangs must not cost every cycle its patience; one that is only slow goes on soon.
            shelf.asked_at = now - ASK_AGAIN + RESUME_AFTER
            raise
        if changed:
            self._store.save(self._name(ask, symbol), _document(shelf), now=now)

    async def _ask(
        self, shelf: _Shelf, ask: HistoryAsk, symbol: str, reader: MarketReader, span: tuple[datetime, datetime]
    ) -> bool:
        since, now = span
        if ask.kind == "funding":
            rates = _rates(symbol, await reader.funding_history(symbol, since), shelf.funding, now - ask.span)
            changed = shelf.funding is None or rates.settled_s != shelf.funding.settled_s
            shelf.funding, shelf.proven = (rates if changed else shelf.funding), True
        else:
            step = timedelta(seconds=ask.step_s)
            found = await reader.candles(symbol, ask.step_s, since, now)
            fresh = _bars(symbol, ask.step_s, found, reader.id)
            if shelf.bars is not None and not _continues(shelf.bars, fresh):
                whole = _aligned(now - ask.span, step)
                fresh = _bars(symbol, ask.step_s, await reader.candles(symbol, ask.step_s, whole, now), reader.id)
                shelf.bars, since = None, whole
            merged = _merged(shelf.bars, fresh, now - ask.span - step)
            changed = shelf.bars is None or merged.opened_s != shelf.bars.opened_s
            shelf.bars, shelf.proven = (merged if changed else shelf.bars), True
        shelf.asked_since = since if shelf.asked_since is None else min(since, shelf.asked_since)
        return changed

    def _load(self, shelf: _Shelf, name: str, ask: HistoryAsk, symbol: str, now: datetime) -> None:
        document = self._store.load(name, now=now, age_max=KEPT_FOR)
        if document is None:
            return
        try:
            shelf.asked_since, shelf.bars, shelf.funding = _restored(document, ask, symbol, now)
        except (ValueError, KeyError, TypeError, OverflowError):
            self._store.notes.append(f"{name}.json in the cache is damaged and is ignored; it is asked for again")


def _markets(view: VenueView) -> dict[str, str]:
    """The perpetual of each asset the venue showed, the linear one first."""
    found: dict[str, str] = {}
    for row in view.instruments:
        first = row.kind is MarketKind.LINEAR_PERPETUAL or row.base not in found
        if row.kind in PERPETUALS and first:
            found[row.base] = row.symbol
    return found


def _since(shelf: _Shelf, ask: HistoryAsk, view: VenueView, symbol: str, now: datetime) -> datetime | None:
    """From when on to ask; None while nothing new can exist or the venue was asked a moment ago."""
    if ask.kind == "funding":
        wanted, rates = now - ask.span, shelf.funding
        last = moment(rates.settled_s[-1]) if rates is not None and len(rates) else None
        step = _interval(view, symbol, rates)
        due = None if last is None else last + step
    else:
        step = timedelta(seconds=ask.step_s)
        wanted, bars = _aligned(now - ask.span, step), shelf.bars
        last = moment(bars.opened_s[-1]) if bars is not None and len(bars) else None
        due = None if last is None else last + 2 * step
    if shelf.asked_since is None or last is None or due is None or shelf.asked_since > wanted + step:
        recently = shelf.asked_at is not None and now - shelf.asked_at < ASK_AGAIN
        return None if recently else wanted
    if shelf.proven and now < due:
        return None
    if shelf.asked_at is not None and now - shelf.asked_at < min(ASK_AGAIN, step / 10):
        return None
    return last  # the newest known datum again, to see that it is still the same world


def _interval(view: VenueView, symbol: str, rates: FundingSeries | None) -> timedelta:
    """How far apart settlements are: what the venue says, else what the last two were."""
    said = next((row.interval_h for row in view.funding if row.symbol == symbol), None)
    if said is not None:
        return timedelta(hours=float(said))
    if rates is not None and len(rates) > 1:
        return timedelta(seconds=rates.settled_s[-1] - rates.settled_s[-2])
    return timedelta(hours=1)


def _aligned(at: datetime, step: timedelta) -> datetime:
    return EPOCH + (at - EPOCH) // step * step


def _bars(symbol: str, step_s: int, found: Iterable[Candle], venue: str) -> BarSeries:
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


def _continues(kept: BarSeries, fresh: BarSeries) -> bool:
    """Whether the newest kept bar is found again as it was."""
    if not len(kept):
        return True
    if kept.opened_s[-1] not in fresh.opened_s:
        return False
    place = fresh.opened_s.index(kept.opened_s[-1])
    return abs(fresh.close[place] / kept.close[-1] - 1) <= SLACK and abs(fresh.high[place] / kept.high[-1] - 1) <= SLACK


def _merged(kept: BarSeries | None, fresh: BarSeries, oldest: datetime) -> BarSeries:
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


def _rates(
    symbol: str, found: Iterable[tuple[datetime, object]], kept: FundingSeries | None, oldest: datetime
) -> FundingSeries:
    fresh = {seconds(at): float(rate) for at, rate in found}  # type: ignore[arg-type]
    if any(not isfinite(rate) or abs(rate) > 1 for rate in fresh.values()):
        raise Unavailable(f"a settled funding rate of {symbol} cannot be")
    same = kept is None or not len(kept) or fresh.get(kept.settled_s[-1]) == kept.rates[-1]
    before = dict(zip(kept.settled_s, kept.rates, strict=True)) if kept is not None and same else {}
    rows = sorted((at, rate) for at, rate in {**before, **fresh}.items() if at >= seconds(oldest))
    return FundingSeries(symbol=symbol, settled_s=tuple(at for at, _ in rows), rates=tuple(rate for _, rate in rows))


def _document(shelf: _Shelf) -> dict[str, object]:
    since = shelf.asked_since.isoformat() if shelf.asked_since else None
    if shelf.funding is not None:
        return {"since": since, "rows": list(zip(shelf.funding.settled_s, shelf.funding.rates, strict=True))}
    bars = shelf.bars
    if bars is None:
        return {"since": since, "rows": []}
    columns = (bars.opened_s, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return {"since": since, "rows": list(zip(*columns, strict=True))}


def _restored(
    document: object, ask: HistoryAsk, symbol: str, now: datetime
) -> tuple[datetime, BarSeries | None, FundingSeries | None]:
    """What a file holds. Raises: ValueError, KeyError, TypeError for anything that was not written by `_document`."""
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
