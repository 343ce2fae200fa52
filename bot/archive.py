"""What rules need to know of the past, read once and kept: only what is missing is asked for.

Nothing in here is needed to act: whatever goes wrong costs a rule its figure for this cycle and a sentence, never the
cycle. What is kept on disk may be lost at any time; it is asked for again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from bot.domain.errors import BallastError, Unavailable
from bot.domain.history import (
    EPOCH,
    BarSeries,
    FundingSeries,
    History,
    HistoryAsk,
    ImpliedVolatility,
    moment,
)
from bot.domain.instrument import MarketKind
from bot.domain.ports import ImpliedReader, MarketReader
from bot.domain.snapshot import VenueView
from bot.exchange.store import CLOCK_STEP_MAX, Store
from bot.series import EMPTIES_MAX, bars_of, continues, document_of, emptiness, joined, rates_of, restored

VERSION = "1"
PERPETUALS = (MarketKind.LINEAR_PERPETUAL, MarketKind.INVERSE_PERPETUAL)
KEPT_FOR = timedelta(days=3650)
PATIENCE_S = 5.0
ASK_AGAIN = timedelta(minutes=5)
RESUME_AFTER = timedelta(minutes=1)
INDEX_EVERY = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class _Shelf:
    """One market's past as far as it is known, and when it was asked for; `empties` is how often nothing came."""

    bars: BarSeries | None = None
    funding: FundingSeries | None = None
    asked_since: datetime | None = None
    asked_at: datetime | None = None
    proven: bool = False
    loaded: bool = False
    empties: int = 0

    @property
    def known(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.bars is not None and len(self.bars)) or bool(self.funding is not None and len(self.funding))

    @property
    def pause(self) -> timedelta:
        """How long a market of which nothing is known is left alone after it was asked."""
        return timedelta(seconds=ASK_AGAIN.total_seconds() * 2.0**self.empties)


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
            shelf.empties = 0
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
        shelf.empties = 0 if shelf.known else min(shelf.empties + 1, EMPTIES_MAX)
        if changed or shelf.empties:
            self._store.save(
                self._name(ask, symbol),
                document_of(
                    shelf.asked_since, shelf.bars, shelf.funding, asked_at=shelf.asked_at, empties=shelf.empties
                ),
                now=now,
            )

    async def _ask(
        self, shelf: _Shelf, ask: HistoryAsk, symbol: str, reader: MarketReader, span: tuple[datetime, datetime]
    ) -> bool:
        since, now = span
        if ask.kind == "funding":
            told = await reader.funding_history(symbol, since)
            if shelf.known and not told:
                raise Unavailable(f"{reader.id} told no settled funding of {symbol}, not even what it told before")
            rates = rates_of(symbol, told, shelf.funding, now - ask.span)
            changed = shelf.funding is None or rates.settled_s != shelf.funding.settled_s
            shelf.funding, shelf.proven = (rates if changed else shelf.funding), True
        else:
            step = timedelta(seconds=ask.step_s)
            found = await reader.candles(symbol, ask.step_s, since, now)
            if shelf.known and not found:
                raise Unavailable(f"{reader.id} told no bar of {symbol}, not even what it told before")
            fresh = bars_of(symbol, ask.step_s, found, reader.id)
            if shelf.bars is not None and not continues(shelf.bars, fresh):
                whole = _aligned(now - ask.span, step)
                fresh = bars_of(symbol, ask.step_s, await reader.candles(symbol, ask.step_s, whole, now), reader.id)
                shelf.bars, since = None, whole
            merged = joined(shelf.bars, fresh, now - ask.span - step)
            changed = shelf.bars is None or merged.opened_s != shelf.bars.opened_s
            shelf.bars, shelf.proven = (merged if changed else shelf.bars), True
        shelf.asked_since = since if shelf.asked_since is None else min(since, shelf.asked_since)
        return changed

    def _load(self, shelf: _Shelf, name: str, ask: HistoryAsk, symbol: str, now: datetime) -> None:
        document = self._store.load(name, now=now, age_max=KEPT_FOR)
        if document is None:
            return
        try:
            shelf.asked_since, shelf.bars, shelf.funding = restored(document, ask, symbol, now)
            if not shelf.known:
                shelf.asked_at, shelf.empties = emptiness(document)
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
        recently = shelf.asked_at is not None and now - shelf.asked_at < shelf.pause
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
