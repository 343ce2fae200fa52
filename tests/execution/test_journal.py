"""The journal: what is committed stays, what is final stays final, what cannot be used is said."""

import os
import sqlite3
from pathlib import Path

import pytest

from bot.domain.account import Side
from bot.domain.errors import AccountBusy, ConfigurationError, JournalError
from bot.domain.intent import Ending, OrderIntent, Outcome
from bot.execution.client_id import client_id, is_ours
from bot.execution.journal import Journal
from bot.lock import hold_account
from tests.builders import BTC, NOW, VENUE, d, later


def _open(path: Path) -> Journal:
    return Journal.open(path, new_id="0123456789abcdef")


def _intent(number: int = 1) -> OrderIntent:
    return OrderIntent(
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


def _outcome(ending: Ending, filled: str = "0") -> Outcome:
    return Outcome(
        intent_id="c000001-01", ending=ending, filled=d(filled), average_price=None, fee=None, detail="as told"
    )


def _sent(book: Journal) -> None:
    book.record_sent(_intent(), "blst1", NOW, notional=d(6000), position_before=d(0))


def test_an_intent_survives_and_comes_back_the_same(tmp_path: Path) -> None:
    """Closed and opened again, nothing is lost."""
    with _open(tmp_path / "j.db") as book:
        _sent(book)
    with _open(tmp_path / "j.db") as book:
        (row,) = book.open_intents()
    assert (row.intent, row.client_id, row.sent_at) == (_intent(), "blst1", NOW)


def test_a_final_ending_is_never_overwritten(tmp_path: Path) -> None:
    """Neither by an unknown nor by another final one."""
    with _open(tmp_path / "j.db") as book:
        _sent(book)
        book.record_outcome(_outcome(Ending.FILLED, "0.1"), NOW)
        book.record_outcome(_outcome(Ending.UNKNOWN), NOW)
        book.record_outcome(_outcome(Ending.ABSENT), NOW)
        row = book._connection.execute("SELECT state, ending, filled FROM intents").fetchone()
    assert row == ("done", "filled", "0.1")


def test_every_order_sent_counts_for_the_hour_whatever_became_of_it(tmp_path: Path) -> None:
    """A refused order counts too."""
    with _open(tmp_path / "j.db") as book:
        _sent(book)
        book.record_outcome(_outcome(Ending.REFUSED), NOW)
        assert book.orders_since(VENUE, later(-3600)) == (1, d(6000))
        assert book.orders_since(VENUE, later(1)) == (0, d(0))
        assert book.orders_since("elsewhere", later(-3600)) == (0, d(0))


def test_cycle_numbers_never_repeat(tmp_path: Path) -> None:
    """Also not after a restart in the middle of one."""
    with _open(tmp_path / "j.db") as book:
        first = book.begin_cycle(NOW)
    with _open(tmp_path / "j.db") as book:
        assert book.begin_cycle(NOW) > first


def test_a_halt_needs_its_token(tmp_path: Path) -> None:
    """Only a person with the printed token re-arms."""
    with _open(tmp_path / "j.db") as book:
        book.set_latch("something broke", "k7")
        assert not book.arm("wrong")
        assert book.latch() == "something broke"
        assert book.arm("k7")
        assert book.latch() is None


def test_a_newer_journal_is_left_alone(tmp_path: Path) -> None:
    """The sentence says both versions and what to do."""
    _open(tmp_path / "j.db").close()
    with sqlite3.connect(tmp_path / "j.db") as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="newer Ballast"):
        _open(tmp_path / "j.db")


def test_a_damaged_file_and_a_place_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    """No traceback, and nothing was sent."""
    (tmp_path / "j.db").write_bytes(b"this is not a database at all, " * 200)
    with pytest.raises(JournalError, match="Nothing was sent"):
        _open(tmp_path / "j.db")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="Nothing was sent"):
        _open(tmp_path / "file" / "j.db")


def test_a_new_journal_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    """It tells what somebody owns; the files SQLite keeps beside it take after it."""
    path = tmp_path / "state" / "ballast.db"
    with _open(path) as journal:
        journal.begin_cycle(NOW)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes
    assert set(modes.values()) == {0o600}


def test_client_ids_are_the_same_for_the_same_intent_only() -> None:
    """Every venue takes them, and another journal makes others."""
    ids = {client_id(journal, f"c{number:06d}-01") for journal in ("a", "b") for number in range(500)}
    assert len(ids) == 1000
    assert client_id("a", "c000001-01") == client_id("a", "c000001-01")
    assert all(name.isalnum() and len(name) == 24 and name[0] != "t" and is_ours(name) for name in ids)
    assert not is_ours("web_123")


def test_a_second_holder_of_the_account_is_refused(tmp_path: Path) -> None:
    """Also with another journal; afterwards the account is free again."""
    account = f"binance/test/{tmp_path}"
    with (
        hold_account(tmp_path / "one.db", (account,)),
        pytest.raises(AccountBusy, match="another Ballast"),
        hold_account(tmp_path / "two.db", (account,)),
    ):
        pass
    with hold_account(tmp_path / "two.db", (account,)):
        pass


def test_without_a_folder_for_account_locks_nothing_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never silently no lock: a sentence instead, and the journal is free again."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file"))
    with pytest.raises(ConfigurationError, match="TMPDIR"), hold_account(tmp_path / "one.db", ("binance/test/x",)):
        pass
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / f"ballast-{os.getuid()}").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="somebody else"), hold_account(tmp_path / "one.db", ("binance/x",)):
        pass
    with hold_account(tmp_path / "one.db", ()):
        pass


def test_a_full_disk_names_its_own_cause(tmp_path: Path) -> None:
    """SQLite ends the transaction by itself then; the sentence is about the disk and not about that."""
    with _open(tmp_path / "j.db") as book:
        pages = book._connection.execute("PRAGMA page_count").fetchone()[0]
        book._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="full"):
            book.note(NOW, "x", "y" * 100_000)
