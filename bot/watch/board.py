"""The board everything is pinned to: the daemon tells it what happened, the page and the metrics read it."""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.errors import JournalError
from bot.domain.record import CycleRecord
from bot.execution.journal import Journal
from bot.execution.recollection import last_deeds, rearming_token, records_over
from bot.logs import HIDDEN, redacted
from bot.watch.sight import Record, acted, shown
from bot.watch.trail import POINTS_MAX, Point, Trail

SPAN_MIN = timedelta(days=7)
CYCLES_DRAWN = 120
DEEDS_KEPT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the figures are measured against, from the settings."""

    quote: str
    leverage_cap: Decimal
    distance_min: Decimal
    band: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What has been counted since the start."""

    cycles: Mapping[str, int]
    refusals: Mapping[str, int]
    complaints: int
    alerts_sent: int
    alerts_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything that is known now, as one value: page, metrics and health are functions of it.

    `age_s` is the wall time since the last cycle of this process ended, None before the first; `record` may then be one
    of an earlier process. `deeds` are the records of the last cycles that did something, oldest first.
    """

    now: datetime
    started: datetime
    mode: str
    portfolio: str
    limits: Limits
    record: Record | None
    deeds: tuple[Record, ...]
    points: tuple[Point, ...]
    next_at: datetime | None
    age_s: float | None
    patience_s: float
    paused: str | None
    halted: str | None
    complaint: str | None
    counts: Counts
    played: bool


@dataclass(slots=True, kw_only=True)
class Board:
    """Remembers the last cycle, the way here and what was counted. Nothing in here asks a venue.

    `played` marks a market that is not lived through but played, as in the demo. Raises nothing while cycles run: a
    page must never stop a hedge.
    """

    mode: str
    portfolio: str
    limits: Limits
    journal: Journal
    patience: Callable[[datetime], timedelta]
    every: timedelta
    span: timedelta = SPAN_MIN
    played: bool = False
    alerts: Callable[[], tuple[int, int]] = lambda: (0, 0)
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    _trail: Trail = field(init=False)
    _record: Record | None = None
    _deeds: deque[Record] = field(default_factory=lambda: deque(maxlen=DEEDS_KEPT))
    _next_at: datetime | None = None
    _told_at: float | None = None
    _complaint: str | None = None
    _cycles: Counter[str] = field(default_factory=Counter)
    _refusals: Counter[str] = field(default_factory=Counter)
    _complaints: int = 0
    _started: datetime = field(init=False)

    def __post_init__(self) -> None:
        span = max(self.span, self.every * CYCLES_DRAWN)
        self._trail = Trail(span, self.every)
        self._started = self.wall()
        try:
            for record in records_over(self.journal, cycles=int(span / self.every), at_most=POINTS_MAX):
                self._trail.add(record)
                self._record = record
            self._deeds.extend(last_deeds(self.journal, at_most=DEEDS_KEPT))
        except (JournalError, LookupError, TypeError, ValueError):
            self._record = None  # whatever the past looks like, it does not keep the present from being shown

    def told(self, record: CycleRecord, next_at: datetime | None) -> None:
        """Take up a cycle that has ended, and when the next one begins."""
        seen = shown(record)
        self._record, self._next_at = seen, next_at
        self._told_at, self._complaint = self.monotonic(), None
        if acted(seen):
            self._deeds.append(seen)
        self._trail.add(seen)
        self._cycles[record.status.value] += 1
        self._refusals.update(row.guard for row in record.refusals)

    def complained(self, sentence: str) -> None:
        """Take up what the daemon had to say outside of a record."""
        self._complaint = sentence
        self._complaints += 1

    def moment(self) -> Moment:
        """Everything that is known now, without secrets."""
        complaint, paused, halted, token = self._complaint, None, None, None
        try:
            paused, halted, token = self.journal.paused(), self.journal.latch(), rearming_token(self.journal)
        except JournalError as error:
            complaint = complaint or str(error)
        now = self.wall()
        sent, failed = self.alerts()

        def clean(value: Any) -> Any:
            return _clean(value, token)

        return Moment(
            now=now,
            started=self._started,
            mode=self.mode,
            portfolio=clean(self.portfolio),
            limits=self.limits,
            record=clean(self._record),
            deeds=tuple(clean(record) for record in self._deeds),
            points=self._trail.points,
            next_at=self._next_at,
            age_s=None if self._told_at is None else max(0.0, self.monotonic() - self._told_at),
            patience_s=self.patience(now).total_seconds(),
            paused=clean(paused),
            halted=clean(halted),
            complaint=clean(complaint),
            counts=Counts(
                cycles=dict(self._cycles),
                refusals={clean(name): count for name, count in self._refusals.items()},
                complaints=self._complaints,
                alerts_sent=sent,
                alerts_failed=failed,
            ),
            played=self.played,
        )


def _clean(value: Any, token: str | None) -> Any:
    """Take secrets, and the token that lifts a halt, out of every text of a value."""
    if isinstance(value, str):
        text = redacted(value)
        return text.replace(token, HIDDEN) if token else text
    if isinstance(value, Mapping):
        return {_clean(key, token): _clean(item, token) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, token) for item in value]
    return value
