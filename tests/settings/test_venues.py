"""What profiles may ask of each exchange, held to the adapter's own tables."""

from pathlib import Path

import pytest

from bot.exchange.quirks import KNOWN, quirks_of
from bot.settings.venues import OFFERS
from tests.settings.profiles import GOOD, complaint, loaded


def test_every_offered_venue_has_a_table() -> None:
    """A profile can name exactly the exchanges the adapter can speak to."""
    assert set(OFFERS) == set(KNOWN)


@pytest.mark.parametrize("venue", OFFERS)
def test_what_is_offered_is_what_the_table_can_do(venue: str) -> None:
    """Kinds of futures and the sandbox are promised only where the adapter knows its way."""
    quirks = quirks_of(venue)
    assert quirks is not None
    assert {kind.value for kind in OFFERS[venue].kinds} <= set(quirks.market_types)
    assert (OFFERS[venue].no_sandbox is None) == (quirks.sandbox != "none")
    assert OFFERS[venue].sandboxes == tuple(
        name for name in ("demo", "testnet") if quirks.sandbox != "none" and quirks.in_sandbox(name) is not None
    )
    movable = quirks.speech is None or quirks.speech.movement is not None
    assert OFFERS[venue].transfers == movable
    assert OFFERS[venue].reads_only == quirks.reads_only


@pytest.mark.parametrize("kinds", ['market = "inverse-perpetual"', 'markets = ["linear-perpetual", "linear-future"]'])
def test_bybit_carries_dated_and_coin_margined_shorts_without_moving_anything(tmp_path: Path, kinds: str) -> None:
    """Its one wallet is the collateral, so leave to move coins is refused."""
    text = GOOD.replace('id = "binance"', f'id = "bybit"\n{kinds}')
    text += '[policy.place]\nrule = "expiry-roll"\n' if "future" in kinds else ""
    assert not loaded(tmp_path, text).venues[0].tops_up
    said = complaint(tmp_path, text.replace('id = "bybit"', 'id = "bybit"\ncoin_transfers = true'))
    assert "coin_transfers = true, but Ballast cannot move collateral at bybit" in said


ONLY_READ = tuple(venue for venue, offer in OFFERS.items() if offer.reads_only)


@pytest.mark.parametrize("mode", ["testnet", "live"])
@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("venue", ONLY_READ)
def test_a_venue_that_is_only_read_serves_dry_runs_alone(venue: str, local: bool, mode: str, tmp_path: Path) -> None:
    """Any other mode is refused with what to use instead; a dry run is not."""
    text = GOOD.replace('id = "binance"', f'id = "{venue}"').replace('mode = "testnet"', f'mode = "{mode}"')
    text = text if local else text.replace('localnet = "127.0.0.1:8701"\n', "")
    said = complaint(tmp_path, text)
    assert f'{venue}: Ballast reads its market and sends nothing there, so mode "{mode}" cannot be used' in said
    assert 'mode = "dry-run"' in said
    assert "bybit" in said
    dry = text.replace(f'mode = "{mode}"', 'mode = "dry-run"')
    assert loaded(tmp_path, dry).venues[0].id == venue


def test_hyperliquid_takes_no_private_key(tmp_path: Path) -> None:
    """Its market needs none, and whoever holds it holds the wallet."""
    text = GOOD.replace('id = "binance"', 'id = "hyperliquid"').replace('localnet = "127.0.0.1:8701"\n', "")
    keys = {"BALLAST_VENUES__HYPERLIQUID__API_KEY": "canary-1", "BALLAST_VENUES__HYPERLIQUID__API_SECRET": "canary-2"}
    said = complaint(tmp_path, text.replace('mode = "testnet"', 'mode = "dry-run"'), environ=keys)
    assert "without a key" in said
    assert "canary" not in said
