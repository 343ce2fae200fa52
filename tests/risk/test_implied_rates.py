"""Maintenance rates that only liquidation prices tell."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.account import Position
from bot.domain.snapshot import VenueView
from bot.risk.implied_rates import ImpliedRate, from_json, implied, remembered, to_json
from tests.builders import BRACKETS, BTC, NOW, d, margin, position, view


def without_tiers(held: Position, equity: str) -> VenueView:
    """A venue that publishes none, so that ours are assumed."""
    assumed = tuple(replace(row, assumed=True) for row in BRACKETS)
    return replace(view(positions=(held,), margins=(margin(equity),)), brackets={BTC: assumed})


def test_a_liquidation_price_nearer_than_our_arithmetic_tells_a_rate() -> None:
    """30,000 short with 15,000 behind it, liquidated 44 % up: 1,800 are asked for of 43,200 then."""
    near = position(isolated="15000", liquidation="86400")
    assert implied(without_tiers(near, "20000")) == {"BTC": d("0.041667")}


def test_where_tiers_are_published_the_difference_is_something_else() -> None:
    """Funding that the margin has paid brings the end nearer, too, and says nothing of maintenance."""
    near = position(isolated="15000", liquidation="86400")
    assert implied(view(positions=(near,), margins=(margin("20000"),))) == {}


def test_what_our_arithmetic_says_already_is_no_news() -> None:
    """A price farther away, a shared margin or none at all tell nothing; nor does what no venue asks for."""
    for silent in (
        position(isolated="15000", liquidation="95000"),
        position(liquidation="86400"),
        position(isolated="15000"),
        position(isolated="60000", liquidation="61000"),
    ):
        assert implied(without_tiers(silent, "80000")) == {}


def test_the_highest_rate_of_a_week_is_remembered() -> None:
    """A smaller short tells a lower rate; the next large one would meet the higher again."""
    known = remembered({}, {"SOL": d("0.04")}, NOW)
    known = remembered(known, {"SOL": d("0.01")}, NOW + timedelta(days=3))
    assert known == {"SOL": ImpliedRate(rate=d("0.04"), at=NOW)}
    assert remembered(known, {}, NOW + timedelta(days=8)) == {}


def test_it_is_kept_across_processes() -> None:
    """An unreadable line means that nothing is known."""
    known = remembered({}, {"SOL": d("0.04")}, NOW)
    assert from_json(to_json(known)) == known
    assert from_json(None) == from_json("[1]") == from_json("{") == {}
    assert to_json({}) is None
