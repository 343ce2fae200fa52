"""Each trap of Bybit is sprung once on purpose: with that cell of the table wrong, a case of the matrix must fail."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bot.exchange.quirks import Quirks
from bot.exchange.speech import Orders, Speech
from bot.exchange.venues import bybit
from tests.acceptance.cases import CASES, played

SPEECH = bybit.SPEECH
CODES = bybit.QUIRKS.codes
SHOWN = {case.number: case for case in CASES}


@dataclass(frozen=True)
class Mutant:
    defect: str
    case: str
    table: Callable[[], Quirks]


def _speech(**changes: object) -> Callable[[], Quirks]:
    changed: Speech = replace(SPEECH, **changes)  # type: ignore[arg-type]
    return lambda: replace(bybit.QUIRKS, speech=changed)


def _orders(**changes: object) -> Callable[[], Quirks]:
    changed: Orders = replace(SPEECH.orders, **changes)  # type: ignore[arg-type]
    return _speech(orders=changed)


def _codes(**changes: object) -> Callable[[], Quirks]:
    changed = replace(CODES, **changes)  # type: ignore[arg-type]
    return lambda: replace(bybit.QUIRKS, codes=changed)


MUTANTS = (
    Mutant("funding is read with ccxt's sign", "E22", _speech(funding_sign=1)),
    Mutant("a purchase goes out without reduceOnly", "E05", _orders(closing={})),
    Mutant("the floor of a tier is believed", "E01", _speech(tier_floors_told=True)),
    Mutant("an order is looked up among live ones by the wrong name", "E09", _orders(
        look_up=tuple(replace(way, params={**way.params, "orderLinkId": "x"}) for way in SPEECH.orders.look_up)
    )),
    Mutant("leverage as it is already counts as an error", "E12", _codes(already_so=frozenset())),
    Mutant("both sides of hedge mode pass for one way", "E13", _speech(
        position_modes=dict.fromkeys(SPEECH.position_modes, SPEECH.position_modes["0"])
    )),
    Mutant("a spent limit is asked again at once", "E15", lambda: replace(bybit.QUIRKS, silence_codes={})),
    Mutant("a refusal for want of margin leaves the outcome open", "E14", _codes(refused=frozenset())),
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.defect)
def test_a_wrong_cell_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case passes with the true table and fails with the wrong one."""
    ended, why = asyncio.run(played("bybit", SHOWN[mutant.case]))
    assert ended == "passed", why
    monkeypatch.setattr(bybit, "QUIRKS", mutant.table())
    ended, _ = asyncio.run(played("bybit", SHOWN[mutant.case]))
    assert ended == "FAILED"
