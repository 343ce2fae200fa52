"""Sizing shorts to the collateral behind them: how much to move in, how much short the rest can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from bot.domain.account import ZERO, MarginMode
from bot.domain.hedge import Target
from bot.domain.snapshot import VenueView

CENT = Decimal("0.01")
CRUMB = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRule:
    """What may be moved and how much spare collateral is kept.

    Units: `buffer` is the spare share on top of what the leverage cap asks for; `spot_reserve` is never
    moved; `worth` is what one unit of the currency counts for, below one while a stablecoin is off its peg.
    """

    currency: str
    buffer: Decimal
    spot_reserve: Decimal
    transfers_allowed: bool
    worth: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Targets that the collateral can carry, and the transfer into the futures wallet they rely on (zero: none)."""

    targets: tuple[Target, ...]
    top_up: Decimal
    notes: tuple[str, ...]


def fit_to_collateral(targets: Sequence[Target], view: VenueView, free_spot: Decimal, rule: CollateralRule) -> Fit:
    """Top up from spot stablecoins when allowed, then scale the growth that still does not fit under the leverage cap.

    Only growth is scaled: a short that is held already is the margin autopilot's concern, so that a small dip of the
    collateral never turns into a trade here. What is held, by whomever, takes its share of the collateral first.
    """
    growth = sum((_growth(row, view) / row.leverage_cap for row in targets), ZERO)
    if growth <= 0:
        return Fit(targets=tuple(targets), top_up=ZERO, notes=())
    account = view.margin(rule.currency)
    equity = account.equity * rule.worth if account else ZERO
    held = sum(((row.short_notional - _growth(row, view)) / row.leverage_cap for row in targets), ZERO)
    held += _elsewhere(targets, view) / min(row.leverage_cap for row in targets)
    spare = 1 + rule.buffer
    missing = (held + growth) * spare - equity
    if account and any(row.margin_mode is MarginMode.ISOLATED for row in view.positions):
        # what is bound to one position cannot carry another
        missing = max(missing, growth * spare - account.withdrawable * rule.worth)
    movable = max(ZERO, free_spot - rule.spot_reserve) if rule.transfers_allowed else ZERO
    top_up = min(max(ZERO, missing) / rule.worth, movable).quantize(CENT, rounding=ROUND_DOWN)
    short_of = missing - top_up * rule.worth
    if short_of <= CENT:
        return Fit(targets=tuple(targets), top_up=top_up, notes=())
    share = max(ZERO, 1 - short_of / (growth * spare))
    carried = (held + growth * share) / (held + growth)
    more = short_of.quantize(CENT, rounding=ROUND_UP)
    notes = (
        f"collateral of {equity + top_up * rule.worth:,.2f} {rule.currency} carries {carried:.1%} of the wanted short "
        f"under the leverage cap; {more:,.2f} {rule.currency} more would carry all of it",
    )
    return Fit(targets=tuple(_scaled(row, share, view) for row in targets), top_up=top_up, notes=notes)


def _growth(target: Target, view: VenueView) -> Decimal:
    """By how much notional a target deepens the short that is held."""
    held = max(ZERO, -view.amount(target.symbol))
    return target.short_notional * (1 - held / target.amount) if target.amount > held else ZERO


def _elsewhere(targets: Sequence[Target], view: VenueView) -> Decimal:
    """The notional of positions no target speaks of; they lean on the same collateral."""
    spoken_of = {row.symbol for row in targets}
    return sum((row.notional for row in view.positions if row.symbol not in spoken_of), ZERO)


def _scaled(target: Target, share: Decimal, view: VenueView) -> Target:
    """The short with only a share of its growth."""
    held = max(ZERO, -view.amount(target.symbol))
    instrument = view.instrument(target.symbol)
    if instrument is None or target.amount <= held:
        return target
    amount = max(held, instrument.floor_amount(held + (target.amount - held) * share))
    if amount - held < held * CRUMB:
        # Collateral that trickles back would otherwise be traded away in crumbs, a fee each cycle.
        amount = held
    return replace(
        target,
        amount=amount,
        short_notional=target.short_notional * amount / target.amount,
        reasons=(*target.reasons, f"cut to {amount / target.amount:.1%} by the collateral there is"),
    )
