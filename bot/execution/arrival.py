"""Whether a cycle got where it was meant to go."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.domain.account import ZERO, Side
from bot.domain.hedge import Roll, Target
from bot.domain.intent import Intent, OrderIntent, Outcome
from bot.domain.snapshot import Snapshot
from bot.execution.planner import moving


class Tried(Protocol):
    """What a cycle set out to do."""

    @property
    def steps(self) -> Sequence[Target]:
        """The shorts to hold."""

    @property
    def rolls(self) -> Sequence[Roll]:
        """What moves from one contract to another."""


def arrived(
    tried: Tried,
    snapshot: Snapshot,
    intents: Sequence[Intent],
    outcomes: Sequence[Outcome],
) -> bool:
    """Tell whether every step got where it was meant to go, up to what the venue would not take as an order.

    A roll that waits for a better price is where it should be; one that was begun is not before it is finished.
    """
    filled: dict[tuple[str, str], Decimal] = {}
    by_id = {row.id: row for row in intents}
    for outcome in outcomes:
        intent = by_id[outcome.intent_id]
        if isinstance(intent, OrderIntent):
            sign = 1 if intent.side is Side.BUY else -1
            key = (intent.venue, intent.symbol)
            filled[key] = filled.get(key, ZERO) + sign * outcome.filled
    begun = {intent.symbol for intent in intents if isinstance(intent, OrderIntent)}
    if any(row.leaving in begun and filled.get((row.venue, row.leaving), ZERO) < row.amount for row in tried.rolls):
        return False
    rolled = {(row.venue, symbol) for row in tried.rolls for symbol in (row.leaving, row.entering)}
    for step in moving(tried.steps, snapshot):
        if (step.venue, step.symbol) in rolled:
            continue
        view = snapshot.venue(step.venue)
        instrument, mark = view.instrument(step.symbol), view.mark(step.symbol)
        left = abs(-step.amount - view.amount(step.symbol) - filled.get((step.venue, step.symbol), ZERO))
        if instrument is None or mark is None or instrument.tradable(left, mark.mark_price):
            return False
    return True
