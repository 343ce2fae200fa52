"""Long and short beside each other: at WEEX an order names the side of the position it opens or closes.

The engine keeps one net position per account and contract, so longs live in a second account of the same owner. Money
goes over when a long is opened and comes back when nothing is left of it; the pages show both accounts as one.
"""

from decimal import ROUND_UP, Decimal
from typing import Literal

from bot.sim.engine import MarginState
from bot.sim.model import Listing, Rejected, SideName, SimOrder, SimPosition
from bot.sim.wire.weex_call import Call

Leg = Literal["LONG", "SHORT"]
_ZERO = Decimal(0)
_STEP = Decimal("0.00000001")
_SPARE = Decimal("1.1")


def long_account(account: str) -> str:
    """Where an owner's longs are kept."""
    return f"{account}.long"


def accounts(call: Call) -> tuple[str, ...]:
    """The owner's account, and that of his longs once there is one."""
    other = long_account(call.account)
    return (call.account, other) if other in call.engine.accounts else (call.account,)


def leg_of(side: SideName, *, closing: bool) -> Leg:
    """The position an order of this side opens or closes."""
    return "LONG" if (side == "buy") != closing else "SHORT"


def account_for(call: Call, listing: Listing, side: SideName, *, closing: bool) -> str:
    """The account an order belongs to; a long that was bought without this interface is closed where it is."""
    if leg_of(side, closing=closing) == "SHORT":
        return call.account
    other = long_account(call.account)
    if closing and _held(call, other, listing) == 0 and _held(call, call.account, listing) > 0:
        return call.account
    if other not in call.engine.accounts:
        call.engine.open_account(other, {})
    return other


def lend(call: Call, listing: Listing, amount: Decimal) -> None:
    """Give the account of the longs the settings of the owner and what opening this amount needs. Raises: Rejected."""
    engine, other = call.engine, long_account(call.account)
    setup = engine.setup(call.account, listing.symbol)
    if engine.setup(other, listing.symbol).isolated != setup.isolated and not _held(call, other, listing):
        engine.set_isolated(other, listing.symbol, setup.isolated)
    engine.set_leverage(other, listing.symbol, setup.leverage)
    worth = amount * engine.mark(listing.symbol)
    needed = (worth * (1 / Decimal(setup.leverage) + listing.taker_fee * 2) * _SPARE).quantize(_STEP, ROUND_UP)
    if needed > engine.margin(call.account, listing.settle).withdrawable:
        raise Rejected("insufficient_margin", f"{needed} {listing.settle} needed")
    engine.withdraw(call.account, "futures", listing.settle, needed)
    engine.deposit(other, "futures", listing.settle, needed)


def give_back(call: Call, currency: str) -> None:
    """Bring the money home when nothing long is open any more."""
    engine, other = call.engine, long_account(call.account)
    if other not in engine.accounts or engine.positions(other) or engine.open_orders(other, "linear"):
        return
    left = engine.margin(other, currency).withdrawable
    if left > 0:
        engine.withdraw(other, "futures", currency, left)
        engine.deposit(call.account, "futures", currency, left)


def positions(call: Call) -> list[tuple[str, SimPosition]]:
    """Every open position with the account it lies in."""
    return [(account, row) for account in accounts(call) for row in call.engine.positions(account, "linear")]


def margins(call: Call, currency: str) -> list[MarginState]:
    """The margin of each of the owner's accounts in one currency."""
    return [call.engine.margin(account, currency) for account in accounts(call)]


def find(call: Call, order_id: int | None, client_id: str | None) -> SimOrder | None:
    """An order of the owner in this market, of whatever symbol; of several with one client id the latest."""
    owners = (call.account,) if call.market == "spot" else accounts(call)
    found = [
        order
        for account in owners
        for listing in call.listings()
        if (order := call.engine.find_order(
            account, call.market, listing.symbol, order_id=order_id, client_id=client_id
        )) is not None
    ]  # fmt: skip
    return max(found, key=lambda order: order.order_id, default=None)


def _held(call: Call, account: str, listing: Listing) -> Decimal:
    if account not in call.engine.accounts:
        return _ZERO
    held = {row.symbol: row.amount for row in call.engine.positions(account, "linear")}
    return held.get(listing.symbol, _ZERO)
