"""The write-ahead journal: what was decided is on disk before a request leaves.

SQLite in WAL mode with synchronous=FULL over one connection: a committed row survives kill -9 and power loss.
Everything the next start needs is in here; there is no other state.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.domain.errors import JournalError
from bot.domain.intent import Intent, IntentKind, Outcome
from bot.execution.generation import Companion, write_companion
from bot.execution.intent_json import intent_from_json, intent_to_json
from bot.execution.journal_file import prepare, private, unusable, unwritten

FORGETFUL = Path(":memory:")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """An intent that was sent and is not settled. `position_before` is the signed position it was decided on."""

    intent: Intent
    client_id: str
    sent_at: datetime
    position_before: Decimal
    absences: int
    absent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPosition:
    """The position Ballast expects after its own fills. Units: base units, signed."""

    venue: str
    symbol: str
    asset: str
    amount: Decimal
    changed_at: datetime


class Journal:
    """One portfolio's journal; open it with `Journal.open`, close it when done."""

    def __init__(self, connection: sqlite3.Connection, path: Path, epoch: str) -> None:
        self._connection = connection
        self.path = path
        self.epoch = epoch

    @classmethod
    def open(cls, path: Path, *, new_id: str, beside: bool = False) -> Self:
        """Open or create the journal at `path`; `new_id` names a journal that has to be created, and this opening.

        Client order ids are made of the opening's name, so two copies of one journal never give out the same one.
        `beside` is for a short visit while another process may hold the journal (status, pause, resume): such a
        connection never moves the write-ahead log into the file, which SQLite before 3.51.3 does not do safely while
        another one writes. ":memory:" gives a journal that forgets.

        Raises: JournalError with a sentence when the file cannot be used; nothing was sent then.
        """
        try:
            if path != FORGETFUL:
                path.parent.mkdir(parents=True, exist_ok=True)
                private(path)
            connection = sqlite3.connect(path, isolation_level=None, timeout=5)
        except (OSError, sqlite3.Error) as error:
            raise unusable(path, str(error)) from None
        try:
            if beside:
                connection.execute("PRAGMA wal_autocheckpoint = 0")
            prepare(connection, path, new_id)
        except (OSError, sqlite3.Error) as error:
            connection.close()
            raise unusable(path, str(error)) from None
        except JournalError:
            connection.close()
            raise
        return cls(connection, path, new_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def id(self) -> str:
        """The journal's own name, the same as long as it lives."""
        return self._meta("journal_id") or ""

    # -- cycles ------------------------------------------------------------------------------------------------------

    def begin_cycle(self, at: datetime) -> str:
        """Open a new cycle and return its id, which no other cycle of this journal has or will have."""
        with self._write() as connection:
            number = connection.execute("INSERT INTO cycles (begun_at) VALUES (?)", (_iso(at),)).lastrowid
        return f"c{number:06d}"

    def end_cycle(self, cycle: str, at: datetime, record_json: str) -> None:
        """Store the record that closes a cycle."""
        with self._write() as connection:
            connection.execute(
                "UPDATE cycles SET ended_at = ?, record = ? WHERE number = ?", (_iso(at), record_json, int(cycle[1:]))
            )

    def last_record_json(self) -> str | None:
        """The record of the last cycle that was closed."""
        row = self._one("SELECT record FROM cycles WHERE record IS NOT NULL ORDER BY number DESC LIMIT 1")
        return str(row[0]) if row else None

    def forget_cycles(self, numbers: Sequence[int], mark: str, *, swept: int) -> None:
        """Take cycles out, and remember under `mark` up to which one the past was gone through, in one commit."""
        with self._write() as connection:
            connection.executemany("DELETE FROM cycles WHERE number = ?", [(number,) for number in numbers])
            _put_meta(connection, f"setting.{mark}", str(swept))

    # -- intents -----------------------------------------------------------------------------------------------------

    def record_sent(
        self, intent: Intent, client_id: str, at: datetime, *, notional: Decimal, position_before: Decimal
    ) -> None:
        """Commit an intent durably; the request may leave only after this returned.

        Raises: JournalError when it could not be committed; then nothing may be sent.
        """
        values = (
            intent.id,
            client_id,
            intent.kind.value,
            intent.venue,
            getattr(intent, "symbol", ""),
            intent_to_json(intent),
            _iso(at),
            str(notional),
            str(position_before),
        )
        with self._lasting() as connection:
            connection.execute(
                "INSERT INTO intents (id, client_id, kind, venue, symbol, state, body, sent_at, notional,"
                " position_before) VALUES (?, ?, ?, ?, ?, 'sent', ?, ?, ?, ?)",
                values,
            )

    def record_outcome(self, outcome: Outcome, at: datetime, position: KnownPosition | None = None) -> None:
        """Write how an intent ended, or that this is unknown, and the position it leads to, in one commit.

        A final ending is never overwritten.
        """
        state = "done" if outcome.final else "unknown"
        average = str(outcome.average_price) if outcome.average_price is not None else None
        fee = str(outcome.fee) if outcome.fee is not None else None
        with self._write() as connection:
            connection.execute(
                "UPDATE intents SET state = ?, ending = ?, filled = ?, average_price = ?, fee = ?, detail = ?,"
                " ended_at = ? WHERE id = ? AND state <> 'done'",
                (
                    state,
                    outcome.ending.value,
                    str(outcome.filled),
                    average,
                    fee,
                    outcome.detail,
                    _iso(at),
                    outcome.intent_id,
                ),
            )
            if position is not None:
                _upsert_position(connection, position)

    def record_fees(self, fees: Mapping[str, Decimal]) -> None:
        """Add what orders were charged, by intent; the venue tells it only after the order has ended."""
        with self._write() as connection:
            rows = [(str(fee), intent_id) for intent_id, fee in fees.items()]
            connection.executemany("UPDATE intents SET fee = ? WHERE id = ? AND fee IS NULL", rows)

    def record_absence(self, intent_id: str, at: datetime) -> None:
        """Count one validated "no such order" for an intent."""
        with self._write() as connection:
            connection.execute(
                "UPDATE intents SET absences = absences + 1, absent_at = ? WHERE id = ?", (_iso(at), intent_id)
            )

    def open_intents(self) -> tuple[OpenIntent, ...]:
        """Every intent that may have changed the world and is not settled, oldest first."""
        rows = self._all(
            "SELECT kind, body, client_id, sent_at, position_before, absences, absent_at FROM intents"
            " WHERE state <> 'done' ORDER BY sent_at, id"
        )
        return tuple(
            OpenIntent(
                intent=intent_from_json(IntentKind(row[0]), row[1]),
                client_id=row[2],
                sent_at=_time(row[3]),
                position_before=Decimal(row[4]),
                absences=int(row[5]),
                absent_at=_time(row[6]) if row[6] else None,
            )
            for row in rows
        )

    def knows(self, client_id: str) -> bool:
        """Whether an order id was given out by this journal."""
        return self._one("SELECT 1 FROM intents WHERE client_id = ?", (client_id,)) is not None

    def orders_since(self, venue: str, at: datetime) -> tuple[int, Decimal]:
        """How many orders were sent since then (in the venue's own time) and their notional, whatever came of them."""
        query = "SELECT notional FROM intents WHERE kind = 'order' AND venue = ? AND sent_at >= ?"
        rows = self._all(query, (venue, _iso(at)))
        return len(rows), sum((Decimal(row[0]) for row in rows), Decimal(0))

    def last_growth_at(self) -> datetime | None:
        """When an order that deepens a short was last filled."""
        row = self._one(
            "SELECT ended_at FROM intents WHERE kind = 'order' AND CAST(filled AS REAL) > 0"
            " AND json_extract(body, '$.side') = 'sell' ORDER BY sent_at DESC LIMIT 1"
        )
        return _time(row[0]) if row and row[0] else None

    # -- positions ---------------------------------------------------------------------------------------------------

    def known_positions(self) -> tuple[KnownPosition, ...]:
        """What Ballast expects to hold after its own fills."""
        rows = self._all("SELECT venue, symbol, asset, amount, changed_at FROM positions ORDER BY venue, symbol")
        return tuple(
            KnownPosition(venue=row[0], symbol=row[1], asset=row[2], amount=Decimal(row[3]), changed_at=_time(row[4]))
            for row in rows
        )

    def set_position(self, known: KnownPosition) -> None:
        """Remember the position after an own fill, or after adopting what a person did."""
        with self._write() as connection:
            _upsert_position(connection, known)

    # -- a person's words --------------------------------------------------------------------------------------------

    def paused(self) -> str | None:
        """Why and since when new risk is stopped, None when it is not."""
        return self._meta("paused")

    def set_paused(self, reason: str | None) -> None:
        """Stop new risk, or lift the stop with None."""
        with self._lasting() as connection:
            _put_meta(connection, "paused", reason)

    def latch(self) -> str | None:
        """Why Ballast halted itself, None when it did not. The text ends with the token that re-arms it."""
        return self._meta("latch")

    def set_latch(self, reason: str, token: str) -> None:
        """Halt until a person re-arms with the token."""
        with self._lasting() as connection:
            _put_meta(connection, "latch_token", token)
            _put_meta(connection, "latch", reason)

    def arm(self, token: str) -> bool:
        """Lift the halt; False when the token is not the one that was given with the halt."""
        if self._meta("latch") is None:
            return True
        if token != self._meta("latch_token"):
            return False
        with self._lasting() as connection:
            _put_meta(connection, "latch", None)
            _put_meta(connection, "latch_token", None)
        return True

    def note(self, at: datetime, name: str, text: str) -> None:
        """Keep an event that is not part of a cycle's own record."""
        with self._write() as connection:
            connection.execute("INSERT INTO events (at, name, text) VALUES (?, ?, ?)", (_iso(at), name, text))

    def setting(self, key: str) -> str | None:
        """A small remembered value (for example until when a host must be left alone)."""
        return self._meta(f"setting.{key}")

    def set_setting(self, key: str, value: str | None) -> None:
        """Remember a small value across restarts."""
        self._set_meta(f"setting.{key}", value)

    def set_settings(self, values: Mapping[str, str | None]) -> None:
        """Remember values that belong together: all of them or none, and nothing is written when nothing changed."""
        changed = {key: value for key, value in values.items() if value != self.setting(key)}
        if changed:
            with self._write() as connection:
                for key, value in changed.items():
                    _put_meta(connection, f"setting.{key}", value)

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[str, ...]]:
        """Answer a question about the past (see `recollection`); only for reading."""
        return self._all(query, values)

    @property
    def generation(self) -> int | None:
        """How many lasting steps this journal has taken, None where nobody counted yet."""
        text = self._meta("generation")
        return int(text) if text is not None else None

    def count_from(self, generation: int) -> None:
        """Go on counting from here, also in the companion."""
        with self._write() as connection:
            _put_meta(connection, "generation", str(generation))
        self._tell_companion(generation)

    # -- the file ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise unwritten(self.path, str(error)) from None

    @contextmanager
    def _lasting(self) -> Iterator[sqlite3.Connection]:
        """A write that no older copy of the file may forget unnoticed; the companion is told after the commit."""
        with self._write() as connection:
            yield connection
            generation = (self.generation or 0) + 1
            _put_meta(connection, "generation", str(generation))
        self._tell_companion(generation)

    def _tell_companion(self, generation: int) -> None:
        if self.path != FORGETFUL:
            write_companion(self.path, Companion(journal=self.id, generation=generation))

    def _one(self, query: str, values: tuple[object, ...] = ()) -> tuple[str, ...] | None:
        rows = self._all(query, values)
        return rows[0] if rows else None

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[str, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise unusable(self.path, str(error)) from None

    def _meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key = ?", (key,))
        return row[0] if row else None

    def _set_meta(self, key: str, value: str | None) -> None:
        with self._write() as connection:
            _put_meta(connection, key, value)


def _put_meta(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    if value is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )


def _upsert_position(connection: sqlite3.Connection, known: KnownPosition) -> None:
    connection.execute(
        "INSERT INTO positions (venue, symbol, asset, amount, changed_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (venue, symbol) DO UPDATE SET asset = excluded.asset, amount = excluded.amount,"
        " changed_at = excluded.changed_at",
        (known.venue, known.symbol, known.asset, str(known.amount), _iso(known.changed_at)),
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
