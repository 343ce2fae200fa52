"""The whole soak: seeded schedules, single faults, drills, hostile networks, real kills; ends with one line.

`python -m tests.soak --seeds 0-20000 --cycles 60 --kills 10000` plays everything, `--only matrix` one part of it.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from bot.sim.faults import FAULTS
from tests.soak import canary, drills, hostile, kills, matrix
from tests.soak.campaign import Hunt, Verdict, hunt, judged
from tests.soak.catalogue import CATALOGUE
from tests.soak.defects import MUTANTS
from tests.soak.progress import Keeper, Pace, TrialKeeper, earlier, earlier_trials, fingerprint
from tests.soak.shrink import shrunk
from tests.soak.trial import Trial

CHUNK = 10
SHOWN_MAX = 20
SHRUNK_MAX = 3
FIRED_MIN = 30
WHOLE_SEEDS = 20_000
PARTS = ("schedules", "matrix", "drills", "network", "secrets", "kills")
WAITING = 4  # processes per job where trials wait more than they work


@dataclass(slots=True)
class Tally:
    """What all parts together saw."""

    catalogue: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    sigkills: int = 0
    violations: int = 0
    trials: Counter[str] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)


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
    name = fingerprint(cycles, schedules=True)
    known = earlier(keep, name) if keep is not None else {}
    known = {seed: row for seed, row in known.items() if seed in seeds}
    keeper = Keeper(keep, name, known) if keep is not None else None
    if known:
        print(f"{len(known)} of {len(seeds)} seeds were played before, {keep} remembers them", flush=True)
    yield from known.values()
    left = [seed for seed in seeds if seed not in known]
    pace = Pace("seeds", done=len(known), of=len(seeds))
    for verdict in verdicts(left, cycles, jobs):
        if keeper is not None:
            keeper.add(verdict)
        yield verdict
        pace.step()


def schedules(tally: Tally, chosen: argparse.Namespace, seeds: range) -> None:
    """The seeded schedules."""
    ledgers: dict[int, str] = {}
    broken: list[Verdict] = []
    for row in played(seeds, chosen.cycles, chosen.jobs, chosen.keep):
        ledgers[row.seed] = row.ledger
        tally.kinds.update(row.faults)
        tally.catalogue.update(row.catalogue)
        tally.kills += row.kills
        tally.violations += len(row.broken)
        if row.broken:
            broken.append(row)
            print("\n".join(row.broken[:3] if len(broken) <= SHOWN_MAX else []), flush=True)
    for row in [] if chosen.whole else broken[:SHRUNK_MAX]:
        print("\n".join(shrunk(row.seed, chosen.cycles, row.broken[0].split(" ", 1)[0])), flush=True)
    tally.trials["seeds"] = len(seeds)
    tally.names.append("".join(ledgers[seed] for seed in seeds))


def part(tally: Tally, name: str, keep: Path | None, play: Callable[[Sequence[Trial]], Iterator[Trial]]) -> None:
    """One part beside the schedules; `play` is given the trials this code played before and goes on after them."""
    path = keep.with_name(f"{name}.jsonl") if keep is not None else None
    code = fingerprint(0)
    before, ended = earlier_trials(path, code) if path is not None else ([], False)
    keeper = TrialKeeper(path, code, before) if path is not None and not ended else None
    if before:
        print(f"{name}: {len(before)} trials were played before, {path} remembers them", flush=True)
    for trial in before:
        _count(tally, name, trial)
    pace = Pace(name, done=len(before))
    for trial in () if ended else play(before):
        if keeper is not None:
            keeper.add(trial)
        _count(tally, name, trial)
        pace.step()
    if keeper is not None:
        keeper.close()


def _count(tally: Tally, name: str, trial: Trial) -> None:
    tally.trials[name] += 1
    tally.catalogue.update(trial.faults)
    tally.sigkills += trial.kills
    tally.violations += len(trial.broken)
    for line in trial.broken[:3]:
        print(f"{name} {trial.name}: {line}", flush=True)
    if trial.trace:
        tally.names.append(trial.trace)


def beside(chosen: argparse.Namespace) -> dict[str, Callable[[Sequence[Trial]], Iterator[Trial]]]:
    """How each part beside the schedules goes on after the trials it has played."""
    jobs, many, repeat = chosen.jobs, WAITING * chosen.jobs, chosen.repeat
    parts: dict[str, Callable[[Sequence[Trial]], Iterator[Trial]]] = {
        "matrix": lambda done: matrix.trials(jobs, len(done)),
        "drills": lambda done: drills.trials(repeat, jobs, len(done)),
        "network": lambda done: hostile.trials(repeat, many, len(done)),
        "secrets": lambda done: canary.trials(repeat, many, len(done)),
    }
    if chosen.kills:
        parts["kills"] = lambda done: kills.trials(len(done), chosen.kills - sum(row.kills for row in done), jobs)
    return parts


def table_of_faults(faults: Counter[str]) -> Iterable[str]:
    """How often each of the catalogue's faults struck, the rarest first."""
    yield f"faults of the catalogue by how often they struck (wanted: each {FIRED_MIN} times)"
    for number in sorted(CATALOGUE, key=lambda row: (faults[row], int(row[1:]))):
        few = "" if faults[number] >= FIRED_MIN else "  too few to prove anything"
        yield f"  {number:5} {faults[number]:9}  {CATALOGUE[number].name}{few}"


def last_line(tally: Tally, chosen: argparse.Namespace, seconds: float) -> str:
    """What was played and what came of it, for a record."""
    fired = sum(tally.catalogue[number] > 0 for number in CATALOGUE)
    name = sha256("".join(tally.names).encode()).hexdigest()[:16]
    parts = ", ".join(f"{tally.trials[row]} {row} trials" for row in PARTS[1:] if tally.trials[row])
    return (
        f"soak: {tally.trials['seeds']} seeds x {chosen.cycles} cycles, 5 venues, {fired} of {len(CATALOGUE)} faults "
        f"fired, {sum(tally.kinds[row] > 0 for row in FAULTS)} kinds on the line {sum(tally.kinds.values())} times, "
        f"{tally.kills} kills, {tally.sigkills} SIGKILLs, {parts or 'no trials beside them'}, {tally.violations} "
        f"violations, {seconds:.0f} s, ledgers sha256 {name}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seeds", default="0-500", help="first-last, last not included, or one seed (default 0-500)")
    parser.add_argument("--cycles", type=int, default=40, help="cycles with faults per seed (default 40)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--kills", type=int, default=0, help="real SIGKILLs (default 0)")
    parser.add_argument("--only", choices=PARTS, help="play one part")
    parser.add_argument("--repeat", type=int, default=FIRED_MIN, help="variants of each drill (default 30)")
    parser.add_argument("--hashes", action="store_true", help="print seed and ledger hash, nothing else")
    parser.add_argument("--mutants", action="store_true", help="play the seeds on every deliberate defect instead")
    parser.add_argument("--keep", type=Path, help="remember verdicts in this file and go on from there")
    parser.add_argument("--whole", action="store_true", help="do not shrink the schedule of a seed that broke a rule")
    return parser


def main(words: list[str] | None = None) -> int:
    """Play the soak; 1 when a rule was broken, or when a whole soak left a fault of the catalogue out."""
    chosen = _parser().parse_args(words)
    first, _, last = chosen.seeds.partition("-")
    seeds = range(int(first), int(last) if last else int(first) + 1)
    if chosen.mutants:
        return table_of_mutants(seeds, chosen.cycles, chosen.jobs)
    if chosen.hashes:
        for row in verdicts(seeds, chosen.cycles, chosen.jobs):
            print(row.seed, row.ledger)
        return 0
    began, tally = time.monotonic(), Tally()
    wanted = (chosen.only,) if chosen.only else PARTS
    if "schedules" in wanted:
        schedules(tally, chosen, seeds)
    for name, play in beside(chosen).items():
        if name in wanted:
            part(tally, name, chosen.keep, play)
    print("\n".join(table_of_faults(tally.catalogue)))
    print(last_line(tally, chosen, time.monotonic() - began))
    rare = any(tally.catalogue[number] < FIRED_MIN for number in CATALOGUE)
    whole = chosen.only is None and len(seeds) >= WHOLE_SEEDS
    return 1 if tally.violations or (whole and rare) else 0


if __name__ == "__main__":
    sys.exit(main())
