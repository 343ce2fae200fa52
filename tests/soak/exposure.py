"""What must hold at every line of the exchange's own book: B exposure, and A1 one order per intent."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tests.soak.case import Case
from tests.soak.contracts import INDEX_FROM_MARK, coin_of, in_coins, inverse, pair_of
from tests.soak.evidence import LedgerLine, Request, Row, Violation
from tests.soak.orders import OURS, looked_from, protective, together

ZERO = Decimal(0)
ONE = Decimal(1)
HOUR = timedelta(hours=1)
STANDS_STILL = {"bybit": timedelta(minutes=1)}  # coins share a page with the margin there, and views lag after orders
MOVES = ("fill", "liquidation", "settlement")
SLACK = Decimal("1.02")  # half spread, fees and the tick, far below any rule that would be broken on purpose
SLIPPAGE_MAX = Decimal("0.003")
PROTECTIVE = 5  # protective orders may go five times as far from the mark
LOTS = {"BTCUSDT": Decimal("0.001"), "ETHUSDT": Decimal("0.001"), "SOLUSDT": Decimal("0.01")}
NOTIONAL_MIN = {"BTCUSDT": Decimal(100), "ETHUSDT": Decimal(20), "SOLUSDT": Decimal(5)}
BETA_MAX = Decimal("1.5")  # most short in stand-ins per value of a coin, as the profile leaves it
Positions = dict[tuple[str, str], Decimal]  # by account and contract: at WEEX a long lies beside a short


@dataclass(slots=True)
class _Order:
    """One order of the bot as the exchange took it."""

    client_id: str
    symbol: str
    side: str
    amount: Decimal
    price: Decimal
    reduce_only: bool
    line: LedgerLine
    request: Request


def ledger(case: Case) -> Iterator[Violation]:
    """Rules that bind at every line of the exchange's own book."""
    positions: Positions = defaultdict(lambda: ZERO)
    orders: dict[str, _Order] = {}
    by_others: list[tuple[datetime, str, Decimal]] = []
    for line in case.evidence.ledger:
        facts, place = line.facts, (line.account, line.symbol)
        if facts.get("market") == "spot" and facts.get("client_id", "").startswith(OURS):
            yield case.broken("B8", "an order of ours on the spot market", line=line.sequence)
        own = facts.get("client_id", "")
        if line.kind == "order.new" and own.startswith(OURS):
            yield from _order_taken(case, line, orders, positions, by_others)
        elif line.kind == "fill" and facts.get("market") != "spot":
            before = positions[place]
            after = positions[place] = Decimal(facts["position"])
            if not own.startswith(OURS):
                by_others.append((line.at, line.symbol, after - before))
            else:
                yield from _filled(case, line, before, after, positions, by_others)
        elif line.kind in ("liquidation", "settlement") and "position" in facts:
            positions[place] = Decimal(facts["position"])


def _order_taken(
    case: Case,
    line: LedgerLine,
    orders: dict[str, _Order],
    positions: Positions,
    by_others: list[tuple[datetime, str, Decimal]],
) -> Iterator[Violation]:
    facts, own = line.facts, line.facts["client_id"]
    request = case.by_client_id.get(own)
    if own in orders:
        yield case.broken(
            "A1", f"{own} became a second order", line=line.sequence, cycle=request.cycle if request else -1
        )
    if request is None:
        yield case.broken("A2", f"{own} was never seen arriving", line=line.sequence)
        return
    order = _Order(
        own, line.symbol, facts["side"], Decimal(facts["amount"]), Decimal(facts["price"]),
        facts["reduce_only"] == "True", line, request,
    )  # fmt: skip
    orders[own] = order
    began = case.began(request)
    protects = protective(request)
    marks = case.marks_of(line.symbol, began, line.at)
    if marks:
        away = min(abs(order.price / mark - 1) for mark in marks)
        if away > SLIPPAGE_MAX * (PROTECTIVE if protects else 1) + Decimal("0.001"):
            yield case.broken(
                "B7", f"{own} at {order.price} is {away:.2%} from the mark", request=request, line=line.sequence
            )
        notional_max = Decimal(str(case.evidence.settings["order_notional_max"]))
        if order.amount * min(marks) > notional_max * SLACK and not protects:
            yield case.broken(
                "B4", f"{own} is worth {order.amount * min(marks):.2f}", request=request, line=line.sequence
            )
    if order.side == "sell" and together(case.evidence):
        yield from _covered_together(case, order, positions, began, by_others)
    elif order.side == "sell":
        yield from _covered(case, order, positions, began, by_others)


def _covered(
    case: Case,
    order: _Order,
    positions: Positions,
    began: datetime,
    by_others: list[tuple[datetime, str, Decimal]],
) -> Iterator[Violation]:
    """B5: the short that would be there, in all contracts of a coin, is covered by what was owned when decided.

    A fixed ratio is never overshot by growing; the half of a roll that follows what was bought back does not grow.
    A short protects what it is worth: in a future below its perpetual the same worth takes more coins.
    """
    coin, price = coin_of(order.symbol), order.price
    markets = case.marks.during(began, order.line.at)
    looked = looked_from(case.evidence, order.request, began)
    held = sum(
        (
            max(ZERO, in_coins(symbol, -amount, price)) * _share_of_perpetual(symbol, markets)
            for (_, symbol), amount in positions.items()
            if coin_of(symbol) == coin
        ),
        ZERO,
    )
    sold_by_others = sum(
        (
            in_coins(symbol, -change, price) * _share_of_perpetual(symbol, markets)
            for at, symbol, change in by_others
            if coin_of(symbol) == coin and at >= looked and change < 0
        ),
        ZERO,
    )
    unsettled = sum((_unsettled_sell(row, order) for row in order.request.rows), ZERO)
    grows = in_coins(order.symbol, order.amount, price) * _share_of_perpetual(order.symbol, markets)
    short = held - sold_by_others + unsettled + grows
    owned = case.most_owned(coin, began - STANDS_STILL.get(case.evidence.venue, timedelta(0)), order.line.at)
    highest = ratio = Decimal(str(case.evidence.settings["hedge_ratio_max"]))
    cycle = case.cycle_of.get(order.request.cycle)
    if cycle is not None and cycle.ratio is not None:
        ratio = min(ratio, cycle.ratio * INDEX_FROM_MARK)
    lot = in_coins(order.symbol, ONE, price) if inverse(order.symbol) else LOTS.get(pair_of(order.symbol), ZERO)
    allowed = owned * ratio + lot
    if allowed < short <= owned * highest + lot:
        allowed = max(allowed, _held_at(case, coin, began, price))
    if short > allowed:
        text = f"{order.client_id} makes the short {short} {coin}, {allowed} are allowed of {owned} owned"
        yield case.broken("B5", text, request=order.request, line=order.line.sequence)


def _share_of_perpetual(symbol: str, markets: list[dict[str, Decimal]]) -> Decimal:
    """What one coin in a future below its perpetual is worth, in coins of the perpetual; one for anything else."""
    pair = pair_of(symbol)
    return min((seen[symbol] / seen[pair] for seen in markets if symbol in seen and pair in seen), default=ONE).min(ONE)


def _covered_together(
    case: Case,
    order: _Order,
    positions: Positions,
    began: datetime,
    by_others: list[tuple[datetime, str, Decimal]],
) -> Iterator[Violation]:
    """B5 where one coin's short protects others: all shorts, anybody's, stay within what all coins are worth.

    What somebody else sold after the look that the order rests on could not be known.
    """
    marks = case.markets(began, order.line.at)
    looked = looked_from(case.evidence, order.request, began)
    highest = Decimal(str(case.evidence.settings["hedge_ratio_max"]))
    place = case.evidence.settings.get("place")
    proxies = place["proxies"] if isinstance(place, dict) else None
    short: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (_, symbol), amount in positions.items():
        short[symbol] += max(ZERO, -amount)
    for at, symbol, change in by_others:
        short[symbol] -= min(short[symbol], -change) if at >= looked and change < 0 else ZERO
    short[order.symbol] += order.amount

    def over(seen: dict[str, Decimal]) -> Decimal:
        # coins that left within the hour may be on their way: their hedge stays, so they count
        worth, held = ZERO, ZERO
        for name, mark in seen.items():
            each = ONE if proxies is None or coin_of(name) in proxies else BETA_MAX
            allowed = case.most_owned(coin_of(name), began - HOUR, order.line.at) * mark * highest * INDEX_FROM_MARK
            own = min(short[name] * mark, allowed)  # what is short itself needs no proxy
            worth += allowed * each
            held += own * each + (short[name] * mark - own)
        return held - worth - NOTIONAL_MIN[order.symbol]

    if marks and (most := min(over(seen) for seen in marks)) > 0:
        text = f"{order.client_id} brings all shorts {most:.2f} above what all coins allow together"
        yield case.broken("B5", text, request=order.request, line=order.line.sequence)


def _held_at(case: Case, coin: str, at: datetime, price: Decimal) -> Decimal:
    """The short of a coin at an instant, in all its contracts. Units: coins."""
    last = ((symbol, rows.at(at) or ZERO) for (_, symbol), rows in case.held.items() if coin_of(symbol) == coin)
    return sum((max(ZERO, in_coins(symbol, -amount, price)) for symbol, amount in last), ZERO)


def _filled(
    case: Case,
    line: LedgerLine,
    before: Decimal,
    after: Decimal,
    positions: Positions,
    by_others: list[tuple[datetime, str, Decimal]],
) -> Iterator[Violation]:
    own, side = line.facts["client_id"], line.facts["side"]
    request = case.by_client_id.get(own)
    if side == "buy" and after > max(ZERO, before):
        yield case.broken(
            "B1", f"{own} took the position from {before} to {after}", request=request, line=line.sequence
        )
    if side != "sell" or request is None:
        return
    began = case.began(request)
    looked = looked_from(case.evidence, request, began)
    if any(at >= looked for at, _, _ in by_others) or inverse(line.symbol):
        return  # somebody else changed the account after it was looked at; coins are another account's equity
    cap = Decimal(str(case.evidence.settings["leverage_cap"]))
    equity = Decimal(line.facts["equity"])
    shorts = {
        symbol: amount
        for (account, symbol), amount in positions.items()
        if amount and account == line.account and not inverse(symbol)
    }
    now = case.marks.at(line.at) or {}
    levels = []
    for marks in case.markets(began, line.at):
        then = equity + sum(
            (amount * (marks[symbol] - now[symbol]) for symbol, amount in shorts.items() if symbol in marks), ZERO
        )
        bound = sum(
            (
                abs(amount) * marks[symbol] / (min(cap, case.sol_cap) if coin_of(symbol) == "SOL" else cap)
                for symbol, amount in shorts.items()
                if symbol in marks
            ),
            ZERO,
        )
        levels.append(bound / then if then > 0 else Decimal("Infinity"))
    if levels and min(levels) > SLACK:
        yield case.broken(
            "B10",
            f"{own} left {min(levels):.3f} of what the leverage cap {cap} allows",
            request=request,
            line=line.sequence,
        )


def _unsettled_sell(row: Row, order: _Order) -> Decimal:
    """What another open sell of the same coin may have sold."""
    same = row.symbol.startswith(coin_of(order.symbol) + "/") and row.client_id != order.client_id
    if row.kind != "order" or not same:
        return ZERO
    body = json.loads(row.body)
    return in_coins(row.symbol, Decimal(str(body["amount"])), order.price) if body["side"] == "sell" else ZERO
