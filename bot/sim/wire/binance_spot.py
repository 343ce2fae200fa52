"""Binance's spot account, funding wallet and wallet-to-wallet transfers (/api/v3/account and /sapi)."""

from datetime import timedelta
from decimal import Decimal

from bot.sim.model import Rejected, WalletName
from bot.sim.wire.binance_call import Call, Json, Row
from bot.sim.wire.binance_errors import VenueError, mandatory_missing
from bot.sim.wire.numbers import milliseconds, plain, text

_WALLETS: dict[str, WalletName] = {
    "MAIN": "spot",
    "FUNDING": "funding",
    "UMFUTURE": "futures",
    "CMFUTURE": "coin_futures",
}
_NAMES = {wallet: name for name, wallet in _WALLETS.items()}
_ZERO = Decimal(0)


def account(call: Call) -> Json:
    """GET account: every asset the exchange knows, zero or not, unless omitZeroBalances is set."""
    held = call.engine.wallet(call.account, "spot")
    lean = call.parameters.flag("omitZeroBalances") or False
    assets = set(held) if lean else set(held) | _known_assets(call)
    rows: list[Row] = []
    for asset in sorted(assets):
        free, locked = held.get(asset, (_ZERO, _ZERO))
        if not lean or free or locked:
            rows.append({"asset": asset, "free": text(free), "locked": text(locked)})
    listing = next(iter(call.listings()), None)
    taker = text(listing.taker_fee if listing else _ZERO)
    maker = text(listing.maker_fee if listing else _ZERO)
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": maker, "taker": taker, "buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.now_ms,
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": 1000001,
    }


def _known_assets(call: Call) -> set[str]:
    return {asset for listing in call.listings() for asset in (listing.base, listing.quote)}


def key_rights(call: Call) -> Json:
    """GET sapi/v1/account/apiRestrictions: what this key may do."""
    key = call.key
    if key is None:
        raise mandatory_missing("signature")
    return {
        "ipRestrict": key.address_bound,
        "createTime": 1698645219000,
        "enableReading": True,
        "enableWithdrawals": key.may_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": key.may_trade_futures,
        "permitsUniversalTransfer": key.may_transfer,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": key.may_trade_spot,
        "enablePortfolioMarginTrading": False,
    }


def funding_wallet(call: Call) -> Json:
    """POST sapi/v1/asset/get-funding-asset: only assets that are there."""
    wanted = call.parameters.optional("asset")
    return [
        {
            "asset": asset,
            "free": text(free),
            "locked": text(locked),
            "freeze": "0",
            "withdrawing": "0",
            "btcValuation": "0",
        }
        for asset, (free, locked) in sorted(call.engine.wallet(call.account, "funding").items())
        if (free or locked) and wanted in (None, asset)
    ]


def coins(call: Call) -> Json:
    """GET sapi/v1/capital/config/getall: each coin with one network."""
    held = call.engine.wallet(call.account, "spot")
    rows: list[Row] = []
    for asset in sorted(_known_assets(call) | set(held)):
        free, locked = held.get(asset, (_ZERO, _ZERO))
        rows.append(
            {
                "coin": asset,
                "depositAllEnable": True,
                "withdrawAllEnable": True,
                "name": asset,
                "free": plain(free),
                "locked": plain(locked),
                "freeze": "0",
                "withdrawing": "0",
                "ipoing": "0",
                "ipoable": "0",
                "storage": "0",
                "isLegalMoney": False,
                "trading": True,
                "networkList": [_network(asset)],
            }
        )
    return rows


def _network(asset: str) -> Row:
    return {
        "network": asset,
        "coin": asset,
        "withdrawIntegerMultiple": "0.00000001",
        "isDefault": True,
        "depositEnable": True,
        "withdrawEnable": True,
        "name": asset,
        "resetAddressStatus": False,
        "addressRegex": "",
        "memoRegex": "",
        "withdrawFee": "0.001",
        "withdrawMin": "0.002",
        "withdrawMax": "9999999999.99999999",
        "minConfirm": 1,
        "unLockConfirm": 0,
        "sameAddress": False,
        "estimatedArrivalTime": 5,
        "busy": False,
    }


def nothing(_: Call) -> Json:
    """Lists that are always empty here: margin pairs, forced liquidation orders of others."""
    return []


def _direction(name: str) -> tuple[WalletName, WalletName]:
    source, _, target = name.partition("_")
    if source not in _WALLETS or target not in _WALLETS or source == target:
        raise VenueError(-1102, "Mandatory parameter 'type' was not sent, was empty/null, or malformed.")
    return _WALLETS[source], _WALLETS[target]


def _margin_coins(call: Call) -> set[str]:
    return {listing.settle for listing in call.engine.listings.values() if listing.market == "inverse"}


def transfer(call: Call) -> Json:
    """POST sapi/v1/asset/transfer between spot, funding and both futures wallets."""
    if call.key is None or not call.key.may_transfer:
        raise VenueError(-1002, "You are not authorized to execute this request.", 401)
    source, target = _direction(call.parameters.required("type"))
    asset, amount = call.parameters.required("asset"), call.parameters.decimal("amount")
    if "coin_futures" in (source, target) and asset not in _margin_coins(call):
        raise VenueError(-5013, "Asset transfer failed: asset is not supported by this account")
    try:
        made = call.engine.transfer(call.account, asset, amount, source, target)
    except Rejected as refused:
        if refused.reason == "amount_not_positive":
            raise VenueError(-1100, "Illegal characters found in parameter 'amount'.") from None
        raise VenueError(-5013, "Asset transfer failed: insufficient balance") from None
    return {"tranId": made.id}


def transfer_history(call: Call) -> Json:
    """GET sapi/v1/asset/transfer: newest first, pages of `size` from `current` = 1; a week by default."""
    source, target = _direction(call.parameters.required("type"))
    size = min(call.parameters.optional_integer("size") or 10, 100)
    page = max(call.parameters.optional_integer("current") or 1, 1)
    since = call.parameters.time("startTime") or call.now - timedelta(days=7)
    until = call.parameters.time("endTime") or call.now
    found = [
        move
        for move in call.engine.transfers(call.account, since)
        if (move.source, move.target) == (source, target) and move.at <= until
    ]
    found.sort(key=lambda move: (move.at, move.id), reverse=True)
    rows: list[Row] = [
        {
            "asset": move.asset,
            "amount": plain(move.amount),
            "type": f"{_NAMES[move.source]}_{_NAMES[move.target]}",
            "status": "CONFIRMED",
            "tranId": move.id,
            "timestamp": milliseconds(move.at),
        }
        for move in found[(page - 1) * size : page * size]
    ]
    return {"total": len(found), "rows": rows} if found else {"total": 0}
