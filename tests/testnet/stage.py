"""A stage for whole commands: the simulated exchange on a port of its own, a profile, processes as a user starts them.

The exchange lives in a thread with its own loop, so that a test can read like what a person does at a shell.
"""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.control import clock as testnet_clock
from bot.sim.faults import FaultSchedule, Script
from bot.sim.localnet import LOCAL_KEY
from bot.sim.server import ExchangeClock, LocalServer
from bot.sim.wire.request import WireRequest
from tests.testnet.world import make_exchange

ROOT = Path(__file__).parents[2]
PROFILE = """
mode = "testnet"
[portfolio]
name = "family"
[[venues]]
id = "binance"
localnet = "{address}"
[policy.size]
rule = "static-ratio"
ratio = "0.5"
[journal]
path = "{journal}"
[watch]
listen = "127.0.0.1:0"
"""


class Recorded(AnsweringExchange):
    """Keeps the paths of what was asked, private and public."""

    def __init__(self, scripts: tuple[Script, ...] = (), *, speed: float = 0.0) -> None:
        exchange = make_exchange(LOCAL_KEY)
        clock = ExchangeClock(exchange.now, exchange.now + timedelta(days=1), speed=speed)
        faults, catch_up = FaultSchedule(scripts=scripts), clock.now if speed else None
        super().__init__(exchange, faults=faults, catch_up=catch_up, slow_s=0.05)
        self.asked: list[str] = []

    def answer(self, request: WireRequest) -> Answer:
        self.asked.append(f"{request.method} {request.path}")
        return super().answer(request)


@dataclass
class Stage:
    """One exchange, one folder, one profile."""

    folder: Path
    answering: Recorded
    address: str
    journal: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def profile(self) -> Path:
        return self.folder / "profile.toml"

    def write(self, *, more: str = "", address: str | None = None, journal: Path | None = None) -> None:
        text = PROFILE.format(address=address or self.address, journal=journal or self.journal)
        self.profile.write_text(text + more, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BALLAST_")}
        return {**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder), **self.environment}

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        command = [sys.executable, "-m", "bot", *arguments, "--config", str(self.profile)]
        return subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def ballast(self, *arguments: str, file_bytes_max: int | None = None) -> "Ended":
        """Run a command to its end; `file_bytes_max` stands for a disk that is full from there on."""

        def full_disk() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max or 0, file_bytes_max or 0))

        running = self.start(*arguments, preexec_fn=full_disk if file_bytes_max is not None else None)
        out, said = running.communicate(timeout=60)
        return Ended(code=running.returncode, out=out, said=said)

    def short(self) -> dict[str, str]:
        """What the exchange itself says is held."""
        return {row.symbol: f"{row.amount.normalize():f}" for row in self.answering.exchange.engine.positions("family")}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    said: str

    @property
    def text(self) -> str:
        return self.out + self.said


@contextmanager
def stage(folder: Path, *scripts: Script, clock_off: timedelta = timedelta(0), speed: float = 0.0) -> Iterator[Stage]:
    """Open a stage; `clock_off` is how far the clock of this machine is off, `speed` that of the exchange's time."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    answering = Recorded(scripts, speed=speed)
    server = _WithWrongClock(answering, clock_off, speed)
    host, port = asyncio.run_coroutine_threadsafe(server.start(), loop).result(20)
    made = Stage(folder=folder, answering=answering, address=f"{host}:{port}", journal=folder / "ballast.db")
    made.write()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


class _WithWrongClock(LocalServer):
    """Tells another time on its control page than the exchange tells on the wire."""

    def __init__(self, answering: AnsweringExchange, off: timedelta, speed: float) -> None:
        super().__init__(answering, hang_s=1.0, speed=speed)
        self._off = off

    async def _look(self, request: web.Request) -> web.Response:
        if request.match_info["what"] != "clock" or not self._off:
            return await super()._look(request)
        told: Mapping[str, Any] = testnet_clock(self._answering, self.speed)
        return web.json_response({**told, "now_ms": told["now_ms"] + int(self._off.total_seconds() * 1000)})
