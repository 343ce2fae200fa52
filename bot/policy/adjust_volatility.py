"""Second slot: hedge more when the market moves more."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Need
from bot.domain.history import DAY_S, HistoryAsk
from bot.domain.instrument import quantized
from bot.policy.estimators.volatility_target import Hysteresis, HysteresisState, next_ratio, volatility_target_ratio
from bot.policy.measured import KEPT, MeasuredVolatility, VolatilityRule, age_words, measured_volatility
from bot.policy.scene import Answer, Recollection, Scene

NAME = "volatility"
SPAN = timedelta(days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityTarget:
    """Bring what moves in each asset down to a wished volatility: ratio = 1 - target / volatility, within limits.

    Judged once per closed daily bar: up at once, down only after several judgements in a row. Never below what the
    size rule asked for. Without usable bars the last judged ratio stays, so that missing data moves nothing.
    Units: `target` per square root of a year; `floor` and `ceiling` are ratios.
    Source: policy_math 4.4 to 4.8; Parkinson 1980, RiskMetrics 1996.
    """

    target: Decimal
    ceiling: Decimal
    floor: Decimal = ZERO
    measure: VolatilityRule = field(default_factory=VolatilityRule)
    hysteresis: Hysteresis = field(default_factory=Hysteresis)

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Half a year of daily bars of every asset, and its implied volatility where that is wished."""
        bars = (HistoryAsk(asset=asset, step_s=DAY_S, span=SPAN) for asset in sorted(assets))
        implied = assets if self.measure.implied_weight > 0 else ()
        return (*bars, *(HistoryAsk(asset=asset, kind="implied") for asset in sorted(implied)))

    def adjust(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Need]:
        """Each need raised to the volatility's ratio where that is higher."""
        rows: list[Need] = []
        notes: list[str] = []
        recalled: dict[str, Recollection] = {}
        for need in needs:
            exposure = scene.portfolio.protected(need)
            if exposure <= 0:
                rows.append(need)
                continue
            measured = measured_volatility(scene.history, scene.at, need.asset, self.measure)
            before = scene.memory.of(NAME, need.asset)
            if isinstance(measured, str):
                row, kept = self._blind(need, exposure, before, measured)
                notes.append(row.reasons[-1])
            else:
                row, kept = self._seen(need, exposure, before, measured, scene)
            rows.append(row)
            if kept:
                recalled[f"{NAME}/{need.asset}"] = kept
        return Answer(rows=tuple(rows), notes=tuple(notes), recalled=recalled)

    def _blind(self, need: Need, exposure: Decimal, before: Recollection, why: str) -> tuple[Need, Recollection]:
        """Without a figure the ratio judged last stays; without one, the need stays."""
        state = _state(before)
        if state is None:
            words = f"volatility is not known ({why}): the size rule's {need.short_notional:,.2f} stands alone"
            return need.because(Explanation(rule=NAME, words=words, bound="no history")), {}
        ratio = quantized(state.ratio, places=6)
        wanted = max(need.short_notional, ratio * exposure)
        words = f"volatility is not known now ({why}): the ratio of {ratio:.0%} judged last stays"
        return need.because(_link(words, wanted, "no history", ()), short_notional=wanted), before

    def _seen(
        self, need: Need, exposure: Decimal, before: Recollection, measured: MeasuredVolatility, scene: Scene
    ) -> tuple[Need, Recollection]:
        target = volatility_target_ratio(
            measured.volatility, float(self.target), float(self.floor), float(self.ceiling)
        )
        state, judged = _state(before), measured.known_at.isoformat()
        rules = _named(self)
        if state is None:
            held = scene.portfolio.shorts.get(need.asset, ZERO) / exposure
            state = HysteresisState(ratio=float(min(max(held, self.floor), self.ceiling)))
        if before.get("judged") != judged or before.get("rules") != rules:
            state = next_ratio(state, target, self.hysteresis)
        limited = min(max(state.ratio, float(self.floor)), float(self.ceiling))
        ratio = quantized(limited, places=6)
        wanted = max(need.short_notional, ratio * exposure)
        words, bound = self._words(need, measured, (target, ratio, state.lower_count), wanted, scene)
        inputs = (*_inputs(measured, self.target), Input(name="ratio", value=ratio, unit="of exposure"))
        floor = max(need.floor_notional, min(wanted, self.floor * exposure))
        changed = need.because(_link(words, wanted, bound, inputs), short_notional=wanted)
        kept = {"ratio": repr(state.ratio), "lower": str(state.lower_count), "judged": judged, "rules": rules}
        return changed if floor == changed.floor_notional else replace(changed, floor_notional=floor), kept

    def _words(
        self,
        need: Need,
        measured: MeasuredVolatility,
        judged: tuple[float, Decimal, int],
        wanted: Decimal,
        scene: Scene,
    ) -> tuple[str, str]:
        target, ratio, lower_count = judged
        words = (
            f"volatility of {need.asset} is {measured.volatility:.0%} a year ({measured.estimator}, "
            f"{age_words(measured.known_at, scene.at)}), {self.target:.0%} is wished: a ratio of {target:.1%} would do"
        )
        bound = ""
        if abs(float(ratio) - target) > 1e-9:
            bound = "hysteresis"
            count = f", asked for less {lower_count} of {self.hysteresis.confirm_down} times" if lower_count else ""
            words += f", {ratio:.0%} is held (band {self.hysteresis.band:.0%}{count})"
        elif target in (float(self.floor), float(self.ceiling)):
            bound = "floor" if target == float(self.floor) else "ceiling"
            words += f" ({bound})"
        if wanted == need.short_notional:
            return f"{words}; the {need.short_notional:,.2f} wanted already are no less", bound or "size"
        return f"{words} = {wanted:,.2f} short", bound


def _link(words: str, wanted: Decimal, bound: str, inputs: tuple[Input, ...]) -> Explanation:
    return Explanation(rule=NAME, words=words, figure=wanted, bound=bound, inputs=inputs)


def _state(before: Mapping[str, str]) -> HysteresisState | None:
    """What was judged last; nothing when it cannot be read."""
    try:
        ratio, count = float(before["ratio"]), int(before["lower"])
    except (KeyError, ValueError):
        return None
    return HysteresisState(ratio=ratio, lower_count=count) if 0 <= ratio <= 10 and 0 <= count <= 1000 else None


@lru_cache(maxsize=KEPT)
def _inputs(measured: MeasuredVolatility, target: Decimal) -> tuple[Input, ...]:
    """The figures a judgement rests on."""
    value, long_run = quantized(measured.volatility, places=4), quantized(measured.long_run, places=4)
    return (
        Input(name=f"{measured.estimator} volatility", value=value, unit="per year", known_at=measured.known_at),
        Input(name="long-run volatility", value=long_run, unit="per year", known_at=measured.known_at),
        Input(name="wished volatility", value=target, unit="per year"),
        Input(name="daily bars", value=Decimal(measured.bars), known_at=measured.known_at),
    )


@lru_cache(maxsize=16)
def _named(rule: VolatilityTarget) -> str:
    """The settings a judgement depends on; other ones are judged at once."""
    return f"{rule.target}/{rule.floor}/{rule.ceiling}/{rule.hysteresis.band}/{rule.hysteresis.step}"
