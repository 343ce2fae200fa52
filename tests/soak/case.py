"""What the judges of one run look things up in: evidence by client id, cycle and instant."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from tests.soak.course import Course
from tests.soak.evidence import Evidence, Request, Violation
from tests.soak.orders import is_order

ZERO = Decimal(0)
MOVES = ("fill", "liquidation", "settlement")
SOL_CAP = Decimal("2.17")  # a thin coin carries less than the user's cap when a day may double its price


class Case:
    """One run before its judges."""

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

    def began(self, request: Request) -> datetime:
        cycle = self.cycle_of.get(request.cycle)
        return cycle.began_at if cycle else request.at

    def most_owned(self, coin: str, since: datetime, until: datetime) -> Decimal:
        """The most that was owned at any instant of a span."""
        return max((owned.get(coin, ZERO) for owned in self.owned.during(since, until)), default=ZERO)

    def markets(self, since: datetime, until: datetime) -> list[dict[str, Decimal]]:
        return self.marks.during(since, until)

    def marks_of(self, symbol: str, since: datetime, until: datetime) -> list[Decimal]:
        return [marks[symbol] for marks in self.markets(since, until) if symbol in marks]
