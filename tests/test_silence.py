"""A silence a venue asked for outlives the process, and no set clock makes it longer or shorter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.silence import keep_silence

HOST = "fapi.binance.com"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BAN = timedelta(minutes=10)


@dataclass
class Machine:
    """One machine with its two clocks; `boot` names the run since it was started."""

    wall: datetime = NOON
    monotonic_s: float = 5_000.0
    boot: str = "first"
    kept: dict[str, str | None] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.monotonic_s

    async def sleep(self, seconds: float) -> None:
        self.pass_time(timedelta(seconds=seconds))

    def pass_time(self, span: timedelta) -> None:
        self.wall += span
        self.monotonic_s += span.total_seconds()

    def setting(self, key: str) -> str | None:
        return self.kept.get(key)

    def set_setting(self, key: str, value: str | None) -> None:
        self.kept[key] = value

    def restarted(self) -> "Process":
        process = Process()
        keep_silence(process, self, self, where="live", boot=self.boot)
        return process


@dataclass
class Process:
    """A venue in one process."""

    id: str = "binance"
    on_silence: Callable[[], None] | None = None
    silent_until: dict[str, datetime] = field(default_factory=dict)

    def left(self, machine: Machine) -> timedelta:
        until = self.silent_until.get(HOST)
        return until - machine.wall if until is not None else timedelta(0)


def _banned(machine: Machine) -> None:
    process = machine.restarted()
    process.silent_until[HOST] = machine.wall + BAN
    assert process.on_silence is not None
    process.on_silence()


@pytest.mark.parametrize("step", [timedelta(0), timedelta(days=1), -timedelta(days=1), -timedelta(days=40)])
def test_a_clock_that_is_set_between_two_runs_changes_no_silence(step: timedelta) -> None:
    """The machine goes on running, so its other clock still counts."""
    machine = Machine()
    _banned(machine)
    machine.pass_time(timedelta(minutes=4))
    machine.wall += step
    assert machine.restarted().left(machine) == timedelta(minutes=6)
    machine.pass_time(timedelta(minutes=6))
    assert machine.restarted().left(machine) == timedelta(0)


@pytest.mark.parametrize("back", [timedelta(hours=5), timedelta(days=40)])
def test_a_machine_started_anew_with_its_clock_set_back_waits_no_longer_than_the_whole_silence(back: timedelta) -> None:
    """How long ago it was heard, nobody knows; the next restart does not begin to wait anew."""
    machine = Machine()
    _banned(machine)
    machine.wall, machine.monotonic_s, machine.boot = NOON - back, 10.0, "second"
    assert machine.restarted().left(machine) == BAN
    machine.pass_time(timedelta(minutes=7))
    assert machine.restarted().left(machine) == timedelta(minutes=3)


def test_a_machine_started_anew_keeps_what_is_left() -> None:
    """The wall clock counts through a reboot."""
    machine = Machine()
    _banned(machine)
    machine.wall, machine.monotonic_s, machine.boot = NOON + timedelta(minutes=4), 10.0, "second"
    assert machine.restarted().left(machine) == timedelta(minutes=6)


def test_a_silence_of_another_world_far_ahead_is_left_out() -> None:
    """A local testnet begins anew at an earlier date."""
    machine = Machine(boot="")
    _banned(machine)
    machine.wall, machine.monotonic_s = NOON - timedelta(days=40), 0.0
    assert machine.restarted().left(machine) == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"h": 1}', '{"h": ["x", "y", "z", 1]}', '{"h": "2026-05-01T12:00:00"}']
)
def test_what_cannot_be_read_is_no_deadline(text: str) -> None:
    """A damaged row never stops a start."""
    machine = Machine(kept={"silence.binance.live": text})
    assert machine.restarted().silent_until == {}
