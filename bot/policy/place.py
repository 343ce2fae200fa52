"""Third slot: which instrument carries the short of an asset."""

from dataclasses import dataclass

from bot.domain.account import ZERO
from bot.domain.hedge import Need, Target
from bot.domain.snapshot import Snapshot, VenueView


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """Short each asset through its own perpetual on the hedge venue.

    Rounds the amount down to whole lots, so that rounding never hedges too much. Source: policy_math 1.2.
    """

    venue: str

    def place(self, needs: tuple[Need, ...], snapshot: Snapshot) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """One target per need that has an instrument, and a note for each that has none."""
        view = snapshot.venue(self.venue)
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
        return tuple(targets), tuple(notes)

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
        reasons = [*need.reasons, f"placed as {amount.normalize():f} {need.asset} in {instrument.symbol}"]
        rounded = need.short_notional - notional
        if rounded > 0:
            why = "below the venue's smallest order" if amount == 0 and exact > 0 else "rounded down to whole lots"
            reasons.append(f"{rounded:,.2f} left over ({why})")
        return Target(
            venue=view.venue,
            symbol=instrument.symbol,
            asset=need.asset,
            short_notional=notional,
            amount=amount,
            leverage_cap=need.leverage_cap,
            reasons=tuple(reasons),
        )
