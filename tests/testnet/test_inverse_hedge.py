"""A coin-margined hedge through the whole bot over sockets: a crash, a rally, and no liquidation at 1x."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.record import CycleRecord, CycleStatus
from bot.flatten import flatten
from bot.sim.localnet import ACCOUNT
from bot.sim.model import WalletName
from tests.testnet.futures_stage import Stage, on_stage

COIN = "BTCUSD_PERP"
INVERSE = 'market = "inverse-perpetual"\ncoin_transfers = true'
IN_PLACE = 'market = "inverse-perpetual"'  # one wallet: the coins lie where they are collateral
CAP = 'leverage_cap = "1"'
COINS: dict[tuple[WalletName, str], Decimal] = {("spot", "BTC"): Decimal(2), ("spot", "USDT"): Decimal(10_000)}


def coins_owned(stage: Stage) -> Decimal:
    """Spot coins, and what the coin-margined account is worth in coins."""
    engine = stage.world.engine
    spot = sum(engine.wallet(ACCOUNT, "spot").get("BTC", (Decimal(0), Decimal(0))))
    margin = engine.margin(ACCOUNT, "BTC", "inverse")
    return spot + margin.wallet + margin.unrealised_pnl


def liquidations(stage: Stage) -> list[str]:
    """What the exchange's own book says about liquidations."""
    return [row.kind for row in stage.world.engine.ledger if "liquid" in row.kind]


@pytest.mark.parametrize("scenario", ["crash", "rally"])
@pytest.mark.parametrize(("venue_id", "venue"), [("binance", INVERSE), ("bybit", IN_PLACE)])
def test_a_covered_short_lives_through_anything(tmp_path: Path, venue_id: str, venue: str, scenario: str) -> None:
    """At a leverage of at most one neither -45 % nor +60 % liquidates; half of the coins stay hedged."""

    async def check(stage: Stage) -> None:
        first = await stage.cycle()
        assert first.status is CycleStatus.HEDGED, (first.notes, first.refusals)
        end = stage.world.feed.end
        records = await stage.until(end - timedelta(hours=3), timedelta(hours=3))
        assert not liquidations(stage)
        ratios = [ratio for row in records if (ratio := _ratio(row)) is not None]
        assert len(ratios) > 30
        # the profit of the short comes and goes with the price; nobody brought or took a coin
        told = [note for row in records for note in row.notes if "came in (a deposit" in note or "left (a with" in note]
        assert not told
        assert all(Decimal("0.42") < ratio < Decimal("0.58") for ratio in ratios)
        margin = stage.world.engine.margin(ACCOUNT, "BTC", "inverse")
        price = stage.world.engine.quote("inverse", COIN).mark
        owed = stage.shorts()[COIN] * 100 / price
        assert owed <= (margin.wallet + margin.unrealised_pnl) * Decimal("1.03")
        assert abs(owed / coins_owned(stage) - Decimal("0.5")) < Decimal("0.06")

    on_stage(
        check, tmp_path, scenario=scenario, venue=venue, venue_id=venue_id, place='rule = "direct"', risk=CAP,
        portfolio=COINS,
    )  # fmt: skip


def _ratio(record: CycleRecord) -> Decimal | None:
    """Coins short over coins owned, as the bot saw them."""
    if record.snapshot is None or not record.exposures:
        return None
    (view,) = record.snapshot.venues
    short = sum((-row.coins for row in view.positions), Decimal(0))
    return short / record.exposures[0].amount


def test_without_leave_no_coin_moves_and_the_note_says_what_is_missing(tmp_path: Path) -> None:
    """Moving coins to the margin wallet is the owner's decision."""

    async def check(stage: Stage) -> None:
        record = await stage.cycle()
        assert record.status is CycleStatus.REFUSED
        assert any("BTC more would carry all of it" in row.reason for row in record.refusals)
        assert stage.shorts() == {}

    on_stage(
        check, tmp_path, scenario="calm", venue='market = "inverse-perpetual"', place='rule = "direct"', risk=CAP,
        portfolio=COINS,
    )  # fmt: skip


@pytest.mark.parametrize(("venue_id", "venue"), [("binance", INVERSE), ("bybit", IN_PLACE)])
def test_flatten_closes_every_contract_and_leaves_the_coins(tmp_path: Path, venue_id: str, venue: str) -> None:
    """To the last contract; what is lost is fees."""

    async def check(stage: Stage) -> None:
        await stage.cycle()
        assert stage.shorts()[COIN] > 0
        record = await flatten(stage.desk, verify=True)
        assert record.status is CycleStatus.HEDGED
        assert stage.shorts() == {}
        assert coins_owned(stage) > Decimal("1.99")

    on_stage(
        check, tmp_path, scenario="calm", venue=venue, venue_id=venue_id, place='rule = "direct"', risk=CAP,
        portfolio=COINS,
    )  # fmt: skip
