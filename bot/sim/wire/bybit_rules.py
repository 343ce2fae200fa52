"""Which markets Bybit lists and by which rules they trade: instruments and risk limits.

Source: bybit-exchange.github.io/docs/v5/market/instrument and market/risk-limit. Tiers come deepest first, rates as
fractions (a public test measured on api-testnet 2026-09-17; the manual's own sample shows percent).
"""

from decimal import Decimal

from bot.sim.admission import closing_only
from bot.sim.model import Listing
from bot.sim.wire.bybit_call import Call, Row, name_of, unit_of
from bot.sim.wire.numbers import decimals, milliseconds, plain

_LAUNCHED_MS = "1585526400000"
_SYMBOLS_A_PAGE = 15
_PRICE_MAX = Decimal(1999999)


def instruments(call: Call) -> Row:
    """GET /v5/market/instruments-info: spot all at once, contracts in pages of 500 to 1000."""
    if call.category == "option":
        return {"category": "option", "nextPageCursor": "", "list": []}
    wanted, status = call.optional_listing(), call.parameters.optional("status")
    rows = [
        row
        for row in (_rows(call) if wanted is None else [_row(call, wanted)])
        if status is None or row["status"] == status
    ]
    if call.market == "spot":
        return {"category": "spot", "list": rows}
    return call.page(rows, default=500, most=1000)


def _rows(call: Call) -> list[Row]:
    """The rows of a market; written anew only when one of them changed its status."""
    listings = call.listings()
    marks = " ".join(f"{row.symbol}{status_of(call, row)}" for row in listings if row.expires_at or not row.tradable)
    key = f"bybit {call.market} {len(listings)} {marks}"
    rows = call.exchange.listing_rows.get(key)
    if rows is None:
        rows = call.exchange.listing_rows[key] = [_row(call, listing) for listing in listings]
    return rows


def status_of(call: Call, listing: Listing) -> str:
    """The word for whether a market trades."""
    if not listing.tradable:
        return "Closed"
    return "Delivering" if closing_only(listing, call.now) else "Trading"


def _row(call: Call, listing: Listing) -> Row:
    return _spot_row(call, listing) if listing.market == "spot" else _contract_row(call, listing)


def _spot_row(call: Call, listing: Listing) -> Row:
    return {
        "symbol": name_of(listing),
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "innovation": "0",
        "status": status_of(call, listing),
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(listing.amount_step),
            "quotePrecision": "0.00000001",
            "minOrderQty": plain(listing.amount_min),
            "maxOrderQty": plain(listing.amount_max),
            "minOrderAmt": plain(listing.notional_min),
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": plain(listing.amount_max),
            "maxMarketOrderQty": plain(listing.market_amount_max),
            "postOnlyMaxLimitOrderSize": plain(listing.amount_max),
        },
        "priceFilter": {"tickSize": plain(listing.price_tick)},
        "riskParameters": {
            "priceLimitRatioX": plain(listing.price_band),
            "priceLimitRatioY": plain(listing.price_band),
        },
    }


def _contract_row(call: Call, listing: Listing) -> Row:
    leverage, unit = max((tier.leverage_max for tier in listing.tiers), default=1), unit_of(listing)
    return {
        "symbol": name_of(listing),
        "contractType": _contract_type(listing),
        "status": status_of(call, listing),
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "settleCoin": listing.settle,
        "launchTime": str(milliseconds(listing.listed_at)) if listing.listed_at else _LAUNCHED_MS,
        "deliveryTime": str(milliseconds(listing.expires_at)) if listing.expires_at else "0",
        "deliveryFeeRate": "0" if listing.expires_at else "",
        "priceScale": str(decimals(listing.price_tick)),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{leverage}.00", "leverageStep": "1.00"},
        "priceFilter": {
            "minPrice": plain(listing.price_tick),
            "maxPrice": plain(_PRICE_MAX),
            "tickSize": plain(listing.price_tick),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(listing.amount_max * unit),
            "minOrderQty": plain(listing.amount_min * unit),
            "qtyStep": plain(listing.amount_step * unit),
            "postOnlyMaxOrderQty": plain(listing.amount_max * unit),
            "maxMktOrderQty": plain(listing.market_amount_max * unit),
            "minNotionalValue": plain(listing.notional_min),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 0 if listing.expires_at else listing.funding_interval_h * 60,
        "copyTrading": "none",
        "upperFundingRate": plain(listing.funding_cap),
        "lowerFundingRate": plain(-listing.funding_cap),
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {
            "priceLimitRatioX": plain(listing.price_band),
            "priceLimitRatioY": plain(listing.price_band),
        },
    }


def _contract_type(listing: Listing) -> str:
    if listing.market == "inverse":
        return "InversePerpetual"
    return "LinearPerpetual" if listing.expires_at is None else "LinearFutures"


def risk_limits(call: Call) -> Row:
    """GET /v5/market/risk-limit: one symbol, or all of them a few symbols at a time."""
    wanted = call.optional_listing()
    listings = {row.symbol: row for row in ([wanted] if wanted else call.listings())}
    page = call.page([{"symbol": name} for name in listings], default=_SYMBOLS_A_PAGE, most=_SYMBOLS_A_PAGE)
    named = page["list"]
    chosen = [listings[str(row["symbol"])] for row in named] if isinstance(named, list) else []
    return page | {"list": [row for listing in chosen for row in _tier_rows(listing)]}


def _tier_rows(listing: Listing) -> list[Row]:
    rows: list[Row] = []
    for number, tier in enumerate(listing.tiers, start=1):
        deduction = plain(tier.deduction)
        rows.append(
            {
                "id": number,
                "symbol": name_of(listing),
                "riskLimitValue": plain(tier.cap),
                "maintenanceMargin": plain(tier.maintenance_rate),
                "initialMargin": plain(round(1 / Decimal(tier.leverage_max), 4)),
                "isLowestRisk": 1 if number == 1 else 0,
                "maxLeverage": f"{tier.leverage_max}.00",
                "mmDeduction": "" if number == 1 else deduction,
            }
        )
    return rows[::-1]
