"""Which cycle is worth waking somebody for: conditions are told when they begin and when they end, events once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.intent import Ending, Intent, OrderIntent, TransferIntent
from bot.domain.record import CycleRecord, CycleStatus
from bot.ending import NEAR, SOON, ending

REPEAT_AFTER = timedelta(minutes=15)
REMEMBERED_MAX = 200
BLIND = (CycleStatus.STALE, CycleStatus.UNAVAILABLE)
JOURNAL_FAILED = "the journal "
TOLD_OTHERWISE = ("halted", "cancel.sent")
CHANGED_BY_OTHERS = {
    "position.changed": "A position was changed by somebody else: by hand, by automatic deleveraging or by liquidation."
}


class Topic(StrEnum):
    """What an alert is about."""

    HALTED = "halted"
    PROTECTED = "protection acted"
    CHANGED = "changed by somebody else"
    UNSETTLED = "order not settled"
    UNAVAILABLE = "account not seen"
    ENDING = "hedge ends soon"
    UNRECORDED = "no record written"
    NORMAL = "back to normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is told. `details` may hold amounts and prices and is sent only to who asked for it."""

    topic: Topic
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the journal knows beside the record. `events` are (name, text), noted since the cycle before."""

    halted: str | None = None
    paused: str | None = None
    unsettled_since: datetime | None = None
    events: Sequence[tuple[str, str]] = ()


@dataclass(slots=True, kw_only=True)
class Watchman:
    """Remembers what was told, so that a trouble that lasts is told once and its end as well."""

    unavailable_after: timedelta
    unsettled_after: timedelta
    _raised: set[Topic] = field(default_factory=set)
    _blind_since: datetime | None = None
    _told: dict[str, datetime] = field(default_factory=dict)

    def noticed(self, record: CycleRecord, facts: Facts) -> list[Alert]:
        """What to tell after a cycle."""
        alerts = [*self._protection(record), *self._events(record.at, facts)]
        self._blind_since = (self._blind_since or record.at) if record.status in BLIND else None
        halted = facts.halted is not None or record.status is CycleStatus.HALTED
        blind = self._blind_since is not None and record.at - self._blind_since >= self.unavailable_after
        unsettled = facts.unsettled_since is not None and record.at - facts.unsettled_since >= self.unsettled_after
        alerts += self._condition(
            Topic.HALTED,
            halted,
            "Ballast has halted itself. Only protection is carried out until a person has looked at the account and "
            "re-arms it; `ballast status` says how.",
            [facts.halted or ""],
        )
        alerts += self._condition(
            Topic.UNAVAILABLE,
            blind,
            f"For {_minutes(self.unavailable_after)} no cycle could see the account. Nothing is traded; the shorts at "
            "the venue stay as they were.",
            record.notes,
        )
        alerts += self._condition(
            Topic.UNSETTLED,
            unsettled,
            f"For {_minutes(self.unsettled_after)} it has not been known what became of something that was sent. No "
            "risk is added until it is; look at the orders at the venue.",
            record.notes,
        )
        alerts += self._ending(record, barred=facts.paused or facts.halted)
        return alerts + self._condition(Topic.UNRECORDED, False, "", ())

    def _ending(self, record: CycleRecord, *, barred: str | None) -> list[Alert]:
        """A dated short that should have been moved long before; a cycle that saw nothing changes nothing."""
        if record.snapshot is None:
            return []
        rows = list(ending(record.snapshot, SOON if barred else NEAR))
        why = "nothing new is sold" if barred else "it was not moved yet"
        when = f"{SOON.days} days" if barred else _hours(NEAR)
        return self._condition(
            Topic.ENDING,
            bool(rows),
            f"A short in a dated contract ends within {when} and {why}. When it has ended nothing protects the coins "
            "behind it. " + ("`ballast resume` lets it be moved." if barred else "The cycles' records say why."),
            [row.words(barred or "see the record") for row in rows],
        )

    def complained(self, sentence: str) -> list[Alert]:
        """What to tell when the daemon had to speak outside of a record.

        Only a journal that failed leaves no record to tell from; a halt or an urgent margin is told with its record.
        """
        if not sentence.startswith(JOURNAL_FAILED):
            return []
        said = "A cycle could not be written to the journal. Without it nothing is sent to a venue; see the log."
        return self._condition(Topic.UNRECORDED, True, said, [sentence])

    def _condition(self, topic: Topic, there: bool, sentence: str, details: Sequence[str]) -> list[Alert]:
        if there and topic not in self._raised:
            self._raised.add(topic)
            return [Alert(topic=topic, sentence=sentence, details=tuple(filter(None, details)))]
        if not there and topic in self._raised:
            self._raised.remove(topic)
            rest = f"; still: {', '.join(sorted(self._raised))}" if self._raised else ""
            return [Alert(topic=Topic.NORMAL, sentence=f"Over: {topic.value}{rest}.")]
        return []

    def _protection(self, record: CycleRecord) -> Iterator[Alert]:
        done = {row.intent_id for row in record.outcomes if row.filled > 0 or row.ending is Ending.DONE}
        for kind, sentence in (
            (TransferIntent, "Collateral was moved in to protect the shorts."),
            (OrderIntent, "Shorts were bought back to protect the margin; less is hedged now."),
        ):
            acted: list[Intent] = [row for row in record.intents if isinstance(row, kind) and row.id in done]
            acted = [row for row in acted if isinstance(row, OrderIntent | TransferIntent) and row.protective]
            if acted and self._is_news(sentence, record.at):
                reasons = dict.fromkeys(reason for row in acted for reason in row.reasons)
                yield Alert(topic=Topic.PROTECTED, sentence=sentence, details=tuple(reasons))

    def _events(self, at: datetime, facts: Facts) -> Iterator[Alert]:
        for name, text in facts.events:
            if name not in TOLD_OTHERWISE and self._is_news(f"{name} {text}", at):
                sentence = CHANGED_BY_OTHERS.get(name, f"Noted in the journal: {name.replace('.', ' ')}.")
                yield Alert(topic=Topic.CHANGED, sentence=sentence, details=(text,))

    def _is_news(self, key: str, at: datetime) -> bool:
        """Whether this was not told lately; remembers it as told."""
        before = self._told.get(key)
        if before is not None and before <= at < before + REPEAT_AFTER:
            return False
        self._told.pop(key, None)
        self._told[key] = at
        while len(self._told) > REMEMBERED_MAX:
            del self._told[next(iter(self._told))]
        return True


def _minutes(length: timedelta) -> str:
    seconds = length.total_seconds()
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):.0f} hours"
