"""Rules that contradict themselves, each other or the limits are refused with the keys and a way out."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.policy.adjust_conviction import Conviction
from bot.policy.scene import recalled_to_json
from bot.rulebook import make_policy, refuse_late_convictions
from bot.settings.adjustments import Conviction as ConvictionSettings
from tests.settings.profiles import GOOD, complaint, loaded

STATIC = 'rule = "static-ratio"\nratio = "0.5"\n'


def adjusted(*lines: str) -> str:
    return GOOD + "\n[[policy.adjust]]\n" + "\n".join(lines) + "\n"


def sized(*lines: str) -> str:
    return GOOD.replace(STATIC, "\n".join(lines) + "\n")


def placed(*lines: str) -> str:
    return GOOD + '\n[policy.place]\nrule = "proxy-beta"\n' + "\n".join(lines) + "\n"


VOLATILITY, FUNDING = 'rule = "volatility"', 'rule = "funding"'
SAID = ('rule = "conviction"', 'ratio = "0.8"', 'until = "2030-01-31"')
MINIMUM = 'rule = "minimum-variance"'
LIMITED = '\n[risk]\nhedge_ratio_max = "0.6"\n'

BAD: dict[str, tuple[str, tuple[str, ...]]] = {
    "floor above ceiling": (
        adjusted(VOLATILITY, 'floor = "0.6"', 'ceiling = "0.4"'),
        ("volatility", "floor (0.6)", "ceiling (0.4)"),
    ),
    "target of zero": (adjusted(VOLATILITY, 'target = "0"'), ("target", "greater than 0")),
    "decay of one": (adjusted(VOLATILITY, 'decay = "1"'), ("decay", "less than 1")),
    "too few days": (adjusted(VOLATILITY, "days_min = 5"), ("days_min", "30")),
    "unknown estimator": (adjusted(VOLATILITY, 'estimator = "garch"'), ("estimator", "parkinson")),
    "misspelt key": (adjusted(VOLATILITY, 'cieling = "1"'), ("cieling", "did you mean ceiling?")),
    "floor above the limit": (
        adjusted(VOLATILITY, 'floor = "0.7"') + LIMITED,
        ("volatility: floor (0.7)", "hedge_ratio_max (0.6)"),
    ),
    "ceiling above the limit": (
        adjusted(VOLATILITY, 'ceiling = "0.9"') + LIMITED,
        ("volatility: ceiling (0.9)", "hedge_ratio_max (0.6)"),
    ),
    "volatility twice": (adjusted(VOLATILITY) + adjusted(VOLATILITY).removeprefix(GOOD), ("volatility", "twice")),
    "shift without a way": (adjusted(FUNDING, 'past_budget = "shift"'), ("past_budget", "expiry-roll", "direct")),
    "conviction without a date": (adjusted(*SAID[:2]), ("until is missing",)),
    "conviction without a ratio": (adjusted(SAID[0], SAID[2]), ("ratio is missing",)),
    "date unreadable": (adjusted(*SAID[:2], 'until = "next spring"'), ("until must be a date", "next spring")),
    "date a number": (adjusted(*SAID[:2], "until = 2030"), ("until must be a date",)),
    "conviction above the limit": (adjusted(*SAID) + LIMITED, ("conviction: ratio (0.8)", "hedge_ratio_max (0.6)")),
    "conviction about cash": (adjusted(*SAID, 'assets = ["USDT"]'), ("assets names USDT", "stablecoins")),
    "conviction about an excluded asset": (
        GOOD + 'exclude = ["ETH"]\n' + adjusted(*SAID, 'assets = ["ETH"]').removeprefix(GOOD),
        ("assets names ETH", "exclude"),
    ),
    "two convictions about one asset": (
        adjusted(*SAID, 'assets = ["ETH"]') + adjusted(*SAID, 'assets = ["ETH", "BTC"]').removeprefix(GOOD),
        ("two of them speak about ETH",),
    ),
    "a conviction about all and one more": (
        adjusted(*SAID) + adjusted(*SAID, 'assets = ["BTC"]').removeprefix(GOOD),
        ("two of them speak about",),
    ),
    "caps of a stranger": (sized(MINIMUM, 'caps = { SOL = "0.3" }'), ("caps names SOL", "instruments")),
    "instrument excluded": (sized(MINIMUM, 'exclude = ["BTC"]'), ("BTC", "instruments and exclude")),
    "minimum of days": (sized(MINIMUM, "days = 90"), ("days_min (120)", "days (90)")),
    "no instruments": (sized(MINIMUM, "instruments = []"), ("instruments",)),
    "fallback above the limit": (sized(MINIMUM, 'fallback_ratio = "0.9"') + LIMITED, ("fallback_ratio (0.9)",)),
    "two choosers of instruments": (
        sized(MINIMUM) + placed().removeprefix(GOOD),
        ("minimum-variance", "proxy-beta", "direct"),
    ),
    "gates crossed": (placed('r_squared_open = "0.2"'), ("r_squared_drop (0.25)", "must rise")),
    "cap of a proxy": (placed('caps = { BTC = "0.5" }'), ("caps names BTC", "proxy itself")),
    "proxy excluded": (
        GOOD + 'exclude = ["ETH"]\n' + placed().removeprefix(GOOD),
        ("proxies names ETH", "exclude"),
    ),
    "band without a review": (
        sized('rule = "allocation"', 'band = "0.02"'),
        ("band (0.02)", 'review = "quarterly"'),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_contradiction_is_named_with_its_keys(name: str, tmp_path: Path) -> None:
    """The message names keys and values."""
    text, expected = BAD[name]
    tomllib.loads(text)
    said = complaint(tmp_path, text)
    for words in expected:
        assert words in said


def test_every_rule_is_built_from_its_defaults(tmp_path: Path) -> None:
    """The shortest profile of each rule gives a policy."""
    texts = [
        adjusted(VOLATILITY),
        adjusted(FUNDING),
        adjusted(*SAID),
        sized(MINIMUM),
        placed(),
        sized('rule = "allocation"', 'review = "quarterly"'),
    ]
    for text in texts:
        assert make_policy(loaded(tmp_path, text)).asks(frozenset({"BTC", "SOL"})) is not None


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ('"2030-01-31"', datetime(2030, 2, 1, tzinfo=UTC)),
        ("2030-01-31", datetime(2030, 2, 1, tzinfo=UTC)),
        ('"2030-01-31T18:00"', datetime(2030, 1, 31, 18, tzinfo=UTC)),
        ('"2030-01-31T18:00+02:00"', datetime(2030, 1, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_date_lasts_to_its_end(text: str, until: datetime, tmp_path: Path) -> None:
    """A bare date includes the whole day, UTC; a time is taken as it is."""
    (row,) = loaded(tmp_path, adjusted(*SAID[:2], f"until = {text}")).policy.adjust
    assert isinstance(row, ConvictionSettings)
    assert row.until == until


def test_a_date_in_the_past_is_refused_unless_it_ran_out(tmp_path: Path) -> None:
    """A slip is refused; a conviction that was in force reverts by itself, also under cron."""
    settings = loaded(tmp_path, adjusted(*SAID))
    before, after = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC)
    refuse_late_convictions(settings, None, before)
    with pytest.raises(ConfigurationError, match="is past"):
        refuse_late_convictions(settings, None, after)
    (rule,) = make_policy(settings).adjust
    assert isinstance(rule, Conviction)
    refuse_late_convictions(settings, recalled_to_json({rule.key: {"seen": "yes"}}), after)
