"""The margin autopilot: the ladder, and that nearer trouble never keeps more short."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.risk.autopilot import Level, Protection, protect
from tests.builders import caps, collateral_rule, d, margin, margin_limits, position, view


def _protect(
    equity: str, *, free: str = "0", isolated: str | None = None, liquidation: str | None = None
) -> Protection:
    shown = view(
        positions=(position(amount="-0.5", isolated=isolated, liquidation=liquidation),), margins=(margin(equity),)
    )
    (found,) = protect(shown, margin_limits(), caps(), collateral_rule(), d(free))
    return found


def test_no_short_needs_no_care() -> None:
    """A flat account is fine with nothing in it."""
    assert protect(view(margins=()), margin_limits(), caps(), collateral_rule(), d(0)) == ()


def test_enough_collateral_is_ok() -> None:
    """30,000 short on 20,000 is 1.5x."""
    assert _protect("20000").level is Level.OK


def test_spot_cash_is_moved_in_before_anything_is_cut() -> None:
    """Over the cap with cash at hand: top up to the cap and its buffer, keep the whole short."""
    found = _protect("12000", free="50000")
    assert (found.level, found.keep) == (Level.TOP_UP, d(1))
    assert found.top_up == d("4500.00")
    assert found.blocks_growth


def test_a_little_over_the_cap_without_cash_only_stops_growth() -> None:
    """Between the cap and a quarter above it nothing is cut."""
    found = _protect("14000")
    assert (found.level, found.keep, found.top_up) == (Level.TOP_UP, d(1), d(0))


def test_far_over_the_cap_without_cash_the_short_shrinks_to_it() -> None:
    """30,000 on 10,000 is 3x: two thirds may stay."""
    found = _protect("10000")
    assert found.level is Level.SHRINK
    assert abs(found.keep - Decimal(2) / 3) < Decimal("0.0001")


def test_at_the_edge_the_short_is_closed_whatever_cash_there_is() -> None:
    """With liquidation within 5 % there is no time for transfers."""
    found = _protect("1500", free="50000")
    assert (found.level, found.keep) == (Level.FLATTEN, d(0))


def test_the_worse_of_two_liquidation_prices_counts() -> None:
    """The venue's own figure can be nearer than ours."""
    assert _protect("20000", liquidation="61000").level is Level.FLATTEN


def test_a_near_liquidation_told_by_the_venue_alone_cuts_the_short() -> None:
    """The venue sees it 15 % away, our formula far: the short is cut to what moves it out to 30 %."""
    found = _protect("20000", liquidation="69000")
    assert found.level is Level.SHRINK
    assert d("0.4") < found.keep < d("0.6")


def test_a_rally_of_a_fifth_in_a_minute_is_survived() -> None:
    """At the cap of 2x a rise of 20 % without any reaction leaves the short alive; then it is cut or fed."""
    start, rise = d(15_000) * d("1.1"), d(30_000) * d("0.2")
    shown = view(positions=(position(amount="-0.5", price="72000"),), margins=(margin(str(start - rise)),), marks=())
    (found,) = protect(shown, margin_limits(), caps(), collateral_rule(), d(0))
    assert found.pool.distance > Decimal("0.2")
    assert found.level is Level.SHRINK


@given(equity=st.integers(min_value=100, max_value=60_000), less=st.integers(min_value=0, max_value=30_000))
def test_less_collateral_never_keeps_more_short(equity: int, less: int) -> None:
    """Protection is monotone in the distance to liquidation."""
    poorer = max(1, equity - less)
    assert _protect(str(poorer)).keep <= _protect(str(equity)).keep
    assert _protect(str(poorer)).level >= _protect(str(equity)).level
