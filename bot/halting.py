"""When Ballast stops itself: something is broken by its own hand or goes on for too long, and a person must look.

Halted means: no risk is added, by nobody's signal and over every restart; reductions and protective collateral go on.
Only `ballast resume --arm TOKEN` ends it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from bot.domain.account import ZERO, Side
from bot.domain.intent import Ending, Intent, OrderIntent, Outcome, Refusal
from bot.domain.snapshot import Snapshot
from bot.execution.client_id import is_ours
from bot.execution.journal import Journal
from bot.execution.recollection import is_order
from bot.execution.settlement import CONTRADICTION
from bot.surprises import Surprise

REFUSED_CYCLES = "halting.refused_cycles"
LIMIT_HIT_SINCE = "halting.limit_hit_since"
LIMIT_HIT_LAST = "halting.limit_hit_last"
ADOPT_ONLY = "adopt-only, so that nothing is sold twice"
NOT_ALONE = (ADOPT_ONLY, "that this journal does not know")
ACCEPTING = "adopt.accepting"
HOUR = timedelta(hours=1)
ROUNDING = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRule:
    """How long trouble may go on. Units: `refused_cycles_max` cycles in a row, `runaway_hours_max` hours."""

    hedge_ratio_max: Decimal
    refused_cycles_max: int = 10
    runaway_hours_max: float = 3


def halt(journal: Journal, reasons: Sequence[str], cycle: str, at: datetime) -> str | None:
    """Halt for these reasons, if there are any and Ballast is not halted yet, and give back what is said about it."""
    if not reasons or journal.latch() is not None:
        return None
    token = sha256(f"{journal.id}/{cycle}/halt".encode()).hexdigest()[:6]
    text = f"{'; '.join(reasons)}. When you have looked at the account and it is in order: ballast resume --arm {token}"
    journal.note(at, "halted", text)
    journal.set_latch(text, token)
    return f"halted: {text}"


def rearm(journal: Journal, token: str) -> bool:
    """End a halt and forget what led to it; False when the token is not the one of this halt."""
    strange = any(word in (journal.latch() or "") for word in NOT_ALONE)
    if not journal.arm(token):
        return False
    forgotten = dict.fromkeys((REFUSED_CYCLES, LIMIT_HIT_SINCE, LIMIT_HIT_LAST, CONTRADICTION))
    # the person was told of another Ballast's orders and has looked: those that are there now are accepted as they are
    journal.set_settings({**forgotten, ACCEPTING: "yes" if strange else None})
    return True


def broken_at_the_venue(snapshot: Snapshot, found: Iterable[Surprise], journal: Journal) -> list[str]:
    """What the venue shows that cannot be after our own fills and orders."""
    reasons = [
        f"{row.known.venue} shows a long of {row.seen} {row.known.symbol} where Ballast's own fills left a short of "
        f"{-row.known.amount}; somebody bought there, or an order was carried out twice"
        for row in found
        if row.known.amount < 0 < row.seen
    ]
    reasons += [
        f"an order of Ballast rests at {view.venue} in {row.symbol} ({row.client_id}) that this journal does not know; "
        "another Ballast trades this account, or the journal was replaced"
        for view in snapshot.venues
        for row in view.open_orders
        if row.client_id is not None and is_ours(row.client_id) and not journal.knows(row.client_id)
    ]
    return reasons


def broken_by_us(
    snapshot: Snapshot,
    behind: Mapping[str, Decimal],
    intents: Iterable[Intent],
    outcomes: Iterable[Outcome],
    journal: Journal,
    rule: HaltRule,
) -> list[str]:
    """What our own fills of this cycle led to and must not: a long, or more short than the cap allows.

    `behind` are the coins a short in each asset may stand against, those it stands in for counted by their worth.
    """
    filled = {row.intent_id for row in outcomes if row.filled > 0}
    orders = [row for row in intents if isinstance(row, OrderIntent) and row.id in filled]
    known = {(row.venue, row.symbol): row for row in journal.known_positions()}
    reasons = [
        f"our own fills led to a long of {known[key].amount} {key[1]} at {key[0]}"
        for key in sorted({_key(row) for row in orders if row.side is Side.BUY})
        if key in known and known[key].amount > 0
    ]
    for asset in sorted({known[key].asset for row in orders if row.side is Side.SELL if (key := _key(row)) in known}):
        short, step = _short(snapshot, asset, journal)
        allowed = behind.get(asset, ZERO) * rule.hedge_ratio_max
        if short > allowed * (1 + ROUNDING) + step:
            reasons.append(f"our own fills led to a short of {short} {asset}, allowed are {allowed}")
    return reasons


def _key(order: OrderIntent) -> tuple[str, str]:
    return order.venue, order.symbol


def _short(snapshot: Snapshot, asset: str, journal: Journal) -> tuple[Decimal, Decimal]:
    """The short in coins by our own book, and the largest lot among its instruments."""
    short, step = ZERO, ZERO
    venues = {view.venue: view for view in snapshot.venues}
    for row in journal.known_positions():
        view = venues.get(row.venue)
        instrument, mark = (view.instrument(row.symbol), view.mark(row.symbol)) if view else (None, None)
        if row.asset == asset and instrument is not None and mark is not None and row.amount < 0:
            short += instrument.coins(-row.amount, mark.mark_price)
            step = max(step, instrument.coins(instrument.amount_step, mark.mark_price))
    return short, step


def gone_on_too_long(
    outcomes: Sequence[Outcome],
    intents: Sequence[Intent],
    refusals: Sequence[Refusal],
    journal: Journal,
    rule: HaltRule,
    now: datetime,
) -> list[str]:
    """Orders that never come to anything cycle after cycle, or the limit of orders per hour hit hour after hour.

    `outcomes` are those of this cycle, and before them what was found out of earlier orders.
    """
    return [*_refused(outcomes, intents, journal, rule), *_runaway(refusals, journal, rule, now)]


def _refused(outcomes: Sequence[Outcome], intents: Sequence[Intent], journal: Journal, rule: HaltRule) -> list[str]:
    orders = {row.id for row in intents if isinstance(row, OrderIntent)}
    ended = [row for row in outcomes if row.final and (row.intent_id in orders or is_order(journal, row.intent_id))]
    if not ended:
        return []
    refused = [row for row in ended if row.ending is Ending.REFUSED]
    if not refused and not any(row.filled > 0 for row in ended):
        # an order that was sent and never arrived; one of this cycle that never left is no trouble of the venue's
        refused = [row for row in ended if row.ending is Ending.ABSENT and row.intent_id not in orders]
    count = int(journal.setting(REFUSED_CYCLES) or 0) + 1 if refused else 0
    if str(count) != (journal.setting(REFUSED_CYCLES) or "0"):
        journal.set_setting(REFUSED_CYCLES, str(count) if count else None)
    if count < rule.refused_cycles_max:
        return []
    return [f"an order was refused or never arrived in {count} cycles in a row, last: {refused[-1].detail}"]


def _runaway(refusals: Sequence[Refusal], journal: Journal, rule: HaltRule, now: datetime) -> list[str]:
    if not any(row.guard == "hourly" and "orders_per_hour_max" in row.reason for row in refusals):
        return []
    last, since = _time(journal, LIMIT_HIT_LAST), _time(journal, LIMIT_HIT_SINCE)
    journal.set_setting(LIMIT_HIT_LAST, now.isoformat())
    if last is None or since is None or now - last > 2 * HOUR:
        journal.set_setting(LIMIT_HIT_SINCE, now.isoformat())
        return []
    if now - since < HOUR * rule.runaway_hours_max:
        return []
    return [
        f"the limit of orders per hour (risk.orders_per_hour_max) was hit again and again for "
        f"{(now - since) / HOUR:.1f} hours; something trades back and forth, or the limit is too low for this portfolio"
    ]


def _time(journal: Journal, key: str) -> datetime | None:
    text = journal.setting(key)
    return datetime.fromisoformat(text) if text else None
