"""Cash that comes in beside coins that left: what counts as the price they were sold for."""

from datetime import timedelta

from bot.risk.transit import gained, looked, looks_from_json, looks_to_json
from tests.builders import NOW, d


def test_money_that_no_wallet_showed_for_a_moment_is_no_gain() -> None:
    """A transfer of ours leaves one wallet's view before it arrives in the other's."""
    looks = looked([], d(5000), NOW)
    looks = looked(looks, d(4000), NOW + timedelta(seconds=3))
    assert gained(looks, d(5000)) == 0
    looks = looked(looks, d(4000), NOW + timedelta(seconds=6))
    assert gained(looks, d(5100)) == 100


def test_what_came_in_counts_against_the_look_before() -> None:
    """Cash that was taken away long ago hides no sale."""
    looks = looked(looked([], d(5000), NOW), d(1000), NOW + timedelta(minutes=10))
    looks = looked(looks, d(1000), NOW + timedelta(minutes=20))
    assert gained(looks, d(3000)) == 2000
    assert gained([], d(3000)) == 0


def test_looks_are_remembered_across_processes() -> None:
    """An unreadable line, or that of an older version, means that nothing is known."""
    looks = looked(looked([], d(5000), NOW), d(1000), NOW + timedelta(seconds=2))
    assert looks_from_json(looks_to_json(looks)) == looks
    assert looks_from_json(None) == looks_from_json("3817.87") == looks_from_json("[[1]]") == []
