"""Deciding while the data of some symbols cannot be believed: they are left as they are, the others go on.

The policy never sees a frozen symbol, so a missing price can neither open nor close anything. A rule that weighs assets
against each other would see a smaller portfolio instead, so it changes nothing at all until everything is sound.
"""

from dataclasses import replace
from decimal import Decimal

from bot.domain.account import ZERO, MarginMode
from bot.domain.figures import settle_currency
from bot.domain.hedge import Need, Target
from bot.domain.portfolio import value_portfolio
from bot.domain.snapshot import Snapshot, VenueView
from bot.policy.expiry_roll import ExpiryRoll
from bot.policy.place import Direct
from bot.policy.policy import Decision, Policy, decide
from bot.policy.scene import Memory
from bot.policy.size import StaticRatio


def decide_without_frozen(policy: Policy, snapshot: Snapshot, memory: Memory) -> Decision:
    """Decide on what is sound; say what was left alone and why."""
    doubts = {**snapshot.doubtful, **{symbol: why for view in snapshot.venues for symbol, why in view.frozen.items()}}
    if not doubts:
        return decide(policy, snapshot, memory)
    assets = {row.base for view in snapshot.venues for row in view.instruments if row.symbol in doubts}
    assets |= set(snapshot.doubtful)
    sound = replace(
        snapshot,
        holdings=tuple(row for row in snapshot.holdings if row.asset not in assets),
        venues=tuple(_sound(view, assets) for view in snapshot.venues),
    )
    decision = decide(policy, sound, replace(memory, managed=memory.managed - assets))
    notes = [f"{what} is left as it is: {why}" for what, why in sorted(doubts.items())]
    # What was noted of a frozen asset is not forgotten.
    targets, recalled = decision.targets, {**memory.recalled, **(decision.recalled or {})}
    if not _independent(policy):
        # What rules would note about a part of the portfolio is not true of the whole.
        recalled = dict(memory.recalled)
        targets = tuple(_still(row, sound) for row in targets)
        notes.append("nothing else is changed either, because the rules weigh all assets together; protection goes on")
    left = tuple(
        Need(asset=asset, short_notional=held, leverage_cap=policy.leverage_cap, reasons=_reasons(snapshot, asset))
        for asset in sorted(assets)
        if (held := _held(snapshot, asset)) > 0
    )
    return Decision(
        portfolio=value_portfolio(snapshot, quote=policy.quote, stablecoins=policy.stablecoins),
        needs=(*decision.needs, *left),
        wanted=decision.wanted,
        targets=targets,
        notes=(*decision.notes, *notes),
        recalled=recalled,
        # a contract ends on its day whatever else cannot be seen
        rolls=decision.rolls,
    )


def leaning_on_frozen(snapshot: Snapshot) -> dict[str, str]:
    """By asset, why its short may not grow: an open position that cannot be judged leans on the same collateral.

    An isolated position has collateral of its own, so that only its own coin waits.
    """
    found: dict[str, str] = {}
    for view in snapshot.venues:
        for position in view.positions:
            if position.symbol in view.frozen:
                why = f"{position.symbol} is open at {view.venue} and cannot be judged now"
                found.setdefault(position.symbol.partition("/")[0], why)
                for asset in _carried_by(settle_currency(position), view, alone=position.margin_mode):
                    found.setdefault(asset, f"{why}, and leans on the same collateral")
    return found


def _carried_by(currency: str, view: VenueView, *, alone: MarginMode | None) -> set[str]:
    """The assets whose contracts at a venue lean on a collateral that positions share; unless it is known, they do."""
    if alone is MarginMode.ISOLATED:
        return set()
    return {row.base for row in view.instruments if row.settle == currency}


def _independent(policy: Policy) -> bool:
    """Whether the short of one asset depends on nothing but that asset; no adjustment looks at two."""
    return isinstance(policy.size, StaticRatio) and isinstance(policy.place, Direct | ExpiryRoll)


def _sound(view: VenueView, assets: set[str]) -> VenueView:
    gone = {row.symbol for row in view.instruments if row.base in assets}
    return replace(
        view,
        instruments=tuple(row for row in view.instruments if row.symbol not in gone),
        marks=tuple(row for row in view.marks if row.symbol not in gone),
        positions=tuple(row for row in view.positions if row.symbol not in gone),
    )


def _still(target: Target, snapshot: Snapshot) -> Target:
    view = snapshot.venue(target.venue)
    held, mark = max(ZERO, -view.amount(target.symbol)), view.mark(target.symbol)
    instrument = view.instrument(target.symbol)
    notional = instrument.notional(held, mark.mark_price) if mark and instrument else ZERO
    reasons = (*target.reasons, "left as it is until every asset can be valued")
    return replace(target, amount=held, short_notional=notional, reasons=reasons)


def _held(snapshot: Snapshot, asset: str) -> Decimal:
    return sum(
        (
            instrument.notional(row.short_amount, row.mark_price)
            for view in snapshot.venues
            for row in view.positions
            if (instrument := view.instrument(row.symbol)) is not None and instrument.base == asset
        ),
        ZERO,
    )


def _reasons(snapshot: Snapshot, asset: str) -> tuple[str, ...]:
    doubts = [snapshot.doubtful[asset]] if asset in snapshot.doubtful else []
    for view in snapshot.venues:
        doubts += [
            view.frozen[row.symbol] for row in view.instruments if row.base == asset and row.symbol in view.frozen
        ]
    return tuple(f"left as it is: {why}" for why in doubts)
