"""What is wanted and too small for the venue: its rules may have been read at a bad moment."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cycle import preview_cycle, run_cycle
from bot.domain.instrument import Instrument
from tests.builders import d, instrument
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


@dataclass
class StrictVenue(FakeVenue):
    """A smallest order, and how often its rules were doubted."""

    smallest: Decimal = field(default=Decimal("0.001"))
    doubted: int = 0

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        return (replace(instrument(), amount_min=self.smallest),) if "BTC" in assets else ()

    def doubt_rules(self) -> None:
        self.doubted += 1


@pytest.mark.parametrize(("smallest", "doubted"), [("0.001", 0), ("0.6", 1)])
def test_rules_that_keep_a_whole_short_away_are_doubted(smallest: str, doubted: int, tmp_path: Path) -> None:
    """Nothing else would contradict a smallest order that is too large: no position, and no order to be refused."""
    venue = StrictVenue(ManualClock(), smallest=d(smallest))
    with journal(tmp_path) as book:
        asyncio.run(run_cycle(desk(venue, book)))
    assert venue.doubted == doubted
    assert (venue.position == 0) is bool(doubted)


def test_a_preview_doubts_nothing(tmp_path: Path) -> None:
    """It changes nothing on this machine, and the list of markets is kept here."""
    venue = StrictVenue(ManualClock(), smallest=d("0.6"))
    with journal(tmp_path) as book:
        asyncio.run(preview_cycle(desk(venue, book)))
    assert venue.doubted == 0
