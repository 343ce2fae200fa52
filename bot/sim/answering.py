"""From a request to what its sender gets to see: time moves, a fault may strike, the codec answers.

Shared by the loopback server and the session without sockets, so both tell the same story.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import localcontext

from bot.sim.account_events import disturb
from bot.sim.effects import INTERVENTIONS, Break
from bot.sim.faults import NONE, Effect, FaultSchedule
from bot.sim.interventions import Undo, intervene
from bot.sim.model import Rejected
from bot.sim.wire import codecs
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.distortion import DISTORTIONS, distort, own_id, says_no
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireReply, WireRequest

_THINNING = 2000
_THIN = frozenset({"partial_fill", "ack_only"})
_AN_INSTANT = timedelta(milliseconds=1)
# In whose words a spell is answered; one that is not here answers nothing at all.
_SPELLS = {
    "maintenance": "code_maintenance", "key_suspended": "code_key", "forbidden": "status_403",
    "geo_blocked": "status_451",
}  # fmt: skip
_HALVES: frozenset[Break] = frozenset({"", "cut", "chunk"})
_REASONS = {"refused_setting": "leverage_bracket", "setting_as_it_is": "no_need_to_change"}
VENUE_DEFAULT = "binance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the transport must do: send the reply after a delay, or break the connection in one of its ways.

    `unreachable` and `certificate` never make one; `dropped` closes before a byte was sent, `timeout` keeps the client
    waiting, `cut` and `chunk` send half of the reply, `garbled` sends what cannot be unpacked, `no_http` no answer.
    Units: `delay_s` wall seconds.
    """

    reply: WireReply | None
    broken: Break = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRequest:
    """A request the exchange will carry out after its sender gave up."""

    due: datetime
    request: WireRequest


class AnsweringExchange:
    """The simulated exchange as its clients meet it, faults included.

    `catch_up` says to which exchange time the market must have moved before each answer.
    Units: `slow_s` wall seconds.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        codec: Codec | None = None,
        faults: FaultSchedule | None = None,
        catch_up: Callable[[], datetime] | None = None,
        slow_s: float = 0.2,
    ) -> None:
        self.exchange = exchange
        self.codec = codec or codecs.codec(VENUE_DEFAULT)
        self.tampering = self.codec.tampering()
        self.faults = faults or FaultSchedule()
        self._catch_up = catch_up
        self._late: list[LateRequest] = []
        self._ends: list[tuple[datetime, Undo]] = []
        self._spell: tuple[datetime, Effect] | None = None
        self._given: dict[tuple[str, str], WireReply] = {}
        self._latest: tuple[str, WireReply] | None = None
        # orders answered with another's refusal; they are shown from then on, denied twice nobody could see through it
        self._disowned: set[str] = set()
        self._slow_s = slow_s
        self.struck = NONE.name  # the fault that met the last request, or under which spell it was answered
        self.unspoilt = False  # whether the last answer was the exchange's own all the same

    def answer(self, request: WireRequest) -> Answer:
        """Let time catch up, then carry the request out, or not, as the fault schedule says."""
        self.catch_up()
        self.unspoilt, self.struck = False, NONE.name
        if self.exchange.market.unavailable():
            return Answer(reply=self.codec.replacement("status_503", None))
        if self._spell is not None and self.exchange.now < self._spell[0] and self._meets(self._spell[1], request):
            self.struck = self._spell[1].name
            return self._under_a_spell(self._spell[1])
        effect = self.faults.draw(request.method, request.path, self.exchange.now, self.codec.paths)
        self.struck = effect.name
        if effect is NONE:
            return self._fair(request)
        return self._struck(request, effect)

    @staticmethod
    def _meets(effect: Effect, request: WireRequest) -> bool:
        """A key that does not count makes no difference to whoever shows none."""
        return effect.name != "key_suspended" or any("key" in name for name in request.headers)

    def _under_a_spell(self, effect: Effect) -> Answer:
        name = _SPELLS.get(effect.name)
        return (
            Answer(reply=None, broken="timeout") if name is None else Answer(reply=self.codec.replacement(name, None))
        )

    def _remembered(self, request: WireRequest, reply: WireReply) -> WireReply:
        """Keep the latest reply of all, and of each kind, for those who get another's."""
        self._latest = (_question(request), reply)
        self._given[request.method, request.path] = reply
        return reply

    def catch_up(self) -> None:
        """Move the market to the time its clock shows."""
        if self._catch_up is not None:
            self.advance_to(self._catch_up())

    def advance_to(self, to: datetime) -> None:
        """Move the market, carrying out late requests at their own moments; never backwards."""
        with localcontext(ARITHMETIC):
            while self._late and self._late[0].due <= to:
                late = self._late.pop(0)
                self.exchange.market.advance_to(max(late.due, self.exchange.now))
                self._carry_out(late.request)
            while self._ends and self._ends[0][0] <= to:
                due, undo = self._ends.pop(0)
                self.exchange.market.advance_to(max(due, self.exchange.now))
                undo()
            if to > self.exchange.now:
                self.exchange.market.advance_to(to)

    def advance(self, elapsed: timedelta) -> None:
        """Move the market by a span of exchange time."""
        self.advance_to(self.exchange.now + elapsed)

    def _seen(self, request: WireRequest, reply: WireReply) -> WireReply:
        return self.tampering.seen(request, reply, self.exchange.now)

    def _carry_out(self, request: WireRequest) -> WireReply:
        return self.codec.handle(request, self.exchange)

    def _struck(self, request: WireRequest, effect: Effect) -> Answer:
        """One fault at work. Executing faults run the request first, so the exchange knows what the client does not."""
        if effect.name == "late_execution":
            self._late.append(LateRequest(due=self.exchange.now + timedelta(seconds=effect.span_s), request=request))
            self._late.sort(key=lambda late: late.due)
            return Answer(reply=None, broken="timeout")
        match effect.kind:
            case "spell":
                self._spell = (self.exchange.now + timedelta(seconds=effect.span_s), effect)
                return self._under_a_spell(effect) if self._meets(effect, request) else self._fair(request)
            case "swapped":
                return self._swapped(request, effect)
        reply = self._executed(request, effect) if effect.executes else None
        return self._spoilt(request, effect, reply)

    def _spoilt(self, request: WireRequest, effect: Effect, reply: WireReply | None) -> Answer:
        """What is left of the true reply; there is none where the request was not carried out."""
        if effect.name == "duplicate_reply" and not self.codec.tells_duplicates:
            return Answer(reply=None, broken="dropped")
        if effect.kind == "refused":
            return Answer(reply=self._refused(request, effect))
        if effect.kind == "transport":
            kept = self._seen(request, reply) if reply is not None and effect.broken in _HALVES else None
            return Answer(reply=kept, broken=effect.broken, delay_s=self._slow_s if effect.name == "slow" else 0.0)
        if effect.kind == "replaced" or reply is None:
            return Answer(reply=self._replacement(effect, reply))
        fair = self._seen(request, reply)  # first, so that views which lag remember what was true
        spoilt = self._distorted(request, reply, effect)
        self.unspoilt = _same(spoilt, fair)
        return Answer(reply=spoilt)

    def _fair(self, request: WireRequest) -> Answer:
        """What a request gets that no fault meets."""
        self.unspoilt = True
        return Answer(reply=self._remembered(request, self._seen(request, self._carry_out(request))))

    def _distorted(self, request: WireRequest, reply: WireReply, effect: Effect) -> WireReply:
        now = self.exchange.now
        if effect.name in DISTORTIONS:
            return distort(effect.name, self._seen(request, reply))
        if effect.name == "false_absence":
            # Bybit answers for one order and for all that rest at one path; only who asks for one can be denied it
            listing = self.codec.venue == "bybit" and "orderLinkId=" not in request.query
            if listing or own_id(reply) in self._disowned:
                return self._seen(request, reply)
            self.tampering.hide_order(own_id(reply), now + _AN_INSTANT)
        elif effect.name == "order_purged":
            self.tampering.distorted(request, reply, replace(effect, name="order_invisible"), now)
        elif effect.kind == "distorted":
            return self.tampering.distorted(request, self._seen(request, reply), effect, now)
        return self._seen(request, reply)

    def _swapped(self, request: WireRequest, effect: Effect) -> Answer:
        """The reply another request got: the one before, whatever it asked, or the one before of this kind."""
        latest = self._latest
        if effect.name != "swapped_reply":
            before = self._given.get((request.method, request.path))
        else:
            before = latest[1] if latest is not None and latest[0] != _question(request) else None
        ledger = self.exchange.engine.ledger
        booked = len(ledger)
        own = self._fair(request)
        if before is None or own.reply is None or own_id(own.reply) in self._disowned:
            return own
        if says_no(before):
            for client_id in (line.facts["client_id"] for line in ledger[booked:] if line.kind == "order.new"):
                self._disowned.add(client_id)
                self.tampering.hide_order(client_id, self.exchange.now)
        self.unspoilt = _same(before, own.reply)
        return Answer(reply=before)

    def _refused(self, request: WireRequest, effect: Effect) -> WireReply:
        """The venue's own words for a refusal the engine had no reason for."""
        name = effect.name
        if name == "refused_cancel" and effect.executes:
            return self._carry_out(request)  # the second cancel of what is cancelled
        if name == "duplicate_reply":
            name = "refused_duplicate_client_id"
        if name == "refused_cancel":
            name = "refused_order_not_found"
        whim = self.exchange.engine.whim
        whim.refuses = _REASONS.get(name, name.removeprefix("refused_"))
        try:
            return self._carry_out(request)
        finally:
            whim.refuses = ""

    def _executed(self, request: WireRequest, effect: Effect) -> WireReply:
        if effect.name in _THIN:
            return self._with_thin_books(request)
        if effect.kind == "lingering":
            return self._with_thin_books(request, lingers=True)
        if effect.kind == "account":
            self._happens(effect)
        reply = self._carry_out(request)
        if effect.name == "duplicate_execution":
            self._carry_out(request)
        return reply

    def _happens(self, effect: Effect) -> None:
        with localcontext(ARITHMETIC):
            for account in sorted({key.account for key in self.exchange.keys.values()}):
                if effect.name not in INTERVENTIONS:
                    disturb(effect.name, self.exchange, account, self.faults.chance)
                    continue
                undo = intervene(effect.name, self.exchange, account, self.faults.chance)
                if undo is not None and effect.span_s:
                    self._ends.append((self.exchange.now + timedelta(seconds=effect.span_s), undo))
                    self._ends.sort(key=lambda row: row[0])

    def _replacement(self, effect: Effect, reply: WireReply | None) -> WireReply:
        if effect.name == "too_many_requests":
            return self.codec.too_many_requests(self.exchange, 10)
        if effect.name == "banned":
            self.exchange.meter.banned_until = self.exchange.now + timedelta(seconds=effect.span_s)
            return self.codec.banned(self.exchange)
        return self.codec.replacement(effect.name, reply)

    def _with_thin_books(self, request: WireRequest, *, lingers: bool = False) -> WireReply:
        """Carry out an order while hardly anything rests in the books.

        What lingers rests in them, and the books stay thin until the market moves on.
        """
        engine = self.exchange.engine
        traded = self.codec.traded_market(request)
        if traded is None:
            return self._carry_out(request)
        with localcontext(ARITHMETIC):
            try:
                quote = engine.quote(*traded)
            except Rejected:
                return self._carry_out(request)
            thin = replace(quote, depth_notional=quote.depth_notional / _THINNING)
            engine.advance(engine.now, {traded: thin})
            engine.whim.lingers = lingers
            reply = self._carry_out(request)
            engine.whim.lingers = False
            if not lingers:
                engine.advance(engine.now, {traded: quote})
        return reply


def _question(request: WireRequest) -> str:
    """What kind of thing a request asks for. Some answers name no market: another coin's cannot be told from ours."""
    return f"{request.method} {request.path}"


def _same(one: WireReply, other: WireReply) -> bool:
    """Whether two replies say the same; when each was written, as an envelope tells it, is no part of that."""
    if one.body == other.body:
        return True
    try:
        told = [json.loads(reply.body) for reply in (one, other)]
    except ValueError:
        return False
    for content in told:
        if isinstance(content, dict) and ("retCode" in content or "code" in content):
            for name in ("time", "timestamp"):
                content.pop(name, None)
    return bool(told[0] == told[1])
