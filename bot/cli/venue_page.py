"""`ballast check --venue`: what a venue can do for Ballast, and how the account stands where a profile names it."""

import asyncio
import json
import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bot.abilities import Ability, abilities
from bot.cli.arguments import Arguments
from bot.cli.render import MARKS
from bot.doctor import Finding, examine
from bot.domain.errors import ConfigurationError
from bot.exchange.quirks import quirks_of
from bot.settings.venues import OFFERS, unsupported

if TYPE_CHECKING:
    from bot.settings import Settings

WIDTH = 80
HALF = 38


def check_venue(arguments: Arguments, venue: str, settings_of: Callable[[Arguments], "Settings"]) -> int:
    """Print the page and exit with the code of the first failure. Raises: ConfigurationError for an unknown venue."""
    if venue not in OFFERS:
        raise ConfigurationError(f"--venue: {unsupported(venue)}")
    findings: tuple[Finding, ...] = ()
    unasked = "no profile was given, so the venue was asked nothing; name one with --config"
    if arguments.config:
        settings = settings_of(arguments)
        if any(row.id == venue for row in settings.venues):
            findings, unasked = asyncio.run(examine(settings, only=venue)), ""
        else:
            unasked = f'the profile has no [[venues]] entry with id = "{venue}", so it was asked nothing'
    code = next((row.exit_code for row in findings if row.verdict == "fail"), 0)
    rows, read_on = abilities(venue), _read_on(venue)
    if arguments.json:
        print(json.dumps(_published(venue, read_on, rows, findings, unasked, code)))
    else:
        print(page(venue, read_on, rows, findings, unasked))
    return code


def page(venue: str, read_on: str, rows: Iterable[Ability], findings: Iterable[Finding], unasked: str) -> str:
    """The page for people, 80 columns wide."""
    lines = [f"{venue}, as its manual and ccxt were read on {read_on}", ""]
    for row in rows:
        lines += _beside(row.name, row.answer)
        lines += _wrapped(f"from {row.source}; {row.proof}", indent=4)
    lines.append("")
    for finding in findings:
        mark = MARKS.get(finding.verdict, finding.verdict)
        lines += _wrapped(f"{mark}  {finding.topic}: {finding.text}", indent=0, hang=6)
    if unasked:
        lines += _wrapped(unasked[:1].upper() + unasked[1:] + ".", indent=0)
    return "\n".join(lines)


def _beside(name: str, answer: str) -> list[str]:
    told = textwrap.wrap(answer, WIDTH - HALF - 2) or [""]
    return [f"  {name:<{HALF - 2}}  {told[0]}".rstrip(), *(" " * (HALF + 2) + more for more in told[1:])]


def _wrapped(text: str, *, indent: int, hang: int = 0) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + hang), break_on_hyphens=False
    )


def _read_on(venue: str) -> str:
    found = quirks_of(venue)
    return found.read_on if found is not None else "no day"


def _published(
    venue: str, read_on: str, rows: Iterable[Ability], findings: Iterable[Finding], unasked: str, code: int
) -> dict[str, object]:
    return {
        "schema": 1,
        "venue": venue,
        "read_on": read_on,
        "abilities": [
            {"name": row.name, "answer": row.answer, "source": row.source, "proof": row.proof} for row in rows
        ],
        "findings": [{"topic": row.topic, "verdict": row.verdict, "text": row.text} for row in findings],
        "note": unasked or None,
        "exit_code": code,
    }
