"""The guards about markets, time and coins on their way: each fires where it should and is silent where it must be."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import Side
from bot.domain.hedge import Exposure
from bot.domain.instrument import MarketKind
from bot.domain.intent import OrderIntent, Plan
from bot.domain.stand_ins import StandIns
from bot.risk import check as gate
from bot.risk.check import Circumstances, check
from tests.builders import BTC, ETH, NOW, VENUE, d, instrument, risk_limits
from tests.risk.orders import circumstances, order, refused, standing


def test_a_mark_far_from_the_index_stops_growth() -> None:
    """Two sources that differ by 5 % are not both right; getting out is allowed up to 10 %."""
    apart = standing(circumstances(), index_price=d(57_000))
    assert refused(apart, order()) == ["price-collar"]
    assert refused(apart, order(Side.BUY)) == []
    assert refused(standing(circumstances(), index_price=d(59_000)), order()) == []
    assert refused(standing(circumstances(), index_price=d(50_000)), order(Side.BUY)) == ["price-collar"]


def test_protection_does_not_ask_the_index() -> None:
    """Liquidation goes by the mark alone, so protection does too."""
    apart = standing(circumstances(), index_price=d(40_000))
    assert refused(apart, order(Side.BUY, protective=True)) == []


def test_growth_needs_a_second_price() -> None:
    """Without an index one source alone would decide."""
    assert refused(standing(circumstances(), index_price=None), order()) == ["price-collar"]
    assert refused(standing(circumstances(), index_price=None), order(Side.BUY)) == []


def test_a_dated_future_may_carry_basis() -> None:
    """Months of basis are no dislocation."""
    far = replace(instrument(), kind=MarketKind.LINEAR_FUTURE, expires_at=NOW + timedelta(days=90))
    assert refused(standing(circumstances(), instrument=far, index_price=d(57_000)), order()) == []


def test_nothing_new_in_a_future_about_to_expire() -> None:
    """In its last day no growth; reductions go on, and two days before everything does."""
    near = replace(instrument(), kind=MarketKind.LINEAR_FUTURE, expires_at=NOW + timedelta(hours=23))
    assert refused(standing(circumstances(), instrument=near), order()) == ["expiry"]
    assert refused(standing(circumstances(), instrument=near), order(Side.BUY)) == []
    later = replace(near, expires_at=NOW + timedelta(hours=48))
    assert refused(standing(circumstances(), instrument=later), order()) == []


def test_a_closing_market_takes_no_new_short() -> None:
    """What the venue suspends or delists is only left, never entered."""
    closing = standing(circumstances(), instrument=replace(instrument(), active=False))
    assert refused(closing, order()) == ["allowlist"]
    assert refused(closing, order(Side.BUY)) == []


def test_only_allowed_markets_grow() -> None:
    """An allowlist of others refuses, one that names the symbol does not; reductions never ask."""
    only_eth = replace(circumstances(), limits=replace(risk_limits(), symbols=frozenset({ETH})))
    assert refused(only_eth, order()) == ["allowlist"]
    assert refused(only_eth, order(Side.BUY)) == []
    assert refused(replace(only_eth, limits=replace(risk_limits(), symbols=frozenset({BTC}))), order()) == []


def test_coins_on_their_way_keep_their_hedge() -> None:
    """A withdrawal does not buy back the short; the margin may, and growth is not its affair."""
    moving = standing(circumstances(), in_transit="0.3 BTC left the exchange 5 minutes ago")
    assert refused(moving, order(Side.BUY)) == ["in-transit"]
    assert refused(moving, order(Side.BUY, protective=True)) == []
    assert refused(moving, order()) == []


def test_the_over_hedge_counts_every_instrument_of_the_asset() -> None:
    """A perpetual and a dated future of the same coin hedge the same coins; so does an inverse one, in dollars."""
    dated = replace(instrument(), symbol="BTC/USDT:USDT-260327", kind=MarketKind.LINEAR_FUTURE)
    inverse = replace(instrument(), symbol="BTC/USD:BTC", kind=MarketKind.INVERSE_PERPETUAL, quote="USD", settle="BTC")
    for other, held in ((dated, "-0.7"), (inverse, "-42000")):
        found = circumstances("-0.2", owned="1", equity="500000")
        (key, row), *_ = found.standings.items()
        second = replace(row, instrument=other, position=d(held))
        both = replace(found, standings={key: row, (VENUE, other.symbol): second})
        assert refused(both, order(amount="0.1")) == []
        assert refused(both, order(amount="0.101")) == ["over-hedge"]


def _beside(short: str, *, owned: tuple[str, str] = ("1", "10"), ratio_max: str = "1") -> Circumstances:
    """Bitcoin stands for ether too; so much ether is short already, by whomever."""
    found = circumstances("-0.5", owned="1.5", equity="500000")
    (key, row), *_ = found.standings.items()
    ether = replace(row, instrument=instrument("ETH"), position=d(short), mark_price=d(3000), index_price=d(3000))
    coins = {
        name: Exposure(asset=name, amount=d(amount), notional=d(amount) * price, sources=())
        for name, amount, price in (("BTC", owned[0], 60_000), ("ETH", owned[1], 3000))
    }
    return replace(
        found,
        limits=replace(risk_limits(), hedge_ratio_max=d(ratio_max), order_notional_max=d(100_000)),
        standings={key: row, (VENUE, ETH): ether},
        stand_ins=StandIns(anchors=frozenset({"BTC"}), most=d(1), owned=coins),
    )


def test_where_one_coin_stands_for_others_all_shorts_count_together() -> None:
    """90,000 are owned and 30,000 of BTC are short: 60,000 may follow, 45,000 beside 5 ETH that a person sold."""
    assert refused(_beside("0"), order(amount="1")) == []
    assert refused(_beside("-5"), order(amount="0.75")) == []
    assert refused(_beside("-5"), order(amount="0.751")) == ["over-hedge-together"]
    assert refused(_beside("-20"), order(amount="0.001")) == ["over-hedge-together"]
    assert refused(_beside("-20"), order(Side.BUY, amount="0.5")) == []
    assert refused(replace(_beside("-5"), stand_ins=None), order(amount="0.9")) == []


def test_shorts_together_keep_to_the_ratio_and_count_what_is_unsettled() -> None:
    """At 0.9 there are 81,000; a sell of ETH that may have been executed is one that was."""
    assert refused(_beside("-5", ratio_max="0.9"), order(amount="0.6")) == []
    assert refused(_beside("-5", ratio_max="0.9"), order(amount="0.601")) == ["over-hedge-together"]
    unsettled = _beside("-3")
    ether = replace(unsettled.standings[(VENUE, ETH)], unresolved=d(2))
    both = replace(unsettled, standings={**unsettled.standings, (VENUE, ETH): ether})
    assert refused(both, order(amount="0.751")) == ["over-hedge-together"]


def test_two_sales_of_one_plan_share_what_is_left() -> None:
    """The second one is judged after the first."""
    assert refused(_beside("-5"), order(amount="0.5"), order(amount="0.3", number=2)) == ["over-hedge-together"]


def test_the_half_of_a_roll_brings_back_what_was_there() -> None:
    """A person's short beside ours is no reason to leave a roll half done; more than was there is refused."""
    full, buy = _beside("-20"), order(Side.BUY, amount="0.2")
    for amount, answer in (("0.2", []), ("0.201", ["over-hedge-together"])):
        sale = replace(order(amount=amount, number=2), after=buy.id)
        assert refused(full, buy, sale) == answer


def test_each_asset_binds_collateral_by_its_own_cap() -> None:
    """30,000 of BTC at 2x and 15,000 of ETH at 1.5x bind 25,000 together."""
    found = circumstances("-0.5", owned="10", equity="25000")
    (key, row), *_ = found.standings.items()
    ether = replace(
        row, instrument=instrument("ETH"), position=d(0), mark_price=d(3000), index_price=d(3000), leverage_cap=d("1.5")
    )
    both = replace(found, standings={key: row, (VENUE, ETH): ether})
    more = replace(order(amount="5", price="3000"), symbol=ETH)
    assert refused(both, more) == []
    assert refused(replace(both, equity={(VENUE, "USDT"): d(24_999)}), more) == ["leverage"]


def test_failing_collateral_carries_less() -> None:
    """9,000 USDT carry 18,000 at 2x; at 0.9 a piece they do not."""
    assert refused(circumstances(equity="9000"), order()) == []
    assert refused(replace(circumstances(equity="9000"), worth={(VENUE, "USDT"): d("0.9")}), order()) == ["leverage"]


ORDERS = st.lists(
    st.tuples(st.sampled_from(Side), st.decimals(min_value="0.001", max_value=2, places=3), st.booleans()), max_size=6
)


def _worlds() -> st.SearchStrategy[Circumstances]:
    def world(position: Decimal, owned: Decimal, equity: Decimal, index: int, moving: bool) -> Circumstances:
        found = circumstances(str(position), owned=str(owned), equity=str(equity))
        return standing(found, index_price=d(index), in_transit="on their way to you" if moving else None)

    return st.builds(
        world,
        st.decimals(min_value=-2, max_value=0, places=3),
        st.decimals(min_value=0, max_value=2, places=3),
        st.decimals(min_value=0, max_value=200_000, places=2),
        st.integers(min_value=54_000, max_value=66_000),
        st.booleans(),
    )


def _plan(rows: list[tuple[Side, Decimal, bool]]) -> tuple[OrderIntent, ...]:
    return tuple(
        order(side, str(amount), protective=protective and side is Side.BUY, number=number)
        for number, (side, amount, protective) in enumerate(rows, 1)
    )


@given(where=_worlds(), rows=ORDERS)
def test_the_approved_is_part_of_the_planned_and_unchanged(
    where: Circumstances, rows: list[tuple[Side, Decimal, bool]]
) -> None:
    """Guards leave out; they never change, add or reorder."""
    planned = _plan(rows)
    approved, refusals = check(Plan(intents=planned), where)
    left_out = {row.intent_id for row in refusals}
    assert approved.intents == tuple(row for row in planned if row.id not in left_out)


@given(where=_worlds(), rows=ORDERS, seed=st.integers(min_value=0, max_value=2**16))
def test_it_does_not_matter_in_which_order_the_guards_are_asked(
    where: Circumstances, rows: list[tuple[Side, Decimal, bool]], seed: int
) -> None:
    """Another order names another guard at most; what passes is the same."""
    shuffled = list(gate.GUARDS)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - chance of a test
    plan = Plan(intents=_plan(rows))
    first, _ = check(plan, where)
    with patch.object(gate, "GUARDS", tuple(shuffled)):
        second, _ = check(plan, where)
    assert first.intents == second.intents


@given(where=_worlds(), rows=ORDERS, left_out=st.sampled_from(gate.GUARDS))
def test_one_guard_more_never_adds_risk(
    where: Circumstances, rows: list[tuple[Side, Decimal, bool]], left_out: tuple[str, gate.Guard]
) -> None:
    """What passes all guards passes all but one as well: a guard takes away, it never lets through."""
    for intent in _plan(rows):
        plan = Plan(intents=(intent,))
        strict, _ = check(plan, where)
        with patch.object(gate, "GUARDS", tuple(row for row in gate.GUARDS if row != left_out)):
            loose, _ = check(plan, where)
        assert set(strict.intents) <= set(loose.intents)
