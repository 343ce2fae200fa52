"""A long soak's memory: every seed's verdict as one line, so that it goes on where it was stopped."""

import json
import time
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from tests.soak.campaign import Verdict
from tests.soak.trial import Trial

ROOT = Path(__file__).parents[2]
EVERY_S = 15.0
ENDED = "ended"
# What the seeded schedules never load: a change of it leaves their verdicts true.
BESIDE = frozenset(
    {"__main__", "canary", "doors", "drills", "endurance", "growth", "hostile", "killing", "kills", "matrix"}
)


def fingerprint(cycles: int, *, schedules: bool = False) -> str:
    """A name for this code at this length of run: verdicts of other code are no verdicts on this one.

    For `schedules` it leaves out what only the parts beside them are made of.
    """
    digest = sha256(f"{cycles} {version('ccxt')}".encode())
    soak = ROOT / "tests" / "soak"
    for folder in (ROOT / "bot", soak):
        for path in sorted(folder.rglob("*.py")):
            beside = folder == soak and path.relative_to(soak).with_suffix("").parts[0] in BESIDE
            if path.name.startswith("test_") or (schedules and beside):
                continue
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def earlier(path: Path, name: str) -> dict[int, Verdict]:
    """The verdicts kept for this code; a file of other code, or a half line at its end, counts for nothing."""
    if not path.exists():
        return {}
    first, *lines = path.read_text().splitlines() or [""]
    if first != name:
        return {}
    found = {}
    for line in lines:
        try:
            verdict = Verdict(**json.loads(line))
        except (ValueError, TypeError):
            continue
        found[verdict.seed] = verdict
    return found


class Keeper:
    """Adds verdicts to the file."""

    def __init__(self, path: Path, name: str, known: dict[int, Verdict]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            file.write("\n".join([name, *(json.dumps(asdict(row)) for row in known.values())]) + "\n")
        self._path = path

    def add(self, verdict: Verdict) -> None:
        """Keep one more."""
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(verdict)) + "\n")


class Pace:
    """A line of progress now and then; what is left is known only where the whole is."""

    def __init__(self, what: str, *, done: int = 0, of: int = 0) -> None:
        self._what, self._before, self._done, self._of = what, done, 0, of
        self._began = self._said = time.monotonic()

    def step(self) -> None:
        """One more."""
        self._done += 1
        now = time.monotonic()
        if now - self._said < EVERY_S:
            return
        self._said, done = now, self._before + self._done
        left = (self._of - done) / (self._done / (now - self._began)) / 60 if self._of else 0
        print(
            f"{done} of {self._of} {self._what}, {left:.0f} min left" if self._of else f"{done} {self._what}",
            flush=True,
        )


def earlier_trials(path: Path, name: str) -> tuple[list[Trial], bool]:
    """The trials of a part that this code played already, and whether they are all there are."""
    if not path.exists():
        return [], False
    first, *lines = path.read_text().splitlines() or [""]
    if first != name:
        return [], False
    found: list[Trial] = []
    for line in lines:
        if line == ENDED:
            return found, True
        try:
            row = json.loads(line)
            found.append(Trial(**{**row, "faults": tuple(row["faults"]), "broken": tuple(row["broken"])}))
        except (ValueError, TypeError, KeyError):
            break
    return found, False


class TrialKeeper:
    """Writes the trials of one part down as they end, beginning with those of earlier."""

    def __init__(self, path: Path, name: str, before: list[Trial]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
        self._path = path
        for trial in before:
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Keep one more."""
        self._write(json.dumps(asdict(trial)))

    def close(self) -> None:
        """The part was played to its end."""
        self._write(ENDED)

    def _write(self, line: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{line}\n")
