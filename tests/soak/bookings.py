"""What must hold of the journal and of what was said: D bookings, W records, S secrets."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from tests.soak.case import Case
from tests.soak.evidence import Violation
from tests.soak.orders import OURS

ZERO = Decimal(0)
MOVES_MONEY = ("binance", "bingx", "mexc")  # elsewhere the book moves money between wallets by itself


def journal(case: Case) -> Iterator[Violation]:
    """The file is whole after every death, and tells the same story as the exchange."""
    for cycle, verdict in case.evidence.integrity:
        if verdict != "ok":
            yield case.broken("D1", f"the journal is damaged: {verdict}", cycle=cycle)
    traded: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in case.evidence.ledger:
        if line.kind == "fill" and line.facts.get("client_id", "").startswith(OURS):
            traded[line.facts["client_id"]] += Decimal(line.facts["amount"])
    rows = {row.client_id: row for row in case.evidence.intents}
    for own, amount in traded.items():
        row = rows.get(own)
        request = case.by_client_id.get(own)
        if row is None:
            yield case.broken("D4", f"{own} traded {amount} and is not in the journal", request=request)
        elif row.state == "done" and Decimal(row.filled) != amount:
            text = f"{row.id} traded {amount}, the journal says {row.ending} {row.filled}"
            yield case.broken("D4", text, request=request)
    for row in case.evidence.intents:
        if row.kind == "order" and row.state == "done" and row.client_id not in traded and Decimal(row.filled) != 0:
            yield case.broken("D4", f"the journal says {row.id} filled {row.filled}, the exchange knows nothing of it")


def transfers(case: Case) -> Iterator[Violation]:
    """D4 for money: what moved between wallets is known as moved, each time by a request of its own."""
    if case.evidence.venue not in MOVES_MONEY:
        return
    known = Counter(
        Decimal(str(json.loads(row.body)["amount"]))
        for row in case.evidence.intents
        if row.kind == "transfer" and row.ending in ("done", "")
    )
    doubled = case.evidence.faults.get("duplicate_execution", 0)  # the venue's own doing, no request of ours
    for line in case.evidence.ledger:
        if line.kind == "transfer":
            amount = Decimal(line.facts["amount"])
            known[amount] -= 1
            if known[amount] < 0:
                doubled -= 1
            if known[amount] < 0 and doubled < 0:
                text = f"{amount} moved between the wallets, the journal knows of no such transfer as done"
                yield case.broken("D4", text, line=line.sequence)


def cycles(case: Case) -> Iterator[Violation]:
    """Every cycle that was not killed ended in a record that says why."""
    for cycle in case.evidence.cycles:
        if cycle.ending == "killed":
            continue
        if cycle.ending.startswith("crashed") or not cycle.record:
            yield case.broken("W1", f"a cycle ended without a record: {cycle.ending}", cycle=cycle.number)
    for text in case.evidence.said:
        if "Traceback" in text:
            yield case.broken("W2", text[-300:])
    for number, closed in case.evidence.journal_cycles:
        if not closed and case.evidence.kills == 0 and not any("crashed" in row.ending for row in case.evidence.cycles):
            yield case.broken("W1", f"journal cycle {number} was never closed")


def secrets(case: Case) -> Iterator[Violation]:
    """No secret on disk, in a record, in a sentence."""
    for canary in (*case.evidence.canaries, "signature="):
        if canary.encode() in case.evidence.journal_bytes:
            yield case.broken("S1", f"{canary[:6]}... is in a file")
        if any(canary in text for text in case.evidence.said) or any(
            canary in row.record for row in case.evidence.cycles
        ):
            yield case.broken("S1", f"{canary[:6]}... was said")
