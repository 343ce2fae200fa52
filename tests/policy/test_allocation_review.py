"""An allocation with a review: quarterly, or when the share leaves its band, and held in coins between."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.portfolio import value_portfolio
from bot.policy.scene import Memory, Recollection, Scene
from bot.policy.size import Allocation, Review
from bot.setaside import decide_without_frozen
from tests.builders import NOW, d, margin, mark, policy, position, snapshot, view

RULE = Allocation(crypto_max=d("0.75"), leverage_cap=d(2), review=Review(band=d("0.0219")))


def looked(
    price: str, before: Mapping[str, Recollection], *, at: datetime = NOW, short: str = "0", gained: str = "0"
) -> tuple[Decimal, Mapping[str, Recollection], str]:
    """85 coins of the article at a price, 15,000 in cash; the short's gain is in the margin account."""
    shown = view(
        marks=(mark(price=price),),
        positions=(position(amount=f"-{short}", price=price),) if short != "0" else (),
        margins=(replace(margin("0"), wallet=d(gained)),),
    )
    seen = replace(snapshot(shown, ("BTC", "85"), ("USDT", "15000")), at=at)
    worth = value_portfolio(seen, quote="USDT", stablecoins=("USDT",))
    answer = RULE.size(Scene(snapshot=seen, portfolio=worth, memory=Memory(recalled=before)))
    return answer.rows[0].short_notional, answer.recalled, answer.rows[0].reasons[0]


def test_the_article_held_between_reviews() -> None:
    """10,000 short of 85,000; after -5 % the share is 74.03 %, inside 2.19 points: the ten coins stay short."""
    short, kept, words = looked("1000", {})
    assert abs(short - 10_000) < d("0.001")
    assert "reviewed for 2025Q1" in words
    short, kept, words = looked("950", kept, short="10", gained="500")
    assert abs(short - 9_500) < d("0.001")
    assert "inside the band" in words


def test_leaving_the_band_is_a_reason_to_look_again() -> None:
    """+20 %: the share would be 78.3 %, so the short is found anew: 15,750."""
    _, kept, _ = looked("1000", {})
    short, _, words = looked("1200", kept, short="10", gained="-2000")
    assert abs(short - 15_750) < d("0.001")
    assert "more than the band of 2.19%" in words


def test_a_new_quarter_is_a_reason_to_look_again() -> None:
    """Inside the band, but April has begun."""
    _, kept, _ = looked("1000", {})
    april = NOW + timedelta(days=86)
    short, again, words = looked("950", kept, at=april, short="10", gained="500")
    assert abs(short - d("8562.50")) < d("0.001")
    assert again["allocation/portfolio"]["quarter"] == "2025Q2"
    assert "reviewed for 2025Q2" in words


def test_below_the_share_without_a_short_nothing_happens() -> None:
    """A short cannot help where there is too little crypto."""
    short, kept, _ = looked("300", {})
    assert short == 0
    assert looked("100", kept)[2].endswith("the ratio found last is held")


def test_what_cannot_be_read_is_found_anew() -> None:
    """A damaged memory is no ratio."""
    for share in ("much", "NaN", "-1", "99"):
        bad = {"allocation/portfolio": {"quarter": "2025Q1", "share": share}}
        assert abs(looked("1000", bad)[0] - 10_000) < d("0.001")


def test_a_part_of_the_portfolio_is_no_reason_to_look_again() -> None:
    """While ETH cannot be valued the share would seem to have left its band; what was noted stays."""
    _, kept, _ = looked("1000", {})
    seen = snapshot(view(marks=(mark(price="1000"),)), ("BTC", "85"), ("ETH", "10"), ("USDT", "500000"))
    seen = replace(seen, doubtful={"ETH": "no price"})
    decision = decide_without_frozen(policy(RULE), seen, Memory(recalled=kept))
    assert decision.recalled == kept


@given(st.integers(500, 2000), st.integers(500, 2000))
def test_after_a_look_the_share_is_within_the_band(first: int, second: int) -> None:
    """Whatever prices did, the short that is wanted now keeps the share from straying upward."""
    _, kept, _ = looked(str(first), {})
    short, _, _ = looked(str(second), kept)
    wealth = Decimal(85 * second + 15_000)
    assert (85 * second - short) / wealth - d("0.75") <= d("0.0219") + d("1e-9")
