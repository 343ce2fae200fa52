"""From what the watchman noticed to letters: named, without secrets, with details only where they were asked for."""

from bot.domain.errors import JournalError
from bot.domain.record import CycleRecord
from bot.execution.journal import Journal
from bot.execution.recollection import events_after, last_event, rearming_token
from bot.logs import HIDDEN, redacted
from bot.watch.courier import Couriers, Letter
from bot.watch.watchman import Alert, Facts, Watchman

DETAILS_MAX = 4


class Alarm:
    """Looks at every cycle and sends what is worth it."""

    def __init__(self, watchman: Watchman, couriers: Couriers, journal: Journal, *, name: str, details: bool) -> None:
        self._watchman, self._couriers, self._journal = watchman, couriers, journal
        self._name, self._details = name, details
        self._last_event = last_event(journal)

    def told(self, record: CycleRecord) -> None:
        """A cycle has ended."""
        self._send(self._watchman.noticed(record, self._facts()))

    def complained(self, sentence: str) -> None:
        """The daemon had to speak outside of a record."""
        self._send(self._watchman.complained(sentence))

    def _facts(self) -> Facts:
        try:
            unsettled, halted = self._journal.open_intents(), self._journal.latch()
            paused = self._journal.paused()
            events = events_after(self._journal, self._last_event)
        except JournalError:
            return Facts()
        if events:
            self._last_event = events[-1][0]
        return Facts(
            halted=halted,
            paused=paused,
            unsettled_since=min((row.sent_at for row in unsettled), default=None),
            events=[(name, text) for _, name, text in events],
        )

    def _send(self, alerts: list[Alert]) -> None:
        for alert in alerts:
            lines = [alert.sentence, *(alert.details[:DETAILS_MAX] if self._details else ())]
            title = f"Ballast {self._name}: {alert.topic.value}"
            self._couriers.take(Letter(title=self._clean(title), body=self._clean("\n".join(lines))))

    def _clean(self, text: str) -> str:
        text = redacted(text)
        try:
            token = rearming_token(self._journal)
        except JournalError:
            token = None
        return text.replace(token, HIDDEN) if token else text
