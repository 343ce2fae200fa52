"""What rules remember survives a restart, and nothing unreadable is believed."""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.cycle import RECALLED, Desk, preview_cycle, run_cycle
from bot.domain.hedge import Need
from bot.domain.history import HistoryAsk
from bot.policy.scene import Answer, Scene, recalled_from_json, recalled_to_json
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


@dataclass(frozen=True)
class Counting:
    """Counts the cycles it has seen."""

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        return ()

    def adjust(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Need]:
        seen = int(scene.memory.of("counting", "BTC").get("cycles", "0"))
        return Answer(rows=needs, recalled={"counting/BTC": {"cycles": str(seen + 1)}})


def counting_desk(fake: FakeVenue, folder: Path) -> Desk:
    plain = desk(fake, journal(folder))
    return replace(plain, mind=replace(plain.mind, policy=replace(plain.mind.policy, adjust=(Counting(),))))


def test_a_rule_finds_again_what_it_noted(tmp_path: Path) -> None:
    """Two cycles with a restart between them, and a preview that writes nothing."""
    fake = FakeVenue(ManualClock())
    first = counting_desk(fake, tmp_path)
    asyncio.run(run_cycle(first))
    asyncio.run(preview_cycle(first))
    first.hands.journal.close()
    second = counting_desk(fake, tmp_path)
    asyncio.run(run_cycle(second))
    kept = recalled_from_json(second.hands.journal.setting(RECALLED))
    second.hands.journal.close()
    assert kept == {"counting/BTC": {"cycles": "2"}}


def test_what_was_noted_reads_back_and_nothing_is_kept_as_nothing() -> None:
    """There and back."""
    noted = {"volatility/BTC": {"ratio": "0.35"}}
    assert recalled_from_json(recalled_to_json(noted)) == noted
    assert recalled_to_json({}) is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "7",
        '{"version":1}',
        '{"version":1,"recalled":[1]}',
        '{"version":1,"recalled":{"a":{"b":1}}}',
        '{"version":1,"recalled":{"a":"b"}}',
        json.dumps({"version": 99, "recalled": {"a": {"b": "c"}}}),
    ],
)
def test_what_cannot_be_read_is_forgotten(text: str | None) -> None:
    """Damaged, of another version, of another shape: rules begin anew."""
    assert recalled_from_json(text) == {}
