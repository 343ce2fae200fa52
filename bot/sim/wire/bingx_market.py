"""BingX's public market data, spot and linear perpetuals: books, candles, tickers, marks, funding."""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.feed import Bar
from bot.sim.model import Listing, Rejected
from bot.sim.wire.bingx_call import Call, Json, Row, name_of
from bot.sim.wire.bingx_errors import invalid
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

_STEPS_S = {
    "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "4h": 14400,
    "6h": 21600, "8h": 28800, "12h": 43200, "1d": 86400, "3d": 259200, "1w": 604800,
}  # fmt: skip
_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_CHINA = timedelta(hours=8)
_NOTHING = (Decimal(0), Decimal(0))


def time(call: Call) -> Json:
    """GET server/time."""
    return {"serverTime": call.now_ms}


def _asked(call: Call) -> list[Listing]:
    """The listing asked for, or all that have a price."""
    wanted = call.optional_listing()
    return [wanted] if wanted is not None else [row for row in call.listings() if _priced(call, row)]


def _priced(call: Call, listing: Listing) -> bool:
    try:
        call.engine.quote(call.market, listing.symbol)
    except Rejected:
        return False
    return True


def _one_or_many(call: Call, rows: list[Row]) -> Json:
    """The swap answers with an object about one symbol and with a list about all."""
    return rows[0] if call.parameters.optional("symbol") else rows


def depth(call: Call) -> Json:
    """GET depth: swap takes only the listed limits, spot any up to 1000."""
    listing, limit = call.listing(), call.parameters.optional_integer("limit") or 20
    if not 1 <= limit <= _DEPTHS[-1] or (call.market != "spot" and limit not in _DEPTHS):
        raise invalid("limit", "must be one of 5, 10, 20, 50, 100, 500, 1000.")
    bids, asks = call.engine.book(call.market, listing.symbol, limit)
    places = decimals(listing.price_tick), decimals(listing.amount_step)
    shown = {
        name: [[text(price, places[0]), text(amount, places[1])] for price, amount in side]
        for name, side in (("bids", bids), ("asks", asks))
    }
    if call.market == "spot":
        return {**shown, "ts": call.now_ms, "lastUpdateId": call.now_ms}
    return {"T": call.now_ms, **shown, "bidsCoin": shown["bids"], "asksCoin": shown["asks"]}


def _best(call: Call, symbol: str) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
    bids, asks = call.engine.book(call.market, symbol, 1)
    return (bids[0] if bids else _NOTHING), (asks[0] if asks else _NOTHING)


def ticker(call: Call) -> Json:
    """GET quote/ticker and ticker/24hr; spot always answers with a list and leaves `lastQty` out."""
    rows = [_day(call, listing) for listing in _asked(call)]
    return rows if call.market == "spot" else _one_or_many(call, rows)


def _day(call: Call, listing: Listing) -> Row:
    last = call.engine.quote(call.market, listing.symbol).mid
    since = call.now - timedelta(days=1)
    with_bars = call.parameters.optional("symbol") is not None
    bars = call.exchange.market.candles(call.market, listing.symbol, 3600, since, call.now) if with_bars else []
    opened = bars[0].open if bars else last
    volume = sum((bar.volume for bar in bars), Decimal(0))
    (bid, bid_amount), (ask, ask_amount) = _best(call, listing.symbol)
    places = decimals(listing.price_tick)
    row: Row = {
        "symbol": name_of(listing),
        "priceChange": text(last - opened, places),
        "priceChangePercent": f"{text((last - opened) / opened * 100, 2)}%",
        "lastPrice": text(last, places),
        "highPrice": text(max((bar.high for bar in bars), default=last), places),
        "lowPrice": text(min((bar.low for bar in bars), default=last), places),
        "volume": text(volume, 4),
        "quoteVolume": text(volume * last, 2),
        "openPrice": text(opened, places),
        "openTime": milliseconds(since),
        "closeTime": call.now_ms,
        "bidPrice": plain(bid),
        "bidQty": plain(bid_amount),
        "askPrice": plain(ask),
        "askQty": plain(ask_amount),
    }
    return row if call.market == "spot" else {**row, "lastQty": plain(listing.amount_min)}


def book_ticker(call: Call) -> Json:
    """GET bookTicker, one symbol or all."""
    rows: list[Row] = []
    for listing in _asked(call):
        (bid, bid_amount), (ask, ask_amount) = _best(call, listing.symbol)
        rows.append(
            {
                "symbol": name_of(listing),
                "bid_price": float(bid),
                "bid_qty": float(bid_amount),
                "ask_price": float(ask),
                "ask_qty": float(ask_amount),
                "lastUpdateId": call.now_ms,
                "time": call.now_ms,
            }
        )
    return {"book_ticker": rows[0]} if call.parameters.optional("symbol") else {"book_ticker": rows}


def candles(call: Call) -> Json:
    """GET swap/v3/quote/klines: objects with texts, the newest bar first, the last one still forming."""
    places = decimals(call.listing().price_tick)
    return [
        {
            "open": text(bar.open, places),
            "close": text(bar.close, places),
            "high": text(bar.high, places),
            "low": text(bar.low, places),
            "volume": text(bar.volume, 4),
            "time": milliseconds(bar.opened_at),
        }
        for bar in reversed(_bars(call, 1440))
    ]


def mark_candles(call: Call) -> Json:
    """GET swap/v1/market/markPriceKlines: the same with other names for the times."""
    places = decimals(call.listing().price_tick)
    return [
        {
            "open": text(bar.open, places),
            "close": text(bar.close, places),
            "high": text(bar.high, places),
            "low": text(bar.low, places),
            "volume": "0.00",
            "openTime": milliseconds(bar.opened_at),
            "closeTime": milliseconds(bar.opened_at),
        }
        for bar in reversed(_bars(call, 1440))
    ]


def spot_candles(call: Call) -> Json:
    """GET spot/v1/market/kline: rows of numbers; days begin at midnight in China unless a timeZone is given."""
    step_s = _STEPS_S.get(call.parameters.required("interval"), 60)
    zone = call.parameters.optional_integer("timeZone")
    shift = timedelta(hours=zone) if zone is not None and -12 <= zone <= 12 else _CHINA
    moved = timedelta(0) if step_s < _STEPS_S["1d"] else -shift
    rows: list[object] = []
    for bar in reversed(_bars(call, 1440)):
        opened_ms = milliseconds(bar.opened_at + moved)
        prices = [float(price) for price in (bar.open, bar.high, bar.low, bar.close)]
        closes_ms = opened_ms + step_s * 1000 - 1
        rows.append([opened_ms, *prices, float(bar.volume), closes_ms, float(bar.volume * bar.close)])
    return rows


def _bars(call: Call, most: int) -> list[Bar]:
    listing = call.listing()
    step_s = _STEPS_S.get(call.parameters.required("interval"))
    if step_s is None:
        raise invalid("interval", "must be one of the listed intervals.")
    limit, step = call.parameters.page_size("limit", 500, most), timedelta(seconds=step_s)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime")
    until = min(call.now, ended + timedelta(milliseconds=1)) if ended else call.now
    since = started if started is not None else until - limit * step
    if since >= until:
        return []
    until = min(until, since + (limit + 1) * step) if started is not None else until
    bars = call.exchange.market.candles(call.market, listing.symbol, step_s, since, until)
    return bars[:limit] if started is not None else bars[-limit:]


def premium_index(call: Call) -> Json:
    """GET premiumIndex: mark, index and the coming funding.

    `updateTime` is when the rate was last settled, as in the samples, and says nothing of the mark's age.
    """
    rows: list[Row] = []
    for listing in _asked(call):
        quote = call.engine.quote(call.market, listing.symbol)
        rate, interval_h, next_at = call.engine.funding(listing.symbol)
        places = decimals(listing.price_tick)
        rows.append(
            {
                "symbol": name_of(listing),
                "markPrice": text(quote.mark, places),
                "indexPrice": text(quote.index, places),
                "lastFundingRate": text(rate),
                "nextFundingTime": milliseconds(next_at),
                "fundingIntervalHours": interval_h,
                "minFundingRate": text(-listing.funding_cap),
                "maxFundingRate": text(listing.funding_cap),
                "updateTime": milliseconds(next_at - timedelta(hours=interval_h)),
            }
        )
    return _one_or_many(call, rows)


def funding_history(call: Call) -> Json:
    """GET fundingRate: settled rates, oldest first; with a start the first page after it, else the newest."""
    wanted, limit = call.optional_listing(), call.parameters.page_size("limit", 100, 1000)
    started, ended = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    since: datetime = started if started is not None else call.now - timedelta(days=60)
    settled = [
        (past.at, name_of(each), past.rate)
        for each in ([wanted] if wanted else call.listings())
        for past in call.exchange.market.funding_history(each.symbol, since)
        if past.at <= ended
    ]
    settled.sort()
    page = settled[:limit] if started is not None else settled[-limit:]
    return [{"symbol": symbol, "fundingRate": text(rate), "fundingTime": milliseconds(at)} for at, symbol, rate in page]
