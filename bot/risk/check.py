"""The gate between a plan and the world: guards look at one intent each and refuse with a reason or stay silent.

`check` is the only maker of an `ApprovedPlan`, and the executor accepts nothing else.
"""

from bot.domain.intent import Intent, OrderIntent, Plan, Refusal, TransferIntent
from bot.risk.circumstances import Circumstances, RiskLimits, Running, Standing
from bot.risk.guards import GUARDS, Guard

__all__ = ["GUARDS", "ApprovedPlan", "Circumstances", "Guard", "RiskLimits", "Standing", "check"]

_SEAL = object()


class ApprovedPlan:
    """A plan that passed every guard; only `check` can make one."""

    __slots__ = ("intents",)

    def __init__(self, intents: tuple[Intent, ...], *, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("an ApprovedPlan comes from risk.check alone")
        self.intents = intents


def check(plan: Plan, circumstances: Circumstances) -> tuple[ApprovedPlan, tuple[Refusal, ...]]:
    """Pass what every guard lets through, in order, and name every refusal."""
    running = Running.before(circumstances)
    approved: list[Intent] = []
    refusals: list[Refusal] = []
    for intent in plan.intents:
        refusal = _judge(intent, circumstances, running)
        if refusal is None:
            approved.append(intent)
            running.count(intent, circumstances)
        else:
            refusals.append(refusal)
    return ApprovedPlan(tuple(approved), seal=_SEAL), tuple(refusals)


def _judge(intent: Intent, circumstances: Circumstances, running: Running) -> Refusal | None:
    if circumstances.halted is not None and not _protects(intent):
        return Refusal(intent_id=intent.id, guard="halted", reason=circumstances.halted)
    if not isinstance(intent, OrderIntent):
        if circumstances.paused is not None and not _protects(intent):
            return Refusal(intent_id=intent.id, guard="paused", reason=circumstances.paused)
        return None
    standing = circumstances.standings.get((intent.venue, intent.symbol))
    if standing is None:
        reason = f"{intent.symbol} is not one of the instruments this portfolio may trade"
        return Refusal(intent_id=intent.id, guard="allowlist", reason=reason)
    for name, guard in GUARDS:
        reason_or_none = guard(intent, standing, circumstances, running)
        if reason_or_none is not None:
            return Refusal(intent_id=intent.id, guard=name, reason=reason_or_none)
    return None


def _protects(intent: Intent) -> bool:
    if isinstance(intent, OrderIntent):
        return intent.reduce_only
    return isinstance(intent, TransferIntent) and intent.protective
