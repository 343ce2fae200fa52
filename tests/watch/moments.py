"""Builders of boards and moments for the tests of what the owner looks at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.domain.record import CycleRecord, CycleStatus
from bot.execution.journal import FORGETFUL, Journal
from bot.watch.board import Board, Limits
from tests.cli.records import NOW, record

LIMITS = Limits(quote="USDT", leverage_cap=Decimal(2), distance_min=Decimal("0.30"), band=Decimal("0.05"))
START = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
NEXT = NOW + timedelta(seconds=30)


class Watch:
    """A wall clock that is wound by hand."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s


def board(
    *, mode: str = "live", watch: Watch | None = None, journal: Journal | None = None, portfolio: str = "family"
) -> Board:
    """A board over an empty journal."""
    wall = watch or Watch()
    return Board(
        mode=mode,
        portfolio=portfolio,
        limits=LIMITS,
        journal=journal or forgetful(),
        patience=lambda now: timedelta(seconds=150),
        every=timedelta(seconds=30),
        wall=wall.now,
        monotonic=wall.monotonic,
    )


def forgetful() -> Journal:
    return Journal.open(FORGETFUL, new_id="0123456789abcdef")


def looked(status: CycleStatus = CycleStatus.HEDGED, *, minutes: int = 0, notes: tuple[str, ...] = ()) -> CycleRecord:
    """A cycle some minutes after the first."""
    return replace(record(status), at=NOW + timedelta(minutes=minutes), notes=notes)
