"""Runs as many seeds as wanted: `python -m tests.soak --seeds 0-20000 --cycles 60`; ends with one line for a record."""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context

from tests.soak.campaign import Hunt, hunt, judged
from tests.soak.defects import MUTANTS

CHUNK = 10
SHOWN_MAX = 20


def table_of_mutants(seeds: range, cycles: int, jobs: int) -> int:
    """Print what notices each defect, and after how many seeds; 1 when one goes unnoticed."""
    missed = 0
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        for row in pool.map(partial(_hunted, seeds, cycles), range(len(MUTANTS))):
            print(row, flush=True)
            missed += row.rule is None
    print(f"{len(MUTANTS) - missed} of {len(MUTANTS)} mutants noticed")
    return min(missed, 1)


def _hunted(seeds: range, cycles: int, place: int) -> Hunt:
    return hunt(MUTANTS[place], seeds, cycles)


def main(words: list[str] | None = None) -> int:
    """Play the seeds; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", default="0-500", help="first-last, last not included, or one seed (default 0-500)")
    parser.add_argument("--cycles", type=int, default=40, help="cycles with faults per seed (default 40)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--hashes", action="store_true", help="print seed and ledger hash, nothing else")
    parser.add_argument("--mutants", action="store_true", help="play the seeds on every deliberate defect instead")
    chosen = parser.parse_args(words)
    first, _, last = chosen.seeds.partition("-")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    if chosen.mutants:
        return table_of_mutants(seeds, chosen.cycles, chosen.jobs)
    began, hashes, faults, kills, broken = time.monotonic(), sha256(), Counter[str](), 0, 0
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("fork")) as pool:
        done = pool.map(partial(judged, chosen.cycles), seeds, chunksize=CHUNK) if chosen.jobs > 1 else None
        rows = done if done is not None else map(partial(judged, chosen.cycles), seeds)
        for count, (seed, found, name, struck, killed) in enumerate(rows, 1):
            hashes.update(name.encode())
            faults.update(struck)
            kills += killed
            broken += bool(found)
            if chosen.hashes:
                print(seed, name)
                continue
            for text in islice(found, 3 if broken <= SHOWN_MAX else 0):
                print(text)
            if count % 500 == 0:
                print(f"{count} of {len(seeds)} seeds, {broken} broken, {time.monotonic() - began:.0f} s", flush=True)
    if not chosen.hashes:
        print(
            f"soak: {len(seeds)} seeds x {chosen.cycles} cycles, {len(faults)} kinds of fault struck "
            f"{sum(faults.values())} times, {kills} kills, {broken} seeds with a broken rule, "
            f"{time.monotonic() - began:.0f} s, ledgers sha256 {hashes.hexdigest()[:16]}"
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
