"""The judge of how the bot behaves over time: in which order, how fresh, how often, how long; and how it comes to rest.

B2 no fill of ours leaves more short than is owned; B11 no wavering at rest; C1 no trade on old answers; D2 the
journal's rows only ever go forward; E1 orders in the order of their intents; E7 no cycle without end; L2 nothing open
is called hedged; L3 what a kill or a fault left open is settled soon.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from tests.soak.contracts import coin_of, in_coins, inverse
from tests.soak.course import Course
from tests.soak.evidence import Evidence, Request, Row, Violation
from tests.soak.exposure import STANDS_STILL
from tests.soak.orders import is_order, looked_from, protective, together

ZERO = Decimal(0)
CYCLE_MAX = timedelta(minutes=2)
FRESH = timedelta(seconds=60)  # thirty seconds is what the profile allows a price, the rest is the venue's own clock
SETTLED_WITHIN = 3
TURNS_MAX = 1
FORWARD = {"sent": 0, "unknown": 1, "done": 2}
LOTS = {"BTC": Decimal("0.001"), "ETH": Decimal("0.001"), "SOL": Decimal("0.01")}


def conduct(evidence: Evidence) -> Iterator[Violation]:
    """Every broken rule of conduct."""
    judge = _Judge(evidence)
    yield from judge.ceilings()
    yield from judge.wavering()
    yield from judge.freshness()
    yield from judge.rows_go_forward()
    yield from judge.order_of_intents()
    yield from judge.durations()
    yield from judge.open_ends()


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.orders = [row for row in evidence.requests if is_order(row)]
        self.by_client_id = {row.asked.client_id: row for row in reversed(self.orders)}
        self.cycle_of = {row.number: row for row in evidence.cycles}

    def broken(self, rule: str, text: str, cycle: int, line: int = 0) -> Violation:
        return Violation(rule=rule, seed=self.evidence.seed, cycle=cycle, line=line, text=text)

    def ceilings(self) -> Iterator[Violation]:
        """B2: at every fill of ours that sells, the coin's shorts stay within what was owned when it was decided.

        Where coins stand still on a page for a while after an order, nobody can know yet that they are gone.
        """
        if together(self.evidence):
            return  # judged by what all coins are worth together
        owned = Course(self.evidence.owned_from)
        highest = Decimal(str(self.evidence.settings["hedge_ratio_max"]))
        held: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        by_others: list[tuple[datetime, str, Decimal]] = []
        for line in self.evidence.ledger:
            if "position" not in line.facts or line.facts.get("market") == "spot":
                continue
            place = (line.account, line.symbol)
            change = Decimal(line.facts["position"]) - held[place]
            held[place] += change
            request = self.by_client_id.get(line.facts.get("client_id", ""))
            if request is None:
                by_others.append((line.at, line.symbol, change))
                continue
            if change >= 0:
                continue
            coin, price, cycle = coin_of(line.symbol), request.asked.price, self.cycle_of.get(request.cycle)
            began = cycle.began_at if cycle else request.at
            looked = looked_from(self.evidence, request, began)
            short = sum(
                (
                    max(ZERO, in_coins(name, -amount, price))
                    for (_, name), amount in held.items()
                    if coin_of(name) == coin
                ),
                ZERO,
            )
            short -= sum(
                (
                    in_coins(name, -sold, price)
                    for at, name, sold in by_others
                    if at >= looked and sold < 0 and coin_of(name) == coin
                ),
                ZERO,
            )
            since = began - STANDS_STILL.get(self.evidence.venue, timedelta(0))
            most = max((row.get(coin, ZERO) for row in owned.during(since, line.at)), default=ZERO)
            lot = in_coins(line.symbol, Decimal(1), price) if inverse(line.symbol) else LOTS.get(coin, ZERO)
            if short > most * highest + lot:
                text = f"{request.asked.client_id} left {short} {coin} short of {most} owned"
                yield self.broken("B2", text, request.cycle, line.sequence)

    def wavering(self) -> Iterator[Violation]:
        """B11: while nothing happens and prices stand still, a contract is not sold, bought and sold again."""
        first = next((row.number for row in self.evidence.cycles if row.quiet), None)
        if first is None:
            return
        sides: dict[str, list[str]] = defaultdict(list)
        for request in self.orders:
            seen = sides[request.asked.symbol]
            if request.cycle >= first and (not seen or seen[-1] != request.asked.side):
                seen.append(request.asked.side)
                if len(seen) > TURNS_MAX + 1:
                    text = f"{request.asked.symbol} was traded {' then '.join(seen)} although nothing happened"
                    yield self.broken("B11", text, request.cycle, request.ledger + 1)

    def freshness(self) -> Iterator[Violation]:
        """C1: what a trade rests on was answered in the same process, and not long ago."""
        told: dict[tuple[str, str], datetime] = {}
        life = -1
        for request in self.evidence.requests:
            if request.life != life:
                told, life = {}, request.life
            asked = request.asked
            if asked.kind == "read":
                if request.truthful:
                    symbols = (asked.symbol,) if request.only is None else request.only
                    told.update({(topic, symbol): request.at for topic in asked.topics for symbol in symbols})
            elif asked.kind == "order" and not protective(request):
                for topic, name in (("mark", asked.symbol), ("positions", "")):
                    seen = [at for at in (told.get((topic, name)), told.get((topic, ""))) if at is not None]
                    if seen and request.at - max(seen) > FRESH:
                        text = f"{asked.client_id} rests on {topic} that are {request.at - max(seen)} old"
                        yield self.broken("C1", text, request.cycle, request.ledger + 1)

    def rows_go_forward(self) -> Iterator[Violation]:
        """D2: a row of the journal goes from sent to unknown to done, never back, and never becomes another one."""
        last: dict[str, Row] = {}
        gone: set[str] = set()
        for request in self.evidence.requests:
            if not request.asked.kind or request.asked.kind == "read":
                continue
            open_now = {row.id for row in request.rows}
            gone |= last.keys() - open_now
            for row in request.rows:
                yield from self._went_forward(last.get(row.id), row, row.id in gone, request)
                last[row.id] = row
        for row in self.evidence.intents:
            before = last.get(row.id)
            if before is not None and (row.body, row.client_id) != (before.body, before.client_id):
                yield self.broken("D2", f"{row.id} was rewritten", -1)
        for lost in sorted(last.keys() - {row.id for row in self.evidence.intents}):
            yield self.broken("D2", f"{lost} was in the journal and is not any more", -1)

    def _went_forward(self, before: Row | None, row: Row, was_done: bool, request: Request) -> Iterator[Violation]:
        if was_done:
            yield self.broken("D2", f"{row.id} is open again", request.cycle, request.ledger + 1)
        elif before is not None and FORWARD[row.state] < FORWARD[before.state]:
            yield self.broken("D2", f"{row.id} went from {before.state} to {row.state}", request.cycle)
        elif before is not None and row.body != before.body:
            yield self.broken("D2", f"{row.id} was rewritten", request.cycle)

    def order_of_intents(self) -> Iterator[Violation]:
        """E1: orders arrive in the order of their intents; two instances would mix theirs."""
        highest = ""
        for request in self.orders:
            row = next((row for row in request.rows if row.client_id == request.asked.client_id), None)
            if row is None:
                continue  # A2 tells of it
            if row.id <= highest:
                yield self.broken("E1", f"{row.id} arrived after {highest}", request.cycle, request.ledger + 1)
            highest = max(highest, row.id)

    def durations(self) -> Iterator[Violation]:
        """E7: every cycle ends in time, however little the venue answers."""
        for cycle in self.evidence.cycles:
            if cycle.ended_at - cycle.began_at > CYCLE_MAX:
                yield self.broken("E7", f"a cycle took {cycle.ended_at - cycle.began_at}", cycle.number)

    def open_ends(self) -> Iterator[Violation]:
        """L2: a cycle that calls itself hedged leaves nothing open. L3: in the quiet, nothing stays open for long."""
        times: dict[str, int] = defaultdict(int)
        for cycle in self.evidence.cycles:
            if cycle.ending == "hedged" and cycle.open:
                yield self.broken("L2", f"hedged, and {', '.join(cycle.open)} is open", cycle.number)
            for name in cycle.open if cycle.quiet else ():
                times[name] += 1
                if times[name] == SETTLED_WITHIN:
                    yield self.broken("L3", f"{name} is still open after {SETTLED_WITHIN} quiet cycles", cycle.number)
