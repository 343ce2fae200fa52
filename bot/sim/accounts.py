"""What an account holder may change besides orders: money between wallets, leverage, margin and position mode."""

from decimal import Decimal

from bot.sim.cash import MONEY_STEP, multiple_of
from bot.sim.collateral import (
    margin_state,
    position_initial,
    position_notional,
    position_pnl,
    spot_free,
    worst_notional,
)
from bot.sim.margin import notional_cap
from bot.sim.model import MarketType, WalletName
from bot.sim.state import AccountState, SimTransfer, State, refusal

ZERO = Decimal(0)
STATEMENTS = ("futures", "coin_futures")  # wallets that keep a statement


def deposit(state: State, account: AccountState, wallet: WalletName, asset: str, amount: Decimal) -> None:
    """Bring money in from outside."""
    _check_amount(amount)
    state.cash.bring(account.purse(wallet), asset, amount)
    state.record("deposit", account.name, wallet=wallet, asset=asset, amount=amount)


def withdraw(state: State, account: AccountState, wallet: WalletName, asset: str, amount: Decimal) -> None:
    """Take money out of the exchange."""
    _check_amount(amount)
    _check_free(state, account, wallet, asset, amount)
    state.cash.bring(account.purse(wallet), asset, -amount)
    state.record("withdrawal", account.name, wallet=wallet, asset=asset, amount=amount)


def transfer(
    state: State, account: AccountState, asset: str, amount: Decimal, way: tuple[WalletName, WalletName]
) -> SimTransfer:
    """Move money between two wallets of an account."""
    source, target = way
    _check_amount(amount)
    _check_free(state, account, source, asset, amount)
    state.cash.move(asset, amount, account.purse(source), account.purse(target))
    done = SimTransfer(id=state.next_id(), asset=asset, amount=amount, source=source, target=target, at=state.now)
    account.transfers.append(done)
    for wallet, signed in ((source, -amount), (target, amount)):
        if wallet in STATEMENTS:
            state.book_line(account, "TRANSFER", "", (wallet, asset, signed))
    state.record("transfer", account.name, id=done.id, asset=asset, amount=amount, source=source, target=target)
    return done


def set_leverage(state: State, account: AccountState, symbol: str, leverage: int) -> None:
    """Set the leverage that sizes initial margin, when the margin left allows it."""
    listing = state.contract(symbol)
    highest = max((tier.leverage_max for tier in listing.tiers), default=1)
    if not 1 <= leverage <= highest:
        raise refusal("leverage_bracket", f"{symbol} allows 1 to {highest}")
    setup = account.setup(symbol)
    position = account.positions.get(symbol)
    if leverage == setup.leverage:
        return
    if position is not None and setup.isolated and leverage < setup.leverage:
        raise refusal("leverage_reduction", "an isolated position is open")
    if position is not None or account.open_in(listing.market, symbol):
        notional = worst_notional(state, account, symbol)
        if notional > notional_cap(listing.tiers, leverage):
            raise refusal("leverage_bracket", f"{notional} is more than leverage {leverage} allows")
        more = notional / leverage - notional / setup.leverage
        if not setup.isolated and more > margin_state(state, account, listing.settle, listing.market).available:
            raise refusal("insufficient_margin", f"leverage {leverage} would bind {more} more")
    setup.leverage = leverage
    state.record("setting", account.name, symbol, leverage=leverage)


def set_isolated(state: State, account: AccountState, symbol: str, *, isolated: bool) -> None:
    """Set isolated or cross margin while nothing is open."""
    listing = state.contract(symbol)
    setup = account.setup(symbol)
    if setup.isolated == isolated:
        raise refusal("no_need_to_change", symbol)
    if symbol in account.positions or account.open_in(listing.market, symbol):
        raise refusal("margin_mode_position", symbol)
    setup.isolated = isolated
    state.record("setting", account.name, symbol, isolated=isolated)


def set_hedge_mode(state: State, account: AccountState, market: MarketType, *, on: bool) -> None:
    """Set the position mode of all linear or all coin-margined contracts while none is open."""
    if account.hedged(market) == on:
        raise refusal("no_need_to_change", "position mode")
    if any(state.contract(symbol).market == market for symbol in account.positions) or account.open_in(market):
        raise refusal("position_mode_open")
    if market == "inverse":
        account.hedge_mode_inverse = on
    else:
        account.hedge_mode = on
    state.record("setting", account.name, hedge_mode=on)


def add_isolated_margin(state: State, account: AccountState, symbol: str, amount: Decimal) -> None:
    """Bind more (+) or less (-) collateral to an isolated position."""
    listing = state.contract(symbol)
    position = account.positions.get(symbol)
    if position is None or not account.setup(symbol).isolated:
        raise refusal("not_isolated", symbol)
    _check_amount(amount.copy_abs())
    if amount > margin_state(state, account, listing.settle, listing.market).withdrawable:
        raise refusal("insufficient_margin", f"{amount} is not free")
    left = position.isolated_wallet + amount + min(ZERO, position_pnl(state, position))
    if amount < 0 and left < position_initial(state, account, symbol):
        raise refusal("insufficient_margin", f"{position_notional(state, position)} needs its initial margin")
    position.isolated_wallet += amount
    position.updated_at = state.now
    state.record("setting", account.name, symbol, isolated_margin=amount)


def _check_amount(amount: Decimal) -> None:
    if not multiple_of(amount, MONEY_STEP) or amount <= 0:
        raise refusal("amount_not_positive", f"{amount}")


def _check_free(state: State, account: AccountState, wallet: WalletName, asset: str, amount: Decimal) -> None:
    if wallet == "spot":
        free = spot_free(account, state, asset)
    elif wallet in STATEMENTS:
        market: MarketType = "inverse" if wallet == "coin_futures" else "linear"
        free = margin_state(state, account, asset, market).withdrawable
    else:
        free = state.cash.balance(account.purse(wallet), asset)
    if amount > free:
        raise refusal("insufficient_balance", f"{amount} {asset} wanted, {free} free")
