"""ccxt's unified rows as values of the domain, led by the venue's table; strict, nothing guessed.

ccxt hands numbers on as floats; each enters by its shortest text, which is what the venue wrote.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from bot.domain.account import (
    ZERO,
    Book,
    BookLevel,
    Candle,
    FundingRate,
    Mark,
    Price,
)
from bot.domain.history import ImpliedVolatility
from bot.domain.instrument import Instrument, MarketKind
from bot.exchange import strict
from bot.exchange.speech import Ask, Counts, Speech
from bot.exchange.strict import Row, Unreadable

KINDS = {
    ("swap", True): MarketKind.LINEAR_PERPETUAL,
    ("future", True): MarketKind.LINEAR_FUTURE,
    ("swap", False): MarketKind.INVERSE_PERPETUAL,
}


def found_at(source: object, path: str) -> object:
    """What stands at a path, None where it leads nowhere."""
    current = source
    for step in path.split("."):
        if isinstance(current, Mapping):
            current = current.get(step)
        elif isinstance(current, list) and step.isdigit() and int(step) < len(current):
            current = current[int(step)]
        else:
            return None
    return current


def _told(source: Row, ask: Ask, name: str) -> object:
    path = ask.paths.get(name)
    return None if path is None else found_at(source, path)


def number_at(source: Row, path: str) -> Decimal:
    """A finite decimal at a path. Raises: Unreadable."""
    return strict.finite(found_at(source, path), path)


def positive_at(source: Row, path: str) -> Decimal:
    """A number above zero at a path. Raises: Unreadable."""
    value = number_at(source, path)
    if value <= 0:
        raise Unreadable(f"{path} is {value}, which cannot be")
    return value


def or_zero(value: object, name: str) -> Decimal:
    """A finite decimal, zero where nothing was told. Raises: Unreadable."""
    return ZERO if value in (None, "") else strict.finite(value, name)


def _moment(value: object, name: str, otherwise: datetime) -> datetime:
    return otherwise if value in (None, 0, "0", "") else strict.moment_of(value, name)


# the market table ----------------------------------------------------------------------------------------------------


def kind_of(row: Row) -> MarketKind | None:
    """The kind of a futures row of ccxt's table; None for spot and for what Ballast does not trade."""
    if row.get("option") or not row.get("contract"):
        return None
    return KINDS.get((str(row.get("type")), bool(row.get("linear"))))


def unit_of(speech: Speech, row: Row) -> Decimal:
    """How much one unit of the venue's counting is, as an amount: coins, or face value on inverse markets."""
    if speech.inverse is not None and not row.get("linear"):
        return Decimal(1)  # whatever ccxt calls the size of a contract
    if row.get("linear") and speech.counts is Counts.COINS:
        return Decimal(1)
    if not row.get("linear") and speech.inverse_unit is not None:
        return speech.inverse_unit
    return positive_at(row, "contractSize")


def instrument(venue: str, row: Row, speech: Speech) -> Instrument:
    """One row of ccxt's market table. Raises: Unreadable."""
    kind = kind_of(row)
    if kind is None:
        raise Unreadable(f"{row.get('symbol')} is of an unknown kind")
    unit, step = unit_of(speech, row), positive_at(row, "precision.amount")
    if speech.lot is not None:
        step = max(step, positive_at(row, speech.lot))
    least, most = found_at(row, "limits.amount.min"), found_at(row, "limits.amount.max")
    cost = found_at(row, "limits.cost.min")
    amount_min = or_zero(least, "limits.amount.min") or step
    amount_max = or_zero(most, "limits.amount.max")
    return Instrument(
        venue=venue,
        symbol=strict.text(row, "symbol"),
        kind=kind,
        base=strict.text(row, "base"),
        quote=strict.text(row, "quote"),
        settle=strict.text(row, "settle"),
        contract_size=unit.normalize(),
        amount_step=(step * unit).normalize(),
        amount_min=(amount_min * unit).normalize(),
        amount_max=(amount_max * unit).normalize() if amount_max > 0 else None,
        price_tick=positive_at(row, "precision.price"),
        notional_min=or_zero(cost, "limits.cost.min") or speech.notional_min,
        expires_at=_expiry(kind, row.get("expiry")),
        active=row.get("active") is not False and _takes_orders(row, speech),
    )


def _takes_orders(row: Row, speech: Speech) -> bool:
    return speech.open_flag is None or found_at(row, speech.open_flag) is not False


def _expiry(kind: MarketKind, told: object) -> datetime | None:
    if kind is not MarketKind.LINEAR_FUTURE or told in (None, 0):
        return None  # some venues write a day in the year 3000 for a perpetual
    return strict.moment_of(told, "expiry")


# public data ---------------------------------------------------------------------------------------------------------


def mark(venue: str, symbol: str, source: Row, ask: Ask, now: datetime, index: Decimal | None = None) -> Mark:
    """Mark and index price; a venue that tells no time is believed to have meant now. `index` was asked for beside."""
    told = _told(source, ask, "at")
    return Mark(
        venue=venue,
        symbol=symbol,
        mark_price=positive_at(source, ask.paths["mark"]),
        index_price=positive_at(source, ask.paths["index"]) if index is None else index,
        at=_moment(told, "time", now),
        timed=told is not None,
    )


def funding_rate(venue: str, symbol: str, source: Row, ask: Ask, interval_h: Decimal) -> FundingRate:
    """The coming funding payment."""
    due = _told(source, ask, "next_at")
    return FundingRate(
        venue=venue,
        symbol=symbol,
        rate=number_at(source, ask.paths["rate"]),
        interval_h=interval_h,
        next_at=None if due in (None, 0, "0", "") else strict.moment_of(due, "next funding"),
    )


def interval_h(source: Row, ask: Ask) -> Decimal | None:
    """Hours between two payments, None where the venue does not say."""
    word = _told(source, ask, "interval")
    if word in (None, ""):
        return None
    text = str(word).removesuffix("h")
    hours = strict.finite(text, "funding interval")
    if not 0 < hours <= 24:
        raise Unreadable(f"funding every {hours} hours, which cannot be")
    return hours


def funding_history(reply: object, path: str = "fundingRate") -> list[tuple[datetime, Decimal]]:
    """Settled rates."""
    return [(strict.moment(row, "timestamp"), number_at(row, path)) for row in strict.rows(reply)]


def spot_price(venue: str, asset: str, source: Row, ask: Ask, now: datetime) -> Price | None:
    """The middle of bid and ask; None where nothing rests in the book."""
    bid, offer = (or_zero(found_at(source, ask.paths[name]), name) for name in ("bid", "ask"))
    if bid == 0 and offer == 0:
        return None
    if bid <= 0 or offer < bid:
        raise Unreadable(f"the book of {asset} is crossed or one-sided")
    return Price(asset=asset, price=(bid + offer) / 2, source=f"{venue} spot", at=now)


def book(venue: str, symbol: str, reply: object, unit: Decimal, now: datetime) -> Book:
    """The visible book in amounts."""
    source = strict.row(reply)
    bids, asks = _levels(source, "bids", unit), _levels(source, "asks", unit)
    if not bids or not asks:
        raise Unreadable("the order book is empty on one side")
    if bids[0].price >= asks[0].price:
        raise Unreadable("the order book is crossed")
    falling, rising = [row.price for row in bids], [row.price for row in asks]
    if falling != sorted(falling, reverse=True) or rising != sorted(rising):
        raise Unreadable("the order book is out of order")
    return Book(venue=venue, symbol=symbol, bids=bids, asks=asks, at=_moment(source.get("timestamp"), "book", now))


def _levels(source: Row, key: str, unit: Decimal) -> tuple[BookLevel, ...]:
    levels = source.get(key)
    if not isinstance(levels, list):
        raise Unreadable(f"{key} is missing")
    found = []
    for item in levels:
        if not isinstance(item, list) or len(item) < 2:
            raise Unreadable(f"a level of {key} is damaged")
        price, amount = strict.finite(item[0], key), strict.finite(item[1], key)
        if price <= 0 or amount <= 0:
            raise Unreadable(f"a level of {key} is not positive")
        found.append(BookLevel(price=price, amount=amount * unit))
    return tuple(found)


def candles(reply: object, unit: Decimal) -> list[Candle]:
    """Rows of [open time, open, high, low, close, volume]."""
    if not isinstance(reply, list):
        raise Unreadable("a list was due")
    return [_candle(item, unit) for item in reply]


def _candle(item: object, unit: Decimal) -> Candle:
    if not isinstance(item, list) or len(item) < 6:
        raise Unreadable("a candle is damaged")
    opening, high, low, close, volume = (strict.finite(value, "candle") for value in item[1:6])
    if low <= 0 or high < max(opening, close) or low > min(opening, close) or volume < 0:
        raise Unreadable("a candle contradicts itself")
    return Candle(
        opened_at=strict.moment_of(item[0], "candle"),
        open=opening,
        high=high,
        low=low,
        close=close,
        volume=volume * unit,
    )


def implied_volatility(reply: object, path: str) -> ImpliedVolatility | None:
    """The newest of rows of [time, open, high, low, close], in index points; None where the list is empty."""
    rows = found_at(reply, path)
    if not isinstance(rows, list):
        raise Unreadable("a list of index values was due")
    read = []
    for row in rows:
        if not isinstance(row, list) or len(row) < 5:
            raise Unreadable("an index value is damaged")
        points = strict.finite(row[4], "index")
        if not 0 < points < 1000:
            raise Unreadable(f"an index of {points} points cannot be")
        read.append((strict.moment_of(row[0], "index"), points))
    if not read:
        return None
    at, points = max(read)
    return ImpliedVolatility(points=float(points), at=at)
