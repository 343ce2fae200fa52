"""Protection when the rest of the picture is missing, when the policy fails, and between two cycles."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cycle import Desk, run_cycle
from bot.daemon import Schedule, run_daemon
from bot.domain.account import Side
from bot.domain.errors import Refused, Unavailable
from bot.domain.intent import OrderIntent
from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import Journal
from tests.builders import d
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def _poor() -> FakeVenue:
    """Half a coin short at 60,000 over 9,000: 3.3x at a cap of 2, and no cash to move in."""
    fake = FakeVenue(ManualClock(), position=d("-0.5"), futures_usdt=d(9_000), spot_usdt=d(0), leverage=d(2))
    fake.moved_at = fake.clock.now()
    return fake


def _cycle(at: Desk) -> CycleRecord:
    return asyncio.run(run_cycle(at))


def _bought(record: CycleRecord) -> bool:
    orders = [row for row in record.intents if isinstance(row, OrderIntent)]
    assert all(row.side is Side.BUY and row.reduce_only and row.protective for row in orders)
    return bool(orders)


@pytest.mark.parametrize("what", ["balances", "funding", "prices"])
def test_what_protection_does_not_need_may_fail(tmp_path: Path, what: str) -> None:
    """No balances, no funding, no spot prices: the whole picture is missing, and the short is cut all the same."""

    def fail(name: str) -> None:
        if name == what:
            raise Unavailable(f"{name} did not answer")

    fake = _poor()
    fake.before_read = fail
    with journal(tmp_path) as book:
        record = _cycle(replace(desk(fake, book), lookout=replace(desk(fake, book).lookout, peg_reference="USDC")))
    assert _bought(record)
    assert record.status is CycleStatus.ACTED
    assert fake.position > d("-0.31")
    assert any(f"{what} did not answer" in note for note in record.notes)


def test_a_jump_of_the_balance_does_not_hold_up_protection(tmp_path: Path) -> None:
    """Coins that vanished are not believed yet; the margin is seen and cared for."""
    fake = FakeVenue(ManualClock())
    with journal(tmp_path) as book:
        _cycle(desk(fake, book))
        fake.spot_btc, fake.spot_usdt, fake.futures_usdt = d("0.1"), d(0), d(9_000)
        asyncio.run(fake.clock.sleep(10))
        record = _cycle(desk(fake, book))
    assert _bought(record)
    assert any("at once" in note for note in record.notes)


def test_without_need_the_trouble_is_what_counts(tmp_path: Path) -> None:
    """A sound margin turns a missing answer into nothing but that."""

    def fail(name: str) -> None:
        if name == "balances":
            raise Unavailable("balances did not answer")

    fake = _poor()
    fake.futures_usdt, fake.before_read = d(20_000), fail
    with journal(tmp_path) as book:
        assert _cycle(desk(fake, book)).status is CycleStatus.UNAVAILABLE
    assert fake.orders == {}


@pytest.mark.parametrize("what", ["positions", "marks"])
def test_nothing_is_protected_unseen(tmp_path: Path, what: str) -> None:
    """Without positions or marks there is nothing to judge by."""

    def fail(name: str) -> None:
        if name == what:
            raise Unavailable(f"{name} did not answer")

    fake = _poor()
    fake.before_read = fail
    with journal(tmp_path) as book:
        assert _cycle(desk(fake, book)).status is CycleStatus.UNAVAILABLE
    assert fake.orders == {}


class _Broken:
    def size(self, *_: Any) -> Any:
        raise ZeroDivisionError("a rule that divides by nothing")

    def asks(self, _: Any) -> Any:
        return ()


def test_a_policy_that_cannot_decide_keeps_nobody_from_protecting(tmp_path: Path) -> None:
    """The rule's own trouble is refused in words; the short is cut; with a sound margin nothing happens."""
    fake = _poor()
    with journal(tmp_path) as book:
        whole = desk(fake, book)
        broken = replace(whole, mind=replace(whole.mind, policy=replace(whole.mind.policy, size=_Broken())))
        record = _cycle(broken)
        assert _bought(record)
        assert "divides by nothing" in record.refusals[0].reason
        fake.futures_usdt = d(90_000)
        calm = _cycle(broken)
    assert calm.status is CycleStatus.REFUSED
    assert calm.intents == ()


@pytest.mark.parametrize("state", ["paused", "halted"])
def test_protection_goes_on_while_paused_and_halted(tmp_path: Path, state: str) -> None:
    """Both stop new risk only."""
    fake = _poor()
    with journal(tmp_path) as book:
        if state == "paused":
            book.set_paused("on holiday")
        else:
            book.set_latch("something broke", "token")
        assert _bought(_cycle(desk(fake, book)))
    assert fake.position > d("-0.31")


def test_cash_that_cannot_be_moved_is_not_counted_on_twice(tmp_path: Path) -> None:
    """The transfer is refused: the next cycle cuts the short instead of waiting for it."""

    def no_transfer(name: str) -> None:
        if name == "transfer":
            raise Refused("this key may not transfer", code="-1002")

    fake = _poor()
    fake.spot_usdt, fake.before_read = d(50_000), no_transfer
    with journal(tmp_path) as book:
        first = _cycle(desk(fake, book))
        assert [row.kind.value for row in first.intents] == ["transfer"]
        assert fake.orders == {}
        asyncio.run(fake.clock.sleep(5))
        second = _cycle(desk(fake, book))
        assert _bought(second)
        assert any("may not transfer" in note for note in second.notes)
        assert all(row.kind.value == "order" for row in second.intents)
    assert fake.position > d("-0.31")


class _Market(ManualClock):
    """Seven seconds into the wait the market jumps."""

    def __init__(self, jump: str) -> None:
        super().__init__()
        self.jump = d(jump)
        self.fake: FakeVenue | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.fake is not None and self.monotonic() > 7 and self.jump != 1:
            self.fake.futures_usdt += self.fake.position * self.fake.price * (self.jump - 1)
            self.fake.price *= self.jump
            self.jump = d(1)


def _daemon(tmp_path: Path, jump: str, margin_every_s: float) -> tuple[list[datetime], list[str], FakeVenue, Journal]:
    clock = _Market(jump)
    fake = FakeVenue(clock, position=d("-0.5"), futures_usdt=d(16_500), spot_usdt=d(0), leverage=d(2))
    clock.fake = fake
    began: list[datetime] = []
    said: list[str] = []

    async def run() -> None:
        stop = asyncio.Event()

        def announce(record: CycleRecord, _: datetime | None) -> None:
            began.append(record.at)
            if len(began) == 2:
                stop.set()

        at = replace(desk(fake, book), margin_every_s=margin_every_s)
        await run_daemon(at, Schedule(every_s=30, cron=None), announce, said.append, jitter_s=lambda: 0.0, stop=stop)

    with journal(tmp_path) as book:
        asyncio.run(run())
    return began, said, fake, book


def test_a_rally_between_two_cycles_starts_one_at_once(tmp_path: Path) -> None:
    """The market jumps at the seventh second of thirty: the watch sees it at its next look and the short is cut."""
    began, said, fake, _ = _daemon(tmp_path, "1.2", 5)
    assert (began[1] - began[0]).total_seconds() <= 12
    assert "cannot wait" in said[0]
    assert fake.position > d("-0.5")


def test_a_tremor_waits_for_the_next_cycle(tmp_path: Path) -> None:
    """One per cent more is no alarm; and without the watch even a rally waits."""
    began, said, _, _ = _daemon(tmp_path, "1.01", 5)
    assert (began[1] - began[0]).total_seconds() >= 30
    assert said == []
    (tmp_path / "other").mkdir()
    began, said, _, _ = _daemon(tmp_path / "other", "1.2", 0)
    assert (began[1] - began[0]).total_seconds() >= 30
