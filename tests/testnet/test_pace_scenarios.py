"""The pace rules through weeks of weather: where they earn their place, and where they must not fire.

`pytest -s` prints the figures.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.domain.record import CycleRecord
from bot.sim.engine import Engine
from bot.sim.localnet import ACCOUNT
from bot.sim.model import WalletName
from tests.testnet.rehearsal import Play, Rehearsal, rehearse

ALLOCATION = '[policy.size]\nrule = "allocation"\ncrypto_max = "0.4"\n\n[policy.pace]\n'
STATIC = '[policy.size]\nrule = "static-ratio"\nratio = "0.5"\n\n[policy.pace]\n'
STABLE: dict[tuple[WalletName, str], Decimal] = {
    ("spot", "USDT"): Decimal(30_000),
    ("futures", "USDT"): Decimal(20_000),
}
ONE_BITCOIN = {("spot", "BTC"): Decimal(1), **STABLE}
SMALL_COINS = {("spot", "LINK"): Decimal(3_000), **STABLE}
WEATHER = Play(scenario="crash-and-rally", policy="", portfolio=ONE_BITCOIN, days=20, every=timedelta(hours=6))


def shown(*rows: tuple[str, Rehearsal]) -> None:
    for name, row in rows:
        print(row.line(name))  # noqa: T201 - the figures are for people
        assert row.troubles == []


def reasons(record: CycleRecord) -> str:
    return " ".join(reason for row in record.targets for reason in row.reasons)


def test_the_cost_band_trades_less_in_a_dear_market_and_protects_as_well(tmp_path: Path) -> None:
    """A small coin at 25 bp through a rise, a crash of 45 % and a rebound: a quarter less traded, the same fall."""
    play = replace(WEATHER, portfolio=SMALL_COINS)
    fixed = rehearse(tmp_path / "fixed", replace(play, policy=ALLOCATION))
    cost = rehearse(tmp_path / "cost", replace(play, policy=ALLOCATION + 'band = "cost"\ntrading_cost = "0.0025"'))
    shown(("fixed edges 5 % and 2 %", fixed), ("cost band", cost))
    assert cost.turnover < fixed.turnover * Decimal("0.8")
    assert cost.tracking_error < 0.04
    assert abs(cost.worst_fall - fixed.worst_fall) < Decimal("0.005")


def test_a_constant_ratio_gives_the_cost_band_nothing_to_do(tmp_path: Path) -> None:
    """Half of every coin short, whatever the price does: through the crash nothing is traded after the opening."""
    calm = rehearse(tmp_path, replace(WEATHER, policy=STATIC + 'band = "cost"', days=15))
    shown(("constant ratio, cost band", calm))
    assert calm.trades == []
    assert calm.tracking_error < 0.005


def test_waiting_for_levels_spares_trades_that_the_market_takes_back(tmp_path: Path) -> None:
    """The same weather: steps wait for levels, some are never needed, and the hedge still follows."""
    fixed = rehearse(tmp_path / "fixed", replace(WEATHER, policy=ALLOCATION))
    timed = rehearse(tmp_path / "timed", replace(WEATHER, policy=ALLOCATION + 'timing = "volume-profile"'))
    shown(("fixed edges", fixed), ("with volume profile", timed))
    waited = [row for row in timed.records if "waits for a level" in reasons(row)]
    assert waited
    assert timed.turnover < fixed.turnover
    assert timed.tracking_error < 0.04
    assert abs(timed.worst_fall - fixed.worst_fall) < Decimal("0.01")


def test_a_limit_does_not_wait_for_a_level(tmp_path: Path) -> None:
    """Two thirds of the coins leave: the short follows as soon as they are no longer in transit, level or not."""

    def leave(number: int, engine: Engine) -> None:
        if number == 10:
            engine.withdraw(ACCOUNT, "spot", "BTC", Decimal("0.65"))

    policy = STATIC + 'timing = "volume-profile"\nsustained_s = 86400\ncooldown_s = 86400'
    play = replace(WEATHER, policy=policy, days=1, every=timedelta(hours=1), happens=leave)
    done = rehearse(tmp_path, play)
    after = {
        row.at - done.records[10].at: row.snapshot.venue("binance").amount("BTC/USDT:USDT")
        for row in done.records[10:]
        if row.snapshot
    }
    # an hour in transit, and a cycle that believes it; profile, timer and cooldown would have taken half a day and more
    assert any(Decimal("-0.35") <= short < 0 for passed, short in after.items() if passed <= timedelta(hours=3)), after
    assert any("cut at once" in reasons(row) for row in done.records[10:15])


def test_patience_spares_growth_that_the_market_takes_back(tmp_path: Path) -> None:
    """A narrow band through a rise, a crash and a rebound: half a day of patience against none."""
    narrow = ALLOCATION + 'band_outer = "0.02"\nband_inner = "0.01"\n'
    hasty = rehearse(tmp_path / "hasty", replace(WEATHER, policy=narrow))
    patient = rehearse(
        tmp_path / "patient", replace(WEATHER, policy=narrow + 'sustained_s = 43200\nsustained_bypass = "4"')
    )
    shown(("no patience", hasty), ("sustained for 12 h", patient))
    assert len(patient.trades) < len(hasty.trades)
    assert patient.tracking_error < hasty.tracking_error + 0.01
    assert abs(patient.worst_fall - hasty.worst_fall) < Decimal("0.01")
