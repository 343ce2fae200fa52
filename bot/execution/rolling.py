"""From rolls to orders: pairs of a buy in the contract that is left and a sale in the one that is entered.

The buy comes first, so that the short never exceeds what it was and no extra collateral is needed; each order waits for
the one before it to be filled, so that never more than one slice is unpaired. What is sold is worth what was bought: a
future that stands above the index moves by more than the coin, so fewer of them protect the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from bot.domain.account import ZERO, Book, Side
from bot.domain.hedge import Roll, Target
from bot.domain.instrument import Instrument
from bot.domain.intent import Intent, OrderIntent, Plan
from bot.domain.snapshot import Snapshot
from bot.execution.planner import MarketDetail, OrderRule, limit_price, reachable, settings_for

PAIRS_MAX = 8
SHARE_OF_THE_HOUR = Decimal(2) / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the limits of the hour leave for rolls; a third of each stays for everything else."""

    orders: int
    notional: Decimal

    @classmethod
    def left(cls, limits: tuple[int, Decimal], spent: tuple[int, Decimal]) -> "Room":
        """What remains of (orders, notional) after what was spent."""
        return cls(
            orders=int(limits[0] * SHARE_OF_THE_HOUR) - spent[0], notional=limits[1] * SHARE_OF_THE_HOUR - spent[1]
        )

    def without(self, intents: Sequence[Intent], price: Decimal) -> "Room":
        """What remains after these orders as well."""
        orders = [row for row in intents if isinstance(row, OrderIntent)]
        worth = sum((row.amount for row in orders), ZERO) * price
        return Room(orders=self.orders - len(orders), notional=self.notional - worth)

    def fitting(self, sizes: Sequence[Decimal], price: Decimal) -> list[Decimal]:
        """As many pairs of these sizes as fit, from the first."""
        found: list[Decimal] = []
        for size in sizes:
            pairs, worth = len(found) + 1, (sum(found, ZERO) + size) * price * 2
            if pairs * 2 > self.orders or worth > self.notional:
                break
            found.append(size)
        return found


UNLIMITED = Room(orders=10**9, notional=Decimal("Infinity"))


def legs(rolls: Sequence[Roll]) -> tuple[Target, ...]:
    """Both contracts of every roll, once each, as symbols that are about to trade."""
    found = {(roll.venue, symbol): _leg(roll, symbol) for roll in rolls for symbol in (roll.leaving, roll.entering)}
    return tuple(found.values())


def _leg(roll: Roll, symbol: str) -> Target:
    return Target(
        venue=roll.venue,
        symbol=symbol,
        asset=roll.asset,
        short_notional=ZERO,
        amount=ZERO,
        leverage_cap=roll.leverage_cap,
        reasons=roll.reasons,
    )


def with_rolls(  # noqa: PLR0913 - a plan, and what rolls need to be added to it
    found: Plan,
    rolls: Sequence[Roll],
    snapshot: Snapshot,
    detail: MarketDetail,
    rule: OrderRule,
    *,
    cycle: str,
    room: Room,
) -> Plan:
    """A plan with the rolls behind it, numbered on."""
    if not rolls:
        return found
    numbers = (f"{cycle}-{number:02d}" for number in count(len(found.intents) + 1))
    moved = plan_rolls(rolls, snapshot, detail, rule, numbers=numbers, room=room)
    return Plan(intents=(*found.intents, *moved.intents), notes=(*found.notes, *moved.notes))


def plan_rolls(
    rolls: Sequence[Roll],
    snapshot: Snapshot,
    detail: MarketDetail,
    rule: OrderRule,
    *,
    numbers: Iterator[str],
    room: Room = UNLIMITED,
) -> Plan:
    """The orders of all rolls that are cheap enough and fit into the hour; `numbers` names the intents.

    What would exceed the limits of the hour is left for later cycles: it is no reason to refuse anything.
    """
    intents: list[Intent] = []
    notes: list[str] = []
    for roll in rolls:
        shaped = replace(rule, protective=roll.urgent)
        orders, note = _orders(roll, snapshot, detail, shaped, numbers, UNLIMITED if roll.urgent else room)
        mark = snapshot.venue(roll.venue).mark(roll.leaving)
        room = room.without(orders, mark.mark_price if mark else ZERO)
        intents.extend(orders)
        notes.append(note)
    return Plan(intents=tuple(intents), notes=tuple(notes))


def _orders(
    roll: Roll, snapshot: Snapshot, detail: MarketDetail, rule: OrderRule, numbers: Iterator[str], room: Room
) -> tuple[list[Intent], str]:
    view = snapshot.venue(roll.venue)
    leaving, entering = view.instrument(roll.leaving), view.instrument(roll.entering)
    mark_out, mark_in = view.mark(roll.leaving), view.mark(roll.entering)
    book_out = detail.books.get((roll.venue, roll.leaving))
    book_in = detail.books.get((roll.venue, roll.entering))
    much = f"{roll.amount.normalize():f} {roll.asset}" if roll.amount > 0 else roll.asset
    name = f"the roll of {much} from {roll.leaving} to {roll.entering}"
    if not (leaving and entering and mark_out and mark_in and book_out and book_in):
        return [], f"{name} waits: a price or a book of one of the two is missing"
    buy_at = limit_price(Side.BUY, leaving, mark_out.mark_price, rule)
    sell_at = limit_price(Side.SELL, entering, mark_in.mark_price, rule)
    share = Decimal(1) if rule.protective else rule.book_share_max
    depth = min(reachable(book_out, Side.BUY, buy_at), reachable(book_in, Side.SELL, sell_at)) * share
    late = _late(roll, entering, mark_in.mark_price, depth, rule)
    if roll.amount <= 0:
        if late is None:
            return [], f"{name} is over; what is open of it is too little to be sold now"
        intents = [*settings_for(_leg(roll, roll.entering), snapshot, detail, rule, numbers)]
        intents.append(replace(late, id=next(numbers), after=intents[-1].id if intents else None))
        return intents, f"{name} is over but for its last half: {late.amount.normalize():f} are sold now"
    step = max(leaving.amount_step, entering.amount_step)
    smallest = _smallest(entering, mark_in.mark_price, step)
    most = min(roll.slice_max, rule.order_notional_max / max(mark_out.mark_price, mark_in.mark_price), depth)
    slice_size = max(most // step * step, smallest)
    sizes = _slices(min(roll.amount, max(depth // step * step, smallest)), slice_size, smallest)
    sizes = room.fitting(sizes, max(mark_out.mark_price, mark_in.mark_price))
    if not sizes:
        return [], f"{name} goes on later: the orders or the notional it may take of this hour are used up"
    cost = _cost(book_out, book_in, sum(sizes, ZERO))
    facts = f"spread cost {cost * 10_000:.1f} bp of {sum(sizes, ZERO).normalize():f} {roll.asset}"
    if roll.cost_max is not None and cost > roll.cost_max:
        return [], f"{name} waits for a better price: {facts}, allowed are {roll.cost_max * 10_000:.1f} bp"
    reason = f"{roll.reasons[-1]}; {facts}, at most {slice_size.normalize():f} unpaired"
    entered = _leg(roll, roll.entering)
    intents = [*settings_for(entered, snapshot, detail, rule, numbers)]
    before = intents[-1].id if intents else None
    if late is not None:
        intents.append(replace(late, id=next(numbers), after=before))
        before = before if roll.urgent else intents[-1].id
    worth, owed = min(Decimal(1), mark_out.mark_price / mark_in.mark_price), ZERO
    for size in sizes:
        owed += size * worth
        buy = OrderIntent(
            id=next(numbers), venue=roll.venue, symbol=roll.leaving, side=Side.BUY, amount=size, limit_price=buy_at,
            reduce_only=True, protective=roll.urgent, reasons=(reason,), after=before,
        )  # fmt: skip
        intents.append(buy)
        before = buy.id
        sold = entering.floor_amount(owed)
        if not entering.tradable(sold, mark_in.mark_price):
            break  # what is too small to be sold anew is closed; it is less than one slice
        owed -= sold
        sell = replace(
            buy, id=next(numbers), symbol=roll.entering, side=Side.SELL, amount=sold, limit_price=sell_at,
            reduce_only=False, after=before,
        )  # fmt: skip
        intents.append(sell)
        before = sell.id
    return intents, f"{name}: {sum(sizes, ZERO).normalize():f} now in {len(sizes)} pairs; {reason}"


def _late(roll: Roll, entering: Instrument, price: Decimal, depth: Decimal, rule: OrderRule) -> OrderIntent | None:
    """The sale of what an earlier half left open: no part of the pairs but ordinary growth, at an ordinary price."""
    amount = entering.floor_amount(min(roll.owed, depth))
    if not entering.tradable(amount, price):
        return None
    return OrderIntent(
        id="", venue=roll.venue, symbol=roll.entering, side=Side.SELL, amount=amount,
        limit_price=limit_price(Side.SELL, entering, price, replace(rule, protective=False)), reduce_only=False,
        protective=False, reasons=("what an earlier half left open is sold before the roll goes on",),
    )  # fmt: skip


def _smallest(instrument: Instrument, price: Decimal, step: Decimal) -> Decimal:
    """The smallest sale the contract that is entered would take."""
    by_notional = instrument.amount_of(instrument.notional_min, price)
    needed = max(instrument.amount_min, by_notional, step)
    return -(-needed // step) * step


def _slices(total: Decimal, slice_size: Decimal, smallest: Decimal) -> list[Decimal]:
    """Equal parts; a rest too small to be traded alone goes with the part before it."""
    found: list[Decimal] = []
    rest = total
    while rest > 0 and len(found) < PAIRS_MAX:
        part = min(slice_size, rest)
        if 0 < rest - part < smallest:
            part = rest
        found.append(part)
        rest -= part
    return found


def _cost(book_out: Book, book_in: Book, amount: Decimal) -> Decimal:
    """What buying here and selling there costs against both mids, as a fraction of notional."""
    mid_out = (book_out.bids[0].price + book_out.asks[0].price) / 2
    mid_in = (book_in.bids[0].price + book_in.asks[0].price) / 2
    paid = _average([(row.price, row.amount) for row in book_out.asks], amount)
    got = _average([(row.price, row.amount) for row in book_in.bids], amount)
    return paid / mid_out - got / mid_in


def _average(levels: Sequence[tuple[Decimal, Decimal]], amount: Decimal) -> Decimal:
    """The average price of an amount; what goes beyond the book is counted at its last level."""
    rest, spent = amount, ZERO
    for price, there in levels:
        taken = min(rest, there)
        spent += taken * price
        rest -= taken
        if rest <= 0:
            break
    return (spent + rest * levels[-1][0]) / amount if amount > 0 else levels[0][0]
