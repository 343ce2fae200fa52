"""A disk that is slow or nearly full, and which code worked on a journal: said, and never more than has to be."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from bot.build import build, note_build
from bot.cycle import run_cycle
from bot.domain.record import CycleStatus
from bot.execution.free_space import cramped
from bot.execution.journal import Journal
from tests.builders import NOW, d
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def test_a_slow_disk_is_said_and_stops_nothing(tmp_path: Path) -> None:
    """A commit that takes three seconds."""
    fake, begin = FakeVenue(ManualClock()), Journal.begin_cycle

    def slowly(self: Journal, at: object) -> str:
        fake.clock.at += timedelta(seconds=3)
        return begin(self, fake.clock.at)

    with journal(tmp_path) as book, patch.object(Journal, "begin_cycle", slowly):
        record = asyncio.run(run_cycle(desk(fake, book)))
    assert record.status is CycleStatus.HEDGED
    assert "the disk is slow: writing one line into the journal took 3.0 s" in record.notes


def test_too_little_room_holds_back_growth_and_nothing_else(tmp_path: Path) -> None:
    """The guard says how much is left; a reduction goes through."""
    fake = FakeVenue(ManualClock(), futures_usdt=d(50_000))
    with journal(tmp_path) as book:
        tight = replace(desk(fake, book), cramped=lambda: "12 MB left")
        assert asyncio.run(run_cycle(tight)).status is CycleStatus.REFUSED
        assert fake.position == 0
        fake.position, fake.spot_btc = d("-0.5"), d("0.6")
        asyncio.run(run_cycle(tight))
    assert d("-0.5") < fake.position < 0


def test_the_floor_is_measured_in_the_journals_folder(tmp_path: Path) -> None:
    """Enough, too little, not wanted, not to be told."""
    assert cramped(tmp_path, 1) is None
    assert "journal.free_space_min_mb" in (cramped(tmp_path, 10**9) or "")
    assert cramped(tmp_path, 0) is None
    assert "cannot be told" in (cramped(tmp_path / "nowhere", 1) or "")


def test_another_code_on_a_journal_is_written_down_once(tmp_path: Path) -> None:
    """Whoever looks into a journal later sees which code did what."""
    with journal(tmp_path) as book:
        note_build(book, NOW)
        note_build(book, NOW)
        book.set_setting("world.build", "0.0.9 abc")
        note_build(book, NOW)
        told = [row[0] for row in book.rows("SELECT text FROM events WHERE name = 'build' ORDER BY number")]
    assert told == [
        f"Ballast {build()} works on this journal",
        f"Ballast {build()} works on this journal, before it was 0.0.9 abc",
    ]
