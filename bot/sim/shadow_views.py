"""What the simulated account of a dry run shows, in the words of the domain; and how it follows a real one."""

from collections.abc import Iterable
from decimal import Decimal

from bot.domain.account import Balance, MarginAccount, MarginMode, Position, Wallet
from bot.sim.model import WalletName
from bot.sim.shadow_account import ACCOUNT, ShadowAccount

ZERO = Decimal(0)
WALLETS: tuple[WalletName, ...] = ("spot", "funding")


def balances_of(account: ShadowAccount) -> tuple[Balance, ...]:
    """What lies on the spot and funding wallets."""
    return tuple(
        Balance(venue=account.venue, wallet=Wallet(wallet), asset=asset, total=free + locked, free=free)
        for wallet in WALLETS
        for asset, (free, locked) in account.engine.wallet(ACCOUNT, wallet).items()
        if free + locked > 0
    )


def margins_of(account: ShadowAccount) -> tuple[MarginAccount, ...]:
    """The collateral, by currency."""
    engine = account.engine
    currencies = {asset for asset, (free, bound) in engine.wallet(ACCOUNT, "futures").items() if free + bound}
    currencies |= {engine.listings[("linear", symbol)].quote for symbol in account.held}
    rows = [(currency, engine.margin(ACCOUNT, currency)) for currency in sorted(currencies)]
    return tuple(
        MarginAccount(
            venue=account.venue,
            currency=currency,
            wallet=row.wallet,
            unrealised_pnl=row.unrealised_pnl,
            initial=row.initial + row.order_initial,
            maintenance=row.maintenance,
            withdrawable=row.withdrawable,
        )
        for currency, row in rows
    )


def positions_of(account: ShadowAccount) -> tuple[Position, ...]:
    """Every open position."""
    engine = account.engine
    found = []
    for row in engine.positions(ACCOUNT):
        setup = engine.setup(ACCOUNT, row.symbol)
        position = Position(
            venue=account.venue,
            symbol=row.symbol,
            amount=row.amount,
            entry_price=row.entry_price,
            mark_price=engine.quote("linear", row.symbol).mark,
            liquidation_price=engine.liquidation_price(ACCOUNT, row.symbol),
            unrealised_pnl=engine.unrealised_pnl(ACCOUNT, row.symbol),
            margin_mode=MarginMode.ISOLATED if setup.isolated else MarginMode.CROSS,
            leverage=Decimal(setup.leverage),
            isolated_margin=row.isolated_wallet,
            updated_at=row.updated_at,
        )
        found.append(position)
    return tuple(found)


def follow_wallets(account: ShadowAccount, real: Iterable[Balance]) -> None:
    """Make the simulated wallets what the real ones hold, less what was moved in the simulation."""
    engine, wanted = account.engine, dict[tuple[WalletName, str], Decimal]()
    for row in real:
        wallet: WalletName = "funding" if row.wallet is Wallet.FUNDING else "spot"
        wanted[(wallet, row.asset)] = wanted.get((wallet, row.asset), ZERO) + row.total
    held = {
        (wallet, asset): sum(row, ZERO) for wallet in WALLETS for asset, row in engine.wallet(ACCOUNT, wallet).items()
    }
    moved: dict[tuple[WalletName, str], Decimal] = {}
    for done in engine.transfers(ACCOUNT):
        for end, sign in ((done.source, -1), (done.target, 1)):
            moved[(end, done.asset)] = moved.get((end, done.asset), ZERO) + sign * done.amount
    for wallet, asset in sorted({*wanted, *held}):
        total = max(ZERO, wanted.get((wallet, asset), ZERO) + moved.get((wallet, asset), ZERO))
        account.bring(wallet, asset, total - held.get((wallet, asset), ZERO))
    account.keep()
