"""Builders of what the guards look at: one order, one standing, the circumstances around them."""

from dataclasses import replace
from typing import Any

from bot.domain.account import Side
from bot.domain.intent import Intent, OrderIntent, Plan
from bot.risk.check import Circumstances, Standing, check
from tests.builders import BTC, NOW, VENUE, d, instrument, risk_limits


def order(
    side: Side = Side.SELL,
    amount: str = "0.1",
    *,
    price: str = "60000",
    reduce_only: bool | None = None,
    protective: bool = False,
    number: int = 1,
) -> OrderIntent:
    return OrderIntent(
        id=f"c000001-{number:02d}",
        venue=VENUE,
        symbol=BTC,
        side=side,
        amount=d(amount),
        limit_price=d(price),
        reduce_only=side is Side.BUY if reduce_only is None else reduce_only,
        protective=protective,
        reasons=(),
    )


def circumstances(
    position: str = "-0.2", *, owned: str = "1", equity: str = "50000", unresolved: str = "0"
) -> Circumstances:
    standing = Standing(
        instrument=instrument(),
        mark_price=d(60_000),
        index_price=d(60_000),
        position=d(position),
        unresolved=d(unresolved),
        owned=d(owned),
        leverage_set=d(2),
        leverage_cap=d(2),
    )
    return Circumstances(
        at=NOW,
        limits=risk_limits(),
        standings={(VENUE, BTC): standing},
        equity={(VENUE, "USDT"): d(equity)},
        paused=None,
        halted=None,
        growth_blocked=None,
        orders_last_hour=0,
        notional_last_hour=d(0),
    )


def standing(where: Circumstances, **changes: Any) -> Circumstances:
    """The circumstances with one fact about the symbol changed."""
    (key, row), *_ = where.standings.items()
    return replace(where, standings={key: replace(row, **changes)})


def refused(where: Circumstances, *intents: Intent) -> list[str]:
    """Which guards said no, each with a sentence."""
    _, refusals = check(Plan(intents=intents), where)
    assert all(len(row.reason.split()) >= 3 for row in refusals)
    return [row.guard for row in refusals]
