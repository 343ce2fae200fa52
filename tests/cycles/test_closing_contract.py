"""A dated contract that may only be closed: what is short there is short until it ends."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain.account import Position
from bot.domain.instrument import Instrument
from bot.margin_look import look_at_margin
from bot.observe import observe
from bot.policy.expiry_roll import ExpiryRoll
from bot.policy.policy import decide
from bot.policy.scene import Memory
from tests.builders import VENUE, d, instrument, policy
from tests.cycles.desk import desk, journal
from tests.fake_venue import FakeVenue, ManualClock
from tests.futures_builders import dated

CLOSING, NEXT = replace(dated(0.02), active=False), dated(91)


@dataclass
class EndingVenue(FakeVenue):
    """The perpetual is halted, one future is about to be delivered and holds the position, the next one trades."""

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        listed = (replace(instrument(), active=False), NEXT, *(row for row in (CLOSING,) if row.symbol in held))
        return listed if "BTC" in assets else ()

    async def positions(self, symbols: Iterable[str]) -> tuple[Position, ...]:
        return tuple(replace(row, symbol=CLOSING.symbol) for row in await super().positions(symbols))


def ending() -> EndingVenue:
    """A fifth of what is owned is short where it may only be closed."""
    return EndingVenue(ManualClock(), position=d("-0.2"), futures_usdt=d(50_000))


def test_a_short_that_may_only_be_closed_is_not_opened_a_second_time(tmp_path: Path) -> None:
    """Half a coin of short is wanted: what the contracts together carry is no more than that."""
    with journal(tmp_path) as book:
        seen = asyncio.run(observe(desk(ending(), book).lookout))
    rule = ExpiryRoll(venue=VENUE)
    decision = decide(replace(policy(), place=rule, roll=rule), seen, Memory())
    wanted = {row.symbol: row.amount for row in decision.wanted}
    assert wanted[CLOSING.symbol] > 0
    assert sum(wanted.values()) <= d("0.5")
    assert [(row.leaving, row.entering, row.amount) for row in decision.rolls] == [
        (CLOSING.symbol, NEXT.symbol, d("0.2"))
    ]


def test_the_margin_look_can_shrink_what_may_only_be_closed(tmp_path: Path) -> None:
    """A position without its contract could not be judged, let alone be made smaller."""
    with journal(tmp_path) as book:
        seen = asyncio.run(look_at_margin(desk(ending(), book).lookout))
    assert seen.venue(VENUE).instrument(CLOSING.symbol) == CLOSING
