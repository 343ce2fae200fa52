"""COIN-M replies for tests of the adapter.

The bodies follow the examples of the public manual of Binance, COIN-M futures (read 2026-11-25): exchangeInfo,
premiumIndex, account, positionRisk, leverageBracket v2, order, userTrades, income, klines; figures are made up to fit
each other: 500 contracts of 100 USD short at 50,000, mark 40,000, one coin in the wallet.
"""

from tests.exchange.world import NOW_MS, Answer, reply

PERP = "BTC/USD:BTC"


def coin_market() -> dict[str, object]:
    """One row of GET /dapi/v1/exchangeInfo."""
    return {
        "symbol": "BTCUSD_PERP", "pair": "BTCUSD", "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
        "onboardDate": 1596006000000, "contractStatus": "TRADING", "contractSize": 100, "marginAsset": "BTC",
        "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000", "baseAsset": "BTC", "quoteAsset": "USD",
        "pricePrecision": 1, "quantityPrecision": 0, "baseAssetPrecision": 8, "quotePrecision": 8,
        "equalQtyPrecision": 4,
        "filters": [
            {"minPrice": "0.1", "maxPrice": "1000000", "filterType": "PRICE_FILTER", "tickSize": "0.1"},
            {"stepSize": "1", "filterType": "LOT_SIZE", "maxQty": "100000", "minQty": "1"},
            {"stepSize": "1", "filterType": "MARKET_LOT_SIZE", "maxQty": "60000", "minQty": "1"},
            {"limit": 200, "filterType": "MAX_NUM_ORDERS"},
        ],
        "orderTypes": ["LIMIT", "MARKET"], "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip


def coin_premium() -> list[dict[str, object]]:
    """GET /dapi/v1/premiumIndex?symbol=: a list also for one symbol."""
    return [{
        "symbol": "BTCUSD_PERP", "pair": "BTCUSD", "markPrice": "40000.00000000", "indexPrice": "39990.00000000",
        "estimatedSettlePrice": "39991.0", "lastFundingRate": "0.00010000", "interestRate": "0.00010000",
        "nextFundingTime": NOW_MS + 3_600_000, "time": NOW_MS,
    }]  # fmt: skip


def coin_position(**changes: object) -> dict[str, object]:
    """One row of GET /dapi/v1/positionRisk."""
    return {
        "symbol": "BTCUSD_PERP", "positionAmt": "-500", "entryPrice": "50000.0", "breakEvenPrice": "49990.0",
        "markPrice": "40000.00000000", "unRealizedProfit": "0.25000000", "liquidationPrice": "0", "leverage": "2",
        "maxQty": "50", "marginType": "cross", "isolatedMargin": "0.00000000", "isAutoAddMargin": "false",
        "positionSide": "BOTH", "notionalValue": "-1.25", "isolatedWallet": "0", "updateTime": NOW_MS, **changes,
    }  # fmt: skip


def coin_account(*, wallet: str = "1", profit: str = "0.25", bound: str = "0.625") -> dict[str, object]:
    """GET /dapi/v1/account."""
    equity = str(float(wallet) + float(profit))
    return {
        "assets": [{
            "asset": "BTC", "walletBalance": wallet, "unrealizedProfit": profit, "marginBalance": equity,
            "maintMargin": "0.005", "initialMargin": bound, "positionInitialMargin": bound,
            "openOrderInitialMargin": "0.00000000", "maxWithdrawAmount": "0.4", "crossWalletBalance": wallet,
            "crossUnPnl": profit, "availableBalance": "0.4", "updateTime": NOW_MS,
        }, {
            "asset": "ETH", "walletBalance": "0", "unrealizedProfit": "0", "marginBalance": "0", "maintMargin": "0",
            "initialMargin": "0", "positionInitialMargin": "0", "openOrderInitialMargin": "0",
            "maxWithdrawAmount": "0", "crossWalletBalance": "0", "crossUnPnl": "0", "availableBalance": "0",
            "updateTime": 0,
        }],
        "positions": [], "canDeposit": True, "canTrade": True, "canWithdraw": True, "feeTier": 2, "updateTime": NOW_MS,
    }  # fmt: skip


def coin_order(client_id: str = "abc", **changes: object) -> dict[str, object]:
    """GET and POST /dapi/v1/order."""
    return {
        "orderId": 1917641, "symbol": "BTCUSD_PERP", "pair": "BTCUSD", "status": "FILLED", "clientOrderId": client_id,
        "price": "39900.0", "avgPrice": "39950.0", "origQty": "20", "executedQty": "20", "cumBase": "0.05006258",
        "timeInForce": "IOC", "type": "LIMIT", "reduceOnly": False, "closePosition": False, "side": "SELL",
        "positionSide": "BOTH", "stopPrice": "0", "workingType": "CONTRACT_PRICE", "priceProtect": False,
        "origType": "LIMIT", "updateTime": NOW_MS, **changes,
    }  # fmt: skip


def coin_answers() -> dict[str, Answer]:
    """Everything a coin-margined account answers by default."""
    return {
        "GET /dapi/v1/exchangeInfo": reply({"timezone": "UTC", "symbols": [coin_market()]}),
        "GET /dapi/v1/premiumIndex": reply(coin_premium()),
        "GET /dapi/v1/fundingInfo": reply([]),
        "GET /dapi/v1/account": reply(coin_account()),
        "GET /dapi/v1/positionRisk": reply([coin_position(), coin_position(symbol="ETHUSD_PERP", positionAmt="0")]),
        "GET /dapi/v2/leverageBracket": reply([{"symbol": "BTCUSD_PERP", "brackets": [
            {"bracket": 1, "initialLeverage": 125, "qtyCap": 5, "qtylFloor": 0, "maintMarginRatio": 0.004, "cum": 0.0},
            {"bracket": 2, "initialLeverage": 100, "qtyCap": 10, "qtylFloor": 5, "maintMarginRatio": 0.005,
             "cum": 0.005},
        ]}]),
    }  # fmt: skip
