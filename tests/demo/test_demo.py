"""A demo from start to summary, shortened by looking and moving in coarser steps."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from pathlib import Path

import pytest

from bot.demo.run import called, closing, cross_check, introduction, run_demo
from bot.demo.stage import Stage, StageSchedule, play, set_stage
from bot.demo.story import Story, from_scenario
from bot.demo.view import View
from bot.domain.errors import ConfigurationError
from bot.domain.record import CycleRecord
from bot.sim.scenarios import SCENARIOS

HOUR = timedelta(hours=1)


def shown(story: Story, *, every: timedelta, cycles: int | None = None, width: int = 100) -> tuple[list[str], Stage]:
    """Play a story, all of it or some cycles; returns what was printed and the stage as it was left."""
    out = StringIO()

    async def perform() -> Stage:
        async with set_stage(story, every=every) as stage:
            view = View(out, width, story.assets[0], stage.witness.funding)
            for line in introduction(stage):
                view.paragraph(line)
            seen = 0

            def tell(record: CycleRecord) -> None:
                nonlocal seen
                seen += 1
                view.tell(record)
                if seen == cycles:
                    raise _Enough

            try:
                await play(stage, tell, view.say)
            except _Enough:
                assert seen == cycles
            for line in closing(stage.witness):
                view.say(line)
            view.paragraph(await cross_check(stage))
            return stage

    stage = asyncio.run(perform())
    return out.getvalue().splitlines(), stage


class _Enough(Exception):
    """The test has seen enough cycles."""


def test_crash_and_rally_are_hedged_within_the_band_without_a_liquidation() -> None:
    """The default story with a look every nine hours: inside the band all the time, nothing closed by force."""
    lines, stage = shown(from_scenario(None, step=3 * HOUR), every=9 * HOUR)
    witness = stage.witness
    assert (witness.now - witness.begun).days >= 30
    assert witness.liquidations == 0
    assert witness.looks_in_band == witness.looks
    assert witness.leverage_max < 3
    assert witness.distance_min is not None
    assert witness.distance_min > 0
    assert witness.hedged_fall.worst < witness.unhedged_fall.worst
    assert sum("short opened" in line for line in lines) > 0
    assert any("into the futures margin" in line for line in lines)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_summary_of_every_scenario_adds_up_to_the_cent(scenario: str) -> None:
    """Start plus the parts is the end exactly, and the exchange's statement over the wire says the same."""
    lines, stage = shown(from_scenario(scenario, step=6 * HOUR), every=24 * HOUR, cycles=8)
    books = stage.witness.books()
    parts = books.parts
    printed = parts.spot + parts.short + parts.funding + parts.fees + parts.slippage + parts.transfers
    assert books.start + printed + parts.liquidation == books.end
    assert parts.transfers == 0
    assert stage.witness.trades()
    assert any(line.startswith("Checked:") for line in lines)
    assert any(f"{books.end:,.2f}" in line for line in lines)


@pytest.mark.parametrize("width", [40, 60, 100, 160])
def test_table_fits_the_terminal(width: int) -> None:
    """A narrow terminal loses columns, not their meaning: no table line is wider than the page."""
    lines, _ = shown(from_scenario("calm", step=6 * HOUR), every=24 * HOUR, cycles=3, width=width)
    begin = next(place for place, line in enumerate(lines) if line.startswith("time (UTC)"))
    end = next(place for place, line in enumerate(lines) if line.startswith("Summary"))
    assert max(map(len, lines[begin : end - 1])) <= width


def test_same_seed_shows_the_same_market() -> None:
    """Two performances differ in nothing but the port."""
    stories = [from_scenario("crash", seed=7, step=6 * HOUR) for _ in range(2)]
    first, second = (shown(story, every=24 * HOUR, cycles=4)[0] for story in stories)
    assert [line for line in first if "127.0.0.1" not in line] == [line for line in second if "127.0.0.1" not in line]


def test_slow_machine_looks_more_rarely_and_says_so() -> None:
    """The stride triples once when the projected time is too long, and never when the machine keeps up."""
    begin, day = datetime(2025, 1, 6, tzinfo=UTC), timedelta(days=1)
    for seconds_per_look, stride in ((0.01, HOUR), (0.1, 3 * HOUR)):
        said: list[str] = []
        wall = count(0.0, seconds_per_look).__next__
        schedule = StageSchedule((begin, begin + 40 * day), HOUR, said.append, wall)
        moment = begin
        for _ in range(200):
            before, moment = moment, schedule.after(moment)
        assert moment - before == stride
        assert len(said) == (stride != HOUR)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        call()
    return str(caught.value)


def test_unknown_scenario_names_the_valid_ones() -> None:
    """A person who guessed a name is told all of them."""
    text = refused(lambda: asyncio.run(run_demo(scenario="hurricane")))
    assert all(name in text for name in ("hurricane", *SCENARIOS))


def test_empty_tape_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """A directory without candles is named together with what it should hold."""
    pytest.importorskip("polars", reason="tapes are read by polars, which is not installed")
    text = refused(lambda: asyncio.run(run_demo(tape=tmp_path)))
    assert str(tmp_path) in text
    assert "docs/tape.md" in text


def test_the_next_command_can_be_typed_as_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After `make demo` no shell finds `ballast` by its name alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(tmp_path / ".venv/bin/ballast"), "demo"])
    monkeypatch.setenv("PATH", "")
    assert called() == ".venv/bin/ballast"
    monkeypatch.setattr("sys.argv", ["somewhere/pytest"])
    assert called() == "ballast"
