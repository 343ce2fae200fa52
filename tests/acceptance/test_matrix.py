"""The acceptance matrix, cell by cell, against what the page in the docs says of it."""

import asyncio

import pytest

from bot.sim.wire.codecs import SPOKEN
from tests.acceptance.cases import CASES, Case, played
from tests.acceptance.table import PAGE, cell

ENDS = {"passed", "not offered"}


@pytest.mark.parametrize("venue", SPOKEN)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_a_cell_ends_as_the_page_says(venue: str, case: Case) -> None:
    """The page is written by `python -m tests.acceptance --write`; it never promises what does not happen."""
    promised = cell(PAGE.read_text(encoding="utf-8"), venue, case.number)
    ended, why = asyncio.run(played(venue, case))
    assert ended == promised, why
    assert promised in ENDS
