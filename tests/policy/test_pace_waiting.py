"""What waits and for how long: the timer, the cooldown and the volume profile; and what never waits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.account import ZERO
from bot.policy.pace_timing import ProfileTiming
from bot.policy.scene import Memory
from tests.builders import NOW, d, later
from tests.policy.pace_scenes import answered, band, paced, quarters, scene, wanting

SUBJECT = "binance BTC/USDT:USDT"


def test_growth_waits_until_the_gap_has_lasted() -> None:
    """Outside by 7 %: noticed, held back at 30 s, done at 60 s."""
    rule = band(sustained_s=60)
    first, noted = answered(rule, wanting("0.5"), scene("0.43"))
    assert first.amount == d("0.43")
    assert first.chain[-1].bound == "sustained"
    assert noted == {f"sustained/{SUBJECT}": {"since": NOW.isoformat()}}
    memory = Memory(recalled=noted)
    early, kept = answered(rule, wanting("0.5"), scene("0.43", memory=memory, at=later(30)))
    assert early.amount == d("0.43")
    assert kept == noted
    assert paced(rule, wanting("0.5"), scene("0.43", memory=memory, at=later(60))).amount == d("0.48")


def test_back_inside_the_band_the_timer_begins_anew() -> None:
    """What is not outside any more is forgotten."""
    memory = Memory(recalled={f"sustained/{SUBJECT}": {"since": later(-600).isoformat()}})
    assert answered(band(sustained_s=60), wanting("0.5"), scene("0.47", memory=memory))[1] == {}


def test_a_large_drift_does_not_wait() -> None:
    """More than two bands away; three with a bypass of three."""
    assert paced(band(sustained_s=600), wanting("0.5"), scene("0.39")).amount == d("0.48")
    patient = band(sustained_s=600, sustained_bypass=d(3))
    assert paced(patient, wanting("0.5"), scene("0.39")).amount == d("0.39")


def test_a_reduction_waits_for_nothing() -> None:
    """Too much is held by 8 %: neither the timer nor the cooldown delays the buy."""
    rule = band(sustained_s=600, cooldown_s=600)
    recently = Memory(last_growth_at=NOW)
    assert paced(rule, wanting("0.5"), scene("0.58", memory=recently)).amount == d("0.52")
    assert paced(rule, wanting("0.5"), scene("0.42", memory=recently)).amount == d("0.42")


def test_a_short_that_takes_the_place_of_another_is_not_parted_from_it() -> None:
    """In a roll the far leg opens when the near one closes, whatever the timer says."""
    near, far = wanting("0"), replace(wanting("0.5"), symbol="ETH/USDT:USDT")
    seen = scene("0.5", more=())
    shown = seen.snapshot.venues[0]
    other = replace(shown.instruments[0], symbol="ETH/USDT:USDT")
    venue = replace(
        shown,
        instruments=(*shown.instruments, other),
        marks=(*shown.marks, replace(shown.marks[0], symbol="ETH/USDT:USDT")),
    )
    seen = replace(seen, snapshot=replace(seen.snapshot, venues=(venue,)), memory=Memory(last_growth_at=NOW))
    rows = band(cooldown_s=600, sustained_s=600).pace((near, far), seen).rows
    assert [row.amount for row in rows] == [ZERO, d("0.5")]


# -- volume profile --------------------------------------------------------------------------------------------------

# Eight days around 60,000 with most volume there, and an empty stretch around 62,000.
BUSY = [(60_200.0, 59_800.0, 100.0)] * 700 + [(63_000.0, 61_500.0, 1.0)] * 68
TIMING = ProfileTiming()


def test_a_discretionary_step_waits_for_a_level() -> None:
    """Price stands where nothing was traded: an 8 % gap waits, and a level lets it pass."""
    rule = band(timing=TIMING)
    empty = scene("0.42", price="62600", history=quarters(BUSY))
    step, noted = answered(rule, wanting("0.5", price="62600"), empty)
    assert step.amount == d("0.42")
    assert step.chain[-1].rule == "volume-profile"
    assert noted[f"volume-profile/{SUBJECT}"]["since"] == NOW.isoformat()
    near = scene("0.42", price="60000", history=quarters(BUSY))
    assert paced(rule, wanting("0.5"), near).amount == d("0.48")


def test_after_waiting_long_enough_the_step_is_taken_anyway() -> None:
    """Twelve hours, and not a minute less; a step in the other direction begins anew."""
    rule = band(timing=TIMING)

    def held_after(hours: float, side: str = "increase_short") -> str:
        memory = Memory(
            recalled={f"volume-profile/{SUBJECT}": {"side": side, "since": (NOW - timedelta(hours=hours)).isoformat()}}
        )
        seen = scene("0.42", price="62600", memory=memory, history=quarters(BUSY))
        return str(paced(rule, wanting("0.5", price="62600"), seen).amount)

    assert held_after(11.9) == "0.42"
    assert held_after(12) == "0.480"
    assert held_after(12, side="reduce_short") == "0.42"


def test_more_than_two_bands_away_a_third_goes_at_once_and_only_once() -> None:
    """From 0.30 to 0.48 is 0.18: a third is 0.06, the rest waits in the next cycle."""
    rule = band(timing=TIMING)
    seen = scene("0.30", price="62600", history=quarters(BUSY))
    step, noted = answered(rule, wanting("0.5", price="62600"), seen)
    assert step.amount == d("0.36")
    memory = Memory(recalled=noted)
    again = scene("0.36", price="62600", history=quarters(BUSY), memory=memory, at=later(60))
    assert paced(rule, wanting("0.5", price="62600"), again).amount == d("0.36")


@pytest.mark.parametrize("held", ["1.2", "0.5"])
def test_what_a_limit_demands_never_waits_for_a_level(held: str) -> None:
    """More short than coins, or no short wanted at all: at once."""
    wanted = wanting("0.5", price="62600") if held == "1.2" else wanting("0", price="62600")
    seen = scene(held, price="62600", history=quarters(BUSY))
    assert paced(band(timing=TIMING), wanted, seen).amount == wanted.amount


def test_a_persons_word_never_waits_for_a_level() -> None:
    """Conviction is no drift."""
    wanted = wanting("0.5", price="62600", rule="conviction")
    seen = scene("0.42", price="62600", history=quarters(BUSY))
    assert paced(band(timing=TIMING), wanted, seen).amount == d("0.48")


def test_without_fresh_bars_nothing_is_waited_for_and_it_is_said() -> None:
    """No bars, two days of bars, bars that ended yesterday: the step passes."""
    old = quarters(BUSY, at=NOW - timedelta(days=1))
    for history in (None, quarters(BUSY[-192:]), old):
        seen = scene("0.42", price="62600", history=history)
        step = paced(band(timing=TIMING), wanting("0.5", price="62600"), seen)
        assert step.amount == d("0.48")
        assert "no volume profile" in step.reasons[-1]


def test_only_bars_known_at_the_decision_are_looked_at() -> None:
    """A burst of volume at today's price, in bars that close after the decision, opens no gate."""
    future = [(62_700.0, 62_500.0, 100_000.0)] * 96
    history = quarters(BUSY + future, at=NOW + timedelta(days=1))
    seen = scene("0.42", price="62600", history=history)
    assert paced(band(timing=TIMING), wanting("0.5", price="62600"), seen).amount == d("0.42")


def test_the_timing_asks_for_quarter_hours_and_is_off_by_default() -> None:
    """Thirty days of them per asset; a band without timing asks for nothing."""
    (ask,) = band(timing=TIMING).asks(frozenset({"BTC"}))
    assert (ask.asset, ask.step_s, ask.span) == ("BTC", 900, timedelta(days=30))
    assert band().asks(frozenset({"BTC"})) == ()
