"""Deliberate defects in what surrounds orders: stops, limits, silence, doubt, caps, records."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot import circumstances, closer_look, cycle, deliberate, happenings, setaside
from bot.domain.account import PositionMode
from bot.domain.intent import Ending, Outcome
from bot.exchange.venue import CcxtVenue
from bot.execution import executor, planner
from bot.policy.expiry_roll import ExpiryRoll
from bot.risk import caps
from tests.soak import runner
from tests.soak.mutants import deliberate_defect
from tests.soak.surgery import placed, without_guards


@deliberate_defect(
    "growth-after-failed-reduction", "what should have become smaller and did not keeps nothing from growing", "B12",
    0.5, ("partial_fill",), shown_by=(7,), venue="binance")  # fmt: skip
@contextmanager
def _growth_after_failed_reduction() -> Iterator[None]:
    add = executor._Failed.add

    def forgiving(self: Any, intent: Any, outcome: Outcome) -> None:
        add(self, intent, outcome)
        self._venues.clear()

    with placed(executor._Failed, "add", forgiving):
        yield


@deliberate_defect(
    "frozen-symbol-traded", "a coin whose data is in doubt is traded all the same", "C2", 0.5, ("stale_mark",)
)
@contextmanager
def _frozen_symbol_traded() -> Iterator[None]:
    decide, judge, closer = setaside.decide_without_frozen, circumstances.circumstances, closer_look.look_closer

    def thawed(snapshot: Any) -> Any:
        return replace(snapshot, doubtful={}, venues=tuple(replace(view, frozen={}) for view in snapshot.venues))

    def sure(policy: Any, snapshot: Any, memory: Any) -> Any:
        return decide(policy, thawed(snapshot), memory)

    def kind(mind: Any, snapshot: Any, *rest: Any) -> Any:
        return judge(mind, thawed(snapshot), *rest)

    async def near(lookout: Any, snapshot: Any, targets: Any) -> Any:
        return await closer(lookout, thawed(snapshot), targets)

    with (
        placed(deliberate, "decide_without_frozen", sure),
        placed(deliberate, "leaning_on_frozen", lambda _: {}),
        placed(cycle, "circumstances", kind),
        placed(cycle, "look_closer", near),
    ):
        yield


@deliberate_defect("halt-ignored", "shorts grow although Ballast was halted", "E4", 0.05, shown_by=(2,))
@contextmanager
def _halt_ignored() -> Iterator[None]:
    with placed(cycle, "_halted", lambda _: None):
        yield


@deliberate_defect("pause-ignored", "shorts grow although the user paused", "E4", 0.05, shown_by=(7,))
@contextmanager
def _pause_ignored() -> Iterator[None]:
    with placed(cycle, "_paused", lambda _: None):
        yield


@deliberate_defect("transit-ignored", "the hedge of coins on their way is bought back at once", "T1", 0.05)
@contextmanager
def _transit_ignored() -> Iterator[None]:
    with placed(happenings, "reasons", lambda *_: {}):
        yield


@deliberate_defect("leap-believed", "an amount that leaps is traded on at the first look", "C3", 0.05)
@contextmanager
def _leap_believed() -> Iterator[None]:
    with placed(happenings, "unconfirmed_jumps", lambda *_: {}), placed(happenings, "reasons", lambda *_: {}):
        yield


@deliberate_defect("silence-forgotten", "a ban is forgotten by the next process", "E6", 0.3, ("banned",))
@contextmanager
def _silence_forgotten() -> Iterator[None]:
    with placed(runner, "keep_silence", lambda *_, **__: None):
        yield


@deliberate_defect(
    "volatility-cap-ignored",
    "a thin coin carries as much as a heavy one",
    "B10",
    0.05,
    shown_by=(0, 4),
    venue="binance",
)
@contextmanager
def _volatility_cap_ignored() -> Iterator[None]:
    of = caps.Caps.of

    def bold(self: Any, asset: str) -> Any:
        return replace(of(self, asset), cap=self.rule.leverage_max, stress_move=Decimal(0))

    with placed(caps.Caps, "of", bold):
        yield


@deliberate_defect("hourly-limit-ignored", "orders are sent however many there were", "E5", 0.05, shown_by=(7, 3))
@contextmanager
def _hourly_limit_ignored() -> Iterator[None]:
    with without_guards("hourly"):
        yield


@deliberate_defect("order-limit-ignored", "orders are as large as the whole step", "B4", 0.05)
@contextmanager
def _order_limit_ignored() -> Iterator[None]:
    orders = planner._orders

    def whole(target: Any, snapshot: Any, detail: Any, rule: Any, *rest: Any) -> Any:
        return orders(target, snapshot, detail, replace(rule, order_notional_max=Decimal(10**9)), *rest)

    with placed(planner, "_orders", whole), without_guards("order-notional"):
        yield


@deliberate_defect(
    "margin-mode-left-alone", "a short is opened under whatever margin mode is set", "B9", 0.05, shown_by=(7,)
)
@contextmanager
def _margin_mode_left_alone() -> Iterator[None]:
    settings = planner.settings_for

    def careless(*values: Any) -> Any:
        return [row for row in settings(*values) if not hasattr(row, "margin_mode")]

    with placed(planner, "settings_for", careless):
        yield


@deliberate_defect(
    "hedge-mode-traded",
    "an account where a purchase may open a long is traded like any other",
    "B9",
    0.05,
    shown_by=(44, 58),
)
@contextmanager
def _hedge_mode_traded() -> Iterator[None]:
    async def one_way(_: Any) -> PositionMode:
        return PositionMode.ONE_WAY

    with placed(CcxtVenue, "position_mode", one_way):
        yield


@deliberate_defect("goes-on-after-unknown", "after an order of unknown outcome the next one is sent", "A5")
@contextmanager
def _goes_on_after_unknown() -> Iterator[None]:
    carry_out = executor._carry_out

    async def cheerful(*values: Any) -> Any:
        outcome = await carry_out(*values)
        return outcome if outcome.final else replace(outcome, ending=Ending.DONE)

    with placed(executor, "_carry_out", cheerful):
        yield


@deliberate_defect(
    "refusal-is-believed", "an order is booked as refused without a look whether it stands", "D4",
    kinds=("repeated_order_reply", "filters_changed"), shown_by=(8,),
)  # fmt: skip
@contextmanager
def _refusal_is_believed() -> Iterator[None]:
    async def believing(_intent: Any, _own_id: str, refusal: Any, *_: Any) -> None:
        raise refusal

    with placed(executor, "_although_refused", believing):
        yield


@deliberate_defect("no-record-of-trouble", "a cycle that could not look leaves no record", "W1")
@contextmanager
def _no_record_of_trouble() -> Iterator[None]:
    close = cycle._close

    def shy(desk: Any, record: Any) -> None:
        if record.snapshot is not None:
            close(desk, record)

    with placed(cycle, "_close", shy):
        yield


@deliberate_defect(
    "expiry-cutoff-ignored", "shorts are opened in a contract that ends today", "B8", 0.05, shown_by=(22, 33)
)
@contextmanager
def _expiry_cutoff_ignored() -> Iterator[None]:
    choose = ExpiryRoll._choose

    def late(self: Any, need: Any, view: Any, scene: Any) -> Any:
        choice = choose(self, need, view, scene)
        ending = [row for row in view.instruments if row.base == need.asset and row.expires_at is not None]
        return replace(choice, aim=min(ending, key=lambda row: str(row.expires_at))) if choice and ending else choice

    with placed(ExpiryRoll, "_choose", late), without_guards("expiry"):
        yield


@deliberate_defect(
    "shorts-of-others-not-counted", "a short that somebody else opened is not taken off what stand-ins may be short",
    "B5", 0.05, shown_by=(101,))  # fmt: skip
@contextmanager
def _shorts_of_others_not_counted() -> Iterator[None]:
    with placed(deliberate, "_together", lambda decision, *_: decision), without_guards("over-hedge-together"):
        yield
