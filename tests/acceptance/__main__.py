"""The table of venue and case: `python -m tests.acceptance [VENUE ...]`, with --write to keep it in the docs."""

import argparse
import asyncio
import sys
from pathlib import Path

from bot.sim.wire.codecs import SPOKEN
from tests.acceptance.cases import CASES, played
from tests.acceptance.table import PAGE, page


async def _play(venues: list[str], only: list[str]) -> dict[tuple[str, str], tuple[str, str]]:
    found = {}
    for venue in venues:
        for case in CASES:
            if only and case.number not in only:
                continue
            found[(venue, case.number)] = ended = await played(venue, case)
            print(
                f"{case.number} {venue:8} {ended[0]:11} {case.title}{'  ' + ended[1] if ended[1] else ''}", flush=True
            )
    return found


def main() -> int:
    """Play the matrix and print it; 1 when a case failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venues", nargs="*", default=list(SPOKEN))
    parser.add_argument("--only", nargs="*", default=[], metavar="E01")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {PAGE.name}")
    asked = parser.parse_args()
    found = asyncio.run(_play(list(asked.venues), asked.only))
    text = page(found)
    if asked.write:
        Path(PAGE).write_text(text, encoding="utf-8")
    print(text)
    return 1 if any(ended == "FAILED" for ended, _ in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
