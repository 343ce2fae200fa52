"""The four slots put together: from a snapshot to the shorts to hold, each with its reasons."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from bot.domain.account import ZERO
from bot.domain.hedge import Need, Target
from bot.domain.portfolio import Portfolio, value_portfolio
from bot.domain.snapshot import Snapshot


class SizeRule(Protocol):
    """How much of each asset."""

    def size(self, portfolio: Portfolio) -> tuple[Need, ...]:
        """One need per owned asset."""


class AdjustRule(Protocol):
    """Changes needs by volatility, funding or conviction."""

    def adjust(self, needs: tuple[Need, ...], snapshot: Snapshot, portfolio: Portfolio) -> tuple[Need, ...]:
        """The changed needs, each with one more reason."""


class PlaceRule(Protocol):
    """Which instrument."""

    def place(self, needs: tuple[Need, ...], snapshot: Snapshot) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """Targets, and notes about needs that found no instrument."""


class PaceRule(Protocol):
    """How much of the gap now."""

    def pace(
        self, targets: tuple[Target, ...], snapshot: Snapshot, portfolio: Portfolio, last_growth_at: datetime | None
    ) -> tuple[Target, ...]:
        """The short to hold after this cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the policy remembers of earlier cycles.

    `managed` names the assets whose shorts Ballast opened itself; `last_growth_at` is when a short last grew.
    """

    managed: frozenset[str] = frozenset()
    last_growth_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One rule per slot; adjustments in listed order."""

    quote: str
    stablecoins: frozenset[str]
    leverage_cap: Decimal
    size: SizeRule
    adjust: tuple[AdjustRule, ...]
    place: PlaceRule
    pace: PaceRule
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policy wants and what it would hold after this cycle."""

    portfolio: Portfolio
    needs: tuple[Need, ...]
    wanted: tuple[Target, ...]
    targets: tuple[Target, ...]
    notes: tuple[str, ...]


def decide(policy: Policy, snapshot: Snapshot, memory: Memory) -> Decision:
    """Run the slots in order.

    Once an asset with a managed short is owned no more, the short gets a need of zero. A short that somebody else
    opened in an asset never owned is reported and left alone.
    """
    portfolio = value_portfolio(snapshot, quote=policy.quote, stablecoins=policy.stablecoins)
    orphans, notes = _orphaned_shorts(portfolio, memory.managed, policy.leverage_cap)
    # What is excluded is nobody's business here, unless Ballast itself opened a short in it before it was excluded.
    sized = [row for row in policy.size.size(portfolio) if row.asset not in policy.excluded - memory.managed]
    needs = (*sized, *orphans)
    for rule in policy.adjust:
        needs = rule.adjust(needs, snapshot, portfolio)
    wanted, unplaced = policy.place.place(needs, snapshot)
    targets = policy.pace.pace(wanted, snapshot, portfolio, memory.last_growth_at)
    return Decision(
        portfolio=portfolio,
        needs=needs,
        wanted=wanted,
        targets=targets,
        notes=(*portfolio.notes, *notes, *unplaced),
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
            needs.append(Need(asset=asset, short_notional=ZERO, leverage_cap=leverage_cap, reasons=(reason,)))
        else:
            notes.append(
                f"a short of {notional:,.2f} in {asset}, which is not owned, was opened by somebody else: left alone"
            )
    return tuple(needs), tuple(notes)
