"""What a person or a service manager asks for by signal: finish and stop, stop at once, read the profile again."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
Say = Callable[[str], None]
FINISHING = (
    "told to stop: the cycle in progress is finished first. A second signal ends it at once; then the next start finds "
    "out what became of a request that is on its way"
)
AT_ONCE = "told again to stop: ending at once; the next start finds out what became of a request that was on its way"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. `stop`: finish the cycle in progress and end; `again`: read the profile again."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    again: asyncio.Event = field(default_factory=asyncio.Event)


def listen(wishes: Wishes, say: Say, *, reloads: bool = False) -> None:
    """Take SIGTERM and SIGINT as a wish to stop, and a second one as a wish to end the calling task at once.

    After that the signals mean what they mean to any process. With `reloads` SIGHUP is a wish to read the profile
    again, unless it says that the terminal has gone; without, it is a wish to stop.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    had_terminal = _has_terminal()

    def stop() -> None:
        if not wishes.stop.is_set():
            say(FINISHING)
            wishes.stop.set()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        say(AT_ONCE)
        if task is not None:
            task.cancel()

    def hang_up() -> None:
        if reloads and _has_terminal() == had_terminal:
            wishes.again.set()
        elif not wishes.stop.is_set():
            wishes.stop.set()  # nobody is left who could read a word

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def run_to_its_end(work: Coroutine[Any, Any, T], say: Say) -> T:
    """Run a coroutine that a first signal does not break off.

    Raises: KeyboardInterrupt when a second one did.
    """

    async def listening() -> T:
        listen(Wishes(), say)
        return await work

    try:
        return asyncio.run(listening())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _has_terminal() -> bool:
    try:
        return os.isatty(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return False
