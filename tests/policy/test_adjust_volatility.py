"""The volatility rule: up at once, down when confirmed, never blind, never below what was wanted."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.history import DAY_S, BarSeries, ImpliedVolatility
from bot.policy.adjust_volatility import VolatilityTarget
from bot.policy.estimators.volatility_target import Hysteresis
from bot.policy.measured import VolatilityRule, log_returns, measured_volatility
from bot.policy.policy import decide
from bot.policy.scene import Recollection
from bot.policy.size import StaticRatio
from tests.builders import NOW, d, policy
from tests.policy.pasts import DAY, moving, need, prices, scene, series, walk

RULE = VolatilityTarget(target=d("0.45"), ceiling=d(1))
VOLATILE = st.floats(min_value=0.05, max_value=3.0)


def judged(
    volatility: float | BarSeries | None,
    before: Recollection | None = None,
    *,
    wanted: str = "0",
    rule: VolatilityTarget = RULE,
    held: str = "0",
    at: datetime = NOW,
) -> tuple[Decimal, Recollection, str]:
    """The short of one BTC worth 60,000, what is remembered, and the words."""
    bars = moving(volatility, end=at) if isinstance(volatility, float) else volatility
    seen = scene(
        bars={} if bars is None else {"BTC": bars},
        recalled={"volatility/BTC": before} if before else None,
        held={"BTC": held} if held != "0" else None,
        at=at,
    )
    answer = rule.adjust((need(wanted),), seen)
    return answer.rows[0].short_notional, answer.recalled.get("volatility/BTC", {}), answer.rows[0].reasons[-1]


def test_the_worked_number_of_the_page() -> None:
    """90 % a year against 45 %: a ratio of one half, 30,000 short of 60,000."""
    short, kept, words = judged(0.9)
    assert short == 30_000
    assert kept["ratio"] == "0.5"
    assert "volatility of BTC is 90% a year (Parkinson, 0 h old), 45% is wished: a ratio of 50.0% would do" in words


def test_calm_leaves_what_was_wanted() -> None:
    """40 % a year is less than wished: the static part stays as it is."""
    short, _, words = judged(0.4, wanted="18000")
    assert short == 18_000
    assert "no less" in words


def test_it_rises_at_once_and_falls_when_three_days_agree() -> None:
    """Down to 60 % a year: the third closed bar that says so lowers the ratio."""
    _, kept, _ = judged(0.9)
    path = []
    for day in range(1, 5):
        short, kept, _ = judged(0.6, kept, at=NOW + day * DAY)
        path.append(short)
    assert path == [30_000, 30_000, 15_000, 15_000]
    assert judged(1.5, kept, at=NOW + 5 * DAY)[0] == 42_000


def test_a_bar_is_judged_once_however_often_it_is_seen() -> None:
    """Cycles between two bars count as nothing."""
    _, kept, _ = judged(0.9)
    for _ in range(10):
        short, kept, _ = judged(0.6, kept, at=NOW + DAY)
    assert short == 30_000
    assert kept["lower"] == "1"


def test_other_settings_are_judged_at_once() -> None:
    """A lower target is not left until tomorrow."""
    _, kept, _ = judged(0.9)
    assert judged(0.9, kept, rule=replace(RULE, target=d("0.225")))[0] == 45_000


def test_floor_and_ceiling_bind_and_say_so() -> None:
    """Between 20 % and 60 % whatever happens; the floor is not for later rules to cut."""
    rule = replace(RULE, floor=d("0.2"), ceiling=d("0.6"))
    low, _, words = judged(0.3, rule=rule)
    assert low == 12_000
    assert "floor" in words
    assert judged(3.0, rule=rule)[0] == 36_000
    answer = rule.adjust((need("0"),), scene(bars={"BTC": moving(0.3)}))
    assert answer.rows[0].floor_notional == 12_000


def test_without_a_past_the_size_stands_and_it_says_so() -> None:
    """No bars, too few, too old: no guess."""
    for bars, why in (
        (None, "no daily bars"),
        (moving(0.9, days=59), "only 59 daily bars"),
        (moving(0.9, end=NOW - 3 * DAY), "too old"),
    ):
        short, kept, words = judged(bars, wanted="6000")
        assert short == 6_000
        assert kept == {}
        assert why in words


def test_when_the_past_goes_missing_the_ratio_judged_last_stays() -> None:
    """Missing data moves nothing."""
    _, kept, _ = judged(0.9)
    short, again, words = judged(None, kept)
    assert short == 30_000
    assert again == kept
    assert "judged last stays" in words


def test_a_lost_memory_does_not_throw_a_hedge_away() -> None:
    """The ratio held is where judging begins, so that one calm day after a reinstall lowers nothing."""
    assert judged(0.4, held="0.5")[0] == 30_000
    assert judged(0.4, {"ratio": "much", "lower": "?"}, held="0.5")[0] == 30_000


def test_flat_ranges_fall_back_to_closes() -> None:
    """A market whose highs equal its lows has no ranges to learn from."""
    bars = series("BTC/USDT:USDT", prices(walk(1, days=120)), width=0.0)
    found = measured_volatility(scene(bars={"BTC": bars}).history, NOW, "BTC", VolatilityRule())
    assert not isinstance(found, str)
    assert found.estimator == "close-to-close"
    assert 0.4 < found.volatility < 0.8


def test_volatility_counts_as_no_less_than_part_of_its_long_run() -> None:
    """Half a year of storm and two quiet months: the quiet is not trusted wholly."""
    widths = [0.10] * 100 + [0.005] * 80
    bars = series("BTC/USDT:USDT", [100.0] * 180)
    stormy = replace(
        bars,
        high=tuple(100 * (1 + width / 2) for width in widths),
        low=tuple(100 * (1 - width / 2) for width in widths),
    )
    found = measured_volatility(scene(bars={"BTC": stormy}).history, NOW, "BTC", VolatilityRule())
    assert not isinstance(found, str)
    assert found.volatility == 0.6 * found.long_run > found.realised


def test_a_missing_day_makes_no_return_of_two_days() -> None:
    """Closes either side of a gap are not compared."""
    bars = series("BTC/USDT:USDT", [100.0] * 60 + [900.0] * 60)
    gapped = replace(bars, opened_s=tuple(at - DAY_S * (place < 60) for place, at in enumerate(bars.opened_s)))
    assert max(log_returns(gapped).values()) == 0
    assert len(log_returns(gapped)) == 118


def test_what_is_excluded_is_closed_and_never_woken() -> None:
    """A storm raises nothing in an asset whose own short is only being closed."""
    seen = scene(bars={"BTC": moving(2.0)}, held={"BTC": "0.5"})
    rules = replace(
        policy(StaticRatio(ratio=d("0.5"), leverage_cap=d(2), excluded=frozenset({"BTC"}))),
        adjust=(RULE,),
        excluded=frozenset({"BTC"}),
    )
    decision = decide(rules, seen.snapshot, seen.memory)
    assert [row.short_notional for row in decision.needs] == [0]
    assert [row.amount for row in decision.targets] == [0]


def test_an_implied_index_is_blended_while_it_is_fresh() -> None:
    """DVOL 100 counts as 90 % and half; six hours later it counts for nothing."""
    rule = VolatilityRule(implied_weight=0.5)
    for age_h, expected in ((1, ((0.6**2 + 0.9**2) / 2) ** 0.5), (7, 0.6)):
        seen = scene(bars={"BTC": moving(0.6)})
        index = ImpliedVolatility(points=100.0, at=NOW - age_h * DAY / 24)
        seen = replace(seen, snapshot=replace(seen.snapshot, history=replace(seen.history, implied={"BTC": index})))
        found = measured_volatility(seen.history, seen.at, "BTC", rule)
        assert not isinstance(found, str)
        assert abs(found.volatility - expected) < 1e-9


@given(VOLATILE, VOLATILE, st.floats(0, 1), st.integers(0, 2))
def test_more_volatility_never_lowers_the_ratio(one: float, other: float, ratio: float, lower: int) -> None:
    """From any remembered state, the stormier market gets at least the calmer one's short."""
    before = {"ratio": repr(ratio), "lower": str(lower)}
    calm, storm = sorted((one, other))
    assert judged(calm, before)[0] <= judged(storm, before)[0]


@given(VOLATILE, st.floats(0, 1), st.decimals(0, 60_000, places=2))
def test_it_never_lowers_what_was_wanted_and_never_passes_its_ceiling(
    volatility: float, ratio: float, wanted: Decimal
) -> None:
    """Never below the size, never above the larger of size and ceiling."""
    rule = replace(RULE, ceiling=d("0.8"))
    short, _, _ = judged(volatility, {"ratio": repr(ratio), "lower": "0"}, wanted=str(wanted), rule=rule)
    assert wanted <= short <= max(wanted, Decimal(48_000))


@given(VOLATILE)
def test_a_target_that_stays_is_judged_to_the_same_ratio(volatility: float) -> None:
    """Once judged, the same market asks for nothing new, day after day."""
    rule = replace(RULE, hysteresis=Hysteresis())
    _, kept, _ = judged(volatility, rule=rule)
    first = judged(volatility, kept, rule=rule, at=NOW + DAY)
    for day in range(2, 6):
        first = judged(volatility, first[1], rule=rule, at=NOW + day * DAY)
        assert abs(float(first[1]["ratio"]) - float(kept["ratio"])) < 1e-9
