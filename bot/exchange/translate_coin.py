"""Binance's COIN-M replies as values of the domain: contracts become face value, collateral and tiers are coins.

Source: the public manual of Binance, COIN-M futures, field by field; read 2026-11-25.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from bot.domain.account import (
    ZERO,
    Balance,
    Book,
    BookLevel,
    Candle,
    Fill,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Order,
    Position,
    SymbolSettings,
    Wallet,
)
from bot.exchange import strict, translate, translate_account
from bot.exchange.strict import Row, Unreadable

SymbolOf = Callable[[str], str]
SizeOf = Callable[[str], Decimal]

MARGIN_MODES: Mapping[str, MarginMode] = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


def margin_accounts(venue: str, reply: object) -> tuple[MarginAccount, ...]:
    """GET /dapi/v1/account: one row per coin with a balance, a position or bound margin."""
    listed = strict.rows(strict.row(reply).get("assets"))
    found = strict.unique(
        [translate_account.margin_account(venue, item) for item in listed], lambda item: item.currency
    )
    return tuple(item for item in found if item.wallet or item.unrealised_pnl or item.initial or item.maintenance)


def balances(venue: str, reply: object) -> tuple[Balance, ...]:
    """The same reply as coins owned: what the account would be worth in coins if every position closed at mark."""
    return tuple(
        Balance(
            venue=venue,
            wallet=Wallet.COIN_FUTURES,
            asset=row.currency,
            total=row.equity,
            free=max(ZERO, min(row.withdrawable, row.equity)),
        )
        for row in margin_accounts(venue, reply)
        if row.equity > 0
    )


def flat_by_account(reply: object) -> bool:
    """The second witness of an empty position list: GET /dapi/v1/account shows neither position nor position margin."""
    source = strict.row(reply)
    open_rows = [item for item in strict.rows(source.get("positions")) if strict.number(item, "positionAmt") != 0]
    assets = strict.rows(source.get("assets"))
    bound = sum((strict.not_negative(item, "positionInitialMargin") for item in assets), ZERO)
    return not open_rows and bound == 0 and all(strict.number(item, "unrealizedProfit") == 0 for item in assets)


def positions(venue: str, reply: object, symbol_of: SymbolOf, size_of: SizeOf) -> tuple[Position, ...]:
    """GET /dapi/v1/positionRisk: rows of every contract; flat ones are left out."""
    found = [_position(venue, item, symbol_of, size_of) for item in strict.rows(reply)]
    return strict.unique([item for item in found if item is not None], lambda item: item.symbol)


def _position(venue: str, source: Row, symbol_of: SymbolOf, size_of: SizeOf) -> Position | None:
    contracts = strict.number(source, "positionAmt")
    market_id = strict.text(source, "symbol")
    if contracts == 0:
        return None
    if strict.text(source, "positionSide") != "BOTH":
        raise Unreadable(f"{market_id} has a position of hedge mode, while Ballast needs one-way mode")
    isolated = strict.one_of(source, "marginType", MARGIN_MODES) is MarginMode.ISOLATED
    return Position(
        venue=venue,
        symbol=symbol_of(market_id),
        amount=contracts * size_of(market_id),
        entry_price=strict.positive(source, "entryPrice"),
        mark_price=strict.positive(source, "markPrice"),
        liquidation_price=strict.not_negative(source, "liquidationPrice") or None,
        unrealised_pnl=strict.number(source, "unRealizedProfit"),
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        leverage=strict.positive(source, "leverage"),
        isolated_margin=strict.not_negative(source, "isolatedWallet") if isolated else ZERO,
        updated_at=strict.moment_or_none(source, "updateTime"),
        inverse=True,
    )


def symbol_settings(venue: str, symbol: str, reply: object, market_id: str) -> SymbolSettings:
    """Leverage and margin mode out of GET /dapi/v1/positionRisk, which lists flat contracts as well."""
    for item in strict.rows(reply):
        if strict.text(item, "symbol") == market_id:
            return SymbolSettings(
                venue=venue,
                symbol=symbol,
                leverage=strict.positive(item, "leverage"),
                margin_mode=strict.one_of(item, "marginType", MARGIN_MODES),
            )
    raise Unreadable(f"no settings for {market_id}")


def brackets(reply: object, market_id: str) -> tuple[LeverageBracket, ...]:
    """GET /dapi/v2/leverageBracket for one contract: gapless tiers in coins from zero upwards."""
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
    # the manual writes qtylFloor for COIN-M and qtyFloor for the portfolio account; both are taken
    floor_key = "qtyFloor" if "qtyFloor" in source else "qtylFloor"
    floor, cap = strict.not_negative(source, floor_key), strict.positive(source, "qtyCap")
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


def order(venue: str, reply: object, symbol_of: SymbolOf, size_of: SizeOf) -> Order:
    """GET, POST and DELETE /dapi/v1/order; quantities are contracts."""
    found = translate_account.order(venue, reply, symbol_of)
    size = size_of(strict.text(strict.row(reply), "symbol"))
    return replace(found, amount=found.amount * size, filled=found.filled * size)


def orders(venue: str, reply: object, symbol_of: SymbolOf, size_of: SizeOf) -> tuple[Order, ...]:
    """GET /dapi/v1/openOrders."""
    return tuple(order(venue, item, symbol_of, size_of) for item in strict.rows(reply))


def fills(venue: str, symbol: str, reply: object, market_id: str, size: Decimal) -> list[Fill]:
    """GET /dapi/v1/userTrades of one contract."""
    found = translate_account.fills(venue, symbol, reply, market_id)
    return [replace(item, amount=item.amount * size) for item in found]


def book(venue: str, symbol: str, reply: object, size: Decimal) -> Book:
    """GET /dapi/v1/depth."""
    found = translate.book(venue, symbol, reply)
    return replace(found, bids=_scaled(found.bids, size), asks=_scaled(found.asks, size))


def _scaled(levels: tuple[BookLevel, ...], size: Decimal) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(price=level.price, amount=level.amount * size) for level in levels)


def candles(reply: object) -> list[Candle]:
    """GET /dapi/v1/klines: the volume in coins stands in the eighth place, that in contracts in the sixth."""
    if not isinstance(reply, list) or any(not isinstance(item, list) or len(item) < 8 for item in reply):
        raise Unreadable("a candle is damaged")
    return translate.candles([[*item[:5], item[7]] for item in reply])
