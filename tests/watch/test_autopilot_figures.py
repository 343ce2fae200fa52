"""What is shown of the margin is what the autopilot acts on, also where a venue tells only half of it."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from bot.cycle import run_cycle
from bot.domain.account import MarginAccount
from bot.domain.figures import nearest_liquidation
from bot.domain.published import published
from bot.domain.record import CycleRecord
from bot.logs import cycle_line
from bot.risk.margin import pools
from bot.watch.panels import shorts
from bot.watch.sight import shown, sight
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


class Silent(FakeVenue):
    """A venue that tells no maintenance margin, as WEEX, BingX and MEXC do."""

    async def margin_accounts(self) -> tuple[MarginAccount, ...]:
        return tuple(replace(row, maintenance=Decimal(0)) for row in await super().margin_accounts())


def _hedged(fake: FakeVenue, folder: Path) -> CycleRecord:
    with journal(folder) as book:
        return asyncio.run(run_cycle(desk(fake, book)))


def test_page_line_and_autopilot_know_one_distance(tmp_path: Path) -> None:
    """The rise that liquidates, judged once."""
    record = _hedged(FakeVenue(ManualClock()), tmp_path)
    assert record.snapshot is not None
    (pool,) = pools(record.snapshot.venues[0])
    seen = sight(shown(record))
    assert 0 < pool.distance < 2
    assert nearest_liquidation(record) == pool.distance == seen.distance == seen.margins[0].distance


def test_a_maintenance_nobody_tells_is_that_of_the_tiers(tmp_path: Path) -> None:
    """Without it liquidation looked further away than it is, and the table said zero."""
    record = _hedged(Silent(ManualClock()), tmp_path)
    told = Decimal(published(record)["margin"][0]["maintenance"])
    assert told > 0
    assert record.snapshot is not None
    margin = record.snapshot.venues[0].margins[0]
    bound = sum(row.notional for row in record.snapshot.venues[0].positions)
    distance = nearest_liquidation(record)
    assert distance is not None
    assert distance < margin.equity / bound - Decimal("0.001")
    assert "by tiers" in shorts(sight(shown(record)))
    assert "by tiers" not in shorts(sight(shown(_hedged(FakeVenue(ManualClock()), tmp_path / "told"))))
    assert f"{distance:.1%}" in cycle_line(record) or f"{distance:.0%}" in cycle_line(record)
