"""Records as tables for people. A table is drawn from the published object, so that old records look like new ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from bot.domain.record import MEANINGS

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


FLATTENED = {
    "hedged": "flat, no short is open",
    "acted": "not flat yet, run it again",
    "refused": "not flat, see why",
    "unavailable": "venue unavailable, it is not known to be flat",
    "stale": "data too old or incomplete, it is not known to be flat",
}


class Finding(Protocol):
    """What the doctor says about one topic."""

    @property
    def topic(self) -> str:
        """What was examined."""

    @property
    def verdict(self) -> str:
        """One of ok, warn, fail."""

    @property
    def text(self) -> str:
        """What was found and what to do."""


def headline(record: Mapping[str, Any], meanings: Mapping[str, str] | None = None) -> str:
    """Which portfolio, when, and how the cycle ended; `meanings` tells statuses in a command's own words."""
    at = str(record["at"])[:19].replace("T", " ")
    meaning = MEANINGS.get(record["status"], record["status"])
    if record["cycle"] == "plan" and record["status"] == "acted":
        meaning = "these steps would be taken (nothing was done)"
    if record["status"] == "hedged" and not record["intents"]:
        meaning = "hedged as wanted, nothing to do"
    meaning = (meanings or {}).get(record["status"], meaning)
    return f"{record['portfolio']} ({record['mode']}) at {at} UTC: {meaning}"


def record_table(record: Mapping[str, Any], meanings: Mapping[str, str] | None = None) -> str:
    """One cycle, top to bottom: owned, wanted, held, done, why."""
    parts = [headline(record, meanings)]
    parts += [
        _section("owned", ("asset", "amount", "worth", "where"), _exposures(record)),
        _section("wanted", ("asset", "short", "leverage at most"), _needs(record)),
        _section("held", ("market", "contracts", "worth", "entry", "mark", "liquidation", "away"), _positions(record)),
        _section("margin", ("venue", "equity", "used", "maintenance", "leverage"), _margins(record)),
        _section("steps", ("what", "market", "amount", "ending", "price"), _steps(record)),
    ]
    reasons = [*_reasons(record), *record["notes"]]
    if reasons:
        parts.append("why\n" + "\n".join(f"  - {reason}" for reason in dict.fromkeys(reasons)))
    return "\n\n".join(part for part in parts if part)


def status_table(
    record: Mapping[str, Any] | None,
    facts: Mapping[str, Any],
    body: Callable[[Mapping[str, Any]], str] = record_table,
) -> str:
    """The last record with its age, and whether Ballast is paused or halted; `body` draws the record itself."""
    lines = []
    if facts["halted"]:
        lines.append(f"HALTED: {facts['halted']}")
    if facts["paused"]:
        lines.append(f"PAUSED: {facts['paused']}. End it: ballast resume")
    if record is None:
        return "\n".join([*lines, "No cycle is recorded yet. Begin with: ballast once"])
    word = "" if facts["fresh"] else " (TOO OLD: is `ballast run` still alive?)"
    lines.append(f"last cycle {facts['age_s']:.0f} s ago{word}")
    return "\n".join(lines) + "\n\n" + body(record)


def findings_table(findings: Iterable[Finding]) -> str:
    """The doctor's findings, one per line."""
    rows = list(findings)
    width = max((len(row.topic) for row in rows), default=0)
    return "\n".join(f"{MARKS.get(row.verdict, row.verdict)}  {row.topic:<{width}}  {row.text}" for row in rows)


def _section(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    columns = list(zip(heads, *rows, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    numeric = [all(_is_number(row[place]) for row in rows) for place in range(len(heads))]
    lines = [
        "  "
        + "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in (heads, *rows)
    ]
    return title + "\n" + "\n".join(lines)


def _is_number(cell: str) -> bool:
    return cell in ("-", "") or cell[0].isdigit() or (cell[0] == "-" and cell[1:2].isdigit())


def _exposures(record: Mapping[str, Any]) -> list[list[str]]:
    return [
        [row["asset"], _coins(row["amount"]), _money(row["notional"]), ", ".join(row["sources"])]
        for row in record["exposures"]
    ]


def _needs(record: Mapping[str, Any]) -> list[list[str]]:
    return [[row["asset"], _money(row["short_notional"]), f"{row['leverage_cap']}x"] for row in record["needs"]]


def _positions(record: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            row["symbol"],
            _coins(row["contracts"]),
            _money(row["notional"]),
            _money(row["entry_price"]),
            _money(row["mark_price"]),
            _money(row["liquidation_price"]),
            _percent(row["liquidation_distance"]),
        ]
        for row in record["positions"]
    ]


def _margins(record: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            f"{row['venue']} {row['currency']}",
            _money(row["equity"]),
            _money(row["used"]),
            _money(row["maintenance"]),
            "-" if row["effective_leverage"] is None else f"{Decimal(row['effective_leverage']):.2f}x",
        ]
        for row in record["margin"]
    ]


def _steps(record: Mapping[str, Any]) -> list[list[str]]:
    endings = {row["id"]: row for row in record["outcomes"]}
    refused = {row["id"]: row for row in record["refusals"]}
    rows = []
    for row in record["intents"]:
        ending = endings.get(row["id"])
        said = ending["ending"] if ending else "planned"
        if row["id"] in refused:
            said = f"refused: {refused[row['id']]['reason']}"
        what = f"{row['side']}{' (reduce only)' if row['reduce_only'] else ''}" if row["side"] else row["kind"]
        price = _money(ending["average_price"]) if ending else "-"
        rows.append([what, row["symbol"] or "-", _coins(row["amount"]), said, price])
    return rows


def _reasons(record: Mapping[str, Any]) -> Iterator[str]:
    """What was refused first, then each reason once, under the first name it was given for."""
    told: set[str] = set()
    for row in record["refusals"]:
        yield f"refused by {row['guard']}: {row['reason']}"
    for table in ("needs", "targets", "intents"):
        for row in record[table]:
            for reason in row["reasons"]:
                if reason not in told:
                    yield f"{row.get('asset') or row.get('symbol') or row.get('kind')}: {reason}"
                told.add(reason)


def _money(value: str | None) -> str:
    if value is None:
        return "-"
    number = Decimal(value)
    return f"{number:,.2f}" if abs(number) >= 1 or number == 0 else f"{number:.6g}"


def _coins(value: str | None) -> str:
    return "-" if value is None else value


def _percent(value: str | None) -> str:
    return "-" if value is None else f"{Decimal(value):.1%}"
