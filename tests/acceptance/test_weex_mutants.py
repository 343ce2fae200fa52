"""The acceptance cases are red when WEEX's table is wrong: each trap of the venue, sprung on purpose."""

import asyncio
from dataclasses import replace

import pytest

from bot.exchange.quirks import Quirks
from bot.exchange.speech import Counts, Speech
from bot.exchange.venues import weex
from tests.acceptance.cases import CASES, played

TRUE, SAID = weex.QUIRKS, weex.SPEECH


def _spoken(speech: Speech) -> Quirks:
    return replace(TRUE, speech=speech)


MUTANTS: dict[str, tuple[Quirks, str]] = {
    "contract value taken for a contract's size": (_spoken(replace(SAID, counts=Counts.CONTRACTS)), "E01"),
    "a buy without reduce-only shrinks": (_spoken(replace(SAID, orders=replace(SAID.orders, closing={}))), "E03"),
    "a buy without reduce-only flattens": (_spoken(replace(SAID, orders=replace(SAID.orders, closing={}))), "E04"),
    "the sign of funding": (_spoken(replace(SAID, funding_sign=-1)), "E22"),
    "frozen taken for what positions bind": (
        _spoken(replace(SAID, collateral=replace(SAID.collateral, initial=("frozen",)))), "E01",
    ),
    "the leverage of the other margin mode": (
        _spoken(replace(SAID, leverage=replace(SAID.leverage, isolated={}))), "E25",
    ),
    "a refusal by the account taken for an unknown outcome": (
        replace(TRUE, codes=replace(TRUE.codes, refused_words=())), "E14",
    ),
    "any mode taken for one-way": (
        _spoken(replace(SAID, position_modes=dict.fromkeys(SAID.position_modes, SAID.position_modes["combined"]))),
        "E13",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_in_the_table_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case passes with the true table (see the matrix) and fails with this one."""
    mutant, number = MUTANTS[name]
    monkeypatch.setattr(weex, "QUIRKS", mutant)
    case = next(row for row in CASES if row.number == number)
    ended, why = asyncio.run(played("weex", case))
    assert ended == "FAILED", why
