"""Binance's public market data, spot, USD-M and coin-margined: books, candles, tickers, marks, funding."""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.feed import Bar
from bot.sim.model import Listing, Rejected
from bot.sim.wire.binance_call import Call, Json, Row, asked_symbols
from bot.sim.wire.binance_errors import VenueError, unknown_symbol
from bot.sim.wire.binance_rules import pair_of
from bot.sim.wire.numbers import decimals, milliseconds, text

_STEPS_S = {
    "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400,
    "6h": 21600, "8h": 28800, "12h": 43200, "1d": 86400, "3d": 259200, "1w": 604800,
}  # fmt: skip
_FUTURES_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_FUNDING_CAP_DEFAULT = Decimal("0.003")


def ping(_: Call) -> Json:
    """GET ping."""
    return {}


def time(call: Call) -> Json:
    """GET time."""
    return {"serverTime": call.now_ms}


def _asked_listings(call: Call) -> tuple[list[Listing], bool]:
    """The listings asked for, and whether a single object rather than a list is expected."""
    pair = call.parameters.optional("pair") if call.market == "inverse" else None
    if pair is not None:
        return [row for row in call.listings() if pair_of(row) == pair and _priced(call, row)], False
    asked = asked_symbols(call)
    if asked is None:
        return [listing for listing in call.listings() if _priced(call, listing)], False
    return [call.live_listing_of(symbol) for symbol in asked], call.parameters.optional("symbol") is not None


def _priced(call: Call, listing: Listing) -> bool:
    """A listing the feed has not priced yet is simply missing from lists."""
    try:
        call.engine.quote(call.market, listing.symbol)
    except Rejected:
        return False
    return True


def _one_or_many(call: Call, rows: list[Row], single: bool) -> Json:
    """The coin-margined market answers with a list even about one symbol."""
    if single and call.market != "inverse":
        if not rows:
            raise unknown_symbol()
        return rows[0]
    return rows


def depth(call: Call) -> Json:
    """GET depth; futures accept only the listed limits."""
    listing = call.live_listing_of(call.parameters.required("symbol"))
    limit = call.parameters.optional_integer("limit") or (100 if call.market == "spot" else 500)
    if call.market != "spot" and limit not in _FUTURES_DEPTHS:
        raise VenueError(-4021, f"{limit} is not valid depth limit.")
    bids, asks = call.engine.book(call.market, listing.symbol, min(limit, 5000))
    book: Row = {"lastUpdateId": call.now_ms}
    if call.market != "spot":
        book |= {"E": call.now_ms, "T": call.now_ms}
    if call.market == "inverse":
        book |= {"symbol": listing.symbol, "pair": pair_of(listing)}
    price_places, amount_places = decimals(listing.price_tick), decimals(listing.amount_step)
    for name, side in (("bids", bids), ("asks", asks)):
        book[name] = [[text(price, price_places), text(amount, amount_places)] for price, amount in side]
    return book


def _best(call: Call, symbol: str) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
    nothing = (Decimal(0), Decimal(0))
    bids, asks = call.engine.book(call.market, symbol, 1)
    return (bids[0] if bids else nothing), (asks[0] if asks else nothing)


def ticker_price(call: Call) -> Json:
    """GET ticker/price."""
    listings, single = _asked_listings(call)
    rows: list[Row] = []
    for listing in listings:
        row: Row = {"symbol": listing.symbol, "price": text(call.engine.quote(call.market, listing.symbol).mid)}
        rows.append(row | {"time": call.now_ms} if call.market != "spot" else row)
    return _one_or_many(call, rows, single)


def book_ticker(call: Call) -> Json:
    """GET ticker/bookTicker."""
    listings, single = _asked_listings(call)
    rows: list[Row] = []
    for listing in listings:
        (bid, bid_amount), (ask, ask_amount) = _best(call, listing.symbol)
        row: Row = {
            "symbol": listing.symbol,
            "bidPrice": text(bid),
            "bidQty": text(bid_amount),
            "askPrice": text(ask),
            "askQty": text(ask_amount),
        }
        rows.append(row | {"time": call.now_ms, "lastUpdateId": call.now_ms} if call.market != "spot" else row)
    return _one_or_many(call, rows, single)


def ticker_day(call: Call) -> Json:
    """GET ticker/24hr; bars of the last day are read only when a single symbol is asked for."""
    listings, single = _asked_listings(call)
    return _one_or_many(call, [_day_row(call, listing, with_bars=single) for listing in listings], single)


def _day_row(call: Call, listing: Listing, *, with_bars: bool) -> Row:
    last = call.engine.quote(call.market, listing.symbol).mid
    since = call.now - timedelta(days=1)
    bars: list[Bar] = (
        call.exchange.market.candles(call.market, listing.symbol, 3600, since, call.now) if with_bars else []
    )
    opened = bars[0].open if bars else last
    volume = sum((bar.volume for bar in bars), Decimal(0))
    change = last - opened
    row: Row = {
        "symbol": listing.symbol,
        "priceChange": text(change),
        "priceChangePercent": text(change / opened * 100, 3),
        "weightedAvgPrice": text((last + opened) / 2),
        "lastPrice": text(last),
        "lastQty": text(listing.amount_min),
        "openPrice": text(opened),
        "highPrice": text(max((bar.high for bar in bars), default=last)),
        "lowPrice": text(min((bar.low for bar in bars), default=last)),
        "volume": text(volume),
        "quoteVolume": text(volume * last),
        "openTime": milliseconds(since),
        "closeTime": call.now_ms,
        "firstId": 1,
        "lastId": 2,
        "count": 2,
    }
    if call.market == "spot":
        (bid, bid_amount), (ask, ask_amount) = _best(call, listing.symbol)
        row |= {"prevClosePrice": text(opened), "bidPrice": text(bid), "bidQty": text(bid_amount)}
        row |= {"askPrice": text(ask), "askQty": text(ask_amount)}
    return row


def candles(call: Call) -> Json:
    """GET klines and markPriceKlines; the last bar may still be forming, as on the real exchange."""
    listing = call.listing()
    interval = call.parameters.required("interval")
    step_s = _STEPS_S.get(interval)
    if step_s is None:
        raise VenueError(-1120, "Invalid interval.")
    limit = call.parameters.limit(500, 1000 if call.market == "spot" else 1500)
    step = timedelta(seconds=step_s)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    until = min(call.now, ended + timedelta(milliseconds=1)) if ended else call.now
    since = started if started is not None else until - limit * step
    if since >= until:
        return []
    until = min(until, since + (limit + 1) * step) if started is not None else until
    bars = call.exchange.market.candles(call.market, listing.symbol, step_s, since, until)
    chosen = bars[:limit] if started is not None else bars[-limit:]
    return [_kline(bar.opened_at, (bar.open, bar.high, bar.low, bar.close), bar.volume, step) for bar in chosen]


def _kline(
    opened_at: datetime, prices: tuple[Decimal, Decimal, Decimal, Decimal], volume: Decimal, step: timedelta
) -> list[object]:
    closes_ms = milliseconds(opened_at + step) - 1
    turnover = text(volume * prices[3])
    shown = [text(price) for price in prices]
    return [milliseconds(opened_at), *shown, text(volume), closes_ms, turnover, 1, text(volume / 2), turnover, "0"]


def premium_index(call: Call) -> Json:
    """GET premiumIndex: mark, index and the coming funding, one symbol or all."""
    listings, single = _asked_listings(call)
    rows: list[Row] = []
    for listing in listings:
        quote = call.engine.quote(call.market, listing.symbol)
        rows.append(
            {
                "symbol": listing.symbol,
                **({"pair": pair_of(listing)} if call.market == "inverse" else {}),
                "markPrice": text(quote.mark),
                "indexPrice": text(quote.index),
                **_coming_funding(call, listing, quote.index),
                "time": call.now_ms,
            }
        )
    return _one_or_many(call, rows, single)


def _coming_funding(call: Call, listing: Listing, index: Decimal) -> Row:
    """A dated contract pays none; it has a settlement price to come instead."""
    if listing.expires_at is not None:
        price, _ = call.engine.settlement_price(listing.symbol)
        return {"estimatedSettlePrice": text(price), "lastFundingRate": "", "interestRate": "", "nextFundingTime": 0}
    rate, _, next_at = call.engine.funding(listing.symbol)
    return {
        "estimatedSettlePrice": text(index),
        "lastFundingRate": text(rate),
        "interestRate": "0.00010000",
        "nextFundingTime": milliseconds(next_at),
    }


def funding_info(call: Call) -> Json:
    """GET fundingInfo: only the symbols whose interval or cap differs from the usual, as the real exchange answers."""
    return [
        {
            "symbol": listing.symbol,
            "adjustedFundingRateCap": text(listing.funding_cap),
            "adjustedFundingRateFloor": text(-listing.funding_cap),
            "fundingIntervalHours": listing.funding_interval_h,
            "disclaimer": False,
        }
        for listing in call.listings()
        if listing.expires_at is None
        and (listing.funding_interval_h != 8 or listing.funding_cap != _FUNDING_CAP_DEFAULT)
    ]
