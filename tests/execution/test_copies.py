"""Verifying, exporting and backing up a journal while another connection writes it."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from bot.domain.account import Side
from bot.domain.errors import ConfigurationError, JournalError
from bot.domain.intent import Ending, OrderIntent, Outcome
from bot.execution.client_id import client_id
from bot.execution.copies import back_up, export, export_to
from bot.execution.journal import Journal
from bot.execution.verification import verify
from tests.builders import BTC, NOW, VENUE, d


def _journal(folder: Path) -> Journal:
    """Two orders: one filled, one whose outcome nobody knows."""
    book = Journal.open(folder / "j.db", new_id="0123456789abcdef")
    book.begin_cycle(NOW)
    for number in (1, 2):
        intent = OrderIntent(
            id=f"c000001-{number:02d}",
            venue=VENUE,
            symbol=BTC,
            side=Side.SELL,
            amount=d("0.1"),
            limit_price=d("59820.0"),
            reduce_only=False,
            protective=False,
            reasons=("a reason",),
        )
        book.record_sent(intent, client_id(book.epoch, intent.id), NOW, notional=d(6000), position_before=d(0))
    book.record_outcome(
        Outcome(
            intent_id="c000001-01",
            ending=Ending.FILLED,
            filled=d("0.1"),
            average_price=d(60000),
            fee=d(3),
            detail="sold",
        ),
        NOW,
    )
    return book


def _verdicts(path: Path) -> dict[str, str]:
    return {row.topic: row.verdict for row in verify(path)}


def test_a_sound_journal_is_told_in_words_while_it_is_open(tmp_path: Path) -> None:
    """Every request's state, and what still waits."""
    with _journal(tmp_path) as book:
        found = {row.topic: row for row in verify(book.path)}
    assert {row.verdict for row in found.values()} == {"ok", "warn"}
    assert found["requests"].text == "2 sent: 1 filled, 1 sent"
    assert "c000001-02: the order to sell 0.1 BTC/USDT:USDT" in found["unsettled"].text


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE intents SET ending = NULL WHERE state = 'done'",
        "UPDATE intents SET ending = 'filled' WHERE state = 'sent'",
        "UPDATE intents SET filled = '0.2' WHERE state = 'done'",
        "UPDATE intents SET body = '{}' WHERE state = 'done'",
        "UPDATE intents SET client_id = 'somebody' WHERE state = 'done'",
        "DELETE FROM cycles",
    ],
)
def test_an_impossible_story_is_told(tmp_path: Path, lie: str) -> None:
    """A row that no course of events leads to."""
    with _journal(tmp_path) as book:
        path = book.path
    with sqlite3.connect(path) as connection:
        connection.execute(lie)
    connection.close()
    assert "fail" in {row.verdict for row in verify(path)}


def test_an_old_copy_and_a_newer_schema_fail(tmp_path: Path) -> None:
    """What the next start would refuse or halt at is said before."""
    with _journal(tmp_path) as book:
        path = book.path
    companion = path.with_name("j.db.generation")
    companion.write_text("0123456789abcdef 99\n")
    assert _verdicts(path)["generation"] == "fail"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert _verdicts(path)["schema"] == "fail"


def test_a_damaged_file_fails_and_says_what_to_do(tmp_path: Path) -> None:
    """A page overwritten in the middle."""
    with _journal(tmp_path) as book:
        path = book.path
    whole = bytearray(path.read_bytes())
    whole[4096 : 4096 + 2048] = b"\xff" * 2048
    path.write_bytes(whole)
    try:
        verdicts = set(_verdicts(path).values())
    except JournalError:
        verdicts = {"fail"}
    assert "fail" in verdicts


def test_a_backup_is_whole_private_and_never_overwrites(tmp_path: Path) -> None:
    """Made while the journal is open and half a cycle is in its write-ahead log."""
    to = tmp_path / "copy.db"
    with _journal(tmp_path) as book:
        back_up(book.path, to)
        with pytest.raises(ConfigurationError, match="not overwritten"):
            back_up(book.path, to)
    assert os.stat(to).st_mode & 0o777 == 0o600
    assert {row.verdict for row in verify(to, alone=True)} == {"ok", "warn"}
    with Journal.open(to, new_id="restored") as restored:
        assert [row.intent.id for row in restored.open_intents()] == ["c000001-02"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_backup_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder that is not there."""
    with _journal(tmp_path) as book, pytest.raises(JournalError, match="could not be written"):
        back_up(book.path, tmp_path / "nowhere" / "copy.db")


def test_an_export_tells_requests_and_fills_and_no_token(tmp_path: Path) -> None:
    """One JSON object per line; what ends a halt is not among it."""
    with _journal(tmp_path) as book:
        book.note(NOW, "halted", "broken. End it: ballast resume --arm abc123")
        book.set_latch("broken. End it: ballast resume --arm abc123", "abc123")
        lines: list[str] = []
        export(book.path, lines.append)
        export_to(book.path, tmp_path / "out.jsonl", lambda line: line)
    told = [json.loads(line) for line in lines]
    assert [row["line"] for row in told] == ["journal", "cycle", "intent", "fill", "intent", "event"]
    assert told[3] == {
        "line": "fill", "intent": "c000001-01", "venue": VENUE, "symbol": BTC, "side": "sell", "amount": "0.1",
        "price": "60000", "fee": "3", "at": "2025-01-06T00:00:00.000+00:00",
    }  # fmt: skip
    assert "abc123" not in "".join(lines)
    assert (tmp_path / "out.jsonl").read_text() == "".join(lines)
