"""The way here: figures of past cycles, few enough to draw, with the extremes kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.watch.sight import Record, acted, sight

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POINTS_MAX = 360
ASSETS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One look, or several close ones: the last ratio and price, the highest leverage, the nearest liquidation."""

    at: datetime
    wanted: float | None
    held: float | None
    leverage: float | None
    distance: float | None
    prices: Mapping[str, float]
    acted: bool


class Trail:
    """Points over a span of time: a fine pen at first, a wider one as the way grows longer; never more than so many."""

    def __init__(self, span: timedelta, every: timedelta) -> None:
        self._span = span
        self._width = max(every, timedelta(seconds=1))
        self._points: list[Point] = []

    @property
    def points(self) -> tuple[Point, ...]:
        """Oldest first."""
        return tuple(self._points)

    def add(self, record: Record) -> None:
        """Take up a record; looks within one stroke of the pen become one point, and old ones fall off."""
        point = point_of(record)
        if self._points and point.at < self._points[-1].at:
            return  # a clock that was set back draws nothing twice
        if self._points and self._stroke(self._points[-1].at) == self._stroke(point.at):
            self._points[-1] = _merged(self._points[-1], point)
        else:
            self._points.append(point)
        while self._points[0].at < point.at - self._span:
            del self._points[0]
        if len(self._points) > POINTS_MAX:
            self._thin()

    def _thin(self) -> None:
        """Draw with a pen twice as wide."""
        self._width *= 2
        points, self._points = self._points, []
        for point in points:
            if self._points and self._stroke(self._points[-1].at) == self._stroke(point.at):
                self._points[-1] = _merged(self._points[-1], point)
            else:
                self._points.append(point)

    def _stroke(self, at: datetime) -> int:
        return (at - EPOCH) // self._width


def point_of(record: Record) -> Point:
    """One record as a point."""
    seen = sight(record)
    return Point(
        at=seen.at,
        wanted=_float(seen.wanted),
        held=_float(seen.held),
        leverage=_float(seen.leverage),
        distance=_float(seen.distance),
        prices={row.asset: float(row.price) for row in seen.assets[:ASSETS_MAX] if row.price is not None},
        acted=acted(record),
    )


def _merged(before: Point, after: Point) -> Point:
    leverages = [value for value in (before.leverage, after.leverage) if value is not None]
    distances = [value for value in (before.distance, after.distance) if value is not None]
    return Point(
        at=after.at,
        wanted=before.wanted if after.wanted is None else after.wanted,
        held=before.held if after.held is None else after.held,
        leverage=max(leverages, default=None),
        distance=min(distances, default=None),
        prices={**before.prices, **after.prices},
        acted=before.acted or after.acted,
    )


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
