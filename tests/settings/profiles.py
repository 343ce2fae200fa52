"""Builders of profiles for the tests of settings."""

from collections.abc import Mapping
from pathlib import Path

from bot.domain.errors import ConfigurationError
from bot.settings import Settings, load_settings

GOOD = """
mode = "testnet"

[portfolio]
name = "family"

[[holdings]]
asset = "BTC"
amount = "0.5"
label = "cold wallet"

[[venues]]
id = "binance"
localnet = "127.0.0.1:8701"

[policy.size]
rule = "static-ratio"
ratio = "0.5"
"""

KEYED = GOOD.replace('localnet = "127.0.0.1:8701"\n', "")
KEYS = {"BALLAST_VENUES__BINANCE__API_KEY": "canary-key-1", "BALLAST_VENUES__BINANCE__API_SECRET": "canary-secret-1"}


def loaded(
    directory: Path, *texts: str, environ: Mapping[str, str] | None = None, confirm_live: str | None = None
) -> Settings:
    """Write the profiles and load them without the environment of the machine."""
    paths = []
    for place, text in enumerate(texts):
        path = directory / f"profile-{place}.toml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return load_settings(paths, environ=environ or {}, env_file=directory / ".env", confirm_live=confirm_live)


def complaint(directory: Path, *texts: str, environ: Mapping[str, str] | None = None) -> str:
    """What is said about profiles that must be refused."""
    try:
        loaded(directory, *texts, environ=environ)
    except ConfigurationError as error:
        return str(error)
    raise AssertionError("the profile was accepted")
