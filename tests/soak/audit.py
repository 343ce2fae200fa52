"""The judge: reads what the exchange wrote down, what the journal's file showed, and nothing of the bot.

Rules carry the names of the design's list of what must never happen, in one letter and a number:
A orders and intents, B exposure, C data, D journal, E stops, limits and silence, L liveness, S secrets, W every cycle
ends in a record. What later safeguards promise is judged in `safeguards.py`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tests.soak.conduct import conduct
from tests.soak.contracts import coin_of, in_coins, inverse, pair_of, same_contract
from tests.soak.course import Course
from tests.soak.evidence import Evidence, LedgerLine, Request, Row, Violation
from tests.soak.orders import OURS, is_order, protective, together
from tests.soak.safeguards import safeguards
from tests.soak.speech import ACCOUNT, OF_SYMBOL

ZERO = Decimal(0)
ONE = Decimal(1)
HOUR = timedelta(hours=1)
STANDS_STILL = {"bybit": timedelta(minutes=1)}  # coins share a page with the margin there, and views lag after orders
MOVES_MONEY = ("binance", "bingx", "mexc")  # elsewhere the book moves money between wallets by itself
Positions = dict[tuple[str, str], Decimal]  # by account and contract: at WEEX a long lies beside a short
MOVES = ("fill", "liquidation", "settlement")
SLACK = Decimal("1.02")  # half spread, fees and the tick, far below any rule that would be broken on purpose
SLIPPAGE_MAX = Decimal("0.003")
PROTECTIVE = 5  # protective orders may go five times as far from the mark
LOTS = {"BTCUSDT": Decimal("0.001"), "ETHUSDT": Decimal("0.001"), "SOLUSDT": Decimal("0.01")}
NOTIONAL_MIN = {"BTCUSDT": Decimal(100), "ETHUSDT": Decimal(20), "SOLUSDT": Decimal(5)}
INDEX_FROM_MARK = Decimal("1.003")  # exposure is valued at the index, orders are sized at the mark
COLLATERAL_KEPT = Decimal("0.10")
BETA_MAX = Decimal("1.5")  # most short in stand-ins per value of a coin, as the profile leaves it
SOL_CAP = Decimal("2.17")  # a thin coin carries less than the user's cap when a day may double its price


def audit(evidence: Evidence) -> list[Violation]:
    """Every broken rule, in the order in which they were broken."""
    judge = _Judge(evidence)
    found = [
        *judge.requests(),
        *judge.ledger(),
        *judge.journal(),
        *judge.transfers(),
        *judge.cycles(),
        *judge.secrets(),
        *judge.settled(),
        *judge.liveness(),
        *safeguards(evidence),
        *conduct(evidence),
    ]
    return sorted(found, key=lambda row: (row.cycle, row.line, row.rule))


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


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.seed = evidence.seed
        self.by_client_id: dict[str, Request] = {}
        for request in evidence.requests:
            if is_order(request):
                self.by_client_id.setdefault(request.asked.client_id, request)
        self.sol_cap = Decimal("Infinity") if evidence.past else SOL_CAP  # the past was calmer than what is assumed
        self.cycle_of = {row.number: row for row in evidence.cycles}
        self.marks = Course(evidence.marks)
        self.owned = Course(evidence.owned_from)
        moved: dict[tuple[str, str], list[tuple[datetime, Decimal]]] = defaultdict(list)
        for line in evidence.ledger:
            if line.kind in MOVES and "position" in line.facts:
                moved[line.account, line.symbol].append((line.at, Decimal(line.facts["position"])))
        self.held = {place: Course(rows) for place, rows in moved.items()}

    def broken(
        self, rule: str, text: str, *, request: Request | None = None, line: int = 0, cycle: int = -1
    ) -> Violation:
        if request is not None:
            cycle, line = request.cycle, line or request.ledger + 1
        return Violation(rule=rule, seed=self.seed, cycle=cycle, line=line, text=text)

    # A ------------------------------------------------------------------------------------------------------------

    def requests(self) -> Iterator[Violation]:
        """Rules that bind at the instant a request arrives."""
        seen: Counter[str] = Counter()
        truths: set[tuple[str, str]] = set()
        process = (-1, -1)
        for request in self.evidence.requests:
            cycle = self.cycle_of.get(request.cycle)
            if process != (request.life, request.cycle):
                process, truths = (request.life, request.cycle), set()
            asked = request.asked
            if asked.kind == "read":
                if request.truthful and asked.topics and request.number >= (cycle.first_request if cycle else 0):
                    told = {asked.symbol} if request.only is None else request.only
                    truths.update((topic, symbol) for topic in asked.topics for symbol in told)
            elif asked.kind == "order":
                seen[asked.client_id] += 1
                yield from self._order_arrived(request, seen)
                yield from self._data_was_good(request, truths)
            elif asked.kind == "unknown":
                yield self.broken("A2", f"{request.method} {request.path} is nothing it may ask for", request=request)
            elif asked.kind in _ROWS and not any(
                row.kind in _ROWS[asked.kind] and _says(row, request) for row in request.rows
            ):
                yield self.broken("A2", f"{request.path} arrived without its row in the journal", request=request)

    def _order_arrived(self, request: Request, seen: Counter[str]) -> Iterator[Violation]:
        asked = request.asked
        own = asked.client_id
        if not own.startswith(OURS):
            yield self.broken("A3", f"an order under the foreign name {own!r}", request=request)
        if seen[own] > 1:
            yield self.broken("A4", f"{own} was sent {seen[own]} times", request=request)
        row = next((row for row in request.rows if row.client_id == own), None)
        if row is None:
            yield self.broken("A2", f"{own} arrived without a committed intent row", request=request)
        elif (problem := _differs(row, request)) is not None:
            yield self.broken("A2", f"{own} is not what the journal holds: {problem}", request=request)
        others = [row for row in request.rows if row.client_id != own]
        if asked.side == "sell" and others:
            yield self.broken("A5", f"{own} grows while {others[0].id} ({others[0].state}) is open", request=request)
        if asked.side != "sell" and not asked.closes:
            yield self.broken("B6", f"{own} buys without reduce-only", request=request)
        if not asked.at_once:
            yield self.broken("B7", f"{own} is not a limit order that ends at once", request=request)
        if asked.spot:
            yield self.broken("B8", f"{own} is an order on the spot market", request=request)

    def _data_was_good(self, request: Request, truths: set[tuple[str, str]]) -> Iterator[Violation]:
        """C2: a trade, even a safe one, needs a true answer to every question it rests on, in the same cycle."""
        symbol = request.asked.symbol
        # Protection rests on the margin, the positions and their marks alone.
        always, needed = (ACCOUNT[:2], OF_SYMBOL[:1]) if protective(request) else (ACCOUNT, OF_SYMBOL)
        missing = [topic for topic in always if not any(truth[0] == topic for truth in truths)]
        missing += [topic for topic in needed if not {(topic, symbol), (topic, "")} & truths]
        if missing:
            yield self.broken("C2", f"traded without a true answer to {', '.join(missing)}", request=request)

    # B ------------------------------------------------------------------------------------------------------------

    def ledger(self) -> Iterator[Violation]:
        """Rules that bind at every line of the exchange's own book."""
        positions: Positions = defaultdict(lambda: ZERO)
        orders: dict[str, _Order] = {}
        by_others: list[tuple[datetime, str, Decimal]] = []
        for line in self.evidence.ledger:
            facts, place = line.facts, (line.account, line.symbol)
            if facts.get("market") == "spot" and facts.get("client_id", "").startswith(OURS):
                yield self.broken("B8", "an order of ours on the spot market", line=line.sequence)
            own = facts.get("client_id", "")
            if line.kind == "order.new" and own.startswith(OURS):
                yield from self._order_taken(line, orders, positions, by_others)
            elif line.kind == "fill" and facts.get("market") != "spot":
                before = positions[place]
                after = positions[place] = Decimal(facts["position"])
                if not own.startswith(OURS):
                    by_others.append((line.at, line.symbol, after - before))
                else:
                    yield from self._filled(line, before, after, positions, by_others)
            elif line.kind in ("liquidation", "settlement") and "position" in facts:
                positions[place] = Decimal(facts["position"])

    def _order_taken(
        self,
        line: LedgerLine,
        orders: dict[str, _Order],
        positions: Positions,
        by_others: list[tuple[datetime, str, Decimal]],
    ) -> Iterator[Violation]:
        facts, own = line.facts, line.facts["client_id"]
        request = self.by_client_id.get(own)
        if own in orders:
            yield self.broken(
                "A1", f"{own} became a second order", line=line.sequence, cycle=request.cycle if request else -1
            )
        if request is None:
            yield self.broken("A2", f"{own} was never seen arriving", line=line.sequence)
            return
        order = _Order(
            own, line.symbol, facts["side"], Decimal(facts["amount"]), Decimal(facts["price"]),
            facts["reduce_only"] == "True", line, request,
        )  # fmt: skip
        orders[own] = order
        began = self._began(request)
        protects = protective(request)
        marks = self._marks(line.symbol, began, line.at)
        if marks:
            away = min(abs(order.price / mark - 1) for mark in marks)
            if away > SLIPPAGE_MAX * (PROTECTIVE if protects else 1) + Decimal("0.001"):
                yield self.broken(
                    "B7", f"{own} at {order.price} is {away:.2%} from the mark", request=request, line=line.sequence
                )
            notional_max = Decimal(str(self.evidence.settings["order_notional_max"]))
            if order.amount * min(marks) > notional_max * SLACK and not protects:
                yield self.broken(
                    "B4", f"{own} is worth {order.amount * min(marks):.2f}", request=request, line=line.sequence
                )
        if order.side == "sell" and together(self.evidence):
            yield from self._covered_together(order, positions, began, by_others)
        elif order.side == "sell":
            yield from self._covered(order, positions, began, by_others)

    def _covered(
        self,
        order: _Order,
        positions: Positions,
        began: datetime,
        by_others: list[tuple[datetime, str, Decimal]],
    ) -> Iterator[Violation]:
        """B5: the short that would be there, in all contracts of a coin, is covered by what was owned when decided.

        A fixed ratio is never overshot by growing; the half of a roll that follows what was bought back does not grow.
        """
        coin, price = coin_of(order.symbol), order.price
        held = sum(
            (
                max(ZERO, in_coins(symbol, -amount, price))
                for (_, symbol), amount in positions.items()
                if coin_of(symbol) == coin
            ),
            ZERO,
        )
        sold_by_others = sum(
            (
                in_coins(symbol, -change, price)
                for at, symbol, change in by_others
                if coin_of(symbol) == coin and at >= began and change < 0
            ),
            ZERO,
        )
        unsettled = sum((_unsettled_sell(row, order) for row in order.request.rows), ZERO)
        short = held - sold_by_others + unsettled + in_coins(order.symbol, order.amount, price)
        owned = self._owned(coin, began - STANDS_STILL.get(self.evidence.venue, timedelta(0)), order.line.at)
        highest = ratio = Decimal(str(self.evidence.settings["hedge_ratio_max"]))
        cycle = self.cycle_of.get(order.request.cycle)
        if cycle is not None and cycle.ratio is not None:
            ratio = min(ratio, cycle.ratio * INDEX_FROM_MARK)
        lot = in_coins(order.symbol, ONE, price) if inverse(order.symbol) else LOTS.get(pair_of(order.symbol), ZERO)
        allowed = owned * ratio + lot
        if allowed < short <= owned * highest + lot:
            allowed = max(allowed, self._held_at(coin, began, price))
        if short > allowed:
            text = f"{order.client_id} makes the short {short} {coin}, {allowed} are allowed of {owned} owned"
            yield self.broken("B5", text, request=order.request, line=order.line.sequence)

    def _covered_together(
        self,
        order: _Order,
        positions: Positions,
        began: datetime,
        by_others: list[tuple[datetime, str, Decimal]],
    ) -> Iterator[Violation]:
        """B5 where one coin's short protects others: all shorts, anybody's, stay within what all coins are worth.

        What somebody else sold after the look that the order rests on could not be known.
        """
        marks = self._markets(began, order.line.at)
        highest = Decimal(str(self.evidence.settings["hedge_ratio_max"]))
        place = self.evidence.settings.get("place")
        proxies = place["proxies"] if isinstance(place, dict) else None
        short: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for (_, symbol), amount in positions.items():
            short[symbol] += max(ZERO, -amount)
        for at, symbol, change in by_others:
            short[symbol] -= min(short[symbol], -change) if at >= began and change < 0 else ZERO
        short[order.symbol] += order.amount

        def over(seen: dict[str, Decimal]) -> Decimal:
            # coins that left within the hour may be on their way: their hedge stays, so they count
            worth, held = ZERO, ZERO
            for name, mark in seen.items():
                each = ONE if proxies is None or coin_of(name) in proxies else BETA_MAX
                allowed = self._owned(coin_of(name), began - HOUR, order.line.at) * mark * highest * INDEX_FROM_MARK
                own = min(short[name] * mark, allowed)  # what is short itself needs no proxy
                worth += allowed * each
                held += own * each + (short[name] * mark - own)
            return held - worth - NOTIONAL_MIN[order.symbol]

        if marks and (most := min(over(seen) for seen in marks)) > 0:
            text = f"{order.client_id} brings all shorts {most:.2f} above what all coins allow together"
            yield self.broken("B5", text, request=order.request, line=order.line.sequence)

    def _held_at(self, coin: str, at: datetime, price: Decimal) -> Decimal:
        """The short of a coin at an instant, in all its contracts. Units: coins."""
        last = ((symbol, rows.at(at) or ZERO) for (_, symbol), rows in self.held.items() if coin_of(symbol) == coin)
        return sum((max(ZERO, in_coins(symbol, -amount, price)) for symbol, amount in last), ZERO)

    def _filled(
        self,
        line: LedgerLine,
        before: Decimal,
        after: Decimal,
        positions: Positions,
        by_others: list[tuple[datetime, str, Decimal]],
    ) -> Iterator[Violation]:
        own, side = line.facts["client_id"], line.facts["side"]
        request = self.by_client_id.get(own)
        if side == "buy" and after > max(ZERO, before):
            yield self.broken(
                "B1", f"{own} took the position from {before} to {after}", request=request, line=line.sequence
            )
        if side != "sell" or request is None:
            return
        began = self._began(request)
        if any(at >= began for at, _, _ in by_others) or inverse(line.symbol):
            return  # somebody else changed the account after it was looked at; coins are another account's equity
        cap = Decimal(str(self.evidence.settings["leverage_cap"]))
        equity = Decimal(line.facts["equity"])
        shorts = {
            symbol: amount
            for (account, symbol), amount in positions.items()
            if amount and account == line.account and not inverse(symbol)
        }
        now = self.marks.at(line.at) or {}
        levels = []
        for marks in self._markets(began, line.at):
            then = equity + sum(
                (amount * (marks[symbol] - now[symbol]) for symbol, amount in shorts.items() if symbol in marks), ZERO
            )
            bound = sum(
                (
                    abs(amount) * marks[symbol] / (min(cap, self.sol_cap) if coin_of(symbol) == "SOL" else cap)
                    for symbol, amount in shorts.items()
                    if symbol in marks
                ),
                ZERO,
            )
            levels.append(bound / then if then > 0 else Decimal("Infinity"))
        if levels and min(levels) > SLACK:
            yield self.broken(
                "B10",
                f"{own} left {min(levels):.3f} of what the leverage cap {cap} allows",
                request=request,
                line=line.sequence,
            )

    def _began(self, request: Request) -> datetime:
        cycle = self.cycle_of.get(request.cycle)
        return cycle.began_at if cycle else request.at

    def _owned(self, coin: str, since: datetime, until: datetime) -> Decimal:
        """The most that was owned at any instant of a span."""
        return max((owned.get(coin, ZERO) for owned in self.owned.during(since, until)), default=ZERO)

    def _markets(self, since: datetime, until: datetime) -> list[dict[str, Decimal]]:
        return self.marks.during(since, until)

    def _marks(self, symbol: str, since: datetime, until: datetime) -> list[Decimal]:
        return [marks[symbol] for marks in self._markets(since, until) if symbol in marks]

    # D, W, S ------------------------------------------------------------------------------------------------------

    def journal(self) -> Iterator[Violation]:
        """The file is whole after every death, and tells the same story as the exchange."""
        for cycle, verdict in self.evidence.integrity:
            if verdict != "ok":
                yield self.broken("D1", f"the journal is damaged: {verdict}", cycle=cycle)
        traded: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for line in self.evidence.ledger:
            if line.kind == "fill" and line.facts.get("client_id", "").startswith(OURS):
                traded[line.facts["client_id"]] += Decimal(line.facts["amount"])
        rows = {row.client_id: row for row in self.evidence.intents}
        for own, amount in traded.items():
            row = rows.get(own)
            request = self.by_client_id.get(own)
            if row is None:
                yield self.broken("D4", f"{own} traded {amount} and is not in the journal", request=request)
            elif row.state == "done" and Decimal(row.filled) != amount:
                text = f"{row.id} traded {amount}, the journal says {row.ending} {row.filled}"
                yield self.broken("D4", text, request=request)
        for row in self.evidence.intents:
            if row.kind == "order" and row.state == "done" and row.client_id not in traded and Decimal(row.filled) != 0:
                yield self.broken(
                    "D4", f"the journal says {row.id} filled {row.filled}, the exchange knows nothing of it"
                )

    def transfers(self) -> Iterator[Violation]:
        """D4 for money: what moved between wallets is known as moved, each time by a request of its own."""
        if self.evidence.venue not in MOVES_MONEY:
            return
        known = Counter(
            Decimal(str(json.loads(row.body)["amount"]))
            for row in self.evidence.intents
            if row.kind == "transfer" and row.ending in ("done", "")
        )
        doubled = self.evidence.faults.get("duplicate_execution", 0)  # the venue's own doing, no request of ours
        for line in self.evidence.ledger:
            if line.kind == "transfer":
                amount = Decimal(line.facts["amount"])
                known[amount] -= 1
                if known[amount] < 0:
                    doubled -= 1
                if known[amount] < 0 and doubled < 0:
                    text = f"{amount} moved between the wallets, the journal knows of no such transfer as done"
                    yield self.broken("D4", text, line=line.sequence)

    def cycles(self) -> Iterator[Violation]:
        """Every cycle that was not killed ended in a record that says why."""
        for cycle in self.evidence.cycles:
            if cycle.ending == "killed":
                continue
            if cycle.ending.startswith("crashed") or not cycle.record:
                yield self.broken("W1", f"a cycle ended without a record: {cycle.ending}", cycle=cycle.number)
        for text in self.evidence.said:
            if "Traceback" in text:
                yield self.broken("W2", text[-300:])
        for number, closed in self.evidence.journal_cycles:
            if (
                not closed
                and self.evidence.kills == 0
                and not any("crashed" in row.ending for row in self.evidence.cycles)
            ):
                yield self.broken("W1", f"journal cycle {number} was never closed")

    def secrets(self) -> Iterator[Violation]:
        """No secret on disk, in a record, in a sentence."""
        for canary in (*self.evidence.canaries, "signature="):
            if canary.encode() in self.evidence.journal_bytes:
                yield self.broken("S1", f"{canary[:6]}... is in a file")
            if any(canary in text for text in self.evidence.said) or any(
                canary in row.record for row in self.evidence.cycles
            ):
                yield self.broken("S1", f"{canary[:6]}... was said")

    # L ------------------------------------------------------------------------------------------------------------

    def settled(self) -> Iterator[Violation]:
        """At the end of the quiet tail nothing is open."""
        for row in self.evidence.intents:
            if row.state != "done":
                text = f"{row.id} ({row.kind}) is still {row.state} at the end"
                yield self.broken("L1", text, cycle=self.evidence.cycles[-1].number if self.evidence.cycles else -1)

    def liveness(self) -> Iterator[Violation]:
        """Within the quiet tail every short is where it should be, or at a limit."""
        quiet = [row for row in self.evidence.cycles if row.quiet]
        last = quiet[-1] if quiet else None
        if last is None or self.evidence.final is None:
            yield self.broken("L1", "there was no quiet cycle at all")
            return
        final, marks = self.evidence.final, self.evidence.marks[-1][1]
        shorts = {symbol: -amount for symbol, amount in final.positions.items()}
        if any(amount < 0 for amount in shorts.values()):
            return  # a long that somebody else opened is left alone and stops growth
        if together(self.evidence) or self.evidence.hedge_mode:
            return  # what each coin's short should be is the rule's own estimate
        held = _by_pair(shorts, marks)
        outer = Decimal(self.evidence.settings["band"][0])  # type: ignore[index]
        wanted = _wanted(self.evidence, marks)
        for coin, owned in final.owned.items():
            symbol = f"{coin}USDT"
            if symbol not in marks:
                continue
            gap = held[symbol] - wanted[coin]
            least = max(LOTS[symbol], NOTIONAL_MIN[symbol] / marks[symbol] + LOTS[symbol])
            if abs(gap) <= owned * outer + least:
                continue
            if (gap < 0 and self._limited(shorts, marks)) or self._out_of_orders(last.ended_at):
                continue
            yield self.broken(
                "L1",
                f"{symbol} is short {held[symbol]}, wanted are {wanted[coin]} of {owned}: {last.record[-400:]}",
                cycle=last.number,
            )

    def _limited(self, shorts: dict[str, Decimal], marks: dict[str, Decimal]) -> bool:
        """Whether something keeps shorts from growing: the tiers, a rule that lessens, collateral, somebody else."""
        lessened = self.evidence.tight_tiers or "adjust" in self.evidence.settings
        return lessened or self._at_a_limit(shorts, marks) or self._in_the_way()

    def _out_of_orders(self, at: datetime) -> bool:
        """Whether the hour before held as many orders as the user allows: whatever is missing then takes longer."""
        limit = int(str(self.evidence.settings.get("orders_per_hour_max", 30)))
        return sum(is_order(row) and row.at > at - HOUR for row in self.evidence.requests) >= limit

    def _in_the_way(self) -> bool:
        """Whether the venue refuses the margin mode because somebody else opened a position in the other one."""
        asked = [row for row in self.evidence.intents if row.kind == "margin-mode"]
        return bool(asked) and asked[-1].ending == "refused"

    def _at_a_limit(self, shorts: dict[str, Decimal], marks: dict[str, Decimal]) -> bool:
        """Whether the collateral carries no more: leverage at its cap and nothing left to move in."""
        final = self.evidence.final
        if final is None:
            return False
        cap = Decimal(str(self.evidence.settings["leverage_cap"]))
        if shorts.get("SOLUSDT") or "SOL" in final.owned:
            cap = min(cap, self.sol_cap)
        if self.evidence.settings["margin_mode"] == "isolated":
            cap = cap // 1  # the figure that binds collateral to a position knows no fractions, a thin coin's neither
        notional = sum((amount * marks[symbol] for symbol, amount in shorts.items() if symbol in marks), ZERO)
        room = final.equity * cap / (1 + COLLATERAL_KEPT) - notional
        if self.evidence.settings["margin_mode"] == "isolated":
            room = min(room, final.free * cap / (1 + COLLATERAL_KEPT))  # what is bound to one carries no other
        movable = final.spot_cash > 20 and self.evidence.settings["transfers"]
        return not movable and room < max(Decimal(150), notional * Decimal("0.05"))


# Which rows of the journal allow a request; where a venue sets leverage and margin mode together, either does.
_ROWS = {
    "leverage": ("leverage", "margin-mode"),
    "margin-mode": ("margin-mode",),
    "transfer": ("transfer",),
}


def _unsettled_sell(row: Row, order: _Order) -> Decimal:
    """What another open sell of the same coin may have sold."""
    same = row.symbol.startswith(coin_of(order.symbol) + "/") and row.client_id != order.client_id
    if row.kind != "order" or not same:
        return ZERO
    body = json.loads(row.body)
    return in_coins(row.symbol, Decimal(str(body["amount"])), order.price) if body["side"] == "sell" else ZERO


def _says(row: Row, request: Request) -> bool:
    body = json.loads(row.body)
    if row.kind == "transfer":
        return Decimal(str(body["amount"])) == request.asked.amount
    return not request.asked.symbol or same_contract(row.symbol, request.asked.symbol)


def _differs(row: Row, request: Request) -> str | None:
    body, asked = json.loads(row.body), request.asked
    if Decimal(str(body["amount"])) != asked.amount:
        return f"amount {body['amount']} in the journal, {asked.amount} sent"
    if body["side"] != asked.side:
        return f"side {body['side']} in the journal, {asked.side} sent"
    if not same_contract(row.symbol, asked.symbol):
        return f"symbol {row.symbol} in the journal, {asked.symbol} sent"
    return None


def _by_pair(shorts: dict[str, Decimal], marks: dict[str, Decimal]) -> dict[str, Decimal]:
    """The shorts in all contracts of a pair, in coins of its perpetual: a future above the index protects more."""
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for symbol, amount in shorts.items():
        if (pair := pair_of(symbol)) in marks:
            held[pair] += amount * marks.get(symbol, marks[pair]) / marks[pair]
    return held


def _wanted(evidence: Evidence, marks: dict[str, Decimal]) -> dict[str, Decimal]:
    """The short each coin should have by the user's own words. Units: coins."""
    final, size = evidence.final, evidence.settings["size"]
    if final is None or not isinstance(size, dict):
        return {}
    ceiling = Decimal(str(evidence.settings["hedge_ratio_max"]))
    if "adjust" in evidence.settings:
        ratio = ceiling
    elif size["rule"] == "static-ratio":
        ratio = Decimal(size["ratio"])
    else:
        crypto = sum((amount * marks[f"{coin}USDT"] for coin, amount in final.owned.items()), ZERO)
        total = crypto + final.spot_cash + final.funding_cash + final.equity
        excess = max(ZERO, crypto - Decimal(size["crypto_max"]) * total)
        ratio = excess / crypto if crypto else ZERO
    return {coin: amount * min(ratio, ceiling) for coin, amount in final.owned.items()}
