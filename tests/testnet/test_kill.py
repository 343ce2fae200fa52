"""Real processes, real sockets, kill -9 between the journal and the reply: nothing doubled, nothing lost."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.localnet import LOCAL_KEY
from bot.sim.server import LocalServer
from bot.sim.wire.request import WireRequest
from tests.testnet.world import make_exchange

ORDER, TRANSFER = "/fapi/v1/order", "/sapi/v1/asset/transfer"
BUSY = 5
STARTS_MAX = 5

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
path = "{folder}/ballast.db"
"""


class Ambush(AnsweringExchange):
    """Does something at the nth arrival of a request, before or after the exchange carries it out."""

    def __init__(self, path: str, nth: int, strike: Callable[[], None], *, executed: bool) -> None:
        super().__init__(make_exchange(LOCAL_KEY))
        self._path, self._left, self._strike, self._carried_out = path, nth, strike, executed
        self.sprung = False

    def answer(self, request: WireRequest) -> Answer:
        if self.sprung or request.method != "POST" or request.path != self._path:
            return super().answer(request)
        self._left -= 1
        if self._left:
            return super().answer(request)
        self.sprung = True
        answer = super().answer(request) if self._carried_out else Answer(reply=None, broken="dropped")
        self._strike()
        return answer


class Stage:
    """A server, a profile, and the processes that are started on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile = folder / "profile.toml"
        self.running: asyncio.subprocess.Process | None = None
        self.codes: list[int] = []

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "bot", "once", "--config", str(self.profile), "--json"]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.folder)}

    def kill(self) -> None:
        assert self.running is not None
        os.kill(self.running.pid, signal.SIGKILL)

    async def once(self) -> int:
        self.running = await asyncio.create_subprocess_exec(
            *self.command, env=self.environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, complaint = await asyncio.wait_for(self.running.communicate(), 60)
        assert b"Traceback" not in complaint
        self.codes.append(code := self.running.returncode or 0)
        return code

    async def play(self, answering: AnsweringExchange) -> None:
        """Run `once` again and again, as cron would, until it says that the hedge stands."""
        server = LocalServer(answering, hang_s=1.0)
        host, port = await server.start()
        self.profile.write_text(PROFILE.format(address=f"{host}:{port}", folder=self.folder))
        try:
            for _ in range(STARTS_MAX):
                if await self.once() == 0:
                    return
                answering.advance(timedelta(seconds=30))
        finally:
            await server.stop()


def check_book(answering: AnsweringExchange, journal: Path) -> None:
    """Every order of the exchange's book has one finished row in the journal, and no row has two orders."""
    engine = answering.exchange.engine
    own = Counter(row.facts["client_id"] for row in engine.ledger if row.kind == "order.new")
    assert own
    assert set(own.values()) == {1}
    with sqlite3.connect(journal) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = dict(connection.execute("SELECT client_id, state FROM intents"))
        filled = dict(connection.execute("SELECT client_id, filled FROM intents WHERE kind = 'order'"))
    connection.close()
    assert set(own) <= set(rows)
    assert set(rows.values()) == {"done"}
    for row in engine.ledger:
        if row.kind == "order.ended":
            assert Decimal(filled[row.facts["client_id"]]) == Decimal(row.facts["filled"])
    short = {row.symbol: -row.amount for row in engine.positions("family")}
    assert short == {"BTCUSDT": Decimal("0.600"), "ETHUSDT": Decimal("6.000")}


@pytest.mark.parametrize(
    ("path", "nth", "executed"), [(ORDER, 1, False), (ORDER, 2, True), (TRANSFER, 1, True)], ids=str
)
def test_a_killed_process_is_resumed_by_the_next_one(tmp_path: Path, path: str, nth: int, executed: bool) -> None:
    """Killed with a request on its way, carried out or not: the next starts find out and finish, and double nothing."""
    stage = Stage(tmp_path)
    answering = Ambush(path, nth, stage.kill, executed=executed)
    asyncio.run(stage.play(answering))
    assert stage.codes[0] == -signal.SIGKILL
    assert stage.codes[-1] == 0
    check_book(answering, tmp_path / "ballast.db")


def test_two_at_the_same_moment_are_one_too_many(tmp_path: Path) -> None:
    """While the first has an order on its way the second says so and leaves with 5; nothing is ordered twice."""
    stage = Stage(tmp_path)
    second: list[subprocess.CompletedProcess[bytes]] = []

    def start_another() -> None:
        second.append(
            subprocess.run(  # noqa: S603 - our own command
                stage.command, env=stage.environment, capture_output=True, timeout=60, check=False
            )
        )

    answering = Ambush(ORDER, 1, start_another, executed=True)
    asyncio.run(stage.play(answering))
    assert second[0].returncode == BUSY
    assert b"another Ballast" in second[0].stderr
    assert b"Traceback" not in second[0].stderr
    assert stage.codes[-1] == 0
    check_book(answering, tmp_path / "ballast.db")
