"""The long soak: `make soak`, or `SEEDS=20000 FIRST_SEED=0 CYCLES=60 python -m tests.soak`."""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256

from tests.soak.audit import audit
from tests.soak.runner import run
from tests.soak.schedule import draw

SHOWN_EVERY = 50


def one(task: tuple[int, int]) -> tuple[int, str, int, list[str]]:
    """Play and judge one seed."""
    seed, cycles = task
    evidence = run(draw(seed, cycles))
    return seed, evidence.ledger_hash(), evidence.kills, [str(row) for row in audit(evidence)]


def main() -> int:
    """Print progress, every violation with its seed, and a last line with the counts."""
    seeds, first = int(os.environ.get("SEEDS", "2000")), int(os.environ.get("FIRST_SEED", "0"))
    cycles = int(os.environ.get("CYCLES", "60"))
    began, violations, kills, digest = time.monotonic(), 0, 0, sha256()
    tasks = ((seed, cycles) for seed in range(first, first + seeds))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for count, (seed, name, died, found) in enumerate(pool.map(one, tasks, chunksize=5), 1):
            digest.update(name.encode())
            kills += died
            violations += len(found)
            for row in found[:1]:
                print(f"seed {seed}: {row}", flush=True)
            if count % SHOWN_EVERY == 0:
                pace = count / (time.monotonic() - began)
                print(f"{count} of {seeds} seeds, {violations} violations, {pace:.1f} seeds a second", flush=True)
    print(
        f"soak: {seeds} seeds from {first} x {cycles} cycles, {kills} simulated kills, {violations} violations, "
        f"ledger sha256 {digest.hexdigest()}"
    )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
