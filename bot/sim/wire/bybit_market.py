"""Bybit's public market data, spot and contracts: time, books, candles, tickers, funding.

Source: bybit-exchange.github.io/docs/v5/market: time, orderbook, kline, mark-kline, tickers, history-fund-rate.
"""

from datetime import timedelta
from decimal import Decimal

from bot.sim.model import Listing
from bot.sim.wire.bybit_call import Call, Row, name_of, unit_of
from bot.sim.wire.bybit_errors import VenueError, bad_parameter, unknown_symbol
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

_STEPS_S = {
    "1": 60, "3": 180, "5": 300, "15": 900, "30": 1800, "60": 3600, "120": 7200, "240": 14400, "360": 21600,
    "720": 43200, "D": 86400, "W": 604800,
}  # fmt: skip
_DEEPEST = {"spot": 200, "linear": 500, "inverse": 500}
_SHALLOW = {"spot": 1, "linear": 25, "inverse": 25}
_DAY = timedelta(days=1)


def time(call: Call) -> Row:
    """GET /v5/market/time."""
    return {"timeSecond": str(call.now_ms // 1000), "timeNano": str(call.now_ms * 1_000_000)}


def order_book(call: Call) -> Row:
    """GET /v5/market/orderbook."""
    listing = _live(call)
    limit = call.parameters.limit(_SHALLOW[listing.market], _DEEPEST[listing.market])
    bids, asks = call.engine.book(listing.market, listing.symbol, limit)
    price_places, amount_places = decimals(listing.price_tick), decimals(listing.amount_step)
    sides = {
        name: [[text(price, price_places), text(amount * unit_of(listing), amount_places)] for price, amount in side]
        for name, side in (("b", bids), ("a", asks))
    }
    return {
        "s": name_of(listing),
        **sides,
        "ts": call.now_ms,
        "u": call.now_ms % 10**9,
        "seq": call.now_ms,
        "cts": call.now_ms,
    }


def _live(call: Call) -> Listing:
    listing = call.listing()
    if not listing.live(call.now):
        raise unknown_symbol(call.market)
    return listing


def tickers(call: Call) -> Row:
    """GET /v5/market/tickers, one symbol or all of a category."""
    if call.category == "option":
        return {"category": "option", "list": []}
    wanted = call.optional_listing()
    if wanted is not None:
        _live(call)
    rows = [
        _ticker(call, listing, with_bars=wanted is not None)
        for listing in ([wanted] if wanted else call.listings())
        if call.priced(listing)
    ]
    return {"category": call.category, "list": rows}


def _ticker(call: Call, listing: Listing, *, with_bars: bool) -> Row:
    """One row; bars of the last day are read only when a single symbol is asked for."""
    last = call.engine.quote(listing.market, listing.symbol).mid
    since = call.now - _DAY
    bars = call.exchange.market.candles(listing.market, listing.symbol, 3600, since, call.now) if with_bars else []
    opened = bars[0].open if bars else last
    volume = sum((bar.volume for bar in bars), Decimal(0))
    bids, asks = call.engine.book(listing.market, listing.symbol, 1)
    (bid, bid_size), (ask, ask_size) = (side[0] if side else (Decimal(0), Decimal(0)) for side in (bids, asks))
    places = decimals(listing.price_tick)
    row: Row = {
        "symbol": name_of(listing),
        "bid1Price": text(bid, places),
        "bid1Size": plain(bid_size * unit_of(listing)),
        "ask1Price": text(ask, places),
        "ask1Size": plain(ask_size * unit_of(listing)),
        "lastPrice": text(last, places),
        "prevPrice24h": text(opened, places),
        "price24hPcnt": text((last - opened) / opened, 4),
        "highPrice24h": text(max((bar.high for bar in bars), default=last), places),
        "lowPrice24h": text(min((bar.low for bar in bars), default=last), places),
        **dict(zip(("volume24h", "turnover24h"), _volumes(listing, volume, last), strict=True)),
    }
    if listing.market == "spot":
        return row | {"usdIndexPrice": ""}
    return row | _contract_facts(call, listing, last)


def _volumes(listing: Listing, coins: Decimal, price: Decimal) -> tuple[str, str]:
    """Volume and turnover, which change places where quantities are dollars."""
    both = (plain(coins), plain(coins * price))
    return both[::-1] if listing.market == "inverse" else both


def _contract_facts(call: Call, listing: Listing, last: Decimal) -> Row:
    quote = call.engine.quote(listing.market, listing.symbol)
    row: Row = {
        "indexPrice": text(quote.index),
        "markPrice": text(quote.mark),
        "prevPrice1h": plain(last),
        "openInterest": "48069.549",
        "openInterestValue": plain(Decimal("48069.549") * quote.mark),
        "fundingRate": "",
        "nextFundingTime": "0",
        "fundingIntervalHour": "",
        "fundingCap": "",
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "basis": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
    }
    if listing.expires_at is not None:
        price, _ = call.engine.settlement_price(listing.symbol)
        return row | {
            "predictedDeliveryPrice": text(price),
            "basis": plain(quote.mark - quote.index),
            "basisRate": text((quote.mark - quote.index) / quote.index),
            "deliveryFeeRate": "0",
            "deliveryTime": str(milliseconds(listing.expires_at)),
        }
    rate, hours, next_at = call.engine.funding(listing.symbol)
    return row | {
        "fundingRate": text(rate),
        "nextFundingTime": str(milliseconds(next_at)),
        "fundingIntervalHour": str(hours),
        "fundingCap": plain(listing.funding_cap),
    }


def candles(call: Call) -> Row:
    """GET /v5/market/kline and mark-price-kline: newest first, from `start` on when it is given."""
    listing = call.listing()
    step_s = _STEPS_S.get(call.parameters.required("interval"))
    if step_s is None:
        raise bad_parameter("interval")
    limit, step = call.parameters.limit(200, 1000), timedelta(seconds=step_s)
    started, ended = call.parameters.time("start"), call.parameters.time("end")
    until = min(call.now, ended + timedelta(milliseconds=1)) if ended else call.now
    since = started if started is not None else until - limit * step
    rows: list[list[str]] = []
    if since < until:
        # the page is cut at its far end: a range longer than the limit shows its newest bars
        since = max(since, until - (limit + 1) * step)
        bars = call.exchange.market.candles(listing.market, listing.symbol, step_s, since, until)
        rows = [
            [
                str(milliseconds(bar.opened_at)),
                *(plain(price) for price in (bar.open, bar.high, bar.low, bar.close)),
                *_volumes(listing, bar.volume, bar.close),
            ]
            for bar in reversed(bars[-limit:])
        ]
    return {"symbol": name_of(listing), "category": call.category, "list": rows}


def mark_candles(call: Call) -> Row:
    """The same of the mark price, without volumes."""
    page = candles(call)
    rows = page["list"]
    return page | {"list": [row[:5] for row in rows] if isinstance(rows, list) else []}


def funding_history(call: Call) -> Row:
    """GET /v5/market/funding/history: newest first; a start alone is refused."""
    listing = call.listing()
    if listing.market == "spot":
        raise bad_parameter("category")
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    if started is not None and ended is None:
        raise VenueError(10001, "params error: endTime is required with startTime")
    until, limit = ended or call.now, call.parameters.limit(200, 200)
    since = started if started is not None else until - timedelta(days=70)
    if since > until:
        raise VenueError(10001, "params error: startTime is later than endTime")
    settled = [] if listing.expires_at else call.exchange.market.funding_history(listing.symbol, since)
    rows: list[Row] = [
        {
            "symbol": name_of(listing),
            "fundingRate": text(past.rate),
            "fundingRateTimestamp": str(milliseconds(past.at)),
        }
        for past in reversed(settled)
        if past.at <= until
    ]
    return {"category": call.category, "list": rows[:limit]}
