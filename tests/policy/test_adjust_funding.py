"""The funding rule: leans within limits, pays within a budget, cuts nothing that is needed, guesses nothing."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.hedge import Need
from bot.domain.history import FundingSeries
from bot.policy.adjust_funding import FundingBudget, FundingCare, FundingTilt
from tests.builders import NOW, d
from tests.policy.pasts import DAY, need, paid, scene

RULE = FundingCare(ratio_max=d(1))
FLAT = FundingCare(ratio_max=d(1), tilt=FundingTilt(slope=d(0)))
USUAL, SQUEEZE = 0.0001, -0.0004


def cared(
    rates: Sequence[float] | FundingSeries | None,
    *,
    rule: FundingCare = RULE,
    wanted: Need | None = None,
    coming: str = "0.0001",
    interval_h: str = "8",
) -> Need:
    """One BTC worth 60,000, half of it wanted short unless said otherwise."""
    known = rates if rates is None or isinstance(rates, FundingSeries) else paid(rates, interval_h=float(interval_h))
    seen = scene(funding={} if known is None else {"BTC": known}, coming=coming, interval_h=interval_h)
    return rule.adjust((wanted or need("30000"),), seen).rows[0]


def test_usual_funding_leans_nowhere_and_is_income() -> None:
    """0.01 % per eight hours, always: 10.95 % a year received, halfway kept ahead."""
    row = cared([USUAL] * 270)
    assert row.short_notional == 30_000
    assert row.carry is not None
    assert d("0.08") < row.carry.per_year < d("0.1095")
    assert not row.carry.over_budget
    assert "receives" in row.reasons[-1]


def test_the_worked_number_of_the_page() -> None:
    """Shorts pay 0.04 % per eight hours, 43.8 % a year so far: half is expected to last, 15 % is the budget."""
    row = cared([SQUEEZE] * 270, rule=FLAT, coming="-0.0004")
    assert row.carry is not None
    assert row.carry.per_year == d("-0.339449")
    assert row.short_notional.quantize(d(1)) == 13_257
    assert row.carry.over_budget
    assert "the part that is not needed is cut to" in row.reasons[-1]


def test_a_squeeze_leans_away_and_a_crowd_of_longs_leans_in() -> None:
    """Never by more than a tenth of the exposure."""
    squeezed = cared([USUAL] * 261 + [-0.0001] * 9, coming="-0.0001")
    crowded = cared([USUAL] * 261 + [0.0005] * 9, coming="0.0005")
    assert 24_000 <= squeezed.short_notional < 30_000
    assert 30_000 < crowded.short_notional <= 36_000


def test_what_an_allocation_needs_is_never_cut() -> None:
    """Of 30,000 short 20,000 are needed: a squeeze cuts the other ten only."""
    row = cared([SQUEEZE] * 270, rule=FLAT, wanted=need("30000", floor="20000"), coming="-0.0004")
    assert 20_000 < row.short_notional < 25_000
    whole = cared([SQUEEZE] * 270, rule=FLAT, wanted=need("30000", floor="30000"), coming="-0.0004")
    assert whole.short_notional == 30_000
    assert "all of it is needed" in whole.reasons[-1]
    assert cared([SQUEEZE] * 270, rule=replace(FLAT, floor=d("0.4")), coming="-0.0004").short_notional > 24_000


def test_an_own_sum_a_year_binds_too() -> None:
    """300 a year for a short of 30,000 is one per cent."""
    rule = replace(FLAT, budget=FundingBudget(per_year=None, notional_per_year=d(300)))
    row = cared([SQUEEZE] * 270, rule=rule, coming="-0.0004")
    assert row.carry is not None
    assert abs(row.carry.notional_per_year + 300) < d("0.01")


def test_the_venues_own_interval_counts() -> None:
    """The same rate every hour costs eight times as much as every eight hours."""
    hourly = cared([SQUEEZE / 8] * 2160, rule=FLAT, coming="-0.00005", interval_h="1")
    eightly = cared([SQUEEZE] * 270, rule=FLAT, coming="-0.0004")
    assert hourly.carry is not None
    assert eightly.carry is not None
    assert abs(hourly.carry.per_year / eightly.carry.per_year - 1) < d("0.02")
    dearer = cared([SQUEEZE] * 2160, rule=FLAT, coming="-0.0004", interval_h="1")
    assert dearer.carry is not None
    assert 7 < dearer.carry.per_year / eightly.carry.per_year < 9


def test_for_a_dated_future_it_speaks_up_and_cuts_nothing() -> None:
    """`shift` leaves the answer to the place rule, which reads the carry."""
    rule = replace(FLAT, budget=FundingBudget(shrink=False))
    row = cared([SQUEEZE] * 270, rule=rule, coming="-0.0004")
    assert row.short_notional == 30_000
    assert row.carry is not None
    assert row.carry.over_budget


def test_unknown_old_or_short_funding_changes_nothing_and_says_so() -> None:
    """Missing data moves nothing."""
    for rates, why in (
        (None, "no settled funding"),
        (paid([SQUEEZE] * 270, end=NOW - 2 * DAY), "too old"),
    ):
        row = cared(rates)
        assert row.short_notional == 30_000
        assert why in row.reasons[-1]
    few = cared([USUAL] * 80)
    assert few.short_notional == 30_000
    assert any("30 days of funding are needed" in words for words in few.reasons)


def test_an_asset_without_a_perpetual_is_left_alone() -> None:
    """There is no funding to look at."""
    row = RULE.adjust((need("100", asset="MOON"),), scene(owned={"MOON": "100"})).rows[0]
    assert row.short_notional == 100
    assert row.carry is None


RATES = st.lists(st.floats(-0.003, 0.003), min_size=1, max_size=270)


@given(RATES, st.decimals(0, 60_000, places=2), st.decimals(0, 1, places=2))
def test_never_below_what_is_needed_never_above_what_is_owned(
    rates: list[float], wanted: Decimal, needed: Decimal
) -> None:
    """Whatever funding does."""
    floor = wanted * needed
    row = cared(rates, wanted=need(str(wanted), floor=str(floor)), coming=repr(rates[-1]))
    assert floor <= row.short_notional <= 60_000
    if wanted == 0:
        assert row.short_notional == 0


@given(st.floats(-0.003, -0.0003), st.floats(1, 3))
def test_dearer_funding_never_means_a_larger_short(rate: float, times: float) -> None:
    """Past the budget the short shrinks as the price rises."""
    cheap = cared([rate] * 270, rule=FLAT, coming=repr(rate))
    dear = cared([rate * times] * 270, rule=FLAT, coming=repr(rate * times))
    assert dear.short_notional <= cheap.short_notional
