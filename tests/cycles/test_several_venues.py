"""Coins at one venue, shorts at another: a venue that is away stops only what depends on it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from bot.absent import KEY, last_seen, remember
from bot.cycle import Desk, run_cycle
from bot.domain.account import Balance, Price, Wallet
from bot.domain.errors import Stale, Unavailable
from bot.domain.ports import Venue
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal
from bot.flatten import flatten
from bot.observe import Watched, observe
from bot.patience import Patience
from tests.builders import d
from tests.cycles.desk import desk, entered, journal
from tests.fake_venue import FakeVenue, ManualClock

VAULT = "bybit"


class Vault:
    """A venue that holds coins and nothing else; `fault` is what every question is answered with."""

    id = VAULT

    def __init__(self, clock: ManualClock, **coins: str) -> None:
        self._clock = clock
        self.coins = {asset: d(amount) for asset, amount in coins.items()}
        self.fault: Exception | None = None
        self.slow_s = 0.0

    async def connect(self) -> None:
        await self._answer()

    def now(self) -> object:
        return self._clock.now()

    async def balances(self) -> tuple[Balance, ...]:
        await self._answer()
        return tuple(
            Balance(venue=VAULT, wallet=Wallet.SPOT, asset=asset, total=amount, free=amount)
            for asset, amount in self.coins.items()
        )

    async def prices(self, assets: frozenset[str], quote: str) -> tuple[Price, ...]:
        await self._answer()
        return ()

    async def _answer(self) -> None:
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        if self.fault is not None:
            raise self.fault

    async def transfer(self, **_: object) -> str:
        raise AssertionError("nothing is ever moved at, to or from a venue without shorts")


def _two(hedge: FakeVenue, vault: Vault, book: Journal, *, away: Mapping[str, str] | None = None) -> Desk:
    alone = desk(hedge, book)
    venues = {hedge.id: cast("Venue", hedge), VAULT: cast("Venue", vault)}
    watched = (*alone.lookout.watched, Watched(venue=venues[VAULT], counts_spot=True, hedges=False))

    async def enter() -> Mapping[str, str]:
        await entered(venues[hedge.id])()
        return away or {}

    return replace(
        alone,
        enter=enter,
        lookout=replace(alone.lookout, watched=watched, patience=Patience(hedge.clock, per_cycle_s=0.05)),
        hands=replace(alone.hands, venues=venues),
    )


def _cycle(world: Desk) -> CycleRecord:
    return asyncio.run(run_cycle(world))


def test_coins_of_both_venues_are_hedged_at_one(tmp_path: Path) -> None:
    """One coin here and two there: half of three is short."""
    hedge = FakeVenue(ManualClock(), spot_usdt=d(500_000))
    with journal(tmp_path) as book:
        world = _two(hedge, Vault(hedge.clock, BTC="2"), book)
        for _ in range(6):  # orders of at most 25 000
            record = _cycle(world)
    assert hedge.position == d("-1.5")
    assert record.exposures[0].amount == d(3)
    assert set(record.exposures[0].sources) == {"binance spot", "bybit spot"}


@pytest.mark.parametrize(
    "fault", [Unavailable("no answer"), Stale("a balance of -1 BTC"), Unavailable("HTTP 418: silence until noon")]
)
def test_a_vault_that_is_down_silenced_or_implausible_leaves_its_coins_short(tmp_path: Path, fault: Exception) -> None:
    """What was last seen there counts on: the short against it is neither cut nor deepened, cycle after cycle."""
    hedge = FakeVenue(ManualClock(), spot_usdt=d(500_000))
    vault = Vault(hedge.clock, BTC="1")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        for _ in range(5):
            _cycle(world)
        assert hedge.position == d(-1)
        vault.fault = fault
        records = [_cycle(world) for _ in range(4)]
        known = last_seen(book)
    assert hedge.position == d(-1)
    assert {row.status for row in records} == {CycleStatus.STALE}
    assert all(any(str(fault) in note for note in row.notes) for row in records)
    assert known[VAULT][0].amount == d(1)
    assert records[-1].exposures[0].amount == d(2)


def test_coins_that_left_for_a_vault_that_is_down_keep_their_short(tmp_path: Path) -> None:
    """The coin is gone from here and cannot be seen there: nobody knows that it was sold."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock, ETH="1")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        _cycle(world)
        held = hedge.position
        assert held == d("-0.5")
        vault.fault = Unavailable("no answer")
        hedge.spot_btc = d("0.2")
        records = [_cycle(world) for _ in range(4)]
        assert hedge.position == held
        assert all(any("may be at bybit" in note for note in row.notes) for row in records)
        assert not any(row.events for row in records), "nothing is said to have left that cannot be seen"
        vault.fault, vault.coins = None, {"ETH": d(1), "BTC": d("0.8")}
        assert _cycle(world).status is CycleStatus.HEDGED
    assert hedge.position == held


def test_what_does_not_depend_on_the_vault_goes_on(tmp_path: Path) -> None:
    """Only ETH lies there; a rising amount of BTC here is hedged as ever."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock, ETH="1")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        _cycle(world)
        vault.fault = Unavailable("no answer")
        hedge.spot_btc = d("1.4")
        record = _cycle(world)
    assert hedge.position < d("-0.6")
    assert record.status is CycleStatus.ACTED


def test_protection_goes_on_while_the_vault_is_away(tmp_path: Path) -> None:
    """The margin needs care: it gets it, whatever cannot be seen elsewhere."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock, BTC="1")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        for _ in range(4):
            _cycle(world)
        vault.fault = Unavailable("no answer")
        before, hedge.futures_usdt, hedge.spot_usdt = hedge.position, d(4_000), d(0)
        _cycle(world)
    assert before < hedge.position < 0


def test_a_vault_never_seen_lets_nothing_be_decided_but_the_margin_is_looked_after(tmp_path: Path) -> None:
    """Nobody knows what is owned there, so every short might depend on it."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock)
    vault.fault = Unavailable("no answer")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        assert _cycle(world).status is CycleStatus.STALE
        assert hedge.position == 0
        hedge.position, hedge.futures_usdt, hedge.spot_usdt = d("-0.5"), d(4_000), d(0)
        asyncio.run(hedge.clock.sleep(100))
        record = _cycle(world)
    assert d("-0.5") < hedge.position < 0
    assert any("never seen before" in note for note in record.notes)


def test_a_vault_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    """Patience has an end, and so has the harm."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock, ETH="1")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        _cycle(world)
        vault.slow_s = 30
        assert any("within 0.05 s" in note for note in _cycle(world).notes)


def test_a_vault_found_away_at_the_door_is_not_asked_again(tmp_path: Path) -> None:
    """Opening it failed already; asking its balances would only cost time."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock, ETH="1")
    with journal(tmp_path) as book:
        _cycle(_two(hedge, vault, book))
        vault.fault = AssertionError("asked")
        record = _cycle(_two(hedge, vault, book, away={VAULT: "no connection"}))
    assert any("no connection" in note for note in record.notes)


def test_a_hedge_venue_that_is_down_stops_the_cycle_and_forgets_nothing(tmp_path: Path) -> None:
    """Shorts live there, so everything depends on it."""
    hedge = FakeVenue(ManualClock())
    vault = Vault(hedge.clock, BTC="1")
    with journal(tmp_path) as book:
        world = _two(hedge, vault, book)
        for _ in range(4):
            _cycle(world)
        held, text = hedge.position, book.setting(KEY)

        def down(name: str) -> None:
            raise Unavailable("no answer")

        hedge.before_read = down
        assert _cycle(world).status is CycleStatus.UNAVAILABLE
        assert book.setting(KEY) == text
    assert hedge.position == held


def test_only_a_complete_and_believed_look_is_remembered(tmp_path: Path) -> None:
    """What was seen last at a venue is not overwritten by a look that left it, or another, out."""
    hedge = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        world = _two(hedge, Vault(hedge.clock, ETH="1"), book)
        seen = asyncio.run(observe(world.lookout))
        remember(seen, book)
        text = book.setting(KEY)
        poorer = replace(seen, holdings=())
        remember(replace(poorer, away={"mexc": "no answer"}), book)
        remember(replace(poorer, doubtful={"BTC": "gone at once"}), book)
        assert book.setting(KEY) == text
        remember(poorer, book)
        assert book.setting(KEY) != text


def test_flatten_does_not_wait_for_a_vault(tmp_path: Path) -> None:
    """Closing shorts needs to know nothing of what is owned, also where it was never seen."""
    hedge = FakeVenue(ManualClock(), position=Decimal("-0.3"), futures_usdt=d(20_000))
    vault = Vault(hedge.clock)
    vault.fault = Unavailable("no answer")
    with journal(tmp_path) as book:
        record = asyncio.run(flatten(_two(hedge, vault, book), verify=True))
    assert hedge.position == 0
    assert record.status is CycleStatus.HEDGED
