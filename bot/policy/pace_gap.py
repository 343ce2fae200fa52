"""How far the short held in one instrument is from the one wanted, in fractions of what it protects."""

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.hedge import Target
from bot.domain.instrument import Instrument
from bot.domain.portfolio import Portfolio
from bot.domain.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One target beside the position it is about.

    Units: `held`, `wanted`, `ceiling` and `whole` are amounts of the instrument; `whole` is the amount that would cover
    all of what is protected, and the yardstick of every fraction. `exposure` is its worth in quote currency.
    Signs: `share` is above zero when too much is held.
    """

    target: Target
    instrument: Instrument
    mark_price: Decimal
    held: Decimal
    wanted: Decimal
    ceiling: Decimal
    whole: Decimal
    exposure: Decimal
    share: Decimal
    binding: str

    @property
    def asset(self) -> str:
        """The asset the instrument is about."""
        return self.instrument.base

    def notional(self, amount: Decimal) -> Decimal:
        """What an amount of the instrument is worth at mark."""
        return self.instrument.notional(amount, self.mark_price)

    def percent(self, amount: Decimal) -> str:
        """An amount as a percentage of what is protected, for people."""
        return f"{amount / self.whole:.2%}" if self.whole > 0 else "0.00%"


def gap_of(target: Target, snapshot: Snapshot, portfolio: Portfolio, hedge_ratio_max: Decimal) -> Gap:
    """Put a target beside what is held and owned.

    A linear contract on an asset owned itself is measured in coins; everything else (a contract that stands in for
    other assets, a contract worth a fixed sum of quote currency) by value at mark.
    Raises: ValueError for a target placed without an instrument and a mark.
    """
    view = snapshot.venue(target.venue)
    instrument, mark = view.instrument(target.symbol), view.mark(target.symbol)
    if instrument is None or mark is None:
        raise ValueError(f"{target.symbol} was placed without an instrument and a mark")
    assets = {share.asset for share in target.shares} or {target.asset}
    found = (portfolio.exposure(asset) for asset in assets)
    rows = [row for row in found if row is not None]
    exposure = sum((row.notional for row in rows), ZERO)
    own_coin = not target.shares and assets == {instrument.base} and not instrument.inverse
    whole = sum((row.amount for row in rows), ZERO)
    if target.shares:
        exposure = portfolio.protected(target)
    if not own_coin:
        whole = instrument.amount_of(exposure, mark.mark_price)
    most = whole * hedge_ratio_max
    if target.limit_notional is not None:
        most = instrument.amount_of(target.limit_notional, mark.mark_price)
    ceiling = instrument.floor_amount(most)
    held = max(ZERO, -view.amount(target.symbol))
    # An index a little above the mark can ask for more contracts than there are coins.
    wanted = min(target.amount, ceiling) if whole > 0 else target.amount
    binding = binding_rule(target)
    share = (held - wanted) / whole if whole > 0 else ZERO
    if own_coin and binding == "static-ratio" and whole > 0:
        # A constant ratio of coins stays what it is whatever the price does; only the basis moves the gap at mark.
        even = (held - min(wanted * mark.mark_price / mark.index_price, ceiling)) / whole
        share = even if abs(even) < abs(share) else share
    return Gap(
        target=target,
        instrument=instrument,
        mark_price=mark.mark_price,
        held=held,
        wanted=wanted,
        ceiling=ceiling,
        whole=whole,
        exposure=exposure,
        share=share,
        binding=binding,
    )


def binding_rule(target: Target) -> str:
    """Name the rule that set how much is wanted: the last one that changed the sum. A funding tilt does not count."""
    binding, last = "", None
    for link in target.chain:
        if link.rule not in SIZING or link.figure is None:
            continue
        if link.figure != last and not (binding and link.rule == "funding"):
            binding = link.rule
        last = link.figure
    return binding


SIZING = frozenset({"static-ratio", "allocation", "minimum-variance", "volatility", "conviction", "funding"})
