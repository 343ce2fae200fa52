"""Orders: admitted or refused, matched against the book, booked fill by fill, ended."""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.sim.admission import Admitted, OrderRequest, admit, closing_only, reducible
from bot.sim.booking import Execution, book_contract, book_spot
from bot.sim.cash import COUNTERPARTY, house
from bot.sim.collateral import margin_state
from bot.sim.contract import quote_worth, worth
from bot.sim.frictions import Level, ladder, recovered, walk
from bot.sim.model import (
    Listing,
    MarketType,
    OrderState,
    Quote,
    Rejected,
    SideName,
    SimOrder,
    SimPosition,
    SimTrade,
)
from bot.sim.state import AccountState, IncomeKind, State

ZERO = Decimal(0)
MARKET = house(COUNTERPARTY)


def place(state: State, request: OrderRequest) -> SimOrder:
    """Take an order: refuse it, or fill what crosses and rest or expire the remainder.

    Raises: Rejected.
    """
    account = state.account(request.account)
    try:
        admitted = admit(state, account, request, lambda limit: _reach(state, request, limit))
    except Rejected as refused:
        state.record(
            "order.rejected",
            request.account,
            request.symbol,
            market=request.market,
            reason=refused.reason,
            client_id=request.client_id,
            side=request.side,
            amount=request.amount,
            reduce_only=request.reduce_only,
        )
        raise
    order = _accept(state, account, request, admitted)
    if admitted.ends:
        end(state, account, order, "EXPIRED")
        return order
    if request.time_in_force == "FOK" and sum((lot.amount for lot in admitted.lots), ZERO) < order.amount:
        end(state, account, order, "EXPIRED")
        return order
    for lot in admitted.lots:
        execute(state, account, order, Execution(lot.price, lot.amount, False))
    _eat(state, request.market, request.symbol, request.side, admitted.lots)
    if order.open and (request.order_type == "MARKET" or request.time_in_force in ("IOC", "FOK")):
        end(state, account, order, "EXPIRED")
    drop_empty_reductions(state, account, request.symbol)
    return order


def match_resting(state: State) -> None:
    """Fill resting orders that the present quotes reach, at their own price, as far as the depth allows."""
    for account in state.accounts.values():
        for order in list(account.open.values()):
            quote = state.quotes.get((order.market, order.symbol))
            if order.open and order.price is not None and quote is not None and not quote.stale:
                if not order.reduce_only and closing_only(state.listings[(order.market, order.symbol)], state.now):
                    continue
                _match_one(state, account, order, quote)


def execute(state: State, account: AccountState, order: SimOrder, execution: Execution) -> None:
    """Book one execution: money, position, trade, order, ledger."""
    listing = state.listings[(order.market, order.symbol)]
    if order.market == "spot":
        fee, currency, realised = book_spot(state, account, order.side, execution, listing)
    else:
        fee, currency, realised = book_contract(state, account, order.side, execution, listing)
    _note(state, account, order, execution, (fee, currency, realised))


def take_over(
    state: State, account: AccountState, position: SimPosition, amount: Decimal, name: str
) -> tuple[SimOrder, Decimal]:
    """Close (part of) a position at mark without fee, on the venue's own initiative; returns the order and the pnl."""
    listing = replace(state.contract(position.symbol), taker_fee=ZERO)
    order, realised, _ = close_at(state, account, position, listing, (amount, state.mark(position.symbol), name))
    return order, realised


def close_at(
    state: State,
    account: AccountState,
    position: SimPosition,
    listing: Listing,
    what: tuple[Decimal, Decimal, str],
    kind: IncomeKind = "REALIZED_PNL",
) -> tuple[SimOrder, Decimal, Decimal]:
    """Close an amount of a position at a price as the venue's own order of a name; returns order, pnl and fee."""
    amount, price, name = what
    side: SideName = "sell" if position.amount > 0 else "buy"
    request = OrderRequest(
        account=account.name,
        market=listing.market,
        symbol=position.symbol,
        side=side,
        order_type="MARKET",
        amount=amount,
        price=None,
        time_in_force="IOC",
        reduce_only=True,
        client_id=f"{name}-{state.last_id + 1}",
    )
    order = _accept(state, account, request, Admitted(amount, ()))
    execution = Execution(price, amount, False)
    fee, currency, realised = book_contract(state, account, side, execution, listing, kind)
    _note(state, account, order, execution, (fee, currency, realised))
    return order, realised, fee


def end(state: State, account: AccountState, order: SimOrder, how: Literal["CANCELED", "EXPIRED"]) -> None:
    """End an order with whatever was filled."""
    _close_order(state, account, order, how)


def drop_empty_reductions(state: State, account: AccountState, symbol: str) -> None:
    """Expire resting reduce-only orders that have nothing left to reduce."""
    position = account.positions.get(symbol)
    for order in account.open_in(state.contracts[symbol].market, symbol) if symbol in state.contracts else ():
        if order.reduce_only and reducible(position, order.side) <= 0:
            end(state, account, order, "EXPIRED")


def eaten_now(state: State, market: MarketType, symbol: str, side: SideName) -> Decimal:
    """Say what notional our own trades still miss from the book an order of this side meets."""
    found = state.eaten.get((market, symbol, side))
    if found is None:
        return ZERO
    elapsed_s = Decimal((state.now - found[1]).total_seconds())
    return recovered(found[0], state.quotes[(market, symbol)].depth_notional, elapsed_s)


def _reach(state: State, request: OrderRequest, limit: Decimal | None) -> list[Level]:
    """See what the book would give."""
    quote = state.quotes[(request.market, request.symbol)]
    listing = state.listings[(request.market, request.symbol)]
    eaten = eaten_now(state, request.market, request.symbol, request.side)
    return walk(ladder(quote, listing, request.side, eaten), request.side, request.amount, limit)


def _eat(
    state: State,
    market: MarketType,
    symbol: str,
    side: SideName,
    lots: tuple[Level, ...],
) -> None:
    if lots:
        listing = state.listings[(market, symbol)]
        notional = sum((quote_worth(listing, lot.amount, lot.price) for lot in lots), ZERO)
        state.eaten[(market, symbol, side)] = (eaten_now(state, market, symbol, side) + notional, state.now)


def _match_one(state: State, account: AccountState, order: SimOrder, quote: Quote) -> None:
    listing = state.listings[(order.market, order.symbol)]
    left = order.amount - order.filled
    if order.reduce_only:
        left = min(left, reducible(account.positions.get(order.symbol), order.side))
    eaten = eaten_now(state, order.market, order.symbol, order.side)
    lots = walk(ladder(quote, listing, order.side, eaten), order.side, left, order.price)
    amount = sum((lot.amount for lot in lots), ZERO)
    if amount <= 0 or order.price is None:
        return
    execute(state, account, order, Execution(order.price, amount, True))
    _eat(state, order.market, order.symbol, order.side, tuple(lots))
    if order.market != "spot":
        drop_empty_reductions(state, account, order.symbol)


def _accept(state: State, account: AccountState, request: OrderRequest, admitted: Admitted) -> SimOrder:
    number = state.next_id()
    order = SimOrder(
        order_id=number,
        account=account.name,
        market=request.market,
        symbol=request.symbol,
        client_id=request.client_id or f"web_{number}",
        side=request.side,
        order_type=request.order_type,
        time_in_force=request.time_in_force,
        amount=admitted.amount,
        price=request.price if request.order_type == "LIMIT" else None,
        reduce_only=request.reduce_only,
        state="NEW",
        filled=ZERO,
        filled_quote=ZERO,
        created_at=state.now,
        updated_at=state.now,
    )
    account.orders[number] = account.open[number] = order
    account.orders_of.setdefault((order.market, order.symbol), []).append(order)
    account.by_client_id[(order.market, order.symbol, order.client_id)] = number
    state.record(
        "order.new",
        account.name,
        order.symbol,
        market=order.market,
        order_id=number,
        client_id=order.client_id,
        side=order.side,
        amount=order.amount,
        price="" if order.price is None else order.price,
        reduce_only=order.reduce_only,
    )
    return order


def _close_order(state: State, account: AccountState, order: SimOrder, how: OrderState) -> None:
    order.state = how
    order.updated_at = state.now
    account.open.pop(order.order_id, None)
    state.record(
        "order.ended",
        account.name,
        order.symbol,
        market=order.market,
        order_id=order.order_id,
        client_id=order.client_id,
        state=how,
        filled=order.filled,
    )


def _note(
    state: State,
    account: AccountState,
    order: SimOrder,
    execution: Execution,
    booked: tuple[Decimal, str, Decimal],
) -> None:
    fee, currency, realised = booked
    order.filled += execution.amount
    listing = state.listings[(order.market, order.symbol)]
    order.filled_quote += quote_worth(listing, execution.amount, execution.price)
    if order.market == "inverse":
        order.filled_coin += worth(listing, execution.amount, execution.price)
    order.state = "PARTIALLY_FILLED"
    order.updated_at = state.now
    trade = SimTrade(
        trade_id=state.next_id(),
        order_id=order.order_id,
        account=account.name,
        market=order.market,
        symbol=order.symbol,
        side=order.side,
        amount=execution.amount,
        price=execution.price,
        fee=fee,
        fee_currency=currency,
        realised_pnl=realised,
        maker=execution.maker,
        at=state.now,
    )
    account.trades_of.setdefault((order.market, order.symbol), []).append(trade)
    state.record(
        "fill",
        account.name,
        order.symbol,
        market=order.market,
        order_id=order.order_id,
        client_id=order.client_id,
        side=order.side,
        amount=execution.amount,
        price=execution.price,
        fee=fee,
        fee_currency=currency,
        realised_pnl=realised,
        reduce_only=order.reduce_only,
        **_after_fill(state, account, order),
    )
    if order.filled >= order.amount:
        _close_order(state, account, order, "FILLED")


def _after_fill(state: State, account: AccountState, order: SimOrder) -> dict[str, Decimal]:
    """Say for the audits where the account stands now."""
    if order.market == "spot":
        return {}
    position = account.positions.get(order.symbol)
    listing = state.contract(order.symbol)
    margin = margin_state(state, account, listing.settle, listing.market)
    return {
        "position": position.amount if position else ZERO,
        "mark": state.mark(order.symbol),
        "equity": margin.equity,
    }
