"""Sizing shorts to the collateral behind them: how much to move in, how much short the rest can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from bot.domain.account import ZERO
from bot.domain.hedge import Target
from bot.domain.snapshot import VenueView

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRule:
    """What may be moved and how much spare collateral is kept.

    Units: `buffer` is the spare share on top of what the leverage cap asks for; `spot_reserve` is never moved.
    """

    currency: str
    buffer: Decimal
    spot_reserve: Decimal
    transfers_allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Targets that the collateral can carry, and the transfer into the futures wallet they rely on (zero: none)."""

    targets: tuple[Target, ...]
    top_up: Decimal
    notes: tuple[str, ...]


def fit_to_collateral(targets: Sequence[Target], view: VenueView, free_spot: Decimal, rule: CollateralRule) -> Fit:
    """Top up from spot stablecoins when allowed, then scale what still does not fit under the leverage cap.

    Only growth is scaled: a short that is held already is the margin autopilot's concern, so that a small dip of the
    collateral never turns into a trade here.
    """
    account = view.margin(rule.currency)
    equity = account.equity if account else ZERO
    if not _grows(targets, view):
        return Fit(targets=tuple(targets), top_up=ZERO, notes=())
    needed = sum((row.short_notional / row.leverage_cap for row in targets), ZERO) * (1 + rule.buffer)
    movable = max(ZERO, free_spot - rule.spot_reserve) if rule.transfers_allowed else ZERO
    top_up = min(max(ZERO, needed - equity), movable).quantize(CENT, rounding=ROUND_DOWN)
    if top_up > 0 and top_up < needed - equity:
        short_of = (needed - equity - top_up).quantize(CENT, rounding=ROUND_UP)
    else:
        short_of = max(ZERO, needed - equity - top_up)
    if short_of <= CENT:
        return Fit(targets=tuple(targets), top_up=top_up, notes=())
    scale = max(ZERO, (equity + top_up) / needed) if needed > 0 else ZERO
    notes = (
        f"collateral of {equity + top_up:,.2f} {rule.currency} carries {scale:.1%} of the wanted short under the "
        f"leverage cap; {short_of:,.2f} {rule.currency} more would carry all of it",
    )
    return Fit(targets=tuple(_scaled(row, scale, view) for row in targets), top_up=top_up, notes=notes)


def _grows(targets: Sequence[Target], view: VenueView) -> bool:
    return any(row.amount > max(ZERO, -view.amount(row.symbol)) for row in targets)


def _scaled(target: Target, scale: Decimal, view: VenueView) -> Target:
    held = max(ZERO, -view.amount(target.symbol))
    instrument = view.instrument(target.symbol)
    if instrument is None or target.amount <= held:
        return target
    mark_price = target.short_notional / target.amount
    amount = max(held, instrument.floor_amount(target.amount * scale))
    return replace(
        target,
        amount=amount,
        short_notional=amount * mark_price,
        reasons=(*target.reasons, f"cut to {scale:.1%} by the collateral there is"),
    )
