"""Why a number came out as it did: what each rule looked at, what it made of it, and what bound it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One figure a rule looked at.

    Units: `value` in `unit` (words for people: "USDT", "per year", "days"; empty for a plain number).
    `known_at` is when the world knew it, None for a setting.
    """

    name: str
    value: Decimal
    unit: str = ""
    known_at: datetime | None = None

    def age_s(self, now: datetime) -> float | None:
        """How old the figure is; a setting has no age."""
        return None if self.known_at is None else (now - self.known_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One link of the chain from what was seen to what is done.

    `figure` is the rule's result in `unit`; `bound` names what limited it ("floor", "ceiling", "venue minimum"), empty
    when nothing did; `words` say it to a person.
    """

    rule: str
    words: str
    figure: Decimal | None = None
    unit: str = ""
    bound: str = ""
    inputs: tuple[Input, ...] = ()
