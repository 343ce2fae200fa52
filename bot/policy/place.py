"""Third slot: which instrument carries the short of an asset."""

from dataclasses import dataclass

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Need, Target
from bot.domain.history import HistoryAsk
from bot.domain.snapshot import VenueView
from bot.policy.scene import Answer, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """Short each asset through its own perpetual on the hedge venue.

    Rounds the amount down to whole lots, so that rounding never hedges too much. Source: policy_math 1.2.
    """

    venue: str

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Nothing: the perpetual of an asset is the same whatever happened before."""
        return ()

    def place(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Target]:
        """One target per need that has an instrument, and a note for each that has none."""
        view = scene.snapshot.venue(self.venue)
        targets: list[Target] = []
        notes: list[str] = []
        for need in needs:
            target = self._target(need, view)
            if target is not None:
                targets.append(target)
            elif need.short_notional > 0:
                notes.append(
                    f"{need.asset} has no perpetual on {self.venue}: {need.short_notional:,.2f} stays unhedged"
                )
        return Answer(rows=tuple(targets), notes=tuple(notes))

    def _target(self, need: Need, view: VenueView) -> Target | None:
        instrument = next((row for row in view.instruments if row.base == need.asset), None)
        mark = view.mark(instrument.symbol) if instrument else None
        if instrument is None or mark is None:
            return None
        exact = need.short_notional / mark.mark_price
        amount = instrument.floor_amount(exact)
        if not instrument.tradable(amount, mark.mark_price):
            amount = ZERO
        notional = amount * mark.mark_price
        words = f"placed as {amount.normalize():f} {need.asset} in {instrument.symbol}"
        rounded = need.short_notional - notional
        why = "below the venue's smallest order" if amount == 0 and exact > 0 else "rounded down to whole lots"
        placed = Explanation(
            rule="direct",
            words=words,
            figure=amount,
            unit=need.asset,
            inputs=(Input(name="mark price", value=mark.mark_price, unit=instrument.quote, known_at=mark.at),),
        )
        target = Target(
            venue=view.venue,
            symbol=instrument.symbol,
            asset=need.asset,
            short_notional=notional,
            amount=amount,
            leverage_cap=need.leverage_cap,
            reasons=need.reasons,
            chain=need.chain,
        ).because(placed)
        if rounded <= 0:
            return target
        left = Explanation(
            rule="rounding", words=f"{rounded:,.2f} left over ({why})", figure=rounded, unit=instrument.quote, bound=why
        )
        return target.because(left)
