"""Whatever goes wrong once between Ballast and a venue, the hedge is right in the end and no order was sent twice."""

import asyncio
from decimal import Decimal

import pytest

from bot.sim.faults import DEFAULT_KINDS, FAULTS
from tests.acceptance.stage import stage

VENUES = ("bybit", "bingx", "weex", "mexc")
ON_ORDERS = tuple(name for name in DEFAULT_KINDS if FAULTS[name].scope in ("any", "write", "order"))
ON_READS = tuple(name for name in DEFAULT_KINDS if name not in ON_ORDERS)


async def _survives(venue: str, fault: str, **where: object) -> None:
    async with stage(venue) as world:
        world.script(fault, **where)
        await world.cycle()
        await world.pass_time(130)
        await world.cycles_until("hedged", at_most=10)
        assert world.answering.faults.counts.get(fault) == 1
        ids = [row.facts["client_id"] for row in world.orders()]
        assert len(set(ids)) == len(ids)
        assert Decimal("0.57") <= world.short("BTC") <= Decimal("0.6"), world.short("BTC")
        assert Decimal("5.7") <= world.short("ETH") <= Decimal(6), world.short("ETH")


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("fault", ON_ORDERS)
def test_a_fault_at_the_first_order_is_survived(venue: str, fault: str) -> None:
    """Unknown outcomes are looked up before anything else is planned."""
    asyncio.run(_survives(venue, fault, scope="order"))


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("fault", ON_READS)
def test_a_distorted_read_is_not_acted_upon(venue: str, fault: str) -> None:
    """A stale, zero or missing mark, an empty list and a repeated row change nothing."""
    asyncio.run(_survives(venue, fault))


@pytest.mark.parametrize("venue", VENUES)
def test_a_code_nobody_documented_is_no_refusal(venue: str) -> None:
    """Its outcome counts as unknown and is looked up."""
    asyncio.run(_survives(venue, "code_new", scope="order"))
