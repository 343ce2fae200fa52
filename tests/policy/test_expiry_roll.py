"""Perpetual or dated future: chosen by carry, kept without reason to move, left before the end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.hedge import Carry, Roll, Target
from bot.domain.instrument import Instrument
from bot.domain.snapshot import VenueView
from bot.policy.expiry_roll import ExpiryRoll
from bot.policy.scene import Memory, Scene
from tests.builders import BTC, NOW, VENUE, d, instrument, margin
from tests.futures_builders import dated, futures_view, need, scene_of, short_in

RULE = ExpiryRoll(venue=VENUE)
FAR = dated(80)
RICH, FAIR = "63000", "60700"  # 80 days: +22.8 % and +5.3 % a year


def decided(
    scene: Scene, rule: ExpiryRoll = RULE, notional: str = "60000"
) -> tuple[dict[str, Decimal], tuple[Roll, ...]]:
    """The shorts wanted by symbol, and the rolls."""
    needs = (need(notional),)
    targets = rule.place(needs, scene).rows
    return {row.symbol: row.amount for row in targets}, rule.rolls(needs, targets, scene)


def test_a_rich_basis_is_taken_and_a_fair_one_is_not() -> None:
    """The future must be ahead by more than the switch and half the spread of the funding."""
    assert decided(scene_of(futures_view({FAR: RICH}))) == ({FAR.symbol: d("0.952")}, ())
    assert decided(scene_of(futures_view({FAR: FAIR}))) == ({BTC: d(1)}, ())


def test_uncertain_funding_speaks_for_staying() -> None:
    """The same means with wild rates raise the hurdle."""
    wild = tuple(0.0001 + (0.002 if number % 2 else -0.002) for number in range(120))
    assert set(decided(scene_of(futures_view({FAR: RICH}), rates=wild))[0]) == {BTC}


@pytest.mark.parametrize("rates", [(), (0.0001,) * 10])
def test_without_a_past_of_funding_nothing_is_switched(rates: tuple[float, ...]) -> None:
    """Neither out of the perpetual nor out of a future."""
    for held, where in ((instrument(), BTC), (FAR, FAR.symbol)):
        scene = scene_of(futures_view({FAR: RICH}, short_in(held, "1")), rates=rates)
        wanted, rolls = decided(scene)
        assert set(wanted) == {where}
        assert rolls == ()
    assert set(decided(scene_of(futures_view({FAR: RICH}), rates=rates))[0]) == {BTC}


def test_a_held_perpetual_moves_into_a_rich_future_and_rests_afterwards() -> None:
    """The target stays where the short is; the roll moves it; then nothing moves for a fortnight."""
    shown = futures_view({FAR: RICH}, short_in(instrument(), "1"))
    wanted, (roll,) = decided(scene_of(shown))
    assert set(wanted) == {BTC}
    assert (roll.leaving, roll.entering, roll.urgent) == (BTC, FAR.symbol, False)
    assert (roll.slice_max, roll.cost_max) == (d("0.1"), d("0.0006"))
    rested = Memory(recalled={"expiry-roll/BTC": {"aim": BTC, "moved_at": (NOW - timedelta(days=3)).isoformat()}})
    assert decided(scene_of(shown, memory=rested))[1] == ()


@pytest.mark.parametrize(
    ("days", "rolls", "urgent"), [(7.5, False, False), (6.9, True, False), (2.1, True, False), (1.9, True, True)]
)
def test_a_future_is_held_until_seven_days_and_left_at_any_cost_from_two(
    days: float, rolls: bool, urgent: bool
) -> None:
    """The calendar alone decides when; the books decide whether it is cheap enough."""
    near = dated(days)
    found = decided(scene_of(futures_view({near: "60100", FAR: FAIR}, short_in(near, "0.998"))))[1]
    assert bool(found) == rolls
    if found:
        assert found[0].urgent == urgent
        assert (found[0].cost_max is None) == urgent
        assert found[0].leaving == near.symbol


def test_a_move_that_began_is_finished_whatever_the_carry_says_meanwhile() -> None:
    """Two contracts held: the one recalled as the aim stays the aim."""
    shown = futures_view({FAR: FAIR}, short_in(instrument(), "0.6"), short_in(FAR, "0.4"))
    memory = Memory(recalled={"expiry-roll/BTC": {"aim": FAR.symbol, "moved_at": ""}})
    wanted, (roll,) = decided(scene_of(shown, memory=memory))
    assert wanted == {BTC: d("0.595"), FAR.symbol: d("0.4")}
    assert (roll.leaving, roll.entering, roll.amount) == (BTC, FAR.symbol, d("0.595"))


def recalled_of(scene: Scene, notional: str = "60000") -> Mapping[str, str]:
    """What the rule notes about its coin."""
    return RULE.place((need(notional),), scene).recalled["expiry-roll/BTC"]


def later(memory: Mapping[str, str]) -> Memory:
    return Memory(recalled={"expiry-roll/BTC": memory})


def test_a_short_that_was_just_opened_rests_as_after_a_move() -> None:
    """Chosen by carry in one cycle, it is not chosen anew in the next: a day's funding is no reason to pay twice."""
    opened = recalled_of(scene_of(futures_view({FAR: FAIR})))
    assert opened == {"aim": BTC, "moved_at": NOW.isoformat()}
    a_day_on = scene_of(futures_view({FAR: RICH}, short_in(instrument(), "1")), memory=later(opened))
    assert decided(a_day_on)[1] == ()
    assert recalled_of(a_day_on) == opened


def test_a_short_opened_for_want_of_figures_does_not_rest() -> None:
    """Nothing was compared when it was opened, so the first comparison counts."""
    opened = recalled_of(scene_of(futures_view({FAR: RICH}), rates=()))
    assert opened == {"aim": BTC, "moved_at": ""}
    assert decided(scene_of(futures_view({FAR: RICH}, short_in(instrument(), "1")), memory=later(opened)))[1] != ()


def test_the_rest_is_forgotten_with_the_short() -> None:
    """A short opened again after months without one rests from its own opening."""
    long_ago = later({"aim": BTC, "moved_at": (NOW - timedelta(days=300)).isoformat()})
    gone = recalled_of(scene_of(futures_view({FAR: FAIR}), memory=long_ago), "0")
    assert gone == {"aim": BTC, "moved_at": ""}
    assert recalled_of(scene_of(futures_view({FAR: FAIR}), memory=later(gone)))["moved_at"] == NOW.isoformat()


def test_the_last_half_of_a_roll_that_failed_is_sold_in_the_next_look() -> None:
    """Nothing is left to be moved beside it, and the band alone would leave the slice open."""
    rolling = recalled_of(scene_of(futures_view({FAR: RICH}, short_in(instrument(), "0.1"), short_in(FAR, "0.85"))))
    assert rolling["leaving"] == BTC
    shown = replace(futures_view({FAR: RICH}, short_in(FAR, "0.85")), margins=(margin("100000"),))
    last = scene_of(shown, memory=later(rolling))
    held = (Target(
        venue=VENUE, symbol=FAR.symbol, asset="BTC", short_notional=d("53550"), amount=d("0.85"), leverage_cap=d(2),
        reasons=(),
    ),)  # fmt: skip
    (late,) = RULE.rolls((need(),), held, last)
    assert (late.leaving, late.entering, late.amount, late.urgent) == (BTC, FAR.symbol, d(0), False)
    assert late.owed == d("0.1")  # one slice at most
    assert recalled_of(last)["leaving"] == BTC
    done = scene_of(futures_view({FAR: RICH}, short_in(FAR, "0.952")), memory=later(recalled_of(last)))
    assert "leaving" not in recalled_of(done)
    an_hour_ago = {**rolling, "leaving_at": (NOW - timedelta(minutes=61)).isoformat()}
    assert RULE.rolls((need(),), held, replace(last, memory=later(an_hour_ago))) == ()


def test_less_need_is_taken_from_what_is_left_first_and_none_closes_all() -> None:
    """A reduction never waits for a roll."""
    shown = futures_view({FAR: FAIR}, short_in(instrument(), "0.6"), short_in(FAR, "0.4"))
    memory = Memory(recalled={"expiry-roll/BTC": {"aim": FAR.symbol, "moved_at": ""}})
    wanted, _ = decided(scene_of(shown, memory=memory), notional="30000")
    assert wanted[BTC] < d("0.15")
    wanted, rolls = decided(scene_of(shown, memory=memory), notional="0")
    assert set(wanted.values()) == {d(0)}
    assert rolls == ()


def test_a_spent_funding_budget_takes_any_advantage() -> None:
    """A future that is ahead by less than the switch costs is taken once the perpetual costs more than it may."""
    shown = futures_view({FAR: "60850"})
    assert set(decided(scene_of(shown))[0]) == {BTC}
    spent = replace(need(), carry=Carry(per_year=d("-0.2"), notional_per_year=d("-12000"), over_budget=True))
    assert {row.symbol for row in RULE.place((spent,), scene_of(shown)).rows} == {FAR.symbol}


def test_the_last_contract_of_all_is_still_closed_when_nothing_is_wanted() -> None:
    """It ends, nothing comes after it, and it is nobody's reason to keep a short that protects nothing."""
    near = dated(3)
    shown = futures_view({near: "60100"}, short_in(near, "0.5"))
    alone = replace(shown, instruments=(near,), marks=tuple(row for row in shown.marks if row.symbol == near.symbol))
    assert decided(scene_of(alone), notional="0") == ({near.symbol: d(0)}, ())
    wanted, rolls = decided(scene_of(alone), notional="30050")
    assert wanted == {near.symbol: d("0.5")}
    assert rolls == ()


@given(
    price=st.integers(min_value=57_000, max_value=66_000),
    days=st.floats(min_value=0.1, max_value=120),
    held_near=st.integers(min_value=0, max_value=1000),
    held_perpetual=st.integers(min_value=0, max_value=1000),
    wanted=st.integers(min_value=0, max_value=120_000),
)
def test_what_is_wanted_over_all_contracts_never_exceeds_the_need(
    price: int, days: float, held_near: int, held_perpetual: int, wanted: int
) -> None:
    """By value at mark, and no roll moves more than is there."""
    near = dated(days)
    assume(near.symbol != FAR.symbol)  # two contracts of one day are one contract
    held = [
        short_in(row, str(Decimal(amount) / 1000))
        for row, amount in ((near, held_near), (instrument(), held_perpetual))
        if amount
    ]
    shown = futures_view({near: "60000", FAR: str(price)}, *held)
    targets, rolls = _all(scene_of(shown), str(wanted))
    by_name = {row.symbol: row for row in shown.instruments}
    worth = sum((_worth(row, by_name[row.symbol], shown) for row in targets), Decimal(0))
    assert worth <= max(Decimal(wanted), Decimal(0)) + Decimal("0.01")
    assert all(row.amount <= -shown.amount(row.leaving) for row in rolls)
    assert len({row.symbol for row in targets}) == len(targets)


def _all(scene: Scene, notional: str) -> tuple[tuple[Target, ...], tuple[Roll, ...]]:
    needs = (need(notional),)
    targets = RULE.place(needs, scene).rows
    return targets, RULE.rolls(needs, targets, scene)


def _worth(target: Target, row: Instrument, shown: VenueView) -> Decimal:
    mark = shown.mark(row.symbol)
    assert mark is not None
    return row.notional(target.amount, mark.mark_price)
