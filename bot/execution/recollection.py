"""What readers ask of the journal's past: how it went, and what was done last."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bot.domain.intent import OrderIntent
from bot.execution.journal import Journal

LOOKS_BACK = 50


def records_over(journal: Journal, *, cycles: int, at_most: int) -> list[Mapping[str, Any]]:
    """Records spread evenly over the last so many cycles, oldest first; the last one is among them.

    Where a record was let go, the one before it that is still known stands for it.
    """
    last = int(journal.rows("SELECT coalesce(max(number), 0) FROM cycles WHERE record IS NOT NULL")[0][0])
    if not last:
        return []
    step = max(1, -(-min(cycles, last) // at_most))
    numbers = json.dumps(list(range(last, max(0, last - cycles), -step)))
    return _records(journal, numbers)


def last_deeds(journal: Journal, *, at_most: int) -> list[Mapping[str, Any]]:
    """The records of the last cycles that sent an order or moved collateral, oldest first."""
    sent = journal.rows(
        "SELECT DISTINCT substr(id, 2, instr(id, '-') - 2) FROM intents WHERE kind IN ('order', 'transfer')"
        " ORDER BY sent_at DESC LIMIT ?",
        (at_most,),
    )
    numbers = json.dumps([int(row[0]) for row in sent if row[0].isdecimal()])
    return _records(journal, numbers)


def rearming_token(journal: Journal) -> str | None:
    """The token that lifts a halt; asked for only to keep it out of what others can see."""
    found = journal.rows("SELECT value FROM meta WHERE key = 'latch_token'")
    return found[0][0] if found else None


def events_after(journal: Journal, number: int) -> list[tuple[int, str, str]]:
    """(number, name, text) of the events noted after a certain one, oldest first."""
    found = journal.rows("SELECT number, name, text FROM events WHERE number > ? ORDER BY number", (number,))
    return [(int(row[0]), row[1], row[2]) for row in found]


def last_event(journal: Journal) -> int:
    """The number of the newest event; 0 when nothing was ever noted."""
    return int(journal.rows("SELECT coalesce(max(number), 0) FROM events")[0][0])


def filled_orders(journal: Journal, limit: int) -> list[tuple[str, ...]]:
    """The newest filled orders: venue, symbol, intent, notional at mark, filled, average price, fee, end."""
    return journal.rows(
        "SELECT venue, symbol, body, notional, filled, average_price, fee, ended_at FROM intents"
        " WHERE kind = 'order' AND state = 'done' AND average_price IS NOT NULL AND fee IS NOT NULL"
        " ORDER BY sent_at DESC LIMIT ?",
        (limit,),
    )


def filled_since(journal: Journal, intent: OrderIntent, at: datetime) -> Decimal:
    """What other orders of its symbol and side filled that were sent since then and are settled."""
    rows = journal.rows(
        "SELECT filled FROM intents WHERE kind = 'order' AND state = 'done' AND venue = ? AND symbol = ?"
        " AND json_extract(body, '$.side') = ? AND sent_at >= ? AND id <> ?",
        (intent.venue, intent.symbol, intent.side.value, _iso(at), intent.id),
    )
    return sum((Decimal(row[0]) for row in rows), Decimal(0))


def is_order(journal: Journal, intent_id: str) -> bool:
    """Whether an intent that was sent is an order."""
    return bool(journal.rows("SELECT 1 FROM intents WHERE id = ? AND kind = 'order'", (intent_id,)))


def refused_transfers(journal: Journal, at: datetime) -> dict[str, str]:
    """By venue, what it said when it last refused a transfer, unless that was before `at` or one went through."""
    rows = journal.rows(
        "SELECT venue, ending, detail FROM intents WHERE kind = 'transfer' AND state = 'done' AND ended_at >= ?"
        " ORDER BY ended_at, id",
        (_iso(at),),
    )
    last = {row[0]: (row[1], row[2]) for row in rows}
    return {venue: str(detail) for venue, (ending, detail) in last.items() if ending == "refused"}


def traded(journal: Journal) -> frozenset[tuple[str, str]]:
    """Venue and symbol of everything an order was ever sent in."""
    found = journal.rows("SELECT DISTINCT venue, symbol FROM intents WHERE kind = 'order'")
    return frozenset((row[0], row[1]) for row in found)


def previous_cycle(journal: Journal) -> datetime | None:
    """When the cycle before the one at work began."""
    found = journal.rows("SELECT begun_at FROM cycles ORDER BY number DESC LIMIT 1 OFFSET 1")
    return datetime.fromisoformat(found[0][0]) if found else None


def prices_before(journal: Journal) -> dict[str, Decimal]:
    """The price of each asset owned, in the last cycle that saw any."""
    found = journal.rows(
        "SELECT exposures FROM (SELECT number, json_extract(record, '$.exposures') AS exposures FROM cycles"
        " WHERE record IS NOT NULL ORDER BY number DESC LIMIT ?) WHERE json_array_length(exposures) > 0 LIMIT 1",
        (LOOKS_BACK,),
    )
    return _prices(json.loads(found[0][0])) if found else {}


def _prices(exposures: list[Mapping[str, str]]) -> dict[str, Decimal]:
    amounts = {row["asset"]: (Decimal(row["notional"]), Decimal(row["amount"])) for row in exposures}
    return {asset: worth / amount for asset, (worth, amount) in amounts.items() if amount > 0}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _records(journal: Journal, numbers: str) -> list[Mapping[str, Any]]:
    found = journal.rows(
        "SELECT record FROM cycles WHERE record IS NOT NULL AND number IN (SELECT"
        " (SELECT max(number) FROM cycles WHERE record IS NOT NULL AND number <= value) FROM json_each(?))"
        " ORDER BY number",
        (numbers,),
    )
    return [record for row in found if (record := _parsed(row[0])) is not None]


def _parsed(text: str) -> Mapping[str, Any] | None:
    """A record as it was published; one that cannot be read is left out of the picture."""
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
