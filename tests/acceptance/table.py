"""The page docs/acceptance.md, made from the cases and how they ended."""

from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.cases import CASES

PAGE = Path(__file__).parents[2] / "docs" / "acceptance.md"
HEAD = """# What every venue must pass

Each case is played through the real ccxt over real sockets against the local testnet, which speaks the venue's language
and was written from its manual independently of the adapter. It is judged by the exchange's own book.
`python -m tests.acceptance` plays all of them and prints this table; a test keeps this page as it ends.

"not offered": the venue has no such function, and Ballast says so instead of trying.

"""


def page(found: Mapping[tuple[str, str], tuple[str, str]]) -> str:
    """The page as text."""
    venues = list(dict.fromkeys(venue for venue, _ in found))
    lines = [f"| case | | {' | '.join(venues)} |", f"|---|---|{'---|' * len(venues)}"]
    for case in CASES:
        ends = [found.get((venue, case.number), ("not played", ""))[0] for venue in venues]
        lines.append(f"| {case.number} | {case.title} | {' | '.join(ends)} |")
    return HEAD + "\n".join(lines) + "\n"


def cell(text: str, venue: str, number: str) -> str:
    """How a case ended at a venue, as the page has it."""
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    columns = rows[0]
    row = next(row for row in rows if row[0] == number)
    return row[columns.index(venue)] if venue in columns else "not on the page"
