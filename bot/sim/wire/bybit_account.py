"""What Bybit tells of a key and an account: rights, margin mode, fees, coins.

Source: bybit-exchange.github.io/docs/v5/user/apikey-info, account/account-info, account/set-margin-mode.
"""

from bot.sim.model import MarketType, Rejected
from bot.sim.wire.bybit_call import Call, Row, name_of
from bot.sim.wire.bybit_errors import VenueError
from bot.sim.wire.bybit_wallet import isolated
from bot.sim.wire.numbers import plain

_MODES = {"REGULAR_MARGIN": False, "ISOLATED_MARGIN": True}


def key_rights(call: Call) -> Row:
    """GET /v5/user/query-api: what this key may do."""
    key = call.owner
    trades = key.may_trade_spot or key.may_trade_futures
    wallet = [
        *(["AccountTransfer", "SubMemberTransferList"] if key.may_transfer else []),
        *(["Withdraw"] if key.may_withdraw else []),
    ]
    return {
        "id": "13770661",
        "note": "ballast",
        "apiKey": key.key,
        "readOnly": 0 if trades or wallet else 1,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if key.may_trade_futures else [],
            "Spot": ["SpotTrade"] if key.may_trade_spot else [],
            "Wallet": wallet,
            "Options": [],
            "Derivatives": ["DerivativesTrade"] if key.may_trade_futures else [],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
        },
        "ips": ["203.0.113.7"] if key.address_bound else ["*"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2027-01-01T00:00:00Z",
        "createdAt": "2025-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": 1000001,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_1",
        "kycRegion": "",
    }


def account_info(call: Call) -> Row:
    """GET /v5/account/info: the margin mode, which belongs to the whole account."""
    return {
        "marginMode": "ISOLATED_MARGIN" if isolated(call) else "REGULAR_MARGIN",
        "updatedTime": "1735689600000",
        "unifiedMarginStatus": 5,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def set_margin_mode(call: Call) -> Row:
    """POST /v5/account/set-margin-mode: every contract at once, and only while nothing is open."""
    mode = call.parameters.choice("setMarginMode", (*_MODES, "PORTFOLIO_MARGIN"))
    if mode == "PORTFOLIO_MARGIN":
        raise _failed("3400000", "Equity needs to be equal to or greater than 1000 USDC")
    wanted = _MODES[mode]
    if wanted == isolated(call):
        return {"reasons": []}
    contracts: tuple[MarketType, ...] = ("linear", "inverse")
    if any(call.engine.positions(call.account, one) or call.engine.open_orders(call.account, one) for one in contracts):
        raise _failed("3400101", "Please ensure that there are no positions and no active orders")
    for listing in list(call.engine.listings.values()):
        if listing.market in contracts:
            try:
                call.engine.set_isolated(call.account, listing.symbol, wanted)
            except Rejected as refused:
                if refused.reason != "no_need_to_change":
                    raise
    return {"reasons": []}


def _failed(code: str, message: str) -> VenueError:
    reasons = [{"reasonCode": code, "reasonMsg": message}]
    return VenueError(3400045, "Set margin mode failed", result={"reasons": reasons})


def fee_rates(call: Call) -> Row:
    """GET /v5/account/fee-rate, one symbol or all."""
    wanted = call.optional_listing()
    rows: list[Row] = [
        {
            "symbol": name_of(listing),
            "baseCoin": "",
            "takerFeeRate": plain(listing.taker_fee),
            "makerFeeRate": plain(listing.maker_fee),
        }
        for listing in ([wanted] if wanted else call.listings())
    ]
    return {"category": call.category, "list": rows}


def coins(call: Call) -> Row:
    """GET /v5/asset/coin/query-info: each coin with one chain."""
    wanted = call.parameters.optional("coin")
    listings = call.engine.listings.values()
    known = sorted({asset for listing in listings for asset in (listing.base, listing.quote)})
    rows: list[Row] = [
        {
            "name": coin,
            "coin": coin,
            "remainAmount": "10000000",
            "chains": [
                {
                    "chain": coin,
                    "chainType": coin,
                    "confirmation": "6",
                    "withdrawFee": "0",
                    "depositMin": "0",
                    "withdrawMin": "0.001",
                    "minAccuracy": "8",
                    "chainDeposit": "1",
                    "chainWithdraw": "1",
                    "withdrawPercentageFee": "0",
                    "contractAddress": "",
                }
            ],
        }
        for coin in known
        if wanted in (None, coin)
    ]
    return {"rows": rows}
