"""MEXC's public spot data: the list of pairs, books, candles, tickers; numbers are text, as on the real exchange."""

from datetime import timedelta
from decimal import Decimal

from bot.sim.feed import Bar
from bot.sim.model import Listing
from bot.sim.wire.mexc_call import Call, Json, Row
from bot.sim.wire.mexc_errors import malformed
from bot.sim.wire.numbers import decimals, milliseconds, plain

_STEPS_S = {"1m": 60, "5m": 300, "15m": 900, "30m": 1800, "60m": 3600, "4h": 14400, "1d": 86400, "1W": 604800}
_ROWS_MAX = 500  # the manual says 1000; ccxt found 500
_ZERO = Decimal(0)


def ping(_: Call) -> Json:
    """GET ping."""
    return {}


def time(call: Call) -> Json:
    """GET time."""
    return {"serverTime": call.now_ms}


def exchange_info(call: Call) -> Json:
    """GET exchangeInfo: every pair, or the one asked for."""
    asked = call.optional_listing()
    listings = call.listings() if asked is None else [asked]
    return {
        "timezone": "CST",
        "serverTime": call.now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [_pair(listing) for listing in listings],
    }


def _pair(listing: Listing) -> Row:
    """Steps are told as counts of decimals; the two names that say precision are the smallest amount and order."""
    return {
        "symbol": listing.symbol,
        "status": "1" if listing.tradable else "2",
        "baseAsset": listing.base,
        "baseAssetPrecision": decimals(listing.amount_step),
        "quoteAsset": listing.quote,
        "quotePrecision": decimals(listing.price_tick),
        "quoteAssetPrecision": decimals(listing.price_tick),
        "baseCommissionPrecision": decimals(listing.amount_step),
        "quoteCommissionPrecision": decimals(listing.price_tick),
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": listing.tradable,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": plain(listing.notional_min),
        "baseSizePrecision": plain(listing.amount_min),
        "permissions": ["SPOT"],
        "filters": [
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": plain(1 + listing.price_band),
                "askMultiplierDown": plain(1 - listing.price_band),
            }
        ],
        "maxQuoteAmount": "4000000",
        "makerCommission": plain(listing.maker_fee),
        "takerCommission": plain(listing.taker_fee),
        "quoteAmountPrecisionMarket": plain(listing.notional_min),
        "maxQuoteAmountMarket": "100000",
        "fullName": listing.base,
        "tradeSideType": 1,
    }


def depth(call: Call) -> Json:
    """GET depth."""
    listing = call.listing()
    bids, asks = call.engine.book("spot", listing.symbol, call.parameters.size("limit", 100, 5000))
    return {
        "lastUpdateId": call.now_ms,
        "bids": [[plain(price), plain(amount)] for price, amount in bids],
        "asks": [[plain(price), plain(amount)] for price, amount in asks],
        "timestamp": call.now_ms,
    }


def candles(call: Call) -> Json:
    """GET klines: open time, prices, volume, close time, turnover."""
    listing = call.listing()
    step_s = _STEPS_S.get(call.parameters.required("interval"))
    if step_s is None:
        raise malformed("spot", "interval")
    limit, step = call.parameters.size("limit", _ROWS_MAX, _ROWS_MAX), timedelta(seconds=step_s)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    until = min(call.now, ended) if ended else call.now
    since = started if started is not None else until - limit * step
    if since >= until:
        return []
    until = min(until, since + (limit + 1) * step) if started is not None else until
    bars = call.exchange.market.candles("spot", listing.symbol, step_s, since, until)
    chosen = bars[:limit] if started is not None else bars[-limit:]
    return [
        [
            milliseconds(bar.opened_at),
            *(plain(price) for price in (bar.open, bar.high, bar.low, bar.close)),
            plain(bar.volume),
            milliseconds(bar.opened_at + step),
            plain(bar.volume * bar.close),
        ]
        for bar in chosen
    ]


def ticker_day(call: Call) -> Json:
    """GET ticker/24hr: a list of all, an object for one symbol."""
    asked = call.optional_listing()
    if asked is not None:
        return _day(call, asked, with_bars=True)
    return [_day(call, listing, with_bars=False) for listing in call.priced()]


def _day(call: Call, listing: Listing, *, with_bars: bool) -> Row:
    last, since = call.engine.quote("spot", listing.symbol).mid, call.now - timedelta(days=1)
    bars: list[Bar] = call.exchange.market.candles("spot", listing.symbol, 3600, since, call.now) if with_bars else []
    opened = bars[0].open if bars else last
    best = _best(call, listing)
    return {
        "symbol": listing.symbol,
        "priceChange": plain(last - opened),
        "priceChangePercent": plain((last - opened) / opened),
        "prevClosePrice": plain(opened),
        "lastPrice": plain(last),
        **best,
        "openPrice": plain(opened),
        "highPrice": plain(max((bar.high for bar in bars), default=last)),
        "lowPrice": plain(min((bar.low for bar in bars), default=last)),
        "volume": plain(sum((bar.volume for bar in bars), _ZERO)),
        "quoteVolume": plain(sum((bar.volume * bar.close for bar in bars), _ZERO)),
        "openTime": milliseconds(since),
        "closeTime": call.now_ms,
        "count": None,
    }


def _best(call: Call, listing: Listing) -> Row:
    bids, asks = call.engine.book("spot", listing.symbol, 1)
    nothing = (_ZERO, _ZERO)
    (bid, bid_amount), (ask, ask_amount) = bids[0] if bids else nothing, asks[0] if asks else nothing
    return {
        "bidPrice": plain(bid),
        "bidQty": plain(bid_amount),
        "askPrice": plain(ask),
        "askQty": plain(ask_amount),
    }


def book_ticker(call: Call) -> Json:
    """GET ticker/bookTicker: a list of all, an object for one symbol."""
    asked = call.optional_listing()
    if asked is not None:
        return {"symbol": asked.symbol, **_best(call, asked)}
    return [{"symbol": listing.symbol, **_best(call, listing)} for listing in call.priced()]


def ticker_price(call: Call) -> Json:
    """GET ticker/price: a list of all, an object for one symbol."""
    asked = call.optional_listing()
    rows: list[Row] = [
        {"symbol": listing.symbol, "price": plain(call.engine.quote("spot", listing.symbol).mid)}
        for listing in ([asked] if asked else call.priced())
    ]
    return rows if asked is None else rows[0]
