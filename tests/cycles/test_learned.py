"""What a short taught by its liquidation price outlives it, and the process."""

from dataclasses import replace
from pathlib import Path

from bot.execution.journal import Journal
from bot.learned import taught
from bot.upkeep import margin_caps
from tests.builders import BRACKETS, BTC, d, margin, mind, position, snapshot, view


def test_a_short_that_is_gone_is_opened_anew_under_the_cap_its_liquidation_price_taught(tmp_path: Path) -> None:
    """Once closed it tells nothing any more; the journal does."""
    usual = mind()
    assumed = {BTC: tuple(replace(row, assumed=True) for row in BRACKETS)}  # the venue publishes none
    short = position(isolated="15000", liquidation="70000")
    held = snapshot(replace(view(positions=(short,), margins=(margin("20000"),)), brackets=assumed))
    flat = snapshot(view())
    with Journal.open(tmp_path / "journal.sqlite3", new_id="learned") as journal:
        assert taught(usual, flat, journal) is usual
        taught(usual, held, journal)
    with Journal.open(tmp_path / "journal.sqlite3", new_id="learned") as journal:
        later = taught(usual, flat, journal)
    assert later.margin.rates["BTC"] > d("0.2")
    assert margin_caps(later, flat).of("BTC").cap_raw < margin_caps(usual, flat).of("BTC").cap_raw
