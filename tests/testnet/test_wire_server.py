"""The loopback server itself: where it listens, how time moves, what it tells demos and audits."""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.domain.errors import ConfigurationError
from bot.settings.load import LOCALNET_KEYS
from bot.sim.control import state
from bot.sim.listings import default_listings
from bot.sim.localnet import LOCAL_KEY, build_world, listen_address, open_world, serve_localnet, write_profile
from bot.sim.model import Quote
from bot.sim.server import ExchangeClock, LocalServer
from bot.sim.state import MarketKey
from bot.sim.wire.request import WireRequest
from tests.testnet.world import START, FlatFeed, LoopbackSession, make_answering, make_client

Ask = Callable[..., Awaitable[tuple[int, Any]]]


def served(check: Callable[[Ask], Awaitable[None]], **options: Any) -> None:
    """Run one check with a function that asks the server's control pages."""

    async def run() -> None:
        server = LocalServer(make_answering(), **options)
        host, port = await server.start()
        async with aiohttp.ClientSession() as session:

            async def ask(method: str, path: str, body: object = None, raw: bytes | None = None) -> tuple[int, Any]:
                data = raw if raw is not None else None if body is None else json.dumps(body).encode()
                async with session.request(method, f"http://{host}:{port}{path}", data=data) as response:
                    return response.status, await response.json(content_type=None)

            await check(ask)
        await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com", ""])  # noqa: S104 - refused on purpose
def test_the_server_refuses_to_be_reached_from_elsewhere(host: str) -> None:
    """Only loopback addresses are listened on."""
    with pytest.raises(ConfigurationError, match="loopback"):
        LocalServer(make_answering(), host=host)


def test_a_port_in_use_is_named_with_a_way_out() -> None:
    """The second server on a port says which port, and what to do."""

    async def run() -> None:
        first = LocalServer(make_answering())
        _, port = await first.start()
        try:
            with pytest.raises(ConfigurationError, match=rf"Port {port} .*--listen"):
                await LocalServer(make_answering(), port=port).start()
        finally:
            await first.stop()

    asyncio.run(run())


def test_stepped_time_moves_only_when_told() -> None:
    """At speed 0 the clock stands until it is advanced, by exactly that much."""

    async def check(ask: Ask) -> None:
        begun = int(START.timestamp() * 1000)
        assert await ask("GET", "/ballast/clock") == (200, {"now_ms": begun, "speed": 0.0, "ended": False})
        assert (await ask("POST", "/ballast/advance", {"seconds": 90.5}))[1]["now_ms"] == begun + 90_500
        assert (await ask("GET", "/fapi/v1/time"))[1] == {"serverTime": begun + 90_500}

    served(check)


@pytest.mark.parametrize("body", [{"seconds": -1}, {"seconds": "x"}, {}, {"seconds": 1e12}, [], {"seconds": True}])
def test_a_wrong_step_is_refused_in_words(body: object) -> None:
    """A bad body changes nothing and says what a good one looks like."""

    async def check(ask: Ask) -> None:
        status, answer = await ask("POST", "/ballast/advance", body)
        assert status == 400
        assert answer["error"]

    served(check)


def test_running_time_follows_the_wall_clock_and_stops_with_the_feed() -> None:
    """Exchange time is origin plus speed times elapsed, never beyond the feed's end."""
    wall = [100.0]
    clock = ExchangeClock(START, START + timedelta(hours=1), speed=60, monotonic=lambda: wall[0])
    wall[0] += 2
    assert clock.now() == START + timedelta(minutes=2)
    wall[0] += 10**9
    assert clock.now() == START + timedelta(hours=1)


def test_state_and_ledger_are_there_for_audits() -> None:
    """Wallets, positions and quotes as the engine knows them; the ledger from any line on."""

    async def check(ask: Ask) -> None:
        status, seen = await ask("GET", "/ballast/state")
        assert status == 200
        assert seen["accounts"]["family"]["wallets"]["spot"]["BTC"] == "1.2"
        assert seen["quotes"]["linear:BTCUSDT"] == "50000"
        _, lines = await ask("GET", "/ballast/ledger?since=0")
        assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
        assert (await ask("GET", f"/ballast/ledger?since={len(lines)}"))[1] == []
        assert (await ask("GET", "/ballast/ledger?since=x"))[0] == 400
        assert (await ask("GET", "/ballast/nothing"))[0] == 404

    served(check)


def test_faults_can_be_changed_while_it_runs() -> None:
    """A script set through the control page strikes the next request; nonsense is refused."""

    async def check(ask: Ask) -> None:
        script = {"fault": "status_503", "path": "/fapi/v1/time"}
        assert (await ask("POST", "/ballast/faults", {"scripts": [script]}))[0] == 200
        with pytest.raises(ValueError, match="Expecting value"):
            await ask("GET", "/fapi/v1/time")
        assert (await ask("GET", "/fapi/v1/time"))[0] == 200
        for wrong in (
            {"intensity": 2},
            {"kinds": ["nope"]},
            {"scripts": [{"fault": "nope"}]},
            {"else": 1},
            {"kinds": 3},
        ):
            assert (await ask("POST", "/ballast/faults", wrong))[0] == 400
        assert (await ask("POST", "/ballast/faults", {"seed": 1, "intensity": 0.1}))[1]["kinds"]
        assert (await ask("POST", "/ballast/faults", raw=b"{"))[0] == 400

    served(check)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_web_pages_cannot_reach_the_controls(headers: dict[str, str]) -> None:
    """A page in the user's browser can neither move time nor read the state."""

    async def run() -> list[int]:
        server = LocalServer(make_answering())
        host, port = await server.start()
        async with aiohttp.ClientSession(headers=headers) as session:
            seen = []
            for method, what in (("GET", "state"), ("POST", "advance")):
                async with session.request(method, f"http://{host}:{port}/ballast/{what}", data=b"{}") as response:
                    seen.append(response.status)
        await server.stop()
        return seen

    assert asyncio.run(run()) == [403, 403]


def test_a_huge_body_is_turned_away() -> None:
    """No request may fill the memory."""

    async def check(ask: Ask) -> None:
        with pytest.raises((ValueError, aiohttp.ClientError)):
            await ask("POST", "/fapi/v1/order", raw=b"x" * 200_000)

    served(check)


def test_the_test_keys_are_those_the_settings_know() -> None:
    """A profile for the local testnet needs no key: both sides use the same two words."""
    assert {"api_key": LOCAL_KEY.key, "api_secret": LOCAL_KEY.secret} == LOCALNET_KEYS


@pytest.mark.parametrize("listen", ["8701", "127.0.0.1:", "127.0.0.1:99999", "0.0.0.0:8701", "[::1]x:1"])
def test_a_wrong_listen_address_is_refused(listen: str) -> None:
    """What is not HOST:PORT on this machine is a configuration mistake."""
    with pytest.raises(ConfigurationError):
        listen_address(listen)


def test_a_profile_is_written_once_and_never_over_somebody_elses_file(tmp_path: Path) -> None:
    """The command overwrites its own profile and leaves every other file alone."""
    own, foreign = tmp_path / "local.toml", tmp_path / "mine.toml"
    write_profile(own, "127.0.0.1:1")
    write_profile(own, "127.0.0.1:2")
    assert 'localnet = "127.0.0.1:2"' in own.read_text(encoding="utf-8")
    foreign.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="left alone"):
        write_profile(foreign, "127.0.0.1:1")
    assert foreign.read_text(encoding="utf-8") == "mine"


def test_an_unknown_venue_or_scenario_is_refused_before_anything_starts() -> None:
    """The sentence names what was wrong."""
    with pytest.raises(ConfigurationError, match="kraken"):
        asyncio.run(serve_localnet(venue="kraken"))
    with pytest.raises(ConfigurationError, match="no scenario"):
        open_world(scenario="sunshine", tape=None)
    with pytest.raises(ConfigurationError, match="not both"):
        open_world(scenario="calm", tape=Path("x"))


def test_the_client_keeps_up_with_time_that_runs_an_hour_per_second() -> None:
    """Signed requests pass although exchange time runs 3600 times as fast as the client's clock."""

    async def run() -> None:
        world = build_world(FlatFeed(), default_listings(), speed=3600)
        server = LocalServer(world.answering, speed=3600)
        session = LoopbackSession(await server.start())
        client = make_client(session, world.answering, apiKey=LOCAL_KEY.key, secret=LOCAL_KEY.secret)
        try:
            first = await client.fetch_time()
            await asyncio.sleep(0.05)
            assert await client.fetch_time() - first > 60_000
            assert (await client.fetch_balance({"type": "spot"}))["BTC"]["total"] == 1.2
        finally:
            client.session = None
            await session.close()
            await server.stop()

    asyncio.run(run())


def test_an_outage_of_the_feed_is_a_503_for_every_page() -> None:
    """When the scenario says nobody can reach the venue, nobody can."""

    class DarkFeed(FlatFeed):
        def unavailable(self, at: datetime) -> bool:
            return True

    world = build_world(DarkFeed(), default_listings())
    request = WireRequest(method="GET", host="fapi.binance.com", path="/fapi/v1/time")
    reply = world.answering.answer(request).reply
    assert reply is not None
    assert reply.status == 503


def test_a_coin_that_is_not_listed_yet_is_missing_and_disturbs_nothing() -> None:
    """A market the feed has not priced has no row in lists and a refusal of its own."""

    class LateFeed(FlatFeed):
        def quotes(self, at: datetime) -> Mapping[MarketKey, Quote]:
            return {key: quote for key, quote in super().quotes(at).items() if key[1] != "SOLUSDT"}

    world = build_world(LateFeed(), default_listings())
    assert "linear:SOLUSDT" not in str(state(world.answering))

    def ask(query: str) -> Any:
        request = WireRequest(method="GET", host="fapi.binance.com", path="/fapi/v1/premiumIndex", query=query)
        reply = world.answering.answer(request).reply
        assert reply is not None
        return json.loads(reply.body)

    assert "SOLUSDT" not in {row["symbol"] for row in ask("")}
    assert ask("symbol=SOLUSDT")["code"] == -4141


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """One process: it says where it listens, writes the profile, and ends in order on SIGTERM."""
    profile = tmp_path / "local.toml"

    async def run() -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SERVE, str(profile), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        first = (await process.stdout.readline()).decode()
        process.send_signal(signal.SIGTERM)
        rest = (await process.stdout.read()).decode()
        return await process.wait(), first + rest

    code, said = asyncio.run(run())
    assert code == 0
    assert "http://127.0.0.1:" in said
    assert "has stopped" in said
    assert 'localnet = "127.0.0.1:' in profile.read_text(encoding="utf-8")


_SERVE = """
import asyncio, sys
from pathlib import Path
from bot.sim.localnet import serve_localnet
asyncio.run(serve_localnet(listen="127.0.0.1:0", scenario="calm", write_config=Path(sys.argv[1])))
"""
