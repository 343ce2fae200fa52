"""Each thinking rule on the local testnet: weather in which it earns its place, and weather in which it keeps still."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import pstdev

from tests.testnet.weather import Look, weathered

D = Decimal
STATIC = '[policy.size]\nratio = "0.2"\n'
VOLATILITY = STATIC + '[[policy.adjust]]\nrule = "volatility"\ntarget = "0.6"\n'
FUNDING = '[policy.size]\nratio = "0.5"\n[[policy.adjust]]\nrule = "funding"\ntilt_slope = "0"\n'


def test_volatility_raises_the_hedge_in_a_crash(tmp_path: Path) -> None:
    """A fifth before; after two days of -45 % the daily ranges ask for more, and it is held while they do."""
    looks = weathered(tmp_path, "crash", VOLATILITY, days=11)
    assert abs(looks[2].ratio("BTC") - D("0.2")) < D("0.03")
    assert looks[-1].ratio("BTC") > D("0.3")
    assert "60% is wished" in looks[-1].words("BTC")


def test_volatility_keeps_still_in_a_calm(tmp_path: Path) -> None:
    """45 % a year is less than the 60 % one is willing to bear: nothing but the first trade."""
    looks = weathered(tmp_path, "calm", VOLATILITY, days=8, spot={"BTC": "1.2"})
    assert all(abs(look.ratio("BTC") - D("0.2")) < D("0.03") for look in looks)
    assert not any(look.decided.intents for look in looks[1:])


def test_funding_cuts_what_a_squeeze_makes_too_dear(tmp_path: Path) -> None:
    """Shorts pay up to the cap for a week: the half that was wanted is cut to what 15 % a year pay for."""
    looks = weathered(tmp_path, "funding-squeeze", FUNDING, days=11)
    assert abs(looks[0].ratio("BTC") - D("0.5")) < D("0.03")
    assert looks[-1].ratio("BTC") < D("0.35")
    assert "is cut to" in looks[-1].words("BTC")


def test_funding_keeps_still_while_shorts_are_paid(tmp_path: Path) -> None:
    """Income is no reason to change anything."""
    looks = weathered(tmp_path, "calm", FUNDING, days=6)
    assert all(abs(look.ratio("BTC") - D("0.5")) < D("0.03") for look in looks)
    assert "receives" in looks[-1].words("BTC")


def test_a_conviction_holds_until_its_day_and_ends_by_itself(tmp_path: Path) -> None:
    """Raised to 80 % to the end of January 9th, a fifth from the 10th on, BTC only."""
    said = '[[policy.adjust]]\nrule = "conviction"\nratio = "0.8"\nuntil = "2025-01-09"\nassets = ["BTC"]\n'
    looks = weathered(tmp_path, "calm", STATIC + said, days=6)
    held = [round(float(look.ratio("BTC")), 1) for look in looks]
    assert held == [0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.2]
    assert all(abs(look.ratio("ETH") - D("0.2")) < D("0.03") for look in looks)
    assert any("ended at 2025-01-10 00:00 UTC" in note for note in looks[-1].record.notes)


REVIEWED = '[policy.size]\nrule = "allocation"\ncrypto_max = "0.25"\nreview = "quarterly"\n'


def test_a_reviewed_allocation_follows_a_rally_and_not_every_price(tmp_path: Path) -> None:
    """+60 %: the share leaves its band a few times and the short is found anew; between it is held in coins."""
    looks = weathered(tmp_path, "rally", REVIEWED, days=12)
    anew = [look for look in looks if "the share is off by" in look.words("BTC")]
    assert 1 <= len(anew) <= 4
    assert looks[0].ratio("BTC") == 0
    assert looks[-1].ratio("BTC") > D("0.1")
    assert "inside the band" in "".join(look.words("BTC") for look in looks)


def test_a_reviewed_allocation_keeps_still_in_a_calm(tmp_path: Path) -> None:
    """Prices wander by some per cent; the quarter is young, the band is not left."""
    looks = weathered(tmp_path, "calm", REVIEWED + 'band = "0.03"\n', days=5)
    assert not any(look.decided.intents for look in looks[1:])


VARIANCE = '[policy.size]\nrule = "minimum-variance"\n'
COINS = {"BTC": "0.5", "ETH": "10", "SOL": "150", "LINK": "1000"}


def moved(looks: list[Look], coins: dict[str, str], *, hedged: bool) -> float:
    """Standard deviation of the day's change in value, with or without the shorts held into the day."""
    changes: list[float] = []
    for before, after in pairwise(looks):
        change = sum((Decimal(held) * (after.marks[coin] - before.marks[coin]) for coin, held in coins.items()), D(0))
        for coin, short in before.shorts.items():
            change -= short * (after.marks[coin] / before.marks[coin] - 1) if hedged else 0
        changes.append(float(change))
    return pstdev(changes)


def test_minimum_variance_calms_four_coins_with_two_instruments(tmp_path: Path) -> None:
    """Through a crash the portfolio moves less than half as much; only BTC and ETH are short."""
    looks = weathered(tmp_path, "crash", VARIANCE, days=11, spot=COINS)
    assert moved(looks, COINS, hedged=True) < 0.5 * moved(looks, COINS, hedged=False)
    assert set(looks[-1].shorts) <= {"BTC", "ETH"}
    assert "take away" in looks[-1].words("BTC")


def test_minimum_variance_does_not_guess_from_a_short_past(tmp_path: Path) -> None:
    """More days asked for than there are: every coin gets its static half through its own market."""
    looks = weathered(tmp_path, "calm", VARIANCE + "days = 700\ndays_min = 690\n", days=2, spot=COINS)
    for coin in COINS:
        assert abs(looks[-1].ratio(coin) - D("0.5")) < D("0.04")
    assert any("minimum variance cannot be worked out" in note for note in looks[-1].record.notes)


PROXY = '[policy.size]\nratio = "1"\n[policy.place]\nrule = "proxy-beta"\nprefer = "proxy"\n'
ALTS = {"SOL": "200", "LINK": "1500"}


def test_proxies_take_a_good_part_of_a_common_crash(tmp_path: Path) -> None:
    """SOL and LINK fall with everything; shorts in BTC and ETH give back more than half of it."""
    looks = weathered(tmp_path, "crash", PROXY, days=9, spot=ALTS)
    first, last = looks[0], looks[-1]
    assert set(first.shorts) <= {"BTC", "ETH"}
    assert sum(first.shorts.values()) > 0
    lost = sum(Decimal(held) * (first.marks[coin] - last.marks[coin]) for coin, held in ALTS.items())
    gained = sum(
        short * (1 - after.marks[coin] / before.marks[coin])
        for before, after in pairwise(looks)
        for coin, short in before.shorts.items()
    )
    assert lost > 0
    assert D("0.5") < gained / lost < D("1.2")
    assert any("partial protection only" in note for note in last.record.notes)


def test_proxies_are_not_opened_where_they_explain_too_little(tmp_path: Path) -> None:
    """XRP and DOGE have too much of a life of their own for these gates: no short, and a word why."""
    gates = 'r_squared_open = "0.75"\nr_squared_warn = "0.8"\n'
    looks = weathered(tmp_path, "calm", PROXY + gates, days=2, spot={"XRP": "9000", "DOGE": "60000"})
    assert all(look.shorts == {} for look in looks)
    assert any("is not opened" in note for note in looks[-1].record.notes)
