"""A dry run that follows a real account: its balances and its collateral, less what the simulation did."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.account import Balance, KeyRights, LeverageBracket, MarginAccount, Wallet
from bot.sim.shadow import ShadowVenue
from tests.sim.shadow_world import BTC, Dict, Market, sell

D = Decimal


@dataclass
class Real:
    """The private reads of a real account."""

    usdt: Decimal = Decimal(8000)
    collateral: Decimal = Decimal(0)
    asked: list[str] = field(default_factory=list)

    async def balances(self) -> tuple[Balance, ...]:
        return (
            Balance(venue="binance", wallet=Wallet.SPOT, asset="USDT", total=self.usdt, free=self.usdt),
            Balance(venue="binance", wallet=Wallet.SPOT, asset="BTC", total=D(2), free=D(2)),
        )

    async def brackets(self, symbols: tuple[str, ...]) -> dict[str, tuple[LeverageBracket, ...]]:
        row = LeverageBracket(
            notional_floor=D(0), notional_cap=D(10**7), maintenance_rate=D("0.004"), maintenance_deduction=D(0),
            leverage_max=D(125),
        )  # fmt: skip
        return dict.fromkeys(symbols, (row,))

    async def margin_accounts(self) -> tuple[MarginAccount, ...]:
        bare = dict.fromkeys(("unrealised_pnl", "initial", "maintenance"), D(0))
        return (
            MarginAccount(
                venue="binance", currency="USDT", wallet=self.collateral, withdrawable=self.collateral, **bare
            ),
        )

    async def key_rights(self) -> KeyRights:
        return KeyRights(read=True, trade_futures=False, transfer=False, withdraw=False, ip_restricted=True)


def test_real_balances_are_followed_less_what_was_moved_in_the_simulation() -> None:
    """With a key the owner's deposits show; simulated collateral is missing from the simulated spot wallet."""
    real, market, memory = Real(), Market(), Dict()

    async def run() -> None:
        venue = ShadowVenue(reader=market, memory=memory, balances={"USDT": D(99)}, real=real)  # type: ignore[arg-type]
        await venue.connect()
        assert {row.asset: row.total for row in await venue.balances()} == {"USDT": D(8000), "BTC": D(2)}
        await venue.transfer(currency="USDT", amount=D(3000), source=Wallet.SPOT, target=Wallet.FUTURES)
        real.usdt = D(9000)
        assert {row.asset: row.total for row in await venue.balances()} == {"USDT": D(6000), "BTC": D(2)}
        assert (await venue.brackets((BTC,)))[BTC][0].maintenance_rate == D("0.004")
        await sell(venue, "0.1")
        (position,) = await venue.positions(())
        assert position.amount == D("-0.1")
        assert (await venue.key_rights()).withdraw is False
        assert "real balances" in " ".join(venue.remarks())

    asyncio.run(run())


def test_real_collateral_is_followed_too_and_counted_once() -> None:
    """What lies on the real futures wallet carries the simulated shorts; what changes there changes here."""
    real, market, memory = Real(collateral=D(5000)), Market(), Dict()

    async def wallet(venue: ShadowVenue) -> Decimal:
        await venue.balances()
        return sum((row.wallet for row in await venue.margin_accounts()), D(0))

    async def life() -> tuple[Decimal, ...]:
        venue = ShadowVenue(reader=market, memory=memory, balances={}, real=real, taker_fee=D(0))  # type: ignore[arg-type]
        await venue.connect()
        before = await wallet(venue)
        again = await wallet(venue)
        if not await venue.positions(()):
            await sell(venue, "0.05")
        return before, again

    assert asyncio.run(life()) == (D(5000), D(5000))
    assert asyncio.run(life()) == (D(5000), D(5000))
    real.collateral = D(6500)
    assert asyncio.run(life()) == (D(6500), D(6500))
    real.collateral = D(0)  # what the simulated short binds stays
    assert asyncio.run(life())[1] >= 0
