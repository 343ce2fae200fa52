"""What any venue tells everybody, asked through ccxt's unified calls and led by the venue's table."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Final, ParamSpec, TypeVar

from bot.domain.account import Book, Candle, FundingRate, Mark, Price
from bot.domain.errors import Unavailable
from bot.domain.history import ImpliedVolatility
from bot.domain.instrument import MarketKind
from bot.exchange import strict
from bot.exchange import translate_unified as translate
from bot.exchange.calls import unreadable
from bot.exchange.markets import AGE_MAX_WITH_GAPS
from bot.exchange.reading import Reading
from bot.exchange.speech import Ask, Counts, Speech
from bot.exchange.store import young
from bot.exchange.strict import Row, Unreadable
from bot.exchange.translate_unified_account import filled_in
from bot.exchange.windows import check_page, whole

P = ParamSpec("P")
T = TypeVar("T")
STEPS: Final = {
    60: "1m", 300: "5m", 900: "15m", 1800: "30m", 3600: "1h", 14400: "4h", 86400: "1d",
}  # fmt: skip
INTERVAL_AGE_MAX: Final = timedelta(minutes=15)
INTERVAL_LOOK_BACK: Final = timedelta(days=3)
IMPLIED_LOOK_BACK: Final = timedelta(hours=6)


def speech_of(reading: Reading) -> Speech:
    """The table of a venue that is spoken to through unified calls."""
    if reading.quirks.speech is None:
        raise TypeError(f"{reading.venue} has calls of its own")
    return reading.quirks.speech


def understood(reading: Reading, what: str, translation: Callable[P, T], *args: P.args, **keywords: P.kwargs) -> T:
    """Translate a reply. Raises: Unavailable where it does not say what is documented."""
    try:
        return translation(*args, **keywords)
    except Unreadable as problem:
        unreadable(reading.venue, what, problem)
    except (KeyError, TypeError, IndexError, AttributeError, ArithmeticError, ValueError) as surprise:
        # ccxt and we agree on a shape; whatever breaks that agreement is not an answer
        unreadable(reading.venue, what, f"an unexpected shape ({type(surprise).__name__})")


async def server_time(reading: Reading) -> datetime:
    """The venue's clock; where a venue tells none, ours."""
    call = speech_of(reading).time_call

    async def ask() -> datetime:
        if call is None:
            return reading.clock.now()
        reply = await reading.calls.read(call, timed=False)
        return understood(reading, "time", strict.moment_of, reply, "time")

    return await reading.calls.time.measure(ask)


async def rows_of(reading: Reading, ask: Ask, symbols: Iterable[str]) -> dict[str, Row]:
    """The row of every symbol the venue answered for; a symbol it did not answer for is missing, never guessed."""
    wanted = list(dict.fromkeys(symbols))
    if not wanted:
        return {}
    dated = any(reading.markets.kind(symbol) is MarketKind.LINEAR_FUTURE for symbol in wanted)
    if ask.each:
        replies = await asyncio.gather(
            *(reading.calls.read_shared(ask.call, {"symbol": symbol, "params": ask.params}) for symbol in wanted)
        )
        listed: Iterable[object] = replies
    else:
        # ccxt refuses to be asked for a dated contract by name, and answers for it among all
        asked = None if dated else wanted
        reply = await reading.calls.read_shared(ask.call, {"symbols": asked, "params": ask.params})
        listed = reply.values() if isinstance(reply, Mapping) else reply if isinstance(reply, list) else []
    found = {str(row.get("symbol")): row for row in listed if isinstance(row, Mapping)}
    return {symbol: found[symbol] for symbol in wanted if symbol in found}


async def marks(reading: Reading, symbols: Iterable[str]) -> tuple[Mark, ...]:
    """Mark prices of the symbols the venue answered for."""
    ask, wanted = speech_of(reading).marks, tuple(dict.fromkeys(symbols))
    found, indexes = await asyncio.gather(rows_of(reading, ask, wanted), _indexes(reading, wanted))
    now = reading.now()
    return tuple(
        understood(reading, "mark price", translate.mark, reading.venue, symbol, row, ask, now, indexes.get(symbol))
        for symbol, row in found.items()
    )


async def _indexes(reading: Reading, symbols: Iterable[str]) -> dict[str, Decimal]:
    """Index prices where they are asked for apart from the marks; none where marks come with them."""
    way = speech_of(reading).index
    if way is None:
        return {}

    async def one(symbol: str) -> Decimal:
        facts = reading.facts(symbol, "")
        params = {key: value.format_map(facts) for key, value in way.params.items()}
        reply = await reading.calls.read_shared(way.call, params)
        return understood(reading, f"index of {symbol}", translate.positive_at, reply, way.rows)

    wanted = tuple(symbols)
    return dict(zip(wanted, await asyncio.gather(*(one(symbol) for symbol in wanted)), strict=True))


async def funding(reading: Reading, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
    """The coming funding payments; an interval the venue does not tell is read off its settled payments.

    Dated contracts pay none.
    """
    ask, paid = speech_of(reading).funding, speech_of(reading).paid_every_h
    kinds = {symbol: reading.markets.kind(symbol) for symbol in symbols}
    # dated contracts are asked for all the same, so that one answer serves for marks and funding
    rows = await rows_of(reading, ask, kinds)
    rates = []
    for symbol, row in rows.items():
        if kinds[symbol] is MarketKind.LINEAR_FUTURE:
            continue
        told = understood(reading, "funding interval", translate.interval_h, row, ask)
        hours = told if told is not None else await _inferred_interval(reading, symbol)
        found = understood(reading, "funding rate", translate.funding_rate, reading.venue, symbol, row, ask, hours)
        rates.append(found if paid is None else replace(found, rate=found.rate * paid / hours, interval_h=paid))
    return tuple(rates)


async def _inferred_interval(reading: Reading, symbol: str) -> Decimal:
    now = reading.now()
    known = reading.inferred.get(symbol)
    if known is not None and young(known[0], now, INTERVAL_AGE_MAX):
        return known[1]
    settled = await funding_history(reading, symbol, now - INTERVAL_LOOK_BACK)
    times = [at for at, _ in settled][-3:]
    if len(times) < 2:
        raise Unavailable(
            f"{reading.venue} does not tell how often {symbol} pays funding, and no payments are listed to tell it by. "
            "Nothing was changed; the next cycle asks again."
        )
    shortest = min(later - earlier for earlier, later in pairwise(times))
    hours = Decimal(round(shortest.total_seconds() / 3600)) or Decimal(1)
    reading.inferred[symbol] = (now, hours)
    return hours


async def prices(reading: Reading, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
    """Spot mids; assets without a spot market in this quote are left out."""
    ask = speech_of(reading).spot_prices
    if ask is None:
        return await _by_index(reading, assets, quote)
    wanted = {f"{asset}/{quote}": asset for asset in dict.fromkeys(assets) if asset != quote}
    listed = [symbol for symbol in wanted if reading.markets.lists(symbol)]
    if len(listed) < len(wanted):
        reading.markets.doubt(reading.now(), AGE_MAX_WITH_GAPS)  # the list may have come with a hole in it
    found, now = await rows_of(reading, ask, listed), reading.now()
    read = [
        understood(reading, "spot price", translate.spot_price, reading.venue, wanted[symbol], row, ask, now)
        for symbol, row in found.items()
    ]
    return tuple(row for row in read if row is not None)


async def _by_index(reading: Reading, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
    """The index of the perpetual in this quote, which is made of spot prices elsewhere."""
    wanted = {f"{asset}/{quote}:{quote}": asset for asset in dict.fromkeys(assets) if asset != quote}
    listed = [symbol for symbol in wanted if reading.markets.lists(symbol)]
    return tuple(
        Price(asset=wanted[row.symbol], price=row.index_price, source=f"{reading.venue} index", at=row.at)
        for row in await marks(reading, listed)
    )


async def book(reading: Reading, symbol: str, levels: int) -> Book:
    """The visible book with at least that many levels, where there are as many."""
    depths = speech_of(reading).depths
    limit = next((depth for depth in depths if depth >= levels), depths[-1])
    reply = await reading.calls.read("fetch_order_book", {"symbol": symbol, "limit": limit})
    unit, now = reading.markets.unit(symbol), reading.now()
    return understood(reading, f"order book of {symbol}", translate.book, reading.venue, symbol, reply, unit, now)


async def candles(reading: Reading, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
    """Closed bars of a futures symbol (BASE/QUOTE:SETTLE) or a spot one (BASE/QUOTE)."""
    if step_s not in STEPS:
        raise Unavailable(
            f"{reading.venue} is not asked for candles of {step_s} seconds, only {', '.join(STEPS.values())}."
        )
    speech, step, start = speech_of(reading), timedelta(seconds=step_s), since
    coins = ":" not in symbol or speech.candle_counts is Counts.COINS
    unit = Decimal(1) if coins else reading.markets.unit(symbol)
    bars, end = dict[datetime, Candle](), min(until, reading.now())
    while start + step <= end:
        params: dict[str, object] = {
            "symbol": symbol,
            "timeframe": STEPS[step_s],
            "since": strict.milliseconds(start),
            "limit": speech.candle_page,
        }
        extra = dict(speech.candle_params)
        if speech.candles_until is not None:
            last = min(end, start + step * speech.candle_page)
            extra[speech.candles_until] = strict.milliseconds(last) - 1
        params["params"] = extra
        reply = await reading.calls.read("fetch_ohlcv", params)
        page = understood(reading, f"candles of {symbol}", translate.candles, reply, unit)
        bars.update((bar.opened_at, bar) for bar in page if bar.opened_at >= since)
        newest = max((bar.opened_at for bar in page), default=None)
        if newest is None or newest < start:
            break
        start = newest + step
    closed = [bar for bar in bars.values() if bar.opened_at + step <= end]
    return tuple(sorted(closed, key=lambda bar: bar.opened_at))


async def funding_history(reading: Reading, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
    """Settled rates, oldest first."""
    speech, start, end = speech_of(reading), since, reading.now()
    if speech.funding_window_d is not None:
        return await _funding_by_windows(reading, symbol, since)
    limit, found, older = speech.funding_page, dict[datetime, Decimal](), dict[str, object]()
    for number in count(1):
        if start >= end:
            break
        check_page(number)
        asked = {"symbol": symbol, "since": strict.milliseconds(start), "limit": limit, "params": older}
        reply = await reading.calls.read("fetch_funding_rate_history", asked)
        what = f"funding history of {symbol}"
        page = understood(reading, what, translate.funding_history, reply, speech.history_rate)
        fresh = {at: rate for at, rate in page if at >= since and at not in found}
        found.update(fresh)
        if not fresh or len(page) < limit:
            break
        if speech.history_before is None:
            start = max(fresh) + timedelta(milliseconds=1)
        else:
            older = {speech.history_before: strict.milliseconds(min(fresh))}
    return tuple(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class _Settled:
    at: datetime
    rate: Decimal


async def _funding_by_windows(reading: Reading, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
    """The same where the end must be named: ccxt would work it out from today's interval, which was not always so."""
    speech = speech_of(reading)

    async def page(first_ms: int, last_ms: int) -> list[_Settled]:
        asked = {"symbol": symbol, "since": first_ms, "limit": speech.funding_page, "params": {"until": last_ms}}
        reply = await reading.calls.read("fetch_funding_rate_history", asked)
        rows = understood(reading, f"funding history of {symbol}", translate.funding_history, reply)
        return [_Settled(at, rate) for at, rate in rows]

    window = timedelta(days=speech.funding_window_d or 1)
    found = await whole(page, since, reading.now(), window=window, rows_max=speech.funding_page)
    return tuple(sorted({row.at: row.rate for row in found if row.at >= since}.items()))


async def implied_volatility(reading: Reading, asset: str) -> ImpliedVolatility | None:
    """The venue's own index of what options expect, its newest hour; None where it has none for this asset."""
    speech, now = speech_of(reading), reading.now()
    if speech.implied is None or asset not in speech.implied_assets:
        return None
    facts = {
        "asset": asset,
        "since_ms": str(strict.milliseconds(now - IMPLIED_LOOK_BACK)),
        "until_ms": str(strict.milliseconds(now)),
    }
    reply = await reading.calls.read(speech.implied.call, filled_in(speech.implied.params, facts))
    return understood(
        reading, f"implied volatility of {asset}", translate.implied_volatility, reply, speech.implied.rows
    )
