"""A journal is used in the world it was made in, and in no other."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.pinned import fingerprint, pin, refuse_other_world
from tests.sim.shadow_world import Dict

PATH = Path("state/ballast.db")
KEY, OTHER = fingerprint("key-of-one-account"), fingerprint("key-of-another")


def _made(mode: str = "testnet", place: str = "testnet", key: str = KEY) -> Dict:
    memory = Dict()
    pin(memory, mode, {"binance": (place, key)})
    return memory


@pytest.mark.parametrize(("before", "now"), [("dry-run", "live"), ("testnet", "live"), ("live", "testnet")])
def test_a_journal_of_another_mode_is_refused_with_a_way_out(before: str, now: str) -> None:
    """What a rehearsal remembers of orders must never be taken for real, nor the other way round."""
    with pytest.raises(ConfigurationError, match=f'made in mode "{before}".*ballast-{now}.db'):
        refuse_other_world(_made(before, before), PATH, now, {"binance": (now, KEY)})


@pytest.mark.parametrize(("before", "now"), [("localnet", "testnet"), ("demo", "localnet"), ("demo", "testnet")])
def test_the_local_testnet_and_the_venues_own_are_worlds_apart(before: str, now: str) -> None:
    """All are called testnet, and none knows the others' orders."""
    with pytest.raises(ConfigurationError, match=r"with binance (on|in) .* and this run is with binance (on|in) "):
        refuse_other_world(_made("testnet", before), PATH, "testnet", {"binance": (now, KEY)})


def test_the_same_world_and_a_venue_more_are_welcome() -> None:
    """Adding an exchange later is no other world."""
    assert not refuse_other_world(_made(), PATH, "testnet", {"binance": ("testnet", KEY), "bybit": ("testnet", OTHER)})


def test_another_key_is_told_and_gives_nothing_away() -> None:
    """A new key of the same account is an everyday thing, another account is not: a person can tell them apart."""
    (said,) = refuse_other_world(_made(), PATH, "testnet", {"binance": ("testnet", OTHER)})
    assert KEY in said
    assert OTHER in said
    assert "key-of" not in said


def test_a_run_without_a_key_forgets_no_key() -> None:
    """Looking without keys in between must not make the next key look like the first."""
    memory = _made()
    pin(memory, "testnet", {"binance": ("testnet", "")})
    assert refuse_other_world(memory, PATH, "testnet", {"binance": ("testnet", OTHER)})
    assert not refuse_other_world(memory, PATH, "testnet", {"binance": ("testnet", KEY)})


def test_what_is_known_is_written_once() -> None:
    """Every run checks; only a change is written."""
    memory = _made()
    writes = memory.writes
    pin(memory, "testnet", {"binance": ("testnet", KEY)})
    assert memory.writes == writes
