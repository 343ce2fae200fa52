"""Collateral pools: each isolated short alone, a cross account as a whole, tiers at the liquidation price."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import LeverageBracket
from bot.risk.autopilot import Level, Protection, protect
from bot.risk.caps import CapRule, Caps
from bot.risk.liquidation import LinearPosition, linear_price_tiered
from bot.risk.margin import Pool, pools
from tests.builders import BTC, ETH, caps, collateral_rule, d, instrument, margin, margin_limits, mark, position, view

TIERS = (
    LeverageBracket(
        notional_floor=d(0), notional_cap=d(50_000), maintenance_rate=d("0.004"), maintenance_deduction=d(0),
        leverage_max=d(125),
    ),
    LeverageBracket(
        notional_floor=d(50_000), notional_cap=d(500_000), maintenance_rate=d("0.05"), maintenance_deduction=d(2_300),
        leverage_max=d(20),
    ),
    LeverageBracket(
        notional_floor=d(500_000), notional_cap=d(10_000_000), maintenance_rate=d("0.10"),
        maintenance_deduction=d(27_300), leverage_max=d(10),
    ),
)  # fmt: skip
BOTH = (instrument(), instrument("ETH"))


def _pool(equity: str, amount: str = "-0.5", *, price: str = "60000") -> Pool:
    shown = view(positions=(position(amount=amount, price=price),), margins=(margin(equity),))
    (found,) = pools(replace(shown, brackets={BTC: TIERS}))
    return found


def _two(equity: str, *, btc: str = "-0.5", eth: str = "-5") -> Pool:
    shown = view(
        instruments=BOTH,
        marks=(mark(), mark("ETH", "3000")),
        positions=(position(amount=btc), position("ETH", eth, price="3000")),
        margins=(margin(equity),),
    )
    (found,) = pools(shown)
    return found


@given(st.integers(min_value=1_500, max_value=300_000), st.integers(min_value=1, max_value=5_000))
def test_our_distance_is_the_published_formula_with_the_tier_at_the_price(equity: int, milli: int) -> None:
    """The exact walk over the tiers in Decimal and the estimator in floats are two ways to one price."""
    amount = d(milli) / 1000
    found = _pool(str(equity), str(-amount))
    short = LinearPosition(side="short", entry_price=60_000.0, quantity=float(amount), wallet=float(equity))
    price = linear_price_tiered(short, [0.0, 50_000.0, 500_000.0], [0.004, 0.05, 0.10]).price
    expected = max(0.0, (price or 0.0) / 60_000.0 - 1)
    assert abs(float(found.distance_together) - expected) < 1e-6 * max(1.0, expected)


def test_a_higher_tier_at_the_price_brings_liquidation_nearer() -> None:
    """30,000 short today is 58,000 at liquidation: the tier there counts, not today's."""
    today = (d(30_000) - d(30_000) * d("0.004")) / (d(30_000) + d(30_000) * d("0.004"))
    assert _pool("30000").distance_together < today


def test_one_mark_alone_can_rise_further_than_all_together() -> None:
    """45,000 short over two coins."""
    found = _two("22500")
    assert found.distance_together < found.distance_alone(BTC) < found.distance_alone(ETH)


def test_an_isolated_short_is_a_pool_of_its_own() -> None:
    """The one in trouble is closed, the sound one beside it stays."""
    shown = view(
        instruments=BOTH,
        marks=(mark(), mark("ETH", "3000")),
        positions=(position(amount="-0.5", isolated="2500"), position("ETH", "-5", price="3000", isolated="15000")),
        margins=(margin("17500"),),
    )
    found = {row.pool.legs[0].symbol: row for row in protect(shown, margin_limits(), caps(), collateral_rule(), d(0))}
    assert (found[BTC].level, found[BTC].keep) == (Level.SHRINK, d(0))
    assert (found[ETH].level, found[ETH].keep) == (Level.OK, d(1))


def test_coins_that_cover_an_inverse_short_are_never_liquidated_by_a_rise() -> None:
    """One coin behind a face of 60,000 at 60,000; half a coin is liquidated somewhere above."""
    inverse = replace(position(amount="-60000"), inverse=True, symbol="BTC/USD:BTC")
    market = replace(instrument(), symbol="BTC/USD:BTC", settle="BTC")
    for coins, endless in (("1.01", True), ("0.5", False)):
        shown = view(instruments=(market,), positions=(inverse,), margins=(replace(margin(coins), currency="BTC"),))
        (found,) = pools(shown)
        assert found.distance_together.is_finite() is not endless


def _caps(cap: str, days: float) -> Caps:
    return Caps(rule=CapRule(leverage_max=d(cap), response_days=days))


def _judged(  # noqa: PLR0913 - one fact each
    equity: int,
    free: int,
    *,
    cap: str = "2",
    alt: bool = False,
    reserve: int = 0,
    exact: Decimal | None = None,
    days: float = 1.0,
) -> Protection:
    asset, price = ("SOL", "200") if alt else ("BTC", "60000")
    shown = view(
        instruments=(instrument(asset),),
        marks=(mark(asset, price),),
        positions=(position(asset, "-150" if alt else "-0.5", price=price),),
        margins=(margin(str(equity if exact is None else exact)),),
    )
    limits = margin_limits(cap=cap)
    (found,) = protect(shown, limits, _caps(cap, days), collateral_rule(reserve=str(reserve)), Decimal(free))
    return found


EQUITY = st.integers(min_value=1, max_value=80_000)
CASH = st.integers(min_value=0, max_value=40_000)


@given(EQUITY, st.integers(min_value=0, max_value=40_000), CASH, st.booleans())
def test_protection_is_monotone_in_the_distance(equity: int, less: int, free: int, alt: bool) -> None:
    """Nearer to liquidation never keeps more short and is never judged milder."""
    near, far = _judged(max(1, equity - less), free, alt=alt), _judged(equity, free, alt=alt)
    assert near.pool.distance <= far.pool.distance
    assert near.keep <= far.keep
    assert near.level >= far.level


@given(EQUITY, CASH, st.sampled_from(["1", "1.5", "2", "3"]), st.sampled_from(["1", "1.5", "2", "3"]), st.booleans())
def test_a_tighter_cap_never_keeps_more_short(equity: int, free: int, first: str, second: str, alt: bool) -> None:
    """Nor asks for less collateral, as long as there is some to ask for."""
    tight, wide = sorted((first, second), key=d)
    assert _judged(equity, 0, cap=tight, alt=alt).keep <= _judged(equity, 0, cap=wide, alt=alt).keep
    assert _judged(equity, free, cap=tight, alt=alt).level >= _judged(equity, free, cap=wide, alt=alt).level


@given(EQUITY, CASH, st.integers(min_value=0, max_value=40_000), st.booleans())
def test_protection_never_deepens_a_short_and_never_moves_more_than_there_is(
    equity: int, free: int, reserve: int, alt: bool
) -> None:
    """The share that stays is at most all of it; the reserve is never touched."""
    found = _judged(equity, free, alt=alt, reserve=reserve)
    assert 0 <= found.keep <= 1
    assert 0 <= found.top_up <= max(0, free - reserve)


@given(EQUITY, st.booleans(), st.sampled_from(["1", "2", "3"]), st.sampled_from([0.05, 1.0, 3.0]))
def test_after_the_cut_every_limit_holds(equity: int, alt: bool, cap: str, days: float) -> None:
    """What stays is what the collateral carries: under the cap, far enough, through a day of stress."""
    found = _judged(equity, 0, cap=cap, alt=alt, days=days)
    if found.level is Level.SHRINK:
        legs = tuple(replace(row, notional=row.notional * found.keep) for row in found.pool.legs)
        left, stress = replace(found.pool, legs=legs), _caps(cap, days).of(found.pool.legs[0].asset)
        assert left.leverage is not None
        assert left.leverage <= stress.cap * d("1.000001")
        assert left.survives(lambda _: stress.stress_move)
        assert left.distance >= d("0.2999999")


@given(EQUITY, CASH, st.booleans())
def test_after_the_top_up_every_limit_holds(equity: int, free: int, alt: bool) -> None:
    """A top-up that spares the cut is enough by itself."""
    found = _judged(equity, free, alt=alt)
    if found.top_up > 0 and found.keep == 1:
        fed = _judged(0, 0, alt=alt, exact=d(equity) + found.top_up)
        assert fed.level <= Level.TOP_UP
        assert found.top_up == free or fed.level <= Level.WARN


def test_an_alt_is_cut_where_a_major_is_not() -> None:
    """At 1.9x BTC survives a day of stress; an alt that may rise by 62 % does not."""
    assert _judged(15_800, 0).level is Level.OK
    found = _judged(15_800, 0, alt=True)
    assert found.level is Level.SHRINK
    assert "NOT be survived" in found.reasons[0]
