"""The gate between a plan and the world: guards look at one intent each and refuse with a reason or stay silent.

`check` is the only maker of an `ApprovedPlan`, and the executor accepts nothing else.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

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
    refused: set[str] = set()
    for group in _groups(plan.intents):
        before = deepcopy(running) if len(group) > 1 else running  # one intent that is refused changes nothing
        found: list[Refusal] = []
        for intent in group:
            refusal = _judge(intent, circumstances, running) or _orphaned(intent, refused)
            if refusal is None:
                running.count(intent, circumstances)
            else:
                found.append(refusal)
                break
        if found:
            running = before
            if not any(_after(intent) in refused for intent in group):
                # what follows in the same roll stays undone for the same reason, which is said once
                refusals += found if len(group) == 1 else [_with_its_half(found[0], group)]
            refused.update(intent.id for intent in group)
        else:
            approved += group
    return ApprovedPlan(tuple(approved), seal=_SEAL), tuple(refusals)


def _groups(intents: Sequence[Intent]) -> list[list[Intent]]:
    """Intents one by one; the two halves of a roll, a reduction and the sale that waits for it, stand together."""
    found: list[list[Intent]] = []
    for intent in intents:
        last = found[-1][-1] if found else None
        waits = isinstance(intent, OrderIntent) and not intent.reduce_only
        if waits and isinstance(last, OrderIntent) and last.reduce_only and last.id == _after(intent):
            found[-1].append(intent)
        else:
            found.append([intent])
    return found


def _after(intent: Intent) -> str | None:
    return intent.after if isinstance(intent, OrderIntent) else None


def _orphaned(intent: Intent, refused: set[str]) -> Refusal | None:
    """What waits for something that was refused would never be sent."""
    if not isinstance(intent, OrderIntent) or intent.after not in refused:
        return None
    return Refusal(intent_id=intent.id, guard="order", reason=f"{intent.after}, which it waits for, was refused")


def _with_its_half(refusal: Refusal, group: Sequence[Intent]) -> Refusal:
    halves = ", ".join(intent.id for intent in group)
    return replace(refusal, reason=f"{refusal.reason}; both halves of the roll ({halves}) and what follows stay undone")


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
