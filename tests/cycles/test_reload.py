"""What a profile that is read again may change, and what it may not."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.errors import ConfigurationError
from bot.reload import changes, refuse_lasting
from bot.settings import Settings, load_settings

PROFILE = """
mode = "testnet"
[[holdings]]
asset = "BTC"
amount = "0.5"
[[venues]]
id = "binance"
localnet = "127.0.0.1:1"
[policy.size]
rule = "static-ratio"
ratio = "0.5"
"""


@dataclass
class Profiles:
    """Two readings of one file."""

    folder: Path

    def read(self, text: str) -> Settings:
        path = self.folder / "profile.toml"
        path.write_text(text, encoding="utf-8")
        return load_settings([path], environ={}, env_file=None)


def test_a_change_is_told_by_its_key_with_both_values(tmp_path: Path) -> None:
    """So that whoever reads the line knows what is in force now."""
    read = Profiles(tmp_path).read
    found = changes(
        read(PROFILE), read(PROFILE.replace('amount = "0.5"', 'amount = "0.7"') + "[risk]\nleverage_cap = 1\n")
    )
    assert [str(row) for row in found] == ["holdings[0].amount 0.5 -> 0.7", "risk.leverage_cap 2 -> 1"]
    refuse_lasting(found)


def test_a_holding_that_is_gone_and_one_that_is_new_are_told(tmp_path: Path) -> None:
    """A list that is shorter or longer is a change as well."""
    read = Profiles(tmp_path).read
    without = PROFILE.replace('[[holdings]]\nasset = "BTC"\namount = "0.5"\n', "")
    gone = changes(read(PROFILE), read(without))
    assert "holdings[0].asset BTC -> none" in [str(row) for row in gone]
    assert "holdings[0].asset none -> BTC" in [str(row) for row in changes(read(without), read(PROFILE))]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("127.0.0.1:1", "127.0.0.1:2", "venues[0].localnet"),
        ('[[venues]]\nid = "binance"', '[[venues]]\nid = "bybit"', "venues[0].id"),
        ('mode = "testnet"', 'mode = "dry-run"', "mode"),
        ("[policy.size]", '[journal]\npath = "other.db"\n[policy.size]', "journal.path"),
    ],
)
def test_what_cannot_change_in_place_is_named_and_nothing_is_taken_over(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    """Another venue, key, mode or journal is another life; it begins with a restart."""
    read = Profiles(tmp_path).read
    found = changes(read(PROFILE), read(PROFILE.replace(old, new).replace('"0.5"\n[[', '"0.6"\n[[')))
    with pytest.raises(ConfigurationError, match="Restart") as refused:
        refuse_lasting(found)
    assert key in str(refused.value)


def test_a_new_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    """It is named by its setting only."""
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE, encoding="utf-8")
    name = "BALLAST_VENUES__BINANCE__API_KEY"
    old, new = (load_settings([path], environ={name: f"localnet-{end}"}, env_file=None) for end in ("old", "new"))
    with pytest.raises(ConfigurationError) as refused:
        refuse_lasting(changes(old, new))
    assert "venues[0].api_key" in str(refused.value)
    assert "localnet-new" not in str(refused.value)
