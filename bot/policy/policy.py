"""The four slots put together: from a snapshot to the shorts to hold, each with its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation
from bot.domain.hedge import Need, Roll, Target
from bot.domain.history import HistoryAsk, widest
from bot.domain.instrument import Instrument
from bot.domain.portfolio import Portfolio, value_portfolio
from bot.domain.snapshot import Snapshot
from bot.domain.stand_ins import StandIns
from bot.policy.scene import Answer, Memory, Recollection, Scene


class Asking(Protocol):
    """Every rule says what it needs to know of the past."""

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """What the rule needs to know of the past when these assets are owned."""


class SizeRule(Asking, Protocol):
    """How much of each asset."""

    def size(self, scene: Scene) -> Answer[Need]:
        """One need per owned asset."""


class AdjustRule(Asking, Protocol):
    """Changes needs by volatility, funding or conviction."""

    def adjust(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Need]:
        """The changed needs, each with one more reason."""


class PlaceRule(Asking, Protocol):
    """Which instrument."""

    def place(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Target]:
        """Targets, and notes about needs that found no instrument."""


class RollRule(Protocol):
    """Moves a short from one contract of an asset to another."""

    def rolls(self, needs: tuple[Need, ...], targets: tuple[Target, ...], scene: Scene) -> tuple[Roll, ...]:
        """What is to be moved after this cycle's own steps."""


class PaceRule(Asking, Protocol):
    """How much of the gap now."""

    def pace(self, targets: tuple[Target, ...], scene: Scene) -> Answer[Target]:
        """The short to hold after this cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule per slot; adjustments in listed order.

    `anchors` are the assets whose instruments stand in for others, with `stand_in_max` as the most short one unit of
    value of another asset may put on them.
    """

    quote: str
    stablecoins: frozenset[str]
    leverage_cap: Decimal
    size: SizeRule
    adjust: tuple[AdjustRule, ...]
    place: PlaceRule
    pace: PaceRule
    excluded: frozenset[str] = frozenset()
    roll: RollRule | None = None
    anchors: frozenset[str] = frozenset()
    stand_in_max: Decimal = ZERO

    def coins_behind(self, portfolio: Portfolio, instrument: Instrument, mark_price: Decimal) -> Decimal:
        """Coins an instrument may be short against: its own, and the worth of those it may stand in for."""
        exposure = portfolio.exposure(instrument.base)
        own = exposure.amount if exposure else ZERO
        if instrument.base not in self.anchors:
            return own
        others = self.answered_for(instrument.base, portfolio) - (exposure.notional if exposure else ZERO)
        return own + others / mark_price

    def answered_for(self, asset: str, portfolio: Portfolio) -> Decimal:
        """Value an instrument on this asset may be short against: the asset itself, and others it stands in for."""
        own = portfolio.exposure(asset)
        value = own.notional if own else ZERO
        if asset not in self.anchors:
            return value
        return value + self.stand_in_max * (portfolio.crypto - value)

    def stand_ins(self, portfolio: Portfolio) -> StandIns | None:
        """What all shorts together are measured against; None where each coin's short protects itself alone."""
        if not self.anchors:
            return None
        return StandIns(anchors=self.anchors, most=self.stand_in_max, owned=portfolio.by_asset, left_out=self.excluded)

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """What all rules together need to know of the past when these assets are owned."""
        hedged = assets - self.excluded
        rules: tuple[Asking, ...] = (self.size, *self.adjust, self.place, self.pace)
        return widest(ask for rule in rules for ask in rule.asks(hedged))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policy wants and what it would hold after this cycle.

    `recalled` is what its rules want to know again; None when they did not get to decide, so that nothing is forgotten.
    """

    portfolio: Portfolio
    needs: tuple[Need, ...]
    wanted: tuple[Target, ...]
    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    recalled: Mapping[str, Recollection] | None = None
    rolls: tuple[Roll, ...] = ()


def decide(policy: Policy, snapshot: Snapshot, memory: Memory) -> Decision:
    """Run the slots in order.

    Once an asset with a managed short is owned no more, the short gets a need of zero. A short that somebody else
    opened in an asset never owned is reported and left alone.
    """
    portfolio = value_portfolio(snapshot, quote=policy.quote, stablecoins=policy.stablecoins)
    scene = Scene(snapshot=snapshot, portfolio=portfolio, memory=memory)
    orphans, strangers = _orphaned_shorts(portfolio, memory.managed - policy.anchors, policy.leverage_cap)
    sized = policy.size.size(scene)
    # What is excluded is nobody's business here, unless Ballast itself opened a short in it before it was excluded.
    ours = tuple(row for row in sized.rows if row.asset not in policy.excluded - memory.managed)
    # Where nothing is to be hedged any more, no adjustment may wake a hedge.
    closing = (*(row for row in ours if row.asset in policy.excluded), *orphans)
    needs = tuple(row for row in ours if row.asset not in policy.excluded)
    notes = [*portfolio.notes, *strangers, *sized.notes]
    recalled = dict(sized.recalled)
    for rule in policy.adjust:
        adjusted = rule.adjust(needs, scene)
        needs = adjusted.rows
        notes += adjusted.notes
        recalled.update(adjusted.recalled)
    needs = (*needs, *closing)
    wanted = policy.place.place(needs, scene)
    paced = policy.pace.pace(wanted.rows, scene)
    return Decision(
        portfolio=portfolio,
        needs=needs,
        wanted=wanted.rows,
        targets=paced.rows,
        notes=(*notes, *wanted.notes, *paced.notes),
        recalled={**recalled, **wanted.recalled, **paced.recalled},
        rolls=policy.roll.rolls(needs, paced.rows, scene) if policy.roll is not None else (),
    )


def _orphaned_shorts(
    portfolio: Portfolio, managed: frozenset[str], leverage_cap: Decimal
) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    needs: list[Need] = []
    notes: list[str] = []
    for asset, notional in sorted(portfolio.shorts.items()):
        if notional <= 0 or portfolio.exposure(asset) is not None or asset in portfolio.unpriced:
            continue
        if asset in managed:
            reason = f"no {asset} is owned any more, so its short of {notional:,.2f} has nothing left to protect"
            link = Explanation(rule="not owned", words=reason, figure=ZERO, unit=portfolio.quote)
            needs.append(
                Need(asset=asset, short_notional=ZERO, leverage_cap=leverage_cap, reasons=(reason,), chain=(link,))
            )
        else:
            notes.append(
                f"a short of {notional:,.2f} in {asset}, which is not owned, was opened by somebody else: left alone"
            )
    return tuple(needs), tuple(notes)


def coins_behind(policy: Policy, snapshot: Snapshot, portfolio: Portfolio) -> dict[str, Decimal]:
    """Coins a short in each asset may stand against, over all instruments in sight."""
    behind = {row.asset: row.amount for row in portfolio.exposures}
    for view in snapshot.venues:
        for instrument in view.instruments:
            mark = view.mark(instrument.symbol)
            if mark is not None:
                coins = policy.coins_behind(portfolio, instrument, mark.mark_price)
                behind[instrument.base] = max(behind.get(instrument.base, ZERO), coins)
    return behind
