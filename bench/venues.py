"""A cycle over five venues at once against the slowest of them alone: all are asked side by side."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.world import environment, free_port, wait_for
from bot.cycle import run_cycle
from bot.settings import load_settings
from bot.sim.wire.codecs import SPOKEN
from bot.wiring import open_desk

LONGER_MAX = 1.20
WARM_UP = 2
PROFILE = """
mode = "testnet"
[portfolio]
name = "bench"
{venues}
[policy.size]
ratio = "0.5"
[risk]
leverage_cap = "2"
orders_per_hour_max = 1000
[journal]
path = "{folder}/{journal}.db"
"""
VENUE = """
[[venues]]
id = "{venue}"
role = [{role}]
localnet = "{address}"
"""
HEDGE = "binance"
NEAR_S, FAR_S = 0.15, 0.45


def measure(folder: Path, rounds: int) -> list[str]:
    """Quiet cycles, nothing to trade; delays of a network far away, the servers in a process of their own."""
    lines = []
    for name, far in (
        ("all equally far", None),
        ("the one with shorts is farthest", HEDGE),
        ("another is", SPOKEN[-1]),
    ):
        delays = {venue: FAR_S if venue == far else NEAR_S for venue in SPOKEN}
        with served(folder, delays) as addresses:
            lines.append(asyncio.run(_compared(folder, name, addresses, rounds)))
    return [
        f"a cycle over {len(SPOKEN)} venues at once ({', '.join(SPOKEN)}), requests {NEAR_S * 1000:.0f} ms away:",
        *lines,
    ]


@contextmanager
def served(folder: Path, delays: Mapping[str, float]) -> Iterator[dict[str, str]]:
    """The addresses of the venues."""
    ports = {venue: free_port() for venue in delays}
    command = [sys.executable, "-m", "bench.delayed", *(f"{one}:{ports[one]}:{delays[one]}" for one in delays)]
    process = subprocess.Popen(command, env=environment(folder))
    try:
        for port in ports.values():
            wait_for(f"127.0.0.1:{port}")
        yield {venue: f"127.0.0.1:{port}" for venue, port in ports.items()}
    finally:
        process.kill()
        process.wait()


async def _compared(folder: Path, name: str, addresses: Mapping[str, str], rounds: int) -> str:
    alone = {HEDGE: await _cycle_s(folder, [HEDGE], addresses, rounds)}
    for venue in addresses:
        if venue != HEDGE:
            alone[venue] = await _look_s(folder, venue, addresses, rounds)
    together = await _cycle_s(folder, list(addresses), addresses, rounds)
    slowest = max(alone, key=lambda venue: alone[venue])
    ratio = together / alone[slowest]
    return (
        f"  {name}: {together * 1000:.0f} ms, the slowest alone ({slowest}) {alone[slowest] * 1000:.0f} ms; ratio "
        f"{ratio:.2f} (wanted at most {LONGER_MAX}: {'yes' if ratio <= LONGER_MAX else 'NO'})"
    )


def _profile(folder: Path, venues: Sequence[str], addresses: Mapping[str, str]) -> Path:
    name = "-".join(venues) + f"-{free_port()}"
    rows = (
        VENUE.format(venue=one, role='"hedge", "spot"' if one == HEDGE else '"spot"', address=addresses[one])
        for one in venues
    )
    path = folder / f"{name}.toml"
    # one account, one journal: with another it would be adopt-only
    journal = addresses[HEDGE].rpartition(":")[2]
    path.write_text(PROFILE.format(venues="".join(rows), folder=folder, journal=journal), encoding="utf-8")
    return path


async def _cycle_s(folder: Path, venues: Sequence[str], addresses: Mapping[str, str], rounds: int) -> float:
    """Wall seconds of a cycle that has nothing to do."""
    settings = load_settings([_profile(folder, venues, addresses)], environ={}, env_file=None)
    async with open_desk(settings, purpose="once") as desk:
        for _ in range(20):
            if not (await run_cycle(desk)).intents:
                break
        for _ in range(WARM_UP):
            await run_cycle(desk)
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            record = await run_cycle(desk)
            times.append(time.perf_counter() - began)
            assert record.status.value == "hedged", record.notes
    return median(times)


async def _look_s(folder: Path, venue: str, addresses: Mapping[str, str], rounds: int) -> float:
    """Wall seconds of what a cycle asks of a venue that only holds coins."""
    settings = load_settings([_profile(folder, [HEDGE, venue], addresses)], environ={}, env_file=None)
    async with open_desk(settings, purpose="once") as desk:
        asked = desk.hands.venues[venue]
        await asked.connect()
        times = []
        for _ in range(WARM_UP + rounds):
            began = time.perf_counter()
            await asked.connect()
            await asked.balances()
            await asked.prices({"USDC"}, "USDT")
            times.append(time.perf_counter() - began)
    return median(times[WARM_UP:])
