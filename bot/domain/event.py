"""What happened to the account without Ballast's doing: named, with the evidence for it."""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What may happen to an account from outside; the value is its name in journal, record and alerts."""

    LIQUIDATED = "position.liquidated"
    DELEVERAGED = "position.deleveraged"
    SETTLED = "position.settled"
    CHANGED = "position.changed"
    FOREIGN_ORDER = "order.foreign"
    DEPOSIT = "balance.deposit"
    WITHDRAWAL = "balance.withdrawal"


class Evidence(StrEnum):
    """How it is known."""

    TOLD = "told by the venue"
    ELIMINATION = "by elimination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One such event. `subject` is the symbol or the asset it concerns."""

    kind: EventKind
    venue: str
    subject: str
    text: str
    evidence: Evidence
