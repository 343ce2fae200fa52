"""From a request to what its sender gets to see: time moves, a fault may strike, the codec answers.

Shared by the loopback server and the session without sockets, so both tell the same story.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import localcontext

from bot.sim.account_events import disturb
from bot.sim.faults import NONE, Break, Effect, FaultSchedule
from bot.sim.model import Rejected
from bot.sim.wire import codecs
from bot.sim.wire.codec import ARITHMETIC, Codec
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.request import WireReply, WireRequest

_THINNING = 2000
VENUE_DEFAULT = "binance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the transport must do: send the reply after a delay, or break the connection in one of three ways.

    `dropped` closes before a byte was sent, `timeout` keeps the client waiting, `cut` sends half of the reply.
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
        self._slow_s = slow_s

    def answer(self, request: WireRequest) -> Answer:
        """Let time catch up, then carry the request out, or not, as the fault schedule says."""
        self.catch_up()
        if self.exchange.market.unavailable():
            return Answer(reply=self.codec.replacement("status_503", None))
        effect = self.faults.draw(request.method, request.path, self.exchange.now, self.codec.paths)
        if effect is NONE:
            return Answer(reply=self._seen(request, self._carry_out(request)))
        return self._struck(request, effect)

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
        reply = self._executed(request, effect) if effect.executes else None
        if effect.kind == "transport":
            kept = None if reply is None or effect.broken not in ("", "cut") else self._seen(request, reply)
            return Answer(reply=kept, broken=effect.broken, delay_s=self._slow_s if effect.name == "slow" else 0.0)
        if effect.kind == "replaced" or reply is None:
            return Answer(reply=self._replacement(effect, reply))
        if effect.kind == "distorted":
            reply = self.tampering.distorted(request, reply, effect, self.exchange.now)
        return Answer(reply=self._seen(request, reply))

    def _executed(self, request: WireRequest, effect: Effect) -> WireReply:
        if effect.name == "partial_fill":
            return self._with_thin_books(request)
        if effect.kind == "account":
            with localcontext(ARITHMETIC):
                for account in sorted({key.account for key in self.exchange.keys.values()}):
                    disturb(effect.name, self.exchange, account, self.faults.chance)
        reply = self._carry_out(request)
        if effect.name == "duplicate_execution":
            self._carry_out(request)
        return reply

    def _replacement(self, effect: Effect, reply: WireReply | None) -> WireReply:
        if effect.name == "too_many_requests":
            return self.codec.too_many_requests(self.exchange, 10)
        if effect.name == "banned":
            self.exchange.meter.banned_until = self.exchange.now + timedelta(seconds=effect.span_s)
            return self.codec.banned(self.exchange)
        return self.codec.replacement(effect.name, reply)

    def _with_thin_books(self, request: WireRequest) -> WireReply:
        """Carry out an order while hardly anything rests in the books."""
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
            reply = self._carry_out(request)
            engine.advance(engine.now, {traded: quote})
        return reply
