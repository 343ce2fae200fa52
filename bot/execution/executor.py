"""The only code that changes anything at a venue: journal, send, settle, one intent at a time."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from bot.domain.account import FINAL_STATUSES, ZERO, Fill, Order, OrderStatus, Wallet
from bot.domain.errors import (
    AlreadyExists,
    BallastError,
    Forbidden,
    JournalError,
    Refused,
    Unavailable,
    Unknown,
    Unrecorded,
)
from bot.domain.figures import counted_in
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
from bot.domain.ports import Venue
from bot.domain.snapshot import Snapshot
from bot.execution.client_id import client_id
from bot.execution.journal import Journal, KnownPosition
from bot.execution.settlement import CLOCK_SKEW, Hands, close_order
from bot.risk.check import ApprovedPlan

DECIDED_MAX = timedelta(seconds=60)
LOOKS = 3
BETWEEN_LOOKS_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of an approved plan: how the sent intents ended, and why others were not sent.

    `dropped` says that the rest of it was given up because it had become old.
    """

    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    dropped: bool = False


async def apply(
    approved: ApprovedPlan,
    snapshot: Snapshot,
    hands: Hands,
    *,
    fresh_for: timedelta = DECIDED_MAX,
    looked_at_s: float | None = None,
) -> Applied:
    """Carry out an approved plan.

    An unknown outcome stops it; what relies on a refused or unfilled step is left out. A machine that slept meanwhile
    finds the market elsewhere: what was decided longer than `fresh_for` ago is not sent any more, be it by the wall
    clock or by the one nobody can set, which stood at `looked_at_s` when the account was looked at.

    Raises: JournalError when the first intent could not be committed, and nothing was sent; Unrecorded when the journal
    failed after something was sent.
    """
    outcomes: list[Outcome] = []
    sent: list[Intent] = []
    failed, dropped = _Failed(), False
    for intent in approved.intents:
        if failed.holds_back(intent):
            continue
        waited = hands.clock.now() - snapshot.at
        if looked_at_s is not None:
            waited = max(waited, timedelta(seconds=hands.clock.monotonic() - looked_at_s))
        if waited > fresh_for:
            dropped = True
            failed.notes.append(
                f"{describe(intent)} and what follows were not sent: {waited.total_seconds():.0f} s have passed since "
                "it was decided (a machine that slept, or a clock that was set); the next cycle looks anew"
            )
            break
        try:
            outcome = await _carry_out(intent, snapshot, hands, sent)
        except JournalError as error:
            raise _unrecorded(error, sent, hands) if sent else error from None
        outcomes.append(outcome)
        if not outcome.final:
            break
        if outcome.ending not in (Ending.FILLED, Ending.DONE):
            failed.add(intent, outcome)
    charged = await _with_fees(outcomes, approved, snapshot, hands)
    return Applied(outcomes=tuple(charged), notes=tuple(failed.notes), dropped=dropped)


class _Failed:
    """What did not get where it should, and so what may not follow it.

    A failed step ends its symbol's part. A failed transfer ends all growth on its venue, and so does a reduction that
    was not filled: the collateral it should have freed, or the risk it should have taken away, is still bound. An
    order that waits for another is not sent when that one was not carried out, so that a roll is never left half done
    by more than one slice.
    """

    def __init__(self) -> None:
        self._symbols: set[tuple[str, str]] = set()
        self._undone: set[str] = set()
        self._venues: dict[str, str] = {}
        self.notes: list[str] = []

    def add(self, intent: Intent, outcome: Outcome) -> None:
        self._undone.add(intent.id)
        if isinstance(intent, TransferIntent):
            self._venues[intent.venue] = f"the transfer before it ended as {outcome.ending.value}"
            return
        self._symbols.add((intent.venue, intent.symbol))
        if isinstance(intent, OrderIntent) and intent.reduce_only:
            self._venues[intent.venue] = f"the reduction in {intent.symbol} ended as {outcome.ending.value}"

    def holds_back(self, intent: Intent) -> bool:
        held = self._waits_in_vain(intent) or self._holds_back(intent)
        if held:
            self._undone.add(intent.id)
        return held

    def _waits_in_vain(self, intent: Intent) -> bool:
        return isinstance(intent, OrderIntent) and intent.after in self._undone

    def _holds_back(self, intent: Intent) -> bool:
        if not isinstance(intent, TransferIntent) and (intent.venue, intent.symbol) in self._symbols:
            return True
        reducing = isinstance(intent, OrderIntent) and intent.reduce_only
        protecting = isinstance(intent, TransferIntent) and intent.protective
        why = self._venues.get(intent.venue)
        if why is None or reducing or protecting:
            return False
        self.notes.append(f"{describe(intent)} was not sent: {why}, and growth at {intent.venue} waits for it")
        return True


def _unrecorded(error: JournalError, sent: list[Intent], hands: Hands) -> Unrecorded:
    last = f"{describe(sent[-1])} at {sent[-1].venue} (client id {client_id(hands.journal.epoch, sent[-1].id)})"
    before = f", {len(sent) - 1} request(s) before it in this cycle" if len(sent) > 1 else ""
    return Unrecorded(
        f"{last} was sent{before}, and then the journal {hands.journal.path} could not be written ({error.why}). "
        "It may have been carried out. Nothing more is sent now. Its row was on disk before it left, so the next run "
        "looks it up at the venue, books what it finds and does nothing twice. Free disk space or repair the file, "
        "then start again.",
        why=error.why,
    )


@contextmanager
def told_after_sending(journal: Journal, cycle: str, outcomes: Sequence[Outcome]) -> Iterator[None]:
    """Write what follows the orders of a cycle; a failure then does not claim that nothing was sent.

    Raises: Unrecorded when something was, JournalError when nothing was.
    """
    try:
        yield
    except JournalError as error:
        if not outcomes or isinstance(error, Unrecorded):
            raise
        raise Unrecorded(
            f"{len(outcomes)} request(s) were sent in {cycle} and how they ended is in the journal {journal.path}, but "
            f"the record of the cycle could not be added ({error.why}). Nothing more is sent now; the next run goes on "
            "from what is booked. Free disk space or repair the file, then start again.",
            why=error.why,
        ) from None


async def _carry_out(intent: Intent, snapshot: Snapshot, hands: Hands, sent: list[Intent]) -> Outcome:
    venue, journal = hands.venues[intent.venue], hands.journal
    own_id = client_id(journal.epoch, intent.id)
    notional, before = _size(intent, snapshot, hands)
    journal.record_sent(intent, own_id, venue.now(), notional=notional, position_before=before)
    sent.append(intent)
    try:
        return await _send(intent, own_id, venue, hands)
    except Unknown as error:
        outcome = _failed(intent, Ending.UNKNOWN, str(error))
    except Refused as error:
        outcome = _failed(intent, Ending.REFUSED, f"{error} (code {error.code})")
    except Forbidden as error:
        outcome = _failed(intent, Ending.REFUSED, str(error))
    except Unavailable as error:
        outcome = _failed(intent, Ending.ABSENT, str(error))
    journal.record_outcome(outcome, venue.now())
    return outcome


def _size(intent: Intent, snapshot: Snapshot, hands: Hands) -> tuple[Decimal, Decimal]:
    if not isinstance(intent, OrderIntent):
        return ZERO, ZERO
    view = snapshot.venue(intent.venue)
    mark = view.mark(intent.symbol)
    known = [row for row in hands.journal.known_positions() if (row.venue, row.symbol) == (view.venue, intent.symbol)]
    before = known[0].amount if known else view.amount(intent.symbol)
    if not known:
        # The first fill of a symbol needs a base to be added to.
        instrument = view.instrument(intent.symbol)
        asset = instrument.base if instrument else intent.symbol
        hands.journal.set_position(
            KnownPosition(
                venue=view.venue,
                symbol=intent.symbol,
                asset=asset,
                amount=before,
                changed_at=snapshot.venue(intent.venue).at,
            )
        )
    instrument = view.instrument(intent.symbol)
    if mark is None or instrument is None:
        return ZERO, before
    return instrument.notional(intent.amount, mark.mark_price), before


async def _send(intent: Intent, own_id: str, venue: Venue, hands: Hands) -> Outcome:
    match intent:
        case OrderIntent():
            return await _send_order(intent, own_id, venue, hands)
        case TransferIntent():
            transfer_id = await venue.transfer(
                currency=intent.currency, amount=intent.amount, source=intent.source, target=intent.target
            )
            where = "futures" if intent.target is Wallet.FUTURES else intent.target.value
            outcome = _done(intent, f"{intent.amount} {intent.currency} moved to {where} (transfer {transfer_id})")
            outcome = replace(outcome, filled=intent.amount)
        case LeverageIntent():
            await venue.set_leverage(intent.symbol, intent.leverage)
            outcome = await _read_back(intent, venue)
        case MarginModeIntent():
            await venue.set_margin_mode(intent.symbol, intent.margin_mode)
            outcome = await _read_back(intent, venue)
    hands.journal.record_outcome(outcome, venue.now())
    return outcome


async def _send_order(intent: OrderIntent, own_id: str, venue: Venue, hands: Hands) -> Outcome:
    order: Order | None
    try:
        order = await venue.place_order(
            symbol=intent.symbol,
            side=intent.side,
            amount=intent.amount,
            limit_price=intent.limit_price,
            reduce_only=intent.reduce_only,
            client_id=own_id,
        )
    except AlreadyExists:
        order = None
    except Refused as refusal:
        order = await _although_refused(intent, own_id, refusal, venue, hands)
    for _ in range(LOOKS):
        if order is not None and order.status in FINAL_STATUSES:
            return close_order(intent, order, hands)
        try:
            await hands.clock.sleep(BETWEEN_LOOKS_S)
            order = await venue.order_by_client_id(intent.symbol, own_id)
        except Unavailable as error:
            raise Unknown(f"the order was accepted, but how it ended could not be read: {error}") from None
    if order is not None and order.status in FINAL_STATUSES:
        return close_order(intent, order, hands)
    raise Unknown("the order was accepted and has not ended yet; the next cycle looks again")


async def _although_refused(
    intent: OrderIntent, own_id: str, refusal: Refused, venue: Venue, hands: Hands
) -> Order | None:
    """The order, where it stands at the venue after all: a refusal names no order, it may have been for another one.

    Raises: the refusal where the venue knows no such order or lists it as rejected; Unknown when it could not be asked.
    """
    try:
        await hands.clock.sleep(BETWEEN_LOOKS_S)
        order = await venue.order_by_client_id(intent.symbol, own_id)
    except Unavailable as error:
        raise Unknown(
            f"{refusal} Whether that was the answer to this order could not be read ({error}); it is looked up again "
            "before anything else is planned."
        ) from None
    if order is None or order.status is OrderStatus.REJECTED:
        raise refusal
    return order


async def _read_back(intent: LeverageIntent | MarginModeIntent, venue: Venue) -> Outcome:
    """A setting counts only once the venue shows it."""
    try:
        settings = await venue.settings((intent.symbol,))
    except Unavailable as error:
        raise Unknown(f"{intent.kind.value} was sent, but could not be read back: {error}") from None
    current = next((row for row in settings if row.symbol == intent.symbol), None)
    if current is None:
        raise Unknown(f"{intent.kind.value} was sent, but the venue shows no settings for {intent.symbol}")
    wanted = intent.leverage if isinstance(intent, LeverageIntent) else intent.margin_mode
    shown = current.leverage if isinstance(intent, LeverageIntent) else current.margin_mode
    if shown != wanted:
        return _failed(intent, Ending.REFUSED, f"{intent.kind.value} is {shown} at the venue, {wanted} was asked for")
    return _done(intent, f"{intent.kind.value} {shown} for {intent.symbol}, read back")


async def _with_fees(
    outcomes: Iterable[Outcome], approved: ApprovedPlan, snapshot: Snapshot, hands: Hands
) -> list[Outcome]:
    """Add what each order cost; a fee that cannot be read now stays empty and changes nothing."""
    intents = {intent.id: intent for intent in approved.intents}
    rows = list(outcomes)
    traded = {
        (intent.venue, intent.symbol)
        for row in rows
        if row.filled > 0 and isinstance(intent := intents[row.intent_id], OrderIntent)
    }
    if not traded:
        return rows
    keys = sorted(traded)
    reads = [hands.venues[venue].fills(symbol, snapshot.venue(venue).at - CLOCK_SKEW) for venue, symbol in keys]
    answers = await asyncio.gather(*reads, return_exceptions=True)
    fills: dict[tuple[str, str], list[Fill]] = {}
    for key, answer in zip(keys, answers, strict=True):
        if isinstance(answer, BaseException):
            if not isinstance(answer, BallastError):
                raise answer
            continue
        fills[key] = list(answer)
    charged = [_with_fee(row, intents[row.intent_id], fills) for row in rows]
    _keep_fees(charged, intents, hands)
    return charged


def _keep_fees(outcomes: Iterable[Outcome], intents: Mapping[str, Intent], hands: Hands) -> None:
    """Remember fees charged in quote currency, of which later bands are made; a fee in another coin is no share."""
    fees = {}
    for row in outcomes:
        intent = intents[row.intent_id]
        if row.fee is not None and isinstance(intent, OrderIntent):
            quote = intent.symbol.partition("/")[2].partition(":")[0]
            if {fill.fee_currency for fill in row.fills} == {quote}:
                fees[row.intent_id] = row.fee
    if not fees:
        return
    with suppress(JournalError):  # every order is settled on disk; a full disk speaks up when the record is closed
        hands.journal.record_fees(fees)


def _with_fee(outcome: Outcome, intent: Intent, fills: dict[tuple[str, str], list[Fill]]) -> Outcome:
    """Take the oldest fills of the order's side that add up to what it filled."""
    if not isinstance(intent, OrderIntent) or outcome.filled <= 0:
        return outcome
    by_order: dict[str, list[Fill]] = {}
    for fill in fills.get((intent.venue, intent.symbol), []):
        if fill.side is intent.side:
            by_order.setdefault(fill.order_id, []).append(fill)
    for order_id, own in by_order.items():
        if sum((fill.amount for fill in own), ZERO) == outcome.filled:
            remaining = [row for row in fills[(intent.venue, intent.symbol)] if row.order_id != order_id]
            fills[(intent.venue, intent.symbol)] = remaining
            return replace(outcome, fee=sum((_paid(fill) for fill in own), ZERO), fills=tuple(own))
    return outcome


def _paid(fill: Fill) -> Decimal:
    """The fee in quote currency; that of an inverse contract is charged in its coin."""
    base = fill.symbol.partition("/")[0]
    return fill.fee * fill.price if fill.fee_currency == base and counted_in(fill.symbol) != base else fill.fee


def _done(intent: Intent, detail: str) -> Outcome:
    return Outcome(intent_id=intent.id, ending=Ending.DONE, filled=ZERO, average_price=None, fee=None, detail=detail)


def _failed(intent: Intent, ending: Ending, detail: str) -> Outcome:
    return Outcome(intent_id=intent.id, ending=ending, filled=ZERO, average_price=None, fee=None, detail=detail)
