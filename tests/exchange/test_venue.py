"""The live Venue as a whole: it is the port, it can be closed and connected again, it explains what is missing."""

import asyncio

import pytest
from pydantic import SecretStr

from bot.domain.errors import Unavailable
from bot.domain.ports import Venue
from bot.exchange.calls import Limits
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import (
    KEY,
    SECRET,
    Answer,
    FakeTransport,
    FrozenClock,
    asked,
    make_venue,
)


def as_port(venue: CcxtVenue) -> Venue:
    """Checked by the type checker: the live venue is what a cycle needs."""
    return venue


def test_a_venue_can_be_closed_and_connected_again() -> None:
    """A daemon that lost its network starts afresh without a new object."""
    transport = FakeTransport({})

    async def twice() -> None:
        venue = as_port(make_venue(transport))
        for _ in range(2):
            await venue.connect()
            assert await venue.margin_accounts()
            await venue.close()

    asyncio.run(twice())


def test_connecting_again_at_once_asks_nothing() -> None:
    """Connect is repeatable, and cheap while everything is fresh."""
    transport = FakeTransport({})
    asked(lambda venue: venue.connect(), transport=transport)
    assert transport.lines() == ["GET /fapi/v1/time", "GET /fapi/v1/exchangeInfo"]


def test_a_venue_that_is_down_at_start_is_unavailable() -> None:
    """Nothing was touched, the next cycle tries again."""
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.time(), {"GET /fapi/v1/time": Answer(raises=ConnectionRefusedError())})


def test_a_missing_key_is_named_and_nothing_is_sent() -> None:
    """Public data needs no key; private data says what to set."""
    transport = FakeTransport({})
    with pytest.raises(Unavailable, match="no API key is set"):
        asked(lambda venue: venue.margin_accounts(), transport=transport, api_key=None, api_secret=None)
    assert "GET /fapi/v3/account" not in transport.lines()


def test_secrets_may_come_wrapped() -> None:
    """The settings hold them in a type that does not print."""
    transport = FakeTransport({})
    asked(
        lambda venue: venue.margin_accounts(),
        transport=transport,
        api_key=SecretStr(KEY),
        api_secret=SecretStr(SECRET),
    )
    assert transport.requests[-1].headers["X-MBX-APIKEY"] == KEY


def test_the_read_throttle_holds_back_and_lets_through() -> None:
    """Reads of one account are capped together; none is lost."""
    transport = FakeTransport({})
    limits = Limits(reads_per_s=5, writes_per_s=5, weighted=True)

    async def many(venue: CcxtVenue) -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(5):
            await venue.margin_accounts()
        return loop.time() - started

    assert asked(many, transport=transport, limits=limits, clock=FrozenClock()) > 0.5
