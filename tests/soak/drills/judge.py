"""What must hold in every drill, read from the exchange's book, the requests and the files; no code of the bot."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from tests.soak.drills.stage import COIN, Ended, Stage
from tests.soak.orders import OURS, is_order
from tests.soak.world import KEY, SECRET

LOT = Decimal("0.002")


def broken(stage: Stage) -> Iterator[str]:
    """Every law that does not hold at the end of a drill."""
    yield from _names(stage)
    yield from _positions(stage)
    yield from _secrets(stage)
    for text in stage.said:
        if "Traceback" in text:
            yield f"X1 somebody saw a traceback: {text[-300:]}"


def _names(stage: Stage) -> Iterator[str]:
    """A1, A2: every order stood in a journal before it left, and no name was carried out twice."""
    for request in stage.world.evidence.requests:
        name = request.asked.client_id
        if is_order(request) and name not in {row.client_id for row in request.rows}:
            yield f"A2 order {name} arrived and no journal knew of it"
    counts = Counter(row.facts.get("client_id", "") for row in stage.world.engine.ledger if row.kind == "order.new")
    yield from (f"A1 {name} was carried out {count} times" for name, count in counts.items() if name and count > 1)


def _positions(stage: Stage) -> Iterator[str]:
    """B1, B2: never long, and never more short than was ever owned."""
    owned = max((row.get(COIN, Decimal(0)) for _, row in stage.world.evidence.owned_from), default=Decimal(0))
    held = Decimal(0)
    for row in stage.world.engine.ledger:
        if row.kind == "fill" and row.facts.get("market", "linear") == "linear":
            amount = Decimal(row.facts["amount"])
            held += amount if row.facts["side"] == "buy" else -amount
            if held > 0 and row.facts.get("client_id", "").startswith(OURS):
                yield f"B1 our own fill led to a long of {held}"
            if -held > owned + LOT:
                yield f"B2 {-held} are short, {owned} were owned at most"


def _secrets(stage: Stage) -> Iterator[str]:
    """S1: no key in any file and in nothing that was said."""
    for secret in (KEY, SECRET):
        for path in stage.folder.rglob("*"):
            if path.is_file() and secret.encode() in path.read_bytes():
                yield f"S1 a key stands in {path.name}"
        if any(secret in text for text in stage.said):
            yield "S1 a key was said"


def whole(path: Path) -> bool:
    """Whether a journal's file is whole, by SQLite's own word."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("PRAGMA integrity_check")] == ["ok"]
    except sqlite3.Error:
        return False


def converged(stage: Stage, ended: Ended, wanted: str) -> Iterator[str]:
    """L1: after the trouble is over the short is what it should be."""
    if ended.status != "hedged" or abs(stage.short - Decimal(wanted)) > Decimal(wanted) * Decimal("0.03") + LOT:
        yield f"L1 {stage.short} are short, {wanted} are wanted; it ended {ended.status}: {ended.said[:300]}"


def grown(stage: Stage, before: Decimal, why: str) -> Iterator[str]:
    """D6, E4: nothing grew where nothing may."""
    if stage.short > before:
        yield f"D6 the short grew from {before} to {stage.short} {why}"


def said(ended: Ended, *words: str) -> Iterator[str]:
    """O1: the person is told."""
    for word in words:
        if word.lower() not in ended.said.lower():
            yield f"O1 {word!r} was not said; the cycle ended {ended.status}: {ended.said[:300]}"


def ended_as(ended: Ended, *statuses: str) -> Iterator[str]:
    """O2: it ended as it should."""
    if ended.status not in statuses:
        yield f"O2 ended {ended.status} instead of {' or '.join(statuses)}: {ended.said[:300]}"
