"""Sizing shorts to the collateral behind them: how much to move in, how much short the rest can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from bot.domain.account import ZERO, MarginAccount, MarginMode, Wallet
from bot.domain.figures import settle_currency
from bot.domain.hedge import Target
from bot.domain.snapshot import VenueView
from bot.risk.margin import pools

ONE = Decimal(1)
CENT = Decimal("0.01")
SATOSHI = Decimal("0.00000001")
CRUMB = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRule:
    """What may be moved and how much spare collateral is kept.

    Units: `buffer` is the spare share on top of what the leverage cap asks for; `spot_reserve` is never moved. With
    `coins` the collateral of each contract is its own coin: `rules_for` makes one rule per coin. `worth` is what one
    unit of the currency counts for: a coin's price, or less than one while a stablecoin is off its peg; `unit` is the
    smallest part that is moved.
    """

    currency: str
    buffer: Decimal
    spot_reserve: Decimal
    transfers_allowed: bool
    coins: bool = False
    worth: Decimal = ONE
    unit: Decimal = CENT

    @property
    def wallet(self) -> Wallet:
        """The wallet this collateral lies in."""
        return Wallet.COIN_FUTURES if self.coins else Wallet.FUTURES

    def movable(self, free_spot: Decimal) -> Decimal:
        """What of the free spot balance may be moved in."""
        return max(ZERO, free_spot - self.spot_reserve) if self.transfers_allowed else ZERO

    def words(self, amount: Decimal) -> str:
        """An amount of the currency for people."""
        return f"{amount.normalize():f} {self.currency}" if self.coins else f"{amount:,.2f} {self.currency}"


def rules_for(view: VenueView, rule: CollateralRule) -> tuple[CollateralRule, ...]:
    """The collaterals of a venue: the quote currency alone, or every coin that has an inverse contract there."""
    if not rule.coins:
        return (rule,)
    found: dict[str, CollateralRule] = {}
    for instrument in view.instruments:
        mark = view.mark(instrument.symbol)
        if instrument.inverse and instrument.settle is not None and mark is not None:
            found.setdefault(
                instrument.settle,
                replace(rule, currency=instrument.settle, spot_reserve=ZERO, worth=mark.mark_price, unit=SATOSHI),
            )
    return tuple(found.values())


def free_spot(view: VenueView, currency: str) -> Decimal:
    """What lies unbound on the spot wallet of a venue."""
    return sum((row.free for row in view.balances if row.asset == currency and row.wallet is Wallet.SPOT), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Targets that the collateral can carry, and the transfer into the futures wallet they rely on (zero: none)."""

    targets: tuple[Target, ...]
    top_up: Decimal
    notes: tuple[str, ...]


def fit_to_collateral(targets: Sequence[Target], view: VenueView, free: Decimal, rule: CollateralRule) -> Fit:
    """Top up from spot when allowed, then scale the growth that still does not fit under the leverage cap.

    Only growth is scaled: a short that is held already is the margin autopilot's concern, so that a small dip of the
    collateral never turns into a trade here. What is held, by whomever, takes its share of the collateral first. Where
    the venue's own liquidation prices are nearer than our arithmetic, the collateral counts for no more than they
    imply: the autopilot believes them too, and would close again what was opened beyond them.
    Units: `free` is what lies unbound on spot, in the rule's currency.
    """
    growth = sum((_growth(row, view) / row.leverage_cap for row in targets), ZERO)
    if growth <= 0:
        return Fit(targets=tuple(targets), top_up=ZERO, notes=())
    account = view.margin(rule.currency)
    unbelieved = _unbelieved(view, rule)
    equity = (account.equity if account else ZERO) * rule.worth - unbelieved
    held = sum(((row.short_notional - _growth(row, view)) / row.leverage_cap for row in targets), ZERO)
    held += _elsewhere(targets, view, rule) / min(row.leverage_cap for row in targets)
    spare = 1 + rule.buffer
    missing = (held + growth) * spare - equity
    if account and any(row.margin_mode is MarginMode.ISOLATED for row in view.positions):
        # what is bound to one position cannot carry another
        missing = max(missing, growth * spare - _unbound(account, view) * rule.worth)
    top_up = min(max(ZERO, missing) / rule.worth, rule.movable(free)).quantize(rule.unit, rounding=ROUND_DOWN)
    short_of = missing - top_up * rule.worth
    if short_of <= max(CENT, rule.unit * rule.worth):
        return Fit(targets=tuple(targets), top_up=top_up, notes=())
    share = max(ZERO, 1 - short_of / (growth * spare))
    carried = (held + growth * share) / (held + growth)
    more = (short_of / rule.worth).quantize(rule.unit, rounding=ROUND_UP)
    there = (equity / rule.worth + top_up).quantize(rule.unit, rounding=ROUND_DOWN)
    why = (
        f" (the liquidation prices that {view.venue} tells imply {rule.words(unbelieved / rule.worth)} less than the "
        "account shows)"
        if unbelieved > CENT
        else ""
    )
    notes = (
        f"collateral of {rule.words(there)}{why} carries {carried:.1%} of the wanted short under the leverage cap; "
        f"{rule.words(more)} more would carry all of it",
    )
    return Fit(targets=_shared_out(targets, share, view), top_up=top_up, notes=notes)


def _unbound(account: MarginAccount, view: VenueView) -> Decimal:
    """What no isolated position binds: a figure by today's mark forgets what was bound before prices fell."""
    isolated = (row for row in view.positions if row.margin_mode is MarginMode.ISOLATED)
    bound = sum((row.isolated_margin for row in isolated if settle_currency(row) == account.currency), ZERO)
    return min(account.withdrawable, account.wallet - bound)


def _unbelieved(view: VenueView, rule: CollateralRule) -> Decimal:
    """Shared collateral that the account shows and the venue's own liquidation prices do not bear out."""
    shared = (
        row for row in pools(view, {rule.currency: rule.worth}) if row.currency == rule.currency and not row.isolated
    )
    return sum((row.equity - row.worse.equity for row in shared), ZERO)


def _growth(target: Target, view: VenueView) -> Decimal:
    """By how much notional a target deepens the short that is held."""
    held = max(ZERO, -view.amount(target.symbol))
    return target.short_notional * (1 - held / target.amount) if target.amount > held else ZERO


def _elsewhere(targets: Sequence[Target], view: VenueView, rule: CollateralRule) -> Decimal:
    """The notional of positions no target speaks of; they lean on the same collateral."""
    spoken_of = {row.symbol for row in targets}
    others = (row for row in view.positions if row.symbol not in spoken_of)
    return sum((row.notional for row in others if settle_currency(row) == rule.currency), ZERO)


def _shared_out(targets: Sequence[Target], share: Decimal, view: VenueView) -> tuple[Target, ...]:
    """The targets with the same share of each growth; what is too little for an order of one goes to the others."""
    room = share * sum((_growth(row, view) / row.leverage_cap for row in targets), ZERO)
    growing = [row for row in targets if _growth(row, view) > 0]
    while growing:
        share = min(ONE, room / sum((_growth(row, view) / row.leverage_cap for row in growing), ZERO))
        idle = [row for row in growing if not _can_be_ordered(row, share, view)]
        if not idle:
            break
        growing.remove(max(idle, key=lambda row: _smallest_order(row, view)))
    return tuple(_scaled(row, share if row in growing else ZERO, view) for row in targets)


def _can_be_ordered(target: Target, share: Decimal, view: VenueView) -> bool:
    instrument, mark = view.instrument(target.symbol), view.mark(target.symbol)
    if instrument is None or mark is None:
        return False
    held = max(ZERO, -view.amount(target.symbol))
    step = instrument.floor_amount(held + (target.amount - held) * share) - held
    return instrument.tradable(step, mark.mark_price)


def _smallest_order(target: Target, view: VenueView) -> Decimal:
    """Units: notional; infinite where nothing can be ordered."""
    instrument, mark = view.instrument(target.symbol), view.mark(target.symbol)
    if instrument is None or mark is None:
        return Decimal("Infinity")
    return max(instrument.notional_min, instrument.notional(instrument.amount_min, mark.mark_price))


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
