"""A venue's wish for silence (HTTP 429, 418, 403) outlives the process: kept in the journal, put back at the start."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.errors import JournalError
from bot.domain.ports import Clock

SILENCE_MAX = timedelta(days=3)


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


def keep_silence(venue: Silenceable, memory: Memory, clock: Clock, *, where: str) -> None:
    """Put back the deadlines of earlier runs and write down every new one the moment it is heard.

    `where` tells worlds apart (live, demo, a local testnet). A deadline further away than any venue asks for is one of
    another clock and is left out.
    """
    key = f"silence.{venue.id}.{where}"
    now = clock.now()
    with suppress(ValueError, AttributeError, TypeError):  # what cannot be read is no deadline
        for host, text in json.loads(memory.setting(key) or "{}").items():
            until = datetime.fromisoformat(text)
            if now < until <= now + SILENCE_MAX:
                venue.silent_until[host] = until

    def remember() -> None:
        with suppress(JournalError):  # the process itself still knows; the cycle will say that the disk is full
            memory.set_setting(key, json.dumps({host: at.isoformat() for host, at in venue.silent_until.items()}))

    venue.on_silence = remember
