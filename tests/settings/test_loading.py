"""Profiles, .env and environment become one value; secrets come from the right places only."""

from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.settings import Allocation, StaticRatio, load_settings
from tests.settings.profiles import GOOD, KEYED, KEYS, complaint, loaded


def test_profile_is_read_with_defaults(tmp_path: Path) -> None:
    """A short profile gets every other setting from the one default in the models."""
    settings = loaded(tmp_path, GOOD)
    assert settings.mode == "testnet"
    assert settings.holdings[0].amount == Decimal("0.5")
    assert settings.hedge_venue.id == "binance"
    assert settings.policy.size == StaticRatio(ratio=Decimal("0.5"))
    assert settings.risk.leverage_cap == Decimal(2)
    assert settings.policy.pace.band_outer == Decimal("0.05")
    assert settings.schedule.cycle_every_s == 30


def test_later_profile_wins(tmp_path: Path) -> None:
    """Tables merge key by key; lists of tables are replaced."""
    later = '[portfolio]\nquote = "USDC"\n[[holdings]]\nasset = "ETH"\namount = 4\n[risk]\norders_per_hour_max = 5\n'
    settings = loaded(tmp_path, GOOD, later)
    assert (settings.portfolio.name, settings.portfolio.quote) == ("family", "USDC")
    assert [row.asset for row in settings.holdings] == ["ETH"]
    assert settings.risk.orders_per_hour_max == 5
    assert settings.risk.order_notional_max == Decimal(25000)


def test_another_rule_does_not_inherit_parameters(tmp_path: Path) -> None:
    """A later profile that names another rule replaces the slot as a whole."""
    settings = loaded(tmp_path, GOOD, '[policy.size]\nrule = "allocation"\ncrypto_max = "0.6"\n')
    assert settings.policy.size == Allocation(rule="allocation", crypto_max=Decimal("0.6"))


def test_environment_wins_over_dotenv_and_profile(tmp_path: Path) -> None:
    """The order is profile, .env, environment."""
    (tmp_path / ".env").write_text("BALLAST_POLICY__SIZE__RATIO=0.3\nBALLAST_RISK__LEVERAGE_CAP=1.5\nOTHER=1\n")
    settings = loaded(tmp_path, GOOD, environ={"BALLAST_POLICY__SIZE__RATIO": "0.4"})
    assert isinstance(settings.policy.size, StaticRatio)
    assert settings.policy.size.ratio == Decimal("0.4")
    assert settings.risk.leverage_cap == Decimal("1.5")


def test_lists_in_the_environment_are_json(tmp_path: Path) -> None:
    """A list is written as JSON; alerts come from there."""
    alerts = '["mailto://user:canary-pass@example.org"]'
    environ = {"BALLAST_PORTFOLIO__STABLECOINS": '["USDT"]', "BALLAST_WATCH__ALERTS": alerts}
    settings = loaded(tmp_path, GOOD, environ=environ)
    assert settings.portfolio.stablecoins == ("USDT",)
    assert "canary-pass" not in repr(settings)
    assert settings.secrets()[-1] == "mailto://user:canary-pass@example.org"


def test_keys_match_the_venue_by_its_id(tmp_path: Path) -> None:
    """Keys of the environment reach the [[venues]] entry with that id and stay hidden when shown."""
    settings = loaded(tmp_path, KEYED, environ=KEYS)
    assert settings.hedge_venue.api_secret is not None
    assert settings.hedge_venue.api_secret.get_secret_value() == "canary-secret-1"
    assert "canary" not in repr(settings)
    assert "canary" not in str(settings.model_dump())


def test_dotenv_keeps_dollar_signs(tmp_path: Path) -> None:
    """A secret with a dollar sign is not expanded."""
    (tmp_path / ".env").write_text(
        "BALLAST_VENUES__BINANCE__API_KEY=a${HOME}b\nBALLAST_VENUES__BINANCE__API_SECRET=c$d\n"
    )
    assert loaded(tmp_path, KEYED).secrets() == ("a${HOME}b", "c$d")


def test_localnet_never_gets_a_real_key(tmp_path: Path) -> None:
    """With localnet the well-known keys are used, whatever the environment holds."""
    assert not any("canary" in secret for secret in loaded(tmp_path, GOOD, environ=KEYS).secrets())
    own = GOOD.replace("localnet =", 'api_key = "localnet-wrong"\napi_secret = "localnet-x"\nlocalnet =')
    assert loaded(tmp_path, own, environ=KEYS).secrets() == ("localnet-wrong", "localnet-x")


def test_keys_of_other_venues_are_left_alone(tmp_path: Path) -> None:
    """One .env may serve several profiles; a key of a known venue that is not configured is no error."""
    assert loaded(tmp_path, GOOD, environ={"BALLAST_VENUES__BYBIT__API_KEY": "x"}).mode == "testnet"


def test_dry_run_needs_no_keys(tmp_path: Path) -> None:
    """The default mode needs nothing."""
    settings = loaded(tmp_path, KEYED.replace('mode = "testnet"\n', ""))
    assert settings.mode == "dry-run"
    assert not settings.hedge_venue.has_keys


def test_live_is_confirmed_by_account(tmp_path: Path) -> None:
    """The flag or the setting must repeat the name of the account; without a name it is the portfolio's."""
    live = KEYED.replace("testnet", "live")
    assert "--confirm-live" in complaint(tmp_path, live, environ=KEYS)
    with pytest.raises(ConfigurationError, match="other"):
        loaded(tmp_path, live, environ=KEYS, confirm_live="other")
    assert loaded(tmp_path, live, environ=KEYS, confirm_live="family").mode == "live"
    named = live.replace('id = "binance"', 'id = "binance"\naccount = "main"')
    assert loaded(tmp_path, 'live_confirmation = "main"\n' + named, environ=KEYS).mode == "live"


def test_missing_profile_is_named(tmp_path: Path) -> None:
    """A profile that is not there is a sentence."""
    with pytest.raises(ConfigurationError, match=r"absent\.toml does not exist"):
        load_settings([tmp_path / "absent.toml"], environ={}, env_file=None)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """Nobody edits a setting behind the user's back."""
    with pytest.raises(ValueError, match="frozen"):
        loaded(tmp_path, GOOD).risk.leverage_cap = Decimal(3)
