"""What a rule may look at, and what it answers with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from bot.domain.costs import TradingCost
from bot.domain.hedge import Need, Target
from bot.domain.history import History
from bot.domain.portfolio import Portfolio
from bot.domain.snapshot import Snapshot

MEMORY_VERSION = 1
RECALLED_MAX = 10_000

Row = TypeVar("Row", Need, Target)
Recollection = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the policy remembers of earlier cycles.

    `managed` names the assets whose shorts Ballast opened itself; `last_growth_at` is when a short last grew.
    `recalled` holds what rules noted, each under its own name and an asset ("volatility/BTC"), figures as text.
    `costs` is what trading has cost so far, by venue and symbol.
    """

    managed: frozenset[str] = frozenset()
    last_growth_at: datetime | None = None
    recalled: Mapping[str, Recollection] = field(default_factory=dict)
    costs: Mapping[tuple[str, str], TradingCost] = field(default_factory=dict)

    def of(self, rule: str, subject: str) -> Recollection:
        """What a rule noted about an asset or symbol in the cycle before; empty when nothing."""
        return self.recalled.get(f"{rule}/{subject}", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything a rule may look at. Rules read no clock: `at` is the time of the decision."""

    snapshot: Snapshot
    portfolio: Portfolio
    memory: Memory = Memory()

    @property
    def at(self) -> datetime:
        """The moment of the decision."""
        return self.snapshot.at

    @property
    def history(self) -> History:
        """What is known of the past."""
        return self.snapshot.history


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[Row]):
    """What a rule concludes.

    `recalled` is everything the rule wants to know again next time, by "rule/subject"; what it does not repeat is
    forgotten, so that memory cannot grow without bound.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    recalled: Mapping[str, Recollection] = field(default_factory=dict)


def recalled_to_json(recalled: Mapping[str, Recollection]) -> str | None:
    """What rules noted as one versioned line; None when there is nothing to keep."""
    if not recalled:
        return None
    return json.dumps({"version": MEMORY_VERSION, "recalled": recalled}, sort_keys=True, separators=(",", ":"))


def recalled_from_json(text: str | None) -> dict[str, Recollection]:
    """What rules noted; nothing when it is absent, damaged or of another version: every rule can begin anew."""
    try:
        document = json.loads(text or "{}")
        if document.get("version") != MEMORY_VERSION:
            return {}
        found = document["recalled"]
        sound = len(found) <= RECALLED_MAX and all(
            isinstance(notes, dict) and all(isinstance(value, str) for value in notes.values())
            for notes in found.values()
        )
    except (ValueError, KeyError, AttributeError, TypeError):
        return {}
    return dict(found) if sound else {}


def with_recalled(memory: Memory, text: str | None) -> Memory:
    """The memory with what rules noted in the journal."""
    return replace(memory, recalled=recalled_from_json(text))
