"""Lists longer than an answer of Bybit are read whole: newest rows first, a week or two hundred rows at most."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from bot.exchange.venue import CcxtVenue
from tests.exchange.test_bybit_recorded import RECORDED, page, told
from tests.exchange.world import Answer, Request

BTC = "BTC/USDT:USDT"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
WEEK_MS = 7 * 86_400_000
T = TypeVar("T")


def listed(rows: Sequence[dict[str, Any]], time_key: str, *, rows_max: int, week: bool) -> Callable[[Request], Answer]:
    """A page of Bybit: the newest rows between two times, refused when they lie too far apart."""

    def answer(request: Request) -> Answer:
        asked = request.url.query
        first, last = int(asked["startTime"]), int(asked.get("endTime", NOW_MS))
        if week and last - first > WEEK_MS:
            return page({}, 10001, "The time range between startTime and endTime cannot exceed 7 days")
        inside = [row for row in rows if first <= int(row[time_key]) <= last]
        newest = sorted(inside, key=lambda row: -int(row[time_key]))[: min(rows_max, int(asked.get("limit", 50)))]
        return page({"category": "linear", "nextPageCursor": "", "list": newest})

    return answer


def read(check: Callable[[CcxtVenue], Awaitable[T]], path: str, answer: Callable[[Request], Answer]) -> T:
    return told(check, {path: answer}, NOW_MS)


def executions(kind: str, count: int, *, apart: timedelta) -> list[dict[str, Any]]:
    row = RECORDED[kind]["list"][0]
    return [
        {
            **row,
            "symbol": "BTCUSDT",
            "execId": f"e{number}",
            "execTime": str(int((NOW - number * apart).timestamp() * 1000)),
        }
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize(("count", "apart"), [(250, timedelta(minutes=1)), (40, timedelta(days=1)), (99, timedelta(0))])
def test_every_trade_is_read(count: int, apart: timedelta) -> None:
    """Two hundred and fifty in a morning, or one a day for weeks."""
    rows = executions("trade", count, apart=apart)
    answer = listed(rows, "execTime", rows_max=100, week=True)
    found = read(lambda venue: venue.fills(BTC, NOW - timedelta(days=60)), "GET /v5/execution/list", answer)
    assert {row.trade_id for row in found} == {row["execId"] for row in rows}


def test_every_funding_payment_is_read_with_its_sign() -> None:
    """Three a day for two months are more than one answer and more than one week."""
    rows = executions("funding", 180, apart=timedelta(hours=8))
    answer = listed(rows, "execTime", rows_max=100, week=True)
    found = read(lambda venue: venue.income(NOW - timedelta(days=61)), "GET /v5/execution/list", answer)
    assert len(found) == 180
    assert {row.amount for row in found} == {Decimal("0.10232512")}


def test_settled_rates_are_read_across_a_change_of_interval() -> None:
    """Eight hours once, four today: an end worked out from four stops half-way, and an aligned start loses a row."""
    times = [NOW - timedelta(hours=8 * number) for number in range(60, 300)]
    times += [NOW - timedelta(hours=4 * number) for number in range(1, 120)]
    rows = [
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": str(int(at.timestamp() * 1000))}
        for at in set(times)
    ]
    answer = listed(rows, "fundingRateTimestamp", rows_max=200, week=False)
    since = min(times)
    found = read(lambda venue: venue.funding_history(BTC, since), "GET /v5/market/funding/history", answer)
    assert [at for at, _ in found] == sorted(set(times))
