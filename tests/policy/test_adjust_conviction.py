"""A person's word counts until its date and not a moment longer."""

from dataclasses import replace
from datetime import timedelta

from bot.policy.adjust_conviction import Conviction
from bot.policy.adjust_funding import FundingCare, FundingTilt
from tests.builders import NOW, d
from tests.policy.pasts import need, paid, scene

UNTIL = NOW + timedelta(days=10)
RAISED = Conviction(ratio=d("0.8"), until=UNTIL, ratio_max=d(1))


def test_the_hedge_is_raised_until_the_date_and_reverts_by_itself() -> None:
    """80 % of 60,000 to the last moment, then what the size rule says."""
    for at, short in ((NOW, 48_000), (UNTIL - timedelta(seconds=1), 48_000), (UNTIL, 30_000)):
        answer = RAISED.adjust((need("30000"),), scene(at=at))
        assert answer.rows[0].short_notional == short
    assert "ended at 2025-01-16 00:00 UTC" in answer.notes[0]


def test_at_least_keeps_more_and_exactly_takes_it_back() -> None:
    """54,000 wanted already: the first leaves it, the second says what it says."""
    assert RAISED.adjust((need("54000"),), scene()).rows[0].short_notional == 54_000
    exactly = replace(RAISED, at_least=False)
    row = exactly.adjust((need("54000", floor="54000"),), scene()).rows[0]
    assert row.short_notional == row.floor_notional == 48_000


def test_it_speaks_about_the_named_assets_only() -> None:
    """ETH is meant, BTC stays."""
    rule = replace(RAISED, assets=frozenset({"ETH"}))
    seen = scene(owned={"BTC": "1", "ETH": "10"}, listed=("BTC", "ETH"))
    rows = rule.adjust((need("30000"), need("15000", asset="ETH")), seen).rows
    assert [row.short_notional for row in rows] == [30_000, 24_000]


def test_no_later_rule_goes_below_it() -> None:
    """A squeeze cuts nothing of what a person asked for."""
    squeezed = scene(funding={"BTC": paid([-0.0004] * 270)}, coming="-0.0004")
    rows = RAISED.adjust((need("30000"),), squeezed).rows
    care = FundingCare(ratio_max=d(1), tilt=FundingTilt(slope=d("0.05")))
    assert care.adjust(rows, squeezed).rows[0].short_notional == 48_000


def test_it_never_goes_above_what_is_allowed() -> None:
    """The largest ratio of the limits binds."""
    assert replace(RAISED, ratio_max=d("0.6")).adjust((need("0"),), scene()).rows[0].short_notional == 36_000


def test_it_remembers_that_it_was_in_force() -> None:
    """So that an expired word is told from a slip."""
    assert RAISED.key in RAISED.adjust((), scene()).recalled
    assert RAISED.key in RAISED.adjust((), scene(at=UNTIL)).recalled
