"""What the guards may look at when they judge a plan: positions, owners, limits, and what the journal remembers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.deliberate import Deliberation
from bot.domain.account import ZERO, Side
from bot.domain.intent import OrderIntent
from bot.domain.snapshot import Snapshot
from bot.execution.journal import OpenIntent
from bot.execution.planner import MarketDetail
from bot.risk.check import Circumstances, Standing
from bot.risk.collateral import rules_for
from bot.upkeep import Mind, counted, margin_caps


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the journal remembers that bears on this cycle."""

    unsettled: tuple[OpenIntent, ...]
    paused: str | None
    halted: str | None
    orders_last_hour: int
    notional_last_hour: Decimal
    in_transit: Mapping[str, str] = field(default_factory=dict)


def circumstances(
    mind: Mind, snapshot: Snapshot, deliberation: Deliberation, detail: MarketDetail, past: Past
) -> Circumstances:
    """What the guards may look at."""
    portfolio = deliberation.decision.portfolio
    caps = deliberation.caps or margin_caps(mind, snapshot)
    standings = {}
    for view in snapshot.venues:
        for instrument in view.instruments:
            mark = view.mark(instrument.symbol)
            setting = detail.settings.get((view.venue, instrument.symbol))
            if mark is not None and instrument.symbol not in view.frozen:
                standings[(view.venue, instrument.symbol)] = Standing(
                    instrument=instrument,
                    mark_price=mark.mark_price,
                    index_price=mark.index_price,
                    position=view.amount(instrument.symbol),
                    unresolved=_unresolved_sells(past.unsettled, view.venue, instrument.symbol),
                    owned=mind.policy.coins_behind(portfolio, instrument, mark.mark_price),
                    leverage_set=setting.leverage if setting else None,
                    leverage_cap=caps.of(instrument.base).cap,
                    in_transit=past.in_transit.get(instrument.base),
                )
    equity, worth = {}, {}
    for venue, template in counted(mind, snapshot).items():
        for rule in rules_for(snapshot.venue(venue), template):
            account = snapshot.venue(venue).margin(rule.currency)
            equity[(venue, rule.currency)] = account.equity if account else ZERO
            worth[(venue, rule.currency)] = rule.worth
    return Circumstances(
        at=snapshot.at,
        limits=mind.limits,
        standings=standings,
        equity=equity,
        worth=worth,
        paused=past.paused,
        halted=past.halted,
        growth_blocked=deliberation.growth_blocked,
        growth_blocked_in=deliberation.growth_blocked_in,
        orders_last_hour=past.orders_last_hour,
        notional_last_hour=past.notional_last_hour,
        stand_ins=mind.policy.stand_ins(portfolio),
    )


def _unresolved_sells(unsettled: Sequence[OpenIntent], venue: str, symbol: str) -> Decimal:
    return sum(
        (
            row.intent.amount
            for row in unsettled
            if isinstance(row.intent, OrderIntent)
            and (row.intent.venue, row.intent.symbol) == (venue, symbol)
            and row.intent.side is Side.SELL
        ),
        ZERO,
    )
