"""What trading has really cost: the fee charged and how much worse than mark we were filled, per instrument."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.account import ZERO, Side
from bot.domain.costs import TradingCost
from bot.domain.intent import IntentKind, OrderIntent
from bot.execution.intent_json import intent_from_json
from bot.execution.journal import Journal
from bot.execution.recollection import filled_orders

ORDERS_MAX = 50
# A fee or a distance beyond these is of another unit (a fee in coins, a face value), not a cost.
FEE_MAX = Decimal("0.01")
DISTANCE_MAX = Decimal("0.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledOrder:
    """An order of ours that was filled. Units: `expected` what all of it was worth at mark when it was sent."""

    venue: str
    symbol: str
    side: Side
    amount: Decimal
    expected: Decimal
    filled: Decimal
    average_price: Decimal
    fee: Decimal
    at: datetime


def measured_costs(journal: Journal) -> dict[tuple[str, str], TradingCost]:
    """What trading has cost according to the journal."""
    return trading_costs(row for row in map(_order, filled_orders(journal, ORDERS_MAX)) if row is not None)


def _order(row: Sequence[str]) -> FilledOrder | None:
    intent = intent_from_json(IntentKind.ORDER, row[2])
    if not isinstance(intent, OrderIntent):
        return None
    return FilledOrder(
        venue=row[0],
        symbol=row[1],
        side=intent.side,
        amount=intent.amount,
        expected=Decimal(row[3]),
        filled=Decimal(row[4]),
        average_price=Decimal(row[5]),
        fee=Decimal(row[6]),
        at=datetime.fromisoformat(row[7]),
    )


def trading_costs(orders: Iterable[FilledOrder]) -> dict[tuple[str, str], TradingCost]:
    """Average over own orders, each weighted by what was traded; a symbol without a readable order is left out.

    A better fill than mark counts as such, but the average never makes trading look free of its spread: not below zero.
    """
    sums: dict[tuple[str, str], list[FilledOrder]] = {}
    for row in orders:
        if _readable(row):
            sums.setdefault((row.venue, row.symbol), []).append(row)
    return {key: _average(rows) for key, rows in sums.items()}


def _readable(row: FilledOrder) -> bool:
    if row.amount <= 0 or row.expected <= 0 or row.average_price <= 0 or row.filled <= 0:
        return False
    return ZERO <= _fee(row) <= FEE_MAX and abs(_slip(row)) <= DISTANCE_MAX


def _fee(row: FilledOrder) -> Decimal:
    return row.fee / (row.filled * row.average_price)


def _slip(row: FilledOrder) -> Decimal:
    mark_price = row.expected / row.amount
    worse = mark_price - row.average_price if row.side is Side.SELL else row.average_price - mark_price
    return worse / mark_price


def _average(rows: list[FilledOrder]) -> TradingCost:
    traded = sum((row.filled * row.average_price for row in rows), ZERO)
    fee = sum((row.fee for row in rows), ZERO) / traded
    slip = sum((_slip(row) * row.filled * row.average_price for row in rows), ZERO) / traded
    rounding = Decimal("0.0000001")
    return TradingCost(
        fee=fee.quantize(rounding),
        slip=max(ZERO, slip).quantize(rounding),
        fills=len(rows),
        known_at=max(row.at for row in rows),
    )
