"""Writes our own vector cases from the formulas, without looking at our code: run `python -m tests.vectors.generate`.

Everything here is computed a second way: exact fractions where the formula is rational, 40-digit decimals where it is
not, quadrature, brute force or plain bisection where the code uses a closed form. Nothing is imported from `bot`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.vectors.cases import carries, execution, margin, ratios, results, signals

TOLERANCE = {"rel": 1e-8, "abs": 1e-10}
HERE = Path(__file__).parent
TOPICS = {
    "ratios": ratios.cases,
    "results": results.cases,
    "margin": margin.cases,
    "signals": signals.cases,
    "carries": carries.cases,
    "execution": execution.cases,
}


def document(topic: str, cases: Iterator[Any]) -> dict[str, Any]:
    """One file of cases, numbered in the order they are written."""
    rows = []
    for number, (fn, inputs, expected, how, *tolerance) in enumerate(cases, start=1):
        rows.append(
            {
                "id": f"{topic}-{number:02}",
                "fn": fn,
                "inputs": inputs,
                "expected": plain(expected),
                "tol": tolerance[0] if tolerance else TOLERANCE,
                "checked_by": how,
            }
        )
    return {"schema": "policy-math-vectors/1", "topic": topic, "cases": rows}


def plain(value: Any) -> Any:
    """Fractions and decimals become numbers with 12 significant digits; everything else stays."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | str | int):
        return value
    return float(f"{float(value):.14g}")


def main() -> None:
    """Write one file per topic."""
    for topic, cases in TOPICS.items():
        text = json.dumps(document(topic, cases()), indent=1, ensure_ascii=False)
        (HERE / f"{topic}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
