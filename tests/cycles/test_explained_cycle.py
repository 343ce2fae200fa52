"""A cycle explains itself, measures what trading costs, and acts even when it cannot find the words."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from bot.cycle import preview_cycle, run_cycle
from bot.domain.record import CycleStatus
from bot.execution.measured_cost import measured_costs
from bot.policy.pace_edges import CostEdges
from tests.builders import BTC, VENUE, d
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def test_what_orders_were_charged_is_measured_in_the_next_cycle(tmp_path: Path) -> None:
    """Two orders of half each for a fee of 0.50 on 15,000: a third of a basis point, from two own orders."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        work = desk(fake, book)
        edges = CostEdges(target_weight=0.75)
        pace = replace(work.mind.policy.pace, edge_rule=edges)  # type: ignore[type-var]
        work = replace(work, mind=replace(work.mind, policy=replace(work.mind.policy, pace=pace)))
        asyncio.run(run_cycle(work))
        cost = measured_costs(book)[(VENUE, BTC)]
        fake.spot_btc = d("1.01")
        second = asyncio.run(run_cycle(work))
    assert (cost.fee, cost.slip, cost.fills) == (d("0.0000333"), d(0), 2)
    (why,) = (link for link in second.rationales[0].chain if link.rule == "cost band")
    assert (why.inputs[0].name, why.inputs[0].value) == ("taker fee", d("0.0000333"))


def test_the_record_in_the_journal_carries_the_chain(tmp_path: Path) -> None:
    """The same blocks for the cycle that acts, the one that does nothing, and the preview that writes nothing."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        asyncio.run(run_cycle(desk(fake, book)))
        acted = json.loads(book.last_record_json() or "")["explanations"][0]
        quiet = asyncio.run(preview_cycle(desk(fake, book))).rationales[0]
    assert (acted["asset"], acted["step"], acted["nothing_because"]) == ("BTC", "0.5", None)
    assert acted["cost"]["fee_source"] == "the usual taker fee, no own fill yet"
    assert (quiet.step, quiet.nothing_because) == (d(0), "the short is exactly as wanted")


def test_a_cycle_that_cannot_be_explained_still_hedges(tmp_path: Path) -> None:
    """A mistake in the words costs the words and a note, never the step."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book, patch("bot.explain.explain", side_effect=ZeroDivisionError("a mistake")):
        record = asyncio.run(run_cycle(desk(fake, book)))
    assert fake.position == d("-0.5")
    assert record.status is CycleStatus.HEDGED
    assert record.rationales == ()
    assert "could not be explained (ZeroDivisionError: a mistake)" in " ".join(record.notes)
