"""Dated contracts in a dry run: no funding is asked for, and an expiry nobody watched is settled all the same."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from bot.domain.account import FundingRate, Mark, Side, Wallet
from bot.domain.instrument import Instrument, MarketKind
from bot.sim.shadow import ShadowVenue
from tests.sim.shadow_world import HOUR, D, Dict, Market, lived

DATED = "BTC/USDT:USDT-250304"
EXPIRY = datetime(2025, 3, 4, 8, tzinfo=UTC)


@dataclass
class DatedMarket(Market):
    """A market with a contract that ends tomorrow morning; afterwards nobody tells of it."""

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        known = await super().instruments(assets)
        dated = (replace(row, symbol=DATED, kind=MarketKind.LINEAR_FUTURE, expires_at=EXPIRY) for row in known)
        return (*known, *dated)

    async def marks(self, symbols: Iterable[str]) -> tuple[Mark, ...]:
        return tuple(row for row in await super().marks(symbols) if row.symbol != DATED or self.at < EXPIRY)

    async def funding(self, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
        assert DATED not in tuple(symbols)
        return await super().funding(symbols)


def test_a_dated_short_is_settled_in_a_dry_run_though_nobody_looked() -> None:
    """Sold at 49,990, the index stood at 50,000 when last seen: ten lost per coin, and a sentence about it."""
    market, memory = DatedMarket(index=D(50000)), Dict()

    async def open_it(venue: ShadowVenue) -> None:
        await venue.transfer(currency="USDT", amount=D(10000), source=Wallet.SPOT, target=Wallet.FUTURES)
        await venue.set_leverage(DATED, 3)
        await venue.place_order(
            symbol=DATED, side=Side.SELL, amount=D(1) / 10, limit_price=D(49000), reduce_only=False, client_id="d"
        )
        assert [row.symbol for row in await venue.positions([DATED])] == [DATED]

    lived(market, memory, open_it)
    market.pass_time(EXPIRY - market.at + HOUR, price="49000")

    async def look(venue: ShadowVenue) -> tuple[Decimal, tuple[str, ...]]:
        assert await venue.positions([DATED]) == ()
        (row,) = await venue.margin_accounts()
        return row.wallet, venue.remarks()

    wallet, said = lived(market, memory, look)
    assert wallet == D(9999)
    assert any("simulated settlement" in line and DATED in line for line in said)
