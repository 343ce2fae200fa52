"""Long soaks go on where they were stopped, and a broken rule is told by what it needs."""

import subprocess
import sys
from pathlib import Path

from tests.soak.campaign import Verdict
from tests.soak.defects import MUTANTS
from tests.soak.progress import BESIDE, ROOT, Keeper, TrialKeeper, earlier, earlier_trials, fingerprint
from tests.soak.shrink import shrunk
from tests.soak.trial import Trial, spread


def verdict(seed: int) -> Verdict:
    return Verdict(seed=seed, broken=[], ledger=f"ledger of {seed}", faults={"slow": seed}, kills=0)


def test_verdicts_are_remembered_for_the_same_code_only(tmp_path: Path) -> None:
    """Stopped in the middle of a line, the soak plays that seed again; other code plays all of them."""
    path, name = tmp_path / "kept" / "verdicts.jsonl", fingerprint(40)
    keeper = Keeper(path, name, {})
    for seed in (0, 1):
        keeper.add(verdict(seed))
    path.write_text(path.read_text() + '{"seed": 2, "bro')
    assert earlier(path, name) == {0: verdict(0), 1: verdict(1)}
    Keeper(path, name, earlier(path, name)).add(verdict(3))
    assert sorted(earlier(path, name)) == [0, 1, 3]
    assert earlier(path, fingerprint(60)) == {}
    assert earlier(tmp_path / "none", name) == {}


def test_a_change_beside_the_schedules_leaves_their_verdicts_true() -> None:
    """What their name leaves out is never loaded while they are played; every other name holds all of it."""
    tell = "import sys, tests.soak.campaign, tests.soak.shrink; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", tell], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[2] for name in told.stdout.split() if name.startswith("tests.soak.")}
    assert {"runner", "audit", "world"} <= loaded
    assert not loaded & BESIDE
    assert all(
        (ROOT / "tests" / "soak" / name).is_dir() or (ROOT / "tests" / "soak" / f"{name}.py").is_file()
        for name in BESIDE
    )
    assert fingerprint(60, schedules=True) != fingerprint(60)


def test_a_broken_rule_is_told_by_what_it_needs() -> None:
    """Of dozens of faults, kills and events, the withdrawal alone shows that its coins are forgotten."""
    forgetful = next(row for row in MUTANTS if row.name == "transit-ignored")
    with forgetful.apply():
        told = shrunk(1, 40, "T1", runs_max=40)
    assert len(told) <= 4
    assert any(line.endswith("event withdrawal") for line in told)
    assert shrunk(1, 5, "T1") == ["seed 1 does not break T1"]


def test_a_part_goes_on_after_the_trials_it_has_played(tmp_path: Path) -> None:
    """A half line at the end is played again; other code begins anew; what was ended is known to be."""
    played = [Trial(name=str(number), faults=("F91",), kills=number) for number in range(3)]
    path = tmp_path / "drills.jsonl"
    keeper = TrialKeeper(path, "code", played[:1])
    keeper.add(played[1])
    path.write_text(path.read_text() + '{"name": "ha')
    assert earlier_trials(path, "code") == (played[:2], False)
    assert earlier_trials(path, "other code") == ([], False)
    keeper = TrialKeeper(path, "code", played)
    keeper.close()
    assert earlier_trials(path, "code") == (played, True)


def test_trials_spread_over_processes_come_in_order() -> None:
    """So that a number says where to go on."""
    names = [trial.name for trial in spread(_named, range(7), 2, after=3)]
    assert names == [trial.name for trial in spread(_named, range(7), 1, after=3)] == ["3", "4", "5", "6"]


def _named(number: int) -> Trial:
    return Trial(name=str(number), faults=())
