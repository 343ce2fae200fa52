"""Laws of the pace slot that hold for every short, every band and every price."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.hedge import Target
from bot.policy.pace import Band
from bot.policy.pace_edges import CostEdges
from bot.policy.pace_timing import ProfileTiming
from bot.policy.scene import Memory
from tests.builders import NOW, d, instrument, later
from tests.policy.pace_scenes import band, inverse, paced, quarters, scene, wanting

LOT = d("0.001")
amounts = st.integers(0, 1200).map(lambda lots: LOT * lots)
shares = st.integers(1, 200).map(lambda thousandths: Decimal(thousandths) / 1000)
rules = st.sampled_from(["static-ratio", "allocation", "volatility", "minimum-variance"])
BUSY = [(60_200.0, 59_800.0, 100.0)] * 700


@st.composite
def bands(draw: st.DrawFn) -> Band:
    outer = draw(shares)
    return band(
        outer=outer,
        inner=outer * draw(st.sampled_from([d(0), d("0.4"), d(1)])),
        edge_rule=draw(
            st.sampled_from(
                [None, CostEdges(target_weight=0.75), CostEdges(target_weight=0.6, aim="target", cost=d("0.003"))]
            )
        ),
        trade_share_min=draw(st.sampled_from([d(0), d("0.0025"), d("0.02")])),
        cooldown_s=draw(st.sampled_from([0, 60])),
        sustained_s=draw(st.sampled_from([0, 60])),
        timing=draw(st.sampled_from([None, ProfileTiming()])),
    )


@given(held=amounts, wanted=amounts, rule=bands(), by=rules)
def test_pace_never_takes_more_risk_than_is_wanted_or_held(held: Decimal, wanted: Decimal, rule: Band, by: str) -> None:
    """A step lies between what is held and what is wanted, and never above what is owned."""
    seen = scene(str(held), memory=Memory(last_growth_at=later(-30)), history=quarters(BUSY))
    step = paced(rule, wanting(str(wanted), rule=by), seen)
    assert min(held, wanted, d(1)) - LOT <= step.amount <= max(held, min(wanted, d(1)))
    assert step.amount <= d(1)


@given(held=amounts, wanted=amounts, rule=bands(), by=rules)
def test_where_a_step_leads_no_further_step_follows(held: Decimal, wanted: Decimal, rule: Band, by: str) -> None:
    """A step is stable: at the edge it reached nothing more is traded."""
    calm = replace(rule, timing=None, sustained_s=0)
    reached = paced(calm, wanting(str(wanted), rule=by), scene(str(held))).amount
    assert paced(calm, wanting(str(wanted), rule=by), scene(str(reached))).amount == reached


@given(held=amounts, wanted=amounts, outer=shares, wider=shares, inner=st.sampled_from([d(0), d(1)]))
def test_a_wider_band_never_trades_more(
    held: Decimal, wanted: Decimal, outer: Decimal, wider: Decimal, inner: Decimal
) -> None:
    """The step shrinks or stays when both edges move outward together."""

    def traded(edge: Decimal) -> Decimal:
        return abs(paced(band(outer=edge, inner=edge * inner), wanting(str(wanted)), scene(str(held))).amount - held)

    assert traded(outer + wider) <= traded(outer)


@given(over=st.integers(1, 500).map(lambda lots: LOT * lots), wanted=amounts, rule=bands(), by=rules)
def test_what_a_limit_demands_is_never_delayed(over: Decimal, wanted: Decimal, rule: Band, by: str) -> None:
    """A short above what is owned is cut in the same cycle, whatever timer, cooldown, band or timing say."""
    seen = scene(str(1 + over), memory=Memory(last_growth_at=NOW), history=quarters(BUSY))
    assert paced(rule, wanting(str(wanted), rule=by), seen).amount == min(wanted, d(1))


@given(held=amounts, rule=bands(), by=rules)
def test_nothing_wanted_is_nothing_held(held: Decimal, rule: Band, by: str) -> None:
    """A short that nothing asks for is closed whole and at once."""
    seen = scene(str(held), memory=Memory(last_growth_at=NOW), history=quarters(BUSY))
    assert paced(rule, wanting("0", rule=by), seen).amount == 0


@given(held=amounts, wanted=amounts, rule=bands(), by=rules, factor=st.sampled_from([d(2), d(10), d("0.5")]))
def test_scaling_all_amounts_scales_the_step(
    held: Decimal, wanted: Decimal, rule: Band, by: str, factor: Decimal
) -> None:
    """Ten times the coins, the short, the cash and the lots: ten times the step."""
    large = replace(
        instrument(), amount_step=LOT * factor, amount_min=LOT * factor, notional_min=instrument().notional_min * factor
    )
    calm = replace(rule, timing=None)
    once = paced(calm, wanting(str(wanted), rule=by), scene(str(held))).amount
    seen = scene(str(held * factor), owned=str(factor), equity=str(20_000 * factor), listed=large)
    assert paced(calm, wanting(str(wanted * factor), rule=by), seen).amount == once * factor


@given(held=amounts, wanted=amounts, rule=bands(), by=rules, factor=st.sampled_from([d(2), d(10), d("0.5")]))
def test_scaling_all_prices_changes_no_step(
    held: Decimal, wanted: Decimal, rule: Band, by: str, factor: Decimal
) -> None:
    """In another currency the same coins are traded."""
    calm = replace(rule, timing=None)
    dear = replace(instrument(), notional_min=instrument().notional_min * factor)
    once = paced(calm, wanting(str(wanted), rule=by), scene(str(held))).amount
    price, equity = str(60_000 * factor), str(20_000 * factor)
    seen = scene(str(held), price=price, equity=equity, listed=dear)
    assert paced(calm, wanting(str(wanted), price=price, rule=by), seen).amount == once


@given(held=st.integers(0, 60_000), wanted=st.integers(1, 60_000), rule=bands())
def test_contracts_of_fixed_face_value_obey_the_same_bounds(held: int, wanted: int, rule: Band) -> None:
    """Amounts in USD face: between held and wanted, and worth what they say."""
    listed = inverse()
    seen = scene(str(held), listed=listed)
    target: Target = replace(wanting(str(wanted), rule="allocation"), short_notional=d(wanted))
    step = paced(replace(rule, timing=None), target, seen)
    assert min(held, wanted) - 1 <= step.amount <= max(held, wanted)
    assert step.short_notional == step.amount
