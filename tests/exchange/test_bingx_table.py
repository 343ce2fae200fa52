"""BingX's table against the local testnet: a cell broken on purpose is seen by a check that the true table passes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.account import Side, Wallet
from bot.domain.errors import Refused, Unavailable, Unknown
from bot.exchange.quirks import Quirks, quirks_of
from bot.exchange.speech import Ask, Speech
from bot.exchange.venue import CcxtVenue
from bot.exchange.venues.bingx import QUIRKS, rights
from bot.sim.answering import AnsweringExchange
from bot.sim.faults import Script
from bot.sim.memory_session import MemorySession
from tests.exchange.world import FrozenClock
from tests.testnet.world import KEY, SECRET, START, make_answering

BTC = "BTC/USDT:USDT"


def _speech(quirks: Quirks, **changes: Any) -> Quirks:
    assert isinstance(quirks.speech, Speech)
    return replace(quirks, speech=replace(quirks.speech, **changes))


def _orders(quirks: Quirks, **changes: Any) -> Quirks:
    assert quirks.speech is not None
    return _speech(quirks, orders=replace(quirks.speech.orders, **changes))


async def _marks_are_fresh(venue: CcxtVenue, world: AnsweringExchange) -> None:
    (mark,) = await venue.marks((BTC,))
    assert world.exchange.now - mark.at < timedelta(minutes=1)


async def _fills_are_mine_and_now(venue: CcxtVenue, world: AnsweringExchange) -> None:
    await _sell_on(venue)
    fills = await venue.fills(BTC, world.exchange.now)
    assert sum(row.amount for row in fills) == Decimal("0.02")
    assert all(abs(row.at - world.exchange.now) < timedelta(seconds=2) and row.trade_id.isdigit() for row in fills)


async def _sell_on(venue: CcxtVenue) -> None:
    await venue.place_order(
        symbol=BTC, side=Side.SELL, amount=Decimal("0.02"), limit_price=Decimal(49900), reduce_only=False,
        client_id="blst1",
    )  # fmt: skip


async def _closing_never_opens(venue: CcxtVenue, world: AnsweringExchange) -> None:
    await _sell_on(venue)
    await venue.place_order(
        symbol=BTC, side=Side.BUY, amount=Decimal("0.05"), limit_price=Decimal(50100), reduce_only=True,
        client_id="blst2",
    )  # fmt: skip
    assert all(row.amount <= 0 for row in world.exchange.engine.positions("family"))


async def _a_movement_is_found_again(venue: CcxtVenue, world: AnsweringExchange) -> None:
    await venue.transfer(currency="USDT", amount=Decimal("123.45"), source=Wallet.SPOT, target=Wallet.FUTURES)
    (moved,) = await venue.transfers(world.exchange.now - timedelta(minutes=1))
    assert (moved.amount, moved.target) == (Decimal("123.45"), Wallet.FUTURES)


async def _exactly_what_was_said_moves(venue: CcxtVenue, world: AnsweringExchange) -> None:
    finer_than_any_tick = Decimal("123.4567891")
    await venue.transfer(currency="USDT", amount=finer_than_any_tick, source=Wallet.SPOT, target=Wallet.FUTURES)
    (moved,) = await venue.transfers(world.exchange.now - timedelta(minutes=1))
    assert moved.amount == finer_than_any_tick


async def _leverage_is_set(venue: CcxtVenue, world: AnsweringExchange) -> None:
    await venue.set_leverage(BTC, 2)
    assert world.exchange.engine.setup("family", "BTCUSDT").leverage == 2


async def _a_placed_order_is_found(venue: CcxtVenue, world: AnsweringExchange) -> None:
    world.faults.add(Script(fault="order_invisible", scope="order"))
    await _sell_on(venue)
    world.exchange.market.advance_to(world.exchange.now + timedelta(seconds=5))
    found = await venue.order_by_client_id(BTC, "blst1")
    assert found is not None
    assert found.filled == Decimal("0.02")


async def _rights_are_told(venue: CcxtVenue, world: AnsweringExchange) -> None:
    del world
    assert (await venue.key_rights()).withdraw is False


def _unpaged(quirks: Quirks) -> Quirks:
    return _orders(quirks, fill_pages=None, fill_time=None)


def _counted_in_contracts(quirks: Quirks) -> Quirks:
    return _orders(quirks, fill_pages=None, fill_time=None, fills=Ask(call="fetch_my_trades"))


def _trusting_update_time(quirks: Quirks) -> Quirks:
    assert quirks.speech is not None
    marks = quirks.speech.marks
    return _speech(quirks, marks=replace(marks, paths={**marks.paths, "at": "timestamp"}))


def _wallet_named_swap(quirks: Quirks) -> Quirks:
    assert quirks.speech is not None
    assert quirks.speech.movement is not None
    wallets = {Wallet.SPOT: "spot", Wallet.FUTURES: "swap"}
    return _speech(quirks, movement=replace(quirks.speech.movement, wallets=wallets))


def _amount_left_to_ccxt(quirks: Quirks) -> Quirks:
    assert quirks.speech is not None
    assert quirks.speech.movement is not None
    return _speech(quirks, movement=replace(quirks.speech.movement, amount=""))


def _leverage_of_one_side(quirks: Quirks) -> Quirks:
    assert quirks.speech is not None
    return _speech(quirks, leverage=replace(quirks.speech.leverage, set_leverage=({"side": "SHORT"},)))


def _look_up_by_unified_name(quirks: Quirks) -> Quirks:
    assert quirks.speech is not None
    way = quirks.speech.orders.look_up[0]
    return _orders(quirks, look_up=(replace(way, params={**way.params, "orderId": "None"}),))


def _rights_from_restrictions(quirks: Quirks) -> Quirks:
    return _speech(quirks, rights=("accountV1PrivateGetAccountApiRestrictions", rights))


Hold = Callable[[CcxtVenue, AnsweringExchange], Awaitable[None]]
MUTANTS: dict[str, tuple[Callable[[Quirks], Quirks], Hold]] = {
    "the time of a funding rate taken for that of the mark": (_trusting_update_time, _marks_are_fresh),
    "executions without ids, in China's time": (_unpaged, _fills_are_mine_and_now),
    "executions counted in contracts": (_counted_in_contracts, _fills_are_mine_and_now),
    "a closing order without reduce-only": (lambda quirks: _orders(quirks, closing={}), _closing_never_opens),
    "the futures wallet called swap": (_wallet_named_swap, _a_movement_is_found_again),
    "an amount to move that ccxt rounds to a price tick": (_amount_left_to_ccxt, _exactly_what_was_said_moves),
    "leverage of a side that one-way mode does not have": (_leverage_of_one_side, _leverage_is_set),
    "a look-up with orderId=None beside the client id": (_look_up_by_unified_name, _a_placed_order_is_found),
    "rights read where withdrawals are not told": (_rights_from_restrictions, _rights_are_told),
}


def _held(monkeypatch: pytest.MonkeyPatch, quirks: Quirks, hold: Hold) -> None:
    world = make_answering(venue="bingx")
    monkeypatch.setattr("bot.exchange.assembly.quirks_of", lambda _: quirks)

    async def run() -> None:
        venue = CcxtVenue(
            venue_id="bingx", clock=FrozenClock(START), localnet="127.0.0.1:8701", api_key=KEY, api_secret=SECRET,
            transport_factory=lambda: MemorySession(world),
        )  # fmt: skip
        await venue.connect()
        await hold(venue, world)
        await venue.close()

    asyncio.run(run())


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_broken_cell_of_the_table_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The true table passes the check, the broken one does not."""
    break_it, hold = MUTANTS[name]
    _held(monkeypatch, QUIRKS, hold)
    with pytest.raises((AssertionError, Unavailable, Refused, Unknown)):
        _held(monkeypatch, break_it(QUIRKS), hold)


def test_the_table_is_the_one_that_is_used() -> None:
    """What is tested here is what the bot loads."""
    assert quirks_of("bingx") is QUIRKS


def test_the_demo_is_hedged_with_its_own_play_money() -> None:
    """VST stands for USDT, there is no spot wallet to ask for, and nothing goes to the live host."""
    world = make_answering(venue="bingx")
    hosts: set[str] = set()

    async def run() -> None:
        venue = CcxtVenue(
            venue_id="bingx", clock=FrozenClock(START), mode="testnet", api_key=KEY, api_secret=SECRET,
            transport_factory=lambda: MemorySession(world, witness=lambda request: hosts.add(request.host)),
        )  # fmt: skip
        await venue.connect()
        assert await venue.balances() == ()
        (account,) = await venue.margin_accounts()
        assert (account.currency, account.wallet) == ("USDT", Decimal(10000))
        await venue.set_leverage(BTC, 2)
        await _sell_on(venue)
        (held,) = await venue.positions((BTC,))
        assert held.amount == Decimal("-0.02")
        assert sum(row.amount for row in await venue.fills(BTC, START)) == Decimal("0.02")
        with pytest.raises(Refused):
            await venue.transfer(currency="USDT", amount=Decimal(1), source=Wallet.SPOT, target=Wallet.FUTURES)
        await venue.close()

    asyncio.run(run())
    assert hosts == {"open-api-vst.bingx.com"}
