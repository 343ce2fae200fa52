"""Binance's public replies as values of the domain; every number from the venue's own text, nothing guessed.

Source: the public manual of Binance, USD-M futures and spot market data, field by field; read 2026-11-24.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bot.domain.account import (
    Book,
    BookLevel,
    Candle,
    FundingRate,
    Mark,
    Price,
)
from bot.exchange import strict
from bot.exchange.strict import Row, Unreadable

_PLAIN: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?: [0-9]{1,18}(?:\.[0-9]{1,18})?)*")


def server_time(reply: object) -> datetime:
    """GET /fapi/v1/time."""
    return strict.moment(strict.row(reply), "serverTime")


def mark(venue: str, symbol: str, source: Row) -> Mark:
    """One row of GET /fapi/v1/premiumIndex."""
    return Mark(
        venue=venue,
        symbol=symbol,
        mark_price=strict.positive(source, "markPrice"),
        index_price=strict.positive(source, "indexPrice"),
        at=strict.moment(source, "time"),
    )


def funding_rate(venue: str, symbol: str, source: Row, interval_h: Decimal) -> FundingRate:
    """The funding half of the same row; the interval comes from GET /fapi/v1/fundingInfo."""
    return FundingRate(
        venue=venue,
        symbol=symbol,
        rate=strict.number(source, "lastFundingRate"),
        interval_h=interval_h,
        next_at=strict.moment_or_none(source, "nextFundingTime"),
    )


def funding_intervals(reply: object) -> dict[str, Decimal]:
    """Hours by market id out of GET /fapi/v1/fundingInfo, which lists only symbols that differ or once differed."""
    return {strict.text(item, "symbol"): strict.positive(item, "fundingIntervalHours") for item in strict.rows(reply)}


def funding_history(reply: object) -> list[tuple[datetime, Decimal]]:
    """GET /fapi/v1/fundingRate."""
    return [(strict.moment(item, "fundingTime"), strict.number(item, "fundingRate")) for item in strict.rows(reply)]


def spot_price(asset: str, source: Row, at: datetime, venue: str) -> Price | None:
    """The mid of one row of GET /api/v3/ticker/bookTicker; None where the book is empty on both sides (halted)."""
    bid, ask = strict.not_negative(source, "bidPrice"), strict.not_negative(source, "askPrice")
    if bid == 0 and ask == 0:
        return None
    if bid <= 0 or ask <= 0 or bid > ask:
        raise Unreadable(f"the book of {asset} is crossed or one-sided")
    return Price(asset=asset, price=(bid + ask) / 2, source=f"{venue} spot", at=at)


def book(venue: str, symbol: str, reply: object) -> Book:
    """GET /fapi/v1/depth."""
    source = strict.row(reply)
    bids, asks = _levels(source, "bids"), _levels(source, "asks")
    if not bids or not asks:
        raise Unreadable("the order book is empty on one side")
    if bids[0].price >= asks[0].price:
        raise Unreadable("the order book is crossed")
    down, up = [level.price for level in bids], [level.price for level in asks]
    if down != sorted(down, reverse=True) or up != sorted(up):
        raise Unreadable("the order book is out of order")
    return Book(venue=venue, symbol=symbol, bids=bids, asks=asks, at=strict.moment(source, "T"))


def _levels(source: Row, key: str) -> tuple[BookLevel, ...]:
    levels = source.get(key)
    if not isinstance(levels, list):
        raise Unreadable(f"{key} is missing")
    return _plain_levels(levels) or tuple(_level(item, key) for item in levels)


def _plain_levels(levels: list[Any]) -> tuple[BookLevel, ...] | None:
    """A side at once where it is as it should be; None where it must be read level by level to say what is wrong."""
    try:
        prices, amounts = [level[0] for level in levels], [level[1] for level in levels]
        if not _PLAIN.fullmatch(" ".join(prices + amounts)) or not all(isinstance(level, list) for level in levels):
            return None
        numbers = [Decimal(text) for text in prices + amounts]
    except (TypeError, LookupError, InvalidOperation):
        return None
    count = len(levels)
    return tuple(map(BookLevel, numbers[:count], numbers[count:])) if min(numbers) > 0 else None


def _level(item: object, key: str) -> BookLevel:
    if not isinstance(item, list) or len(item) < 2:
        raise Unreadable(f"a level of {key} is damaged")
    price, amount = strict.finite(item[0], key), strict.finite(item[1], key)
    if price <= 0 or amount <= 0:
        raise Unreadable(f"a level of {key} is not positive")
    return BookLevel(price=price, amount=amount)


def candles(reply: object) -> list[Candle]:
    """GET /fapi/v1/klines and GET /api/v3/klines: rows of [open time, open, high, low, close, volume, ...]."""
    if not isinstance(reply, list):
        raise Unreadable("a list was due")
    return [_candle(item) for item in reply]


def _candle(item: object) -> Candle:
    if not isinstance(item, list) or len(item) < 6:
        raise Unreadable("a candle is damaged")
    opening, high, low, close, volume = (strict.finite(value, "candle") for value in item[1:6])
    if low <= 0 or high < max(opening, close) or low > min(opening, close) or volume < 0:
        raise Unreadable("a candle contradicts itself")
    return Candle(
        opened_at=strict.moment_of(item[0], "candle"), open=opening, high=high, low=low, close=close, volume=volume
    )


def closed_before(rows: Sequence[Candle], step: timedelta, until: datetime) -> list[Candle]:
    """Only the bars that had ended at `until`."""
    return [bar for bar in rows if bar.opened_at + step <= until]
