"""Fourth slot: how much of the gap between wanted and held is closed now."""

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation
from bot.domain.hedge import Target
from bot.domain.history import HistoryAsk
from bot.domain.portfolio import Portfolio
from bot.domain.snapshot import Snapshot
from bot.policy.scene import Answer, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A no-trade band: act only outside the outer edge, then trade back to the inner edge.

    Opening from flat goes to the wanted ratio itself, closing to zero likewise, and a short above
    `hedge_ratio_max` of what is owned is cut to it at once: a step that takes risk away is never delayed.
    Units: edges and `hedge_ratio_max` are fractions of the asset's exposure.
    Source: policy_math 5 (trade to the edge for drift, to the target for first trades).
    """

    outer: Decimal
    inner: Decimal
    hedge_ratio_max: Decimal
    cooldown_s: float = 0

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Nothing: a band looks at what is held now."""
        return ()

    def pace(self, targets: tuple[Target, ...], scene: Scene) -> Answer[Target]:
        """The short to hold after this cycle, per target; growth waits out the cooldown since the last growth."""
        grown_at = scene.memory.last_growth_at
        rested = grown_at is None or (scene.at - grown_at).total_seconds() >= self.cooldown_s
        steps = (self._step(target, scene.snapshot, scene.portfolio) for target in targets)
        return Answer(rows=tuple(step if rested else self._rest(step, scene.snapshot) for step in steps))

    def _rest(self, step: Target, snapshot: Snapshot) -> Target:
        view = snapshot.venue(step.venue)
        held, mark = max(ZERO, -view.amount(step.symbol)), view.mark(step.symbol)
        if mark is None or step.amount <= held:
            return step
        return _hold(step, held, mark.mark_price, f"growth rests {self.cooldown_s:g} s after the last growth")

    def _step(self, target: Target, snapshot: Snapshot, portfolio: Portfolio) -> Target:
        view = snapshot.venue(target.venue)
        instrument, mark = view.instrument(target.symbol), view.mark(target.symbol)
        if instrument is None or mark is None:
            raise ValueError(f"{target.symbol} was placed without an instrument and a mark")
        held = max(ZERO, -view.amount(target.symbol))
        exposure = portfolio.exposure(target.asset)
        owned = exposure.amount if exposure else ZERO
        wanted = target.amount
        ceiling = instrument.floor_amount(owned * self.hedge_ratio_max)
        if owned > 0:
            # An index a little above the mark can ask for more contracts than there are coins.
            wanted = min(wanted, ceiling)
        if held == wanted:
            return _hold(target, held, mark.mark_price, "the short is exactly as wanted")
        if owned <= 0 or wanted == 0:
            return _move(target, wanted, mark.mark_price, "no short is wanted, so the whole short is closed")
        if held > ceiling:
            return _move(
                target,
                min(wanted, ceiling),
                mark.mark_price,
                f"the short is above {self.hedge_ratio_max:.0%} of what is owned and is cut at once",
            )
        gap = (held - wanted) / owned
        facts = f"held {held / owned:.2%}, wanted {wanted / owned:.2%} of the exposure"
        if held == 0:
            return _move(target, wanted, mark.mark_price, f"{facts}: opened to the wanted ratio")
        if abs(gap) <= self.outer:
            return _hold(target, held, mark.mark_price, f"{facts}: inside the band of {self.outer:.1%}, nothing to do")
        edge = wanted + owned * self.inner * (1 if gap > 0 else -1)
        amount = instrument.floor_amount(max(ZERO, min(edge, ceiling)))
        return _move(
            target, amount, mark.mark_price, f"{facts}: outside {self.outer:.1%}, traded back to {self.inner:.1%}"
        )


def _hold(target: Target, held: Decimal, mark_price: Decimal, reason: str) -> Target:
    return _explained(target, held, mark_price, reason)


def _move(target: Target, amount: Decimal, mark_price: Decimal, reason: str) -> Target:
    return _explained(target, amount, mark_price, reason)


def _explained(target: Target, amount: Decimal, mark_price: Decimal, reason: str) -> Target:
    link = Explanation(rule="band", words=reason, figure=amount, unit=target.asset)
    return target.because(link, amount=amount, short_notional=amount * mark_price)
