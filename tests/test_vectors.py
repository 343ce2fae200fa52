"""Every case of a vector directory against our code; BALLAST_VECTORS names another directory of the same schema."""

import json
import os
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.table import ADAPTERS, Inputs

SCHEMA = "policy-math-vectors/1"
OWN = Path(__file__).parent / "vectors"
LABELS = 67


def load(directory: Path) -> list[dict[str, Any]]:
    """All cases of all files; a file of another schema is an error, never skipped."""
    cases: list[dict[str, Any]] = []
    for path in sorted(directory.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document.get("schema") == SCHEMA, f"{path.name} is not of schema {SCHEMA}"
        cases += [{"topic": document["topic"], **case} for case in document["cases"]]
    return cases


def differences(expected: object, got: object, tol: Mapping[str, float], where: str = "") -> list[str]:
    """Every place where two nested values differ by more than the tolerance; empty when they agree."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            return [f"{where}: expected fields, got {got!r}"]
        missing = [f"{where}.{key}: missing" for key in expected if key not in got]
        return missing + [
            line
            for key in expected
            if key in got
            for line in differences(expected[key], got[key], tol, f"{where}.{key}")
        ]
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(got, Sequence) or isinstance(got, str) or len(got) != len(expected):
            return [f"{where}: expected {len(expected)} values, got {got!r}"]
        pairs = enumerate(zip(expected, got, strict=True))
        return [line for n, (left, right) in pairs for line in differences(left, right, tol, f"{where}[{n}]")]
    return [] if same(expected, got, tol) else [f"{where}: expected {expected!r}, got {got!r}"]


def same(expected: object, got: object, tol: Mapping[str, float]) -> bool:
    """Whether two plain values agree; true is not 1, and null is only null."""
    if expected is None or isinstance(expected, bool | str) or isinstance(got, bool | str) or got is None:
        return type(expected) is type(got) and expected == got
    if not isinstance(expected, Real) or not isinstance(got, Real):
        return False
    allowed = tol.get("abs", 0.0) + tol.get("rel", 0.0) * abs(float(expected))
    return abs(float(got) - float(expected)) <= allowed


DIRECTORY = Path(os.environ.get("BALLAST_VECTORS", OWN))
CASES = load(DIRECTORY)


@pytest.mark.parametrize("case", CASES, ids=[f"{case['fn']}-{case['id']}" for case in CASES])
def test_a_case_gives_what_it_expects(case: dict[str, Any]) -> None:
    """Our formula gives the numbers of the case within its tolerance, and understands every input of it."""
    assert case["fn"] in ADAPTERS, f"no code for the label {case['fn']!r}; add it to tests/vectors/table.py"
    inputs = Inputs(case["inputs"])
    got = ADAPTERS[case["fn"]](inputs)
    assert not inputs.unread(), f"inputs not understood: {sorted(inputs.unread())}"
    wrong = differences(case["expected"], got, case["tol"])
    assert not wrong, "\n".join(wrong)


def test_the_directory_holds_cases() -> None:
    """An empty or misspelled directory fails instead of passing silently."""
    assert CASES, f"no vector cases in {DIRECTORY}"


def test_our_own_cases_cover_every_label() -> None:
    """All 67 labels have code and at least one case of our own."""
    covered = {case["fn"] for case in load(OWN)}
    assert len(ADAPTERS) == LABELS
    assert set(ADAPTERS) - covered == set()
