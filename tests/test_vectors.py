"""Every case of a vector directory against our code; BALLAST_VECTORS names another directory of the same schema."""

import json
import os
from collections.abc import Mapping, Sequence
from math import isinf
from numbers import Real
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.table import ADAPTERS, Inputs

SCHEMA = "policy-math-vectors/1"
OWN = Path(__file__).parent / "vectors"
LABELS = 67
TOLERANCE = {"rel": 1e-8, "abs": 1e-10}
Tolerance = Mapping[str, Any]


def load(directory: Path) -> list[dict[str, Any]]:
    """All cases of all files; a file of another schema is an error, never skipped."""
    cases: list[dict[str, Any]] = []
    for path in sorted(directory.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document.get("schema") == SCHEMA, f"{path.name} is not of schema {SCHEMA}"
        cases += [{"topic": document.get("topic", path.stem), **case} for case in document["cases"]]
    return cases


def check(case: Mapping[str, Any]) -> list[str]:
    """What is wrong with our answer to one case, line by line; empty when it agrees."""
    if case["fn"] not in ADAPTERS:
        return [f"no code for the label {case['fn']!r}; add it to tests/vectors/, or correct the case"]
    inputs = Inputs(case["inputs"])
    try:
        got: object = ADAPTERS[case["fn"]](inputs)
    except KeyError as missing:
        return [f"the input {missing} is not given and no default is documented for it"]
    unread = sorted(inputs.unread())
    wrong = [f"inputs not understood: {unread}"] if unread else []
    expected = case["expected"]
    if isinstance(got, Mapping) and len(got) == 1 and not isinstance(expected, Mapping):
        got = next(iter(got.values()))
    return wrong + differences(expected, got, case.get("tol") or TOLERANCE)


def differences(expected: object, got: object, tol: Tolerance, where: str = "") -> list[str]:
    """Every place where two nested values differ by more than the tolerance; empty when they agree.

    A tolerance holds for the whole case; one under the name of a field holds for that field instead.
    """
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            return [f"{where}: expected fields, got {got!r}"]
        missing = [f"{where}.{key}: missing" for key in expected if key not in got]
        return missing + [
            line
            for key in expected
            if key in got
            for line in differences(expected[key], got[key], tol.get(key, tol), f"{where}.{key}")
        ]
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        if not isinstance(got, Sequence) or isinstance(got, str) or len(got) != len(expected):
            return [f"{where}: expected {len(expected)} values, got {got!r}"]
        pairs = enumerate(zip(expected, got, strict=True))
        return [line for n, (left, right) in pairs for line in differences(left, right, tol, f"{where}[{n}]")]
    return [] if same(expected, got, tol) else [f"{where}: expected {expected!r}, got {got!r}"]


def same(expected: object, got: object, tol: Tolerance) -> bool:
    """Whether two plain values agree; true is not 1, null is only null, and infinity only infinity."""
    if expected is None or isinstance(expected, bool | str) or isinstance(got, bool | str) or got is None:
        return type(expected) is type(got) and expected == got
    if not isinstance(expected, Real) or not isinstance(got, Real):
        return False
    if isinf(expected) or isinf(got):
        return float(expected) == float(got)
    allowed = tol.get("abs", 0.0) + tol.get("rel", 0.0) * abs(float(expected))
    return bool(abs(float(got) - float(expected)) <= allowed)


DIRECTORY = Path(os.environ.get("BALLAST_VECTORS") or OWN)
CASES = load(DIRECTORY)


@pytest.mark.parametrize("case", CASES, ids=[f"{case['fn']}-{case['id']}" for case in CASES])
def test_a_case_gives_what_it_expects(case: dict[str, Any]) -> None:
    """Our formula gives the numbers of the case within its tolerance, and understands every input of it."""
    wrong = check(case)
    assert not wrong, "\n".join(wrong)


def test_the_directory_holds_cases() -> None:
    """An empty or misspelled directory fails instead of passing silently."""
    assert CASES, f"no vector cases in {DIRECTORY}"


def test_our_own_cases_cover_every_label() -> None:
    """All 67 labels have code and at least one case of our own."""
    covered = {case["fn"] for case in load(OWN)}
    assert len(ADAPTERS) == LABELS
    assert set(ADAPTERS) - covered == set()


def case(fn: str, expected: object, **inputs: Any) -> dict[str, Any]:
    """One case in memory."""
    return {"fn": fn, "inputs": inputs, "expected": expected, "tol": {"rel": 1e-6, "abs": 1e-9}}


def test_a_label_without_code_is_named() -> None:
    """A misspelled label fails with its name, not with a traceback from somewhere inside."""
    assert "no code for the label 'band_egde'" in check(case("band_egde", {"b": 0.02}))[0]


def test_an_input_nobody_reads_fails_the_case() -> None:
    """A case that says more than our code understands may not pass."""
    assert check(case("weight_drift", {"w": 0.5}, w=0.5, r=0.0, days=3)) == ["inputs not understood: ['days']"]


def test_a_field_may_have_a_tolerance_of_its_own() -> None:
    """The tolerance under a field's name loosens that field and no other."""
    wide = {**case("hedge_ratio", {}), "tol": {"rel": 1e-9, "b": {"abs": 0.1}}}["tol"]
    assert differences({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.05}, wide) == []
    assert differences({"a": 1.0, "b": 1.0}, {"a": 1.05, "b": 1.0}, wide) == [".a: expected 1.0, got 1.05"]


def test_nothing_is_close_to_null_and_true_is_not_one() -> None:
    """Null means that a number does not exist; a tolerance cannot bridge that."""
    wide = {"abs": 1e9}
    assert not same(None, 0.0, wide)
    assert not same(0.0, None, wide)
    assert not same(True, 1, wide)
    assert not same(1.0, float("nan"), wide)
    assert same(float("inf"), float("inf"), {})


DEFAULTS = [
    case("band_edge", {"b": 0.0219301330366}, sigma=0.6, nu=0.1125),
    case("band_center", {"b": 0.0348119162521}, sigma=0.6, nu=0.1125, cost=None),
    case("band_weight", 0.0219301330366, w=0.75),
    case("rebalance", {"trade": 0.06, "new": 0.36}, current=0.3, target=0.36, b=0.05, mode="target"),
    case("rebalance", {"trade": 0.0, "new": 0.3}, current=0.3, target=0.35, b=0.05),
    case("rebalance", {"trade": 0.01, "new": 0.31}, current=0.3, target=0.36, b=0.05),
    case("h_vol_target", {"h": 0.25}, sigma=0.6),
    case("leverage_cap", {"leverage_cap": 2.0}, sigma=0.6, days=1, mmr=0.01),
    case("depth_within", {"depth": 10000.0}, levels=[[100.0, 100.0], [99.0, 5.0]], mid=100.0),
    case("depth_within", {"depth": 0}, levels=[], mid=100.0),
    case("book_walk", {"filled": 0, "unfilled": 5.0, "vwap": None}, levels=[], mid=1.0, side="buy", notional=5.0),
    case("vp_gate", {"allow": False, "reason": "wait"}, action="reduce_short", price=100.0, levels=[], tol=1.0),
    case("vp_gate", {"allow": True}, action="increase_short", price=100.0, levels=[101.0], tol=1.0, urgent=None),
    case("vol_ewma", {"var_daily": 0.0001}, r=[0.01, -0.01]),
    case("overlay", {"target_short": 10000.0, "hedge_ratio": 10 / 85}, spot=[85000], cash=15000, target_w=0.75),
    case("liq_price_inverse", {"liq_price": None}, side="short", entry=100, face_usd=100, wallet_coin=1.0, mmr=0.01),
    case(
        "policy_step",
        {"binding": "allocation", "action": "hold", "trade": 0.0, "notional_target": 3000.0, "band": 0.0219301330366},
        spot_value=78000.0,
        total=100000.0,
        target_w=0.75,
        sigma=0.45,
        mmr=0.01,
        collateral=5000.0,
        short_now=650.0,
    ),
]


@pytest.mark.parametrize("case", DEFAULTS, ids=[case["fn"] for case in DEFAULTS])
def test_what_a_case_leaves_out_has_the_documented_default(case: dict[str, Any]) -> None:
    """Costs, aversion, targets and windows that are omitted or null are those of the policy's default table."""
    wrong = check(case)
    assert not wrong, "\n".join(wrong)
