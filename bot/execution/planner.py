"""From targets to a plan: reductions, then collateral, then settings and growth, each order cut to the book."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from bot.domain.account import ZERO, Book, BookLevel, MarginMode, Side, SymbolSettings, Wallet
from bot.domain.hedge import Target
from bot.domain.instrument import Instrument
from bot.domain.intent import Intent, LeverageIntent, MarginModeIntent, OrderIntent, Plan, TransferIntent
from bot.domain.snapshot import Snapshot

ORDERS_PER_SYMBOL_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRule:
    """How orders are shaped.

    Units: `slippage_max`, `book_share_max` fractions; `order_notional_max` quote currency. `protective` orders ask for
    the whole amount at a wider limit, cut by nothing but the venue's largest order: getting out matters more than the
    price.
    """

    slippage_max: Decimal
    book_share_max: Decimal
    order_notional_max: Decimal
    margin_mode: MarginMode
    protective: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDetail:
    """What only a trade needs: the books and the settings of the symbols that are about to trade.

    `missing` says why a book could not be read.
    """

    books: Mapping[tuple[str, str], Book]
    settings: Mapping[tuple[str, str], SymbolSettings]
    missing: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Collateral to move into the futures wallet of a venue before orders rely on it."""

    venue: str
    currency: str
    amount: Decimal
    protective: bool
    reason: str
    wallet: Wallet = Wallet.FUTURES


def moving(targets: Sequence[Target], snapshot: Snapshot) -> tuple[Target, ...]:
    """The targets that differ from the position held."""
    return tuple(row for row in targets if -snapshot.venue(row.venue).amount(row.symbol) != row.amount)


def plan(
    targets: Sequence[Target],
    snapshot: Snapshot,
    detail: MarketDetail,
    rule: OrderRule,
    *,
    cycle: str,
    top_ups: Sequence[TopUp] = (),
) -> Plan:
    """Turn targets into intents with ids that depend on nothing but the cycle and their place in the plan."""
    numbers = _numbers(cycle)
    notes: list[str] = []
    intents: list[Intent] = []
    reductions = [
        row for row in moving(targets, snapshot) if row.amount < -snapshot.venue(row.venue).amount(row.symbol)
    ]
    growth = [row for row in moving(targets, snapshot) if row.amount > -snapshot.venue(row.venue).amount(row.symbol)]
    waiting: set[str] = set()
    for target in reductions:
        orders = _orders(target, snapshot, detail, rule, numbers, notes)
        intents.extend(orders)
        if not orders and _no_book(target, detail, rule):
            waiting.add(target.venue)
    intents.extend(_transfer(row, next(numbers)) for row in top_ups if row.amount > 0)
    for target in growth:
        if target.venue in waiting or _no_book(target, detail, rule):
            why = detail.missing.get((target.venue, target.symbol), "a reduction there could not be sent")
            notes.append(f"{target.symbol} does not grow now: {why}")
            continue
        intents.extend(settings_for(target, snapshot, detail, rule, numbers))
        intents.extend(_orders(target, snapshot, detail, rule, numbers, notes))
    return Plan(intents=tuple(intents), notes=tuple(notes))


def _no_book(target: Target, detail: MarketDetail, rule: OrderRule) -> bool:
    """Whether a target cannot be traded for want of a book; protection does without one."""
    return (target.venue, target.symbol) in detail.missing and not rule.protective


def _numbers(cycle: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{cycle}-{number:02d}"


def _transfer(row: TopUp, intent_id: str) -> TransferIntent:
    return TransferIntent(
        id=intent_id,
        venue=row.venue,
        currency=row.currency,
        amount=row.amount,
        source=Wallet.SPOT,
        target=row.wallet,
        protective=row.protective,
        reasons=(row.reason,),
    )


def settings_for(
    target: Target, snapshot: Snapshot, detail: MarketDetail, rule: OrderRule, numbers: Iterator[str]
) -> list[Intent]:
    """The margin mode and leverage to set before a short grows in a symbol."""
    if snapshot.venue(target.venue).amount(target.symbol) > 0:
        return []  # a long somebody else opened: its settings are his
    current = detail.settings.get((target.venue, target.symbol))
    leverage = int(target.leverage_cap.to_integral_value(rounding=ROUND_CEILING))
    intents: list[Intent] = []
    if current is None or current.margin_mode is not rule.margin_mode:
        reason = f"positions are held with {rule.margin_mode.value} margin"
        intents.append(
            MarginModeIntent(
                id=next(numbers),
                venue=target.venue,
                symbol=target.symbol,
                margin_mode=rule.margin_mode,
                reasons=(reason,),
            )
        )
    if current is None or current.leverage != leverage:
        reason = f"the leverage cap is {target.leverage_cap}; the venue's figure is set before the first order"
        intents.append(
            LeverageIntent(
                id=next(numbers), venue=target.venue, symbol=target.symbol, leverage=leverage, reasons=(reason,)
            )
        )
    return intents


def _orders(
    target: Target,
    snapshot: Snapshot,
    detail: MarketDetail,
    rule: OrderRule,
    numbers: Iterator[str],
    notes: list[str],
) -> list[OrderIntent]:
    view = snapshot.venue(target.venue)
    instrument, mark = view.instrument(target.symbol), view.mark(target.symbol)
    book = detail.books.get((target.venue, target.symbol))
    position = view.amount(target.symbol)
    if _no_book(target, detail, rule):
        why = detail.missing[(target.venue, target.symbol)]
        notes.append(f"{target.symbol} is left alone now, its order book could not be read: {why}")
        return []
    if instrument is None or mark is None or (book is None and not rule.protective):
        raise ValueError(f"{target.symbol} is to be traded without instrument, mark or book")
    if position > 0:
        notes.append(
            f"{target.symbol} holds a long of {position} that Ballast did not open: left alone, nothing traded"
        )
        return []
    delta = target.amount - (-position)
    side = Side.SELL if delta > 0 else Side.BUY
    limit = limit_price(side, instrument, mark.mark_price, rule)
    there = abs(delta)
    if book is not None and not rule.protective:
        there = reachable(book, side, limit) * rule.book_share_max
    total = instrument.floor_amount(min(abs(delta), there))
    chunk_max = (
        total
        if rule.protective
        else instrument.floor_amount(instrument.amount_of(rule.order_notional_max, mark.mark_price))
    )
    if instrument.amount_max is not None:
        chunk_max = min(chunk_max, instrument.floor_amount(instrument.amount_max))
    if total < instrument.floor_amount(abs(delta)) and not rule.protective:
        notes.append(
            f"{target.symbol}: {total} of {abs(delta)} now, the rest in later cycles: the book shows {there:.8f} "
            f"for us within {rule.slippage_max:.2%}"
        )
    chunks = _chunks(total, chunk_max, instrument, mark.mark_price, reducing=side is Side.BUY)
    if not rule.protective:
        chunks = chunks[:ORDERS_PER_SYMBOL_MAX]
    if sum(chunks, ZERO) < total and len(chunks) == ORDERS_PER_SYMBOL_MAX:
        notes.append(f"{target.symbol}: {ORDERS_PER_SYMBOL_MAX} orders this cycle, the rest in later cycles")
    if not chunks and total == instrument.floor_amount(abs(delta)):
        notes.append(f"{target.symbol}: {abs(delta)} to {side.value} is less than the venue takes in one order")
    return [
        OrderIntent(
            id=next(numbers),
            venue=target.venue,
            symbol=target.symbol,
            side=side,
            amount=amount,
            limit_price=limit,
            reduce_only=side is Side.BUY,
            protective=rule.protective,
            reasons=target.reasons[-1:],
        )
        for amount in chunks
    ]


def limit_price(side: Side, instrument: Instrument, mark_price: Decimal, rule: OrderRule) -> Decimal:
    """The worst price an order may trade at, on the tick."""
    room = rule.slippage_max * (5 if rule.protective else 1)
    if side is Side.SELL:
        return instrument.ceil_price(mark_price * (1 - room))
    return instrument.floor_price(mark_price * (1 + room))


def reachable(book: Book, side: Side, limit: Decimal) -> Decimal:
    """The amount that stands in the book up to a limit price."""
    levels: tuple[BookLevel, ...] = book.bids if side is Side.SELL else book.asks
    there = ZERO
    for level in levels:
        if (side is Side.SELL and level.price < limit) or (side is Side.BUY and level.price > limit):
            break
        there += level.amount
    return there


def _chunks(
    total: Decimal, chunk_max: Decimal, instrument: Instrument, price: Decimal, *, reducing: bool
) -> list[Decimal]:
    """Split into orders of at most `chunk_max`; a rest the venue would not take is left for later, never rounded up."""
    chunks: list[Decimal] = []
    rest = total
    while rest > 0 and chunk_max > 0:
        amount = min(rest, chunk_max)
        if amount < instrument.amount_min or (not reducing and not instrument.tradable(amount, price)):
            break
        chunks.append(amount)
        rest -= amount
    return chunks
