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


@pytest.mark.parametrize(
    ("venue", "fault"),
    [(v, f) for v in VENUES for f in ON_ORDERS if (v, f) != ("weex", "duplicate_execution")],  # see below
)
def test_a_fault_at_the_first_order_is_survived(venue: str, fault: str) -> None:
    """Unknown outcomes are looked up before anything else is planned."""
    asyncio.run(_survives(venue, fault, scope="order"))


def test_an_order_the_network_doubled_at_weex_is_told_and_taken_back_into_the_band() -> None:
    """WEEX refuses an id twice among open orders only, so a copy of a request trades; the excess does not stay."""

    async def doubled() -> None:
        async with stage("weex") as world:
            world.script("duplicate_execution", scope="order")
            first = await world.cycle()
            assert world.short("BTC") > 1, "both were carried out"
            await world.pass_time(130)
            await world.cycles_until("hedged", at_most=10)
            await world.pass_time(130)
            await world.cycle()
            assert Decimal("0.57") <= world.short("BTC") <= Decimal("0.63"), world.short("BTC")
            said = " ".join(note for record in (first, *world.records) for note in record.notes)
            assert "BTC/USDT:USDT was changed by somebody else" in said

    asyncio.run(doubled())


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("fault", ON_READS)
def test_a_distorted_read_is_not_acted_upon(venue: str, fault: str) -> None:
    """A stale, zero or missing mark, an empty list and a repeated row change nothing."""
    asyncio.run(_survives(venue, fault))


@pytest.mark.parametrize("venue", VENUES)
def test_a_code_nobody_documented_is_no_refusal(venue: str) -> None:
    """Its outcome counts as unknown and is looked up."""
    asyncio.run(_survives(venue, "code_new", scope="order"))
