"""What an execution does to an account: coins for money on spot, a position opened or closed, its fee."""

from dataclasses import dataclass
from decimal import Decimal

from bot.sim.cash import COUNTERPARTY, FEES, house, money_up
from bot.sim.contract import joint_entry, profit, worth
from bot.sim.model import WALLET_OF, Listing, SideName, SimPosition
from bot.sim.state import AccountState, IncomeKind, State

ZERO = Decimal(0)
MARKET = house(COUNTERPARTY)


@dataclass(frozen=True, slots=True)
class Execution:
    """One price and amount an order of an account trades at."""

    price: Decimal
    amount: Decimal
    maker: bool


def book_spot(
    state: State, account: AccountState, side: SideName, execution: Execution, listing: Listing
) -> tuple[Decimal, str, Decimal]:
    """Exchange coins for money; the fee is paid in what is received."""
    purse = account.purse("spot")
    value = execution.price * execution.amount
    rate = listing.maker_fee if execution.maker else listing.taker_fee
    if side == "buy":
        state.cash.settle(listing.quote, value, purse, MARKET)
        state.cash.move(listing.base, execution.amount, MARKET, purse)
        got, currency = execution.amount, listing.base
    else:
        state.cash.move(listing.base, execution.amount, purse, MARKET)
        _, got = state.cash.settle(listing.quote, value, MARKET, purse)
        currency = listing.quote
    fee, _ = state.cash.settle(currency, got * rate, purse, house(FEES))
    return fee, currency, ZERO


def book_contract(
    state: State,
    account: AccountState,
    side: SideName,
    execution: Execution,
    listing: Listing,
    kind: IncomeKind = "REALIZED_PNL",
) -> tuple[Decimal, str, Decimal]:
    """Change a position: the part against it realises profit, the rest opens."""
    signed = execution.amount if side == "buy" else -execution.amount
    position = account.positions.get(listing.symbol)
    held = position.amount if position else ZERO
    closing = min(execution.amount, abs(held)) if held * signed < 0 else ZERO
    realised = ZERO
    if position is not None and closing:
        realised = _close_part(state, account, position, closing, execution.price)
    if closing < execution.amount:
        opening = (execution.amount - closing) * (1 if signed > 0 else -1)
        _open_part(state, account, listing.symbol, opening, execution.price)
    purse = account.purse(WALLET_OF[listing.market])
    rate = listing.maker_fee if execution.maker else listing.taker_fee
    due = worth(listing, execution.amount, execution.price) * rate
    fee, _ = state.cash.settle(listing.settle, due, purse, house(FEES))
    state.book_income(account, kind, listing.symbol, realised)
    state.book_income(account, "COMMISSION", listing.symbol, -fee)
    return fee, listing.settle, realised


def _close_part(state: State, account: AccountState, position: SimPosition, amount: Decimal, price: Decimal) -> Decimal:
    """Realise part of a position; returns what the wallet received (+) or paid (-)."""
    listing = state.contract(position.symbol)
    currency, purse = listing.settle, account.purse(WALLET_OF[listing.market])
    gained = profit(listing, amount if position.amount > 0 else -amount, position.entry_price, price)
    if gained >= 0:
        realised = state.cash.settle(currency, gained, MARKET, purse)[1]
    else:
        realised = -state.cash.settle(currency, -gained, purse, MARKET)[0]
    released = position.isolated_wallet * amount / abs(position.amount)
    position.amount -= amount if position.amount > 0 else -amount
    position.updated_at = state.now
    if position.amount:
        position.isolated_wallet = money_up(position.isolated_wallet - released)
    else:
        del account.positions[position.symbol]
    return realised


def _open_part(state: State, account: AccountState, symbol: str, amount: Decimal, price: Decimal) -> None:
    """Add to a position, or begin one; isolated collateral comes from the cross wallet."""
    setup = account.setup(symbol)
    position = account.positions.get(symbol)
    if position is None:
        position = account.positions[symbol] = SimPosition(
            symbol=symbol, amount=ZERO, entry_price=ZERO, isolated_wallet=ZERO, updated_at=state.now
        )
    listing = state.contract(symbol)
    position.entry_price = joint_entry(listing, (position.amount, position.entry_price), (amount, price))
    position.amount += amount
    position.updated_at = state.now
    if setup.isolated:
        position.isolated_wallet += money_up(worth(listing, abs(amount), price) / setup.leverage)
