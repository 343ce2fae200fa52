"""Small line charts as inline SVG: no script, no library, readable without colour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from bot.watch.words import text

WIDTH, HEIGHT, MARGIN = 600.0, 120.0, 8.0
NEAR_BELOW, NEAR_ABOVE = 0.15, 5.0  # a limit further away would press the line flat
GAP = 8  # so many usual steps without a look break a line
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One drawn figure; `style` is a class of the style sheet."""

    name: str
    style: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One card: lines over time, and dashed limits that shall not be crossed. `ticks` are moments of action."""

    title: str
    times: Sequence[datetime]
    lines: tuple[Line, ...]
    form: Callable[[float], str]
    limits: tuple[float, ...] = ()
    limit_name: str = ""
    ticks: Sequence[datetime] = ()
    least_height: float = 0.0


def chart(given: Chart) -> str:
    """The chart as HTML."""
    known = [value for line in given.lines for value in line.values if value is not None]
    if len(given.times) < 2 or not known:
        return _card(given, '<p class="empty">drawn as soon as two cycles have been recorded</p>', "")
    low, high = _range(known, given)
    begin, end = given.times[0], given.times[-1]
    length = (end - begin).total_seconds() or 1.0

    def across(at: datetime) -> float:
        return WIDTH * (at - begin).total_seconds() / length

    def down(value: float) -> float:
        return MARGIN + (HEIGHT - 2 * MARGIN) * (high - value) / (high - low)

    marks = "".join(
        f'<line class="tick" x1="{across(at):.1f}" x2="{across(at):.1f}" y1="{HEIGHT - 6:.0f}" y2="{HEIGHT:.0f}"/>'
        for at in given.ticks
        if begin <= at <= end
    )
    edges = "".join(
        f'<line class="limit" x1="0" x2="{WIDTH:.0f}" y1="{down(value):.1f}" y2="{down(value):.1f}"/>'
        for value in given.limits
        if low <= value <= high
    )
    paths = "".join(
        f'<polyline class="{line.style}" points="{points}"/>'
        for line in given.lines
        for points in _runs(given.times, line.values, across, down)
    )
    svg = (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text(_spoken(given, known))}">{marks}{edges}{paths}</svg>'
    )
    scale = f'<span class="hi">{text(given.form(high))}</span><span class="lo">{text(given.form(low))}</span>'
    stamp = "%m-%d %H:%M" if length >= 86400 else "%H:%M:%S" if length < 7200 else "%H:%M"
    span = f"<span>{begin:{stamp}}</span><span>{end:{stamp}}</span>"
    return _card(given, f'<div class="plot">{svg}{scale}</div>', f'<div class="span">{span}</div>')


def bar(value: float | None, limit: float, *, good: bool) -> str:
    """A figure against its limit as a bar with a mark."""
    if value is None or limit <= 0:
        return '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"></svg>'
    full = max(limit * 1.5, min(value, limit * 3) * 1.05)
    length, mark = min(100.0, max(0.0, 100 * value / full)), 100 * limit / full
    return (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{"fill" if good else "fill bad"}" x="0" y="0" width="{length:.1f}" height="6"/>'
        f'<rect class="mark" x="{mark:.1f}" y="0" width="0.8" height="6"/></svg>'
    )


def _range(known: Sequence[float], given: Chart) -> tuple[float, float]:
    low, high = min(known), max(known)
    for limit in given.limits:
        if NEAR_BELOW * min(known) <= limit <= NEAR_ABOVE * max(known):
            low, high = min(low, limit), max(high, limit)
    missing = max(given.least_height, abs(high) * 0.01, 1e-9) - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
    return low, high


def _runs(
    times: Sequence[datetime], values: Values, across: Callable[[datetime], float], down: Callable[[float], float]
) -> list[str]:
    """Unbroken stretches; where nothing was seen, or nobody looked for long, nothing is drawn."""
    usual = median((after - before).total_seconds() for before, after in pairwise(times))
    runs: list[list[str]] = [[]]
    before = times[0]
    for at, value in zip(times, values, strict=True):
        if value is None or (at - before).total_seconds() > GAP * usual:
            runs.append([])
        if value is not None:
            runs[-1].append(f"{across(at):.1f},{down(value):.1f}")
        before = at
    return [" ".join(run * 2 if len(run) == 1 else run) for run in runs if run]


def _spoken(given: Chart, known: Sequence[float]) -> str:
    """What is drawn, for those who listen."""
    last = next((value for value in reversed(given.lines[-1].values) if value is not None), None)
    now = f", now {given.form(last)}" if last is not None else ""
    return f"{given.title}: from {given.form(min(known))} to {given.form(max(known))}{now}"


def _card(given: Chart, body: str, foot: str) -> str:
    names = "".join(f'<span class="key {line.style}">{text(line.name)}</span>' for line in given.lines if line.name)
    limit = f'<span class="key limit">{text(given.limit_name)}</span>' if 'class="limit"' in body else ""
    head = f'<h3>{text(given.title)}</h3><div class="keys">{names}{limit}</div>'
    return f'<section class="card chart">{head}{body}{foot}</section>'
