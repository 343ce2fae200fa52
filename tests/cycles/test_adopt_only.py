"""A journal that is not all that traded the account: nothing grows until a person re-arms, and protection goes on."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adopt_only import LookBack, take_up
from bot.cycle import run_cycle
from bot.domain.account import Side
from bot.domain.errors import JournalError, Unavailable
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.client_id import client_id
from bot.execution.generation import companion_path
from bot.execution.journal import Journal
from bot.halting import rearm
from tests.builders import BTC, NOW, d
from tests.cycles.desk import desk
from tests.fake_venue import FakeVenue, ManualClock


def _open(folder: Path, name: str = "here") -> Journal:
    return Journal.open(folder / "ballast.db", new_id=name)


def _run(fake: FakeVenue, book: Journal, *, started: bool = True) -> CycleRecord:
    """One cycle as the wiring runs it: the companion is compared first."""
    if started:
        take_up(book, fake.clock.now())
    return asyncio.run(run_cycle(replace(desk(fake, book), look_back=LookBack())))


def _token(book: Journal) -> str:
    said = book.latch()
    assert said is not None
    return said.rsplit(" ", 1)[-1]


def _hedged(folder: Path, fake: FakeVenue) -> None:
    with _open(folder) as book:
        assert _run(fake, book).status is CycleStatus.HEDGED


def _copied(folder: Path) -> bytes:
    with _open(folder) as book:
        book.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "ballast.db").read_bytes()


def test_a_first_start_just_works_beside_a_short_made_by_hand(tmp_path: Path) -> None:
    """An empty journal and orders of nobody else are no reason to wait."""
    fake = FakeVenue(ManualClock(), position=d("-0.2"), futures_usdt=d(50_000))
    with _open(tmp_path) as book:
        record = _run(fake, book)
        assert book.latch() is None
    assert record.outcomes
    assert fake.position < d("-0.2")


def test_a_deleted_journal_grows_nothing_until_it_is_armed(tmp_path: Path) -> None:
    """Deleted with its companion, the venue still shows the orders of the one before."""
    fake = FakeVenue(ManualClock())
    _hedged(tmp_path, fake)
    for path in tmp_path.glob("ballast.db*"):
        path.unlink()
    fake.spot_btc, held = d(2), fake.position
    with _open(tmp_path, "another") as book:
        record = _run(fake, book)
        assert record.status is CycleStatus.HALTED
        assert any("adopt-only" in note for note in record.notes)
        assert fake.position == held
        assert rearm(book, _token(book))
        for _ in range(3):
            asyncio.run(fake.clock.sleep(60))
            record = _run(fake, book)
        assert book.latch() is None
    assert fake.position < held


def test_reductions_go_on_while_only_adopting(tmp_path: Path) -> None:
    """Half of the coins were sold: the short above them is bought back, armed or not."""
    fake = FakeVenue(ManualClock())
    _hedged(tmp_path, fake)
    for path in tmp_path.glob("ballast.db*"):
        path.unlink()
    fake.spot_btc, held = d("0.6"), fake.position
    with _open(tmp_path, "another") as book:
        _run(fake, book)
        assert book.latch() is not None
    assert held < fake.position < 0


def test_an_old_copy_is_told_by_its_companion_before_anything_is_asked(tmp_path: Path) -> None:
    """A backup of yesterday put back over the file of today."""
    fake = FakeVenue(ManualClock())
    with _open(tmp_path) as book:
        take_up(book, NOW)
    old = _copied(tmp_path)
    _hedged(tmp_path, fake)
    (tmp_path / "ballast.db").write_bytes(old)
    (tmp_path / "ballast.db-wal").unlink(missing_ok=True)
    with _open(tmp_path, "restored") as book:
        take_up(book, NOW)
        assert "old copy" in (book.latch() or "")
        assert rearm(book, _token(book))
    with _open(tmp_path, "later") as book:
        take_up(book, NOW)
        assert book.latch() is None


def test_a_lost_companion_and_another_journal_beside_it_are_told(tmp_path: Path) -> None:
    """A copied file without its companion, and a companion whose journal is gone."""
    _hedged(tmp_path, FakeVenue(ManualClock()))
    companion_path(tmp_path / "ballast.db").unlink()
    with _open(tmp_path) as book:
        take_up(book, NOW)
        assert "companion" in (book.latch() or "")
    for path in (tmp_path / "ballast.db", tmp_path / "ballast.db-wal", tmp_path / "ballast.db-shm"):
        path.unlink(missing_ok=True)
    with _open(tmp_path, "another") as book:
        take_up(book, NOW)
        assert "deleted or replaced" in (book.latch() or "")


def test_a_companion_that_lags_behind_is_no_alarm(tmp_path: Path) -> None:
    """Whoever died between the commit and the companion was no thief."""
    fake = FakeVenue(ManualClock())
    _hedged(tmp_path, fake)
    path = companion_path(tmp_path / "ballast.db")
    name, _, count = path.read_text().strip().rpartition(" ")
    path.write_text(f"{name} {int(count) - 1}\n")
    with _open(tmp_path) as book:
        take_up(book, NOW)
        assert book.latch() is None


def test_a_companion_that_cannot_be_read_stops_before_anything_is_sent(tmp_path: Path) -> None:
    """Neither taken for none nor for a good one."""
    _hedged(tmp_path, FakeVenue(ManualClock()))
    companion_path(tmp_path / "ballast.db").write_text("\x00\x00")
    with _open(tmp_path) as book, pytest.raises(JournalError, match="generation"):
        take_up(book, NOW)


def test_a_second_host_is_noticed_by_the_first_that_sees_its_trade(tmp_path: Path) -> None:
    """Two journals on one account: the one whose position moved under it stops growing."""
    fake = FakeVenue(ManualClock())
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with _open(tmp_path / "a", "host a") as here, _open(tmp_path / "b", "host b") as there:
        _run(fake, here)
        asyncio.run(fake.clock.sleep(90))
        assert _run(fake, there).status is CycleStatus.HALTED  # it finds the orders of the first at its start
        fake.spot_btc = d(1)
        name = client_id("host c", "c000001-01")
        asyncio.run(
            fake.place_order(
                symbol=BTC, side=_side(fake), amount=d("0.1"), limit_price=d(60000), reduce_only=False, client_id=name
            )
        )
        asyncio.run(fake.clock.sleep(90))
        record = _run(fake, here, started=False)
        assert record.status is CycleStatus.HALTED
        assert any("second Ballast" in note for note in record.notes)


def _side(fake: FakeVenue) -> Side:
    return next(iter(fake.orders.values())).side


def test_a_venue_that_does_not_tell_is_not_taken_for_a_clean_one(tmp_path: Path) -> None:
    """At the first cycle of a journal nothing is sold before the past was seen; later the next look decides."""
    fake = FakeVenue(ManualClock())

    def silent(name: str) -> None:
        if name == "named":
            raise Unavailable("the venue does not answer")

    fake.before_read = silent
    with _open(tmp_path) as book:
        record = _run(fake, book)
        assert record.status is CycleStatus.UNAVAILABLE
        assert fake.orders == {}
        fake.before_read = lambda _: None
        assert _run(fake, book).outcomes


def test_at_rest_no_request_is_spent_on_looking_back(tmp_path: Path) -> None:
    """Only the first cycle of a journal and a position that moved ask anything."""
    fake = FakeVenue(ManualClock())
    asked: list[str] = []
    fake.before_read = asked.append
    with _open(tmp_path) as book:
        _run(fake, book)
        assert asked.count("named") == 1
        for _ in range(5):
            asyncio.run(fake.clock.sleep(90))
            _run(fake, book)
    assert asked.count("named") == 1


def test_two_copies_of_one_journal_never_give_out_the_same_name(tmp_path: Path) -> None:
    """A name is made of the opening of the journal, not of the file alone."""
    with _open(tmp_path, "one") as one, _open(tmp_path, "two") as two:
        assert one.id == two.id
        assert client_id(one.epoch, "c000001-01") != client_id(two.epoch, "c000001-01")


def _traded_elsewhere(fake: FakeVenue, name: str) -> None:
    """Another Ballast sells and buys back: the position is as before."""
    for side, number in ((Side.SELL, 1), (Side.BUY, 2)):
        asyncio.run(
            fake.place_order(
                symbol=BTC,
                side=side,
                amount=d("0.1"),
                limit_price=d(60000),
                reduce_only=side is Side.BUY,
                client_id=client_id(name, f"c000009-0{number}"),
            )
        )
    fake.moved_at = NOW


@pytest.mark.parametrize(("hours", "noticed"), [(0, False), (2, True)])
def test_after_a_pause_the_past_is_read_also_where_no_position_moved(
    tmp_path: Path, hours: int, *, noticed: bool
) -> None:
    """A start every few minutes costs nothing; one after hours looks at everything this journal ever traded."""
    fake = FakeVenue(ManualClock())
    _hedged(tmp_path, fake)
    asyncio.run(fake.clock.sleep(90 + 3600 * hours))
    _traded_elsewhere(fake, "host b")
    with _open(tmp_path, "again") as book:
        _run(fake, book)
        assert (book.latch() is not None) is noticed


def test_a_halt_for_another_reason_accepts_no_second_ballast(tmp_path: Path) -> None:
    """Only who was told of strange orders has looked at them."""
    fake = FakeVenue(ManualClock())
    _hedged(tmp_path, fake)
    with _open(tmp_path, "again") as book:
        book.set_latch("something else broke. ballast resume --arm abc", "abc")
        _traded_elsewhere(fake, "host b")
        assert rearm(book, "abc")
        asyncio.run(fake.clock.sleep(7200))
        _run(fake, book)
        assert "adopt-only" in (book.latch() or "")
