"""The hostile network and venue: every fault once, and what is noticed when a safeguard is taken out."""

import ssl

import aiohttp
import pytest

from bot.exchange import transport
from bot.exchange.session import VenueSession
from tests.soak import hostile
from tests.testnet.certificates import Authority


@pytest.mark.parametrize("fault", hostile.FAULTS)
def test_a_hostile_network_doubles_loses_and_tells_nothing(fault: str) -> None:
    """One trial of each kind, each at another venue; `make soak` plays many."""
    played = hostile.trial(fault, hostile.FAULTS.index(fault))
    assert played.faults == (fault,)
    assert played.broken == ()


def test_the_library_resending_a_cancel_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The safeguard is one line, and nothing else would tell."""
    monkeypatch.setattr(transport, "_without_resend", lambda connector: aiohttp.ClientSession(connector=connector))
    assert any("cancel was sent 2 times" in text for text in hostile.trial("F12", 0).broken)


def test_unchecked_certificates_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers would be given the signed order."""

    def trusting(_authority: Authority) -> ssl.SSLContext:
        return ssl._create_unverified_context()  # noqa: S323 - the defect that is looked for

    monkeypatch.setattr(Authority, "trusting", trusting)
    assert hostile.trial("F15", 0).broken


def test_an_open_guard_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that are not the venue's would be looked up and called."""
    monkeypatch.setattr(VenueSession, "_guard", lambda *_: None)
    assert any("was looked up" in text for text in hostile.trial("F104", 0).broken)
    assert any("was sent" in text for text in hostile.trial("F104", 2).broken)
