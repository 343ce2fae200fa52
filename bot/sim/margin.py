"""Margin arithmetic of contracts: what an account must keep, maintenance tiers, caps by leverage."""

from dataclasses import dataclass
from decimal import Decimal

from bot.sim.model import Tier

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginState:
    """The futures account of one currency, linear or coin-margined.

    `initial` belongs to positions, `order_initial` to what resting orders would add. `maintenance` and
    `unrealised_pnl` cover cross and isolated positions; the `cross_` figures leave the isolated ones out.
    """

    wallet: Decimal
    unrealised_pnl: Decimal
    initial: Decimal
    order_initial: Decimal
    maintenance: Decimal
    available: Decimal
    withdrawable: Decimal
    cross_wallet: Decimal
    cross_unrealised_pnl: Decimal
    cross_maintenance: Decimal

    @property
    def equity(self) -> Decimal:
        """Wallet plus unrealised profit."""
        return self.wallet + self.unrealised_pnl


def tier_at(tiers: tuple[Tier, ...], notional: Decimal) -> Tier:
    """Find the tier a notional falls in; the last one is open above."""
    for tier in tiers:
        if notional < tier.cap:
            return tier
    return tiers[-1]


def maintenance_margin(tiers: tuple[Tier, ...], notional: Decimal) -> Decimal:
    """Say what a position of this notional must keep: notional x rate - deduction."""
    if not notional:
        return ZERO
    tier = tier_at(tiers, notional)
    return notional * tier.maintenance_rate - tier.deduction


def notional_cap(tiers: tuple[Tier, ...], leverage: int) -> Decimal:
    """Say how large a position may be at this leverage."""
    return max((tier.cap for tier in tiers if tier.leverage_max >= leverage), default=ZERO)
