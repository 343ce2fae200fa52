"""Finding out how sent intents ended, by asking the venue; also the whole of crash recovery.

An order is proved absent only by two validated "no such order" answers some seconds apart, both after the time in which
the request could still take effect, with a position that shows nothing of it. Anything less stays unknown.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import FINAL_STATUSES, ZERO, Order, OrderStatus, Side
from bot.domain.errors import BallastError, Unavailable
from bot.domain.figures import expiry_of
from bot.domain.intent import (
    Ending,
    Intent,
    LeverageIntent,
    MarginModeIntent,
    OrderIntent,
    Outcome,
    TransferIntent,
    describe,
)
from bot.domain.ports import Clock, Venue
from bot.execution.journal import Journal, KnownPosition, OpenIntent
from bot.execution.recollection import filled_since
from bot.execution.stranded import within_reach

BETWEEN_ABSENCES = timedelta(seconds=2)
CLOCK_SKEW = timedelta(seconds=5)
CONTRADICTION_MAX = timedelta(minutes=15)
BETWEEN_CONTRADICTIONS = timedelta(minutes=1)
CONTRADICTED_ABSENCES = 2  # the first denial, and the one beside a trade nobody explained
CANCELLING = "cancel.sent"
CONTRADICTION = "settlement.contradiction"
CONTRADICTED = "the venue says it does not know this order, yet the position is not what Ballast's own fills led to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What settling and applying work with."""

    venues: Mapping[str, Venue]
    journal: Journal
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What settling learned. `open` are the intents whose outcome is still unknown at a venue that can be asked."""

    outcomes: tuple[Outcome, ...]
    open: tuple[OpenIntent, ...]
    notes: tuple[str, ...]


async def settle(hands: Hands) -> Settlement:
    """Look up every intent that is not settled. A venue that cannot be reached leaves its intents open."""
    outcomes: list[Outcome] = []
    notes: list[str] = []
    for row in hands.journal.open_intents():
        venue = hands.venues.get(row.intent.venue)
        if venue is None:
            continue  # `stranded` speaks of it
        try:
            outcome = await _settle_one(row, venue, hands)
        except Unavailable as error:
            notes.append(f"{row.intent.id} could not be settled yet: {error}{_way_out(row.intent, venue.now())}")
            continue
        if outcome is None:
            notes.append(f"{row.intent.id} is not settled yet: {describe(row.intent)} may still show up at {venue.id}")
        else:
            outcomes.append(outcome)
            notes.append(f"{row.intent.id} of an earlier run settled: {outcome.ending.value}, {outcome.detail}")
    still = within_reach(hands.journal.open_intents(), hands.venues)
    return Settlement(outcomes=tuple(outcomes), open=still, notes=tuple(notes))


def contradicted(journal: Journal) -> list[str]:
    """The order a venue says it does not know, although it shows a trade nobody else accounts for; until re-armed."""
    told = journal.setting(CONTRADICTION)
    return [told] if told else []


async def _settle_one(row: OpenIntent, venue: Venue, hands: Hands) -> Outcome | None:
    match row.intent:
        case OrderIntent():
            return await _settle_order(row, row.intent, venue, hands)
        case TransferIntent():
            return await _settle_transfer(row, row.intent, venue, hands)
        case LeverageIntent() | MarginModeIntent():
            return await _settle_setting(row.intent, venue, hands)


async def _settle_order(row: OpenIntent, intent: OrderIntent, venue: Venue, hands: Hands) -> Outcome | None:
    order = await venue.order_by_client_id(intent.symbol, row.client_id)
    if order is None:
        return await _absent_order(row, intent, venue, hands)
    if order.status not in FINAL_STATUSES:
        order = await _end_order(intent, row.client_id, venue, hands.journal)
    if order is None or order.status not in FINAL_STATUSES:
        return None
    return close_order(intent, order, hands)


async def _end_order(intent: OrderIntent, client_id: str, venue: Venue, journal: Journal) -> Order | None:
    """Our orders are immediate-or-cancel: one that still rests is cancelled, and only a look tells how it ended.

    Raises: JournalError when the cancel could not be written down before; then it is not sent.
    """
    journal.note(venue.now(), CANCELLING, f"{intent.id} still rests: cancelling {describe(intent)} at {venue.id}")
    # The order may have ended by itself in between, or the cancel may be lost: the look below decides.
    with suppress(BallastError):
        await venue.cancel_order(intent.symbol, client_id)
    return await venue.order_by_client_id(intent.symbol, client_id)


async def _absent_order(row: OpenIntent, intent: OrderIntent, venue: Venue, hands: Hands) -> Outcome | None:
    now = venue.now()
    if now < row.sent_at + timedelta(seconds=venue.settle_after_s) + CLOCK_SKEW:
        return None
    if row.absent_at is None or now < row.absent_at + BETWEEN_ABSENCES:
        if row.absent_at is None:
            hands.journal.record_absence(intent.id, now)
        return None
    positions = await venue.positions((intent.symbol,))
    held = next((position.amount for position in positions if position.symbol == intent.symbol), ZERO)
    fills = await venue.fills(intent.symbol, row.sent_at - CLOCK_SKEW)
    known = _known_position(hands, intent.venue, intent.symbol)
    moved = held - (known.amount if known is not None else row.position_before or ZERO)
    if _delivered(intent.symbol, now):
        moved = ZERO  # the delivery took the position away, which says nothing of this order
    # A position that moved the way of this one is a contradiction; what other orders of ours filled says nothing of it.
    traded = sum((fill.amount for fill in fills if fill.side is intent.side), ZERO)
    others = filled_since(hands.journal, intent, row.sent_at - CLOCK_SKEW)
    its_way = moved < 0 if intent.side is Side.SELL else moved > 0
    if moved != 0 or traded != others:
        # The time may have passed in one outage, so a look before this one must have seen the same.
        if row.absences < CONTRADICTED_ABSENCES:
            hands.journal.record_absence(intent.id, now)
            return None
        if now < max(row.sent_at + CONTRADICTION_MAX, row.absent_at + BETWEEN_CONTRADICTIONS):
            return None
    words = CONTRADICTED if its_way else "it never reached the venue (looked up twice, nothing of it traded)"
    outcome = _ended(intent.id, Ending.ABSENT, words)
    if its_way:  # kept first: once the order is settled nobody looks at it again
        hands.journal.set_setting(CONTRADICTION, f"{intent.id}: {CONTRADICTED}")
    hands.journal.record_outcome(outcome, now)
    return outcome


async def _settle_transfer(row: OpenIntent, intent: TransferIntent, venue: Venue, hands: Hands) -> Outcome | None:
    now = venue.now()
    for transfer in await venue.transfers(row.sent_at - CLOCK_SKEW):
        if (
            transfer.currency == intent.currency
            and transfer.amount == intent.amount
            and transfer.source is intent.source
            and transfer.target is intent.target
        ):
            if not transfer.done:
                return None
            outcome = _ended(intent.id, Ending.DONE, f"transfer {transfer.transfer_id}", filled=intent.amount)
            hands.journal.record_outcome(outcome, now)
            return outcome
    if now < row.sent_at + timedelta(seconds=venue.settle_after_s) + CLOCK_SKEW:
        return None
    if row.absent_at is None or now < row.absent_at + BETWEEN_ABSENCES:
        if row.absent_at is None:
            hands.journal.record_absence(intent.id, now)
        return None
    outcome = _ended(intent.id, Ending.ABSENT, "the venue lists no such transfer")
    hands.journal.record_outcome(outcome, now)
    return outcome


async def _settle_setting(intent: LeverageIntent | MarginModeIntent, venue: Venue, hands: Hands) -> Outcome | None:
    if _delivered(intent.symbol, venue.now()):
        outcome = _ended(intent.id, Ending.ABSENT, "the contract has been delivered, so nothing depends on it")
        hands.journal.record_outcome(outcome, venue.now())
        return outcome
    settings = await venue.settings((intent.symbol,))
    current = next((row for row in settings if row.symbol == intent.symbol), None)
    if current is None:
        return None
    if isinstance(intent, LeverageIntent):
        done = current.leverage == intent.leverage
    else:
        done = current.margin_mode is intent.margin_mode
    detail = f"the venue shows {current.margin_mode.value} margin at {current.leverage}x"
    outcome = _ended(intent.id, Ending.DONE if done else Ending.ABSENT, detail)
    hands.journal.record_outcome(outcome, venue.now())
    return outcome


def _delivered(symbol: str, now: datetime) -> bool:
    ends_at = expiry_of(symbol)
    return ends_at is not None and ends_at <= now


def _way_out(intent: Intent, now: datetime) -> str:
    """What a person can do about an order in a contract that a venue may never speak of again."""
    if not isinstance(intent, OrderIntent) or not _delivered(intent.symbol, now):
        return ""
    return (
        f" The contract has been delivered. If this goes on, look there yourself and then run "
        f"`ballast resume --abandon {intent.id}`"
    )


def close_order(intent: OrderIntent, order: Order, hands: Hands) -> Outcome:
    """Book a final order: outcome and expected position in one commit."""
    now = hands.venues[intent.venue].now()
    match order.status:
        case OrderStatus.REJECTED:
            ending = Ending.REFUSED
        case _ if order.filled >= intent.amount:
            ending = Ending.FILLED
        case _:
            ending = Ending.PARTIAL if order.filled > 0 else Ending.NOTHING
    price = f" at {order.average_price}" if order.average_price is not None else ""
    outcome = Outcome(
        intent_id=intent.id,
        ending=ending,
        filled=order.filled,
        average_price=order.average_price,
        fee=None,
        detail=f"{intent.side.value} {order.filled.normalize():f} of {intent.amount.normalize():f}{price}",
        at=order.at or now,
    )
    position = None
    if order.filled > 0:
        before = _known_position(hands, intent.venue, intent.symbol)
        signed = order.filled if intent.side is Side.BUY else -order.filled
        if before is not None:
            # Dated by the venue, as positions are: our own idea of its time may lie behind a change that came before.
            traded_at = min(order.at or now, now + CLOCK_SKEW)
            position = replace(before, amount=before.amount + signed, changed_at=max(before.changed_at, traded_at))
    hands.journal.record_outcome(outcome, now, position)
    return outcome


def _known_position(hands: Hands, venue: str, symbol: str) -> KnownPosition | None:
    for known in hands.journal.known_positions():
        if known.venue == venue and known.symbol == symbol:
            return known
    return None


def _ended(intent_id: str, ending: Ending, detail: str, *, filled: Decimal = ZERO) -> Outcome:
    return Outcome(intent_id=intent_id, ending=ending, filled=filled, average_price=None, fee=None, detail=detail)
