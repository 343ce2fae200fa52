"""The end of a dated future is read from its name."""

from datetime import UTC, datetime

import pytest

from bot.domain.figures import counted_in, expiry_of


@pytest.mark.parametrize(
    ("symbol", "ends"),
    [
        ("BTC/USDT:USDT-250328", datetime(2025, 3, 28, 8, tzinfo=UTC)),
        ("BTC/USDT:USDT", None),
        ("BTC/USD:BTC", None),
        ("BTC/USDT:USDT-259999", None),
        ("BTC/USDT:USDT-25032", None),
        ("BTC-28MAR25", None),
    ],
)
def test_only_a_date_is_an_end(symbol: str, ends: datetime | None) -> None:
    """Eight in the morning, UTC; anything else has none."""
    assert expiry_of(symbol) == ends


@pytest.mark.parametrize(
    ("symbol", "unit"), [("BTC/USDT:USDT", "BTC"), ("BTC/USDT:USDT-250328", "BTC"), ("ETH/USD:ETH", "USD")]
)
def test_amounts_are_named_in_what_they_are_counted_in(symbol: str, unit: str) -> None:
    """Coins, or dollars of face value."""
    assert counted_in(symbol) == unit
