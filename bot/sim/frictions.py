"""What trading costs: the shape of the book, how an order walks through it, how it fills up again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from bot.sim.contract import quote_worth
from bot.sim.model import Listing, Quote, SideName

ZERO = Decimal(0)
ONE = Decimal(1)
LEVEL_GAP = Decimal("0.0001")  # one level per basis point of mid
LEVELS_PER_DEPTH = Decimal(5)  # `depth_notional` is spread over the five basis points it is quoted for
LEVELS_MAX = 150
RECOVERY_S = Decimal(60)  # time in which the book regains one `depth_notional` after it was eaten


@dataclass(frozen=True, slots=True)
class Level:
    """One price of the book. Units: `amount` in base units, of inverse markets in contracts."""

    price: Decimal
    amount: Decimal


def to_tick(value: Decimal, tick: Decimal, rounding: str) -> Decimal:
    """Round to a multiple of the tick."""
    return (value / tick).quantize(ONE, rounding=rounding) * tick


def ladder(quote: Quote, listing: Listing, side: SideName, eaten: Decimal = ZERO) -> Iterator[Level]:
    """Walk the levels an order of this side meets, best first; `eaten` is the notional that was taken before."""
    seen = quote.asks if side == "buy" else quote.bids
    if seen is not None:
        yield from _seen(seen, listing, eaten)
        return
    tick, step = listing.price_tick, listing.amount_step
    away = ONE if side == "buy" else -ONE
    rounding = ROUND_CEILING if side == "buy" else ROUND_FLOOR
    gap = max(tick, quote.mid * LEVEL_GAP)
    depth = quote.depth_notional / LEVELS_PER_DEPTH
    first = quote.mid * (ONE + away * quote.spread / 2)
    for number in range(LEVELS_MAX):
        left = depth
        if eaten > 0:
            left = depth - eaten
            eaten -= depth
            if left <= 0:
                continue
        price = to_tick(first + away * gap * number, tick, rounding)
        if price <= 0:
            return
        amount = to_tick(left / quote_worth(listing, ONE, price), step, ROUND_DOWN)
        if amount > 0:
            yield Level(price, amount)


def _seen(levels: Iterable[tuple[Decimal, Decimal]], listing: Listing, eaten: Decimal) -> Iterator[Level]:
    """Walk a book that was really seen, less what our own simulated trades have taken out of it."""
    for price, amount in levels:
        taken = min(eaten, quote_worth(listing, amount, price))
        eaten -= taken
        left = to_tick(amount - taken / quote_worth(listing, ONE, price), listing.amount_step, ROUND_DOWN)
        if left > 0:
            yield Level(price, left)


def walk(levels: Iterator[Level], side: SideName, amount: Decimal, limit: Decimal | None) -> list[Level]:
    """Take liquidity up to an amount and a limit price; less comes back when the depth runs out."""
    taken: list[Level] = []
    left = amount
    for level in levels:
        if left <= 0 or (limit is not None and (level.price > limit if side == "buy" else level.price < limit)):
            break
        part = min(left, level.amount)
        taken.append(Level(level.price, part))
        left -= part
    return taken


def recovered(eaten: Decimal, depth_notional: Decimal, elapsed_s: Decimal) -> Decimal:
    """Say how much of the eaten notional is still missing after some simulated time."""
    return max(ZERO, eaten - depth_notional * elapsed_s / RECOVERY_S)
