"""A day of the daemon in some minutes: `python -m tests.soak.endurance`; ends with a table and 1 when something grows.

The command `ballast run` in a process of its own, with page, metrics, alerts, archive and retention, against a local
testnet whose time moves when the daemon waits; now and then a fault, a broken connection, a machine that slept.
"""

import argparse
import asyncio
import contextlib
import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.sim.faults import DEFAULT_KINDS, FaultSchedule
from bot.sim.localnet import build_world
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from tests.soak.growth import HEADING, judged

CYCLES = 2880  # of 30 s: a day
SAMPLES = 96
INTENSITY = 0.01
# what distorts the account itself may halt the daemon, rightly, and a halted one does less
KINDS = [name for name in DEFAULT_KINDS if name not in ("old_positions", "duplicate_execution", "late_execution")]
SLEPT = timedelta(hours=18)  # of the machine, twice: the records of a day are old then, and retention goes to work
PROFILE = """
mode = "testnet"
[portfolio]
name = "endurance"
[[venues]]
id = "binance"
localnet = "{address}"
[policy.size]
rule = "static-ratio"
ratio = "0.5"
[risk]
leverage_cap = "2"
[network]
timeout_s = 1
[schedule]
cycle_every_s = 30
margin_every_s = 15
[journal]
path = "{folder}/ballast.db"
records_days = 1
[watch]
listen = "127.0.0.1:{page}"
alert_unavailable_after_s = 30
"""


def command(profile: Path, cycles: int, samples: Path) -> int:
    """The daemon's process: the real command, sampled between its cycles, ended by a signal as an operator would."""
    daemon: Any = importlib.import_module("bot.daemon")  # as a whole: one name in it is replaced
    real, every, seen = daemon.run_cycle, max(1, cycles // SAMPLES), Counter[str]()

    async def sampled(desk: Any) -> Any:
        record = await real(desk)
        seen[record.status.value] += 1
        if seen.total() % every == 0:
            gc.collect()
            with samples.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**figures(profile.with_name("ballast.db")), "statuses": seen}) + "\n")
        if seen.total() >= cycles:
            os.kill(os.getpid(), signal.SIGTERM)
        return record

    daemon.run_cycle = sampled
    run = importlib.import_module("bot.cli.run").run
    return int(run(["run", "--config", str(profile), "--log-level", "error"]))


def figures(journal: Path) -> dict[str, float]:
    """What may grow, of this process at this moment."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    files = [journal, journal.with_name(journal.name + "-wal")]
    return {
        "rss_kb": pages * os.sysconf("SC_PAGE_SIZE") / 1024,
        "objects": len(gc.get_objects()),
        "handles": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "tasks": len(asyncio.all_tasks()),
        "journal_kb": sum(file.stat().st_size for file in files if file.exists()) / 1024,
    }


async def endured(folder: Path, cycles: int, intensity: float) -> tuple[int, list[Mapping[str, Any]], Counter[str]]:
    """Play it; the exit code of the daemon, its samples, and what happened around it."""
    feed = scenario_feed(step=timedelta(minutes=5))
    faults = FaultSchedule(random.Random("endurance"), intensity=intensity, kinds=KINDS)
    world = build_world(feed, scenario_listings(feed), faults=faults)
    server = LocalServer(world.answering, hang_s=1.5)
    happened = Counter[str]()
    host, port = await server.start()
    sink, sink_port = await _sink(happened)
    page = _free_port()
    profile, samples = folder / "profile.toml", folder / "samples.jsonl"
    profile.write_text(PROFILE.format(address=f"{host}:{port}", folder=folder, page=page))
    samples.touch()
    words = ["--child", str(profile), "--cycles", str(cycles), "--samples", str(samples)]
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.soak.endurance",
        *words,
        env={**os.environ, "BALLAST_WATCH__ALERTS": f'["json://127.0.0.1:{sink_port}/alerts"]', "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    reader = asyncio.create_task(_reader(page, happened))
    sleeper = asyncio.create_task(_sleeper(world.answering, samples, happened))
    try:
        code = await running.wait()
    finally:
        for task in (reader, sleeper):
            task.cancel()
        await asyncio.gather(reader, sleeper, return_exceptions=True)
        await server.stop()
        await sink.cleanup()
    happened["faults"] = sum(faults.counts.values())
    happened["requests"] = faults.requests
    return code, [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()], happened


async def _sink(happened: Counter[str]) -> tuple[web.AppRunner, int]:
    async def take(_request: web.Request) -> web.Response:
        happened["alerts"] += 1
        return web.Response()

    app = web.Application()
    app.router.add_post("/alerts", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, int(runner.addresses[0][1])


async def _reader(page: int, happened: Counter[str]) -> None:
    """Somebody who looks: the page, its figures, the metrics, over connections of his own."""
    while True:
        for path in ("", "metrics", "healthz"):
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{page}/{path}") as reply:
                    await reply.read()
                    happened[f"looks at /{path}"] += reply.status == 200
        await asyncio.sleep(1.0)


async def _sleeper(answering: Any, samples: Path, happened: Counter[str]) -> None:
    """Lets the machine sleep after a third and after two thirds of the samples."""
    for mark in (SAMPLES // 3, 2 * SAMPLES // 3):
        while _lines(samples) < mark:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.5)
        answering.advance(SLEPT)
        happened["sleeps"] += 1


def _lines(file: Path) -> int:
    return file.read_text(encoding="utf-8").count("\n")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def told(code: int, samples: Sequence[Mapping[str, Any]], happened: Counter[str], seconds: float) -> int:
    """Print the table; 1 when something grows or the daemon did not end as it was told to."""
    verdicts = judged(samples)
    statuses = samples[-1]["statuses"] if samples else {}
    print("\n".join([HEADING, *(row.line() for row in verdicts)]))
    cycles = sum(statuses.values())
    print(
        f"endurance: {cycles} cycles of 30 s in {seconds:.0f} s, {dict(statuses)}, {dict(happened)}, exit code {code}, "
        f"{sum(row.grows for row in verdicts)} of {len(verdicts)} figures grow"
    )
    return 1 if code not in (0, 1, 3) or not verdicts or any(row.grows for row in verdicts) else 0


def main(words: list[str] | None = None) -> int:
    """Play a day, or be the daemon of one."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.endurance", description=__doc__)
    parser.add_argument("--cycles", type=int, default=CYCLES)
    parser.add_argument("--intensity", type=float, default=INTENSITY, help="share of requests that meet a fault")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--samples", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(words)
    if chosen.child is not None:
        return command(chosen.child, chosen.cycles, chosen.samples)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ballast-endurance-") as name:
        code, samples, happened = asyncio.run(endured(Path(name), chosen.cycles, chosen.intensity))
    return told(code, samples, happened, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
