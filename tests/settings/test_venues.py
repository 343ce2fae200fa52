"""What profiles may ask of each exchange, held to the adapter's own tables."""

import pytest

from bot.exchange.quirks import KNOWN, quirks_of
from bot.settings.venues import OFFERS


def test_every_offered_venue_has_a_table() -> None:
    """A profile can name exactly the exchanges the adapter can speak to."""
    assert set(OFFERS) == set(KNOWN)


@pytest.mark.parametrize("venue", OFFERS)
def test_what_is_offered_is_what_the_table_can_do(venue: str) -> None:
    """Kinds of futures and the sandbox are promised only where the adapter knows its way."""
    quirks = quirks_of(venue)
    assert quirks is not None
    assert {kind.value for kind in OFFERS[venue].kinds} <= set(quirks.market_types)
    assert (OFFERS[venue].no_sandbox is None) == (quirks.sandbox != "none")
    movable = quirks.speech is None or quirks.speech.movement is not None
    assert OFFERS[venue].transfers == movable
