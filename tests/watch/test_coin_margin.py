"""A coin-margined account on the page: leverage and distance in coins, worth in quote currency."""

from decimal import Decimal
from typing import Any

import pytest

from bot.watch.sight import sight


def record(equity: str) -> dict[str, Any]:
    """50,000 USD short at a mark of 40,000: 1.25 coins owed, maintenance of 0.005."""
    position = {
        "venue": "binance", "symbol": "BTC/USD:BTC", "contracts": "-500", "notional": "50000", "entry_price": "50000",
        "mark_price": "40000", "liquidation_price": None, "liquidation_distance": None,
    }  # fmt: skip
    margin = {
        "venue": "binance", "currency": "BTC", "equity": equity, "used": "0.6", "maintenance": "0.005",
        "effective_leverage": str(Decimal("1.25") / Decimal(equity)),
    }  # fmt: skip
    owned = {"asset": "BTC", "amount": "3", "notional": "120000", "sources": ["binance spot", "binance coin-futures"]}
    need = {"asset": "BTC", "short_notional": "60000", "leverage_cap": "1"}
    return {
        "at": "2026-11-25T12:00:00+00:00", "exposures": [owned], "needs": [need], "targets": [],
        "positions": [position], "margin": [margin],
    }  # fmt: skip


@pytest.mark.parametrize(("equity", "distance"), [("1.25", None), ("2", None), ("0.625", "0.992")])
def test_a_covered_short_has_no_distance_and_another_one_its_own(equity: str, distance: str | None) -> None:
    """At 2x all prices may rise by 99.2 %; with the coins it owes none is ever too high."""
    found = sight(record(equity))
    (margin,) = found.margins
    assert margin.distance == (None if distance is None else Decimal(distance))
    assert margin.equity * margin.price == Decimal(equity) * 40_000
    assert found.held == Decimal(50_000) / Decimal(120_000)
