"""Where the CPU time of a cycle goes: a profile, summed by the part of the program that runs."""

import cProfile
import pstats
import time
from collections.abc import Awaitable, Callable, Sequence

# first match wins; what a part calls in the standard library's C code counts for the part
PARTS = (
    ("the journal's commits and reads", ("sqlite3.Connection", "sqlite3.Cursor", "execution/journal")),
    ("reading replies", ("bot/exchange/envelope", "bot/exchange/strict", "bot/exchange/translate", "json/")),
    ("guarding calls", ("bot/exchange/", "tenacity", "asyncio_throttle", "contextlib", "asyncio/timeouts")),
    ("thinking", ("bot/",)),
    ("ccxt", ("ccxt", "hmac", "_hashlib", "urllib/parse")),
    ("HTTP and event loop", ("aiohttp", "asyncio", "selectors", "epoll", "socket", "yarl", "multidict", "Context")),
)
REST = "language and library"


async def shares(cycles: Sequence[Callable[[], Awaitable[None]]]) -> list[tuple[str, float]]:
    """Run the cycles under a profiler and return each part's share of the time, largest first."""
    profile = cProfile.Profile(time.process_time)  # waiting for a disk or a reply is no work
    for cycle in cycles:
        profile.enable()
        await cycle()
        profile.disable()
    sums: dict[str, float] = {}
    total = 0.0
    for (file, _, name), row in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        own_s = row[2]
        part = next((part for part, marks in PARTS if any(mark in f"{file} {name}" for mark in marks)), REST)
        sums[part] = sums.get(part, 0.0) + own_s
        total += own_s
    return sorted(((part, own_s / total) for part, own_s in sums.items()), key=lambda row: -row[1])
