"""The page over a real socket: methods, names, headers, failures, a taken port, and a daemon that does not care."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import aiohttp
import pytest

from bot.domain.published import published
from bot.domain.record import CycleStatus
from bot.watch.board import Board, Moment
from bot.watch.server import HEADERS, NoPage, PageServer
from tests.settings.profiles import GOOD, complaint, loaded
from tests.watch.moments import NEXT, Watch, board, looked

PATHS = ("/", "/metrics", "/healthz", "/api/record")
Answer = tuple[int, dict[str, str], str]
Ask = Callable[..., Awaitable[Answer]]


def served(watched: Board, ask: Callable[[Ask], Awaitable[None]], *, hosts: tuple[str, ...] = ()) -> None:
    """Serve a board and let a test ask it."""

    async def run() -> None:
        server = PageServer(watched, hosts=hosts)
        address = await server.start("127.0.0.1:0")
        async with aiohttp.ClientSession() as session:

            async def call(path: str, *, method: str = "GET", host: str | None = None) -> Answer:
                headers = {"Host": host} if host is not None else {}
                async with session.request(method, address + path.lstrip("/"), headers=headers) as answer:
                    return answer.status, dict(answer.headers), await answer.text()

            try:
                await ask(call)
            finally:
                await server.stop()

    asyncio.run(run())


def hedged() -> Board:
    watched = board()
    watched.told(looked(), NEXT)
    return watched


def test_every_path_answers_with_guarding_headers() -> None:
    """Content policy, no framing, no sniffing, no cache; also for what is refused or not there."""

    async def ask(call: Ask) -> None:
        for path in (*PATHS, "/nothing"):
            status, headers, body = await call(path)
            assert status == (404 if path == "/nothing" else 200), body
            for name, value in HEADERS.items():
                assert headers[name] == value
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert json.loads((await call("/api/record"))[2]) == published(looked())
        assert (await call("/metrics"))[1]["Content-Type"].startswith("text/plain; version=0.0.4")

    served(hedged(), ask)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_possible(method: str) -> None:
    """There is nothing to post to."""

    async def ask(call: Ask) -> None:
        for path in (*PATHS, "/nothing"):
            assert (await call(path, method=method))[0] == 405

    served(hedged(), ask)


def test_head_answers_without_a_body() -> None:
    """What load balancers send."""

    async def ask(call: Ask) -> None:
        for path in PATHS:
            status, _, body = await call(path, method="HEAD")
            assert (status, body) == (200, "")

    served(hedged(), ask)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9000", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1", 200),
        ("[::1]:8787", 200),
        ("192.168.1.5:8787", 200),
        ("nas.local:8787", 200),
        ("evil.example", 421),
        ("evil.example:8787", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
def test_foreign_names_are_turned_away(host: str, status: int) -> None:
    """A page of somebody else that points its own name here learns nothing (DNS rebinding)."""

    async def ask(call: Ask) -> None:
        for path in PATHS:
            got, _, body = await call(path, host=host)
            assert got == status
            assert ("family" in body) <= (status == 200)

    served(hedged(), ask, hosts=("nas.local",))


def test_health_turns_from_503_to_200_and_back() -> None:
    """Before the first cycle, after it, when cycles stop, when one comes again, when halted."""
    watch = Watch()
    watched = board(watch=watch)

    async def ask(call: Ask) -> None:
        async def health() -> tuple[int, str]:
            await asyncio.sleep(0.6)  # what was drawn half a second ago is not drawn again
            status, _, body = await call("/healthz")
            return status, body

        assert (await health())[0] == 503
        watched.told(looked(), NEXT)
        assert await health() == (200, "ok: hedged, 0 s ago\n")
        watch.passed_s = 500
        status, body = await health()
        assert (status, "500 s ago" in body) == (503, True)
        watched.told(looked(), NEXT)
        assert (await health())[0] == 200
        watched.journal.set_latch("runaway; token ABC", "ABC")
        status, body = await health()
        assert (status, "ABC" in body, "runaway" in body) == (503, False, True)

    served(watched, ask)


def test_page_that_cannot_be_drawn_is_a_sentence() -> None:
    """A defect of the page is its own; no trace goes out."""
    watched = hedged()

    async def ask(call: Ask) -> None:
        status, headers, body = await call("/")
        assert status == 500
        assert "hedging goes on" in body
        assert "Traceback" not in body
        assert headers["X-Frame-Options"] == "DENY"

    def broken(_: Board) -> Moment:
        raise ZeroDivisionError("secret-canary")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Board, "moment", broken)
        served(watched, ask)


def test_many_readers_cost_no_more_than_one() -> None:
    """A hundred requests draw the page once."""
    watched, drawn = hedged(), 0
    real = Board.moment

    def counted(self: Board) -> Moment:
        nonlocal drawn
        drawn += 1
        return real(self)

    async def ask(call: Ask) -> None:
        await asyncio.gather(*(call("/") for _ in range(100)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Board, "moment", counted)
        served(watched, ask)
    assert drawn <= 10


def test_taken_port_is_a_sentence() -> None:
    """It names the port and says that hedging goes on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        async def run() -> str:
            with pytest.raises(NoPage) as caught:
                await PageServer(hedged()).start(f"127.0.0.1:{port}")
            return str(caught.value)

        said = asyncio.run(run())
    assert str(port) in said
    assert "Hedging goes on" in said


def test_foreign_address_is_a_sentence() -> None:
    """An address this machine does not have."""

    async def run() -> None:
        with pytest.raises(NoPage, match="cannot listen"):
            await PageServer(hedged()).start("192.0.2.1:8787")

    asyncio.run(run())


def test_listening_to_the_network_must_be_meant(tmp_path: Path) -> None:
    """An address others reach is refused unless the profile says so in its own key."""
    wide = GOOD + '\n[watch]\nlisten = "0.0.0.0:8787"\n'
    said = complaint(tmp_path, wide)
    assert "[watch]" in said
    assert "open_to_network" in said
    assert loaded(tmp_path, wide + "open_to_network = true\n").watch.listen == "0.0.0.0:8787"
    assert "hosts" in complaint(tmp_path, GOOD + '\n[watch]\nhosts = ["http://nas.local/"]\n')


@pytest.mark.parametrize("taken", [False, True])
def test_daemon_serves_its_page_and_goes_on_without_one(tmp_path: Path, taken: bool) -> None:
    """`ballast run` against an address where nothing answers: cycles end, with a page or with a sentence about it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        if taken:
            holder.listen()
        else:
            holder.close()
        profile = tmp_path / "profile.toml"
        text = GOOD.replace('mode = "testnet"', 'mode = "dry-run"').replace("127.0.0.1:8701", "127.0.0.1:1")
        text += f'\n[watch]\nlisten = "127.0.0.1:{port}"\n[schedule]\ncycle_every_s = 1\n'
        profile.write_text(text, encoding="utf-8")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("BALLAST_")}
        environ["PYTHONPATH"] = str(Path(__file__).parents[2])
        started = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", DAEMON, "run", "--config", str(profile)],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        patience = threading.Timer(60, started.kill)
        patience.start()
        try:
            body = "" if taken else eventually(f"http://127.0.0.1:{port}/", "unavailable")
            first = started.stdout.readline() if started.stdout else ""
        finally:
            started.send_signal(signal.SIGTERM)
            out, err = started.communicate(timeout=60)
            patience.cancel()
    assert "unavailable" in first + out, err
    assert "Traceback" not in err
    assert started.returncode == 3
    if taken:
        assert f"port {port} is taken" in err
    else:
        assert "Venue unavailable" in body
        assert "status page: http://127.0.0.1" in err


# The clock of a local testnet is asked once at the start; nothing answers here, and the test is about what comes after.
DAEMON = """
import sys
import bot.wiring as wiring
from bot.clock import SystemClock
async def clock(settings):
    return SystemClock()
wiring._clock = clock
from bot.__main__ import main
sys.argv = ["ballast", *sys.argv[1:]]
sys.exit(main())
"""


def eventually(address: str, word: str) -> str:
    """Ask until the answer carries a word."""
    body = ""
    for _ in range(100):
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310 - our own page on loopback
                body = answer.read().decode()
        except (URLError, HTTPError, OSError):
            body = ""
        if word in body:
            return body
        time.sleep(0.2)
    raise AssertionError(f"{word} never came: {body[:200]}")


def test_halted_cycle_is_told_once_and_shown() -> None:
    """What the daemon says outside of a record stands on the page until the next record."""
    watched = hedged()
    watched.complained("the journal could not be written")
    assert watched.moment().complaint == "the journal could not be written"
    watched.told(looked(CycleStatus.HEDGED), NEXT)
    assert watched.moment().complaint is None
    assert watched.moment().counts.complaints == 1
