"""What an account has, what its positions and orders bind, what is free: the margin view over the state."""

from decimal import Decimal

from bot.sim.cash import money_up
from bot.sim.contract import liquidation_price, profit, worth
from bot.sim.margin import MarginState, maintenance_margin
from bot.sim.model import WALLET_OF, MarketType, SideName, SimPosition
from bot.sim.state import AccountState, State

ZERO = Decimal(0)


def spot_locked(account: AccountState, state: State, asset: str) -> Decimal:
    """Sum what resting spot orders hold of one asset."""
    locked = ZERO
    for order in account.open.values():
        if order.market != "spot":
            continue
        listing = state.listings[("spot", order.symbol)]
        left = order.amount - order.filled
        if order.side == "sell" and listing.base == asset:
            locked += left
        elif order.side == "buy" and listing.quote == asset and order.price is not None:
            locked += money_up(left * order.price)
    return locked


def spot_free(account: AccountState, state: State, asset: str) -> Decimal:
    """Say what of a spot balance no order holds."""
    return state.cash.balance(account.purse("spot"), asset) - spot_locked(account, state, asset)


def position_notional(state: State, position: SimPosition) -> Decimal:
    """Value a position at mark, signed, in settlement currency."""
    return worth(state.contract(position.symbol), position.amount, state.mark(position.symbol))


def position_pnl(state: State, position: SimPosition) -> Decimal:
    """Say what closing at mark would realise, fees aside."""
    return profit(state.contract(position.symbol), position.amount, position.entry_price, state.mark(position.symbol))


def position_initial(state: State, account: AccountState, symbol: str) -> Decimal:
    """Say what margin a position binds at the leverage that is set."""
    position = account.positions.get(symbol)
    if position is None:
        return ZERO
    return abs(position_notional(state, position)) / account.setup(symbol).leverage


def position_maintenance(state: State, account: AccountState, symbol: str) -> Decimal:
    """Say what margin a position must keep."""
    position = account.positions.get(symbol)
    if position is None:
        return ZERO
    return maintenance_margin(state.contract(symbol).tiers, abs(position_notional(state, position)))


def worst_notional(
    state: State, account: AccountState, symbol: str, side: SideName | None = None, notional: Decimal = ZERO
) -> Decimal:
    """Say the largest exposure that could result if the resting orders of either side, and one more, were filled."""
    position = account.positions.get(symbol)
    listing = state.contract(symbol)
    held = position_notional(state, position) if position else ZERO
    up = down = held
    for order in account.open.values():
        if order.market != listing.market or order.symbol != symbol or order.reduce_only or order.price is None:
            continue
        value = worth(listing, order.amount - order.filled, order.price)
        if order.side == "buy":
            up += value
        else:
            down -= value
    if side == "buy":
        up += notional
    elif side == "sell":
        down -= notional
    return max(abs(held), abs(up), abs(down))


def order_initial(state: State, account: AccountState, symbol: str) -> Decimal:
    """Say what margin the resting orders of a symbol bind beyond the position's own."""
    held = position_initial(state, account, symbol)
    return worst_notional(state, account, symbol) / account.setup(symbol).leverage - held


def margin_state(state: State, account: AccountState, currency: str, market: MarketType = "linear") -> MarginState:
    """Value the futures account of one currency at mark; linear and coin-margined accounts stand apart."""
    wallet = state.cash.balance(account.purse(WALLET_OF[market]), currency)
    bound = pnl = cross_pnl = initial = cross_initial = maintenance = cross_maintenance = ZERO
    for symbol, position in account.positions.items():
        listing = state.contract(symbol)
        if listing.settle != currency or listing.market != market:
            continue
        own_pnl = position_pnl(state, position)
        own_initial = position_initial(state, account, symbol)
        own_maintenance = position_maintenance(state, account, symbol)
        pnl += own_pnl
        initial += own_initial
        maintenance += own_maintenance
        if account.setup(symbol).isolated:
            bound += position.isolated_wallet
        else:
            cross_pnl += own_pnl
            cross_initial += own_initial
            cross_maintenance += own_maintenance
    symbols = {order.symbol for order in account.open.values() if order.market == market and not order.reduce_only}
    orders = sum((order_initial(state, account, s) for s in symbols if state.contract(s).settle == currency), ZERO)
    cross_wallet = wallet - bound
    free = cross_wallet - cross_initial - orders
    return MarginState(
        wallet=wallet,
        unrealised_pnl=pnl,
        initial=initial,
        order_initial=orders,
        maintenance=maintenance,
        available=max(ZERO, free + cross_pnl),
        withdrawable=max(ZERO, free + min(ZERO, cross_pnl)),
        cross_wallet=cross_wallet,
        cross_unrealised_pnl=cross_pnl,
        cross_maintenance=cross_maintenance,
    )


def position_liquidation_price(state: State, account: AccountState, symbol: str) -> Decimal | None:
    """Say at which mark price a position is taken over, all other prices standing still."""
    position = account.positions.get(symbol)
    if position is None:
        return None
    listing = state.contract(symbol)
    if account.setup(symbol).isolated:
        collateral = position.isolated_wallet
    else:
        margin = margin_state(state, account, listing.settle, listing.market)
        others_pnl = margin.cross_unrealised_pnl - position_pnl(state, position)
        others_maintenance = margin.cross_maintenance - position_maintenance(state, account, symbol)
        collateral = margin.cross_wallet + others_pnl - others_maintenance
    return liquidation_price(listing, position.amount, position.entry_price, collateral)
