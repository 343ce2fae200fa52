"""Bringing a simulated account from the instant it was last looked at to now, with what the market really did."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import FundingRate, Mark
from bot.domain.errors import Unavailable
from bot.domain.ports import MarketReader
from bot.sim.absence import SHORTEST, FundingDue, PastBar, live_through, step_for, times_due
from bot.sim.model import Quote
from bot.sim.shadow_account import ACCOUNT, ShadowAccount
from bot.sim.shadow_market import quote_of
from bot.sim.state import EPOCH, next_multiple

FRESH = timedelta(seconds=1)
MARK_FROM_INDEX_MAX = Decimal("0.10")
EARLY = timedelta(minutes=1)  # venues settle some milliseconds off the hour
UNLISTED = timedelta(minutes=10)  # so long a settled rate may be missing from the venue's list


async def bring_up_to_now(account: ShadowAccount, reader: MarketReader, symbols: Iterable[str]) -> None:
    """Read the marks of everything held and of these symbols, and let the account live up to them.

    Funding that fell due is booked and the worst prices since the last look are checked. What the venue cannot tell of
    the past becomes a note: funding is then booked at the rate last announced, prices go unchecked.
    Raises: Unavailable when the present cannot be read; the account is left as it was. JournalError.
    """
    now = max(account.engine.now, reader.now())
    wanted = frozenset(symbol for symbol in (*account.held, *symbols) if _not_over(account, symbol, now))
    if account.looked is not None and now - account.looked[0] < FRESH and wanted <= account.looked[1]:
        return
    dated = frozenset(symbol for symbol in wanted if _expiry(account, symbol) is not None)
    quotes, funding = await _present(account.venue, reader, wanted, dated)
    held = sorted(account.held & wanted)
    dues = [due for symbol in held for due in await _dues(account, reader, symbol, now)]
    bars = [bar for symbol in held for bar in await _bars(account, reader, symbol, now)]
    live_through(account.engine, ACCOUNT, bars, dues)
    account.engine.advance(now, {("linear", symbol): quote for symbol, quote in quotes.items()})
    _schedule(account, funding, now)
    account.looked = (now, wanted)
    account.keep()


async def _present(
    venue: str, reader: MarketReader, symbols: frozenset[str], dated: frozenset[str]
) -> tuple[dict[str, Quote], dict[str, FundingRate]]:
    """Marks of all symbols, and the funding of those that pay any: dated contracts do not."""
    if not symbols:
        return {}, {}
    paying = symbols - dated
    asked = reader.funding(paying) if paying else _no_rates()
    answers = await asyncio.gather(reader.marks(symbols), asked, return_exceptions=True)
    marks, rates = answers
    if isinstance(marks, BaseException):
        raise marks
    if isinstance(rates, BaseException):
        raise rates
    seen = {row.symbol: row for row in marks if _believable(row)}
    funding = {row.symbol: row for row in rates}
    missing = sorted((symbols - seen.keys()) | (paying - funding.keys()))
    if missing:
        raise Unavailable(
            f"{venue} gave no believable mark price or no funding rate for {', '.join(missing)}. The simulated account "
            "was left as it was; the next cycle asks again."
        )
    quotes = {
        symbol: replace(quote_of(seen[symbol]), funding_rate=row.rate, funding_interval_h=_hours(row))
        for symbol, row in funding.items()
        if symbol in seen
    }
    return quotes | {symbol: quote_of(seen[symbol]) for symbol in dated}, funding


async def _no_rates() -> tuple[FundingRate, ...]:
    return ()


def _expiry(account: ShadowAccount, symbol: str) -> datetime | None:
    listing = account.engine.listings.get(("linear", symbol))
    return None if listing is None else listing.expires_at


def _not_over(account: ShadowAccount, symbol: str, now: datetime) -> bool:
    """Whether a venue still tells of a contract; one that has expired is settled at what was last seen."""
    expires_at = _expiry(account, symbol)
    return expires_at is None or now < expires_at


def _believable(mark: Mark) -> bool:
    """A simulated liquidation is never made by a price that would not be traded on either."""
    prices = (mark.mark_price, mark.index_price)
    if not all(price.is_finite() and price > 0 for price in prices):
        return False
    return abs(mark.mark_price / mark.index_price - 1) <= MARK_FROM_INDEX_MAX


def _schedule(account: ShadowAccount, funding: Mapping[str, FundingRate], now: datetime) -> None:
    """Take over when each symbol pays next; a payment that is about to fall due is not skipped."""
    held = account.held
    for symbol, row in funding.items():
        known = account.due.get(symbol)
        if symbol in held and known is not None and now < known <= now + EARLY:
            continue
        coming = row.next_at
        account.due[symbol] = coming if coming and coming > now else next_multiple(now, _hours(row))


async def _dues(account: ShadowAccount, reader: MarketReader, symbol: str, now: datetime) -> list[FundingDue]:
    due = account.due.get(symbol)
    if due is None or due > now:
        return []
    told = True
    try:
        settled = await reader.funding_history(symbol, due - EARLY)
    except Unavailable:
        settled, told = (), False
    found = [FundingDue(symbol=symbol, at=at, rate=rate) for at, rate in settled if due - EARLY <= at <= now]
    quote = account.engine.quote("linear", symbol)
    interval = timedelta(hours=quote.funding_interval_h or 8)
    first = found[-1].at + interval if found else due
    missing = [at for at in times_due(first, interval, now) if not told or now - at < UNLISTED]
    if missing:
        account.notes.append(
            f"{account.venue} has not told the settled funding of {symbol} for {len(missing)} payment(s) up to "
            f"{missing[-1]:%Y-%m-%d %H:%M} UTC; booked at the rate last announced ({quote.funding_rate})"
        )
    return found + [FundingDue(symbol=symbol, at=at, rate=quote.funding_rate) for at in missing]


async def _bars(account: ShadowAccount, reader: MarketReader, symbol: str, now: datetime) -> list[PastBar]:
    """Bars since the last look: the finest that cover the gap in one answer, with minutes at both ends."""
    since = account.engine.now
    if now - since < SHORTEST:
        return []
    coarse = step_for(now - since)
    bars: list[PastBar] = []
    start = _ceil(since, 60)
    try:
        for step_s, end in ((60, _ceil(since, coarse)), (coarse, now), (60, now)):
            step = timedelta(seconds=step_s)
            if start + step > end:
                continue
            rows = await reader.candles(symbol, step_s, start, end)
            bars += [PastBar(symbol=symbol, closed_at=row.opened_at + step, candle=row) for row in rows]
            start = bars[-1].closed_at if bars else start
    except Unavailable:
        bars = []
    bars = [bar for bar in bars if bar.closed_at > since and _sensible(bar)]
    if not bars or now - bars[-1].closed_at > max(SHORTEST, (now - since) / 10):
        account.notes.append(
            f"{account.venue} did not tell every price of {symbol} from {since:%Y-%m-%d %H:%M} to "
            f"{now:%Y-%m-%d %H:%M} UTC; whether the simulated short would have been liquidated then is not known"
        )
    return bars


def _sensible(bar: PastBar) -> bool:
    row = bar.candle
    return row.low > 0 and row.high >= row.low and row.close > 0 and row.high.is_finite()


def _ceil(at: datetime, step_s: int) -> datetime:
    step = timedelta(seconds=step_s)
    return EPOCH - (EPOCH - at) // step * step


def _hours(row: FundingRate) -> int:
    return max(1, int(row.interval_h))
