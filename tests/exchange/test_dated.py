"""Dated futures beside the perpetual: listed in the order wanted, without funding, gone when they end.

The rows follow the public manual of Binance, USD-M futures (read 2026-11-25); a dated contract's premiumIndex row has
an empty funding rate and no next funding time.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.errors import Unavailable
from bot.domain.instrument import MarketKind
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import BTC, NOW, FakeTransport, asked, market, premium, reply

DECEMBER = datetime(2026, 12, 25, 8, tzinfo=UTC)
MARCH = datetime(2027, 3, 26, 8, tzinfo=UTC)
BOTH = (MarketKind.LINEAR_PERPETUAL, MarketKind.LINEAR_FUTURE)


def quarter(expiry: datetime, **changes: object) -> dict[str, object]:
    """One dated row of GET /fapi/v1/exchangeInfo."""
    return market("BTC") | {
        "symbol": f"BTCUSDT_{expiry:%y%m%d}",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": int(expiry.timestamp() * 1000),
        **changes,
    }


def answers(*rows: dict[str, object]) -> dict[str, Any]:
    """A market table with these rows, and premiumIndex for whatever is asked."""

    def index(request: Any) -> Any:
        name = request.url.query["symbol"]
        dated = {"lastFundingRate": "", "interestRate": "", "nextFundingTime": 0} if "_" in name else {}
        return reply(premium(name, **dated))

    return {
        "GET /fapi/v1/exchangeInfo": reply({"symbols": [market("BTC"), *rows]}),
        "GET /fapi/v1/premiumIndex": index,
    }


async def symbols(venue: CcxtVenue) -> list[str]:
    """The names of everything tradable for BTC."""
    return [row.symbol for row in await venue.instruments(["BTC"])]


def test_perpetual_and_quarters_come_in_the_order_of_the_kinds() -> None:
    """The nearest expiry first within a kind."""
    told = answers(quarter(MARCH), quarter(DECEMBER))
    assert asked(symbols, told, market_kinds=BOTH) == [BTC, f"{BTC}-261225", f"{BTC}-270326"]
    assert asked(symbols, told, market_kinds=BOTH[::-1]) == [f"{BTC}-261225", f"{BTC}-270326", BTC]


def test_what_has_ended_or_does_not_trade_is_not_offered() -> None:
    """An expired contract stays in a table of yesterday; one in delivery trades no more."""
    ended, delivering = quarter(NOW - timedelta(hours=1)), quarter(MARCH, status="DELIVERING")
    assert asked(symbols, answers(ended, delivering), market_kinds=BOTH) == [BTC]


def test_what_may_only_be_closed_stays_in_sight_while_it_is_held() -> None:
    """A short in a contract that is about to be delivered is a short, and bars no other; it takes no new one."""
    delivering, ended = quarter(DECEMBER, status="PRE_DELIVERING"), quarter(NOW - timedelta(hours=1))
    held = [f"{BTC}-261225", f"{BTC}-{NOW - timedelta(hours=1):%y%m%d}"]
    told = answers(delivering, ended, quarter(MARCH))
    rows = asked(lambda venue: venue.instruments(["BTC"], held), told, market_kinds=BOTH)
    assert [(row.symbol, row.active) for row in rows] == [
        (BTC, True), (f"{BTC}-261225", False), (f"{BTC}-270326", True),
    ]  # fmt: skip


def test_a_dated_contract_has_a_mark_and_no_funding() -> None:
    """Its empty funding rate is not asked for, so it is no damaged reply."""
    names = [BTC, f"{BTC}-261225"]
    told = answers(quarter(DECEMBER))
    assert len(asked(lambda venue: venue.marks(names), told, market_kinds=BOTH)) == 2
    assert [row.symbol for row in asked(lambda venue: venue.funding(names), told, market_kinds=BOTH)] == [BTC]
    assert asked(lambda venue: venue.funding(names[1:]), told, market_kinds=BOTH) == ()


def test_the_expiry_is_the_venues_own() -> None:
    """Eight in the morning, UTC."""
    rows = asked(lambda venue: venue.instruments(["BTC"]), answers(quarter(DECEMBER)), market_kinds=BOTH)
    assert rows[1].expires_at == DECEMBER
    assert rows[1].days_to_expiry(DECEMBER - timedelta(days=2)) == 2


def test_the_table_of_a_linear_venue_is_not_taken_for_an_inverse_one(tmp_path: Any) -> None:
    """Each section keeps its own table on disk."""
    asked(symbols, answers(), market_kinds=BOTH, cache=tmp_path)
    transport = FakeTransport({"GET /dapi/v1/exchangeInfo": reply({"symbols": []})})
    with pytest.raises(Unavailable, match="markets"):
        asked(symbols, transport=transport, market_kinds=(MarketKind.INVERSE_PERPETUAL,), cache=tmp_path)
    assert "GET /dapi/v1/exchangeInfo" in transport.lines()
