"""What Binance tells everybody: marks, prices, funding, books, candles; each question in its leanest form."""

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final

from bot.domain.account import Book, Candle, FundingRate, Mark, Price
from bot.domain.errors import Unavailable
from bot.domain.instrument import Instrument, MarketKind
from bot.exchange import strict, translate, translate_coin
from bot.exchange.calls import SaidNo, unreadable
from bot.exchange.reading import Reading
from bot.exchange.store import young
from bot.exchange.strict import Row, Unreadable
from bot.exchange.windows import check_page

# asking for one mark costs half a millisecond, for all of them about twenty
ONE_BY_ONE_MAX: Final = 8
DOLLAR: Final = "USD"
INTERVAL_DEFAULT_H: Final = Decimal(8)  # docs: symbols missing from fundingInfo keep eight hours
INTERVAL_AGE_MAX: Final = timedelta(minutes=15)
ABSENT_AGE_MAX_S: Final = 3600.0
DEPTHS: Final = (5, 10, 20, 50, 100, 500, 1000)
CANDLES_WINDOW: Final = timedelta(days=200)  # docs, COIN-M: no wider question than 200 days
STEPS: Final = {
    60: "1m", 180: "3m", 300: "5m", 900: "15m", 1800: "30m", 3600: "1h", 7200: "2h", 14400: "4h", 21600: "6h",
    28800: "8h", 43200: "12h", 86400: "1d", 259200: "3d", 604800: "1w",
}  # fmt: skip


async def server_time(reading: Reading) -> datetime:
    """The venue's clock, and the offset measured by the way."""

    async def ask() -> datetime:
        reply = await reading.calls.read("fapiPublicGetTime", timed=False)
        try:
            return translate.server_time(reply)
        except Unreadable as problem:
            unreadable(reading.venue, "time", problem)

    return await reading.calls.time.measure(ask)


def instruments(
    reading: Reading, kinds: tuple[MarketKind, ...], assets: frozenset[str], quote: str,
    held: frozenset[str] = frozenset(),
) -> tuple[Instrument, ...]:  # fmt: skip
    """The markets of these kinds that live, kinds in the order given, the nearest expiry first.

    A dated contract that may only be closed before it ends is among them where a position in it is `held`. Inverse
    markets are quoted in US dollars, whatever stablecoin the portfolio is counted in.
    """
    now = reading.now()
    found = [row for kind in kinds for row in reading.markets.instruments(kind, assets)]
    return tuple(
        row
        for row in sorted(found, key=lambda row: (kinds.index(row.kind), row.expires_at or now, row.symbol))
        if row.quote == (DOLLAR if row.inverse else quote)
        and (row.expires_at is None or ((row.active or row.symbol in held) and row.expires_at > now))
    )


async def marks(reading: Reading, symbols: Iterable[str]) -> tuple[Mark, ...]:
    """Mark prices of the symbols the venue answered for."""
    found = await _premium_rows(reading, symbols)
    try:
        return tuple(translate.mark(reading.venue, symbol, row) for symbol, row in found.items())
    except Unreadable as problem:
        unreadable(reading.venue, "mark price", problem)


async def funding(reading: Reading, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
    """The coming funding payments, with the interval the venue lists; dated contracts pay none."""
    perpetual = [symbol for symbol in symbols if reading.markets.kind(symbol) is not MarketKind.LINEAR_FUTURE]
    if not perpetual:
        return ()
    found, intervals = await asyncio.gather(_premium_rows(reading, perpetual), _intervals(reading))
    try:
        return tuple(
            translate.funding_rate(
                reading.venue, symbol, row, intervals.get(reading.markets.market_id(symbol), INTERVAL_DEFAULT_H)
            )
            for symbol, row in found.items()
        )
    except Unreadable as problem:
        unreadable(reading.venue, "funding rate", problem)


async def _premium_rows(reading: Reading, symbols: Iterable[str]) -> dict[str, Row]:
    wanted = {reading.markets.market_id(symbol): symbol for symbol in dict.fromkeys(symbols)}
    if not wanted:
        return {}
    if len(wanted) > ONE_BY_ONE_MAX:
        replies = [await reading.calls.read_shared(reading.family.premium)]
    else:
        replies = await asyncio.gather(*(_premium(reading, market_id) for market_id in wanted))
    found: dict[str, Row] = {}
    for reply in replies:
        for item in reply if isinstance(reply, list) else [reply]:
            symbol = wanted.get(str(item.get("symbol"))) if isinstance(item, dict) else None
            if symbol is not None:
                found[symbol] = item
    return {symbol: found[symbol] for symbol in wanted.values() if symbol in found}


async def _premium(reading: Reading, market_id: str) -> Any:
    try:
        return await reading.calls.read_shared(reading.family.premium, {"symbol": market_id})
    except SaidNo as no:
        if no.code in reading.quirks.codes.symbol_absent:
            return []
        raise


async def _intervals(reading: Reading) -> dict[str, Decimal]:
    now = reading.now()
    if reading.intervals is not None and young(reading.intervals[0], now, INTERVAL_AGE_MAX):
        return reading.intervals[1]
    name = "funding_intervals_coin" if reading.family.inverse else "funding_intervals"
    reply = reading.store.load(name, now=now, age_max=INTERVAL_AGE_MAX)
    kept = reply is not None
    if not kept:
        reply = await reading.calls.read_shared(reading.family.funding_intervals)
    try:
        found = translate.funding_intervals(reply)
    except Unreadable as problem:
        unreadable(reading.venue, "funding interval", problem)
    reading.intervals = (now, found)
    if not kept:
        slim = [{"symbol": key, "fundingIntervalHours": str(value)} for key, value in found.items()]
        reading.store.save(name, slim, now=now)
    return found


async def prices(reading: Reading, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
    """Spot mids; assets without a spot market in this quote are left out."""
    wanted = {f"{asset}{quote}": asset for asset in dict.fromkeys(assets) if asset != quote}
    now_s = reading.clock.monotonic()
    known = {
        market_id: asset
        for market_id, asset in wanted.items()
        if now_s - reading.absent_spot.get(market_id, -ABSENT_AGE_MAX_S) >= ABSENT_AGE_MAX_S
    }
    found: list[Price] = []
    try:
        replies = await _book_tickers(reading, list(known))
        at = reading.now()
        for item in replies:
            asset = known.get(strict.text(item, "symbol"))
            price = translate.spot_price(asset, item, at, reading.venue) if asset else None
            if price is not None:
                found.append(price)
    except Unreadable as problem:
        unreadable(reading.venue, "spot price", problem)
    return tuple(found)


async def _book_tickers(reading: Reading, market_ids: list[str]) -> list[Row]:
    if not market_ids:
        return []
    listed = json.dumps(market_ids, separators=(",", ":"))
    try:
        reply = await reading.calls.read("publicGetTickerBookTicker", {"symbols": listed})
    except SaidNo as no:
        # one unknown name spoils the whole list, so they are asked for one by one to learn which
        if no.code not in reading.quirks.codes.symbol_absent:
            raise
        single = await asyncio.gather(*(_book_ticker(reading, market_id) for market_id in market_ids))
        return [item for item in single if item is not None]
    return list(strict.rows(reply))


async def _book_ticker(reading: Reading, market_id: str) -> Row | None:
    try:
        return strict.row(await reading.calls.read("publicGetTickerBookTicker", {"symbol": market_id}))
    except SaidNo as no:
        if no.code not in reading.quirks.codes.symbol_absent:
            raise
        reading.absent_spot[market_id] = reading.clock.monotonic()
        return None


async def book(reading: Reading, symbol: str, levels: int) -> Book:
    """The visible book with at least that many levels, where there are as many."""
    limit = next((depth for depth in DEPTHS if depth >= levels), DEPTHS[-1])
    market_id = reading.markets.market_id(symbol)
    reply = await reading.calls.read(reading.family.depth, {"symbol": market_id, "limit": limit})
    try:
        if reading.family.inverse:
            return translate_coin.book(reading.venue, symbol, reply, reading.markets.size(market_id))
        return translate.book(reading.venue, symbol, reply)
    except Unreadable as problem:
        unreadable(reading.venue, f"order book of {symbol}", problem)


async def candles(reading: Reading, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
    """Closed bars of a futures symbol (BASE/QUOTE:SETTLE) or a spot one (BASE/QUOTE)."""
    if step_s not in STEPS:
        raise Unavailable(f"{reading.venue} has no candles of {step_s} seconds; it has {', '.join(STEPS.values())}.")
    futures = ":" in symbol
    name, limit = (reading.family.candles, 1500) if futures else ("publicGetKlines", 1000)
    translated = translate_coin.candles if futures and reading.family.inverse else translate.candles
    market_id = reading.markets.market_id(symbol) if futures else symbol.replace("/", "")
    step, bars, start = timedelta(seconds=step_s), dict[datetime, Candle](), since
    end = min(until, reading.now())
    while start + step <= end:
        stop = min(end, start + CANDLES_WINDOW)
        params = {
            "symbol": market_id,
            "interval": STEPS[step_s],
            "startTime": strict.milliseconds(start),
            "endTime": strict.milliseconds(stop) - 1,
            "limit": limit,
        }
        reply = await reading.calls.read(name, params)
        try:
            page = translated(reply)
        except Unreadable as problem:
            unreadable(reading.venue, f"candles of {symbol}", problem)
        bars.update((bar.opened_at, bar) for bar in page if bar.opened_at >= since)
        if len(page) < limit and stop == end:
            break
        start = stop if len(page) < limit else max(page[-1].opened_at + step, start + step)
    closed = translate.closed_before(list(bars.values()), step, end)
    return tuple(sorted(closed, key=lambda bar: bar.opened_at))


async def funding_history(reading: Reading, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
    """Settled rates, oldest first."""
    limit, start = 1000, since
    found: dict[datetime, Decimal] = {}
    market_id = reading.markets.market_id(symbol)
    for number in count(1):
        check_page(number)
        params = {"symbol": market_id, "startTime": strict.milliseconds(start), "limit": limit}
        reply = await reading.calls.read(reading.family.funding_history, params)
        try:
            page = translate.funding_history(reply)
        except Unreadable as problem:
            unreadable(reading.venue, f"funding history of {symbol}", problem)
        found.update(page)
        newest = max((at for at, _ in page), default=start)
        if len(page) < limit or newest <= start:
            break
        start = newest + timedelta(milliseconds=1)
    return tuple(sorted(found.items()))
