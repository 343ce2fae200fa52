"""WEEX's public market data, spot and contracts: books, candles, tickers, marks, funding."""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.model import Listing, Rejected
from bot.sim.wire.numbers import decimals, milliseconds, plain, text
from bot.sim.wire.weex_call import Call, Json, Row
from bot.sim.wire.weex_errors import invalid, unknown_symbol

_STEPS_S = {
    "1m": 60, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400, "6h": 21600,
    "8h": 28800, "12h": 43200, "1d": 86400, "1w": 604800,
}  # fmt: skip
_DEPTHS = (15, 200)
_HISTORY_PAGE = 100
_ZERO = Decimal(0)


def ping(_: Call) -> Json:
    """GET ping."""
    return {}


def time(call: Call) -> Json:
    """GET time."""
    return {"serverTime": call.now_ms}


def _priced(call: Call) -> list[Listing]:
    """The listings asked for that have a price; one that nobody prices yet is missing from lists."""
    found = []
    for listing in call.asked_listings():
        try:
            call.engine.quote(call.market, listing.symbol)
        except Rejected:
            continue
        found.append(listing)
    if not found and call.parameters.optional("symbol") is not None:
        raise unknown_symbol(call.market)
    return found


def depth(call: Call) -> Json:
    """GET depth: 15 levels, or 200."""
    listing = call.listing()
    limit = call.parameters.optional_integer("limit") or _DEPTHS[0]
    if limit not in _DEPTHS:
        raise invalid("limit")
    bids, asks = call.engine.book(call.market, listing.symbol, limit)
    places = decimals(listing.price_tick), decimals(listing.amount_step)
    return {
        "asks": [[text(price, places[0]), text(amount, places[1])] for price, amount in asks],
        "bids": [[text(price, places[0]), text(amount, places[1])] for price, amount in bids],
        "lastUpdateId": call.now_ms,
    }


def _best(call: Call, symbol: str) -> Row:
    bids, asks = call.engine.book(call.market, symbol, 1)
    bid = bids[0] if bids else (_ZERO, _ZERO)
    ask = asks[0] if asks else (_ZERO, _ZERO)
    return {"bidPrice": plain(bid[0]), "bidQty": plain(bid[1]), "askPrice": plain(ask[0]), "askQty": plain(ask[1])}


def ticker_price(call: Call) -> Json:
    """GET api/v3/market/ticker/price."""
    return [
        {"symbol": row.symbol, "price": plain(call.engine.quote(call.market, row.symbol).mid)} for row in _priced(call)
    ]


def book_ticker(call: Call) -> Json:
    """GET bookTicker: contract rows tell the time, spot rows do not."""
    more: Row = {} if call.market == "spot" else {"time": call.now_ms}
    return [{"symbol": row.symbol, **_best(call, row.symbol), **more} for row in _priced(call)]


def ticker_day(call: Call) -> Json:
    """GET ticker/24hr: contract rows carry mark and index, spot rows bid and ask."""
    single = call.parameters.optional("symbol") is not None
    return [_day_row(call, listing, with_bars=single) for listing in _priced(call)]


def _day_row(call: Call, listing: Listing, *, with_bars: bool) -> Row:
    quote, since = call.engine.quote(call.market, listing.symbol), call.now - timedelta(days=1)
    bars = call.exchange.market.candles(call.market, listing.symbol, 3600, since, call.now) if with_bars else []
    opened = bars[0].open if bars else quote.mid
    volume = sum((bar.volume for bar in bars), _ZERO)
    row: Row = {
        "symbol": listing.symbol,
        "priceChange": plain(quote.mid - opened),
        "priceChangePercent": text((quote.mid - opened) / opened, 6),
        "lastPrice": plain(quote.mid),
        "openPrice": plain(opened),
        "highPrice": plain(max((bar.high for bar in bars), default=quote.mid)),
        "lowPrice": plain(min((bar.low for bar in bars), default=quote.mid)),
        "volume": plain(volume),
        "quoteVolume": plain(volume * quote.mid),
        "openTime": milliseconds(since),
        "closeTime": call.now_ms,
    }
    if call.market == "spot":
        return row | _best(call, listing.symbol) | {"count": 2}
    return row | {"markPrice": plain(quote.mark), "indexPrice": plain(quote.index)}


def symbol_price(call: Call) -> Json:
    """GET symbolPrice: the index unless the mark is asked for."""
    listing = call.listing()
    quote = call.engine.quote(call.market, listing.symbol)
    kind = (call.parameters.optional("priceType") or "INDEX").upper()
    if kind not in ("INDEX", "MARK"):
        raise invalid("priceType")
    return {
        "symbol": listing.symbol,
        "price": plain(quote.mark if kind == "MARK" else quote.index),
        "time": call.now_ms,
    }


def candles(call: Call) -> Json:
    """GET klines of contracts: the newest ones, whatever times are sent."""
    return _bars(call, None, call.now, call.parameters.limit(100, 1000))


def spot_candles(call: Call) -> Json:
    """GET klines of spot pairs: the newest ones."""
    return _bars(call, None, call.now, 100)


def past_candles(call: Call) -> Json:
    """GET historyKlines: at most a hundred bars of a span, both ends required."""
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    if started is None or ended is None:
        raise invalid("startTime")
    until = min(call.now, ended + timedelta(milliseconds=1))
    return _bars(call, started, until, call.parameters.limit(_HISTORY_PAGE, _HISTORY_PAGE))


def _bars(call: Call, started: datetime | None, until: datetime, limit: int) -> list[object]:
    listing = call.listing()
    step_s = _STEPS_S.get(call.parameters.required("interval"))
    if step_s is None:
        raise invalid("interval")
    step = timedelta(seconds=step_s)
    since = until - limit * step if started is None else max(started, until - (limit + 1) * step)
    if since >= until:
        return []
    bars = call.exchange.market.candles(call.market, listing.symbol, step_s, since, until)[-limit:]
    return [
        [
            milliseconds(bar.opened_at),
            *(plain(price) for price in (bar.open, bar.high, bar.low, bar.close)),
            plain(bar.volume),
            milliseconds(bar.opened_at + step) - 1,
            plain(bar.volume * bar.close),
            1,
            plain(bar.volume / 2),
            plain(bar.volume * bar.close / 2),
        ]
        for bar in bars
    ]


def premium_index(call: Call) -> Json:
    """GET premiumIndex: always a list; `lastFundingRate` was paid last, `forecastFundingRate` is coming."""
    return [_premium_row(call, listing) for listing in _priced(call)]


def _premium_row(call: Call, listing: Listing) -> Row:
    quote = call.engine.quote(call.market, listing.symbol)
    rate, interval_h, next_at = call.engine.funding(listing.symbol)
    settled = call.engine.funding_history(listing.symbol)[-1:]
    return {
        "symbol": listing.symbol,
        "markPrice": plain(quote.mark),
        "indexPrice": plain(quote.index),
        "forecastFundingRate": text(rate),
        "lastFundingRate": text(settled[0].rate if settled else _ZERO),
        "interestRate": "0.0003",
        "nextFundingTime": milliseconds(next_at),
        "time": call.now_ms,
        "collectCycle": interval_h * 60,
    }


def funding_history(call: Call) -> Json:
    """GET fundingRate: settled rates, oldest first from startTime, else the newest page."""
    listing, limit = call.listing(), call.parameters.limit(100, 1000)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    since = started if started is not None else ended - timedelta(days=60)
    settled = [row for row in call.exchange.market.funding_history(listing.symbol, since) if row.at <= ended]
    page = settled[:limit] if started is not None else settled[-limit:]
    return [
        {
            "symbol": row.symbol,
            "fundingRate": text(row.rate),
            "fundingTime": milliseconds(row.at),
            "markPrice": plain(row.mark_price),
        }
        for row in page
    ]
