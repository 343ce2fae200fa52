"""Binance's replies to the owner of a key as values of the domain; strict, every number from the venue's own text.

Source: the public manual of Binance, USD-M futures (COIN-M where it says the same), spot account and wallet sections,
field by field; read 2026-11-24.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import pairwise

from bot.domain.account import (
    ZERO,
    Balance,
    Fill,
    IncomeEntry,
    KeyRights,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Order,
    OrderStatus,
    Position,
    PositionMode,
    Side,
    SymbolSettings,
    Transfer,
    Wallet,
)
from bot.exchange import strict
from bot.exchange.strict import Row, Unreadable

SymbolOf = Callable[[str], str]

SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "SELL": Side.SELL}
MARGIN_MODES: Mapping[str, MarginMode] = {"CROSSED": MarginMode.CROSS, "ISOLATED": MarginMode.ISOLATED}
STATUSES: Mapping[str, OrderStatus] = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "FILLED": OrderStatus.CLOSED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.CANCELED,
    "EXPIRED_IN_MATCH": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}
INCOME_KINDS: Mapping[str, str] = {
    "FUNDING_FEE": "funding",
    "COMMISSION": "fee",
    "REALIZED_PNL": "pnl",
    "INSURANCE_CLEAR": "pnl",
    "DELIVERED_SETTELMENT": "settlement",  # the venue's own spelling
    "TRANSFER": "transfer",
}
TRANSFER_TYPES: Mapping[str, tuple[Wallet, Wallet]] = {
    "MAIN_UMFUTURE": (Wallet.SPOT, Wallet.FUTURES),
    "UMFUTURE_MAIN": (Wallet.FUTURES, Wallet.SPOT),
    "MAIN_FUNDING": (Wallet.SPOT, Wallet.FUNDING),
    "FUNDING_MAIN": (Wallet.FUNDING, Wallet.SPOT),
    "FUNDING_UMFUTURE": (Wallet.FUNDING, Wallet.FUTURES),
    "UMFUTURE_FUNDING": (Wallet.FUTURES, Wallet.FUNDING),
    "MAIN_CMFUTURE": (Wallet.SPOT, Wallet.COIN_FUTURES),
    "CMFUTURE_MAIN": (Wallet.COIN_FUTURES, Wallet.SPOT),
    "FUNDING_CMFUTURE": (Wallet.FUNDING, Wallet.COIN_FUTURES),
    "CMFUTURE_FUNDING": (Wallet.COIN_FUTURES, Wallet.FUNDING),
}


def spot_balances(venue: str, reply: object) -> tuple[Balance, ...]:
    """GET /api/v3/account."""
    listed = strict.rows(strict.row(reply).get("balances"))
    found = [_balance(venue, Wallet.SPOT, item, ("locked",)) for item in listed]
    return tuple(item for item in strict.unique(found, lambda item: item.asset) if item.total > 0)


def funding_balances(venue: str, reply: object) -> tuple[Balance, ...]:
    """POST /sapi/v1/asset/get-funding-asset."""
    found = [_balance(venue, Wallet.FUNDING, item, ("locked", "freeze", "withdrawing")) for item in strict.rows(reply)]
    return tuple(item for item in strict.unique(found, lambda item: item.asset) if item.total > 0)


def _balance(venue: str, wallet: Wallet, source: Row, bound: Iterable[str]) -> Balance:
    free = strict.not_negative(source, "free")
    total = free + sum((strict.not_negative(source, key) for key in bound), ZERO)
    return Balance(venue=venue, wallet=wallet, asset=strict.text(source, "asset"), total=total, free=free)


def margin_accounts(venue: str, reply: object) -> tuple[MarginAccount, ...]:
    """GET /fapi/v3/account: one row per currency with a balance, a position or bound margin."""
    source = strict.row(reply)
    listed = strict.rows(source.get("assets"))
    if not listed and (strict.number(source, "totalWalletBalance") != 0 or not flat_by_account(source)):
        raise Unreadable("the collateral has a total or a position but no rows")
    found = strict.unique([margin_account(venue, item) for item in listed], lambda item: item.currency)
    return tuple(item for item in found if item.wallet or item.unrealised_pnl or item.initial or item.maintenance)


def margin_account(venue: str, source: Row) -> MarginAccount:
    """One row of the assets of GET /fapi/v3/account and GET /dapi/v1/account."""
    wallet, unrealised = strict.number(source, "walletBalance"), strict.number(source, "unrealizedProfit")
    equity = strict.number(source, "marginBalance")
    if abs(equity - wallet - unrealised) > Decimal("0.00001") + abs(equity) / 1_000_000:
        raise Unreadable("margin balance is not wallet plus unrealised profit")
    return MarginAccount(
        venue=venue,
        currency=strict.text(source, "asset"),
        wallet=wallet,
        unrealised_pnl=unrealised,
        initial=strict.not_negative(source, "initialMargin"),
        maintenance=strict.not_negative(source, "maintMargin"),
        withdrawable=strict.not_negative(source, "maxWithdrawAmount"),
    )


def flat_by_account(reply: object) -> bool:
    """The second witness of an empty position list: GET /fapi/v3/account shows neither position nor position margin."""
    source = strict.row(reply)
    open_rows = [item for item in strict.rows(source.get("positions")) if strict.number(item, "positionAmt") != 0]
    margin = strict.not_negative(source, "totalPositionInitialMargin")
    return not open_rows and margin == 0 and strict.number(source, "totalUnrealizedProfit") == 0


def positions(venue: str, reply: object, symbol_of: SymbolOf) -> tuple[Position, ...]:
    """GET /fapi/v3/positionRisk: rows of symbols with a position or an open order; flat ones are left out."""
    found = [_position(venue, item, symbol_of) for item in strict.rows(reply)]
    return strict.unique([item for item in found if item is not None], lambda item: item.symbol)


def _position(venue: str, source: Row, symbol_of: SymbolOf) -> Position | None:
    amount = strict.number(source, "positionAmt")
    market_id, side = strict.text(source, "symbol"), strict.text(source, "positionSide")
    if amount == 0:
        return None
    if side != "BOTH":
        raise Unreadable(f"{market_id} has a position of hedge mode, while Ballast needs one-way mode")
    notional = strict.number(source, "notional")
    if notional == 0 or (notional > 0) != (amount > 0):
        raise Unreadable(f"{market_id} has a position of {amount} with a notional of {notional}")
    # isolatedMargin holds the unrealised profit as well, and falls below zero with it; the wallet is what was put in
    isolated = strict.not_negative(source, "isolatedWallet")
    liquidation = strict.not_negative(source, "liquidationPrice")
    return Position(
        venue=venue,
        symbol=symbol_of(market_id),
        amount=amount,
        entry_price=strict.positive(source, "entryPrice"),
        mark_price=strict.positive(source, "markPrice"),
        liquidation_price=liquidation or None,
        unrealised_pnl=strict.number(source, "unRealizedProfit"),
        # this endpoint names no margin mode: only an isolated position has a margin of its own
        margin_mode=MarginMode.ISOLATED if isolated > 0 else MarginMode.CROSS,
        leverage=None,
        isolated_margin=isolated,
        updated_at=strict.moment_or_none(source, "updateTime"),
    )


def symbol_settings(venue: str, symbol: str, reply: object, market_id: str) -> SymbolSettings:
    """GET /fapi/v1/symbolConfig for one symbol."""
    for item in strict.rows(reply):
        if strict.text(item, "symbol") == market_id:
            return SymbolSettings(
                venue=venue,
                symbol=symbol,
                leverage=strict.positive(item, "leverage"),
                margin_mode=strict.one_of(item, "marginType", MARGIN_MODES),
            )
    raise Unreadable(f"no settings for {market_id}")


def position_mode(reply: object) -> PositionMode:
    """GET /fapi/v1/positionSide/dual."""
    return PositionMode.HEDGE if strict.flag(strict.row(reply), "dualSidePosition") else PositionMode.ONE_WAY


def brackets(reply: object, market_id: str) -> tuple[LeverageBracket, ...]:
    """GET /fapi/v1/leverageBracket for one symbol: gapless tiers from zero upwards."""
    listed = strict.rows(reply if isinstance(reply, list) else [reply])
    tiers = [
        item for entry in listed if entry.get("symbol") == market_id for item in strict.rows(entry.get("brackets"))
    ]
    found = sorted((_bracket(item) for item in tiers), key=lambda item: item.notional_floor)
    if not found or found[0].notional_floor != 0:
        raise Unreadable(f"no maintenance tiers for {market_id}")
    for lower, upper in pairwise(found):
        if lower.notional_cap != upper.notional_floor or lower.maintenance_rate > upper.maintenance_rate:
            raise Unreadable(f"the maintenance tiers of {market_id} have a gap")
    return tuple(found)


def _bracket(source: Row) -> LeverageBracket:
    floor, cap = strict.not_negative(source, "notionalFloor"), strict.positive(source, "notionalCap")
    rate = strict.positive(source, "maintMarginRatio")
    if cap <= floor or rate >= 1:
        raise Unreadable("a maintenance tier contradicts itself")
    return LeverageBracket(
        notional_floor=floor,
        notional_cap=cap,
        maintenance_rate=rate,
        maintenance_deduction=strict.not_negative(source, "cum"),
        leverage_max=strict.positive(source, "initialLeverage"),
    )


def order(venue: str, reply: object, symbol_of: SymbolOf) -> Order:
    """GET, POST and DELETE /fapi/v1/order, and the rows of GET /fapi/v1/openOrders."""
    source = strict.row(reply)
    amount, filled = strict.positive(source, "origQty"), strict.not_negative(source, "executedQty")
    status = strict.one_of(source, "status", STATUSES)
    if filled > amount or (status is OrderStatus.CLOSED and filled != amount):
        raise Unreadable(f"an order of {amount} says {filled} is filled and its status is {status}")
    return Order(
        venue=venue,
        symbol=symbol_of(strict.text(source, "symbol")),
        order_id=_order_id(source),
        client_id=strict.text(source, "clientOrderId"),
        side=strict.one_of(source, "side", SIDES),
        amount=amount,
        filled=filled,
        average_price=strict.positive(source, "avgPrice") if filled > 0 else None,
        status=status,
        reduce_only=strict.flag(source, "reduceOnly"),
        at=strict.moment_or_none(source, "updateTime"),
    )


def _order_id(source: Row) -> str:
    return counted_id(source, "orderId", "an order")


def counted_id(source: Row, key: str, what: str) -> str:
    """An id that counts up. Raises: Unreadable."""
    found = strict.text(source, key)
    if not found.isdecimal() or int(found) <= 0:
        raise Unreadable(f"{what} without an id")
    return found


def orders(venue: str, reply: object, symbol_of: SymbolOf) -> tuple[Order, ...]:
    """GET /fapi/v1/openOrders."""
    return tuple(order(venue, item, symbol_of) for item in strict.rows(reply))


def fills(venue: str, symbol: str, reply: object, market_id: str) -> list[Fill]:
    """GET /fapi/v1/userTrades of one symbol."""
    found = []
    for item in strict.rows(reply):
        if strict.text(item, "symbol") != market_id:
            raise Unreadable(f"a trade of another market among those of {market_id}")
        found.append(
            Fill(
                venue=venue,
                symbol=symbol,
                trade_id=counted_id(item, "id", "a trade"),
                order_id=_order_id(item),
                side=strict.one_of(item, "side", SIDES),
                amount=strict.positive(item, "qty"),
                price=strict.positive(item, "price"),
                fee=strict.number(item, "commission"),
                fee_currency=strict.text(item, "commissionAsset"),
                at=strict.moment(item, "time"),
            )
        )
    return found


def income(venue: str, reply: object, symbol_of: SymbolOf) -> list[IncomeEntry]:
    """GET /fapi/v1/income. The id joins transaction, kind and symbol, because Binance's is unique per kind only."""
    found = []
    for item in strict.rows(reply):
        kind, market_id = strict.text(item, "incomeType"), str(item.get("symbol") or "")
        found.append(
            IncomeEntry(
                venue=venue,
                symbol=symbol_of(market_id) if market_id else None,
                kind=INCOME_KINDS.get(kind, "other"),
                amount=strict.number(item, "income"),
                currency=strict.text(item, "asset"),
                at=strict.moment(item, "time"),
                entry_id=f"{kind}:{market_id}:{item.get('tranId')}:{item.get('tradeId') or ''}",
            )
        )
    return found


def transfers(venue: str, reply: object) -> list[Transfer]:
    """GET /sapi/v1/asset/transfer: a failed movement never happened and is left out."""
    source = strict.row(reply)
    if "rows" not in source and strict.number(source, "total") == 0:
        return []
    found = []
    for item in strict.rows(source.get("rows")):
        status = strict.text(item, "status")
        if status not in ("CONFIRMED", "PENDING", "FAILED"):
            raise Unreadable(f"a transfer has the unknown status {status[:20]!r}")
        if status == "FAILED":
            continue
        origin, target = strict.one_of(item, "type", TRANSFER_TYPES)
        found.append(
            Transfer(
                venue=venue,
                transfer_id=strict.text(item, "tranId"),
                currency=strict.text(item, "asset"),
                amount=strict.positive(item, "amount"),
                source=origin,
                target=target,
                at=strict.moment(item, "timestamp"),
                done=status == "CONFIRMED",
            )
        )
    return found


def transfer_types(futures: Wallet) -> tuple[str, ...]:
    """Binance's words for every movement that touches no other futures wallet than this one."""
    near = {Wallet.SPOT, Wallet.FUNDING, futures}
    return tuple(name for name, ends in TRANSFER_TYPES.items() if near.issuperset(ends))


def transfer_type(source: Wallet, target: Wallet) -> str | None:
    """Binance's word for a movement between two wallets."""
    return next((name for name, ends in TRANSFER_TYPES.items() if ends == (source, target)), None)


def key_rights(reply: object) -> KeyRights:
    """GET /sapi/v1/account/apiRestrictions."""
    source = strict.row(reply)
    return KeyRights(
        read=strict.flag(source, "enableReading"),
        trade_futures=strict.flag(source, "enableFutures"),
        transfer=strict.flag(source, "permitsUniversalTransfer"),
        withdraw=strict.flag(source, "enableWithdrawals"),
        ip_restricted=strict.flag(source, "ipRestrict"),
    )
