"""Positions that are not what our own fills led to: when they are adopted, and when nothing may be concluded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.account import Position
from bot.domain.errors import Stale
from bot.domain.snapshot import Snapshot
from bot.execution.journal import KnownPosition
from bot.surprises import surprises
from tests.builders import ETH, NOW, VENUE, d, mark, position, snapshot, view


def left(asset: str = "SOL", amount: str = "-216.47") -> KnownPosition:
    """What Ballast left a quarter of an hour ago."""
    changed_at = NOW - timedelta(minutes=15)
    return KnownPosition(venue=VENUE, symbol=f"{asset}/USDT:USDT", asset=asset, amount=d(amount), changed_at=changed_at)


def named(name: str, amount: str = "-216.47", price: str = "145.17") -> Position:
    """A position under a name of the venue's own."""
    return replace(position(amount=amount, price=price), symbol=name)


def shown(*positions: Position, frozen: Mapping[str, str] | None = None, **marks: str) -> Snapshot:
    seen = view(positions=positions, marks=tuple(mark(coin, price) for coin, price in marks.items()))
    return snapshot(replace(seen, frozen=frozen or {}))


@pytest.mark.parametrize(
    "seen",
    [
        shown(named("ETHUSDT"), SOL="145.2"),
        shown(named("ETHUSDT", amount="-200"), SOL="145.2"),
        shown(named("ETHUSDT")),
        shown(named(ETH), SOL="145.2", ETH="1", frozen={ETH: "not a price"}),
    ],
    ids=["no such market", "changed meanwhile", "margin alone", "a mark that is doubted"],
)
def test_a_short_that_may_stand_under_another_name_is_not_taken_for_closed(seen: Snapshot) -> None:
    """In a market without a believable mark nothing but size and price can tell whose position it is."""
    with pytest.raises(Stale, match="may be the same"):
        surprises(seen, [left()])


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        (shown(SOL="145.2"), [left()]),
        (shown(named("XRPUSDT", amount="-9000", price="2.4"), SOL="145.2"), [left()]),
        (shown(named("ETHUSDT", amount="216.47"), SOL="145.2"), [left()]),
        (shown(named("SOL/USDC:USDC"), SOL="145.2"), [left()]),
        (shown(named(ETH, "-5", "3000"), SOL="145.2", ETH="3000"), [left()]),
        (
            shown(named(ETH, "-5", "3000"), BTC="3010", frozen={ETH: "old"}),
            [left("BTC", "-5"), left("ETH", "-5")],
        ),
    ],
    ids=["nothing else", "another price", "a long", "the same coin elsewhere", "its own price", "ours as well"],
)
def test_a_short_that_is_gone_is_adopted_as_gone(seen: Snapshot, known: list[KnownPosition]) -> None:
    """Somebody closed it, and whatever else lies there cannot be it."""
    found = surprises(seen, known)
    assert [(row.known, row.seen) for row in found] == [(known[0], d(0))]
