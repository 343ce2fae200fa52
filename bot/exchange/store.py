"""Small JSON files that spare the next start a request; losing one costs nothing but that request."""

import json
import os
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

CLOCK_STEP_MAX = timedelta(minutes=5)


def young(written: datetime, now: datetime, age_max: timedelta) -> bool:
    """Whether something is not too old; a measured clock may step back a little, but nothing comes from tomorrow."""
    return -CLOCK_STEP_MAX <= now - written <= age_max


class Store:
    """One directory of dated JSON documents; None as directory remembers nothing."""

    def __init__(self, directory: Path | None, *, version: str) -> None:
        self._directory = directory
        self._version = version
        self.notes: list[str] = []

    def load(self, name: str, *, now: datetime, age_max: timedelta) -> object | None:
        """The document, or None when it is absent, too old, of another version or damaged (then a note says so)."""
        path = self._path(name)
        if path is None or not path.exists():
            return None
        try:
            document = json.loads(path.read_bytes())
            written = datetime.fromisoformat(document["at"])
            if document["version"] != self._version or not young(written, now, age_max):
                return None
            return document["data"]  # type: ignore[no-any-return]
        except (OSError, ValueError, KeyError, TypeError):
            self.notes.append(f"{path.name} in the cache is damaged and is ignored; it is asked for again")
            return None

    def save(self, name: str, data: object, *, now: datetime) -> None:
        """Replace the document in one step; a full or read-only disk only costs a note."""
        path = self._path(name)
        if path is None:
            return
        scratch = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                # dumps, not dump: only the former runs in C, ten times faster
                file.write(json.dumps({"version": self._version, "at": now.isoformat(), "data": data}))
            Path(scratch).replace(path)
        except OSError as error:
            self.notes.append(f"the cache could not be written ({error.strerror}); the next start will ask again")
            with suppress(OSError):
                if scratch:
                    Path(scratch).unlink()

    def drop(self, name: str) -> None:
        """Forget a document; one that cannot be removed grows too old by itself."""
        path = self._path(name)
        if path is not None:
            with suppress(OSError):
                path.unlink()

    def _path(self, name: str) -> Path | None:
        return None if self._directory is None else self._directory / f"{name}.json"
