"""What happens by itself as time passes: funding, liquidation; and what the venue does on its own: ADL."""

from decimal import Decimal

from bot.sim.cash import COUNTERPARTY, INSURANCE, house, money_down, money_up
from bot.sim.collateral import margin_state, position_maintenance, position_pnl
from bot.sim.contract import worth
from bot.sim.matching import drop_empty_reductions, end, take_over
from bot.sim.model import WALLET_OF, MarketType, SimPosition
from bot.sim.state import AccountState, SimFunding, State

ZERO = Decimal(0)


def liquidate_where_due(state: State) -> None:
    """Take over positions whose collateral no longer covers their maintenance margin."""
    for account in state.accounts.values():
        if not account.positions:
            continue
        for position in list(account.positions.values()):
            if account.setup(position.symbol).isolated:
                _liquidate_isolated(state, account, position)
        for market, currency in sorted({(c.market, c.settle) for c in map(state.contract, account.positions)}):
            _liquidate_cross(state, account, market, currency)


def liquidate(state: State, account: AccountState, symbol: str) -> None:
    """Take one position over at mark, whatever its margin, as a venue does whose limits changed."""
    position = account.positions.get(symbol)
    if position is None:
        return
    listing = state.contract(symbol)
    _cancel_all(state, account, listing.market, symbol, listing.settle)
    if (position := account.positions.get(symbol)) is None:
        return
    fee = _close_at_mark(state, account, position)
    left = margin_state(state, account, listing.settle, listing.market).cross_wallet
    settle_with_insurance(state, account, symbol, (fee, left))


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
    listing = state.contract(symbol)
    quote = state.quotes.get((listing.market, symbol))
    if quote is None:
        return
    rate = quote.funding_rate if announced is None else announced
    state.funding_settled[symbol].append(SimFunding(symbol=symbol, rate=rate, mark_price=quote.mark, at=state.now))
    for account in state.accounts.values():
        position = account.positions.get(symbol)
        if position is None:
            continue
        received = -worth(listing, position.amount, quote.mark) * rate
        purse = account.purse(WALLET_OF[listing.market])
        if received >= 0:
            booked = state.cash.settle(listing.settle, received, house(COUNTERPARTY), purse)[1]
        else:
            booked = -state.cash.settle(listing.settle, -received, purse, house(COUNTERPARTY))[0]
        if account.setup(symbol).isolated:
            position.isolated_wallet += booked
        state.book_income(account, "FUNDING_FEE", symbol, booked)
        state.record("funding", account.name, symbol, rate=rate, mark=quote.mark, amount=booked)


def _cancel_all(state: State, account: AccountState, market: MarketType, symbol: str | None, currency: str) -> None:
    for order in account.open_in(market, symbol):
        if state.contract(order.symbol).settle == currency:
            end(state, account, order, "CANCELED")


def _liquidate_isolated(state: State, account: AccountState, position: SimPosition) -> None:
    equity = position.isolated_wallet + position_pnl(state, position)
    maintenance = position_maintenance(state, account, position.symbol)
    if equity > maintenance:
        return
    listing = state.contract(position.symbol)
    _cancel_all(state, account, listing.market, position.symbol, listing.settle)
    fee = _close_at_mark(state, account, position)
    settle_with_insurance(state, account, position.symbol, (fee, equity))


def _liquidate_cross(state: State, account: AccountState, market: MarketType, currency: str) -> None:
    """Close all cross positions of a currency when the account's equity is used up."""
    margin = margin_state(state, account, currency, market)
    equity = margin.cross_wallet + margin.cross_unrealised_pnl
    if not margin.cross_maintenance or equity > margin.cross_maintenance:
        return
    _cancel_all(state, account, market, None, currency)
    fee, last = ZERO, ""
    for position in list(account.positions.values()):
        listing = state.contract(position.symbol)
        if (listing.market, listing.settle) == (market, currency) and not account.setup(position.symbol).isolated:
            fee += _close_at_mark(state, account, position)
            last = position.symbol
    left = margin_state(state, account, currency, market).cross_wallet
    settle_with_insurance(state, account, last, (fee, left))


def _close_at_mark(state: State, account: AccountState, position: SimPosition) -> Decimal:
    """Take a position over at mark; returns the liquidation fee that falls due."""
    symbol, amount = position.symbol, position.amount
    listing = state.contract(symbol)
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
    return worth(listing, abs(amount), mark) * listing.liquidation_fee


def settle_with_insurance(state: State, account: AccountState, symbol: str, due: tuple[Decimal, Decimal]) -> None:
    """Take the liquidation fee out of what is left, or let the insurance cover what is missing."""
    fee, left = due
    listing = state.contract(symbol)
    currency, purse = listing.settle, account.purse(WALLET_OF[listing.market])
    if left < 0:
        covered = money_up(-left)
        state.cash.move(currency, covered, house(INSURANCE), purse)
        state.book_income(account, "INSURANCE_CLEAR", symbol, covered)
        state.record("liquidation", account.name, symbol, insurance=-covered)
        return
    taken = min(money_up(fee), money_down(left))
    if taken > 0:
        state.cash.move(currency, taken, purse, house(INSURANCE))
        state.book_income(account, "INSURANCE_CLEAR", symbol, -taken)
        state.record("liquidation", account.name, symbol, insurance=taken)
