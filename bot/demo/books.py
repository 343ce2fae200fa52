"""Two sets of books: what the portfolio became with the short and without it, explained to the cent. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from bot.domain.account import ZERO
from bot.domain.errors import Halted
from bot.sim.model import SimTrade
from bot.sim.state import SimIncome

CENT = Decimal("0.01")
TOLERANCE = Decimal(
    "0.005"
)  # the exchange books in hundred-millionths; hundreds of bookings stay far below half a cent


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the change came from. Units: quote currency. Signs: + gained, - lost.

    `short` is what the short made from moves of the mark price, as if every fill had happened at mark; `slippage` is
    the difference between fills and mark. `transfers` stay in the family, so they sum to zero. `liquidation` is what
    the exchange took or gave when it closed positions by force.
    """

    spot: Decimal
    short: Decimal
    funding: Decimal
    fees: Decimal
    slippage: Decimal
    transfers: Decimal
    liquidation: Decimal

    @property
    def total(self) -> Decimal:
        """The whole change."""
        return self.spot + self.short + self.funding + self.fees + self.slippage + self.transfers + self.liquidation


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Start, parts and end in whole cents; `start` plus all parts is `end`, exactly."""

    start: Decimal
    parts: Parts
    end: Decimal

    @property
    def unhedged_end(self) -> Decimal:
        """What the same portfolio is worth without any short."""
        return self.start + self.parts.spot

    @property
    def saved(self) -> Decimal:
        """What hedging brought. Signs: + saved, - cost."""
        return self.end - self.unhedged_end


def short_parts(
    trades: Iterable[tuple[SimTrade, Decimal]], marks: Mapping[str, Decimal]
) -> tuple[Decimal, Decimal, Decimal]:
    """(price change of the short, slippage, fees) of futures trades, each given with the mark at its moment."""
    short = slippage = fees = ZERO
    for trade, mark in trades:
        amount = trade.amount if trade.side == "buy" else -trade.amount
        short += amount * (marks[trade.symbol] - mark)
        slippage += amount * (mark - trade.price)
        fees -= trade.fee
    return short, slippage, fees


def booked(statement: Iterable[SimIncome], kind: str) -> Decimal:
    """Sum of one kind of booking on the futures wallet."""
    return sum((line.amount for line in statement if line.kind == kind), ZERO)


def close_books(start: Decimal, parts: Parts, end: Decimal) -> Books:
    """Round everything to cents so that it still adds up.

    Raises: Halted when the exact figures do not explain the change.
    """
    gap = end - start - parts.total
    if abs(gap) >= TOLERANCE:
        raise Halted(
            f"the demo's books do not add up: {end - start:.8f} changed, {parts.total:.8f} are explained. Only play "
            "money is concerned; please report it with the command line you used."
        )
    start, end = start.quantize(CENT, ROUND_HALF_EVEN), end.quantize(CENT, ROUND_HALF_EVEN)
    names = ("spot", "short", "funding", "fees", "slippage", "transfers", "liquidation")
    rounded = in_cents({name: getattr(parts, name) for name in names}, end - start)
    return Books(start=start, parts=Parts(**rounded), end=end)


def in_cents(exact: Mapping[str, Decimal], total: Decimal) -> dict[str, Decimal]:
    """Round to cents that sum to `total`: whoever lost most by rounding gets the spare cent; zeros stay zero."""
    rounded = {name: value.quantize(CENT, rounding=ROUND_FLOOR) for name, value in exact.items()}
    spare = int((total - sum(rounded.values(), ZERO)) / CENT)
    by_loss = sorted((name for name, value in exact.items() if value), key=lambda name: rounded[name] - exact[name])
    step = CENT if spare >= 0 else -CENT
    order = (by_loss if spare >= 0 else by_loss[::-1]) or list(exact)
    for place in range(abs(spare)):
        rounded[order[place % len(order)]] += step
    return rounded
