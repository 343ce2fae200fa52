"""Waiting for a price where much was traded, with the part of a step that nobody is in a hurry for.

Nothing shows that such levels forecast. The rule may delay a step for some hours or cut it in pieces, never more, and
is off unless asked for. Source: policy_math 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.history import BarSeries, History, HistoryAsk
from bot.domain.instrument import quantized
from bot.policy.estimators.volume_profile import Gate, gate_answer
from bot.policy.pace_gap import Gap

if TYPE_CHECKING:
    from bot.policy.estimators.volume_profile_bars import Profile

THIRD = 3
FAR_BANDS = 2
DAYS_MIN = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The amount to hold after the gate, why, and what to remember until the step is through."""

    amount: Decimal
    why: Explanation
    remember: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTiming:
    """Let a discretionary step pass near a level of the volume profile, or after waiting long enough.

    Units: `wait_max_h` hours; `step_s` seconds of a bar, `window_days` days of bars.
    """

    wait_max_h: float = 12.0
    window_days: int = 30
    step_s: int = 900

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Bars of a quarter of an hour over the window."""
        span = timedelta(days=self.window_days)
        return tuple(HistoryAsk(asset=asset, step_s=self.step_s, span=span) for asset in sorted(assets))

    def time(
        self, gap: Gap, amount: Decimal, outer: Decimal, history: History, at: datetime, before: Mapping[str, str]
    ) -> Timed:
        """What of the step from `gap.held` to `amount` may be done now.

        `before` is what this rule remembered in the cycle before; a step in the other direction begins anew.
        Without fresh bars the step passes: a rule that sees nothing has nothing to wait for.
        """
        side: Literal["increase_short", "reduce_short"] = "increase_short" if amount > gap.held else "reduce_short"
        bars = history.bars_of(gap.asset, at, self.step_s)
        profile = self._profile(bars, gap, at) if bars is not None else None
        if bars is None or profile is None:
            why = history.troubles.get(gap.asset) or f"less than {DAYS_MIN} days of fresh bars"
            return Timed(amount=amount, why=_link(f"no volume profile ({why}): not waited for"), remember={})
        if before.get("side") != side:
            before = {"side": side, "since": at.isoformat()}
        waited_h = (at - datetime.fromisoformat(before["since"])).total_seconds() / 3600
        gate = Gate(levels=profile.levels.all(), tolerance=profile.tolerance, wait_max_hours=self.wait_max_h)
        answer = gate_answer(side, float(gap.mark_price), gate, waited_h, urgent=False)
        inputs = _inputs(profile, bars, waited_h)
        if answer.allow:
            reached = "price is at a level where much was traded" if answer.reason == "level" else "waited long enough"
            return Timed(
                amount=amount,
                why=_link(f"{reached}: the step is taken", inputs),
                remember=_through(before, answer.reason),
            )
        waits = f"waits for a level, {waited_h:.1f} of at most {self.wait_max_h:g} hours"
        if abs(gap.share) > FAR_BANDS * outer and "third" not in before:
            piece = _third(gap, amount)
            words = f"more than {FAR_BANDS} bands away: a third at once, the rest {waits}"
            return Timed(amount=piece, why=_link(words, inputs, "a third"), remember={**before, "third": "taken"})
        return Timed(amount=gap.held, why=_link(f"the step {waits}", inputs, "waiting"), remember=before)

    def _profile(self, bars: BarSeries, gap: Gap, at: datetime) -> "Profile | None":
        if not bars.fresh(at) or len(bars) * bars.step_s < DAYS_MIN * 86_400:
            return None
        return profile_of(bars, float(gap.instrument.price_tick), self.window_days)


@lru_cache(maxsize=64)
def profile_of(bars: BarSeries, tick: float, window_days: int) -> "Profile | None":
    """The profile of a series, worked out once per series; None when there is nothing in it to read."""
    from bot.policy.estimators.volume_profile_bars import profile_of_bars  # noqa: PLC0415 - numpy only where it is asked for

    recent = bars.last(window_days * 86_400 // bars.step_s)
    try:
        return profile_of_bars(recent.high, recent.low, recent.volume, tick=tick, step_s=bars.step_s)
    except ValueError:
        return None


def _third(gap: Gap, amount: Decimal) -> Decimal:
    """A third of the way, in whole lots; a lot too much of a reduction rather than none."""
    step = gap.instrument.amount_step
    lots = abs(amount - gap.held) / THIRD / step if step > 0 else ZERO
    way = lots.to_integral_value(rounding=ROUND_UP) * step if step > 0 else abs(amount - gap.held) / THIRD
    return gap.held + way if amount > gap.held else gap.held - way


def _through(before: Mapping[str, str], reason: str) -> Mapping[str, str]:
    """A step that waited its time out may need several cycles; it does not begin to wait again between them."""
    return before if reason == "timeout" else {}


def _inputs(profile: "Profile", bars: BarSeries, waited_h: float) -> tuple[Input, ...]:
    levels, known = profile.levels, bars.known_at
    return (
        Input(name="point of control", value=quantized(levels.point_of_control), known_at=known),
        Input(name="value area low", value=quantized(levels.value_area_low), known_at=known),
        Input(name="value area high", value=quantized(levels.value_area_high), known_at=known),
        Input(name="near means within", value=quantized(profile.tolerance), known_at=known),
        Input(name="waited", value=quantized(waited_h, places=2), unit="hours"),
    )


def _link(words: str, inputs: tuple[Input, ...] = (), bound: str = "") -> Explanation:
    return Explanation(rule="volume-profile", words=words, inputs=inputs, bound=bound)
