"""Real processes killed by real SIGKILLs, trial by trial; `python -m tests.soak.kills NUMBER` plays one again."""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.soak.trial import Trial

ROOT = Path(__file__).parents[2]


class Worker:
    """One process that plays trials, see `killing/worker.py`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.soak.killing.worker"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def play(self, number: int, defect: str = "") -> Trial:
        """Play one trial to its end; `defect` names a mutant that takes the place of the bot."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a worker without pipes")
        self._process.stdin.write(f"{number} {defect}\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline() or "null")
        if told is None:
            raise RuntimeError(f"the worker of kill trial {number} died with {self._process.wait()}")
        return Trial(**{**told, "faults": tuple(told["faults"]), "broken": tuple(told["broken"])})

    def close(self) -> None:
        """End it; what it started ends with it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def trials(first: int, count: int, jobs: int, defect: str = "") -> Iterator[Trial]:
    """Trials from number `first` on, in order, until `count` processes were killed; `defect` names a mutant to show."""
    workers = [Worker() for _ in range(max(1, jobs))]
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def play(number: int) -> Trial:
        worker = idle.get()
        try:
            return worker.play(number, defect)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(len(workers))
    pending: deque[Future[Trial]] = deque()
    number, killed = first, 0
    try:
        while killed < count:
            while len(pending) <= len(workers):
                pending.append(pool.submit(play, number))
                number += 1
            trial = pending.popleft().result()
            killed += trial.kills
            yield trial
    finally:
        for left in pending:
            left.cancel()
        pool.shutdown()
        for worker in workers:
            worker.close()


def main() -> int:
    """Play one trial, or as many as it takes for a number of kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--defect", default="")
    chosen = parser.parse_args()
    began, kills, faults, broken, played = time.monotonic(), 0, Counter[str](), 0, 0
    for trial in trials(chosen.number, chosen.kills, chosen.jobs, chosen.defect):
        kills, played = kills + trial.kills, played + 1
        faults.update(trial.faults)
        broken += len(trial.broken)
        for row in trial.broken:
            print(f"{trial.name}: {row}", flush=True)
    spent_s = time.monotonic() - began
    pace = f"{spent_s:.0f} s, {kills / spent_s:.1f} kills/s"
    print(f"{played} trials, {kills} kills, {broken} violations, {pace}, faults {dict(sorted(faults.items()))}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
