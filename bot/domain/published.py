"""A record as the JSON object that machines read; version 1 of its shape."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.domain.account import ZERO, MarginAccount, Position
from bot.domain.figures import liquidation_distance
from bot.domain.hedge import Target
from bot.domain.intent import Intent, OrderIntent, TransferIntent
from bot.domain.record import CycleRecord
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
        "margin": [_margin(row, view) for view in views.values() for row in view.margins],
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


def _margin(row: MarginAccount, view: VenueView) -> dict[str, Any]:
    notional = sum((position.notional for position in view.positions if _settle(position) == row.currency), ZERO)
    return {
        "venue": row.venue,
        "currency": row.currency,
        "equity": plain(row.equity),
        "used": plain(row.initial),
        "maintenance": plain(row.maintenance),
        "effective_leverage": _rounded(notional / row.equity) if row.equity > 0 else None,
    }


def _settle(position: Position) -> str:
    """The currency behind a position, from the unified symbol BASE/QUOTE:SETTLE."""
    return position.symbol.partition(":")[2].partition("-")[0]


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
