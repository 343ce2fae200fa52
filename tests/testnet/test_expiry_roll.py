"""Dated futures through the whole bot over sockets: chosen, kept, rolled across a real quarter end, and missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from bot.domain.intent import Ending
from bot.domain.record import CycleRecord, CycleStatus
from bot.sim.localnet import ACCOUNT
from bot.sim.model import Quote, SimOrder
from bot.sim.scenarios import BEFORE_EXPIRY, SCENARIOS, Phase, Scenario
from bot.sim.state import MarketKey, refusal
from tests.testnet.futures_stage import Stage, on_stage

PERPETUAL, MARCH, JUNE = "BTCUSDT", "BTCUSDT_250328", "BTCUSDT_250627"
EXPIRY = datetime(2025, 3, 28, 8, tzinfo=UTC)
GAP = Decimal("0.1")  # gap_max of 5 % of two coins


def open_by_hand(stage: Stage, amount: str, symbol: str = MARCH) -> None:
    """A short from before."""
    engine = stage.world.engine
    engine.transfer(ACCOUNT, "USDT", Decimal(60_000), "spot", "futures")
    engine.set_leverage(ACCOUNT, symbol, 2)
    engine.place(
        ACCOUNT, market="linear", symbol=symbol, side="sell", order_type="MARKET", amount=Decimal(amount),
        client_id="by-hand",
    )  # fmt: skip


def path_of_the_short(stage: Stage) -> list[Decimal]:
    """What the shorts protect after each trade, in coins: a future above the index moves by more than the coin."""
    engine, feed = stage.world.engine, stage.world.feed
    rows = [row for name in (PERPETUAL, MARCH, JUNE) for row in engine.trades(ACCOUNT, "linear", name)]
    held: dict[str, Decimal] = {}
    path = []
    for row in sorted(rows, key=lambda item: item.trade_id):
        held[row.symbol] = held.get(row.symbol, Decimal(0)) + (row.amount if row.side == "sell" else -row.amount)
        quotes = {name: feed.quotes(row.at)[("linear", name)] for name, coins in held.items() if coins}
        path.append(sum((held[name] * quote.mark / quote.index for name, quote in quotes.items()), Decimal(0)))
    return path


def said(records: list[CycleRecord], words: str) -> list[CycleRecord]:
    """The looks that noted something."""
    return [row for row in records if any(words in note for note in row.notes)]


@pytest.mark.parametrize("venue_id", ["binance", "bybit"])
def test_a_short_is_rolled_across_the_quarter_end_and_never_unhedged_beyond_the_gap(
    tmp_path: Path, venue_id: str
) -> None:
    """From seven days before the end it moves in pairs, never deeper than before, never open by more than a slice."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.999")
        records = await stage.until(EXPIRY + timedelta(days=2), timedelta(hours=3))
        rolled = said(records, "the roll of")
        assert rolled
        assert EXPIRY - timedelta(days=7, hours=1) <= rolled[0].at <= EXPIRY - timedelta(days=2)
        assert MARCH not in stage.shorts()
        path = path_of_the_short(stage)
        assert Decimal("0.97") < path[-1] < Decimal("1.02")
        assert max(path) <= path[0] * Decimal("1.02")
        assert min(path) >= path[0] * Decimal("0.98") - GAP
        assert not said(records, "ended on")

    on_stage(check, tmp_path, venue_id=venue_id)


def test_a_rich_basis_moves_a_perpetual_short_into_the_dated_future(tmp_path: Path) -> None:
    """25 % a year of basis beats 11 % of funding; the words say so, and it is moved once."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.999", PERPETUAL)
        records = await stage.until(EXPIRY + timedelta(days=3), timedelta(hours=6))
        assert set(stage.shorts()) == {JUNE}
        reasons = [reason for row in records for intent in row.intents for reason in intent.reasons]
        assert any("is better by more than that" in reason for reason in reasons)
        path = path_of_the_short(stage)
        assert min(path) >= max(path) * Decimal("0.98") - GAP
        sold_back = [row for row in stage.world.engine.trades(ACCOUNT, "linear", JUNE) if row.side == "buy"]
        assert sum((row.amount for row in sold_back), Decimal(0)) < Decimal("0.1")

    on_stage(check, tmp_path)


def test_the_perpetual_is_kept_where_the_future_would_cost_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Funding as usual, futures below the index: nothing is switched, in no single look."""
    weather = Scenario(summary="futures below the index", start=BEFORE_EXPIRY, phases=(Phase(days=26, basis=-0.05),))
    monkeypatch.setitem(SCENARIOS, "cheap-futures", weather)

    async def check(stage: Stage) -> None:
        records = await stage.until(EXPIRY + timedelta(days=3), timedelta(hours=6))
        assert set(stage.shorts()) == {PERPETUAL}
        assert not said(records, "the roll of")
        assert not stage.world.engine.trades(ACCOUNT, "linear", JUNE)

    on_stage(check, tmp_path, scenario="cheap-futures")


def test_a_missed_expiry_is_named_and_hedged_again(tmp_path: Path) -> None:
    """The bot slept over the end: the first look says what happened and opens the short anew."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.5")
        await stage.cycle()
        assert stage.shorts()[MARCH] > Decimal("0.9")
        await stage.clock.sleep((EXPIRY + timedelta(hours=3) - stage.clock.now()).total_seconds())
        assert stage.shorts() == {}
        record = await stage.cycle()
        assert said([record], "ended on 2025-03-28 08:00 UTC and the venue settled")
        assert record.status in (CycleStatus.HEDGED, CycleStatus.ACTED)
        await stage.cycle()
        assert sum(stage.shorts().values()) >= Decimal("0.93")

    on_stage(check, tmp_path)


def test_while_paused_a_roll_waits_as_a_whole(tmp_path: Path) -> None:
    """Neither half is sent: half a roll would be an unhedged coin."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.999")
        stage.desk.hands.journal.set_paused("for the test")
        await stage.clock.sleep((EXPIRY - timedelta(days=3) - stage.clock.now()).total_seconds())
        record = await stage.cycle()
        assert record.refusals
        assert any("paused" in row.reason for row in record.refusals)
        told = "ends on 2025-03-28 08:00 UTC, in 3.0 days, and is not moved to another contract: paused: for the test"
        assert any(told in note for note in record.notes)
        assert not record.outcomes
        assert stage.shorts() == {MARCH: Decimal("0.999")}

    on_stage(check, tmp_path)


def test_a_half_that_is_refused_leaves_one_slice_open_and_the_next_look_goes_on(tmp_path: Path) -> None:
    """The third sale is refused by the venue: nothing after it is sent in this cycle."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.999")
        await stage.clock.sleep((EXPIRY - timedelta(days=3) - stage.clock.now()).total_seconds())
        place, sales = stage.world.engine.place, []

        def refusing(account: str, **order: Any) -> SimOrder:
            if order["side"] == "sell":
                sales.append(order["symbol"])
                if len(sales) == 3:
                    raise refusal("insufficient_margin")
            return place(account, **order)

        with patch.object(stage.world.engine, "place", refusing):
            record = await stage.cycle()
        assert [row.ending for row in record.outcomes][-1] is Ending.REFUSED
        path = path_of_the_short(stage)
        assert min(path) >= max(path) * Decimal("0.99") - GAP
        assert len(sales) == 3
        for _ in range(3):
            await stage.cycle()
        assert MARCH not in stage.shorts()
        assert min(path_of_the_short(stage)) >= max(path) * Decimal("0.99") - 2 * GAP

    on_stage(check, tmp_path)


def test_the_very_last_half_that_is_refused_is_made_up_for_at_once(tmp_path: Path) -> None:
    """The old contract is empty by then, and what is open is too little for the band to notice."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.999")
        await stage.clock.sleep((EXPIRY - timedelta(days=3) - stage.clock.now()).total_seconds())
        place = stage.world.engine.place
        refused: list[str] = []

        def refusing(account: str, **order: Any) -> SimOrder:
            if order["side"] == "sell" and MARCH not in stage.shorts() and not refused:
                refused.append(order["symbol"])
                raise refusal("insufficient_margin")
            return place(account, **order)

        with patch.object(stage.world.engine, "place", refusing):
            while not refused:
                await stage.cycle()
        missing = sum(stage.shorts().values())
        await stage.cycle()
        assert sum(stage.shorts().values()) - missing >= Decimal("0.05")
        assert MARCH not in stage.shorts()
        settled = stage.shorts()
        assert not (await stage.cycle()).outcomes
        assert stage.shorts() == settled

    on_stage(check, tmp_path)


def test_a_future_with_an_impossible_mark_is_not_offered_and_stops_nothing(tmp_path: Path) -> None:
    """The perpetual goes on; nobody holds the future."""

    async def check(stage: Stage) -> None:
        kind = type(stage.world.feed)
        quotes = kind.quotes

        def broken(feed: Any, at: datetime) -> dict[MarketKey, Quote]:
            found = dict(quotes(feed, at))
            key: MarketKey = ("linear", JUNE)
            return {**found, key: replace(found[key], mark=found[key].mark * 2)}

        with patch.object(kind, "quotes", broken):
            await stage.clock.sleep(7200)
            record = await stage.cycle()
        assert record.status is CycleStatus.HEDGED
        assert set(stage.shorts()) == {PERPETUAL}

    on_stage(check, tmp_path)


@pytest.mark.parametrize("hours_left", [40, 2])
def test_near_the_end_a_roll_is_done_at_any_cost(tmp_path: Path, hours_left: int) -> None:
    """A bot that wakes up late rolls at once, dear spread or not."""

    async def check(stage: Stage) -> None:
        open_by_hand(stage, "0.999")
        await stage.clock.sleep((EXPIRY - timedelta(hours=hours_left) - stage.clock.now()).total_seconds())
        for _ in range(3):
            await stage.cycle()
        assert MARCH not in stage.shorts()
        assert Decimal("0.97") < path_of_the_short(stage)[-1] < Decimal("1.02")

    on_stage(check, tmp_path, place='rule = "expiry-roll"\nroll_cost_max_bps = "0"')
