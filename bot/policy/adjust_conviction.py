"""Second slot: a person's word about how much is hedged, until a date."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Need
from bot.domain.history import HistoryAsk
from bot.policy.scene import Answer, Recollection, Scene

NAME = "conviction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conviction:
    """Hedge to a ratio, or at least to it, until a moment; afterwards the other rules stand as if nothing had been.

    `assets` empty means every owned asset. While it holds, no later rule goes below it.
    Units: `ratio` and `ratio_max` are ratios.
    """

    ratio: Decimal
    until: datetime
    ratio_max: Decimal
    assets: frozenset[str] = frozenset()
    at_least: bool = True

    @property
    def key(self) -> str:
        """Under which name the conviction remembers that it was in force."""
        return f"{NAME}/{self.until.isoformat()}/{self.ratio}/{','.join(sorted(self.assets))}"

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Nothing: a conviction knows without looking back."""
        return ()

    def adjust(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Need]:
        """The needs as the person wants them until the moment has come; then untouched, with a word."""
        recalled: dict[str, Recollection] = {self.key: {"seen": "yes"}}
        if scene.at >= self.until:
            note = (
                f"the conviction to hedge {self._measure()} ended at {self.until:%Y-%m-%d %H:%M} UTC and has no effect "
                "any more; take it out of [[policy.adjust]]"
            )
            return Answer(rows=needs, notes=(note,), recalled=recalled)
        return Answer(rows=tuple(self._one(need, scene) for need in needs), recalled=recalled)

    def _one(self, need: Need, scene: Scene) -> Need:
        exposure = scene.portfolio.protected(need)
        if exposure <= 0 or (self.assets and need.asset not in self.assets):
            return need
        meant = min(self.ratio, self.ratio_max) * exposure
        wanted = max(need.short_notional, meant) if self.at_least else meant
        kept = "already more" if wanted > meant else f"{wanted:,.2f} short"
        words = f"you said: {self._measure()} until {self.until:%Y-%m-%d %H:%M} UTC = {kept}"
        link = Explanation(
            rule=NAME,
            words=words,
            figure=wanted,
            unit=scene.portfolio.quote,
            bound="size" if wanted > meant else "",
            inputs=(Input(name="ratio you set", value=self.ratio),),
        )
        changed = need.because(link, short_notional=wanted)
        floor = max(need.floor_notional, meant) if self.at_least else meant
        return replace(changed, floor_notional=floor)

    def _measure(self) -> str:
        which = ", ".join(sorted(self.assets)) or "everything"
        return f"{'at least ' if self.at_least else ''}{self.ratio:.0%} of {which}"
