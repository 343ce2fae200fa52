"""A network that lies: names that lead elsewhere, wrong certificates, redirects, replies out of turn."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

import aiohttp
import pytest

from bot.domain.account import OrderStatus
from bot.domain.errors import Unavailable, Unknown
from bot.exchange import transport as transport_module
from bot.exchange.calls import Limits
from bot.exchange.quirks import quirks_of
from bot.exchange.transport import aiohttp_transport, loopback_transport
from bot.exchange.venue import CcxtVenue
from bot.sim.localnet import LOCAL_KEY
from tests.testnet.addresses import Leading
from tests.testnet.certificates import Authority
from tests.testnet.hostile import HostileServer, Strike, Visit, serving
from tests.testnet.strikes import doubled, doubled_at_once, finish, redirected
from tests.testnet.test_exchange_socket import BTC, ExchangeTime, sell
from tests.testnet.test_hostile_replies import KEYS, VENUES, at_a_hostile_venue, is_order
from tests.testnet.world import make_answering

LIMITS = Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False, timeout_s=1.0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def hosts(venue: str) -> list[str]:
    row = quirks_of(venue)
    assert row is not None
    return sorted(row.hosts_live)


@asynccontextmanager
async def led_astray(
    venue: str, shown: ssl.SSLContext, trusted: ssl.SSLContext | None
) -> AsyncIterator[tuple[CcxtVenue, HostileServer, Leading]]:
    """The real addresses in the client's hands, and a name service that leads all of them to a server of ours."""
    answering = make_answering(key=LOCAL_KEY, venue=venue)
    async with serving(answering, tls=shown) as server:
        names = Leading(port=int(server.address.rpartition(":")[2]))
        transport = partial(aiohttp_transport, tls=trusted, resolver=names)
        client = CcxtVenue(
            venue_id=venue, clock=ExchangeTime(answering), mode="live", limits=LIMITS, transport_factory=transport,
            **KEYS,
        )  # fmt: skip
        try:
            yield client, server, names
        finally:
            await client.close()


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("wrong", ["another authority", "expired", "another name"])
def test_a_name_that_leads_elsewhere_gets_no_byte_of_a_request(venue: str, wrong: str, authority: Authority) -> None:
    """Whoever answers cannot show the venue's certificate: the connection ends before anything is said, key and all."""
    shown = authority.serving("evil.example") if wrong == "another name" else authority.serving(
        *hosts(venue), expired=wrong == "expired"
    )  # fmt: skip
    trusted = None if wrong == "another authority" else authority.trusting()

    async def run() -> None:
        async with led_astray(venue, shown, trusted) as (client, server, names):
            with pytest.raises(Unavailable, match="no connection to"):
                await client.connect()
            with pytest.raises(Unavailable, match="no connection to"):
                await client.time()
            assert server.seen == []
            assert set(names.asked) <= set(hosts(venue))

    asyncio.run(run())


@pytest.mark.parametrize("venue", VENUES)
def test_with_the_right_certificate_the_same_server_is_believed(venue: str, authority: Authority) -> None:
    """The counter-proof: nothing but the certificate kept the others away. Only hosts of the venue were looked up."""

    async def run() -> None:
        shown = authority.serving(*hosts(venue))
        async with led_astray(venue, shown, authority.trusting()) as (client, server, names):
            await client.connect()
            assert server.seen
            assert set(names.asked) <= set(hosts(venue))
            assert {request.host for request in server.seen} <= set(hosts(venue))

    asyncio.run(run())


def test_a_name_nobody_knows_proves_that_nothing_was_sent(authority: Authority) -> None:
    """The one fault of the network after which an order surely does not exist; the next one finds its way."""

    async def run() -> None:
        shown = authority.serving(*hosts("binance"))
        async with led_astray("binance", shown, authority.trusting()) as (client, server, names):
            await client.connect()
            await client._session.close()
            names.failures = 1
            with pytest.raises(Unavailable, match="nothing was sent"):
                await sell(client)
            assert not any(is_order(request) for request in server.seen)
            await sell(client, "second")

    asyncio.run(run())


def test_certificates_are_checked_and_old_tls_is_refused() -> None:
    """The context of every real session, as it is."""

    async def contexts() -> tuple[aiohttp.TCPConnector, aiohttp.TCPConnector]:
        made = []
        for ipv6 in (False, True):
            session = aiohttp_transport(ipv6=ipv6)
            assert isinstance(session, aiohttp.ClientSession)
            assert not session.trust_env
            connector = session.connector
            assert isinstance(connector, aiohttp.TCPConnector)
            made.append(connector)
            await session.close()
        return made[0], made[1]

    plain, both = asyncio.run(contexts())
    context = plain._ssl
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert plain._family.name == "AF_INET", "keys are tied to an IPv4 address"
    assert both._family.name == "AF_UNSPEC"


EVIL = ("http://127.0.0.1:{port}/x", "https://127.0.0.1:{port}/x", "//127.0.0.1:{port}/x", "http://localhost:{port}/x")


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(venue: str, status: int) -> None:
    """To another port, scheme or host: the one it names never sees a connection, let alone a key."""
    visitors: list[str] = []

    async def thief(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append((await reader.read(4096)).decode("latin-1"))
        writer.close()

    async def check(client: CcxtVenue, server: HostileServer) -> None:
        trap = await asyncio.start_server(thief, "127.0.0.1", 0)
        port = trap.sockets[0].getsockname()[1]
        try:
            for location in EVIL:
                server.plans.clear()
                server.plan(redirected(location.format(port=port), status), times=99)
                with pytest.raises(Unavailable):
                    await client.time()
                before = len(server.seen)
                with pytest.raises(Unknown, match="elsewhere"):
                    await sell(client)
                assert len(server.seen) == before + 1
        finally:
            trap.close()
            await trap.wait_closed()

    at_a_hostile_venue(check, venue)
    assert visitors == []


def test_a_cancel_whose_kept_connection_dies_is_not_sent_again() -> None:
    """The library underneath would repeat a DELETE on its own."""

    async def check(client: CcxtVenue, server: HostileServer) -> None:
        await client.time()
        server.plan(finish, lambda request: request.method == "DELETE")
        with pytest.raises(Unknown):
            await client.cancel_order(BTC, "first")
        assert [request.method for request in server.seen].count("DELETE") == 1

    at_a_hostile_venue(check)


async def _order_after_a_second_reply(client: CcxtVenue, server: HostileServer, strike: Strike) -> None:
    server.plan(strike, lambda request: request.method == "GET")
    await client.time()
    await asyncio.sleep(0.03)
    placed = await sell(client)
    found = await client.order_by_client_id(BTC, "first")
    assert found is not None
    assert found.order_id == placed.order_id


@pytest.mark.parametrize("strike", [doubled, doubled_at_once])
@pytest.mark.parametrize("venue", VENUES)
def test_a_reply_that_comes_twice_answers_nobody_else(venue: str, strike: Strike) -> None:
    """Bytes that wait on a kept connection are no reply to the next request, which here is an order."""
    at_a_hostile_venue(partial(_order_after_a_second_reply, strike=strike), venue)


def test_without_the_look_at_a_kept_connection_an_order_is_answered_by_the_past(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The counter-proof: the library alone hands the waiting bytes to whoever asks next."""
    monkeypatch.setattr(transport_module, "_OneReplyPerRequest", aiohttp.TCPConnector)
    wrongly_answered = 0
    for venue in VENUES:
        try:
            at_a_hostile_venue(partial(_order_after_a_second_reply, strike=doubled), venue)
        except (Unknown, Unavailable):
            wrongly_answered += 1
    assert wrongly_answered > 0


@pytest.mark.parametrize("venue", VENUES)
def test_the_reply_to_another_order_is_not_taken_for_the_own(venue: str) -> None:
    """An order is known by the id we gave it, not by the turn of its reply."""

    async def check(client: CcxtVenue, server: HostileServer) -> None:
        earlier: list[bytes] = []

        async def kept(visit: Visit) -> None:
            reply = visit.carry_out()
            earlier.append(reply)
            await visit.send(reply)

        async def replayed(visit: Visit) -> None:
            visit.carry_out()
            await visit.send(earlier[0])

        server.plan(kept, is_order)
        first = await sell(client)
        server.plans.clear()
        server.plan(replayed, is_order)
        try:
            placed = await sell(client, "second")
        except Unknown:
            pass
        else:
            # MEXC acknowledges with nothing but its own id, which proves an order, not which; it is looked up by ours
            assert (client.id, placed.status, placed.filled) == ("mexc", OrderStatus.OPEN, Decimal(0))
        found = await client.order_by_client_id(BTC, "second")
        assert found is not None
        assert found.order_id != first.order_id

    at_a_hostile_venue(check, venue)


def test_a_half_open_connection_costs_one_deadline() -> None:
    """It is kept, it looks alive, and nobody is there any more: the call ends, the next one takes a new connection."""

    async def check(client: CcxtVenue, server: HostileServer) -> None:
        await client.time()

        async def deaf(visit: Visit) -> None:
            await visit.hold()

        server.plan(deaf)
        before = server.connections
        await client.time()
        assert server.connections > before

    at_a_hostile_venue(check)


def test_the_loopback_session_keeps_the_same_promises() -> None:
    """What is tried on the local testnet is what runs in earnest."""

    async def run() -> None:
        session = loopback_transport()
        assert isinstance(session, aiohttp.ClientSession)
        assert not session._retry_connection
        assert not session.trust_env
        await session.close()

    asyncio.run(run())
