"""A record as the JSON object that machines read; version 1 of its shape."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.domain.account import ZERO, MarginAccount, Position
from bot.domain.explanation import Explanation, Rationale
from bot.domain.figures import liquidation_distance, of_account, settle_currency
from bot.domain.hedge import Target
from bot.domain.intent import Intent, OrderIntent, TransferIntent
from bot.domain.record import CycleRecord, PoolFigure
from bot.domain.snapshot import VenueView

SCHEMA = 1
_MICRO = Decimal("0.000001")


def published(record: CycleRecord) -> dict[str, Any]:
    """The whole record; amounts are strings in base units, or contracts where the name says so."""
    views = {view.venue: view for view in record.snapshot.venues} if record.snapshot else {}
    return {
        "schema": SCHEMA,
        "cycle": record.cycle,
        "at": record.at.isoformat(),
        "mode": record.mode,
        "portfolio": record.portfolio,
        "status": record.status.value,
        "exposures": [
            {
                "asset": row.asset,
                "amount": plain(row.amount),
                "notional": plain(row.notional),
                "sources": list(row.sources),
            }
            for row in record.exposures
        ],
        "needs": [
            {
                "asset": row.asset,
                "short_notional": plain(row.short_notional),
                "leverage_cap": plain(row.leverage_cap),
                "reasons": list(row.reasons),
            }
            for row in record.needs
        ],
        "targets": [_target(row, views) for row in record.targets],
        "positions": [_position(row, view) for view in views.values() for row in view.positions],
        "margin": [_margin(row, view, record.pools) for view in views.values() for row in view.margins],
        "intents": [_intent(row) for row in record.intents],
        "outcomes": [
            {
                "id": row.intent_id,
                "ending": row.ending.value,
                "filled": plain(row.filled),
                "average_price": _or_none(row.average_price),
                "fee": _or_none(row.fee),
            }
            for row in record.outcomes
        ],
        "refusals": [{"id": row.intent_id, "guard": row.guard, "reason": row.reason} for row in record.refusals],
        "notes": list(record.notes),
        "explanations": [_rationale(row, record.at) for row in record.rationales],
    }


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _or_none(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _rounded(value: Decimal | None) -> str | None:
    return None if value is None else plain(value.quantize(_MICRO))


def _contracts(view: VenueView | None, symbol: str, amount: Decimal) -> str:
    instrument = view.instrument(symbol) if view else None
    return plain(instrument.contracts(amount) if instrument else amount)


def _target(row: Target, views: Mapping[str, VenueView]) -> dict[str, Any]:
    return {
        "venue": row.venue,
        "symbol": row.symbol,
        "short_notional": plain(row.short_notional),
        "contracts": _contracts(views.get(row.venue), row.symbol, row.amount),
        "leverage_cap": plain(row.leverage_cap),
        "reasons": list(row.reasons),
    }


def _position(row: Position, view: VenueView) -> dict[str, Any]:
    return {
        "venue": row.venue,
        "symbol": row.symbol,
        "contracts": _contracts(view, row.symbol, row.amount),
        "notional": plain(row.notional),
        "entry_price": plain(row.entry_price),
        "mark_price": plain(row.mark_price),
        "liquidation_price": _or_none(row.liquidation_price),
        "liquidation_distance": _rounded(liquidation_distance(row)),
        "leverage": _or_none(row.leverage),
    }


def _margin(row: MarginAccount, view: VenueView, pools: Sequence[PoolFigure]) -> dict[str, Any]:
    """The collateral of one currency; a maintenance that a venue does not tell is that of its tiers."""
    by_tiers = sum((pool.maintenance for pool in of_account(pools, row.venue, row.currency)), ZERO)
    maintenance = row.maintenance or by_tiers.quantize(_MICRO)
    mine = [position for position in view.positions if settle_currency(position) == row.currency]
    bound = sum((position.collateral_value for position in mine), ZERO)
    return {
        "venue": row.venue,
        "currency": row.currency,
        "equity": plain(row.equity),
        "used": plain(row.initial),
        "maintenance": plain(maintenance),
        "effective_leverage": _rounded(bound / row.equity) if row.equity > 0 else None,
    }


def _intent(row: Intent) -> dict[str, Any]:
    order = row if isinstance(row, OrderIntent) else None
    amount = row.amount if isinstance(row, OrderIntent | TransferIntent) else None
    return {
        "id": row.id,
        "kind": row.kind.value,
        "venue": row.venue,
        "symbol": None if isinstance(row, TransferIntent) else row.symbol,
        "side": order.side.value if order else None,
        "amount": _or_none(amount),
        "reduce_only": order.reduce_only if order else None,
        "reasons": list(row.reasons),
    }


def _rationale(row: Rationale, now: datetime) -> dict[str, Any]:
    return {
        "asset": row.asset,
        "venue": row.venue,
        "symbol": row.symbol,
        "protects": list(row.protects),
        "unit": row.unit,
        "quote": row.quote,
        "held": plain(row.held),
        "wanted": plain(row.wanted),
        "step": plain(row.step),
        "held_notional": plain(row.held_notional),
        "wanted_notional": plain(row.wanted_notional),
        "step_notional": plain(row.step_notional),
        "chain": [_link(link, now) for link in row.chain],
        "left_over": plain(row.left_over),
        "cost": None
        if row.cost is None
        else {
            "traded": plain(row.cost.traded),
            "fee": plain(row.cost.fee),
            "fee_source": row.cost.fee_source,
            "slip": plain(row.cost.slip),
            "slip_source": row.cost.slip_source,
            "total": plain(row.cost.total),
        },
        "carry": None
        if row.carry is None
        else {
            "kind": row.carry.kind,
            "rate_year": plain(row.carry.rate_year),
            "amount_year": plain(row.carry.amount_year),
            "age_s": _age(row.carry.known_at, now),
        },
        "nothing_because": row.nothing_because,
    }


def _link(link: Explanation, now: datetime) -> dict[str, Any]:
    return {
        "rule": link.rule,
        "words": link.words,
        "figure": _or_none(link.figure),
        "unit": link.unit,
        "bound": link.bound,
        "inputs": [
            {"name": seen.name, "value": plain(seen.value), "unit": seen.unit, "age_s": _age(seen.known_at, now)}
            for seen in link.inputs
        ],
    }


def _age(known_at: datetime | None, now: datetime) -> float | None:
    return None if known_at is None else round((now - known_at).total_seconds(), 1)
