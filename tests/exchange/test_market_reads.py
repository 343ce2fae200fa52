"""What the adapter believes of the market: marks, prices, books, candles."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain.account import Candle
from bot.domain.errors import Unavailable
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import (
    BTC,
    ETH,
    NOW,
    NOW_MS,
    Answer,
    FakeTransport,
    Request,
    asked,
    error,
    premium,
    reply,
)

Check = Callable[[CcxtVenue], Awaitable[object]]
TICKER = "GET /api/v3/ticker/bookTicker"
PREMIUM = "GET /fapi/v1/premiumIndex"


def test_few_marks_are_asked_one_by_one_and_shared_with_funding() -> None:
    """Marks and funding of one symbol at the same moment cost one request; a missing symbol is left out."""

    def premium_of(request: Request) -> Answer:
        symbol = request.url.query["symbol"]
        return reply(premium(symbol)) if symbol == "BTCUSDT" else error(-1121, "Invalid symbol.")

    transport = FakeTransport({PREMIUM: premium_of})

    async def both(venue: CcxtVenue) -> None:
        marks, rates = await asyncio.gather(venue.marks([BTC, ETH]), venue.funding([BTC, ETH]))
        assert [mark.symbol for mark in marks] == [BTC]
        assert (rates[0].rate, rates[0].interval_h) == (Decimal("-0.00012500"), Decimal(8))

    asked(both, transport=transport)
    assert transport.lines().count(PREMIUM) == 2


def test_the_listed_funding_interval_counts() -> None:
    """A symbol that pays every hour is told so."""
    listed = [{"symbol": "BTCUSDT", "adjustedFundingRateCap": "0.02", "fundingIntervalHours": 1}]
    answers = {PREMIUM: reply(premium()), "GET /fapi/v1/fundingInfo": reply(listed)}
    (rate,) = asked(lambda venue: venue.funding([BTC]), answers)
    assert rate.interval_h == 1
    assert rate.next_at == NOW + timedelta(hours=4)


@pytest.mark.parametrize(
    "changes", [{"markPrice": "0"}, {"markPrice": ""}, {"markPrice": "-5"}, {"markPrice": "Infinity"}, {"time": 0}]
)
def test_an_impossible_mark_is_unavailable(changes: dict[str, object]) -> None:
    """Zero, negative and infinite marks are not prices, and a mark without a time is of no use."""
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.marks([BTC]), {PREMIUM: reply(premium() | changes)})


def test_assets_without_a_spot_market_are_left_out_and_remembered() -> None:
    """One unknown name spoils a list, so names are learned one by one, once."""

    def ticker(request: Request) -> Answer:
        if "FOO" in str(request.url):
            return error(-1121, "Invalid symbol.")
        row = {"symbol": "BTCUSDT", "bidPrice": "50000", "bidQty": "1", "askPrice": "50001", "askQty": "1"}
        return reply([row] if "symbols" in request.url.query else row)

    transport = FakeTransport({TICKER: ticker})

    async def twice(venue: CcxtVenue) -> None:
        for _ in range(2):
            (price,) = await venue.prices(["BTC", "FOO"], "USDT")
            assert (price.asset, price.price) == ("BTC", Decimal("50000.5"))

    asked(twice, transport=transport)
    assert transport.lines().count(TICKER) == 4


def test_a_single_spot_price_in_a_strange_shape_is_unavailable() -> None:
    """Also when the list was refused and each name is asked for by itself."""

    def ticker(request: Request) -> Answer:
        return error(-1121) if "symbols" in request.url.query else reply([])

    with pytest.raises(Unavailable, match="spot price"):
        asked(lambda venue: venue.prices(["BTC"], "USDT"), transport=FakeTransport({TICKER: ticker}))


@pytest.mark.parametrize(
    "changes",
    [
        {"bids": []},
        {"asks": []},
        {"bids": [["52000", "1"]]},
        {"bids": [["0", "1"]]},
        {"asks": [["51001", "NaN"]]},
        {"T": None},
    ],
)
def test_a_book_nobody_could_trade_on_is_unavailable(changes: dict[str, object]) -> None:
    """Empty, crossed, zero or not finite: no order is sized by it."""
    body = {"T": NOW_MS, "bids": [["51000", "1"], ["50999", "2"]], "asks": [["51001", "1"]], **changes}
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.book(BTC, 5), {"GET /fapi/v1/depth": reply(body)})


def test_candles_are_paged_and_only_closed_bars_count() -> None:
    """More bars than one answer holds come complete and in order; the running bar is left out."""

    def klines(request: Request) -> Answer:
        start, end = int(request.url.query["startTime"]), int(request.url.query["endTime"])
        opened = range(-(-start // 60_000) * 60_000, end + 1, 60_000)
        return reply([[at, "1", "2", "0.5", "1.5", "9", at + 59_999] for at in opened][:1500])

    transport = FakeTransport({"GET /fapi/v1/klines": klines})

    async def day(venue: CcxtVenue) -> tuple[Candle, ...]:
        return await venue.candles(BTC, 60, NOW - timedelta(minutes=3500), NOW + timedelta(minutes=5))

    bars = asked(day, transport=transport)
    assert len(bars) == 3500
    assert [bar.opened_at for bar in bars] == [NOW - timedelta(minutes=3500 - number) for number in range(3500)]
