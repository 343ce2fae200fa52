"""Known vulnerabilities in what is locked: `make audit`. Ends with 0 none known, 1 some, 3 the database did not answer.

Not part of `make test`: it asks a database in the network, and its answer changes from day to day.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-alerts.lock", "requirements-test.lock", "requirements-audit.lock")
UNREACHED = 3


def main() -> int:
    """Ask for every lock and tell."""
    worst = 0
    for lock in LOCKS:
        worst = max(worst, told(lock, asked(ROOT / lock)))
    return worst


def asked(lock: Path) -> str:
    """What the auditor prints as JSON; empty when it could not ask."""
    words = ["--requirement", str(lock), "--require-hashes", "--disable-pip", "--format", "json"]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pip_audit", *words, "--progress-spinner", "off", "--timeout", "20"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def told(lock: str, report: str) -> int:
    """Print what is known of one lock; the exit code it alone would give."""
    try:
        rows = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        rows = []
    if all("skip_reason" in row for row in rows):
        print(f"{lock}: NOT AUDITED, the database of vulnerabilities could not be reached from here. Nothing is known.")
        return UNREACHED
    unseen = [row["name"] for row in rows if "skip_reason" in row]
    found = list(vulnerable(rows))
    for line in found:
        print(f"{lock}: {line}")
    for name in unseen:
        print(f"{lock}: {name} was not audited")
    print(f"{lock}: {len(rows) - len(unseen)} packages audited, {len(found)} known vulnerabilities")
    return 1 if found else UNREACHED if unseen else 0


def vulnerable(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each known vulnerability."""
    for row in rows:
        for one in row.get("vulns", []):
            mended = ", ".join(one.get("fix_versions", [])) or "no version yet"
            yield f"{row['name']} {row['version']}: {one['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main())
