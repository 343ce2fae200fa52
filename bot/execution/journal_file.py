"""The journal's file: its tables, how it is opened and checked, what is said when it cannot be used."""

import os
import sqlite3
from pathlib import Path

from bot.domain.errors import JournalError

SCHEMA_VERSION = 1
SQLITE_MIN = (3, 38, 0)  # strict tables and JSON; the fault of write-ahead logs before 3.51.3 needs a second writer
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE cycles (number INTEGER PRIMARY KEY, begun_at TEXT NOT NULL, ended_at TEXT, record TEXT) STRICT;
CREATE TABLE intents (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, venue TEXT NOT NULL, symbol TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sent', 'unknown', 'done')), body TEXT NOT NULL, sent_at TEXT NOT NULL,
    notional TEXT NOT NULL, position_before TEXT NOT NULL, absences INTEGER NOT NULL DEFAULT 0, absent_at TEXT,
    ending TEXT, filled TEXT, average_price TEXT, fee TEXT, detail TEXT, ended_at TEXT
) STRICT;
CREATE INDEX intents_open ON intents (state) WHERE state <> 'done';
CREATE INDEX intents_sent ON intents (sent_at);
CREATE TABLE positions (
    venue TEXT NOT NULL, symbol TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL, changed_at TEXT NOT NULL,
    PRIMARY KEY (venue, symbol)
) STRICT;
CREATE TABLE events (number INTEGER PRIMARY KEY, at TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL) STRICT;
"""
CHECKED = ("meta", "intents", "positions", "events")  # records may fill a gigabyte, and no decision hangs on them


def prepare(connection: sqlite3.Connection, path: Path, new_id: str) -> None:
    """Make or check the tables. Raises: JournalError for a file that is damaged or from a newer Ballast."""
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise JournalError(
            f"this Python brings SQLite {sqlite3.sqlite_version}, which cannot keep the journal {path}; "
            f"{'.'.join(map(str, SQLITE_MIN))} or newer can. Nothing was touched. Use a newer Python or a newer system."
        )
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"the journal {path} was written by a newer Ballast (version {version}, this one knows {SCHEMA_VERSION}). "
            "Nothing was touched. Install the newer Ballast again, or point journal.path to another file."
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        if int(connection.execute("PRAGMA user_version").fetchone()[0]) == 0:
            for statement in SCHEMA.split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute("INSERT INTO meta (key, value) VALUES ('journal_id', ?)", (new_id,))
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    for table in CHECKED:
        verdict = connection.execute(f"PRAGMA quick_check({table})").fetchone()[0]
        if verdict != "ok":
            raise unusable(path, f"damaged: {verdict}")


def private(path: Path) -> None:
    """Make a new journal readable by its owner only: it tells what somebody owns. Raises: OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def unusable(path: Path, why: str) -> JournalError:
    """The error for a journal that cannot be used, in words."""
    return JournalError(
        f"the journal {path} cannot be used ({why}). Nothing was sent and nothing changed at any venue. Check "
        "journal.path, that the folder exists and is writable, and that there is space on the disk."
    )


def unwritten(path: Path, why: str) -> JournalError:
    """The error for a journal that could not be written, in words."""
    way_out = (
        "Another program holds the file, perhaps a viewer of databases: close it; the next cycle tries again."
        if "locked" in why
        else "Free disk space or repair the file, then start again."
    )
    return JournalError(
        f"the journal {path} could not be written ({why}). Nothing is sent to a venue without it; your positions stay "
        f"as they are. {way_out}",
        why=why,
    )
