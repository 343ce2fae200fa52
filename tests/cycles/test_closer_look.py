"""What is looked at again after acting adds up with what was there before."""

import asyncio
from pathlib import Path

from bot.cycle import run_cycle
from bot.domain.portfolio import value_portfolio
from tests.builders import d
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock


def test_what_was_moved_to_the_futures_wallet_is_counted_once_in_the_record(tmp_path: Path) -> None:
    """The cycle moves cash from spot and shows the same wealth as before, not the moved part twice."""
    fake = FakeVenue(ManualClock(), futures_usdt=d(0))
    owned = fake.spot_btc * fake.price + fake.spot_usdt
    with journal(tmp_path) as book:
        record = asyncio.run(run_cycle(desk(fake, book)))
    assert fake.moved, "nothing was moved"
    assert record.snapshot is not None
    assert value_portfolio(record.snapshot, quote="USDT", stablecoins=("USDT",)).total == owned
    assert {row.asset: row.total for row in record.snapshot.venues[0].balances}["USDT"] == fake.spot_usdt
