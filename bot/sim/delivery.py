"""How dated contracts end: the index is averaged before the hour, every position is closed at that average.

Source: Binance, "Delivery & settlement of quarterly futures" and the notice of 2024-11-04: the price index averaged
over the last 30 minutes; a settlement costs the taker fee. Read 2026-11-25.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from bot.sim.cash import MONEY_STEP
from bot.sim.collateral import margin_state
from bot.sim.matching import close_at, end
from bot.sim.model import Listing, SimPosition
from bot.sim.settlement import settle_funding, settle_with_insurance
from bot.sim.state import NEVER, AccountState, State

ZERO = Decimal(0)
AVERAGED = timedelta(minutes=30)


def watch_index(state: State, to: datetime) -> None:
    """Count the index as it stands until an instant into the averages of contracts about to be delivered."""
    if to <= state.delivery_soonest - AVERAGED:
        return
    for symbol, listing in state.contracts.items():
        quote = state.quotes.get((listing.market, symbol))
        if listing.expires_at is None or symbol in state.delivered or quote is None:
            continue
        begin, finish = max(state.now, listing.expires_at - AVERAGED), min(to, listing.expires_at)
        if begin < finish:
            span = Decimal((finish - begin) // timedelta(microseconds=1)) / 1_000_000
            total, seconds = state.index_seen.get(symbol, (ZERO, ZERO))
            state.index_seen[symbol] = (total + quote.index * span, seconds + span)


def estimated_price(state: State, symbol: str) -> Decimal:
    """Say at which price a dated contract would be settled now: the average so far, the index before it begins."""
    total, seconds = state.index_seen.get(symbol, (ZERO, ZERO))
    if not seconds:
        return state.quote(state.contract(symbol).market, symbol).index
    return (total / seconds).quantize(MONEY_STEP)


def happen_until(state: State, to: datetime, announced: dict[str, Decimal]) -> None:
    """Let funding and deliveries that are due up to an instant happen, in time order.

    `announced` are the rates the venue showed before the quotes of `to` came in: those are the ones that fall due.
    """
    while (at := min(state.funding_soonest, state.delivery_soonest)) <= to:
        state.now = max(state.now, at)
        if at == state.funding_soonest:
            _fund(state, at, announced)
        if at == state.delivery_soonest:
            for listing in list(state.contracts.values()):
                if listing.expires_at == at and listing.symbol not in state.delivered:
                    _deliver(state, listing)
            state.delivery_soonest = state.next_delivery()


def _fund(state: State, at: datetime, announced: dict[str, Decimal]) -> None:
    for symbol, due in state.funding_next_at.items():
        if due == at:
            settle_funding(state, symbol, announced.get(symbol))
            state.funding_next_at[symbol] = due + timedelta(hours=state.funding_interval_h[symbol])
    state.funding_soonest = min(state.funding_next_at.values(), default=NEVER)


def _deliver(state: State, listing: Listing) -> None:
    """Close every position of a contract at its settlement price; without a price it just ends."""
    symbol = listing.symbol
    quote = state.quotes.get((listing.market, symbol))
    price = estimated_price(state, symbol) if quote else ZERO
    state.delivered[symbol] = price
    state.index_seen.pop(symbol, None)
    for account in state.accounts.values():
        for order in account.open_in(listing.market, symbol):
            end(state, account, order, "EXPIRED")
        position = account.positions.get(symbol)
        if position is not None:
            _settle(state, account, position, price)


def _settle(state: State, account: AccountState, position: SimPosition, price: Decimal) -> None:
    listing, amount = state.contract(position.symbol), position.amount
    isolated, bound = account.setup(position.symbol).isolated, position.isolated_wallet
    what = (abs(amount), price, "settlement_autoclose")
    order, realised, fee = close_at(state, account, position, listing, what, "DELIVERY")
    state.record(
        "settlement",
        account.name,
        position.symbol,
        order_id=order.order_id,
        amount=amount,
        price=price,
        realised_pnl=realised,
        fee=fee,
        currency=listing.settle,
        position=ZERO,
    )
    left = bound + realised - fee
    if not isolated:
        margin = margin_state(state, account, listing.settle, listing.market)
        left = ZERO if margin.cross_maintenance else margin.cross_wallet
    if left < 0:
        settle_with_insurance(state, account, position.symbol, (ZERO, left))
