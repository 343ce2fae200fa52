"""Which markets BingX lists and by which rules they trade: contracts of both perpetual markets, spot symbols."""

from bot.sim.model import Listing
from bot.sim.wire.bingx_call import Call, Json, Row, name_of
from bot.sim.wire.numbers import decimals, plain

_LISTED_MS = 1_600_000_000_000


def contracts(call: Call) -> Json:
    """GET swap/v2/quote/contracts, one symbol or all: numbers as texts, yes and no as texts too."""
    wanted = call.optional_listing()
    if wanted is not None:
        return [_contract(number, row) for number, row in enumerate(call.listings()) if row == wanted]
    key = "bingx contracts " + " ".join(row.symbol for row in call.listings() if not row.tradable)
    rows = call.exchange.listing_rows.get(key)
    if rows is None:
        rows = [_contract(number, row) for number, row in enumerate(call.listings())]
        call.exchange.listing_rows[key] = rows
    return rows


def _contract(number: int, listing: Listing) -> Row:
    leverage = str(max((tier.leverage_max for tier in listing.tiers), default=1))
    state = "true" if listing.tradable else "false"
    return {
        "contractId": str(100 + number),
        "symbol": name_of(listing),
        "displayName": name_of(listing),
        "size": plain(listing.amount_step),
        "quantityPrecision": str(decimals(listing.amount_step)),
        "pricePrecision": str(decimals(listing.price_tick)),
        "feeRate": plain(listing.taker_fee),
        "makerFeeRate": plain(listing.maker_fee),
        "takerFeeRate": plain(listing.taker_fee),
        "tradeMinLimit": "0",
        "tradeMinQuantity": plain(listing.amount_min),
        "tradeMinUSDT": plain(listing.notional_min),
        "maxLongLeverage": leverage,
        "maxShortLeverage": leverage,
        "currency": listing.settle,
        "asset": listing.base,
        "status": "1" if listing.tradable else "25",
        "apiStateOpen": state,
        "apiStateClose": state,
        "ensureTrigger": True,
        "triggerFeeRate": "0.00020000",
        "brokerState": True,
        "launchTime": _LISTED_MS,
        "maintainTime": 0,
        "offTime": 0,
    }


def coin_contracts(call: Call) -> Json:
    """GET cswap/v1/market/contracts: coin-margined contracts are listed, not traded here."""
    return [
        {
            "symbol": name_of(listing),
            "pricePrecision": decimals(listing.price_tick),
            "minTickSize": plain(listing.face),
            "minTradeValue": plain(listing.face),
            "minQty": "1.00000000",
            "status": 1,
            "timeOnline": _LISTED_MS,
        }
        for listing in call.listings()
    ]


def spot_symbols(call: Call) -> Json:
    """GET spot/v1/common/symbols: numbers as numbers here."""
    wanted = call.optional_listing()
    return {"symbols": [_spot(listing) for listing in ([wanted] if wanted else call.listings())]}


def _spot(listing: Listing) -> Row:
    return {
        "symbol": name_of(listing),
        "displayName": name_of(listing),
        "minQty": float(listing.amount_min),
        "maxQty": float(listing.amount_max),
        "minNotional": float(listing.notional_min),
        "maxNotional": 1_000_000,
        "status": 1 if listing.tradable else 0,
        "tickSize": float(listing.price_tick),
        "stepSize": float(listing.amount_step),
        "apiStateSell": listing.tradable,
        "apiStateBuy": listing.tradable,
        "timeOnline": 0,
        "offTime": 0,
        "maintainTime": 0,
    }
