"""Minimum variance: short what leaves least movement, within caps, never a long; without a past the static ratio."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.hedge import Need
from bot.domain.history import BarSeries
from bot.policy.place import Direct
from bot.policy.scene import Answer, Recollection
from bot.policy.size import StaticRatio
from bot.policy.size_minimum_variance import CovarianceRule, MinimumVariance
from bot.policy.together import common_returns
from tests.builders import VENUE, d
from tests.policy.pasts import prices, scene, series, walk

DAYS = 150
MARKET = walk(1, DAYS)
ETHER = [0.9 * one + 0.5 * two for one, two in zip(MARKET, walk(2, DAYS), strict=True)]
RULE = MinimumVariance(
    instruments=("BTC", "ETH"),
    fallback=StaticRatio(ratio=d("0.5"), leverage_cap=d(2)),
    leverage_cap=d(2),
    cap_total=d(2),
)
OWNED = {"BTC": "0.5", "ETH": "10", "SOL": "100"}


def past(**more: BarSeries) -> dict[str, BarSeries]:
    solana = [1.2 * one + 0.6 * two for one, two in zip(MARKET, walk(3, DAYS), strict=True)]
    return {
        "BTC": series("BTC/USDT:USDT", prices(MARKET)),
        "ETH": series("ETH/USDT:USDT", prices(ETHER)),
        "SOL": series("SOL/USDT", prices(solana)),
        **more,
    }


def sized(
    bars: Mapping[str, BarSeries],
    rule: MinimumVariance = RULE,
    owned: Mapping[str, str] | None = None,
    recalled: Mapping[str, Recollection] | None = None,
    held: Mapping[str, str] | None = None,
) -> Answer[Need]:
    return rule.size(scene(owned=owned or OWNED, bars=bars, listed=("BTC", "ETH"), recalled=recalled, held=held))


def shorts(answer: Answer[Need]) -> dict[str, float]:
    return {row.asset: float(row.short_notional) for row in answer.rows}


def test_alone_btc_is_shorted_one_for_one() -> None:
    """The portfolio is the instrument: nothing moves any more."""
    answer = sized(past(), owned={"BTC": "1"})
    assert abs(shorts(answer)["BTC"] - 60_000) < 60
    assert shorts(answer).get("ETH", 0.0) < 60


def test_the_shorts_leave_less_variance_than_any_neighbour() -> None:
    """Moving either short by a per cent of the portfolio, up or down, makes it worse."""
    bars = past()
    found = shorts(sized(bars, replace(RULE, covariance=CovarianceRule(shrunk=True))))
    table = common_returns((bars["BTC"], bars["ETH"], bars["SOL"]), 180)
    values = np.array([30_000.0, 30_000.0, 10_000.0])

    def left(btc: float, eth: float) -> float:
        return float(np.var(table @ (values - np.array([btc, eth, 0.0]))))

    least = left(found["BTC"], found["ETH"])
    for step in (-3000.0, 3000.0):
        assert least < left(found["BTC"] + step, found["ETH"])
        assert least < left(found["BTC"], found["ETH"] + step)


def test_a_cap_is_solved_with_and_not_cut_afterwards() -> None:
    """Less ETH is allowed: BTC takes over a part of it."""
    free = shorts(sized(past()))
    capped = shorts(sized(past(), replace(RULE, caps={"ETH": d("0.2")})))
    assert abs(capped["ETH"] - 14_000) < 1
    assert capped["BTC"] > free["BTC"]
    tight = shorts(sized(past(), replace(RULE, cap_total=d("0.4"))))
    assert sum(tight.values()) <= 28_000 + 1


def test_half_a_hedge_is_half_the_shorts() -> None:
    """The share to protect scales everything."""
    whole, half = shorts(sized(past())), shorts(sized(past(), replace(RULE, hedge=d("0.5"))))
    for asset, short in whole.items():
        assert abs(half[asset] / short - 0.5) < 1e-6


def test_an_asset_against_the_market_is_never_answered_with_a_long() -> None:
    """Something that rises when BTC falls needs no short, and gets no long."""
    against = series("SOL/USDT", prices([-1.0 * step for step in MARKET]))
    assert sum(shorts(sized(past(SOL=against), owned={"SOL": "100"})).values()) < 1


def test_twins_are_not_told_apart() -> None:
    """Two instruments that are the same give one short, and it says so."""
    twin = series("ETH/USDT:USDT", prices([step + 1e-5 * odd for step, odd in zip(MARKET, walk(9, DAYS), strict=True)]))
    answer = sized(past(ETH=twin), replace(RULE, covariance=CovarianceRule(days_min=100)))
    assert set(shorts(answer)) == {"BTC"}
    assert any("too much like" in note for note in answer.notes)


def test_a_short_past_falls_back_to_the_static_ratio() -> None:
    """One young asset goes its own way; a young instrument takes everything with it."""
    young = series("SOL/USDT", prices(walk(5, 30)))
    answer = sized(past(SOL=young))
    assert shorts(answer)["SOL"] == 5_000
    assert any("stands in for SOL" in note for note in answer.notes)
    blind = sized({name: bars for name, bars in past().items() if name != "ETH"})
    assert shorts(blind) == {"BTC": 15_000, "ETH": 15_000, "SOL": 5_000}
    assert "minimum variance cannot be worked out" in blind.notes[0]


def test_a_past_that_goes_missing_moves_nothing() -> None:
    """The shorts found last stay, as shares of what is owned; what cannot be read counts as nothing found."""
    first = sized(past())
    blind = sized({}, recalled=first.recalled)
    for asset, short in shorts(first).items():
        assert abs(shorts(blind)[asset] / short - 1) < 1e-6
    assert blind.recalled == first.recalled
    assert "found last stay" in blind.notes[0]
    broken = {"minimum-variance/portfolio": {"BTC": "much"}}
    assert shorts(sized({}, recalled=broken)) == {"BTC": 15_000, "ETH": 15_000, "SOL": 5_000}


def test_a_short_that_protects_nothing_any_more_is_wanted_no_more() -> None:
    """Only BTC is left: the short in ETH that stood for others gets a need of zero."""
    answer = sized(past(), owned={"BTC": "1"}, held={"ETH": "2"})
    assert [row.short_notional < 60 for row in answer.rows if row.asset == "ETH"] == [True]


def test_who_stands_for_whom_adds_up_and_is_placed() -> None:
    """The parts of a short are its sum, and the target knows them."""
    answer = sized(past())
    for row in answer.rows:
        assert abs(sum((share.short_notional for share in row.shares), Decimal(0)) - row.short_notional) < d("0.5")
    seen = scene(owned=OWNED, bars=past(), listed=("BTC", "ETH"))
    targets = Direct(venue=VENUE).place(answer.rows, seen).rows
    assert {share.asset for row in targets for share in row.shares} == {"BTC", "ETH", "SOL"}


@settings(max_examples=40)
@given(
    st.lists(st.floats(-2, 2), min_size=2, max_size=2),
    st.floats(0.1, 1.0),
    st.floats(0.05, 1.0),
    st.booleans(),
)
def test_shorts_are_within_every_bound(betas: list[float], hedge: float, cap: float, shrunk: bool) -> None:
    """No long, no cap broken, for any market."""
    odd = [betas[0] * one + betas[1] * two for one, two in zip(MARKET, walk(11, DAYS), strict=True)]
    rule = replace(
        RULE,
        hedge=d(f"{hedge:.4f}"),
        caps={"BTC": d(f"{cap:.4f}")},
        cap_total=d(1),
        covariance=CovarianceRule(shrunk=shrunk),
    )
    found = shorts(sized(past(SOL=series("SOL/USDT", prices(odd))), rule))
    assert all(short >= 0 for short in found.values())
    assert sum(found.values()) <= 70_000 + 1
    assert found.get("BTC", 0.0) <= 70_000 * float(f"{cap:.4f}") + 1


@settings(max_examples=20)
@given(st.integers(1, 50))
def test_ten_times_the_coins_is_ten_times_the_shorts(times: int) -> None:
    """Scaling all amounts scales the needs."""
    one = shorts(sized(past()))
    many = shorts(sized(past(), owned={asset: str(Decimal(amount) * times) for asset, amount in OWNED.items()}))
    for asset, short in one.items():
        assert abs(many[asset] / short / times - 1) < 1e-6
