"""Deliberate defects: the bot with one of its safeguards taken out, to prove that the audit would notice."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bot import cycle, deliberate, happenings, lock, margin_look, observe
from bot.domain.errors import Unavailable, Unknown
from bot.domain.intent import Ending
from bot.exchange import (
    envelope,
    private_reads,
    private_writes,
    session,
    translate_account,
    unified_public,
    unified_writes,
)
from bot.exchange.calls import Calls
from bot.exchange.markets import Markets
from bot.execution import client_id, executor, planner, settlement
from bot.execution.journal import Journal
from bot.policy import pace, pace_gap
from bot.risk import collateral, plausible
from tests.soak.surgery import placed, without_guards

Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One defect, the rules that may catch it, and the intensity and venue at which it shows best."""

    name: str
    defect: str
    rules: frozenset[str]
    apply: Patch
    intensity: float = 0.5
    kinds: tuple[str, ...] = ()
    shown_by: tuple[int, ...] = ()
    venue: str | None = None


def deliberate_defect(  # noqa: PLR0913 - a line of a table, cell by cell
    name: str,
    defect: str,
    rules: str,
    intensity: float = 0.5,
    kinds: tuple[str, ...] = (),
    *,
    shown_by: tuple[int, ...] = (),
    venue: str | None = None,
) -> Callable[[Patch], Patch]:
    """Keep a defect in the list; `kinds` of fault, `intensity`, seeds (`shown_by`) and `venue` show it best."""

    def keep(apply: Patch) -> Patch:
        MUTANTS.append(
            Mutant(
                name=name, defect=defect, rules=frozenset(rules.split()), apply=apply,
                intensity=intensity, kinds=kinds, shown_by=shown_by, venue=venue,
            )
        )  # fmt: skip
        return apply

    return keep


MUTANTS: list[Mutant] = []


@deliberate_defect("timeout-is-refusal", "a request without an answer counts as not executed", "A4 A5 B5 D4 B1")
@contextmanager
def _timeout_is_refusal() -> Iterator[None]:
    sort = Calls._write_fault

    def careless(self: Calls, error: Exception, trip: Any, own_id: str) -> Exception:
        fault = sort(self, error, trip, own_id)
        return Unavailable(str(fault)) if isinstance(fault, Unknown) else fault

    with placed(Calls, "_write_fault", careless):
        yield


@deliberate_defect(
    "no-id-is-refusal", "an acknowledgement that cannot be read counts as rejected", "D4 A5 B5", shown_by=(12,)
)
@contextmanager
def _no_id_is_refusal() -> Iterator[None]:
    write = Calls.write

    async def careless(self: Calls, name: str, params: Any, **more: Any) -> Any:
        try:
            return await write(self, name, params, **more)
        except Unknown as unknown:
            if "Order" in name and "not in time" not in str(unknown) and "connection" not in str(unknown):
                raise Unavailable("no id, so no order") from None
            raise

    with placed(Calls, "write", careless):
        yield


@deliberate_defect(
    "empty-is-flat",
    "an empty position list is believed without a second witness",
    "B5 C2",
    0.3,
    ("empty_positions",),
    shown_by=(8,),
)
@contextmanager
def _empty_is_flat() -> Iterator[None]:
    with (
        placed(translate_account, "flat_by_account", lambda _: True),
        placed(observe, "doubts_about_account", lambda _: []),
        placed(margin_look, "doubts_about_account", lambda _: []),
        placed(cycle, "surprises", lambda *_: ()),
    ):
        yield


@deliberate_defect("absent-at-once", "the first `no such order` proves that there is none", "D4 A5 B5", shown_by=(6, 3))
@contextmanager
def _absent_at_once() -> Iterator[None]:
    async def careless(row: Any, intent: Any, venue: Any, hands: Any) -> Any:
        outcome = settlement._ended(intent.id, Ending.ABSENT, "not found")
        hands.journal.record_outcome(outcome, venue.now())
        return outcome

    with placed(settlement, "_absent_order", careless):
        yield


@deliberate_defect("journal-after-send", "the intent is written down once the answer is there", "A2")
@contextmanager
def _journal_after_send() -> Iterator[None]:
    send, record = executor._send, Journal.record_sent
    waiting: list[Any] = []

    def later(self: Journal, *values: Any, **more: Any) -> None:
        waiting.append((self, values, more))

    async def first_send(*values: Any) -> Any:
        try:
            return await send(*values)
        finally:
            journal, kept, more = waiting.pop()
            record(journal, *kept, **more)

    with placed(Journal, "record_sent", later), placed(executor, "_send", first_send):
        yield


@deliberate_defect("no-settlement", "open intents of an earlier run are dropped instead of settled", "A5 D4 L1 B5")
@contextmanager
def _no_settlement() -> Iterator[None]:
    async def skipped(hands: Any) -> Any:
        return settlement.Settlement(outcomes=(), open=(), notes=())

    with placed(cycle, "settle", skipped):
        yield


@deliberate_defect("no-reduce-only", "a reduction is sent as an ordinary buy", "B6")
@contextmanager
def _no_reduce_only() -> Iterator[None]:
    place, table_of = private_writes.place_order, unified_public.speech_of

    async def careless(reading: Any, **order: Any) -> Any:
        return await place(reading, **{**order, "reduce_only": False})

    def flat(reading: Any) -> Any:
        table = table_of(reading)
        opens: dict[str, object] = {"side": 1} if "side" in table.orders.closing else {}
        return replace(table, orders=replace(table.orders, closing=opens))

    with placed(private_writes, "place_order", careless), placed(unified_writes, "speech_of", flat):
        yield


@deliberate_defect("contract-size-misread", "a contract counts as a tenth of what it is", "A2 B5", venue="mexc")
@contextmanager
def _contract_size_misread() -> Iterator[None]:
    unit = Markets.unit
    with placed(Markets, "unit", lambda self, symbol: unit(self, symbol) / 10):
        yield


@deliberate_defect("new-id-resend", "an unanswered order is sent again under a new client id", "A2 A5")
@contextmanager
def _new_id_resend() -> Iterator[None]:
    count = itertools.count()

    def renamed(order: dict[str, Any]) -> dict[str, Any]:
        return {**order, "client_id": client_id.client_id("resend", str(next(count)))}

    with _sent_again(renamed):
        yield


@contextmanager
def _sent_again(changed: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Whoever got no answer sends once more, in every dialect."""

    def stubborn(place: Any) -> Any:
        async def twice(reading: Any, **order: Any) -> Any:
            try:
                return await place(reading, **order)
            except Unknown:
                return await place(reading, **changed(order))

        return twice

    with (
        placed(private_writes, "place_order", stubborn(private_writes.place_order)),
        placed(unified_writes, "place_order", stubborn(unified_writes.place_order)),
    ):
        yield


@deliberate_defect("blind-resend", "an unanswered order is sent again as it was", "A4 A1")
@contextmanager
def _blind_resend() -> Iterator[None]:
    with _sent_again(dict):
        yield


@deliberate_defect(
    "old-view-believed", "positions that do not show our own last fill are acted on", "B5 B10 D4", shown_by=(89,)
)
@contextmanager
def _old_view_believed() -> Iterator[None]:
    def credulous(snapshot: Any, known_positions: Any) -> Any:
        del snapshot, known_positions
        return ()

    with placed(cycle, "surprises", credulous):
        yield


@deliberate_defect("leverage-cap-ignored", "collateral is neither asked for nor checked", "B10", shown_by=(10,))
@contextmanager
def _leverage_cap_ignored() -> Iterator[None]:
    fitting = collateral.fit_to_collateral

    def generous(targets: Sequence[Any], *rest: Any) -> Any:
        return replace(fitting(targets, *rest), targets=tuple(targets))

    settings = planner.settings_for

    def steep(target: Any, *rest: Any) -> Any:
        return settings(replace(target, leverage_cap=Decimal(20)), *rest)

    with (
        without_guards("leverage"),
        placed(deliberate, "fit_to_collateral", generous),
        placed(planner, "settings_for", steep),
    ):
        yield


@deliberate_defect("over-hedged", "the short is sized to twice what is owned, and the guard is off", "B5 L1", 0.05)
@contextmanager
def _over_hedged() -> Iterator[None]:
    gap_of = pace_gap.gap_of

    def greedy(target: Any, *rest: Any) -> Any:
        doubled = replace(target, amount=target.amount * 2, short_notional=target.short_notional * 2)
        return gap_of(doubled, *rest)

    with without_guards("over-hedge"), placed(pace, "gap_of", greedy):
        yield


@deliberate_defect("growth-while-unsettled", "a short grows although an earlier request is open", "A5")
@contextmanager
def _growth_while_unsettled() -> Iterator[None]:
    think = cycle._think

    async def blind(desk: Any, found: Any, number: str, settled: Any) -> Any:
        return await think(desk, found, number, replace(settled, open=()))

    with without_guards("growth"), placed(cycle, "_think", blind):
        yield


@deliberate_defect("no-lock", "a second instance may work on the same account", "A5 B5 D4 W1 B10 A2")
@contextmanager
def _no_lock() -> Iterator[None]:
    @contextmanager
    def open_door(*_: Any) -> Iterator[None]:
        yield

    with placed(lock, "hold_account", open_door):
        yield


@deliberate_defect("stale-mark-believed", "a price is believed however old it is", "C2 B7", 0.5, ("stale_mark",))
@contextmanager
def _stale_mark_believed() -> Iterator[None]:
    real = plausible.doubtful_symbols
    with placed(observe, "doubtful_symbols", lambda view, _, *more: real(view, timedelta(days=365), *more)):
        yield


@deliberate_defect(
    "missing-balance-is-zero",
    "a balance that cannot be read counts as nothing owned",
    "L1 C2 B5",
    shown_by=(18,),
    venue="binance",
)
@contextmanager
def _missing_balance_is_zero() -> Iterator[None]:
    spot = private_reads._spot

    async def careless(reading: Any) -> Any:
        try:
            return await spot(reading)
        except Unavailable:
            return ()

    with (
        placed(private_reads, "_spot", careless),
        placed(happenings, "unconfirmed_jumps", lambda *_: {}),
        placed(happenings, "_on_their_way", lambda *_: ({}, Decimal(0))),
    ):
        yield


@deliberate_defect("fills-forgotten", "what a settled order filled is not booked", "D4")
@contextmanager
def _fills_forgotten() -> Iterator[None]:
    close = settlement.close_order

    def forgetful(intent: Any, order: Any, hands: Any) -> Any:
        return close(intent, replace(order, filled=Decimal(0)), hands)

    with placed(settlement, "close_order", forgetful), placed(executor, "close_order", forgetful):
        yield


@deliberate_defect(
    "unchecked-replies", "a reply counts whatever its status and shape", "W1 W2 D4 C2 B5", shown_by=(27, 16)
)
@contextmanager
def _unchecked_replies() -> Iterator[None]:
    def anything(status: int, text: str, **_: Any) -> envelope.CheckedText:
        del status
        kept = envelope.CheckedText(text)
        try:
            kept.parsed = json.loads(text)
        except ValueError:
            kept.parsed = []
        return kept

    with placed(session, "checked", anything):
        yield


@deliberate_defect("naked-price", "orders are priced a tenth away from the mark", "B7")
@contextmanager
def _naked_price() -> Iterator[None]:
    limit = planner.limit_price

    def far(side: Any, instrument: Any, mark_price: Decimal, rule: Any) -> Decimal:
        return limit(side, instrument, mark_price, replace(rule, slippage_max=Decimal("0.04")))

    with placed(planner, "limit_price", far), without_guards("price-collar"):
        yield
