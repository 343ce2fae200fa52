"""How long others wait for a venue that only holds coins: so long per cycle, and hardly ever while it hangs."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.domain.errors import Unavailable
from bot.domain.ports import Clock

REST_S = 60.0
REST_MAX_S = 300.0
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class _Venue:
    """What waiting for one venue has cost in this cycle, how often it hung in a row, and until when it is not asked."""

    spent_s: float = 0.0
    hung: int = 0
    hangs: bool = False
    rests_until_s: float = 0.0


class Patience:
    """Waits for answers of venues that others must not wait for; remembers which of them hang."""

    def __init__(self, clock: Clock, *, per_cycle_s: float | None = None) -> None:
        """Units: `per_cycle_s` for all answers of a venue in one cycle together; None: as long as it takes."""
        self._clock = clock
        self._per_cycle_s = per_cycle_s
        self._venues: dict[str, _Venue] = {}

    def begin(self, venue: str) -> None:
        """A cycle begins.

        Raises: Unavailable while a venue that hung lately is left alone, so that it costs no other its time.
        """
        known = self._of(venue)
        if self._clock.monotonic() < known.rests_until_s:
            left_s = known.rests_until_s - self._clock.monotonic()
            raise Unavailable(f"{venue} gave no answer in time and is not asked again for {left_s:.0f} s.")
        if not known.hangs:
            known.hung = 0
        known.spent_s, known.hangs, known.rests_until_s = 0.0, False, 0.0

    async def wait_for(self, venue: str, asked: Coroutine[Any, Any, T]) -> T:
        """Give back the answer. Raises: Unavailable when it does not come within what is left of this cycle's time."""
        if self._per_cycle_s is None:
            return await asked
        known, loop = self._of(venue), asyncio.get_running_loop()
        left_s = self._per_cycle_s - known.spent_s
        if left_s <= 0:
            asked.close()
            raise self._hung(venue, known)
        began_s = loop.time()
        try:
            async with asyncio.timeout(left_s):
                return await asked
        except TimeoutError:
            raise self._hung(venue, known) from None
        finally:
            known.spent_s += loop.time() - began_s

    def _of(self, venue: str) -> _Venue:
        return self._venues.setdefault(venue, _Venue())

    def _hung(self, venue: str, known: _Venue) -> Unavailable:
        if not known.hangs:
            known.hangs, known.hung = True, known.hung + 1
            known.rests_until_s = self._clock.monotonic() + min(REST_S * 2 ** (known.hung - 1), REST_MAX_S)
        return Unavailable(f"{venue} gave no answer within {self._per_cycle_s:g} s.")
