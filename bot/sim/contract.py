"""What a contract is worth, gains and loses: linear ones in quote currency, inverse ones in coins.

Source: Binance, "How to calculate liquidation price" and "Profit and loss" of USD-M and COIN-M futures contracts.
"""

from decimal import Decimal

from bot.sim.model import Listing

ZERO = Decimal(0)


def worth(listing: Listing, amount: Decimal, price: Decimal) -> Decimal:
    """Value an amount at a price in the settlement currency. Signs: as `amount`."""
    if listing.market == "inverse":
        return amount * listing.face / price
    return amount * price


def quote_worth(listing: Listing, amount: Decimal, price: Decimal) -> Decimal:
    """Value an amount at a price in the quote currency, in which depth is counted."""
    return amount * listing.face if listing.market == "inverse" else price * amount


def profit(listing: Listing, amount: Decimal, entry_price: Decimal, price: Decimal) -> Decimal:
    """Say what closing at a price would realise, in settlement currency. Signs: `amount` + long, - short."""
    if listing.market == "inverse":
        return amount * listing.face * (price - entry_price) / (price * entry_price)
    return amount * (price - entry_price)


def joint_entry(listing: Listing, held: tuple[Decimal, Decimal], added: tuple[Decimal, Decimal]) -> Decimal:
    """Find the entry price of two parts, each (amount, price) on the same side, that keeps their profit the same."""
    total = held[0] + added[0]
    if listing.market == "inverse":
        return total / (held[0] / held[1] + added[0] / added[1]) if held[0] else added[1]
    return (held[1] * held[0] + added[1] * added[0]) / total


def liquidation_price(listing: Listing, amount: Decimal, entry_price: Decimal, collateral: Decimal) -> Decimal | None:
    """Solve collateral + profit = maintenance margin for the price; both sides are valued at that price.

    `collateral` is what this position can lose: the isolated wallet, or the cross wallet plus the other positions'
    unrealised profit less their maintenance. None means that no positive price liquidates it.
    Units: `collateral` in settlement currency.
    """
    if not amount:
        return None
    size, tiers = abs(amount), listing.tiers
    for tier in tiers:
        if listing.market == "inverse":
            left = collateral + tier.deduction + amount * listing.face / entry_price
            price = (amount + size * tier.maintenance_rate) * listing.face / left if left else ZERO
        else:
            price = (amount * entry_price - collateral - tier.deduction) / (amount - size * tier.maintenance_rate)
        if price <= 0:
            continue
        notional = worth(listing, size, price)
        if tier.floor <= notional and (notional < tier.cap or tier is tiers[-1]):
            return price
    return None
