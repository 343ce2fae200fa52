"""Does a daemon grow? Samples over a run, a fitted line through each, and how much of a rise is allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """How far the fitted line may rise from the end of the warm-up to the end of the run.

    `share` is part of the median, `steps` counts units; the larger of both holds. `warm_up` is part of the run.
    """

    share: float = 0.0
    steps: float = 0.0
    warm_up: float = 0.25


# RSS: what an allocator takes and gives back; the journal keeps a day of records whole, and is flat when the first of
# them are let go
ALLOWED: Mapping[str, Allowed] = {
    "rss_kb": Allowed(share=0.04),
    "objects": Allowed(steps=800),  # asyncio keeps up to a hundred cancelled timers, each with what hangs on it
    "handles": Allowed(steps=1.5),
    "threads": Allowed(steps=4),  # asyncio's pool fills up to six when somebody looks at the page
    "tasks": Allowed(steps=0.5),
    "journal_kb": Allowed(share=0.15, warm_up=0.7),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One figure of a run. `rise` is that of the fitted line after the warm-up, in the figure's unit."""

    name: str
    first: float
    middle: float
    last: float
    rise: float
    allowed: float

    @property
    def grows(self) -> bool:
        return self.rise > self.allowed

    def line(self) -> str:
        said = "GROWS" if self.grows else "flat"
        return (
            f"  {self.name:12} {self.first:>12,.0f} {self.middle:>12,.0f} {self.last:>12,.0f} {self.rise:>+12,.1f} "
            f"{self.allowed:>12,.1f}  {said}"
        )


HEADING = f"  {'figure':12} {'first':>12} {'median':>12} {'last':>12} {'rise':>12} {'allowed':>12}"


def judged(samples: Sequence[Mapping[str, float]]) -> list[Verdict]:
    """A verdict for every figure that is judged and was sampled."""
    found = []
    for name, allowed in ALLOWED.items():
        values = [float(row[name]) for row in samples[int(len(samples) * allowed.warm_up) :] if name in row]
        if len(values) < 3:
            continue
        middle = median(values)
        found.append(
            Verdict(
                name=name,
                first=values[0],
                middle=middle,
                last=values[-1],
                rise=slope(values) * (len(values) - 1),
                allowed=max(allowed.share * middle, allowed.steps),
            )
        )
    return found


def slope(values: Sequence[float]) -> float:
    """Rise per sample of the line with the least squares."""
    places = range(len(values))
    at, mean = fmean(places), fmean(values)
    spread = sum((place - at) ** 2 for place in places)
    return sum((place - at) * (value - mean) for place, value in zip(places, values, strict=True)) / spread
