"""What happens by itself as time passes: funding, liquidation; and what the venue does on its own: ADL."""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.cash import COUNTERPARTY, INSURANCE, house, money_down, money_up
from bot.sim.collateral import margin_state, position_maintenance, position_pnl
from bot.sim.matching import drop_empty_reductions, end, take_over
from bot.sim.model import SimPosition
from bot.sim.state import NEVER, AccountState, SimFunding, State

ZERO = Decimal(0)


def settle_funding_until(state: State, to: datetime, announced: dict[str, Decimal]) -> None:
    """Pay every funding event due up to an instant, in time order.

    `announced` are the rates the venue showed before the quotes of `to` came in: those are the ones that fall due.
    """
    while state.funding_soonest <= to:
        at = state.funding_soonest
        state.now = max(state.now, at)
        for symbol, due in state.funding_next_at.items():
            if due == at:
                settle_funding(state, symbol, announced.get(symbol))
                state.funding_next_at[symbol] = due + timedelta(hours=state.funding_interval_h[symbol])
        state.funding_soonest = min(state.funding_next_at.values(), default=NEVER)


def liquidate_where_due(state: State) -> None:
    """Take over positions whose collateral no longer covers their maintenance margin."""
    for account in state.accounts.values():
        if not account.positions:
            continue
        for position in list(account.positions.values()):
            if account.setup(position.symbol).isolated:
                _liquidate_isolated(state, account, position)
        for currency in sorted({state.listings[("linear", s)].quote for s in account.positions}):
            _liquidate_cross(state, account, currency)


def auto_deleverage(state: State, account: AccountState, symbol: str, amount: Decimal) -> None:
    """Close part of a position at mark against the venue's insurance case."""
    position = account.positions.get(symbol)
    if position is None or amount <= 0:
        return
    closed = min(amount, abs(position.amount))
    order, realised = take_over(state, account, position, closed, "adl_autoclose")
    left = account.positions.get(symbol)
    state.record(
        "adl",
        account.name,
        symbol,
        order_id=order.order_id,
        amount=closed,
        price=state.mark(symbol),
        realised_pnl=realised,
        position=left.amount if left else ZERO,
    )
    drop_empty_reductions(state, account, symbol)


def settle_funding(state: State, symbol: str, announced: Decimal | None) -> None:
    """Pay one funding event at the present mark; without an announced rate at the one now shown."""
    quote = state.quotes.get(("linear", symbol))
    if quote is None:
        return
    listing = state.listings[("linear", symbol)]
    rate = quote.funding_rate if announced is None else announced
    state.funding_settled[symbol].append(SimFunding(symbol=symbol, rate=rate, mark_price=quote.mark, at=state.now))
    for account in state.accounts.values():
        position = account.positions.get(symbol)
        if position is None:
            continue
        received = -position.amount * quote.mark * rate
        purse = account.purse("futures")
        if received >= 0:
            booked = state.cash.settle(listing.quote, received, house(COUNTERPARTY), purse)[1]
        else:
            booked = -state.cash.settle(listing.quote, -received, purse, house(COUNTERPARTY))[0]
        if account.setup(symbol).isolated:
            position.isolated_wallet += booked
        state.book_income(account, "FUNDING_FEE", symbol, booked, listing.quote)
        state.record("funding", account.name, symbol, rate=rate, mark=quote.mark, amount=booked)


def _cancel_all(state: State, account: AccountState, symbol: str | None, currency: str) -> bool:
    found = [o for o in account.open_in("linear", symbol) if state.listings[("linear", o.symbol)].quote == currency]
    for order in found:
        end(state, account, order, "CANCELED")
    return bool(found)


def _liquidate_isolated(state: State, account: AccountState, position: SimPosition) -> None:
    equity = position.isolated_wallet + position_pnl(state, position)
    maintenance = position_maintenance(state, account, position.symbol)
    if equity > maintenance:
        return
    currency = state.listings[("linear", position.symbol)].quote
    _cancel_all(state, account, position.symbol, currency)
    fee = _close_at_mark(state, account, position)
    _settle_with_insurance(state, account, position.symbol, currency, (fee, equity))


def _liquidate_cross(state: State, account: AccountState, currency: str) -> None:
    """Close all cross positions of a currency when the account's equity is used up."""
    margin = margin_state(state, account, currency)
    equity = margin.cross_wallet + margin.cross_unrealised_pnl
    if not margin.cross_maintenance or equity > margin.cross_maintenance:
        return
    _cancel_all(state, account, None, currency)
    fee, last = ZERO, ""
    for position in list(account.positions.values()):
        listing = state.listings[("linear", position.symbol)]
        if listing.quote == currency and not account.setup(position.symbol).isolated:
            fee += _close_at_mark(state, account, position)
            last = position.symbol
    left = margin_state(state, account, currency).cross_wallet
    _settle_with_insurance(state, account, last, currency, (fee, left))


def _close_at_mark(state: State, account: AccountState, position: SimPosition) -> Decimal:
    """Take a position over at mark; returns the liquidation fee that falls due."""
    symbol, amount = position.symbol, position.amount
    listing = state.listings[("linear", symbol)]
    order, realised = take_over(state, account, position, abs(amount), "autoclose")
    mark = state.mark(symbol)
    state.record(
        "liquidation",
        account.name,
        symbol,
        order_id=order.order_id,
        amount=amount,
        price=mark,
        realised_pnl=realised,
        isolated=account.setup(symbol).isolated,
    )
    return abs(amount) * mark * listing.liquidation_fee


def _settle_with_insurance(
    state: State, account: AccountState, symbol: str, currency: str, due: tuple[Decimal, Decimal]
) -> None:
    """Take the liquidation fee out of what is left, or let the insurance cover what is missing."""
    fee, left = due
    purse = account.purse("futures")
    if left < 0:
        covered = money_up(-left)
        state.cash.move(currency, covered, house(INSURANCE), purse)
        state.book_income(account, "INSURANCE_CLEAR", symbol, covered, currency)
        state.record("liquidation", account.name, symbol, insurance=-covered)
        return
    taken = min(money_up(fee), money_down(left))
    if taken > 0:
        state.cash.move(currency, taken, purse, house(INSURANCE))
        state.book_income(account, "INSURANCE_CLEAR", symbol, -taken, currency)
        state.record("liquidation", account.name, symbol, insurance=taken)
