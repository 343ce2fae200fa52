"""Looking at the margin alone: for the cycle that cannot see the rest of the picture, and between two cycles."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.domain.account import Balance, Price
from bot.domain.errors import BallastError, Stale, Unavailable
from bot.domain.history import NO_HISTORY, History
from bot.domain.snapshot import Snapshot, VenueView
from bot.observe import Lookout, Watched, with_strangers
from bot.risk.autopilot import Level, Protection
from bot.risk.peg import pegged
from bot.risk.plausible import doubtful_symbols, doubts_about_account
from bot.upkeep import Mind, look_after, margin_caps

ONE = Decimal(1)
WORSE_BY = Decimal("0.02")


async def look_at_margin(lookout: Lookout, history: History = NO_HISTORY) -> Snapshot:
    """Only what the margin hangs on: positions, collateral, tiers, marks of what is open; spot cash if it can be read.

    Raises: Unavailable or Stale when even that cannot be had or believed. Nothing was changed.
    """
    hedging = [row for row in lookout.watched if row.hedges]
    views = [await _checked(row, lookout) for row in hedging]
    prices: dict[str, Price] = {}
    if lookout.peg_reference is not None:
        for row in hedging:
            with suppress(Unavailable):
                told = await row.venue.prices({lookout.peg_reference}, lookout.quote)
                prices.update({price.asset: price for price in told})
    worth = pegged(prices, lookout.quote, lookout.stablecoins, lookout.peg_reference, lookout.clock.now())
    return Snapshot(at=lookout.clock.now(), holdings=(), prices=worth, venues=tuple(views), history=history)


async def _checked(row: Watched, lookout: Lookout) -> VenueView:
    balances: tuple[Balance, ...] = ()
    with suppress(Unavailable):  # without them nothing is counted on as top-up
        balances = await row.venue.balances()
    view = await with_strangers(replace(await _glance(row), balances=balances), row.venue, lookout)
    doubts = doubts_about_account(view)
    frozen = doubtful_symbols(view, lookout.price_age_max, lookout.ahead_max)
    if frozen and all(position.symbol in frozen for position in view.positions):
        doubts += frozen.values()
    if doubts:
        raise Stale("; ".join(doubts))
    return replace(view, frozen=frozen)


async def _glance(row: Watched) -> VenueView:
    """Positions and collateral, two questions."""
    venue = row.venue
    at = venue.now()
    positions, margins = await asyncio.gather(venue.positions(()), venue.margin_accounts())
    return VenueView(
        venue=venue.id,
        at=at,
        instruments=(),
        balances=(),
        margins=margins,
        positions=positions,
        marks=(),
        funding=(),
        settings=(),
        open_orders=(),
        brackets={},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """How bad it is: the worst level of all pools, and the least share of a short that may stay."""

    level: Level = Level.OK
    keep: Decimal = ONE
    words: str = ""

    def worse_than(self, other: "Urgency") -> bool:
        """Whether it became worse by more than a tremor."""
        return self.level > other.level or self.keep < other.keep - WORSE_BY


def urgency(protections: Sequence[Protection]) -> Urgency:
    """The worst of several judgements."""
    worst = max(protections, key=lambda row: (row.level, -row.keep), default=None)
    if worst is None:
        return Urgency()
    return Urgency(level=worst.level, keep=worst.keep, words=f"{worst.pool.name}: {', '.join(worst.reasons)}")


class MarginWatch:
    """Looks between two cycles, cheaply, and raises the alarm when the margin is worse than the last cycle left it.

    `left` is what the last cycle saw at its end; None when it saw nothing, so that any trouble is news.
    """

    def __init__(self, mind: Mind, lookout: Lookout, left: Snapshot | None) -> None:
        self._mind = mind
        self._lookout = lookout
        self._history = left.history if left is not None else NO_HISTORY
        self._worth: Mapping[str, Price] = left.prices if left is not None else {}
        self._left = self._judge(left) if left is not None else Urgency()

    async def alarm(self) -> str | None:
        """Why the next cycle should begin now; None when it may wait, also when the venue does not answer."""
        try:
            views = [await self._seen(row) for row in self._lookout.watched if row.hedges]
        except BallastError:
            return None
        now = self._judge(
            Snapshot(
                at=self._lookout.clock.now(),
                holdings=(),
                prices=self._worth,
                venues=tuple(views),
                history=self._history,
            )
        )
        return now.words if now.worse_than(self._left) and now.level > Level.WARN else None

    async def _seen(self, row: Watched) -> VenueView:
        """Without marks of their own: the positions carry theirs, and only a whole cycle acts."""
        view = await _glance(row)
        if not view.positions:
            return view
        symbols = tuple(position.symbol for position in view.positions)
        bases = frozenset(symbol.split("/", 1)[0] for symbol in symbols)
        listed, brackets = await asyncio.gather(row.venue.instruments(bases, symbols), row.venue.brackets(symbols))
        return replace(view, instruments=tuple(one for one in listed if one.symbol in symbols), brackets=brackets)

    def _judge(self, snapshot: Snapshot) -> Urgency:
        known = {view.venue for view in snapshot.venues}
        rules = {venue: rule for venue, rule in self._mind.collateral.items() if venue in known}
        bare = tuple(replace(view, balances=()) for view in snapshot.venues)  # cash at hand is the cycle's affair
        seen = replace(snapshot, venues=bare)
        mind = replace(self._mind, collateral=rules)
        return urgency(look_after(mind, seen, margin_caps(mind, seen)))
