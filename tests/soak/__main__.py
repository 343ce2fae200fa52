"""Runs as many seeds as wanted: `python -m tests.soak --seeds 0-20000 --cycles 60`; ends with one line for a record."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from bot.sim.faults import FAULTS
from tests.soak.campaign import Hunt, Verdict, hunt, judged
from tests.soak.defects import MUTANTS
from tests.soak.progress import Keeper, earlier, fingerprint
from tests.soak.shrink import shrunk

CHUNK = 10
SHOWN_MAX = 20
SHRUNK_MAX = 3
EVERY_S = 15.0
FIRED_MIN = 30


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


def verdicts(seeds: Sequence[int], cycles: int, jobs: int) -> Iterator[Verdict]:
    """Every seed's verdict, in order."""
    if jobs == 1:
        yield from map(partial(judged, cycles), seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(partial(judged, cycles), seeds, chunksize=CHUNK)


def played(seeds: range, cycles: int, jobs: int, keep: Path | None) -> Iterator[Verdict]:
    """Verdicts of earlier and of now, with a line of progress now and then."""
    name = fingerprint(cycles)
    known = earlier(keep, name) if keep is not None else {}
    known = {seed: row for seed, row in known.items() if seed in seeds}
    keeper = Keeper(keep, name, known) if keep is not None else None
    if known:
        print(f"{len(known)} of {len(seeds)} seeds were played before, {keep} remembers them", flush=True)
    yield from known.values()
    left = [seed for seed in seeds if seed not in known]
    began = said = time.monotonic()
    for count, verdict in enumerate(verdicts(left, cycles, jobs), 1):
        if keeper is not None:
            keeper.add(verdict)
        yield verdict
        now = time.monotonic()
        if now - said > EVERY_S:
            pace = count / (now - began)
            print(
                f"{len(known) + count} of {len(seeds)} seeds, {(len(left) - count) / pace / 60:.0f} min left",
                flush=True,
            )
            said = now


def table_of_faults(faults: Counter[str]) -> Iterable[str]:
    """How often each fault struck, the rarest first."""
    yield f"faults by how often they struck (wanted: each {FIRED_MIN} times)"
    for name in sorted(FAULTS, key=lambda row: (faults[row], row)):
        yield f"  {name:20} {faults[name]:8}{'' if faults[name] >= FIRED_MIN else '  too few to prove anything'}"


def main(words: list[str] | None = None) -> int:
    """Play the seeds; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", default="0-500", help="first-last, last not included, or one seed (default 0-500)")
    parser.add_argument("--cycles", type=int, default=40, help="cycles with faults per seed (default 40)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--hashes", action="store_true", help="print seed and ledger hash, nothing else")
    parser.add_argument("--mutants", action="store_true", help="play the seeds on every deliberate defect instead")
    parser.add_argument("--keep", type=Path, help="remember verdicts in this file and go on from there")
    parser.add_argument("--whole", action="store_true", help="do not shrink the schedule of a seed that broke a rule")
    chosen = parser.parse_args(words)
    first, _, last = chosen.seeds.partition("-")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    if chosen.mutants:
        return table_of_mutants(seeds, chosen.cycles, chosen.jobs)
    if chosen.hashes:
        for row in verdicts(seeds, chosen.cycles, chosen.jobs):
            print(row.seed, row.ledger)
        return 0
    began = time.monotonic()
    ledgers: dict[int, str] = {}
    faults, kills, broken = Counter[str](), 0, list[Verdict]()
    for row in played(seeds, chosen.cycles, chosen.jobs, chosen.keep):
        ledgers[row.seed] = row.ledger
        faults.update(row.faults)
        kills += row.kills
        if row.broken:
            broken.append(row)
            print("\n".join(row.broken[:3] if len(broken) <= SHOWN_MAX else []), flush=True)
    for row in [] if chosen.whole else broken[:SHRUNK_MAX]:
        print("\n".join(shrunk(row.seed, chosen.cycles, row.broken[0].split(" ", 1)[0])), flush=True)
    print("\n".join(table_of_faults(faults)))
    name = sha256("".join(ledgers[seed] for seed in seeds).encode()).hexdigest()[:16]
    print(
        f"soak: {len(seeds)} seeds x {chosen.cycles} cycles, {sum(faults[row] > 0 for row in FAULTS)} kinds of fault "
        f"struck {sum(faults.values())} times, {kills} kills, {sum(len(row.broken) for row in broken)} violations in "
        f"{len(broken)} seeds, {time.monotonic() - began:.0f} s, ledgers sha256 {name}"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
