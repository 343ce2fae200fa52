"""Positions that are not what our own fills led to: somebody else changed them, or the venue does not show us yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import Position
from bot.domain.errors import Stale
from bot.domain.snapshot import Snapshot, VenueView
from bot.execution.journal import KnownPosition
from bot.risk.plausible import MARK_FROM_INDEX_MAX

LAG_MAX = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """A position that is not what Ballast's own fills led to."""

    known: KnownPosition
    seen: Decimal
    text: str


def surprises(snapshot: Snapshot, known_positions: Sequence[KnownPosition]) -> tuple[Surprise, ...]:
    """Compare what the venues show with what our own fills led to.

    Raises: Stale when a view may not show our last fill yet, or shows what may be our short under another market's
    name. A position that moved after it was changed by somebody else and is adopted as it is.
    """
    found: list[Surprise] = []
    for known in known_positions:
        view = next((row for row in snapshot.venues if row.venue == known.venue), None)
        if view is None or view.amount(known.symbol) == known.amount:
            continue
        renamed = _under_another_name(known, view, known_positions)
        if renamed is not None:
            raise Stale(
                f"{known.venue} shows no position in {known.symbol}, where Ballast left {known.amount}, and one of "
                f"{renamed.amount} in {renamed.symbol}, whose price it does not tell: they may be the same, so nothing "
                "is decided on it. If you closed the one yourself, close the other, too, and the next cycle goes on"
            )
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


def _under_another_name(
    known: KnownPosition, view: VenueView, known_positions: Sequence[KnownPosition]
) -> Position | None:
    """What may be a vanished position of ours: of another coin, like it in size or price, in a market without a mark.

    Where a mark can be believed it has already been held against the position, and tells a wrong name.
    """
    if view.amount(known.symbol) != 0 or known.amount == 0:
        return None
    expected = {(row.symbol, row.amount) for row in known_positions if row.venue == known.venue}
    mark = view.mark(known.symbol)
    for row in view.positions:
        judged = view.mark(row.symbol) is not None and row.symbol not in view.frozen
        stranger = (row.symbol, row.amount) not in expected and row.symbol.split("/", 1)[0] != known.asset
        if judged or not stranger or (row.amount > 0) != (known.amount > 0):
            continue
        near = mark is not None and abs(row.mark_price / mark.mark_price - 1) <= MARK_FROM_INDEX_MAX
        if near or row.amount == known.amount:
            return row
    return None
