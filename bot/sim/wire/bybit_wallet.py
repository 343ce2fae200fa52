"""Bybit's unified wallet and the funding wallet beside it, over an engine that keeps spot and futures money apart.

How the one wallet is told: the coins of the engine's spot wallet, and of each settlement currency (USDT) what lies in
spot and futures together, once. So that collateral is what the page says it is, every signed request first gathers the
free settlement currency in the futures wallet; a spot purchase borrows from there what is not bound and the rest
returns at once. The other coins are no collateral of linear contracts here, as with Bybit's collateral switch turned
off for them; of coin-margined ones they are, and a request about those gathers them in the coin futures wallet.
Source: bybit-exchange.github.io/docs/v5/account/wallet-balance, asset/balance/all-balance, asset/transfer.
"""

from decimal import ROUND_FLOOR, Decimal

from bot.sim.engine import SimTransfer
from bot.sim.model import Rejected, WalletName
from bot.sim.wire.bybit_call import Call, Row, id_number, id_text
from bot.sim.wire.bybit_errors import VenueError, bad_parameter
from bot.sim.wire.numbers import milliseconds, plain

_ZERO = Decimal(0)
_MONEY_STEP = Decimal("0.00000001")
_ACCOUNT_TYPES = ("UNIFIED", "FUND")
_DEPRECATED = ("availableToWithdraw", "availableToBorrow")


def settlement_coins(call: Call) -> tuple[str, ...]:
    """The currencies linear contracts are settled in."""
    return tuple(sorted({row.settle for row in call.engine.listings.values() if row.market == "linear"}))


def coin_margins(call: Call) -> tuple[str, ...]:
    """The coins that coin-margined contracts are settled in."""
    return tuple(sorted({row.settle for row in call.engine.listings.values() if row.market == "inverse"}))


def gather(call: Call) -> None:
    """Bring the free settlement currency of the spot wallet to where it is collateral."""
    held = call.engine.wallet(call.account, "spot")
    if call.parameters.optional("category") == "inverse":
        for coin in coin_margins(call):
            _move(call, coin, held.get(coin, (_ZERO, _ZERO))[0], "spot", "coin_futures")
    for coin in settlement_coins(call):
        free, _ = held.get(coin, (_ZERO, _ZERO))
        _move(call, coin, free, "spot", "futures")


def lend(call: Call, sold: str | None = None) -> None:
    """Bring what no position binds to the spot wallet, for a purchase there or to be sold."""
    if sold is not None and sold in coin_margins(call):
        _move(call, sold, call.engine.margin(call.account, sold, "inverse").withdrawable, "coin_futures", "spot")
        return
    for coin in settlement_coins(call):
        _move(call, coin, call.engine.margin(call.account, coin).withdrawable, "futures", "spot")


def _move(call: Call, coin: str, amount: Decimal, source: WalletName, target: WalletName) -> None:
    whole = amount.quantize(_MONEY_STEP, rounding=ROUND_FLOOR)
    if whole > 0:
        call.engine.transfer(call.account, coin, whole, source, target)


def isolated(call: Call) -> bool:
    """Whether the account is in isolated margin mode, which Bybit sets for the whole account."""
    linear = next((row for row in call.engine.listings.values() if row.market == "linear"), None)
    return linear is not None and call.engine.setup(call.account, linear.symbol).isolated


def wallet_balance(call: Call) -> Row:
    """GET /v5/account/wallet-balance: every coin that is there, with its margin figures."""
    call.parameters.choice("accountType", ("UNIFIED",))
    wanted = call.parameters.optional("coin")
    kept: tuple[WalletName, ...] = ("spot", "coin_futures")
    held = {coin for wallet in kept for coin in call.engine.wallet(call.account, wallet)}
    names = set(wanted.split(",")) if wanted else held
    rows = [_coin_row(call, coin) for coin in sorted(names | (set() if wanted else set(settlement_coins(call))))]
    shown = [row for row in rows if wanted or row["walletBalance"] != "0" or row["equity"] != "0"]
    return {"list": [_totals(call, shown) | {"accountType": "UNIFIED", "accountLTV": "0", "coin": shown}]}


def _coin_row(call: Call, coin: str) -> Row:
    free, locked = call.engine.wallet(call.account, "spot").get(coin, (_ZERO, _ZERO))
    balance, profit = free + locked, _ZERO
    bound = {"totalOrderIM": _ZERO, "totalPositionIM": _ZERO, "totalPositionMM": _ZERO}
    linear, inverse = coin in settlement_coins(call), coin in coin_margins(call)
    settles = linear or inverse
    if settles:
        state = call.engine.margin(call.account, coin, "linear" if linear else "inverse")
        balance, profit = balance + state.wallet, state.unrealised_pnl
        bound = {
            "totalOrderIM": state.order_initial,
            "totalPositionIM": state.initial,
            "totalPositionMM": state.maintenance,
        }
    return {
        "coin": coin,
        "equity": plain(balance + profit),
        "usdValue": plain((balance + profit) * _usd(call, coin)),
        "walletBalance": plain(balance),
        "locked": plain(locked),
        "spotHedgingQty": "0",
        "borrowAmount": "0",
        "spotBorrow": "0",
        "accruedInterest": "0",
        **{name: plain(value) for name, value in bound.items()},
        "unrealisedPnl": plain(profit),
        "cumRealisedPnl": plain(_realised(call, coin)) if settles else "0",
        "bonus": "0",
        "collateralSwitch": linear,
        "marginCollateral": linear,
        **dict.fromkeys(_DEPRECATED, ""),
    }


def _realised(call: Call, coin: str) -> Decimal:
    kinds = ("REALIZED_PNL", "FUNDING_FEE", "COMMISSION")
    rows = [*call.engine.income(call.account), *call.engine.income(call.account, None, "coin_futures")]
    return sum((row.amount for row in rows if row.currency == coin and row.kind in kinds), _ZERO)


def _usd(call: Call, coin: str) -> Decimal:
    if coin in settlement_coins(call):
        return Decimal(1)
    try:
        return call.engine.quote("spot", f"{coin}USDT").mid
    except Rejected:
        return _ZERO


def _totals(call: Call, rows: list[Row]) -> Row:
    """Sums over the account in dollars; those about margin are empty in isolated mode."""
    margins = [call.engine.margin(call.account, coin) for coin in settlement_coins(call)]
    initial = sum((row.initial + row.order_initial for row in margins), _ZERO)
    maintenance = sum((row.maintenance for row in margins), _ZERO)
    collateral = sum((row.wallet + row.unrealised_pnl for row in margins), _ZERO)
    worth = sum((Decimal(str(row["walletBalance"])) * _usd(call, str(row["coin"])) for row in rows), _ZERO)
    profit = sum((row.unrealised_pnl for row in margins), _ZERO)
    told = {
        "totalEquity": worth + profit,
        "totalWalletBalance": worth,
        "totalMarginBalance": collateral,
        "totalAvailableBalance": max(_ZERO, collateral - initial),
        "totalPerpUPL": profit,
        "totalInitialMargin": initial,
        "totalMaintenanceMargin": maintenance,
        "accountIMRate": initial / collateral if collateral > 0 else _ZERO,
        "accountMMRate": maintenance / collateral if collateral > 0 else _ZERO,
    }
    kept = ("totalEquity",) if isolated(call) else tuple(told)
    return {name: plain(round(value, 8)) if name in kept else "" for name, value in told.items()}


def coins_balance(call: Call) -> Row:
    """GET /v5/asset/transfer/query-account-coins-balance: the funding wallet; needs the transfer right."""
    _check_transfer_right(call)
    kind = call.parameters.choice("accountType", _ACCOUNT_TYPES)
    wanted = call.parameters.optional("coin")
    if kind == "UNIFIED" and wanted is None:
        raise bad_parameter("coin")
    held: dict[str, Decimal] = {}
    for wallet in _wallets(kind):
        for coin, (free, locked) in call.engine.wallet(call.account, wallet).items():
            held[coin] = held.get(coin, _ZERO) + free + locked
    names = wanted.split(",") if wanted else sorted(held)
    return {
        "memberId": "1000001",
        "accountType": kind,
        "balance": [
            {
                "coin": coin,
                "transferBalance": plain(_transferable(call, kind, coin)),
                "walletBalance": plain(held.get(coin, _ZERO)),
                "bonus": "",
            }
            for coin in names
        ],
    }


def _wallets(kind: str) -> tuple[WalletName, ...]:
    return ("funding",) if kind == "FUND" else ("spot", "futures", "coin_futures")


def _transferable(call: Call, kind: str, coin: str) -> Decimal:
    if kind == "UNIFIED" and coin in settlement_coins(call):
        return call.engine.margin(call.account, coin).withdrawable.quantize(_MONEY_STEP, rounding=ROUND_FLOOR)
    wallets: tuple[WalletName, ...] = ("funding",) if kind == "FUND" else ("spot", "coin_futures")
    return sum((call.engine.wallet(call.account, one).get(coin, (_ZERO, _ZERO))[0] for one in wallets), _ZERO)


def transfer(call: Call) -> Row:
    """POST /v5/asset/transfer/inter-transfer between the funding wallet and the unified one."""
    _check_transfer_right(call)
    call.parameters.required("transferId")
    coin, amount = call.parameters.required("coin"), call.parameters.decimal("amount")
    origin, goal = call.parameters.required("fromAccountType"), call.parameters.required("toAccountType")
    if origin == goal:
        raise VenueError(131211, "fromAccountType can't be the same as toAccountType")
    for kind, code, way in ((origin, 131232, "out"), (goal, 131231, "into")):
        if kind not in _ACCOUNT_TYPES:
            raise VenueError(code, f"Transfers {way} this account are not supported")
    unified: WalletName = "futures" if coin in settlement_coins(call) else "spot"
    if origin == "UNIFIED" and coin in coin_margins(call):
        lend(call, coin)
    try:
        done = call.engine.transfer(
            call.account,
            coin,
            amount,
            "funding" if origin == "FUND" else unified,
            "funding" if goal == "FUND" else unified,
        )
    except Rejected as refused:
        if refused.reason == "amount_not_positive":
            raise VenueError(131210, "Amount accuracy error") from None
        raise VenueError(131212, "Insufficient balance") from None
    return {"transferId": id_text(done.id, "linear"), "status": "SUCCESS"}


def transfers(call: Call) -> Row:
    """GET /v5/asset/transfer/query-inter-transfer-list, newest first, without moves inside the one wallet."""
    _check_transfer_right(call)
    asked, coin = call.parameters.optional("transferId"), call.parameters.optional("coin")
    number = id_number(asked, "linear") if asked else None
    since, until = call.parameters.time("startTime"), call.parameters.time("endTime") or call.now
    rows = [
        _transfer_row(row)
        for row in reversed(call.engine.transfers(call.account, since))
        if "funding" in (row.source, row.target) and row.at <= until and coin in (None, row.asset)
        if asked is None or row.id == number
    ]
    limit = call.parameters.limit(20, 50)
    return {"list": rows[:limit], "nextPageCursor": ""}


def _transfer_row(row: SimTransfer) -> Row:
    def kind(wallet: WalletName) -> str:
        return "FUND" if wallet == "funding" else "UNIFIED"

    return {
        "transferId": id_text(row.id, "linear"),
        "coin": row.asset,
        "amount": plain(row.amount),
        "fromAccountType": kind(row.source),
        "toAccountType": kind(row.target),
        "timestamp": str(milliseconds(row.at)),
        "status": "SUCCESS",
    }


def _check_transfer_right(call: Call) -> None:
    if not call.owner.may_transfer:
        raise VenueError(10005, "Permission denied, please check your API key permissions.")
