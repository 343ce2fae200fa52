"""Every setting that cannot be used is named with its value and a way out."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.settings import load_settings
from tests.settings.profiles import GOOD, KEYED, KEYS, complaint


def changed(old: str, new: str) -> str:
    """The good profile with one thing wrong."""
    assert old in GOOD
    return GOOD.replace(old, new)


def added(text: str) -> str:
    """The good profile with something appended."""
    return GOOD + text


BAD: dict[str, tuple[str, tuple[str, ...]]] = {
    "misspelt key": (
        added('[policy.pace]\nband_outter = "0.05"\n'),
        ("[policy.pace] band_outter", "did you mean band_outer? Nothing"),
    ),
    "misspelt table": (added("[risks]\nx = 1\n"), ("risks is not a setting", "did you mean risk?")),
    "key of another table": (added('[risk]\nband_outer = "0.1"\n'), ("[risk] band_outer", "belongs to [policy.pace]")),
    "key without its table": ('ratio = "0.5"\n' + GOOD, ("ratio is not a setting here", "[policy.size]")),
    "mode": (changed('"testnet"', '"tesnet"'), ("mode must be", "'testnet'", "not 'tesnet'")),
    "ratio above 1": (
        changed('ratio = "0.5"', 'ratio = "1.4"'),
        ("[policy.size] ratio", "1.4"),
    ),
    "buffer too small": (
        added('[risk]\ncollateral_buffer = "0.01"\n'),
        ("[risk] collateral_buffer must be 0.05 or more", "not '0.01'"),
    ),
    "ratio below 0": (changed('ratio = "0.5"', 'ratio = "-0.1"'), ("[policy.size] ratio", "-0.1")),
    "ratio not a number": (
        changed('ratio = "0.5"', 'ratio = "half"'),
        ("[policy.size] ratio must be a number", "'half'"),
    ),
    "ratio not quoted": (changed('ratio = "0.5"', "ratio = 0.5"), ("[policy.size] ratio", "in quotes", '"0.5"')),
    "ratio true": (changed('ratio = "0.5"', "ratio = true"), ("[policy.size] ratio", "number in quotes")),
    "amount negative": (
        changed('amount = "0.5"', 'amount = "-1"'),
        ("[[holdings]] no. 1", "cold wallet", "amount", "'-1'"),
    ),
    "amount zero": (changed('amount = "0.5"', "amount = 0"), ("amount must be greater than 0", "not 0")),
    "amount NaN": (changed('amount = "0.5"', 'amount = "NaN"'), ("amount must be a finite number", "'NaN'")),
    "amount infinite": (changed('amount = "0.5"', 'amount = "inf"'), ("amount must be a finite number", "'inf'")),
    "amount missing": (changed('amount = "0.5"\n', ""), ("[[holdings]] no. 1", "amount is missing")),
    "asset in lower case": (
        changed('asset = "BTC"', 'asset = "btc"'),
        ("asset must be upper-case", '"BTC" instead of "btc"'),
    ),
    "asset with a slash": (
        changed('asset = "BTC"', 'asset = "BTC/USDT"'),
        ("asset must be an asset name", "'BTC/USDT'"),
    ),
    "holding twice": (
        added('[[holdings]]\nasset = "BTC"\namount = "1"\nlabel = "cold wallet"\n'),
        ("[[holdings]]", "BTC", '"cold wallet" is listed twice'),
    ),
    "venue twice": (added('[[venues]]\nid = "binance"\n'), ("[[venues]]", '"binance" is listed twice')),
    "a venue that is only read, on a testnet": (
        KEYED.replace('id = "binance"', 'id = "okx"'),
        ("okx: Ballast reads its market and sends nothing there", 'mode "testnet" cannot', "dry-run", "bybit"),
    ),
    "venue unknown": (changed('id = "binance"', 'id = "binanse"'), ('id "binanse" is not a venue', "binance")),
    "mexc on a testnet": (
        KEYED.replace('id = "binance"', 'id = "mexc"'),
        ("MEXC has no sandbox", "dry-run", "localnet --venue mexc"),
    ),
    "weex on a testnet": (
        KEYED.replace('id = "binance"', 'id = "weex"'),
        ("WEEX's simulation", "dry-run", "localnet --venue weex"),
    ),
    "dated futures where there are none": (
        changed('id = "binance"', 'id = "mexc"\nmarket = "linear-future"'),
        ('market "linear-future" is not available for mexc', "linear-perpetual"),
    ),
    "rule unknown": (
        changed('"static-ratio"', '"static-ration"'),
        ("[policy.size]", '"static-ration" is not known', "static-ratio"),
    ),
    "placement unknown": (added('[policy.place]\nrule = "rolling"\n'), ("[policy.place]", "expiry-roll", "direct")),
    "parameter of the other rule": (added('crypto_max = "0.75"\n'), ("[policy.size] crypto_max",)),
    "bands crossed": (
        added('[policy.pace]\nband_outer = "0.02"\nband_inner = "0.05"\n'),
        ("[policy.pace]", "band_inner (0.05) must be smaller than band_outer (0.02)"),
    ),
    "leverage above 3": (added('[risk]\nleverage_cap = "4"\n'), ("[risk] leverage_cap (4)", "leverage_cap_override")),
    "leverage below 1": (added('[risk]\nleverage_cap = "0.5"\n'), ("[risk] leverage_cap (0.5)", "1 to 3")),
    "leverage absurd": (
        added('[risk]\nleverage_cap = "125"\nleverage_cap_override = true\n'),
        ("[risk] leverage_cap", "'125'", "20"),
    ),
    "orders per hour zero": (added("[risk]\norders_per_hour_max = 0\n"), ("orders_per_hour_max", "greater than 0")),
    "ratio above the limit": (added('[risk]\nhedge_ratio_max = "0.4"\n'), ("ratio (0.5)", "hedge_ratio_max (0.4)")),
    "interval and cron": (
        added('[schedule]\ncycle_every_s = 30\ncron = "* * * * *"\n'),
        ("[schedule]", "cycle_every_s (30)", "exclude each other"),
    ),
    "cron wrong": (
        added('[schedule]\ncron = "99 * * * *"\n'),
        ('[schedule] cron "99 * * * *" is not a cron expression',),
    ),
    "interval zero": (added("[schedule]\ncycle_every_s = 0\n"), ("[schedule] cycle_every_s", "greater than 0")),
    "interval NaN": (added("[schedule]\ncycle_every_s = nan\n"), ("[schedule] cycle_every_s",)),
    "stablecoin hedged": (added('overrides = { USDT = "0.3" }\n'), ("overrides names USDT", "stablecoins")),
    "override out of range": (added('overrides = { ETH = "1.3" }\n'), ("[policy.size] overrides.ETH", "1.3")),
    "override and exclude": (
        added('overrides = { ETH = "0.3" }\nexclude = ["ETH"]\n'),
        ("ETH", "overrides and exclude"),
    ),
    "quote not a stablecoin": (changed('name = "family"', 'quote = "EUR"'), ('[portfolio] quote "EUR"', "stablecoins")),
    "no hedge venue": (changed('id = "binance"', 'id = "binance"\nrole = ["spot"]'), ("[[venues]]", '"hedge"')),
    "role unknown": (
        changed('id = "binance"', 'id = "binance"\nrole = ["spto"]'),
        ("[[venues]] no. 1 (binance)", "'spto'"),
    ),
    "market spot": (changed('id = "binance"', 'id = "binance"\nmarket = "spot"'), ("spot", "linear-perpetual")),
    "market and markets": (
        changed('id = "binance"', 'id = "binance"\nmarket = "linear-future"\nmarkets = ["linear-perpetual"]'),
        ("market", "markets", "exclude each other"),
    ),
    "markets mixed": (
        changed('id = "binance"', 'id = "binance"\nmarkets = ["linear-perpetual", "inverse-perpetual"]'),
        ("markets", "inverse-perpetual", "collateral differs"),
    ),
    "a future without a roll": (
        changed('id = "binance"', 'id = "binance"\nmarkets = ["linear-perpetual", "linear-future"]'),
        ("linear-future", "direct", "expiry-roll"),
    ),
    "a roll without a future": (added('[policy.place]\nrule = "expiry-roll"\n'), ("expiry-roll", "linear-future")),
    "days of a roll": (
        added('[policy.place]\nrule = "expiry-roll"\nroll_by_days = "8"\n'),
        ("roll_by_days (8)", "roll_from_days (7)"),
    ),
    "market twice": (
        changed('id = "binance"', 'id = "binance"\nmarkets = ["linear-future", "linear-future"]'),
        ("markets", "linear-future", "listed twice"),
    ),
    "margin mode": (
        changed('id = "binance"', 'id = "binance"\nmargin_mode = "crossed"'),
        ("margin_mode", "'cross'", "'crossed'"),
    ),
    "localnet elsewhere": (changed("127.0.0.1:8701", "10.0.0.1:8701"), ("localnet", "this machine", "10.0.0.1:8701")),
    "localnet without port": (changed("127.0.0.1:8701", "127.0.0.1"), ("localnet", "HOST:PORT")),
    "localnet and live": (changed('"testnet"', '"live"'), ("localnet", 'mode "live"')),
    "list instead of table": ('venues = "binance"\n' + KEYED.split("[[venues]]", maxsplit=1)[0], ("venues",)),
    "not TOML": ("mode = testnet\n", ("profile-0.toml is not valid TOML", "line 1")),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_setting_is_named_with_advice(name: str, tmp_path: Path) -> None:
    """The message names the key and the value and says what to do."""
    text, expected = BAD[name]
    said = complaint(tmp_path, text)
    for words in expected:
        assert words in said


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    """Nobody should have to run the command once per mistake."""
    text = changed('ratio = "0.5"', 'ratio = "1.4"').replace('amount = "0.5"', "amount = -1") + "[journal]\npaht = 1\n"
    said = complaint(tmp_path, text)
    assert said.startswith("3 settings cannot be used")
    assert all(word in said for word in ("ratio", "amount", "paht", "path"))


@pytest.mark.parametrize("mode", ["testnet", "live"])
def test_missing_keys_are_named(mode: str, tmp_path: Path) -> None:
    """The variables to set are written out."""
    said = complaint(tmp_path, KEYED.replace("testnet", mode))
    assert "BALLAST_VENUES__BINANCE__API_KEY and BALLAST_VENUES__BINANCE__API_SECRET" in said


def test_half_a_key_is_refused(tmp_path: Path) -> None:
    """A key without its secret is a mistake."""
    environ = {"BALLAST_VENUES__BINANCE__API_KEY": "canary-key-1"}
    said = complaint(tmp_path, KEYED, environ=environ)
    assert "belong together" in said
    assert "canary" not in said


@pytest.mark.parametrize(
    "text",
    [
        KEYED.replace('id = "binance"', 'id = "binance"\napi_secret = "canary-secret"'),
        GOOD.replace('id = "binance"', 'id = "binance"\napi_secret = "canary-secret"'),
        GOOD.replace('id = "binance"', 'id = "binance"\napi_secrte = "canary-secret"'),
        GOOD + '[watch]\nalerts = ["mailto://me:canary-pass@example.org"]\n',
        GOOD.replace('id = "binance"', 'id = "binance"\napi_key = 12345678\napi_passphrase = ["canary"]'),
    ],
)
def test_secret_in_a_profile_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    """Files are copied and committed; the message tells where secrets belong and does not show them."""
    said = complaint(tmp_path, text)
    assert "canary" not in said
    assert "12345678" not in said


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("BALLAST_RIKS__LEVERAGE_CAP", "did you mean BALLAST_RISK__LEVERAGE_CAP?"),
        ("BALLAST_RISK__LEVERAGE_CPA", "did you mean leverage_cap?"),
        ("BALLAST_VENUES__BINANSE__API_KEY", "did you mean BALLAST_VENUES__BINANCE?"),
        ("BALLAST_VENUES__BINANCE__API_KYE", "did you mean api_key?"),
        ("BALLAST_VENUES", "BALLAST_VENUES"),
    ],
)
def test_misspelt_variable_is_refused(variable: str, hint: str, tmp_path: Path) -> None:
    """A variable that would be ignored silently is an error with a hint; its value is not shown."""
    said = complaint(tmp_path, GOOD, environ={**KEYS, variable: "canary-value"})
    assert hint in said
    assert "canary" not in said


def test_without_any_profile_it_is_said_how_to_give_one() -> None:
    """And not that a venue lacks a role."""
    with pytest.raises(ConfigurationError, match="There is no profile: give one with --config FILE"):
        load_settings([], environ={}, env_file=None)
