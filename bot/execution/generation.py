"""How many lasting steps a journal has taken, counted in the file and in a small companion beside it.

The journal commits first and the companion follows, so whoever dies between the two leaves a companion that lags
behind, which is no reason for alarm. A journal that lags behind its companion is an old copy.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import JournalError

SUFFIX = ".generation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """What the file beside the journal says: whose companion it is, and how far that journal had come."""

    journal: str
    generation: int


def companion_path(journal: Path) -> Path:
    """Where the companion of a journal lies."""
    return journal.with_name(journal.name + SUFFIX)


def read_companion(journal: Path) -> Companion | None:
    """The companion, None where there is none. Raises: JournalError when it cannot be read."""
    path = companion_path(journal)
    try:
        name, _, count = path.read_text(encoding="ascii").strip().rpartition(" ")
        return Companion(journal=name, generation=int(count))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise JournalError(
            f"{path}, which tells an old copy of the journal from the true one, cannot be read ({error}). Nothing was "
            "sent. Make it readable; or, if it is damaged, remove it: Ballast then adds no risk until you re-arm it."
        ) from None


def write_companion(journal: Path, companion: Companion) -> None:
    """Replace the companion at once and durably. Raises: JournalError when it could not be written."""
    path = companion_path(journal)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, f"{companion.journal} {companion.generation}\n".encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except OSError as error:
        raise JournalError(
            f"{path}, which belongs to the journal, could not be written ({error.strerror}). Nothing is sent to a "
            "venue without it; your positions stay as they are. Free disk space or make the folder writable.",
            why=error.strerror or str(error),
        ) from None


def doubt(journal: str, generation: int | None, companion: Companion | None) -> str | None:
    """Why a journal is not the newest of its account, as far as its companion can tell; None when it may be."""
    if companion is None:
        if generation is None:
            return None  # new, or from before generations were counted
        return (
            f"the companion {SUFFIX} file of this journal is missing, as after a copy to another place or a restored "
            "backup"
        )
    if companion.journal != journal:
        return (
            "the journal that was kept here is gone and this is another one; it was deleted or replaced, and with it "
            "what was sent before"
        )
    known = generation or 0
    if companion.generation > known:
        return (
            f"this journal is an old copy: it knows {known} lasting steps (requests sent, halts, pauses), "
            f"{companion.generation} were taken"
        )
    return None
