"""The dry run over real sockets: what leaves the process, what a day of it is like, what happens offline."""

import asyncio
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectorDNSError, web
from aiohttp.client_reqrep import ConnectionKey

from bot.clock import LocalnetClock, SystemClock
from bot.cycle import preview_cycle, run_cycle
from bot.domain.account import Side, Wallet
from bot.domain.errors import Forbidden, Unavailable
from bot.domain.record import CycleRecord, CycleStatus
from bot.exchange.venue import CcxtVenue
from bot.flatten import flatten
from bot.settings import Settings, load_settings
from bot.sim.answering import Answer, AnsweringExchange
from bot.sim.server import LocalServer
from bot.sim.shadow import ShadowVenue
from bot.sim.wire.request import WireRequest
from bot.wiring import Purpose, open_desk
from tests.sim.shadow_world import Dict
from tests.testnet.world import KEY, SECRET, make_answering

D = Decimal
PRIVATE = (
    "/sapi/",
    "account",
    "order",
    "position",
    "leverage",
    "margin",
    "listenKey",
    "income",
    "userTrades",
    "balance",
)
PROFILE = """
mode = "dry-run"
[portfolio]
name = "family"
[[holdings]]
asset = "BTC"
amount = "0.1"
label = "cold wallet"
[[venues]]
id = "binance"
localnet = "{address}"
[policy.size]
ratio = "0.5"
[journal]
path = "{folder}/ballast.db"
"""


class Witnessed:
    """A local testnet that writes down every request that arrives, before it is answered."""

    def __init__(self, answering: AnsweringExchange) -> None:
        self.answering = answering
        self.seen: list[WireRequest] = []
        self._answer = answering.answer
        answering.answer = self._witness  # type: ignore[method-assign]

    def _witness(self, request: WireRequest) -> Answer:
        self.seen.append(request)
        return self._answer(request)


def profile(folder: Path, address: str) -> Settings:
    path = folder / "dry.toml"
    path.write_text(PROFILE.format(address=address, folder=folder), encoding="utf-8")
    return load_settings([path], environ={}, env_file=None)


async def cycle(settings: Settings, purpose: Purpose = "once") -> CycleRecord:
    """One process: open, look and act, close."""
    async with open_desk(settings, purpose=purpose) as desk:
        return await (preview_cycle(desk) if purpose == "plan" else run_cycle(desk))


def test_no_private_and_no_writing_request_ever_arrives(tmp_path: Path) -> None:
    """Plan, once that opens shorts and moves collateral, once again, flatten: the exchange saw public GETs only."""
    witnessed = Witnessed(make_answering())

    async def days() -> None:
        server = LocalServer(witnessed.answering)
        host, port = await server.start()
        settings = profile(tmp_path, f"{host}:{port}")
        try:
            planned = await cycle(settings, "plan")
            first = await cycle(settings)
            second = await cycle(settings)
            async with open_desk(settings, purpose="flatten") as desk:
                last = await flatten(desk, verify=True)
        finally:
            await server.stop()
        assert planned.intents
        assert any(row.filled > 0 for row in first.outcomes)
        assert second.status is CycleStatus.HEDGED
        assert last.status is CycleStatus.HEDGED

    asyncio.run(days())
    assert len(witnessed.seen) > 10
    for request in witnessed.seen:
        assert request.method == "GET", request
        assert not any(word in request.path for word in PRIVATE), request
        assert "signature" not in request.query
        assert "x-mbx-apikey" not in request.headers
    names = witnessed.answering.exchange.engine.ledger
    assert not [row for row in names if row.kind in ("order.new", "transfer", "setting", "fill")]


def test_private_write_through_the_reader_is_forbidden_before_it_leaves() -> None:
    """Even with a full key, the exchange behind a dry run cannot be written to; the server sees nothing of it."""
    witnessed = Witnessed(make_answering())

    async def try_all() -> None:
        server = LocalServer(witnessed.answering)
        host, port = await server.start()
        clock = await LocalnetClock.ask(f"{host}:{port}")
        venue = CcxtVenue(
            venue_id="binance", clock=clock, mode="live", localnet=f"{host}:{port}", api_key=KEY, api_secret=SECRET,
            read_only=True,
        )  # fmt: skip
        symbol = "BTC/USDT:USDT"
        try:
            await venue.connect()
            assert await venue.balances()
            before = len(witnessed.seen)
            with pytest.raises(Forbidden):
                await venue.place_order(
                    symbol=symbol, side=Side.SELL, amount=D("0.01"), limit_price=D(49000), reduce_only=False,
                    client_id="x",
                )  # fmt: skip
            with pytest.raises(Forbidden):
                await venue.cancel_order(symbol, "x")
            with pytest.raises(Forbidden):
                await venue.set_leverage(symbol, 2)
            with pytest.raises(Forbidden):
                await venue.transfer(currency="USDT", amount=D(1), source=Wallet.SPOT, target=Wallet.FUTURES)
            assert len(witnessed.seen) == before
        finally:
            await venue.close()
            await server.stop()

    asyncio.run(try_all())


def test_once_acts_once_and_the_account_outlives_the_process(tmp_path: Path) -> None:
    """The first run hedges, the second does nothing and says why; a day later funding was booked in between."""
    answering = make_answering()

    async def days() -> None:
        server = LocalServer(answering)
        host, port = await server.start()
        settings = profile(tmp_path, f"{host}:{port}")
        try:
            first, second = await cycle(settings), await cycle(settings)
            answering.advance(timedelta(hours=25))
            third = await cycle(settings)
        finally:
            await server.stop()
        assert first.status is CycleStatus.HEDGED, first.notes
        assert {row.asset: row.amount for row in first.exposures} == {"BTC": D("0.6"), "ETH": D(5)}
        assert first.snapshot is not None
        assert {row.symbol: row.amount for row in first.snapshot.venues[0].positions} == {
            "BTC/USDT:USDT": D("-0.3"),
            "ETH/USDT:USDT": D("-2.5"),
        }
        assert (second.status, second.intents) == (CycleStatus.HEDGED, ())
        assert second.targets[0].reasons
        assert third.status is CycleStatus.HEDGED
        assert third.snapshot is not None
        wallets = [record.snapshot.venues[0].margins[0].wallet for record in (second, third) if record.snapshot]
        funded = sum(D("0.0001") * notional * 3 for notional in (D(15000), D(6250)))
        assert wallets[1] - wallets[0] == funded

    asyncio.run(days())


def test_plan_writes_nothing(tmp_path: Path) -> None:
    """Neither the first plan nor one over a kept account changes the journal."""
    answering = make_answering()

    async def look() -> None:
        server = LocalServer(answering)
        host, port = await server.start()
        settings = profile(tmp_path, f"{host}:{port}")
        try:
            assert (await cycle(settings, "plan")).intents
            assert not settings.journal.path.exists()
            await cycle(settings)
            kept = dump(settings.journal.path)
            answering.advance(timedelta(hours=25))
            assert (await cycle(settings, "plan")).status is CycleStatus.HEDGED
            assert dump(settings.journal.path) == kept
        finally:
            await server.stop()

    asyncio.run(look())


def dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return list(connection.iterdump())


def test_localnet_in_a_dry_run_gets_no_key_unless_one_is_given(tmp_path: Path) -> None:
    """The testnet's well-known keys are for trading there; a dry run needs none and says nothing of missing ones."""
    settings = profile(tmp_path, "127.0.0.1:8701")
    assert settings.mode == "dry-run"
    assert not settings.venues[0].has_keys
    given = load_settings(
        [tmp_path / "dry.toml"],
        environ={
            "BALLAST_VENUES__BINANCE__API_KEY": "localnet-key",
            "BALLAST_VENUES__BINANCE__API_SECRET": "localnet-secret",
        },
        env_file=None,
    )
    assert given.venues[0].has_keys


def once(folder: Path, text: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run the command as a person would; returns how it ended and the seconds it took."""
    path = folder / "alone.toml"
    path.write_text(text, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BALLAST_")}
    environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    begun = time.monotonic()
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", "once", "--json", "--config", str(path)],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return ended, time.monotonic() - begun


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def test_closed_port_ends_with_3_and_a_sentence(tmp_path: Path) -> None:
    """No local testnet there: nothing done, what to start, no traceback, soon."""
    with closed_port() as port:
        ended, seconds = once(tmp_path, PROFILE.format(address=f"127.0.0.1:{port}", folder=tmp_path))
    assert (ended.returncode, "Traceback" in ended.stderr) == (3, False)
    assert "Nothing was done" in json.loads(ended.stdout)["error"]
    assert seconds < 15


def test_venue_that_answers_nothing_useful_ends_with_3_and_a_record(tmp_path: Path) -> None:
    """The venue's hosts fail while the dry run looks: unavailable, nothing done, the reason in the record."""

    async def refuse(request: web.Request) -> web.Response:
        if request.path == "/ballast/clock":
            return web.json_response({"now_ms": 1_740_000_000_000, "speed": 1.0})
        return web.Response(status=503, text="maintenance")

    async def look() -> CycleRecord:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", refuse)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            return await cycle(profile(tmp_path, f"{host}:{port}"))
        finally:
            await runner.cleanup()

    record = asyncio.run(look())
    assert record.status is CycleStatus.UNAVAILABLE
    assert record.outcomes == ()
    assert "binance gave no usable answer" in " ".join(record.notes)


class Offline:
    """A network in which no name can be resolved."""

    def request(self, method: str, url: Any, **_: Any) -> Any:
        key = ConnectionKey(url.host, 443, True, True, None, None, None)
        raise ClientConnectorDNSError(key, OSError(f"no such host for {method}"))

    async def close(self) -> None:
        """Nothing is open."""


def test_machine_without_network_is_told_soon_what_to_check() -> None:
    """Real hosts, no name service: unavailable within seconds, in one sentence that says what to look at."""
    reader = CcxtVenue(
        venue_id="binance", clock=SystemClock(), mode="live", read_only=True, transport_factory=Offline
    )  # fmt: skip
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=r"Nothing was changed.*check that this machine reaches binance"):
        asyncio.run(ShadowVenue(reader=reader, memory=Dict(), balances={}).connect())
    assert time.monotonic() - begun < 15
