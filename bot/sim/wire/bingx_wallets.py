"""BingX's spot and fund wallets, transfers between all wallets, coins, and what a key may do."""

from datetime import timedelta
from decimal import Decimal

from bot.sim.model import Rejected, WalletName
from bot.sim.wire.bingx_call import Call, Json, Row, venue_id
from bot.sim.wire.bingx_errors import VenueError, invalid, no_permission
from bot.sim.wire.exchange import ApiKey
from bot.sim.wire.numbers import milliseconds, plain, text

_WALLETS: dict[str, WalletName] = {
    "fund": "funding",
    "spot": "spot",
    "USDTMPerp": "futures",
    "coinMPerp": "coin_futures",
}
_NAMES = {wallet: name for name, wallet in _WALLETS.items()}
_ZERO = Decimal(0)


def _holdings(call: Call, wallet: WalletName, places: int) -> list[Row]:
    """Only what is there, with as many decimals as the venue's own arithmetic leaves."""
    return [
        {"asset": asset, "free": text(free, places), "locked": text(locked, places) if locked else "0"}
        for asset, (free, locked) in sorted(call.engine.wallet(call.account, wallet).items())
        if free or locked
    ]


def spot_balance(call: Call) -> Json:
    """GET spot/v1/account/balance."""
    return {"balances": _holdings(call, "spot", 15)}


def fund_balance(call: Call) -> Json:
    """GET fund/v1/account/balance."""
    return {"assets": _holdings(call, "funding", 20)}


def _wallet(call: Call, name: str) -> WalletName:
    found = _WALLETS.get(call.parameters.required(name))
    if found is None:
        raise invalid(name, "must be one of fund, spot, stdFutures, coinMPerp, USDTMPerp.")
    return found


def transfer(call: Call) -> Json:
    """POST api/asset/v1/transfer; ids come as texts."""
    _check_right(call.key)
    source, target = _wallet(call, "fromAccount"), _wallet(call, "toAccount")
    asset, amount = call.parameters.required("asset"), call.parameters.decimal("amount")
    if source == target:
        raise invalid("toAccount", "must differ from fromAccount.")
    try:
        made = call.engine.transfer(call.account, asset, amount, source, target)
    except Rejected as refused:
        if refused.reason == "amount_not_positive":
            raise invalid("amount", "must be positive.") from None
        raise VenueError(100202, "Insufficient balance") from None
    return {"tranId": str(venue_id(made.id)), "transferId": _transfer_id(made.id)}


def _transfer_id(number: int) -> str:
    return f"1051{venue_id(number)}"


def _check_right(key: ApiKey | None) -> None:
    if key is None or not key.may_transfer:
        raise no_permission("Universal Transfer")


def transfers(call: Call) -> Json:
    """GET api/v3/asset/transferRecord: by both accounts or by id, newest first, pages from 1; a week by default."""
    _check_right(call.key)
    wanted = call.parameters.optional("transferId")
    way = None if wanted is not None else (_wallet(call, "fromAccount"), _wallet(call, "toAccount"))
    size = call.parameters.page_size("pageSize", 10, 100)
    page = max(call.parameters.optional_integer("pageIndex") or 1, 1)
    since = call.parameters.time("startTime") or call.now - timedelta(days=7)
    until = call.parameters.time("endTime") or call.now
    found = [
        move
        for move in call.engine.transfers(call.account, since)
        if move.at <= until and (wanted is None or _transfer_id(move.id) == wanted)
    ]
    found = [move for move in found if way is None or (move.source, move.target) == way]
    found.sort(key=lambda move: (move.at, move.id), reverse=True)
    rows: list[Row] = [
        {
            "asset": move.asset,
            "amount": text(move.amount, 20),
            "status": "CONFIRMED",
            "transferId": _transfer_id(move.id),
            "timestamp": milliseconds(move.at),
            "fromAccount": _NAMES[move.source],
            "toAccount": _NAMES[move.target],
        }
        for move in found[(page - 1) * size : page * size]
    ]
    return {"total": len(found), "rows": rows}


def key_permissions(call: Call) -> Json:
    """GET v1/account/apiPermissions: numbers for rights; this page alone tells of withdrawals."""
    key = _asker(call)
    rights = {
        1: key.may_trade_spot,
        2: True,
        3: key.may_trade_futures,
        4: key.may_transfer,
        5: key.may_withdraw,
    }
    return {
        "apiKey": key.key,
        "permissions": [number for number, given in rights.items() if given],
        "ipAddresses": ["127.0.0.1"] if key.address_bound else [],
        "note": "local testnet",
    }


def key_restrictions(call: Call) -> Json:
    """GET v1/account/apiRestrictions: words for rights, without the usual envelope and without withdrawals."""
    key = _asker(call)
    return {
        "ipRestrict": key.address_bound,
        "createTime": 1698645219000,
        "permitsUniversalTransfer": key.may_transfer,
        "enableReading": True,
        "enableFutures": key.may_trade_futures,
        "enableSpotAndMarginTrading": key.may_trade_spot,
    }


def _asker(call: Call) -> ApiKey:
    if call.key is None:
        raise VenueError(100413, "Incorrect apiKey", keyed=True)
    return call.key


def coins(call: Call) -> Json:
    """GET wallets/v1/capital/config/getall: each coin with one network."""
    known = {
        asset
        for listing in call.engine.listings.values()
        if listing.market == "spot"
        for asset in (listing.base, listing.quote)
    }
    return [{"coin": asset, "name": asset, "networkList": [_network(asset)]} for asset in sorted(known)]


def _network(asset: str) -> Row:
    return {
        "name": asset,
        "network": asset,
        "isDefault": True,
        "minConfirm": "2",
        "withdrawEnable": True,
        "depositEnable": True,
        "withdrawFee": "0.001",
        "withdrawMax": "1000000",
        "withdrawMin": "0.002",
        "depositMin": plain(_ZERO),
        "withdrawPrecision": "8",
        "depositPrecision": "8",
        "contractAddress": "",
        "needTagOrMemo": "false",
        "displayName": asset,
    }
