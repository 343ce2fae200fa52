"""MEXC's public futures data: contracts and their risk tiers, tickers with fair and index price, books, funding."""

from datetime import timedelta
from decimal import Decimal

from bot.sim.feed import Bar
from bot.sim.model import Listing
from bot.sim.wire.mexc_call import Call, Json, Row, contract_size, contracts, name_of, number
from bot.sim.wire.mexc_errors import malformed
from bot.sim.wire.numbers import decimals, milliseconds

_STEPS_S = {
    "Min1": 60, "Min5": 300, "Min15": 900, "Min30": 1800, "Min60": 3600, "Hour4": 14400, "Hour8": 28800, "Day1": 86400,
    "Week1": 604800,
}  # fmt: skip
_ROWS_MAX = 2000
_STATE_ENABLED, _STATE_PAUSED = 0, 4
_ZERO = Decimal(0)
_CREATED_MS = 1591242684000


def ping(call: Call) -> Json:
    """GET contract/ping: the time in milliseconds."""
    return call.now_ms


def detail(call: Call) -> Json:
    """GET contract/detail: every contract, or one as an object; what does not change is written once."""
    asked = call.optional_listing()
    if asked is not None:
        return _contract(asked) | _state(asked)
    listings = call.listings()
    rows = call.exchange.listing_rows.get("mexc linear")
    if rows is None or len(rows) != len(listings):
        rows = call.exchange.listing_rows["mexc linear"] = [_contract(listing) for listing in listings]
    return [row | _state(listing) for row, listing in zip(rows, listings, strict=True)]


def _state(listing: Listing) -> Row:
    return {"state": _STATE_ENABLED if listing.tradable else _STATE_PAUSED, "apiAllowed": listing.tradable}


def _contract(listing: Listing) -> Row:
    size, first = contract_size(listing), listing.tiers[0]
    most = listing.tiers[0].leverage_max
    return {
        "symbol": name_of(listing),
        "displayName": f"{name_of(listing)}永续",
        "displayNameEn": f"{name_of(listing)} PERPETUAL",
        "positionOpenType": 3,
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "settleCoin": listing.settle,
        "futureType": 1,
        "contractSize": number(size),
        "minLeverage": 1,
        "maxLeverage": most,
        "priceScale": decimals(listing.price_tick),
        "volScale": 0,
        "amountScale": 4,
        "priceUnit": number(listing.price_tick),
        "volUnit": contracts(listing, listing.amount_step),
        "minVol": contracts(listing, listing.amount_min),
        "maxVol": contracts(listing, listing.amount_max),
        "limitMaxVol": contracts(listing, listing.amount_max),
        "bidLimitPriceRate": number(listing.price_band),
        "askLimitPriceRate": number(listing.price_band),
        "takerFeeRate": number(listing.taker_fee),
        "makerFeeRate": number(listing.maker_fee),
        "maintenanceMarginRate": number(first.maintenance_rate),
        "initialMarginRate": number(Decimal(1) / most),
        # The old fields tell one tier, the true ladder stands beside them: so the venue tells it of large contracts.
        "riskBaseVol": contracts(listing, listing.amount_max),
        "riskIncrVol": 0,
        "riskLongShortSwitch": 0,
        "riskIncrMmr": 0,
        "riskIncrImr": 0,
        "riskLevelLimit": 1,
        "riskLimitType": "BY_VALUE",
        "riskLimitMode": "CUSTOM",
        "riskLimitCustom": [
            {
                "level": level,
                "maxVol": number(tier.cap),
                "mmr": number(tier.maintenance_rate),
                "imr": number(Decimal(1) / tier.leverage_max),
                "maxLeverage": tier.leverage_max,
            }
            for level, tier in enumerate(listing.tiers, start=1)
        ],
        "priceCoefficientVariation": 0.004,
        "indexOrigin": ["BITGET", "BYBIT", "BINANCE", "OKX"],
        "isNew": False,
        "isHot": False,
        "isHidden": False,
        "conceptPlate": [],
        "maxNumOrders": [200, 50],
        "triggerProtect": 0.1,
        "automaticDelivery": 0,
        "createTime": _CREATED_MS,
        "openingTime": 0,
        "liquidationFeeRate": number(listing.liquidation_fee),
    }


def ticker(call: Call) -> Json:
    """GET contract/ticker: a list of all, an object for one symbol."""
    asked = call.optional_listing()
    if asked is not None:
        return _ticker(call, asked, with_bars=True)
    return [_ticker(call, listing, with_bars=False) for listing in call.priced()]


def _ticker(call: Call, listing: Listing, *, with_bars: bool) -> Row:
    quote = call.engine.quote("linear", listing.symbol)
    bids, asks = call.engine.book("linear", listing.symbol, 1)
    rate, _, _ = call.engine.funding(listing.symbol)
    since = call.now - timedelta(days=1)
    bars: list[Bar] = call.exchange.market.candles("linear", listing.symbol, 3600, since, call.now) if with_bars else []
    volume = sum((bar.volume for bar in bars), _ZERO)
    rise = quote.mid - (bars[0].open if bars else quote.mid)
    band = quote.mark * listing.price_band
    return {
        "contractId": 10,
        "symbol": name_of(listing),
        "lastPrice": number(quote.mid),
        "bid1": number(bids[0][0]) if bids else 0,
        "ask1": number(asks[0][0]) if asks else 0,
        "volume24": contracts(listing, volume),
        "amount24": number(volume * quote.mid),
        "holdVol": contracts(listing, volume),
        "lower24Price": number(min((bar.low for bar in bars), default=quote.mid)),
        "high24Price": number(max((bar.high for bar in bars), default=quote.mid)),
        "riseFallRate": number(rise / quote.mid),
        "riseFallValue": number(rise),
        "indexPrice": number(quote.index),
        "fairPrice": number(quote.mark),
        "fundingRate": number(rate),
        "maxBidPrice": number(quote.mark + band),
        "minAskPrice": number(quote.mark - band),
        "timestamp": call.now_ms,
    }


def depth(call: Call) -> Json:
    """GET contract/depth/{symbol}: [price, contracts, orders]."""
    listing = call.listing()
    bids, asks = call.engine.book("linear", listing.symbol, call.parameters.size("limit", 1000, 1000))
    rows = {
        name: [[number(price), contracts(listing, amount), 1] for price, amount in side]
        for name, side in (("asks", asks), ("bids", bids))
    }
    return {**rows, "version": call.now_ms, "timestamp": call.now_ms}


def candles(call: Call) -> Json:
    """GET contract/kline/{symbol}: columns instead of rows, in seconds; `start` and `end` count, no limit does."""
    listing = call.listing()
    step_s = _STEPS_S.get(call.parameters.optional("interval") or "Min1")
    if step_s is None:
        raise malformed("linear", "interval")
    step = timedelta(seconds=step_s)
    started, ended = call.parameters.time("start", unit_ms=1000), call.parameters.time("end", unit_ms=1000)
    until = min(call.now, ended + timedelta(seconds=1)) if ended else call.now
    since = started if started is not None else until - _ROWS_MAX * step
    bars: list[Bar] = []
    if since < until:
        until = min(until, since + (_ROWS_MAX + 1) * step) if started is not None else until
        bars = call.exchange.market.candles("linear", listing.symbol, step_s, since, until)[:_ROWS_MAX]
    return {
        "time": [milliseconds(bar.opened_at) // 1000 for bar in bars],
        "open": [number(bar.open) for bar in bars],
        "close": [number(bar.close) for bar in bars],
        "high": [number(bar.high) for bar in bars],
        "low": [number(bar.low) for bar in bars],
        "vol": [contracts(listing, bar.volume) for bar in bars],
        "amount": [number(bar.volume * bar.close) for bar in bars],
    }


def index_price(call: Call) -> Json:
    """GET contract/index_price/{symbol}."""
    listing = call.listing()
    price = call.engine.quote("linear", listing.symbol).index
    return {"symbol": name_of(listing), "indexPrice": number(price), "timestamp": call.now_ms}


def fair_price(call: Call) -> Json:
    """GET contract/fair_price/{symbol}: what others call the mark price."""
    listing = call.listing()
    price = call.engine.quote("linear", listing.symbol).mark
    return {"symbol": name_of(listing), "fairPrice": number(price), "timestamp": call.now_ms}


def funding_rate(call: Call) -> Json:
    """GET contract/funding_rate/{symbol}: the coming payment and how often one comes."""
    listing = call.listing()
    rate, interval_h, due_at = call.engine.funding(listing.symbol)
    return {
        "symbol": name_of(listing),
        "fundingRate": number(rate),
        "maxFundingRate": number(listing.funding_cap),
        "minFundingRate": number(-listing.funding_cap),
        "collectCycle": interval_h,
        "nextSettleTime": milliseconds(due_at),
        "timestamp": call.now_ms,
    }


def funding_history(call: Call) -> Json:
    """GET contract/funding_rate/history: newest first, by pages; no times can be asked for."""
    listing = call.listing()
    settled = call.exchange.market.funding_history(listing.symbol, call.now - timedelta(days=365))
    rows: list[Row] = [
        {
            "symbol": name_of(listing),
            "fundingRate": number(past.rate),
            "settleTime": milliseconds(past.at),
            "collectCycle": listing.funding_interval_h,
        }
        for past in reversed(settled)
    ]
    return page_of(call, rows, most=1000)


def page_of(call: Call, rows: list[Row], *, most: int = 100) -> Row:
    """One page of a list, in the frame that MEXC puts around it."""
    size = call.parameters.size("page_size", 20, most)
    number_ = call.parameters.size("page_num", 1, 10**9)
    return {
        "pageSize": size,
        "totalCount": len(rows),
        "totalPage": -(-len(rows) // size),
        "currentPage": number_,
        "resultList": rows[(number_ - 1) * size : number_ * size],
    }
