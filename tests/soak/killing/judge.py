"""The judge of killed processes: it reads the exchange's book and the journal file, and shares no code with the bot."""

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

OURS = "blst"
ROOM = Decimal("1.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the exchange's book."""

    kind: str
    symbol: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One row of the journal's table of intents."""

    id: str
    client_id: str
    kind: str
    symbol: str
    state: str
    filled: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the journal file shows."""

    verdict: str
    rows: tuple[Written, ...]
    halted: str
    cycles: int
    ended: int

    @property
    def open(self) -> tuple[Written, ...]:
        """Intents that are not settled."""
        return tuple(row for row in self.rows if row.state != "done")


NOTHING = Found(verdict="ok", rows=(), halted="", cycles=0, ended=0)
QUERY = "SELECT id, client_id, kind, symbol, state, coalesce(filled, '0') FROM intents ORDER BY sent_at, id"


def looked_at(path: Path) -> Found:
    """What somebody else sees who opens the file while a process may be at work."""
    if not path.exists():
        return NOTHING
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=5)
    try:
        return _read(connection, "ok")
    finally:
        connection.close()


def autopsy(path: Path) -> Found:
    """The file as a killed process left it, examined on a copy so that the next process recovers it by itself."""
    if not path.exists():
        return NOTHING
    with tempfile.TemporaryDirectory(prefix="ballast-autopsy-") as folder:
        copy = Path(folder) / path.name
        for end in ("", "-wal"):
            source = path.with_name(path.name + end)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + end))
        connection = sqlite3.connect(copy, isolation_level=None)
        try:
            return _read(connection, str(connection.execute("PRAGMA integrity_check").fetchone()[0]))
        except sqlite3.Error as error:
            return Found(verdict=str(error), rows=(), halted="", cycles=0, ended=0)
        finally:
            connection.close()


def _read(connection: sqlite3.Connection, verdict: str) -> Found:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
        return Found(verdict=verdict, rows=(), halted="", cycles=0, ended=0)  # killed while it was made
    rows = tuple(
        Written(id=row[0], client_id=row[1], kind=row[2], symbol=row[3], state=row[4], filled=Decimal(row[5]))
        for row in connection.execute(QUERY)
    )
    latch = connection.execute("SELECT value FROM meta WHERE key = 'latch'").fetchone()
    cycles, ended = connection.execute("SELECT count(*), count(ended_at) FROM cycles").fetchone()
    return Found(
        verdict=verdict, rows=rows, halted=str(latch[0]) if latch else "", cycles=int(cycles), ended=int(ended)
    )


class Judge:
    """Collects broken rules of one trial; `where` is told by whoever plays it."""

    def __init__(self, owned: Mapping[str, Decimal]) -> None:
        self.broken: list[str] = []
        self.where = ""
        self.ratio_most = Decimal(0)
        self._owned = owned
        self._last: dict[str, Written] = {}

    def say(self, rule: str, text: str) -> None:
        """Write down a broken rule."""
        self.broken.append(f"{rule} {self.where}: {text}")

    def arrived(self, seen: Found, lines: Sequence[Line], positions: Mapping[str, Decimal]) -> None:
        """A write was carried out: `seen` is what the journal's file showed the instant it arrived."""
        rows = {row.client_id: row for row in seen.rows}
        for line in lines:
            if line.kind == "order.new":
                self._taken(line, rows)
        for symbol, amount in positions.items():
            coin = symbol.removesuffix("USDT")
            if amount > 0:
                self.say("B1", f"{symbol} is long by {amount}")
            most = self._owned.get(coin, Decimal(0)) * self.ratio_most * ROOM
            if -amount > most:
                self.say("B5", f"{symbol} is short by {-amount}, at most {most} was ever wanted")

    def _taken(self, line: Line, rows: Mapping[str, Written]) -> None:
        own = line.facts["client_id"]
        row = rows.get(own)
        if row is None or row.state == "done":
            state = "no row" if row is None else "a settled row"
            self.say("A2", f"order {own} for {line.symbol} arrived while the journal's file showed {state} of it")
        if line.facts["side"] == "buy" and line.facts["reduce_only"] != "True":
            self.say("B6", f"order {own} buys {line.symbol} without reduce-only")
        if line.facts["side"] == "sell":
            coin = line.symbol.removesuffix("USDT")
            waiting = [
                other.id
                for other in rows.values()
                if other.client_id != own and other.kind == "order" and other.state != "done"
                if other.symbol.startswith(f"{coin}/")
            ]
            if waiting:
                self.say("A5", f"{line.symbol} grows by order {own} while {', '.join(waiting)} is not settled")

    def died(self, found: Found) -> None:
        """A process has ended, by whatever: the file must be whole and may only have gone forward."""
        if found.verdict != "ok":
            self.say("D1", f"the journal is damaged: {found.verdict}")
            return
        now = {row.id: row for row in found.rows}
        for lost in self._last.keys() - now.keys():
            self.say("D2", f"the row of {lost} is gone")
        for name, row in now.items():
            before = self._last.get(name)
            if before is not None and before.state == "done" and row != before:
                self.say("D2", f"{name} was settled and was changed afterwards")
            if before is not None and before.client_id != row.client_id:
                self.say("A3", f"{name} has another client id than before")
        ids = Counter(row.client_id for row in found.rows)
        for own, times in ids.items():
            if times > 1:
                self.say("A3", f"{times} intents share the client id {own}")
        if found.halted:
            self.say("L3", f"it halted itself: {found.halted[:200]}")
        self._last = now

    def ended(self, found: Found, lines: Sequence[Line]) -> None:
        """In the quiet at the end book and journal tell one story."""
        own = Counter(line.facts["client_id"] for line in lines if line.kind == "order.new")
        rows = {row.client_id: row for row in found.rows}
        for name, times in own.items():
            if times > 1:
                self.say("A1", f"{times} orders carry the client id {name}")
            if name not in rows:
                self.say("A2", f"order {name} is an orphan: no row of the journal knows it")
        for row in found.open:
            self.say("L1", f"{row.id} ({row.kind} {row.symbol}) is still {row.state}")
        filled: dict[str, Decimal] = {}
        for line in lines:
            if line.kind == "fill":
                name = line.facts["client_id"]
                filled[name] = filled.get(name, Decimal(0)) + Decimal(line.facts["amount"])
        for name, row in rows.items():
            if row.kind == "order" and row.filled != filled.get(name, Decimal(0)):
                self.say("D4", f"{row.id} filled {filled.get(name, 0)} at the exchange, {row.filled} in the journal")
        for name in filled.keys() - rows.keys():
            self.say("D4", f"fills of {name} are not in the journal")
