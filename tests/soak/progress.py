"""A long soak's memory: every seed's verdict as one line, so that it goes on where it was stopped."""

import json
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from tests.soak.campaign import Verdict

ROOT = Path(__file__).parents[2]


def fingerprint(cycles: int) -> str:
    """A name for this code at this length of run: verdicts of other code are no verdicts on this one."""
    digest = sha256(f"{cycles} {version('ccxt')}".encode())
    for folder in ("bot", "tests/soak"):
        for path in sorted((ROOT / folder).rglob("*.py")):
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
