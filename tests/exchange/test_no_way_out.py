"""For every venue: what a dry run can send, and what is left of a sandbox that could not be switched on."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal

import pytest
from aiohttp import web

from bot.domain.errors import BallastError, ConfigurationError
from bot.exchange import client as client_module
from bot.exchange.client import Credentials, build_client, exchange_class
from bot.exchange.quirks import KNOWN, Quirks, quirks_of
from bot.exchange.session import VenueSession
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import FakeTransport, FrozenClock

METHODS = ("get", "post", "put", "delete", "patch")
KEYS = Credentials(api_key="a" * 32, api_secret="b" * 32, api_passphrase="c" * 8)
# words of an address that act; a GET with one of them must be known as a write or be looked at and listed here
ACTS = re.compile(
    r"cancel|replace|(?:^|[/_-])(?:place|create|set|switch|modify|amend|submit|close-?all|apply|add|remove)(?:[/_-]|$)",
    re.IGNORECASE,
)
# docs: auto-cancel configuration (options) and auto-repay status (portfolio margin): they tell, and change nothing
LOOKED_AT: Mapping[str, frozenset[str]] = {
    "binance": frozenset({"countdownCancelAll", "repay-futures-switch", "portfolio/repay-futures-switch"}),
    "deribit": frozenset({"get_cancel_on_disconnect"}),
}


def quirks(venue: str) -> Quirks:
    found = quirks_of(venue)
    assert found is not None
    return found


def endpoints(api: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every request ccxt knows of a venue: section, method, path."""
    for key, below in api.items():
        if key.lower() in METHODS:
            yield from ((above, key.upper(), str(path)) for path in below)
        elif isinstance(below, Mapping):
            yield from endpoints(below, (*above, key))


@asynccontextmanager
async def witness() -> AsyncIterator[tuple[str, list[str]]]:
    """A real socket that writes down whatever arrives."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(f"{request.method} {request.path}")
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{host}:{port}", seen
    finally:
        await runner.cleanup()


async def ask(client: Any, section: Sequence[str], method: str, path: str) -> None:
    """One signed request through ccxt, whatever becomes of it."""
    params = dict.fromkeys(re.findall(r"{(\w+)}", path), "1")
    try:
        await client.request(path, list(section), method, params)
    except Exception:
        return


async def arrived(row: Quirks, wanted: Sequence[tuple[tuple[str, ...], str, str]], *, read_only: bool) -> list[str]:
    """What reaches a real socket of these requests."""
    async with witness() as (address, seen):
        session = VenueSession(row, clock=FrozenClock(), hosts=row.hosts, localnet=address, read_only=read_only)
        client = build_client(row, credentials=KEYS, session=session, demo=False, timeout_ms=2000, rate_limited=False)
        for section, method, path in wanted:
            await ask(client, section, method, path)
        await session.close()
        client.session = None
    return seen


@pytest.mark.parametrize("venue", KNOWN)
def test_nothing_that_writes_leaves_a_dry_run(venue: str) -> None:
    """Every request ccxt knows that is no read, signed with a key: over a real socket none arrives."""
    row = quirks(venue)
    known = list(endpoints(exchange_class(venue)().api))
    writes = [one for one in known if one[1] != "GET" or _acts(one[2])]
    reads = [one for one in known if one not in writes][:20]
    seen = asyncio.run(arrived(row, [*writes, *reads], read_only=True))
    assert [line for line in seen if not row.is_read(*line.split(" "))] == []
    assert {line.partition(" ")[2] for line in seen if not line.startswith("GET")} <= row.reads_by_post
    assert any(row.is_read(*line.split(" ")) for line in seen), "reads do arrive"
    unguarded = asyncio.run(arrived(row, writes, read_only=False))
    acts = [one for one in writes if not any(path.endswith("/" + one[2]) for path in row.reads_by_post)]
    loose = [line for line in unguarded if not row.is_read(*line.split(" "))]
    assert len(loose) >= min(16, len(acts)) > 0, "without the guard they arrive"


def _acts(path: str) -> bool:
    return ACTS.search(path) is not None


@pytest.mark.parametrize("venue", KNOWN)
def test_a_question_that_sounds_like_an_act_is_known_as_one(venue: str) -> None:
    """GET is not always a read: what ccxt asks by GET under a word that acts was looked at, or is stopped."""
    acting = {path for _, method, path in endpoints(exchange_class(venue)().api) if method == "GET" and _acts(path)}
    stopped = {path for path in acting if any(known.endswith("/" + path) for known in quirks(venue).writes_by_get)}
    assert acting - stopped == set(LOOKED_AT.get(venue, frozenset()))


@pytest.mark.parametrize("venue", [venue for venue in KNOWN if quirks(venue).sandbox == "none"])
def test_a_venue_without_a_sandbox_makes_no_client_for_one(venue: str) -> None:
    """Ccxt alone would go on with the live addresses."""
    transport = FakeTransport({})
    with pytest.raises(ConfigurationError, match="No client was made"):
        CcxtVenue(venue_id=venue, clock=FrozenClock(), mode="testnet", transport_factory=lambda: transport)
    assert transport.requests == []


@pytest.mark.parametrize("venue", KNOWN)
@pytest.mark.parametrize("fault", [KeyError("demo"), TypeError("None"), None])
def test_after_a_failed_switch_not_one_request_reaches_the_real_venue(
    venue: str, fault: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch fails, or does nothing at all: the client is given to nobody, and is mute for whoever kept it."""
    row = replace(quirks(venue), sandbox="testnet" if quirks(venue).sandbox == "testnet" else "demo")
    kept: list[Any] = []

    def caught(name: str) -> Any:
        def make(config: dict[str, Any]) -> Any:
            made = exchange_class(name)(config)

            def switch(_on: bool) -> None:
                if fault is not None:
                    raise fault

            made.set_sandbox_mode = made.enable_demo_trading = switch
            kept.append(made)
            return made

        return make

    monkeypatch.setattr(client_module, "exchange_class", caught)
    transport = FakeTransport({})
    session = VenueSession(
        row, clock=FrozenClock(), hosts=row.hosts_demo, localnet=None, transport_factory=lambda: transport
    )
    with pytest.raises(ConfigurationError, match="nothing can reach the real account"):
        build_client(row, credentials=KEYS, session=session, demo=True, timeout_ms=100, rate_limited=False)
    (client,) = kept
    assert client.urls["api"] == {}
    assert client.session is None
    client.session = session

    async def try_everything() -> None:
        for section, method, path in list(endpoints(client.api))[::7]:
            await ask(client, section, method, path)

    asyncio.run(try_everything())
    assert transport.requests == []


@pytest.mark.parametrize("venue", KNOWN)
def test_the_session_of_a_sandbox_reaches_no_live_host(venue: str) -> None:
    """The second door: a client that still has every live address meets a session that knows only the sandbox."""
    row = quirks(venue)

    def left(hosts: frozenset[str]) -> int:
        transport = FakeTransport({})
        session = VenueSession(row, clock=FrozenClock(), hosts=hosts, transport_factory=lambda: transport)
        client = build_client(row, credentials=KEYS, session=session, demo=False, timeout_ms=100, rate_limited=False)

        async def try_everything() -> None:
            for section, method, path in list(endpoints(client.api))[::7]:
                await ask(client, section, method, path)

        asyncio.run(try_everything())
        client.session = None
        return len(transport.requests)

    assert left(row.hosts_demo) == 0
    known = len(list(endpoints(exchange_class(venue)().api))[::7])
    assert left(row.hosts_live) >= min(6, known) > 0, "the same requests do leave for who may"


@pytest.mark.parametrize("venue", KNOWN)
def test_no_host_is_both_live_and_sandbox(venue: str) -> None:
    """Otherwise the guard could not tell play money from real."""
    row = quirks(venue)
    assert row.hosts_live
    assert not row.hosts_live & row.hosts_demo
    assert bool(row.hosts_demo) == (row.sandbox != "none")


def test_bybits_testnet_is_not_its_demo() -> None:
    """Two sandboxes of one venue: each reaches its own host and no other, and the real one is in neither."""

    def reached(sandbox: Literal["demo", "testnet"] | None) -> set[str]:
        transport = FakeTransport({})
        venue = CcxtVenue(
            venue_id="bybit",
            clock=FrozenClock(),
            mode="testnet",
            sandbox=sandbox,
            api_key="a" * 18,
            api_secret="b" * 36,
            transport_factory=lambda: transport,
        )

        async def look() -> None:
            with contextlib.suppress(BallastError):
                await venue.connect()
            await venue.close()

        asyncio.run(look())
        return {str(request.url.host) for request in transport.requests}

    assert reached(None) == reached("demo") == {"api-demo.bybit.com"}
    assert reached("testnet") == {"api-testnet.bybit.com"}
    with pytest.raises(ConfigurationError, match="no sandbox 'testnet'"):
        CcxtVenue(venue_id="binance", clock=FrozenClock(), sandbox="testnet")
