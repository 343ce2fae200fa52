"""Contracts that left the list of markets at their delivery: what was sent in them before may not be settled yet."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.exchange import strict
from bot.exchange.store import Store
from bot.exchange.strict import Row, Unreadable

ASKED_ABOUT = timedelta(days=7)  # venues tell of orders and trades for about as long


class Delivered:
    """The dated contracts of one venue that ended within the last week, by symbol; kept on disk for the next start."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, f"{name}_dated"
        self._dated: dict[str, Row] = {}
        self.rows: dict[str, Row] = {}

    def recall(self, now: datetime) -> None:
        """Take up what an earlier process knew; what cannot be read is left out."""
        known = self._store.load(self._name, now=now, age_max=ASKED_ABOUT)
        found = [item for item in known if isinstance(item, dict)] if isinstance(known, list) else []
        named = {str(item.get("symbol")): item for item in found if isinstance(item.get("id"), str)}
        self._sort({**named, **self._dated}, now)

    def learn(self, listed: Iterable[Row], now: datetime) -> None:
        """Remember the dated contracts of a list, beside those of the lists before it."""
        self._sort({**self._dated, **{str(item["symbol"]): item for item in listed}}, now)
        if self._dated:
            self._store.save(self._name, list(self._dated.values()), now=now)

    def _sort(self, rows: dict[str, Row], now: datetime) -> None:
        self._dated = {name: item for name, item in rows.items() if _dated(item) and not ended(item, now - ASKED_ABOUT)}
        self.rows = {name: item for name, item in self._dated.items() if ended(item, now)}


def ended(row: Row, now: datetime) -> bool:
    """Whether a market has an end that is past; one whose end cannot be read counts as living."""
    try:
        until = strict.moment_or_none(row, "expiry")
    except Unreadable:
        return False
    return until is not None and until <= now


def _dated(row: Row) -> bool:
    return bool(row.get("contract")) and row.get("expiry") is not None
