"""Letting go of the past: recent cycles whole, older ones hourly, what was sent for ever, never all at once."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.account import Side
from bot.domain.errors import JournalError
from bot.domain.intent import OrderIntent
from bot.execution.journal import Journal
from bot.execution.recollection import last_deeds, records_over
from bot.execution.retention import Retention, let_go
from tests.builders import BTC, NOW, VENUE, d

RULE = Retention(every_cycle=timedelta(days=3), every_hour=timedelta(days=400))
MINUTE = timedelta(minutes=1)


def _open(folder: Path) -> Journal:
    return Journal.open(folder / "j.db", new_id="0123456789abcdef")


def _lived(book: Journal, cycles: int, *, every: timedelta = MINUTE, deeds: frozenset[int] = frozenset()) -> None:
    """Cycles up to NOW; those named in `deeds` sent an order."""
    with book._write() as connection:  # one commit instead of thousands
        for number in range(1, cycles + 1):
            at = (NOW - every * (cycles - number)).isoformat(timespec="milliseconds")
            record = json.dumps({"cycle": number})
            connection.execute("INSERT INTO cycles VALUES (?, ?, ?, ?)", (number, at, at, record))
    for number in deeds:
        intent = OrderIntent(
            id=f"c{number:06d}-01",
            venue=VENUE,
            symbol=BTC,
            side=Side.SELL,
            amount=d("0.1"),
            limit_price=d(60_000),
            reduce_only=False,
            protective=False,
            reasons=(),
        )
        book.record_sent(intent, f"blst{number}", NOW, notional=d(6000), position_before=d(0))


def _left(book: Journal) -> list[tuple[int, str]]:
    return [(int(row[0]), row[1]) for row in book.rows("SELECT number, begun_at FROM cycles ORDER BY number")]


def _until_settled(book: Journal) -> None:
    before = None
    while before != (before := len(_left(book))):
        let_go(book, RULE, NOW)


def test_recent_cycles_are_whole_and_older_ones_are_one_an_hour(tmp_path: Path) -> None:
    """Every cycle of three days, then at least and about one for each hour."""
    with _open(tmp_path) as book:
        _lived(book, 6 * 24 * 60)
        _until_settled(book)
        left = _left(book)
        recent = [number for number, begun in left if begun >= (NOW - RULE.every_cycle).isoformat()]
        assert len(recent) == 3 * 24 * 60 + 1
        by_hour = Counter(begun[:13] for number, begun in left if number not in set(recent))
        assert len(by_hour) == 3 * 24
        # fewer than a hundred wait, for letting go costs a commit
        assert sum(by_hour.values()) <= len(by_hour) + 100


def test_what_was_sent_is_never_let_go(tmp_path: Path) -> None:
    """The records of cycles that sent something stay, however old, also when numbers have grown a digit."""
    deeds = frozenset({7, 99, 500})
    with _open(tmp_path) as book:
        _lived(book, 3_000, every=timedelta(hours=12), deeds=deeds)
        with book._write() as connection:
            connection.execute("UPDATE cycles SET number = number + 999800 WHERE number >= 1")
            for number in deeds:
                row = (f"c{number + 999800:06d}-01", f"c{number:06d}-01")
                connection.execute("UPDATE intents SET id = ? WHERE id = ?", row)
        _until_settled(book)
        left = [number for number, _ in _left(book)]
        assert {number + 999800 for number in deeds} <= set(left)
        assert len(left) < 1_400
        assert len(last_deeds(book, at_most=5)) == 3


def test_the_newest_cycles_stay_whatever_the_clock_says(tmp_path: Path) -> None:
    """A clock that leaps ten years ahead, and a Ballast that runs once a month, lose nothing."""
    with _open(tmp_path) as book:
        _lived(book, 1_000)
        let_go(book, RULE, NOW + timedelta(days=3650))
        assert len(_left(book)) == 1_000
        assert book.begin_cycle(NOW) == "c001001"


def test_one_call_lets_go_of_a_limited_number(tmp_path: Path) -> None:
    """A journal of years does not hold up a cycle that may have to protect."""
    with _open(tmp_path) as book:
        _lived(book, 8 * 24 * 60)
        let_go(book, RULE, NOW)
        assert 8 * 24 * 60 - 1_000 <= len(_left(book)) < 8 * 24 * 60


def test_the_page_finds_its_history_in_a_thinned_past(tmp_path: Path) -> None:
    """Where a record is gone the one before stands for it, once; the last is there."""
    with _open(tmp_path) as book:
        _lived(book, 6 * 24 * 60)
        _until_settled(book)
        found = [int(row["cycle"]) for row in records_over(book, cycles=6 * 24 * 60, at_most=360)]
        assert found == sorted(set(found))
        assert found[-1] == 6 * 24 * 60
        assert len(found) > 200
        assert found[0] < 24 * 60


def test_most_cycles_do_not_look(tmp_path: Path) -> None:
    """Going through the past is not for every cycle."""
    with _open(tmp_path) as book:
        _lived(book, 8 * 24 * 60 + 1)
        let_go(book, RULE, NOW)
        assert len(_left(book)) == 8 * 24 * 60 + 1


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Nothing was sent by then."""
    book = _open(tmp_path)
    _lived(book, 6 * 24 * 60)
    book._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(JournalError, match="Nothing is sent"):
        let_go(book, RULE, NOW)
    book.close()
