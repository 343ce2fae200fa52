"""Showing a demo to whoever looks: in the terminal, and on the status page while it is open in a browser."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.demo.stage import Stage
from bot.demo.view import View
from bot.domain.record import CycleRecord
from bot.logs import redacted
from bot.watch.attend import Attendant, attend

UNSEEN_S = 5.0
LINGER_MAX_S = 15 * 60.0


class Show:
    """Tells each cycle to the terminal and to the page, and keeps an open page alive when the market has ended."""

    def __init__(self, stage: Stage, view: View, attendant: Attendant | None) -> None:
        self._stage, self._view, self._attendant = stage, view, attendant

    def tell(self, record: CycleRecord) -> None:
        """One cycle has ended."""
        if self._attendant is not None:
            self._attendant.told(record, self._stage.desk.lookout.clock.now() + self._stage.every)
        self._view.tell(record)

    async def linger(self) -> None:
        """Stay while somebody has the page open, until Ctrl-C."""
        if not self._is_watched():
            return
        self._view.paragraph("The status page stays while you have it open; Ctrl-C ends it now.")
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        for _ in range(int(LINGER_MAX_S)):
            if stop.is_set() or not self._is_watched():
                return
            try:
                await asyncio.wait_for(stop.wait(), 1.0)
            except TimeoutError:
                continue

    def _is_watched(self) -> bool:
        unseen_s = self._attendant.unseen_s() if self._attendant is not None else None
        return unseen_s is not None and unseen_s < UNSEEN_S


@asynccontextmanager
async def on_show(stage: Stage, view: View, *, page: bool) -> AsyncIterator[Show]:
    """Open the page, unless it is not wanted or its port is taken: then the terminal alone shows the demo."""
    if not page:
        yield Show(stage, view, None)
        return
    async with attend(stage.settings, stage.desk, lambda text: view.say(redacted(text)), played=True) as attendant:
        if attendant.address is not None:
            view.paragraph(f"Watch it in a browser: {attendant.address}", "  ")
            view.say()
        yield Show(stage, view, attendant)
