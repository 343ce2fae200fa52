"""Rows that belong to another question, another market, or to nobody knows which side."""

from decimal import Decimal

import pytest

from bot.domain.account import MarginMode
from bot.exchange.speech import Positions
from bot.exchange.strict import Unreadable
from bot.exchange.translate_unified_account import about, position, position_rows
from bot.exchange.venues import mexc

ETH, MARKET = "ETH/USDT:USDT", "ETHUSDT"


def test_rows_that_name_no_size_are_no_positions() -> None:
    """Marks in place of positions name their markets too; read as flat, they would hide every short."""
    assert position_rows([{"symbol": ETH, "contracts": 0}])
    with pytest.raises(Unreadable, match="no size"):
        position_rows([{"symbol": ETH, "contracts": None, "markPrice": 3000}])


def test_settings_of_another_market_are_not_taken() -> None:
    """Ccxt writes the market that was asked for over the one that was answered; the venue's own words lie below."""
    assert about({"symbol": ETH, "info": {"symbol": ETH, "info": {"symbol": MARKET}}}, ETH, MARKET)
    assert about({"symbol": ETH, "info": [{"leverage": 2}]}, ETH, MARKET)
    with pytest.raises(Unreadable, match="about BTCUSDT"):
        about({"symbol": ETH, "info": {"symbol": ETH, "info": {"symbol": "BTCUSDT"}}}, ETH, MARKET)


@pytest.mark.parametrize(("word", "amount"), [(1, 2), (2, -2)])
def test_mexc_tells_the_side_by_a_number(word: int, amount: int) -> None:
    """One is long, two is short."""
    assert _amount(word) == amount


@pytest.mark.parametrize("word", [None, "", 3])
def test_a_side_that_is_not_told_is_not_guessed_at_mexc(word: object) -> None:
    """Ccxt calls everything short that is not long."""
    with pytest.raises(Unreadable, match="side"):
        _amount(word)


def _amount(word: object) -> Decimal | None:
    speech = mexc.SPEECH
    table: Positions = speech.positions
    row = {
        "symbol": ETH, "contracts": 2, "side": "short", "entryPrice": 3000, "marginMode": "cross",
        "info": {"positionType": word},
    }  # fmt: skip
    one = Decimal(1)
    read = position("mexc", row, table, one, Decimal(3000), inverse=False, usual_mode=MarginMode.CROSS)
    return read.amount if read else None
