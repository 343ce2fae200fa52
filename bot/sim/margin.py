"""Margin arithmetic of linear perpetuals: maintenance tiers, unrealised profit, liquidation price."""

from dataclasses import dataclass
from decimal import Decimal

from bot.sim.model import Tier

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginState:
    """The futures account of one currency.

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


def unrealised_pnl(amount: Decimal, entry_price: Decimal, mark_price: Decimal) -> Decimal:
    """Value a position at mark. Signs: `amount` + long, - short."""
    return amount * (mark_price - entry_price)


def liquidation_price(
    amount: Decimal, entry_price: Decimal, collateral: Decimal, tiers: tuple[Tier, ...]
) -> Decimal | None:
    """Solve collateral + amount x (price - entry) = |amount| x price x rate - deduction for the price.

    `collateral` is what this position can lose: the isolated wallet, or the cross wallet plus the other positions'
    unrealised profit less their maintenance. None means that no positive price liquidates it.
    Source: Binance, "How to calculate liquidation price of USD-M futures contracts", for one position.
    """
    if not amount:
        return None
    size = abs(amount)
    for tier in tiers:
        price = (amount * entry_price - collateral - tier.deduction) / (amount - size * tier.maintenance_rate)
        if price > 0 and tier.floor <= size * price and (size * price < tier.cap or tier is tiers[-1]):
            return price
    return None
