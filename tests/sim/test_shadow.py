"""The dry run's venue: what it fills, what it keeps, what it books while nobody looks."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.account import OrderStatus, Side, Wallet
from bot.domain.errors import AlreadyExists, JournalError, Refused, Unavailable
from bot.domain.ports import Venue
from bot.sim.engine import Engine
from bot.sim.shadow import ShadowVenue
from tests.sim.shadow_world import BTC, HOUR, START, Dict, Market, lived, sell, shadow

D = Decimal


async def short(venue: ShadowVenue, amount: str = "0.4", collateral: str = "10000") -> None:
    """Move collateral over and open a short."""
    await venue.transfer(currency="USDT", amount=D(collateral), source=Wallet.SPOT, target=Wallet.FUTURES)
    await venue.set_leverage(BTC, 3)
    await sell(venue, amount)


async def equity(venue: ShadowVenue) -> Decimal:
    (row,) = await venue.margin_accounts()
    return row.equity


def total(memory: Dict, asset: str) -> Decimal:
    return Engine.restore(json.loads(memory.kept["dry-run.binance"])["engine"]).total(asset)


def test_shadow_is_a_venue() -> None:
    """It stands wherever a venue stands; checked by the type checker."""
    venue: Venue = shadow(Market(), Dict())
    assert venue.id == "binance"


def test_order_walks_the_real_book_and_what_is_beyond_it_expires() -> None:
    """Two levels within the limit are taken, the third is too dear; fees at the taker rate."""
    market = Market(bids=(("49990", "0.1"), ("49900", "0.2"), ("40000", "9")))

    async def act(venue: ShadowVenue) -> None:
        await venue.transfer(currency="USDT", amount=D(20000), source=Wallet.SPOT, target=Wallet.FUTURES)
        order = await sell(venue, "0.5")
        assert (order.filled, order.status) == (D("0.3"), OrderStatus.CANCELED)
        assert order.average_price == (D("4999") + D("9980")) / D("0.3")
        fills = await venue.fills(BTC, START)
        assert [(row.price, row.amount) for row in fills] == [(D(49990), D("0.1")), (D(49900), D("0.2"))]
        assert sum(row.fee for row in fills) == D("14979") * D("0.0005")
        (position,) = await venue.positions(())
        assert (position.amount, position.mark_price) == (D("-0.3"), D(50000))
        assert await venue.open_orders(()) == ()

    lived(market, Dict(), act, fee="0.0005")


def test_same_levels_are_not_sold_twice() -> None:
    """A second order right after the first finds only what the first left, though the real book is untouched."""
    market = Market(bids=(("49990", "0.1"),))

    async def act(venue: ShadowVenue) -> None:
        await venue.transfer(currency="USDT", amount=D(20000), source=Wallet.SPOT, target=Wallet.FUTURES)
        assert (await sell(venue, "0.08")).filled == D("0.08")
        assert (await sell(venue, "0.08", client_id="b")).filled == D("0.020")

    lived(market, Dict(), act)


def test_restart_keeps_the_account() -> None:
    """Positions, money, settings, orders and transfers are those of the process before."""
    market, memory = Market(), Dict()
    lived(market, memory, short)

    async def look(venue: ShadowVenue) -> None:
        (position,) = await venue.positions(())
        assert position.amount == D("-0.4")
        assert (await venue.settings((BTC,)))[0].leverage == 3
        order = await venue.order_by_client_id(BTC, "a")
        assert order is not None
        assert order.filled == D("0.4")
        assert [row.amount for row in await venue.transfers(START)] == [D(10000)]
        assert {row.asset: row.total for row in await venue.balances()} == {"BTC": D(1), "USDT": D(10000)}
        with pytest.raises(AlreadyExists):
            await sell(venue, "0.1", client_id="a")

    lived(market, memory, look)


def test_unchanged_account_is_not_written_again() -> None:
    """Looking costs no write, until it is time to note how far was looked."""
    market, memory = Market(), Dict()
    lived(market, memory, short)
    before = memory.writes

    async def look(venue: ShadowVenue) -> None:
        await venue.positions(())
        market.at += timedelta(minutes=1)
        await venue.margin_accounts()
        assert memory.writes == before
        market.at += timedelta(minutes=10)
        await venue.positions(())
        assert memory.writes == before + 1

    lived(market, memory, look)


def test_funding_is_booked_as_it_was_settled_while_nobody_looked() -> None:
    """Three payments fell due in a day; the settled rates count, not the one announced when we left."""
    market, memory = Market(), Dict()
    lived(market, memory, short)
    for number, rate in enumerate(("0.0002", "-0.0001", "0.0004")):
        at = START.replace(hour=16, minute=0) + timedelta(hours=8 * number, milliseconds=3)
        market.settled.append((at, D(rate)))
    market.pass_time(24 * HOUR)

    async def look(venue: ShadowVenue) -> None:
        await venue.positions(())
        booked = [row.amount for row in await venue.income(START) if row.kind == "funding"]
        assert booked == [D("4.0"), D("-2.0"), D("8.0")]
        assert await equity(venue) == D(10000) - 4 + 10  # sold 0.4 ten below mark
        await venue.positions(())
        assert len([row for row in await venue.income(START) if row.kind == "funding"]) == 3
        assert not any("funding" in note for note in venue.remarks())

    lived(market, memory, look)


def test_funding_nobody_tells_is_booked_at_the_announced_rate_and_said() -> None:
    """Without history the schedule goes on at the last announced rate, and a note says that it is an estimate."""
    market, memory = Market(told=False), Dict()
    lived(market, memory, short)
    market.at += 8 * HOUR

    async def look(venue: ShadowVenue) -> None:
        assert [row.amount for row in await venue.income(START) if row.kind == "funding"] == [D(2)]
        notes = " ".join(venue.remarks())
        assert "rate last announced" in notes
        assert "not known" in notes

    lived(market, memory, look)


def test_funding_just_due_and_not_listed_yet_is_booked_once() -> None:
    """Booked at the announced rate at once; the settled row that appears later is not booked again."""
    market, memory = Market(at=START.replace(hour=15, minute=59, second=50)), Dict()

    async def act(venue: ShadowVenue) -> None:
        await short(venue)
        market.at = START.replace(hour=16, minute=0, second=2)
        await venue.positions(())
        market.settled.append((START.replace(hour=16, minute=0) + timedelta(milliseconds=3), D("0.0003")))
        market.at += timedelta(seconds=30)
        await venue.positions(())
        assert [row.amount for row in await venue.income(START) if row.kind == "funding"] == [D(2)]

    lived(market, memory, act)


def test_rally_in_between_liquidates_though_the_price_came_back() -> None:
    """The worst price of the absence counts, as it would have for real money."""
    market, memory = Market(), Dict()
    lived(market, memory, short)
    market.pass_time(5 * HOUR, high="80000")

    async def look(venue: ShadowVenue) -> None:
        assert await venue.positions(()) == ()
        assert any("simulated liquidation" in note for note in venue.remarks())
        assert sum((row.equity for row in await venue.margin_accounts()), D(0)) == 0

    lived(market, memory, look)
    assert total(memory, "USDT") == 20000


def test_rally_of_weeks_ago_is_found_in_coarser_bars() -> None:
    """A long absence is checked too, and what was before our order is not."""
    market, memory = Market(), Dict()
    market.pass_time(timedelta(minutes=20), high="90000")
    lived(market, memory, short)
    market.pass_time(timedelta(days=3))
    lived(market, memory, survived)
    market.pass_time(timedelta(days=6), high="80000")

    async def look(venue: ShadowVenue) -> None:
        assert await venue.positions(()) == ()

    lived(market, memory, look)


async def survived(venue: ShadowVenue) -> None:
    assert len(await venue.positions(())) == 1


def test_liquidation_while_running() -> None:
    """The mark itself reaches the liquidation price during a cycle."""
    market = Market()

    async def act(venue: ShadowVenue) -> None:
        await short(venue)
        (position,) = await venue.positions(())
        assert position.liquidation_price is not None
        market.at += timedelta(minutes=1)
        market.price = position.liquidation_price + 1
        assert await venue.positions(()) == ()

    lived(market, Dict(), act)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "200000"])
def test_nonsense_mark_moves_nothing(price: str) -> None:
    """A mark that is no price, or far from the index, neither liquidates nor is believed."""
    market, memory = Market(), Dict()
    lived(market, memory, short)

    async def look(venue: ShadowVenue) -> None:
        market.at += HOUR / 60
        market.price, market.index = D(price), D(50000)
        with pytest.raises(Unavailable, match="believable"):
            await venue.positions(())
        market.price = D(50000)
        assert len(await venue.positions(())) == 1

    lived(market, memory, look)


def test_venue_that_is_down_leaves_the_account_as_it_was() -> None:
    """Nothing is booked, nothing is traded, nothing is written."""
    market, memory = Market(), Dict()
    lived(market, memory, short)
    kept = dict(memory.kept)

    async def look(venue: ShadowVenue) -> None:
        market.down, market.at = True, market.at + HOUR
        with pytest.raises(Unavailable):
            await venue.positions(())
        with pytest.raises(Unavailable):
            await sell(venue, "0.1", client_id="b")
        market.down = False

    lived(market, memory, look)
    assert memory.kept == kept


def test_refusals_are_sentences_and_change_nothing() -> None:
    """Too little collateral, nothing to reduce, more than there is: refused, as a venue would."""

    async def act(venue: ShadowVenue) -> None:
        with pytest.raises(Refused, match="insufficient margin"):
            await sell(venue, "0.4")
        with pytest.raises(Refused, match="insufficient balance"):
            await venue.transfer(currency="USDT", amount=D(20001), source=Wallet.SPOT, target=Wallet.FUTURES)
        with pytest.raises(Refused, match="leverage"):
            await venue.set_leverage(BTC, 500)
        with pytest.raises(Refused, match="reduce only"):
            await venue.place_order(
                symbol=BTC, side=Side.BUY, amount=D("0.1"), limit_price=D(51000), reduce_only=True, client_id="r"
            )
        with pytest.raises(Refused, match="lists no"):
            await venue.settings(("NOPE/USDT:USDT",))
        assert await venue.positions(()) == ()

    lived(Market(), Dict(), act)


def test_changed_balances_are_paid_in_and_out() -> None:
    """A profile edited between two runs changes the account by the difference; what is bound stays."""
    market, memory = Market(), Dict()
    lived(market, memory, short)

    async def look(venue: ShadowVenue) -> tuple[dict[str, Decimal], tuple[str, ...]]:
        return {row.asset: row.total for row in await venue.balances()}, venue.remarks()

    assert lived(market, memory, look, usdt="25000")[0]["USDT"] == 15000
    shown, notes = lived(market, memory, look, usdt="5000")
    assert "USDT" not in shown
    assert "only 15000 lie free" in " ".join(notes)


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 9}', '{"version":1,"seed":{},"due":{},"engine":{}}'])
def test_unreadable_account_is_left_alone(text: str) -> None:
    """Damaged or newer: a sentence, and what is kept stays as it is."""
    memory = Dict({"dry-run.binance": text})
    with pytest.raises(JournalError, match="cannot be read"):
        lived(Market(), memory, lambda venue: venue.positions(()))
    assert memory.kept["dry-run.binance"] == text


def test_time_that_runs_backwards_stops_the_account_not_the_bot() -> None:
    """A venue clock before the account's last entry moves nothing."""
    market, memory = Market(), Dict()
    lived(market, memory, short)
    market.at -= 10 * HOUR
    lived(market, memory, survived)


MOVES = st.lists(
    st.tuples(st.integers(35000, 65000), st.integers(1, 2000), st.sampled_from(["look", "sell", "buy", "restart"])),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(MOVES)
def test_money_is_conserved_through_every_life(moves: list[tuple[int, int, str]]) -> None:
    """Whatever the market does and however often the process ends, no unit of money appears or vanishes."""
    market, memory = Market(), Dict()
    lived(market, memory, short, fee="0.0005")

    async def act(venue: ShadowVenue, name: str, number: int) -> None:
        await venue.positions(())
        if name in ("sell", "buy"):
            try:
                await venue.place_order(
                    symbol=BTC, side=Side(name), amount=D("0.05"),
                    limit_price=market.price + (20 if name == "buy" else -20), reduce_only=name == "buy",
                    client_id=f"m{number}",
                )  # fmt: skip
            except Refused:
                return

    for number, (price, minutes, name) in enumerate(moves):
        market.pass_time(timedelta(minutes=minutes), price=str(price), high=str(price + 1000))
        lived(market, memory, lambda venue, n=name, i=number: act(venue, n, i), fee="0.0005")  # type: ignore[misc]
        assert total(memory, "USDT") == 20000
        assert total(memory, "BTC") == 1
