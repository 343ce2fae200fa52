"""What a stablecoin really counts for: its price against another one, never above one, less when unknown."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from bot.domain.account import Price

ONE = Decimal(1)
# What an unseen price may hide: the deepest that large stablecoins were off for more than hours is more than this, the
# usual day far less. It is said in every record, so that nobody takes it for a price.
WORTH_UNKNOWN = Decimal("0.95")
OFF_PEG = Decimal("0.985")


def pegged(
    prices: Mapping[str, Price], quote: str, stablecoins: frozenset[str], reference: str | None, at: datetime
) -> dict[str, Price]:
    """The prices with every stablecoin at no more than one, and the quote itself judged by its reference.

    A coin that costs 1.08 of the quote says that the quote is worth 0.926 of it; one below 1 says that it is itself off
    its peg, and nothing about the quote. Without `reference` the quote is taken for one; with a
    reference that has no price it is not: it counts at WORTH_UNKNOWN then.
    """
    found = {
        asset: row if asset not in stablecoins or row.price <= ONE else _at(row, ONE) for asset, row in prices.items()
    }
    if reference is None or reference == quote:
        return found
    seen = prices.get(reference)
    worth = WORTH_UNKNOWN if seen is None else min(ONE, ONE / seen.price)
    source = f"{reference}/{quote}, which could not be read" if seen is None else f"{reference}/{quote}"
    return {**found, quote: Price(asset=quote, price=worth, source=source, at=at if seen is None else seen.at)}


def peg_notes(prices: Mapping[str, Price], stablecoins: frozenset[str]) -> tuple[str, ...]:
    """What is to be said about stablecoins that are off their peg or without a price."""
    notes = []
    for asset in sorted(stablecoins & prices.keys()):
        row = prices[asset]
        if row.source.endswith("could not be read"):
            notes.append(
                f"no price says what {asset} is worth ({row.source}): it counts at {row.price:.2f} until one is seen"
            )
        elif row.price < OFF_PEG:
            notes.append(
                f"{asset} is off its peg: {row.price:.4f} by {row.source}; cash and collateral in it count at that"
            )
    return tuple(notes)


def _at(row: Price, price: Decimal) -> Price:
    return Price(asset=row.asset, price=price, source=row.source, at=row.at)
