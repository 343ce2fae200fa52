"""Which markets Binance lists and by which rules they trade: exchangeInfo of spot, USD-M and coin-margined futures."""

from decimal import Decimal

from bot.sim.admission import closing_only
from bot.sim.model import Listing
from bot.sim.wire.binance_call import Call, Json, Row, asked_symbols
from bot.sim.wire.numbers import decimals, milliseconds, plain, text

LIMITS = {"spot": 6000, "sapi": 12000, "linear": 2400, "inverse": 2400}  # request weight a minute, per host family
_PERPETUAL_DELIVERY_MS = 4133404800000
_PERPETUAL_ONBOARD_MS = 1567965300000
_QUARTERS = ("CURRENT_QUARTER", "NEXT_QUARTER")
_ONE = Decimal(1)


def exchange_info(call: Call) -> Json:
    """GET exchangeInfo: every listing with its filters."""
    rows = _rows(call)
    limit = call.exchange.meter.limit(call.market, LIMITS[call.market])
    info: Row = {
        "timezone": "UTC",
        "serverTime": call.now_ms,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": limit},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
    }
    if call.market == "inverse":
        return info | {"symbols": rows}
    if call.market == "linear":
        info["futuresType"] = "U_MARGINED"
        info["assets"] = [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in sorted({listing.quote for listing in call.listings()})
        ]
    info["symbols"] = _chosen_symbols(call, rows) if call.market == "spot" else rows
    return info


def _rows(call: Call) -> list[Row]:
    """The rows of a market; written anew only when a dated contract came, went or is about to go."""
    listings = call.listings()
    dated = [row.symbol + status_of(row, call) for row in listings if row.expires_at is not None]
    key = " ".join((call.market, *dated))
    rows = call.exchange.listing_rows.get(key)
    if rows is None:
        if call.market == "spot":
            rows = [_spot_symbol(listing) for listing in listings]
        else:
            rows = [_futures_symbol(call, listing) for listing in listings]
        call.exchange.listing_rows[key] = rows
    return rows


def status_of(listing: Listing, call: Call) -> str:
    """The word for whether and how a contract trades."""
    if not listing.tradable:
        return "SETTLING"
    if listing.expires_at is not None and call.now >= listing.expires_at:
        return "DELIVERED"
    return "PRE_DELIVERING" if closing_only(listing, call.now) else "TRADING"


def contract_type(call: Call, listing: Listing) -> str:
    """PERPETUAL, or the rank of a dated contract among those of its pair."""
    if listing.expires_at is None:
        return "PERPETUAL"
    ends = sorted(
        row.expires_at for row in call.listings() if row.expires_at is not None and pair_of(row) == pair_of(listing)
    )
    rank = ends.index(listing.expires_at) if listing.expires_at in ends else 0
    return _QUARTERS[min(rank, len(_QUARTERS) - 1)]


def pair_of(listing: Listing) -> str:
    """The underlying index, which a pair's perpetual and dated contracts share."""
    return listing.base + listing.quote


def _chosen_symbols(call: Call, rows: list[Row]) -> list[Row]:
    asked = asked_symbols(call)
    return rows if asked is None else [row for row in rows if row["symbol"] in asked]


def _lot_filters(listing: Listing) -> list[Row]:
    step = plain(listing.amount_step)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain(listing.price_tick),
            "maxPrice": "1000000",
            "tickSize": plain(listing.price_tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": plain(listing.amount_min),
            "maxQty": plain(listing.amount_max),
            "stepSize": step,
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": plain(listing.amount_min),
            "maxQty": plain(listing.market_amount_max),
            "stepSize": step,
        },
    ]


def _futures_symbol(call: Call, listing: Listing) -> Row:
    up, down = _ONE + listing.price_band, _ONE - listing.price_band
    linear = listing.market == "linear"
    maintenance = listing.tiers[0].maintenance_rate * 100 if listing.tiers else Decimal("2.5")
    row: Row = {
        "symbol": listing.symbol,
        "pair": pair_of(listing),
        "contractType": contract_type(call, listing),
        "deliveryDate": milliseconds(listing.expires_at) if listing.expires_at else _PERPETUAL_DELIVERY_MS,
        "onboardDate": milliseconds(listing.listed_at) if listing.listed_at else _PERPETUAL_ONBOARD_MS,
        "status": status_of(listing, call),
        "maintMarginPercent": text(maintenance, 4),
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.settle,
        "pricePrecision": decimals(listing.price_tick),
        "quantityPrecision": decimals(listing.amount_step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": text(listing.liquidation_fee, 6),
        "marketTakeBound": text(listing.price_band, 2),
        "maxMoveOrderLimit": 10000,
        "filters": [
            *_lot_filters(listing),
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            *([{"filterType": "MIN_NOTIONAL", "notional": plain(listing.notional_min)}] if linear else []),
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": text(up, 4),
                "multiplierDown": text(down, 4),
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", *(["GTD"] if linear else [])],
    }
    if not linear:
        # Coin-margined rows say how large a contract is, and name their status differently.
        row |= {"contractStatus": row.pop("status"), "contractSize": int(listing.face), "equalQtyPrecision": 4}
    return row


def _spot_symbol(listing: Listing) -> Row:
    up, down = _ONE + listing.price_band, _ONE - listing.price_band
    return {
        "symbol": listing.symbol,
        "status": "TRADING" if listing.tradable else "BREAK",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            *_lot_filters(listing),
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": plain(up),
                "bidMultiplierDown": plain(down),
                "askMultiplierUp": plain(up),
                "askMultiplierDown": plain(down),
                "avgPriceMins": 5,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": text(listing.notional_min),
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }
