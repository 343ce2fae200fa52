"""Demos from recorded prices: which part is played, what is said about what is missing."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.demo.story import from_tape
from bot.domain.errors import ConfigurationError
from tests.sim.test_tape import BEGIN, tape

DAY = timedelta(days=1)


def test_portfolio_holds_only_what_the_tape_can_hedge(tmp_path: Path) -> None:
    """A tape of bitcoin alone gives a portfolio of bitcoin, worth the same in every year."""
    story = from_tape(tape(tmp_path))
    assert story.assets == ("BTC",)
    assert story.owned == {"BTC": story.on_exchange["BTC"] + story.cold["BTC"]}
    assert round(story.on_exchange["BTC"] * story.spot_price("BTC", BEGIN), -2) == 72000


def test_end_of_the_tape_before_the_wanted_end_is_told(tmp_path: Path) -> None:
    """Asking for more than there is plays what there is and says where it ends."""
    story = from_tape(tape(tmp_path), since=BEGIN - DAY, until=BEGIN + 10 * DAY)
    assert story.feed.start == BEGIN
    assert story.feed.end < BEGIN + 2 * DAY
    assert any("the tape ends at 2023-05-02" in note for note in story.notes)
    assert any("the tape begins at 2023-05-01" in note for note in story.notes)


def test_part_too_short_to_show_is_refused_with_the_range(tmp_path: Path) -> None:
    """Less than a day shows nothing; the sentence names what the tape holds and the flags."""
    with pytest.raises(ConfigurationError, match=r"at least one day.*2023-05-01 to 2023-05-02.*--from"):
        from_tape(tape(tmp_path), since=BEGIN + 1.5 * DAY)


def test_end_before_the_beginning_is_refused(tmp_path: Path) -> None:
    """Dates in the wrong order are named as they were given."""
    with pytest.raises(ConfigurationError, match="--to 2023-05-01 must be later than --from 2023-05-02"):
        from_tape(tape(tmp_path), since=BEGIN + DAY, until=BEGIN)
