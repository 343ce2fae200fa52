"""A journal belongs to one world: what happened in a rehearsal must not be taken for what happened with real money."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from bot.domain.errors import ConfigurationError

MODE = "world.mode"
VENUES = "world.venues"
PLACES = {"localnet": "on the local testnet", "demo": "in its demo trading", "testnet": "on its testnet"}


class Memory(Protocol):
    """Small values that survive a restart."""

    def setting(self, key: str) -> str | None:
        """Give back what is remembered."""

    def set_setting(self, key: str, value: str | None) -> None:
        """Remember it."""


def fingerprint(api_key: str) -> str:
    """What tells one key from another and gives none away; empty for none."""
    return sha256(f"ballast {api_key}".encode()).hexdigest()[:8] if api_key else ""


def refuse_other_world(memory: Memory, path: Path, mode: str, venues: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """Stop when the journal was made in another mode, or at another kind of place; give back which keys are new.

    `venues` are place ("localnet", a sandbox, else the mode) and key fingerprint by venue.
    Raises: ConfigurationError; nothing was touched.
    """
    before = memory.setting(MODE)
    if before is not None and before != mode:
        raise _other(path, f'in mode "{before}"', f'in mode "{mode}"', mode)
    changed = []
    for venue, (place, key) in venues.items():
        known = _pinned(memory).get(venue)
        if known is None:
            continue
        if known[0] != place:
            raise _other(path, f"with {venue} {_at(known[0])}", f"with {venue} {_at(place)}", mode)
        if known[1] and key and known[1] != key:
            changed.append(
                f"the API key of {venue} is another one than before ({known[1]} before, {key} now, by fingerprint). A "
                "new key of the same account changes nothing. If it belongs to another account, stop and give that "
                "account a journal of its own ([journal] path)"
            )
    return tuple(changed)


def pin(memory: Memory, mode: str, venues: Mapping[str, tuple[str, str]]) -> None:
    """Write down whose journal this is; venues that are not configured now stay as they were."""
    kept = {**_pinned(memory), **venues}
    kept = {
        venue: (place, key or _pinned(memory).get(venue, ("", ""))[1])  # a run without keys forgets none
        for venue, (place, key) in kept.items()
    }
    text = json.dumps(kept, sort_keys=True)
    if memory.setting(MODE) != mode:
        memory.set_setting(MODE, mode)
    if memory.setting(VENUES) != text:
        memory.set_setting(VENUES, text)


def _at(place: str) -> str:
    return PLACES.get(place, "itself")


def _pinned(memory: Memory) -> dict[str, tuple[str, str]]:
    try:
        rows = json.loads(memory.setting(VENUES) or "{}")
        return {venue: (str(place), str(key)) for venue, (place, key) in rows.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _other(path: Path, then: str, now: str, mode: str) -> ConfigurationError:
    return ConfigurationError(
        f"the journal {path} was made {then} and this run is {now}. Nothing was touched. What it remembers of orders "
        "and positions is not true here, and acting on it could cost real money. Keep it, and set another [journal] "
        f'path, for example "{path.with_name(f"{path.stem}-{mode}{path.suffix}")}".'
    )
