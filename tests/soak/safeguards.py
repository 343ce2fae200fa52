"""The judge of what the bot promises beyond its orders: stops, limits, silence, doubt, coins on their way.

Every rule reads the exchange's book, the requests and what the journal's file showed, never the bot. Where the bot may
have seen less than the audit, a rule binds only when a good cycle saw the state before.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from tests.soak.contracts import coin_of, expiry_of, pair_of
from tests.soak.course import Course
from tests.soak.evidence import CycleSeen, Evidence, Request, Violation
from tests.soak.exposure import STANDS_STILL
from tests.soak.orders import OURS, is_order, protective, together

ZERO = Decimal(0)
HOUR = timedelta(hours=1)
CUTOFF = timedelta(hours=24) - timedelta(seconds=60)
CLOCKS_APART = timedelta(seconds=30)
IN_FLIGHT = timedelta(seconds=5)  # what was under way when an answer asked for silence
TRANSIT = HOUR - timedelta(seconds=100)
JUMP = Decimal("0.501")
FALL = Decimal("0.03")
BASIS_MAX = Decimal("0.05")
LATE = timedelta(minutes=1)  # views of positions lag after orders, and twenty seconds are the longest that is drawn
NEAR = Decimal("1.003")  # amounts are valued at the index, orders are sized at the mark
LOTS = {"BTC": Decimal("0.001"), "ETH": Decimal("0.001"), "SOL": Decimal("0.01")}
SAW = ("hedged", "acted", "refused")


def safeguards(evidence: Evidence) -> Iterator[Violation]:
    """Every promise that was broken."""
    judge = _Judge(evidence)
    yield from judge.stops()
    yield from judge.hourly()
    yield from judge.silence()
    yield from judge.failed_reductions()
    yield from judge.margin_modes()
    yield from judge.foreign_orders()
    yield from judge.expiries()
    yield from judge.amounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """The last change of what is owned of a coin, which a good cycle had seen as it was before."""

    at: datetime
    before: Decimal
    after: Decimal
    since: CycleSeen


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.orders = [row for row in evidence.requests if is_order(row)]
        self.shorts = _shorts(evidence)

    def broken(self, rule: str, text: str, request: Request) -> Violation:
        return Violation(rule=rule, seed=self.evidence.seed, cycle=request.cycle, line=request.ledger + 1, text=text)

    def stops(self) -> Iterator[Violation]:
        """E4: no short grows while the journal says paused or halted."""
        for request in self.orders:
            if request.stopped and request.asked.side == "sell":
                yield self.broken("E4", f"a short grew while {' and '.join(request.stopped)} was set", request)

    def hourly(self) -> Iterator[Violation]:
        """E5: never more orders within an hour than allowed, unless they protect."""
        limit = int(str(self.evidence.settings.get("orders_per_hour_max", 30)))
        for place, request in enumerate(self.orders):
            since = request.at - HOUR + CLOCKS_APART
            before = sum(1 for row in self.orders[:place] if row.at > since)
            if before >= limit and not protective(request):
                yield self.broken("E5", f"order {before + 1} within an hour, {limit} are allowed", request)

    def silence(self) -> Iterator[Violation]:
        """E6: a host that asked for silence is left alone until then, by the next process too."""
        asked: list[Request] = []
        for request in self.evidence.requests:
            for row in asked:
                if row.life != request.life and not self._outlives(row):
                    continue
                heard, until, left = row.delivered_at, row.silence_until, request.departed_at
                if (
                    row.host == request.host
                    and heard
                    and until
                    and left
                    and heard + IN_FLIGHT < left < until - IN_FLIGHT
                ):
                    text = f"{request.path} was sent at {left:%H:%M:%S}, silence was asked for until {until:%H:%M:%S}"
                    yield self.broken("E6", text, request)
            asked = [row for row in asked if row.silence_until and row.silence_until > request.at]
            if request.silence_until is not None:
                asked.append(request)

    def _outlives(self, heard: Request) -> bool:
        """Whether the process lived on to write down what it heard; a clock that was set is no excuse."""
        cycle = next((row for row in self.evidence.cycles if row.number == heard.cycle), None)
        return cycle is not None and cycle.ending != "killed" and not cycle.ending.startswith("crashed")

    def failed_reductions(self) -> Iterator[Violation]:
        """B12: what a reduction should have taken away is still there, so nothing grows in the same cycle."""
        filled: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for line in self.evidence.ledger:
            if line.kind == "fill":
                filled[line.facts.get("client_id", "")] += Decimal(line.facts["amount"])
        failed: dict[tuple[int, int], str] = {}
        for request in self.orders:
            asked, key = request.asked, (request.life, request.cycle)
            own = asked.client_id
            if asked.side == "sell" and key in failed:
                yield self.broken("B12", f"{own} grows although the reduction {failed[key]} failed before it", request)
            elif asked.side == "buy" and filled[own] < asked.amount:
                failed[key] = own

    def margin_modes(self) -> Iterator[Violation]:
        """B9: a short grows only under the margin mode the user chose; nothing is traded in hedge mode."""
        if self.evidence.hedge_mode:
            for order in self.orders:
                yield self.broken("B9", f"{order.asked.symbol} is traded in hedge mode", order)
        wanted = self.evidence.settings["margin_mode"] == "isolated"
        isolated: dict[str, bool] = {}
        sells = {row.asked.client_id: row for row in self.orders if row.asked.side == "sell"}
        for line in self.evidence.ledger:
            if line.kind == "setting" and "isolated" in line.facts:
                isolated[line.symbol] = line.facts["isolated"] == "True"
            request = sells.get(line.facts.get("client_id", "")) if line.kind == "order.new" else None
            if request is not None and isolated.get(line.symbol, False) is not wanted:
                yield self.broken("B9", f"{line.symbol} grows under the wrong margin mode", request)

    def foreign_orders(self) -> Iterator[Violation]:
        """A9: what somebody else ordered is never cancelled."""
        for request in self.evidence.requests:
            if request.asked.kind == "cancel" and not request.asked.client_id.startswith(OURS):
                yield self.broken("A9", "an order was cancelled that is not ours", request)

    def expiries(self) -> Iterator[Violation]:
        """B8: nothing new is opened in a contract that ends within a day."""
        for request in self.orders:
            ends_at = expiry_of(request.asked.symbol)
            if ends_at and request.asked.side == "sell" and ends_at - request.at < CUTOFF and not protective(request):
                yield self.broken("B8", f"{request.asked.symbol} ends at {ends_at:%d %b %H:%M}", request)

    # amounts owned ------------------------------------------------------------------------------------------------

    def amounts(self) -> Iterator[Violation]:
        """C3: a leap of what is owned is not traded on at once. T1: the hedge of coins on their way stays."""
        if together(self.evidence):
            return  # one coin is traded there for the sake of another
        cycles = {row.number: row for row in self.evidence.cycles}
        for request in self.orders:
            cycle = cycles.get(request.cycle)
            if cycle is None or protective(request) or cycle.ratio == 0:
                continue  # who wants no hedge has his closed, however many coins there seem to be
            coin = coin_of(pair_of(request.asked.symbol))
            change = self._last_change(coin, cycle)
            if change is None:
                continue
            away = self._away_from(change.before, coin, request, cycle)
            if _counted(coin, change.before, cycle.record):
                if away is not None:
                    yield self.broken("C3", away, request)
                continue
            if away is None and self._unseen(change, cycle):
                continue
            first_look = all(row.ended_at <= change.at for row in self.evidence.cycles if row.number < cycle.number)
            if first_look and abs(change.after - change.before) > JUMP * change.before:
                text = f"{coin} went from {change.before} to {change.after} and was traded on at once"
                yield self.broken("C3", text, request)
            if request.asked.side == "buy" and self._on_its_way(coin, change, cycle) and not self._rolled(request):
                text = (
                    f"the hedge of {change.before - change.after} {coin} was bought back while they may be on their way"
                )
                yield self.broken("T1", text, request)

    def _rolled(self, request: Request) -> bool:
        """Whether the same cycle sells as much of the coin in another contract: a hedge that moves is not bought back.

        A future below its perpetual takes more coins for the same worth.
        """
        coin, moved = coin_of(pair_of(request.asked.symbol)), ZERO
        for row in self.orders:
            if (row.life, row.cycle) == (request.life, request.cycle) and coin_of(pair_of(row.asked.symbol)) == coin:
                moved += row.asked.amount if row.asked.side == "sell" else -row.asked.amount
        others = {row.asked.symbol for row in self.orders if row.cycle == request.cycle and row.asked.side == "sell"}
        return bool(others - {request.asked.symbol}) and moved >= -request.asked.amount * BASIS_MAX

    def _away_from(self, amount: Decimal, coin: str, request: Request, cycle: CycleSeen) -> str | None:
        """What a trade does that leads away from the short of the amount which the record says it rests on.

        What the record says is the bot's own word: it excuses nothing but the trades that follow from it. Positions
        may have been seen as they were up to a minute before; where the ratio is not fixed, nobody else knows it.
        """
        if cycle.ratio is None or self.evidence.settings.get("dated"):
            return None
        ratio = min(cycle.ratio, Decimal(str(self.evidence.settings["hedge_ratio_max"])))
        side, wanted, lot = request.asked.side, amount * ratio, LOTS[coin]
        seen = self.shorts[coin].during(cycle.began_at - LATE, request.at) or [ZERO]
        own = sum(
            (
                Decimal(line.facts["amount"])
                for line in self.evidence.ledger[cycle.first_line : request.ledger]
                if line.kind == "fill"
                and coin_of(pair_of(line.symbol)) == coin
                and line.facts["side"] == side
                and line.facts.get("client_id", "").startswith(OURS)
            ),
            request.asked.amount,
        )
        room = max(seen) - wanted / NEAR if side == "buy" else wanted * NEAR - min(seen)
        if own <= room + lot:
            return None
        return f"{coin} counts as {amount}, of which {wanted} short are wanted: {side} {own} leads away from it"

    def _unseen(self, change: _Change, cycle: CycleSeen) -> bool:
        """Whether a cycle that left no record may not have been shown a change yet: the page stands still awhile."""
        still = STANDS_STILL.get(self.evidence.venue, timedelta(0))
        return not cycle.record and cycle.began_at - change.at < still

    def _last_change(self, coin: str, cycle: CycleSeen) -> _Change | None:
        known = [(at, owned.get(coin, ZERO)) for at, owned in self.evidence.owned_from if at <= cycle.ended_at]
        changes = [(at, before, after) for (_, before), (at, after) in pairwise(known) if after != before]
        if not changes or changes[-1][0] > cycle.began_at:
            return None
        at, before, after = changes[-1]
        begun = changes[-2][0] if len(changes) > 1 else self.evidence.owned_from[0][0]
        saw = [
            row
            for row in self.evidence.cycles
            if begun <= row.began_at and row.ended_at <= at and row.ending in SAW and _believed(coin, row.record)
        ]
        return _Change(at=at, before=before, after=after, since=saw[-1]) if saw else None

    def _by_their_clock(self, since: datetime, until: datetime) -> timedelta:
        """A span as a machine measured it whose clock was set meanwhile; it has no other clock that outlives it."""
        return until - since + timedelta(seconds=sum(by for at, by in self.evidence.clock_set if since <= at <= until))

    def _on_its_way(self, coin: str, change: _Change, cycle: CycleSeen) -> bool:
        fallen = change.before - change.after
        if fallen < FALL * change.before or self._by_their_clock(change.at, cycle.ended_at) > TRANSIT:
            return False
        if cycle.ratio is not None and (change.since.ratio is None or cycle.ratio < change.since.ratio):
            return False  # the user wants less of all his coins hedged than before
        since = [row for row in self.evidence.cycles if change.since.number <= row.number <= cycle.number]
        prices = [marks[f"{coin}USDT"] for at, marks in self.evidence.marks if at <= cycle.ended_at][-1:]
        worth = fallen * min(prices, default=ZERO)
        gain = max(row.cash for row in since) - min(row.cash for row in since)
        return gain < worth / 2  # more would mean that they were sold


def _shorts(evidence: Evidence) -> dict[str, Course[Decimal]]:
    """The short of each coin in all its contracts, from when on. Units: coins."""
    held: dict[str, dict[tuple[str, str], Decimal]] = defaultdict(dict)
    rows: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(lambda: [(datetime.min.replace(tzinfo=UTC), ZERO)])
    for line in evidence.ledger:
        if "position" in line.facts:
            coin = coin_of(pair_of(line.symbol))
            held[coin][line.account, line.symbol] = -Decimal(line.facts["position"])
            rows[coin].append((line.at, sum((max(ZERO, row) for row in held[coin].values()), ZERO)))
    return defaultdict(lambda: Course([]), {coin: Course(found) for coin, found in rows.items()})


def _believed(coin: str, record: str) -> bool:
    """Whether a cycle's own record shows this coin and no doubt about it."""
    return f"'asset': '{coin}', 'amount': " in record and f"{coin} is left as it is" not in record


def _counted(coin: str, amount: Decimal, record: str) -> bool:
    """Whether a cycle's own record still counts this much of a coin, so that nothing it did rests on the change."""
    return any(f"'asset': '{coin}', 'amount': '{text}'" in record for text in (f"{amount}", f"{amount.normalize():f}"))
