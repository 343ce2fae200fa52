"""The volatility that bounds leverage is measured or unknown, never guessed."""

from dataclasses import replace
from datetime import timedelta
from math import exp

from bot.domain.history import DAY_S, BarSeries, History, seconds
from bot.policy.recent_volatility import recent_volatility, volatility_asks
from bot.upkeep import margin_caps
from tests.builders import NOW, mind, snapshot


def _bars(count: int, spread: float, *, ends: timedelta = timedelta(0)) -> History:
    last = seconds(NOW - ends) // DAY_S * DAY_S - DAY_S
    opened = tuple(last - DAY_S * back for back in reversed(range(count)))
    flat = tuple(100.0 for _ in opened)
    high, low = tuple(100 * exp(spread) for _ in opened), tuple(100 * exp(-spread) for _ in opened)
    one = BarSeries(
        symbol="BTC/USDT:USDT", step_s=DAY_S, opened_s=opened, open=flat, high=high, low=low, close=flat, volume=flat
    )
    return History(bars={("BTC", DAY_S): one})


def test_enough_young_bars_give_a_figure() -> None:
    """A range of 10 % a day is about 115 % a year by Parkinson."""
    found = recent_volatility(_bars(90, 0.05), ("BTC", "ETH"), NOW)
    assert 1.1 < found["BTC"] < 1.2
    assert "ETH" not in found


def test_few_old_or_senseless_bars_give_none() -> None:
    """Then the class decides, and it is said."""
    assert recent_volatility(_bars(59, 0.05), ("BTC",), NOW) == {}
    assert recent_volatility(_bars(90, 0.05, ends=timedelta(days=5)), ("BTC",), NOW) == {}
    assert recent_volatility(_bars(90, 0.0), ("BTC",), NOW) == {}
    assert {ask.asset for ask in volatility_asks(("BTC", "ETH"))} == {"BTC", "ETH"}


def test_a_wild_past_lowers_the_cap_of_a_cycle() -> None:
    """At 230 % a year BTC is held below the 2x that the user allows."""
    usual = mind()
    seen = snapshot()
    assert margin_caps(usual, seen).of("BTC").cap == 2
    wild = margin_caps(usual, replace(seen, history=_bars(90, 0.1))).of("BTC")
    assert wild.cap < 1
    assert "measured" in wild.reason
