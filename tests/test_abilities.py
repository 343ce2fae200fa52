"""What is said of a venue is what its tables say, and no proof is named that does not exist."""

from pathlib import Path

import pytest

from bot.abilities import BEGIN, END, NOTHING, abilities, cases, refreshed
from bot.exchange.quirks import KNOWN
from bot.settings.venues import OFFERS
from tests.acceptance.cases import CASES
from tests.acceptance.table import PAGE as ACCEPTANCE
from tests.acceptance.table import cell

PAGE = Path(__file__).parents[1] / "docs" / "venues" / "README.md"


@pytest.mark.parametrize("venue", KNOWN)
def test_a_proof_that_is_named_passed_at_that_venue(venue: str) -> None:
    """The matrix of the docs says so; what it calls not offered is not called possible here."""
    page = ACCEPTANCE.read_text(encoding="utf-8")
    numbers = {case.number for case in CASES}
    named = cases()
    for row in abilities(venue):
        if "proved" not in row.proof:
            continue
        assert named[row.name] in numbers
        ended = cell(page, venue, named[row.name])
        assert ended in ("passed", "not offered"), (row.name, ended)
        if ended == "not offered":
            assert row.answer.startswith("no"), row


@pytest.mark.parametrize("venue", KNOWN)
def test_every_answer_names_its_source(venue: str) -> None:
    """Nothing is claimed out of the air."""
    for row in abilities(venue):
        assert row.answer
        assert row.source
        assert row.proof


@pytest.mark.parametrize("venue", [venue for venue in KNOWN if OFFERS[venue].reads_only])
def test_nothing_about_orders_is_claimed_of_a_venue_that_is_only_read(venue: str) -> None:
    """What was never sent is not said to work."""
    told = {row.name: row for row in abilities(venue)}
    assert told["what it may be used for"].answer == "check, plan and dry run"
    assert told["an order is found by our own id"].answer == NOTHING
    assert told["a closing order cannot open"].answer == NOTHING
    assert told["mark and index price"].proof == "read right from replies of its manual"
    assert told["maintenance tiers"].proof == "unverified"


def test_known_differences_are_told() -> None:
    """Where venues differ most, and where a guess would cost most."""
    told = {venue: {row.name: row.answer for row in abilities(venue)} for venue in KNOWN}
    assert told["mexc"]["sandbox"] == "none"
    assert told["bybit"]["sandbox"] == "demo trading or testnet"
    assert told["weex"]["rights of the key"] == "not told"
    assert told["bybit"]["spot to margin transfers"].startswith("not needed")
    assert told["weex"]["maintenance tiers"].startswith("not told: 1 %")
    assert told["mexc"]["orders are counted in"] == "contracts"
    assert told["binance"]["futures that carry the short"].count(",") == 2


def test_the_page_holds_the_table_the_code_prints() -> None:
    """`make docs` writes it; nobody copies it by hand."""
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    assert refreshed(page) == page, "run `make docs`"


@pytest.mark.parametrize("venue", KNOWN)
def test_every_venue_has_its_page(venue: str) -> None:
    """How to make the right key is told for each."""
    assert (PAGE.parent / f"{venue}.md").is_file()
