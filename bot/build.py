"""Which code this is: its version, and a hash of its files that tells one state of it from another."""

from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from bot import __version__

BUILD = "world.build"


class Memory(Protocol):
    """Small values that survive a restart, and a list of what happened."""

    def setting(self, key: str) -> str | None:
        """Give back what is remembered."""

    def set_setting(self, key: str, value: str | None) -> None:
        """Remember it."""

    def note(self, at: datetime, name: str, text: str) -> None:
        """Keep an event."""


@cache
def build() -> str:
    """Version and hash of the code that runs."""
    root, digest = Path(__file__).parent, sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__} {digest.hexdigest()[:12]}"


def note_build(memory: Memory, at: datetime) -> None:
    """Write down which code works on this journal from now on, when it is another one than before."""
    now, before = build(), memory.setting(BUILD)
    if now != before:
        memory.set_setting(BUILD, now)
        memory.note(
            at, "build", f"Ballast {now} works on this journal" + (f", before it was {before}" if before else "")
        )
