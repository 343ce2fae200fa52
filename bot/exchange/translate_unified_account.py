"""ccxt's unified rows about an account as values of the domain, led by the venue's table; strict, nothing guessed."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from bot.domain.account import (
    ZERO,
    Balance,
    Fill,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Order,
    OrderStatus,
    Position,
    Side,
    SymbolSettings,
    Wallet,
)
from bot.exchange import strict
from bot.exchange.speech import Collateral, Leverage, Orders, Positions
from bot.exchange.strict import Row, Unreadable
from bot.exchange.translate_unified import found_at, number_at, or_zero, positive_at

STATUSES: Mapping[str, OrderStatus] = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.CLOSED,
    "canceled": OrderStatus.CANCELED,
    "cancelled": OrderStatus.CANCELED,
    "canceling": OrderStatus.OPEN,
    "expired": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.CANCELED,  # a word of BingX that ccxt passes on untranslated
    "partially_filled": OrderStatus.OPEN,  # one of WEEX that is passed on likewise
    "rejected": OrderStatus.REJECTED,
    "5": OrderStatus.REJECTED,  # MEXC's word for an invalid order, which ccxt passes on
}
SIDES: Mapping[str, Side] = {"buy": Side.BUY, "sell": Side.SELL}


def balances(venue: str, wallet: Wallet, reply: object, without: frozenset[str]) -> tuple[Balance, ...]:
    """A unified balance; totals are checked against their parts. `without` are told elsewhere, and may be owed."""
    source = strict.row(reply)
    totals = source.get("total")
    if not isinstance(totals, Mapping):
        raise Unreadable("a balance without totals")
    found = []
    for asset, value in totals.items():
        if asset in without:
            continue
        total = or_zero(value, f"{asset} total")
        if total < 0:
            raise Unreadable(f"{asset} has a balance of {total}")
        free = or_zero(found_at(source, f"free.{asset}"), f"{asset} free")
        if total > 0:
            found.append(
                Balance(venue=venue, wallet=wallet, asset=str(asset), total=total, free=max(ZERO, min(free, total)))
            )
    return tuple(found)


def told_once(found: Sequence[Balance]) -> tuple[Balance, ...]:
    """Balances of which no wallet shows what another one does: an answer to another question counts coins twice."""
    of = {wallet: {row.asset: row.total for row in found if row.wallet is wallet} for wallet in Wallet}
    if of[Wallet.SPOT] and of[Wallet.SPOT] == of[Wallet.FUNDING]:
        raise Unreadable("the funding wallet is told to hold to the last digit what the spot wallet holds")
    return tuple(found)


def margin_accounts(venue: str, reply: object, table: Collateral) -> tuple[MarginAccount, ...]:
    """The collateral of each currency out of the venue's own words."""
    listed = found_at(strict.row(reply).get("info"), table.rows) if table.rows else strict.row(reply).get("info")
    if isinstance(listed, Mapping):  # an object of currencies
        listed = [{table.currency: currency, **strict.row(row)} for currency, row in listed.items()]
    found = [_margin_account(venue, row, table) for row in strict.rows(listed)]
    unique = strict.unique(found, lambda row: row.currency)
    return tuple(row for row in unique if row.wallet or row.unrealised_pnl or row.initial or row.maintenance)


def coins_owned(accounts: Sequence[MarginAccount]) -> list[Balance]:
    """Coins behind inverse contracts: what the account would be worth in them if every position closed at mark."""
    return [
        Balance(
            venue=row.venue,
            wallet=Wallet.COIN_FUTURES,
            asset=row.currency,
            total=row.equity,
            free=max(ZERO, min(row.withdrawable, row.equity)),
        )
        for row in accounts
        if row.equity > 0
    ]


def _margin_account(venue: str, row: Row, table: Collateral) -> MarginAccount:
    wallet, profit = number_at(row, table.wallet), or_zero(found_at(row, table.unrealised), table.unrealised)
    if table.wallet_has_profit:
        wallet -= profit
    maintenance = or_zero(found_at(row, table.maintenance), table.maintenance) if table.maintenance else ZERO
    movable = or_zero(found_at(row, table.withdrawable), table.withdrawable) if table.withdrawable else None
    initial = sum((or_zero(found_at(row, path), path) for path in table.initial), ZERO)
    if not table.initial and movable is not None:
        initial = max(ZERO, wallet + profit - movable)
    if initial < 0 or maintenance < 0:
        raise Unreadable("bound collateral below zero")
    spare = max(ZERO, wallet + min(ZERO, profit) - initial)
    return MarginAccount(
        venue=venue,
        currency=strict.text(row, table.currency),
        wallet=wallet,
        unrealised_pnl=profit,
        initial=initial,
        maintenance=maintenance,
        withdrawable=spare if movable is None else max(ZERO, min(movable, wallet)),
    )


def believed(found: Sequence[Position], accounts: Sequence[MarginAccount]) -> None:
    """Whether the account's profit is that of its positions, all or those in cross mode; else a row is misnamed.

    Prices move between two answers, so a tenth of what the positions are worth may lie between. Raises: Unreadable.
    """
    for account in accounts:
        mine = [row for row in found if row.symbol.partition(":")[2].partition("-")[0] == account.currency]
        crossed = [row for row in mine if row.margin_mode is MarginMode.CROSS]
        slack = sum((row.collateral_value for row in mine), ZERO) / 10 + 1
        profits = [sum((row.unrealised_pnl for row in rows), ZERO) for rows in (mine, crossed)]
        if mine and all(abs(account.unrealised_pnl - profit) > slack for profit in profits):
            raise Unreadable(
                f"the account has a profit of {account.unrealised_pnl:.2f} {account.currency} open, the positions it "
                f"shows {profits[0]:.2f}: one of them is another market's"
            )


def position_rows(reply: object) -> Sequence[Row]:
    """Rows of which each says what it is about and how much; rows of another answer do not. Raises: Unreadable."""
    rows = strict.rows(reply)
    if not all(row.get("symbol") for row in rows):
        raise Unreadable("a row names no market")
    if any(row.get("contracts") is None for row in rows):
        raise Unreadable("a row names no size")
    return rows


def position(  # noqa: PLR0913 - what the row itself may not tell, fact by fact
    venue: str,
    source: Row,
    table: Positions,
    unit: Decimal,
    mark_price: Decimal | None,
    *,
    inverse: bool,
    usual_mode: MarginMode,
) -> Position | None:
    """One unified position; None for a flat row.

    `usual_mode` is the account's margin mode, for venues whose rows do not tell. Raises: Unreadable where side or size
    is not certain.
    """
    contracts = or_zero(source.get("contracts"), "contracts")
    if contracts == 0:
        return None
    for path, wanted in table.one_way.items():
        if str(found_at(source, path)) != wanted:
            raise Unreadable(f"{source.get('symbol')} has a position of hedge mode, while Ballast needs one-way mode")
    amount = abs(contracts) * unit * _direction(source, contracts, table)
    price = positive_at(source, table.mark) if table.mark else mark_price
    if price is None or price <= 0:
        raise Unreadable(f"the position in {source.get('symbol')} has no mark price")
    entry = positive_at(source, "entryPrice")
    told = source.get("unrealizedPnl")
    ours = amount * (1 / entry - 1 / price) if inverse else amount * (price - entry)
    profit = ours if told in (None, "") else strict.finite(told, "unrealizedPnl")
    mode = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}.get(str(source.get("marginMode")), usual_mode)
    liquidation = or_zero(source.get("liquidationPrice"), "liquidationPrice")
    leverage = or_zero(source.get("leverage"), "leverage")
    bound = or_zero(found_at(source, table.bound), table.bound) if mode is MarginMode.ISOLATED else ZERO
    if mode is MarginMode.ISOLATED and table.bound_has_profit:
        bound -= profit
    if mode is MarginMode.ISOLATED and table.bound_at_entry and not bound:
        if leverage <= 0:
            raise Unreadable(
                f"the isolated position in {source.get('symbol')} tells neither its margin nor its leverage"
            )
        bound = (abs(amount) / entry if inverse else abs(amount) * entry) / leverage
    moment = found_at(source, table.updated_at) if table.updated_at else None
    return Position(
        venue=venue,
        symbol=strict.text(source, "symbol"),
        amount=amount,
        entry_price=entry,
        mark_price=price,
        liquidation_price=liquidation if liquidation > 0 else None,
        unrealised_pnl=profit,
        margin_mode=mode,
        leverage=leverage or None,
        isolated_margin=max(ZERO, bound),
        updated_at=None if moment in (None, 0, "0", "") else strict.moment_of(moment, "position"),
        inverse=inverse,
    )


def _direction(source: Row, contracts: Decimal, table: Positions) -> int:
    side = source.get("side")
    if table.sides is not None:
        path, words = table.sides
        side = words.get(str(found_at(source, path)))
    if side == "long" and contracts > 0:
        return 1
    if side == "short":
        return -1
    if side == "both":  # one-way rows of BingX: the sign tells
        return 1 if contracts > 0 else -1
    raise Unreadable(f"the position in {source.get('symbol')} has the side {side!r}")


def margin_mode(reply: object, table: Leverage) -> MarginMode:
    """The margin mode by the venue's own word. Raises: Unreadable."""
    word = str(found_at(strict.row(reply), table.mode.paths["mode"]))
    if word not in table.modes:
        raise Unreadable(f"the margin mode is {word[:30]!r}, which is not known")
    return table.modes[word]


def symbol_settings(venue: str, symbol: str, leverage: Row, mode: Row, table: Leverage) -> SymbolSettings:
    """Leverage of the short side, and the margin mode."""
    shown = margin_mode(mode, table)
    path = table.read.paths.get(shown.value) or table.read.paths["leverage"]
    return SymbolSettings(venue=venue, symbol=symbol, leverage=positive_at(leverage, path), margin_mode=shown)


def with_leverage(reply: object) -> list[dict[str, object]]:
    """Tiers with the leverage each allows; untold, it is half of what the maintenance rate leaves room for.

    Venues ask for at least twice the maintenance margin to begin with. Raises: Unreadable.
    """
    found = []
    for row in strict.rows(reply):
        told = row.get("maxLeverage")
        room = int(1 / (2 * strict.positive(row, "maintenanceMarginRate")))
        found.append({**row, "maxLeverage": max(1, room) if told in (None, 0, "") else told})
    return found


def brackets(reply: object, *, floors_told: bool = True) -> tuple[LeverageBracket, ...]:
    """Unified leverage tiers of one market; the deductions follow from the rates. Source: policy_math 3.1.

    Where floors are not told, each tier begins where the one below ends. A rate that eats the whole initial margin is
    no rate (percent read as a fraction). Raises: Unreadable.
    """
    found: list[LeverageBracket] = []
    deduction, before = ZERO, ZERO
    for row in sorted(strict.rows(reply), key=lambda row: strict.number(row, "maxNotional")):
        end = found[-1].notional_cap if found else ZERO
        floor = strict.not_negative(row, "minNotional") if floors_told else end
        cap, rate = strict.positive(row, "maxNotional"), strict.positive(row, "maintenanceMarginRate")
        eaten = rate * strict.positive(row, "maxLeverage") >= 1
        if cap <= floor or eaten or rate < before or (found and floor != end):
            raise Unreadable("the maintenance tiers contradict each other")
        deduction += floor * (rate - before)
        found.append(
            LeverageBracket(
                notional_floor=floor,
                notional_cap=cap,
                maintenance_rate=rate,
                maintenance_deduction=deduction,
                leverage_max=strict.positive(row, "maxLeverage"),
            )
        )
        before = rate
    if not found or found[0].notional_floor != 0:
        raise Unreadable("no maintenance tiers from zero upwards")
    return tuple(found)


def order(venue: str, source: Row, table: Orders, unit: Decimal) -> Order:
    """A unified order that the venue recorded."""
    amount = positive_at(source, "amount") * unit
    filled = or_zero(source.get("filled"), "filled") * unit
    status = strict.one_of(source, "status", STATUSES)
    if filled < 0 or filled > amount or (status is OrderStatus.CLOSED and filled != amount):
        raise Unreadable(f"an order of {amount} says {filled} is filled and its status is {status}")
    client_id = found_at(source, table.written_id)
    side, closes = _side(source, table)
    return Order(
        venue=venue,
        symbol=strict.text(source, "symbol"),
        order_id=strict.text(source, "id"),
        client_id=str(client_id) if client_id else None,
        side=side,
        amount=amount,
        filled=filled,
        average_price=positive_at(source, "average") if filled > 0 else None,
        status=status,
        reduce_only=closes or source.get("reduceOnly") is True,
        at=_moment_or_none(source),
    )


def _side(source: Row, table: Orders) -> tuple[Side, bool]:
    if table.sides is None:
        return strict.one_of(source, "side", SIDES), False
    path, words = table.sides
    word = str(found_at(source, path))
    if word not in words:
        raise Unreadable(f"the side of an order is {word[:20]!r}, which is not known")
    return words[word], word in table.closes


def _moment_or_none(source: Row) -> datetime | None:
    value = source.get("lastUpdateTimestamp") or source.get("lastTradeTimestamp") or source.get("timestamp")
    return None if value is None else strict.moment_of(value, "order")


def about(reply: object, symbol: str, market_id: str) -> Row:
    """An object that speaks of this symbol, or of none; in the venue's own words too. Raises: Unreadable."""
    row = strict.row(reply)
    told: object = row
    while isinstance(told, Mapping):
        if told.get("symbol") not in (None, symbol, market_id):
            raise Unreadable(f"the answer is about {told['symbol']}")
        told = told.get("info")
    return row


def check_market(source: Row, market_id: str) -> None:
    """Whether a row is of the market that was asked for, in the venue's own words; ccxt may go by the question.

    Raises: Unreadable.
    """
    told = source.get("info")
    named = told.get("symbol") if isinstance(told, Mapping) else None
    if named is not None and named != market_id:
        raise Unreadable(f"a row of another market among those of {market_id}")


def fill(venue: str, source: Row, table: Orders, unit: Decimal) -> Fill:
    """One trade of ours."""
    fee = source.get("fee")
    paid = fee if isinstance(fee, Mapping) else {}
    trade_id = source.get("id") or f"{source.get('order')}:{source.get('timestamp')}:{source.get('amount')}"
    side, _ = _side(source, table)
    return Fill(
        venue=venue,
        symbol=strict.text(source, "symbol"),
        trade_id=str(trade_id),
        order_id=strict.text(source, "order"),
        side=side,
        amount=positive_at(source, "amount") * unit,
        price=positive_at(source, "price"),
        fee=or_zero(paid.get("cost"), "fee"),
        fee_currency=str(paid.get("currency") or ""),
        at=_written_time(found_at(source, table.fill_time)) if table.fill_time else strict.moment(source, "timestamp"),
    )


def _written_time(value: object) -> datetime:
    """A time written out with its offset from UTC; without one it could be anybody's."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise Unreadable("the time of a trade cannot be read") from None
    if at.tzinfo is None:
        raise Unreadable("the time of a trade has no offset from UTC")
    return at.astimezone(UTC)


def first_row(reply: object, path: str, *, of_list: bool) -> Row | None:
    """The order a look-up found, or the only one of a list; None for an empty list where orders come in one.

    The answer to another question has no order at that path: it must never pass for "no such order".
    """
    found = found_at(reply, path) if path else reply
    if not of_list:
        return strict.row(found)
    rows = strict.rows(found)
    if len(rows) > 1:
        raise Unreadable("several orders under one client id")
    return rows[0] if rows else None


def filled_in(params: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """Parameters with their placeholders filled in."""
    return {key: value.format_map(facts) if "{" in value else value for key, value in params.items()}


def distinct(fills: Sequence[Fill]) -> tuple[Fill, ...]:
    """Fills once each, oldest first."""
    by_id = {row.trade_id: row for row in fills}
    return tuple(sorted(by_id.values(), key=lambda row: (row.at, row.trade_id)))
