"""A venue's wish for silence (HTTP 429, 418, 403) outlives the process: kept in the journal, put back at the start.

The machine's clock may be set between two runs. Unless the machine was started anew, time is counted on the clock
that nobody can set; else a clock that went back makes a silence no longer than it was when it was heard.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, Self

from bot.domain.errors import JournalError
from bot.domain.ports import Clock

SILENCE_MAX = timedelta(days=3)
NOTHING = timedelta(0)


class Memory(Protocol):
    """Small values that survive a restart."""

    def setting(self, key: str) -> str | None:
        """Give back what is remembered."""

    def set_setting(self, key: str, value: str | None) -> None:
        """Remember it."""


class Silenceable(Protocol):
    """A venue that heeds its hosts' wishes for silence."""

    on_silence: Callable[[], None] | None

    @property
    def id(self) -> str:
        """The ccxt id of the exchange."""

    @property
    def silent_until(self) -> dict[str, datetime]:
        """Hosts that asked for silence and until when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """Until when a host is to be left alone, and when that was heard on both clocks of which machine run."""

    until: datetime
    heard_at: datetime
    monotonic_s: float
    boot: str

    def left(self, now: datetime, monotonic_s: float, boot: str) -> timedelta:
        """How much of the silence is still to come."""
        whole = min(self.until - self.heard_at, SILENCE_MAX)
        passed = timedelta(seconds=monotonic_s - self.monotonic_s)
        if boot and boot == self.boot and passed >= NOTHING:
            return whole - passed
        if now < self.heard_at:
            # Set back by how much, nobody knows. Without a machine run to name it is another world's clock, if far off.
            return whole if boot or self.until <= now + SILENCE_MAX else NOTHING
        return min(self.until - now, whole)

    def written(self) -> list[str | float]:
        """As it is kept."""
        return [self.until.isoformat(), self.heard_at.isoformat(), self.monotonic_s, self.boot]

    @classmethod
    def read(cls, kept: object) -> Self:
        """Raises: ValueError or TypeError for what was not written by `written`."""
        if not isinstance(kept, list) or len(kept) != len(cls.__slots__):
            raise TypeError("not four values")
        until, heard_at, monotonic_s, boot = kept
        return cls(
            until=datetime.fromisoformat(until).astimezone(UTC),
            heard_at=datetime.fromisoformat(heard_at).astimezone(UTC),
            monotonic_s=float(monotonic_s),
            boot=str(boot),
        )


def keep_silence(venue: Silenceable, memory: Memory, clock: Clock, *, where: str, boot: str = "") -> None:
    """Put back the deadlines of earlier runs and write down every new one the moment it is heard.

    `where` tells worlds apart (live, demo, a local testnet); `boot` names this run of the machine, through which the
    monotonic clock goes on; empty where that is not known.
    """
    key = f"silence.{venue.id}.{where}"
    wishes: dict[str, _Wish] = {}

    def heard(host: str, until: datetime) -> None:
        wishes[host] = _Wish(until=until, heard_at=clock.now(), monotonic_s=clock.monotonic(), boot=boot)

    def remember() -> None:
        for host, until in venue.silent_until.items():
            if host not in wishes or wishes[host].until != until:
                heard(host, until)
        with suppress(JournalError):  # the process itself still knows; the cycle will say that the disk is full
            memory.set_setting(key, json.dumps({host: wish.written() for host, wish in wishes.items()}))

    moved = False
    for host, wish in _kept(memory.setting(key)).items():
        now = clock.now()
        left = wish.left(now, clock.monotonic(), boot)
        if left > NOTHING:
            until = venue.silent_until[host] = now + left
            if abs(until - wish.until) > timedelta(seconds=1):
                heard(host, until)
                moved = True
            else:
                wishes[host] = wish
                venue.silent_until[host] = wish.until
    if moved:
        remember()  # counted from now on, so that the next restart does not begin anew
    venue.on_silence = remember


def _kept(text: str | None) -> dict[str, _Wish]:
    """What can be read of what was written; the rest is no deadline."""
    found: dict[str, _Wish] = {}
    with suppress(ValueError, AttributeError, TypeError):
        for host, kept in json.loads(text or "{}").items():
            with suppress(ValueError, TypeError):
                found[host] = _Wish.read(kept)
    return found
