"""Which hosts a venue may be reached at, and how long it keeps silent when asked to."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from yarl import URL

from bot.domain.errors import ConfigurationError, Forbidden, Unavailable
from bot.exchange import transport as transport_module
from bot.exchange.envelope import NotAnAnswer, OldAnswer, Silenced
from bot.exchange.quirks import BINANCE
from bot.exchange.session import VenueSession
from bot.exchange.venue import CcxtVenue
from bot.exchange.venues import bybit
from tests.exchange.world import KEY, NOW, NOW_MS, Answer, FakeTransport, FrozenClock, asked, futures_account, reply

ACCOUNT = "GET /fapi/v3/account"
TIME = "https://fapi.binance.com/fapi/v1/time"


def make_session(transport: FakeTransport, clock: FrozenClock | None = None, **changes: Any) -> VenueSession:
    settings: dict[str, Any] = {"clock": clock or FrozenClock(), "hosts": BINANCE.hosts_live, **changes}
    return VenueSession(BINANCE, transport_factory=lambda: transport, **settings)


def get(session: VenueSession, url: str) -> str:
    async def run() -> str:
        async with session.get(URL(url, encoded=True), headers={"X-MBX-APIKEY": KEY}) as response:
            return await response.text()

    return asyncio.run(run())


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/fapi/v1/time",
        "https://fapi.binance.com.evil.example/fapi/v1/time",
        "http://fapi.binance.com/fapi/v1/time",
        "https://papi.binance.com/papi/v1/order",
        "https://demo-fapi.binance.com/fapi/v1/time",
    ],
)
def test_an_unknown_host_is_never_reached(url: str) -> None:
    """Neither another host, nor the right one in clear text, nor the demo in live mode."""
    transport = FakeTransport({})
    with pytest.raises(Forbidden, match="Nothing was sent"):
        get(make_session(transport), url)
    assert transport.requests == []


def test_the_local_testnet_answers_for_every_host_of_the_venue() -> None:
    """Path and query stay byte for byte, as they were signed; the real host travels in the header."""
    transport = FakeTransport({})
    get(make_session(transport, localnet="127.0.0.1:8701"), TIME + "?symbols=%5B%22A%2BB%22%5D&signature=ff")
    (request,) = transport.requests
    assert str(request.url) == "http://127.0.0.1:8701/fapi/v1/time?symbols=%5B%22A%2BB%22%5D&signature=ff"
    assert request.headers["Host"] == "fapi.binance.com"


@pytest.mark.parametrize("address", ["10.0.0.1:80", "example.com:80", "127.0.0.1", "127.0.0.1:http", ""])
def test_a_local_testnet_elsewhere_is_refused(address: str) -> None:
    """Keys never travel in clear text to another machine."""
    with pytest.raises(ConfigurationError):
        make_session(FakeTransport({}), localnet=address)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(status=429, headers={"Retry-After": "7"}), 7),
        (Answer(status=429), 30),
        (Answer(status=418, body=f'{{"code":-1003,"msg":"banned until {NOW_MS + 90_000}."}}'), 90),
        (Answer(status=418), 120),
        (Answer(status=403, body="<html>"), 600),
        (Answer(status=429, headers={"Retry-After": "99999999"}), 3 * 86400),
        (Answer(status=429, headers={"Retry-After": "soon"}), 30),
        (Answer(status=429, headers={"Retry-After": "9" * 4000}), 3 * 86400),
        (Answer(status=429, headers={"Retry-After": "\u00b2\u00b3"}), 30),
        (Answer(status=418, body='{"msg":"banned until 99999999999999."}'), 3 * 86400),
    ],
)
def test_a_host_that_asks_for_silence_gets_it(answer: Answer, seconds: int) -> None:
    """Until the deadline not one request leaves; afterwards they flow again."""
    transport = FakeTransport({"GET /fapi/v1/time": [answer, reply({"serverTime": NOW_MS})]})
    clock = FrozenClock()
    session = make_session(transport, clock)
    with pytest.raises(Silenced):
        get(session, TIME)
    assert session.silent_until == {"fapi.binance.com": NOW + timedelta(seconds=seconds)}
    clock.pass_time(seconds - 1)
    with pytest.raises(Silenced):
        get(session, TIME)
    assert len(transport.requests) == 1
    clock.pass_time(1)
    assert "serverTime" in get(session, TIME)


@pytest.mark.parametrize("step", [timedelta(minutes=10), -timedelta(minutes=10)])
def test_setting_the_clock_of_this_machine_ends_no_silence_and_prolongs_none(step: timedelta) -> None:
    """The deadline is kept on a clock that nobody can set."""
    answer = Answer(status=418, headers={"Retry-After": "60"}, body='{"code":-1003,"msg":"banned"}')
    transport = FakeTransport({"GET /fapi/v1/time": [answer, reply({"serverTime": NOW_MS})]})
    clock = FrozenClock()
    session = make_session(transport, clock)
    with pytest.raises(Silenced):
        get(session, TIME)
    clock.at += step
    clock.pass_time(59)
    with pytest.raises(Silenced):
        get(session, TIME)
    clock.pass_time(1)
    assert "serverTime" in get(session, TIME)


def test_a_ban_holds_although_our_clock_is_ahead_of_its_end() -> None:
    """The venue names a moment of its own clock and seconds from now; the longer of both counts."""
    body = f'{{"code":-1003,"msg":"banned until {NOW_MS - 400_000}."}}'
    transport = FakeTransport({"GET /fapi/v1/time": [Answer(status=418, headers={"Retry-After": "120"}, body=body)]})
    session = make_session(transport)
    with pytest.raises(Silenced):
        get(session, TIME)
    assert session.silent_until == {"fapi.binance.com": NOW + timedelta(seconds=120)}


def test_the_end_that_a_venue_names_is_read_by_the_venues_clock() -> None:
    """This machine is ten minutes ahead, the ban ends in two: it is kept for two minutes, not for none."""
    body = f'{{"code":-1003,"msg":"banned until {NOW_MS + 120_000}."}}'
    transport = FakeTransport({"GET /fapi/v1/time": [Answer(status=418, body=body)]})
    clock = FrozenClock()
    clock.at = NOW + timedelta(minutes=10)
    session = make_session(transport, clock)
    session.their_now = lambda: NOW
    with pytest.raises(Silenced):
        get(session, TIME)
    assert session.silent_until == {"fapi.binance.com": clock.at + timedelta(seconds=120)}


def test_an_end_that_is_over_ends_no_silence() -> None:
    """Before the venue told its time, a moment in the past shows that the clocks differ: the usual silence is kept."""
    body = f'{{"code":-1003,"msg":"banned until {NOW_MS - 400_000}."}}'
    session = make_session(FakeTransport({"GET /fapi/v1/time": [Answer(status=418, body=body)]}))
    with pytest.raises(Silenced):
        get(session, TIME)
    assert session.silent_until == {"fapi.binance.com": NOW + timedelta(seconds=120)}


def test_a_kept_deadline_outlives_a_restart() -> None:
    """What was remembered of a ban is put back and obeyed."""
    transport = FakeTransport({ACCOUNT: reply(futures_account())})

    async def banned(venue: CcxtVenue) -> object:
        venue.silent_until["fapi.binance.com"] = datetime(2026, 11, 25, tzinfo=UTC)
        return await venue.margin_accounts()

    with pytest.raises(Unavailable, match="silence until 2026-11-25"):
        asked(banned, transport=transport)
    assert ACCOUNT not in transport.lines()


def test_a_reply_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded whatever is sent."""
    monkeypatch.setattr(transport_module, "REPLY_BYTES_MAX", 10)
    with pytest.raises(NotAnAnswer, match="more than"):
        get(make_session(FakeTransport({})), TIME)


def test_no_host_of_the_real_account_is_reachable_in_testnet_mode() -> None:
    """The demo talks to the demo's hosts only, whatever ccxt would like."""
    transport = FakeTransport({})

    async def live_url(venue: CcxtVenue) -> object:
        venue._client.urls["api"] = {**venue._client.urls["api"], "fapiPrivateV3": "https://fapi.binance.com/fapi/v3"}
        return await venue.margin_accounts()

    with pytest.raises(Unavailable, match="stopped before it left"):
        asked(live_url, transport=transport, mode="testnet")
    assert all(str(request.url.host).startswith("demo-") for request in transport.requests)


def test_what_bybit_wrote_long_ago_is_not_taken_for_its_answer() -> None:
    """Once the venue's time is known; before that this machine's own clock, which may be wrong, decides nothing."""
    positions = {"retCode": 0, "result": {"list": []}, "time": NOW_MS - 60_000}
    transport = FakeTransport({"GET /v5/position/list": reply(positions)})
    quirks = bybit.QUIRKS
    session = VenueSession(quirks, clock=FrozenClock(), hosts=quirks.hosts_live, transport_factory=lambda: transport)
    url = "https://api.bybit.com/v5/position/list?category=linear"
    assert "retCode" in get(session, url)
    session.their_told_now = lambda: NOW
    with pytest.raises(OldAnswer, match="60 s ago"):
        get(session, url)
