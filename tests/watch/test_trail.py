"""The way here: bounded, with gaps and extremes kept, and found again after a restart."""

import json
from datetime import timedelta
from pathlib import Path

from bot.domain.published import published
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal
from bot.execution.recollection import last_deeds, records_over
from bot.watch.trail import POINTS_MAX, Trail
from tests.cli.records import NOW, blind
from tests.watch.moments import board, looked


def journal(folder: Path) -> Journal:
    return Journal.open(folder / "ballast.db", new_id="0123456789abcdef")


def keep(book: Journal, record: CycleRecord) -> None:
    cycle = book.begin_cycle(record.at)
    book.end_cycle(cycle, record.at, json.dumps(published(record) | {"cycle": cycle}))


def test_trail_is_bounded_however_long_ballast_runs() -> None:
    """Ten thousand looks over twenty days leave a few hundred points of the last seven."""
    trail = Trail(timedelta(days=7), timedelta(minutes=3))
    for minutes in range(0, 20 * 1440, 3):
        trail.add(published(looked(minutes=minutes)))
    points = trail.points
    assert len(points) <= POINTS_MAX
    assert timedelta(days=6) < points[-1].at - points[0].at <= timedelta(days=7)
    assert [point.at for point in points] == sorted(point.at for point in points)


def test_extremes_survive_merging() -> None:
    """The highest leverage and the nearest liquidation of a stretch are what is drawn for it."""
    trail = Trail(timedelta(days=360), timedelta(days=1))
    calm, wild = published(looked()), published(looked(minutes=1))
    wild["margin"][0]["effective_leverage"] = "2.9"
    wild["positions"][0]["liquidation_distance"] = "0.07"
    for record in (calm, wild, published(looked(minutes=2))):
        trail.add(record)
    (point,) = trail.points
    assert (point.leverage, point.distance) == (2.9, 0.07)
    assert point.at == NOW + timedelta(minutes=2)


def test_blind_cycles_leave_a_gap_not_a_zero() -> None:
    """Where nothing was seen, nothing is drawn."""
    trail = Trail(timedelta(minutes=1), timedelta(seconds=1))
    trail.add(published(blind()))
    assert (trail.points[0].held, trail.points[0].leverage, trail.points[0].distance) == (None, None, None)


def test_restart_finds_the_history_in_the_journal(tmp_path: Path) -> None:
    """A new process shows the way here and the last record before its own first cycle, but does not call it alive."""
    with journal(tmp_path) as book:
        for minutes in range(0, 300, 5):
            keep(book, looked(minutes=minutes))
        watched = board(journal=book)
        moment = watched.moment()
        assert len(moment.points) == 60
        assert moment.age_s is None
        assert moment.record is not None
        assert moment.record["at"] == (NOW + timedelta(minutes=295)).isoformat()


def test_records_are_spread_over_the_past(tmp_path: Path) -> None:
    """Few are read however many there are; the last is among them; unfinished cycles are left out."""
    with journal(tmp_path) as book:
        for minutes in range(100):
            keep(book, looked(minutes=minutes))
        book.begin_cycle(NOW)
        found = records_over(book, cycles=100, at_most=10)
        assert len(found) == 10
        assert found[-1]["cycle"] == "c000100"
        assert records_over(book, cycles=3, at_most=10)[0]["cycle"] == "c000098"
        assert last_deeds(book, at_most=3) == []


def test_rubbish_in_an_old_record_does_not_stop_a_start(tmp_path: Path) -> None:
    """A record of another shape, or none at all, costs the history and nothing else."""
    with journal(tmp_path) as book:
        for text in ("{", "[]", '{"at": 5}'):
            book.end_cycle(book.begin_cycle(NOW), NOW, text)
        watched = board(journal=book)
        watched.told(looked(CycleStatus.HEDGED), None)
        assert watched.moment().age_s == 0
