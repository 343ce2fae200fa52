"""A deleted journal at every venue: its own past orders, read over sockets, keep it from growing until it is armed."""

import asyncio
from decimal import Decimal

import pytest

from bot.domain.record import CycleStatus
from bot.halting import rearm
from bot.sim.localnet import ACCOUNT
from bot.sim.model import WalletName
from tests.acceptance.stage import DEPOSITS, stage


@pytest.mark.parametrize("venue", ["binance", "bybit", "bingx", "weex", "mexc"])
def test_a_deleted_journal_is_told_by_the_past_orders_of_the_venue(venue: str) -> None:
    """Nothing is sold twice, and after a person looked it goes on as before."""
    asyncio.run(_play(venue))


async def _play(venue: str) -> None:
    async with stage(venue, deposits={("spot", "BTC"): DEPOSITS["spot", "BTC"], **_money()}) as world:
        await world.cycles_until("hedged")
        for path in world.folder.glob("ballast.db*"):
            if not path.name.endswith(".lock"):
                path.unlink()
        world.engine.deposit(ACCOUNT, "spot", "BTC", DEPOSITS["spot", "BTC"])
        held, count = world.short(), len(world.orders())
        await world.restart()
        record = await world.cycle()
        assert record.status is CycleStatus.HALTED, record.notes
        assert any("adopt-only" in note for note in record.notes), record.notes
        assert (world.short(), len(world.orders())) == (held, count)
        journal = world.desk.hands.journal
        assert rearm(journal, (journal.latch() or "").rsplit(" ", 1)[-1])
        await world.cycles_until("hedged")
        assert world.short() > held


def _money() -> dict[tuple[WalletName, str], Decimal]:
    return {key: amount for key, amount in DEPOSITS.items() if key[1] == "USDT"}
