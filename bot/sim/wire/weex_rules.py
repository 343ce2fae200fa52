"""Which markets WEEX lists and by which rules they trade: exchangeInfo of spot and contracts, coins."""

from bot.sim.model import Listing
from bot.sim.wire.numbers import decimals, plain
from bot.sim.wire.weex_call import Call, Json, Row


def spot_info(call: Call) -> Json:
    """GET api/v3/exchangeInfo."""
    return {"timezone": "UTC", "serverTime": call.now_ms, "symbols": _rows(call)}


def contract_info(call: Call) -> Json:
    """GET capi/v3/market/exchangeInfo: no status, and amounts in coins; `contractVal` is their step."""
    assets = [{"asset": asset, "marginAvailable": True} for asset in sorted({row.settle for row in call.listings()})]
    return {"assets": assets, "symbols": _rows(call)}


def _rows(call: Call) -> list[Row]:
    wanted = call.optional_listing()
    if wanted is not None:
        return [_row(wanted)]
    halted = [row.symbol for row in call.listings() if not row.tradable]
    key = " ".join(("weex", call.market, *halted))
    rows = call.exchange.listing_rows.get(key)
    if rows is None:
        rows = call.exchange.listing_rows[key] = [_row(listing) for listing in call.listings()]
    return rows


def _row(listing: Listing) -> Row:
    return _spot_row(listing) if listing.market == "spot" else _contract_row(listing)


def _spot_row(listing: Listing) -> Row:
    return {
        "symbol": listing.symbol,
        "status": "TRADING" if listing.tradable else "HALT",
        "baseAsset": listing.base,
        "baseAssetPrecision": "8",
        "quoteAsset": listing.quote,
        "quoteAssetPrecision": "8",
        "tickSize": plain(listing.price_tick),
        "stepSize": plain(listing.amount_step),
        "minTradeAmount": plain(listing.amount_min),
        "maxTradeAmount": plain(listing.amount_max),
        "takerFeeRate": plain(listing.taker_fee),
        "makerFeeRate": plain(listing.maker_fee),
        "buyLimitPriceRatio": plain(listing.price_band),
        "sellLimitPriceRatio": plain(listing.price_band),
        "marketBuyLimitSize": plain(listing.market_amount_max),
        "marketSellLimitSize": plain(listing.market_amount_max),
        "marketFallbackPriceRatio": "0",
        "enableTrade": listing.tradable,
        "enableDisplay": True,
        "displayDigitMerge": plain(listing.price_tick),
        "displayNew": False,
        "displayHot": False,
    }


def _contract_row(listing: Listing) -> Row:
    leverage = max((tier.leverage_max for tier in listing.tiers), default=1)
    hours = range(0, 24, listing.funding_interval_h)
    return {
        "symbol": listing.symbol,
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.settle,
        "pricePrecision": str(decimals(listing.price_tick)),
        "quantityPrecision": str(decimals(listing.amount_step)),
        "baseAssetPrecision": str(decimals(listing.amount_step)),
        "quotePrecision": "8",
        "contractVal": plain(listing.amount_step),
        "delivery": [f"{hour:02d}:00:00" for hour in hours],
        "forwardContractFlag": listing.market == "linear",
        "minLeverage": "1",
        "maxLeverage": str(leverage),
        "buyLimitPriceRatio": plain(listing.price_band),
        "sellLimitPriceRatio": plain(listing.price_band),
        "makerFeeRate": plain(listing.maker_fee),
        "takerFeeRate": plain(listing.taker_fee),
        "minOrderSize": plain(listing.amount_min),
        "maxOrderSize": plain(listing.amount_max),
        "maxPositionSize": plain(listing.amount_max * 5),
        "marketOpenLimitSize": plain(listing.market_amount_max),
    }


def coins(call: Call) -> Json:
    """GET api/v3/coins: each coin with one network."""
    assets = {asset for listing in call.listings() for asset in (listing.base, listing.quote)}
    return [
        {
            "coin": asset,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "name": asset,
            "networkList": [
                {
                    "network": asset,
                    "coin": asset,
                    "withdrawIntegerMultiple": 1e-8,
                    "isDefault": True,
                    "depositEnable": True,
                    "withdrawEnable": True,
                    "depositDesc": None,
                    "withdrawDesc": None,
                    "name": asset,
                    "withdrawFee": "0.001",
                    "withdrawMin": "0.002",
                    "depositDust": "0.00001",
                    "minConfirm": 3,
                    "withdrawTag": False,
                    "contractAddressUrl": "",
                    "contractAddress": "",
                }
            ],
        }
        for asset in sorted(assets)
    ]
