"""Faults that are no reply gone wrong: what a seed's course shows of other people, of time, of the market itself."""

from collections import Counter
from itertools import pairwise

from tests.soak.evidence import Evidence
from tests.soak.orders import OURS
from tests.soak.schedule import Schedule

RALLY = 1.03
SIGNS = (
    "orders shown late", "positions shown late", "ids used again", "orders in contracts", "reductions at BingX",
    "event deposit", "event withdrawal", "event manual", "event adl", "hand meddle", "settlement", "rally", "own fill",
    "clock set", "second instance", "canary",
)  # fmt: skip


def signs(schedule: Schedule, evidence: Evidence) -> Counter[str]:
    """How often each sign is seen; one that belongs to orders or positions counts only where there were some."""
    played = evidence.cycles[-1].number + 1 if evidence.cycles else 0
    found: Counter[str] = Counter()
    for plan in schedule.cycles[:played]:
        if plan.event:
            found[f"event {plan.event}"] += 1
        if plan.hand:
            found[f"hand {plan.hand}"] += 1
    sent = [row.asked for row in evidence.requests if row.asked.kind == "order"]
    found["orders shown late"] = len(sent) if schedule.order_lag_s else 0
    found["positions shown late"] = len(sent) if schedule.position_lag_s else 0
    found["ids used again"] = 0 if schedule.unique_forever else len(sent)
    found["orders in contracts"] = len(sent) if schedule.venue == "mexc" else 0
    found["reductions at BingX"] = sum(row.closes for row in sent) if schedule.venue == "bingx" else 0
    found["settlement"] = sum(line.kind == "settlement" for line in evidence.ledger)
    found["own fill"] = sum(
        line.kind == "fill" and line.facts.get("client_id", "").startswith(OURS) for line in evidence.ledger
    )
    found["rally"] = sum(
        any(symbol in after and float(after[symbol]) > float(price) * RALLY for symbol, price in before.items())
        for (_, before), (_, after) in pairwise(evidence.marks)
    )
    found["clock set"], found["second instance"] = len(evidence.clock_set), evidence.busy
    found["canary"] = 1
    return Counter({sign: found[sign] for sign in SIGNS if found[sign]})
