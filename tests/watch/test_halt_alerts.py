"""Every reason to halt, in a real process: a person is told within five seconds, whatever else is broken."""

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bot.sim.answering import Answer
from bot.sim.wire.request import WireReply, WireRequest
from tests.testnet.stage import Stage, stage

pytest.importorskip("apprise", reason="alerts are optional")

ORDER = "/fapi/v1/order"
TOLD_WITHIN_S = 5.0
RUNNING = "[schedule]\nmargin_every_s = 0\n"
Real = Callable[[WireRequest], Answer]
Mischief = Callable[[Stage, WireRequest, Real], Answer]


def place(scene: Stage, side: str, amount: str, *, price: str | None = None, client_id: str = "") -> None:
    scene.answering.exchange.engine.place(
        "family", market="linear", symbol="BTCUSDT", side=side,  # type: ignore[arg-type]
        order_type="LIMIT" if price else "MARKET", amount=Decimal(amount), price=Decimal(price) if price else None,
        time_in_force="GTC" if price else "IOC", reduce_only=False, client_id=client_id,
    )  # fmt: skip


def bought_long(scene: Stage, request: WireRequest, real: Real) -> Answer:
    """Somebody buys where our own fills left a short."""
    short = scene.short()
    if request.path.endswith("positionRisk") and len(short) == 2 and Decimal(short["BTCUSDT"]) < 0:
        place(scene, "buy", "1.2")
    return real(request)


def another_ballast(scene: Stage, request: WireRequest, real: Real) -> Answer:
    """An order rests there under a name only a Ballast gives."""
    resting = scene.answering.exchange.engine.open_orders("family", "linear")
    if request.path.endswith("openOrders") and not resting:
        place(scene, "sell", "0.01", price="60000", client_id="blst" + "a" * 20)
    return real(request)


def always_refused(_scene: Stage, request: WireRequest, real: Real) -> Answer:
    """The venue refuses every order."""
    if request.method == "POST" and request.path == ORDER:
        return Answer(reply=WireReply(status=400, body=b'{"code":-2019,"msg":"Margin is insufficient."}'))
    return real(request)


def denied(_scene: Stage, request: WireRequest, real: Real) -> Answer:
    """It carries the order out, loses the reply, and then knows nothing of it."""
    if request.path == ORDER and request.method == "POST":
        real(request)
        return Answer(reply=None, broken="dropped")
    if request.path == ORDER:
        return Answer(reply=WireReply(status=400, body=b'{"code":-2013,"msg":"Order does not exist."}'))
    return real(request)


def honest(_scene: Stage, request: WireRequest, real: Real) -> Answer:
    return real(request)


REASONS: dict[str, tuple[Mischief, str]] = {
    "a long where a short was": (bought_long, ""),
    "an order of another Ballast": (another_ballast, ""),
    "orders refused in cycle after cycle": (always_refused, "[risk]\nrefused_cycles_max = 2\n"),
    "an order the venue denies": (denied, ""),
    "the limit of orders hit again and again": (
        honest,
        "[risk]\norders_per_hour_max = 1\nrunaway_hours_max = 0.01\n",
    ),
    "a journal that was deleted": (honest, ""),
}


@contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[float, str]], str, threading.Event]]:
    """A service that takes alerts, what it took and when; and beside it one that never answers."""
    got: list[tuple[float, str]] = []
    release = threading.Event()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if "dead" in self.path:
                release.wait(30)
                return
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((time.monotonic(), told["title"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    services = [HTTPServer(("127.0.0.1", 0), Service) for _ in range(2)]
    for service in services:
        threading.Thread(target=service.serve_forever, daemon=True).start()
    living, dead = (f"json://127.0.0.1:{service.server_port}" for service in services)
    try:
        yield f"{living}/alive", got, f"{dead}/dead", release
    finally:
        release.set()
        for service in services:
            service.shutdown()
            service.server_close()


def halted(journal: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as file:
            return bool(file.execute("SELECT 1 FROM events WHERE name = 'halted'").fetchone())
    except sqlite3.Error:
        return False


def until(there: Callable[[], object], seconds: float) -> float:
    """Wait until then; the moment it was so."""
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise AssertionError("it never came")
        time.sleep(0.01)
    return time.monotonic()


@pytest.mark.parametrize("reason", REASONS)
def test_a_halt_is_told_within_five_seconds_past_a_dead_channel(tmp_path: Path, reason: str) -> None:
    """One address refuses, one never answers, the third is told at once; the halt is written before anybody is told."""
    mischief, risk = REASONS[reason]
    with stage(tmp_path) as scene, receiver() as (living, got, dead, release):
        scene.write(more=RUNNING + risk)
        if "deleted" in reason:
            assert scene.ballast("once").code in (0, 1)
            for file in tmp_path.glob("ballast.db*"):
                file.unlink()
        real = scene.answering.answer
        scene.answering.answer = lambda request: mischief(scene, request, real)  # type: ignore[method-assign]
        scene.environment["BALLAST_WATCH__ALERTS"] = json.dumps(["json://127.0.0.1:9/refused", dead, living])
        running = scene.start("run", "--log-level", "error")
        try:
            halted_at = until(lambda: halted(scene.journal), 40)
            told_at = until(lambda: any("halted" in title for _, title in got), TOLD_WITHIN_S + 5)
        finally:
            release.set()  # else the end waits some seconds for the letter that hangs there
            running.send_signal(signal.SIGTERM)
            _, said = running.communicate(timeout=30)
        assert told_at - halted_at < TOLD_WITHIN_S
        assert running.returncode == 70
        assert "Traceback" not in said
        assert "alert address 2 of 3 did not take the alert" in said
