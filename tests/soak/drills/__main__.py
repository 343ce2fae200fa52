"""Plays drills: all of them so many times, or those named: `python -m tests.soak.drills 30`, `... old-backup/3`."""

import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.soak.drills import DRILLS, again, trials
from tests.soak.trial import Trial


def main(words: list[str]) -> int:
    """1 when a rule was broken."""
    began, count, broken, faults = time.monotonic(), 0, 0, Counter[str]()
    if words and not words[0].isdecimal():
        names = [name for word in words for name in ([word] if "/" in word else [f"{word}/{n}" for n in range(30)])]
        played: Iterator[Trial] = map(again, names)
    else:
        played = trials(int(words[0]) if words else 1)
    for trial in played:
        count += 1
        faults.update(trial.faults)
        if trial.broken:
            broken += 1
            print(trial.name, *trial.broken[:3], sep="\n  ", flush=True)
    print(f"{len(DRILLS)} drills, {count} trials, {broken} broken, {time.monotonic() - began:.0f} s, {dict(faults)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
