"""Positions that are not what our own fills led to: somebody else changed them, or the venue does not show us yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import Position
from bot.domain.errors import Stale
from bot.domain.snapshot import Snapshot
from bot.execution.journal import KnownPosition

LAG_MAX = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """A position that is not what Ballast's own fills led to."""

    known: KnownPosition
    seen: Decimal
    text: str


def surprises(snapshot: Snapshot, known_positions: Sequence[KnownPosition]) -> tuple[Surprise, ...]:
    """Compare what the venues show with what our own fills led to.

    Raises: Stale when a view may not show our last fill yet. A position that moved after it was changed by somebody
    else and is adopted as it is.
    """
    found: list[Surprise] = []
    for known in known_positions:
        view = next((row for row in snapshot.venues if row.venue == known.venue), None)
        if view is None or view.amount(known.symbol) == known.amount:
            continue
        position = view.position(known.symbol)
        if not _moved_since(position, known, view.at):
            raise Stale(
                f"{known.venue} does not show our last fill in {known.symbol} yet "
                f"(expected {known.amount}, shown {view.amount(known.symbol)}): nothing is decided on it"
            )
        text = (
            f"the position in {known.symbol} was changed by somebody else: Ballast left {known.amount}, now there is "
            f"{view.amount(known.symbol)} (by hand, automatic deleveraging or liquidation); adopted as it is"
        )
        found.append(Surprise(known=known, seen=view.amount(known.symbol), text=text))
    return tuple(found)


def _moved_since(position: Position | None, known: KnownPosition, now: datetime) -> bool:
    if now - known.changed_at > LAG_MAX:
        return True
    return position is not None and position.updated_at is not None and position.updated_at > known.changed_at
