"""Where volume was traded: point of control, value area, high and low volume nodes, and the gate that waits for them.

Nothing shows that these levels forecast; they may only delay a discretionary trade, and are off by default.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from bot.domain.sense import EPSILON, between, finite, non_negative, positive, series

HIGH_NODE = 1.25
LOW_NODE = 0.5
VALUE_AREA_SHARE = 0.7

Step = Literal["reduce_short", "increase_short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Price bins, fixed for the whole window: bin i covers [origin + i*width, origin + (i+1)*width)."""

    origin: float
    width: float
    bins: int

    def __post_init__(self) -> None:
        """Refuse a grid without bins."""
        finite("origin", self.origin)
        positive("bin width", self.width)
        if self.bins < 1:
            raise ValueError(f"A volume profile needs at least one bin, but has {self.bins}.")

    def edge(self, index: int) -> float:
        """Lower edge of a bin."""
        return self.origin + index * self.width

    def middle(self, index: int) -> float:
        """Middle price of a bin."""
        return self.origin + (index + 0.5) * self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The prices a profile points at; the value area grown by single rows, the older two-row variant beside it."""

    point_of_control: float
    value_area_low: float
    value_area_high: float
    value_area_share: float
    value_area_low_two_rows: float
    value_area_high_two_rows: float
    smoothed: tuple[float, ...]
    high_nodes: tuple[float, ...]
    low_nodes: tuple[float, ...]

    def all(self) -> tuple[float, ...]:
        """The prices the gate waits for: point of control, both ends of the value area, high volume nodes."""
        return (self.point_of_control, self.value_area_low, self.value_area_high, *self.high_nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How near a level must be (`tolerance` in price) and how long a step may wait for one."""

    levels: Sequence[float]
    tolerance: float
    wait_max_hours: float = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """Whether the step may go ahead now, and why."""

    allow: bool
    reason: Literal["bypass", "level", "timeout", "wait"]


def volume_histogram(bars: Iterable[tuple[float, float, float]], grid: Grid) -> list[float]:
    """Volume per bin from (high, low, volume) bars, each spread evenly over its range; off the grid is left out.

    A bar without range goes to its bin whole, the top edge of the grid to the last bin.
    """
    volumes = [0.0] * grid.bins
    for bar in bars:
        high, low, volume = series("bar", bar, at_least=3)
        if high < low or volume < 0:
            raise ValueError("A bar has its high below its low or a negative volume; the price data cannot be trusted.")
        _spread(volumes, grid, high, low, volume)
    return volumes


def _spread(volumes: list[float], grid: Grid, high: float, low: float, volume: float) -> None:
    bottom, top = (low - grid.origin) / grid.width, (high - grid.origin) / grid.width
    if top - bottom <= EPSILON:
        index = floor(bottom + EPSILON)
        if index == grid.bins and bottom <= grid.bins + EPSILON:
            index -= 1
        if 0 <= index < grid.bins:
            volumes[index] += volume
        return
    for index in range(max(0, floor(bottom)), min(grid.bins, floor(top) + 1)):
        covered = min(top, index + 1) - max(bottom, index)
        if covered > 0:
            volumes[index] += volume * covered / (top - bottom)


def profile_levels(volumes: Sequence[float], grid: Grid, share: float = VALUE_AREA_SHARE) -> Levels:
    """Read the levels off a histogram.

    Ties: the point of control nearest to the middle of the grid, then the lower one; the value area grows upward.
    """
    rows = series("volumes", volumes)
    if len(rows) != grid.bins or min(rows) < 0 or sum(rows) <= 0:
        raise ValueError("A volume profile needs one non-negative volume per bin and some volume at all.")
    within_share = share if abs(share - 1) <= EPSILON else between("value area share", share, 0.0, 1.0)
    noise = EPSILON * max(rows)
    control = _point_of_control(rows, noise)
    low, high = _value_area(rows, control, within_share, 1, noise)
    low_two, high_two = _value_area(rows, control, within_share, 2, noise)
    smoothed = smooth(rows)
    highs, lows = _nodes(smoothed)
    return Levels(
        point_of_control=grid.middle(control),
        value_area_low=grid.edge(low),
        value_area_high=grid.edge(high + 1),
        value_area_share=sum(rows[low : high + 1]) / sum(rows),
        value_area_low_two_rows=grid.edge(low_two),
        value_area_high_two_rows=grid.edge(high_two + 1),
        smoothed=tuple(smoothed),
        high_nodes=tuple(grid.middle(i) for i in highs),
        low_nodes=tuple(grid.middle(i) for i in lows),
    )


def _point_of_control(rows: Sequence[float], noise: float) -> int:
    most = max(rows)
    centre = (len(rows) - 1) / 2
    return min((i for i, row in enumerate(rows) if row >= most - noise), key=lambda i: (abs(i - centre), i))


def _value_area(rows: Sequence[float], control: int, share: float, count: int, noise: float) -> tuple[int, int]:
    """Grow from the point of control by `count` rows at a time, toward the side with more volume, up to the share."""
    low = high = control
    wanted = share * sum(rows)
    held = rows[control]
    while held < wanted - noise and (low > 0 or high < len(rows) - 1):
        above = sum(rows[high + 1 : high + 1 + count])
        below = sum(rows[max(0, low - count) : low])
        upward = high < len(rows) - 1 and (low == 0 or above >= below - noise)
        if upward:
            high = min(len(rows) - 1, high + count)
            held += above
        else:
            low = max(0, low - count)
            held += below
    return low, high


def smooth(rows: Sequence[float]) -> list[float]:
    """Weights 1/4, 1/2, 1/4 over neighbours, the edge values repeated outward."""
    padded = [rows[0], *rows, rows[-1]]
    return [0.25 * padded[i] + 0.5 * padded[i + 1] + 0.25 * padded[i + 2] for i in range(len(rows))]


def _nodes(smoothed: Sequence[float]) -> tuple[list[int], list[int]]:
    """Peaks well above and inner troughs well below the mean; on a plateau the leftmost bin counts."""
    average = sum(smoothed) / len(smoothed)
    noise = EPSILON * max(smoothed)
    last = len(smoothed) - 1
    highs, lows = [], []
    for i, value in enumerate(smoothed):
        rises = i == 0 or value > smoothed[i - 1] + noise
        stays = i == last or value >= smoothed[i + 1] - noise
        if rises and stays and value >= HIGH_NODE * average - noise:
            highs.append(i)
        inner = 0 < i < last and value < smoothed[i - 1] - noise and value <= smoothed[i + 1] + noise
        if inner and value <= LOW_NODE * average + noise:
            lows.append(i)
    return highs, lows


def gate_answer(step: Step, price: float, gate: Gate, waited_hours: float, *, urgent: bool) -> GateAnswer:
    """Let a step through near a level, after waiting long enough, or at once when it is urgent.

    A reduction buys, so it waits for a level just below; an increase sells and waits for one just above.
    """
    if urgent:
        return GateAnswer(allow=True, reason="bypass")
    near = non_negative("tolerance", gate.tolerance)
    below, above = (near, near / 2) if step == "reduce_short" else (near / 2, near)
    positive("price", price)
    if any(price - below - EPSILON <= level <= price + above + EPSILON for level in gate.levels):
        return GateAnswer(allow=True, reason="level")
    if non_negative("hours waited", waited_hours) >= gate.wait_max_hours - EPSILON:
        return GateAnswer(allow=True, reason="timeout")
    return GateAnswer(allow=False, reason="wait")
