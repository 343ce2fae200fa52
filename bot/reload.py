"""A profile that is read again while the daemon runs: what may change in place, what did, and the desk for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.cycle import RECALLED, Desk
from bot.daemon import Schedule
from bot.domain.errors import BallastError, ConfigurationError
from bot.rulebook import refuse_late_convictions
from bot.settings import Settings
from bot.wiring import make_desk

Say = Callable[[str], None]
RELOADED = "profile.reloaded"
IN_PLACE = ("holdings", "policy", "risk", "schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that is another than before."""

    key: str
    before: object
    after: object

    @property
    def table(self) -> str:
        """The part of the profile it stands in."""
        return self.key.replace("[", ".").split(".", 1)[0]

    def __str__(self) -> str:
        return f"{self.key} {_shown(self.before)} -> {_shown(self.after)}"


class Profile:
    """The settings in force, and how they are read again."""

    def __init__(self, settings: Settings, load: Callable[[], Settings]) -> None:
        self.settings = settings
        self._load = load

    def read_again(self, desk: Desk, due: datetime, say: Say, complain: Say) -> tuple[Desk, Schedule] | None:
        """Take over what has changed; a profile that is wrong changes nothing, and why is said."""
        try:
            wanted = self._load()
            found = changes(self.settings, wanted)
            refuse_lasting(found)
            fresh = renewed(desk, wanted)
            told = "; ".join(str(row) for row in found)
            if found:
                desk.hands.journal.note(desk.hands.clock.now(), RELOADED, told)
        except BallastError as error:
            complain(f"the profile was read again and not taken over, the old one stays in force: {error}")
            return None
        if not found:
            say("the profile was read again; nothing in it has changed")
            return None
        self.settings = wanted
        schedule = schedule_of(wanted)
        first = min(due, schedule.after(desk.hands.clock.now()))
        say(f"the profile was read again; in force from the cycle at {first:%H:%M:%S} UTC: {told}")
        return fresh, schedule


def schedule_of(settings: Settings) -> Schedule:
    """When the next cycle is, in the settings' words."""
    return Schedule(every_s=settings.schedule.cycle_every_s, cron=settings.schedule.cron)


def changes(before: Settings, after: Settings) -> tuple[Change, ...]:
    """Every setting that differs, by its key."""
    old, new = dict(_leaves("", before.model_dump())), dict(_leaves("", after.model_dump()))
    keys = [*old, *(key for key in new if key not in old)]
    return tuple(
        Change(key=key, before=old.get(key), after=new.get(key)) for key in keys if old.get(key) != new.get(key)
    )


def refuse_lasting(found: Sequence[Change]) -> None:
    """Stop what cannot change under a running daemon; keys and other secrets are named, never shown.

    Raises: ConfigurationError.
    """
    lasting = [row.key for row in found if row.table not in IN_PLACE]
    if lasting:
        raise ConfigurationError(
            f"{', '.join(lasting)} cannot change while Ballast runs. Nothing of the profile is taken over, and the old "
            f"one stays in force. Restart Ballast for it. Without a restart change only {', '.join(IN_PLACE)}."
        )


def renewed(desk: Desk, settings: Settings) -> Desk:
    """The desk of the same venues, journal and clock under other rules, limits and holdings.

    Raises: ConfigurationError for rules that cannot be followed; the old desk is as it was.
    """
    hands = desk.hands
    refuse_late_convictions(settings, hands.journal.setting(RECALLED), hands.clock.now())
    fresh = make_desk(settings, dict(hands.venues), hands.journal, hands.clock)
    lookout = replace(fresh.lookout, archive=desk.lookout.archive, patience=desk.lookout.patience)
    return replace(fresh, lookout=lookout, enter=desk.enter, remarks=desk.remarks, retention=desk.retention)


def _leaves(key: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{key}.{name}" if key else str(name), inner)
    elif isinstance(value, list | tuple) and any(isinstance(row, Mapping) for row in value):
        for place, inner in enumerate(value):
            yield from _leaves(f"{key}[{place}]", inner)
    else:
        yield key, value


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(row) for row in value)
    return str(value)
