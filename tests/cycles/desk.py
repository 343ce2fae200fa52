"""A desk around the fake venue, with a real journal file."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

from bot.cycle import Desk
from bot.domain.ports import Venue
from bot.execution.journal import Journal
from bot.execution.settlement import Hands
from bot.observe import Lookout, Watched
from bot.upkeep import Mind
from tests.builders import VENUE, collateral_rule, d, margin_limits, order_rule, policy, risk_limits
from tests.fake_venue import FakeVenue, ManualClock


def journal(folder: Path) -> Journal:
    return Journal.open(folder / "ballast.db", new_id="0123456789abcdef")


def entered(*venues: Venue) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """Open every venue; all of them answer."""

    async def enter() -> Mapping[str, str]:
        for venue in venues:
            await venue.connect()
        return {}

    return enter


def desk(fake: FakeVenue, book: Journal) -> Desk:
    clock: ManualClock = fake.clock
    venue = cast("Venue", fake)
    return Desk(
        mode="testnet",
        portfolio="family",
        mind=Mind(
            policy=policy(),
            limits=risk_limits(),
            margin=margin_limits(),
            orders=order_rule(),
            collateral={VENUE: collateral_rule()},
        ),
        lookout=Lookout(
            watched=(Watched(venue=venue, counts_spot=True, hedges=True),),
            external=(),
            quote="USDT",
            stablecoins=frozenset({"USDT", "USDC"}),
            excluded=frozenset(),
            price_age_max=timedelta(seconds=30),
            clock=clock,
        ),
        hands=Hands(venues={VENUE: venue}, journal=book, clock=clock),
        enter=entered(venue),
        balance_jump_max=d("0.5"),
    )
