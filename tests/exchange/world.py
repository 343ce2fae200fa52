"""Builders for tests of the exchange adapter: a venue over a transport that answers from a table, no socket.

The bodies follow the public manual of Binance (USD-M futures, spot, wallet; read 2026-11-24), shortened to what a
reply must carry, with made-up accounts.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from yarl import URL

from bot.exchange.calls import Limits
from bot.exchange.transport import Transport
from bot.exchange.venue import CcxtVenue

T = TypeVar("T")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
KEY = "canary-key-9f31"
SECRET = "canary-secret-77b2"
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"


class FrozenClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass(frozen=True)
class Answer:
    """What the fake exchange says: a status with a body, or an exception on the way."""

    status: int = 200
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    raises: BaseException | None = None
    hangs: bool = False


@dataclass(frozen=True)
class Request:
    method: str
    url: URL
    body: str
    headers: Mapping[str, str]

    @property
    def line(self) -> str:
        return f"{self.method} {self.url.path}"

    @property
    def text(self) -> str:
        return f"{self.url} {self.body} {dict(self.headers)}"


class FakeResponse:
    def __init__(self, answer: Answer) -> None:
        self.status, self.headers, self.reason = answer.status, answer.headers, ""
        self._body = answer.body.encode()

    async def read(self) -> bytes:
        return self._body


Say = Callable[[Request], Answer]


class FakeTransport:
    """Answers by "METHOD /path"; a list is used up one by one, its last entry stays."""

    def __init__(self, answers: Mapping[str, Answer | list[Answer] | Say]) -> None:
        self.answers: dict[str, Answer | list[Answer] | Say] = {**default_answers(), **answers}
        self.requests: list[Request] = []

    @asynccontextmanager
    async def request(self, method: str, url: Any, **options: Any) -> AsyncIterator[FakeResponse]:
        assert options["allow_redirects"] is False
        request = Request(method, url, (options["data"] or b"").decode(), dict(options["headers"]))
        self.requests.append(request)
        answer = self.answers.get(request.line, Answer(status=404, body="<html>no such page</html>"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        elif not isinstance(answer, Answer):
            answer = answer(request)
        if answer.hangs:
            await asyncio.sleep(3600)
        if answer.raises is not None:
            raise answer.raises
        yield FakeResponse(answer)

    async def close(self) -> None:
        return

    def lines(self) -> list[str]:
        return [request.line for request in self.requests]


def reply(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status=status, body=json.dumps(value), headers=headers)


def error(code: int, message: str = "no", status: int = 400) -> Answer:
    return reply({"code": code, "msg": message}, status)


def market(base: str, number: int = 0) -> dict[str, object]:
    """One row of GET /fapi/v1/exchangeInfo."""
    return {
        "symbol": f"{base}USDT", "pair": f"{base}USDT", "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000 + number, "status": "TRADING", "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000", "baseAsset": base, "quoteAsset": "USDT", "marginAsset": "USDT",
        "pricePrecision": 2, "quantityPrecision": 3, "baseAssetPrecision": 8, "quotePrecision": 8,
        "underlyingType": "COIN", "triggerProtect": "0.0500", "liquidationFee": "0.012500", "marketTakeBound": "0.05",
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "4529764", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "stepSize": "0.001", "maxQty": "1000", "minQty": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.001", "maxQty": "120", "minQty": "0.001"},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "100"},
            {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95", "multiplierDecimal": "4"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP"], "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }  # fmt: skip


def order_row(client_id: str = "abc", **changes: object) -> dict[str, object]:
    """GET and POST /fapi/v1/order."""
    return {
        "orderId": 22542179, "symbol": "BTCUSDT", "status": "FILLED", "clientOrderId": client_id, "price": "49900.00",
        "avgPrice": "49950.50", "origQty": "0.100", "executedQty": "0.100", "cumQuote": "4995.05", "timeInForce": "IOC",
        "type": "LIMIT", "reduceOnly": False, "closePosition": False, "side": "SELL", "positionSide": "BOTH",
        "updateTime": NOW_MS, **changes,
    }  # fmt: skip


def position_row(**changes: object) -> dict[str, object]:
    """One row of GET /fapi/v3/positionRisk."""
    return {
        "symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "-0.500", "entryPrice": "50000.0",
        "breakEvenPrice": "49990.0", "markPrice": "51000.00000000", "unRealizedProfit": "-500.00000000",
        "liquidationPrice": "70000.1", "isolatedMargin": "0", "notional": "-25500.00000000", "marginAsset": "USDT",
        "isolatedWallet": "0", "initialMargin": "12750.0", "maintMargin": "102.0", "positionInitialMargin": "12750.0",
        "openOrderInitialMargin": "0", "adl": 2, "bidNotional": "0", "askNotional": "0", "updateTime": NOW_MS,
        **changes,
    }  # fmt: skip


def futures_account(**changes: object) -> dict[str, object]:
    """GET /fapi/v3/account."""
    asset = {
        "asset": "USDT", "walletBalance": "10000.5", "unrealizedProfit": "0", "marginBalance": "10000.5",
        "maintMargin": "0", "initialMargin": "0", "positionInitialMargin": "0", "openOrderInitialMargin": "0",
        "crossWalletBalance": "10000.5", "crossUnPnl": "0", "availableBalance": "10000.5",
        "maxWithdrawAmount": "10000.5", "updateTime": NOW_MS,
    }  # fmt: skip
    return {
        "totalInitialMargin": "0", "totalMaintMargin": "0", "totalWalletBalance": "10000.5",
        "totalUnrealizedProfit": "0", "totalMarginBalance": "10000.5", "totalPositionInitialMargin": "0",
        "totalOpenOrderInitialMargin": "0", "availableBalance": "10000.5", "maxWithdrawAmount": "10000.5",
        "assets": [asset], "positions": [], **changes,
    }  # fmt: skip


def premium(symbol: str = "BTCUSDT", **changes: object) -> dict[str, object]:
    """GET /fapi/v1/premiumIndex?symbol=."""
    return {
        "symbol": symbol, "markPrice": "51000.12345678", "indexPrice": "50990.10000000",
        "estimatedSettlePrice": "50991.0", "lastFundingRate": "-0.00012500", "interestRate": "0.00010000",
        "nextFundingTime": NOW_MS + 4 * 3_600_000, "time": NOW_MS, **changes,
    }  # fmt: skip


def spot_account(*rows: tuple[str, str, str]) -> dict[str, object]:
    """GET /api/v3/account."""
    listed = [{"asset": asset, "free": free, "locked": locked} for asset, free, locked in rows]
    return {"makerCommission": 10, "canTrade": True, "updateTime": NOW_MS, "accountType": "SPOT", "balances": listed}


def default_answers() -> dict[str, Answer]:
    return {
        "GET /fapi/v1/time": reply({"serverTime": NOW_MS}),
        "GET /fapi/v1/exchangeInfo": reply({"timezone": "UTC", "symbols": [market("BTC"), market("ETH")]}),
        "GET /fapi/v1/fundingInfo": reply([]),
        "GET /fapi/v3/account": reply(futures_account()),
        "POST /sapi/v1/asset/get-funding-asset": reply([]),
    }


def make_venue(transport: Transport, clock: FrozenClock | None = None, **changes: Any) -> CcxtVenue:
    settings: dict[str, Any] = {
        "venue_id": "binance",
        "clock": clock or FrozenClock(),
        "mode": "live",
        "api_key": KEY,
        "api_secret": SECRET,
        "transport_factory": lambda: transport,
        "limits": Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False, timeout_s=5.0),
        **changes,
    }
    return CcxtVenue(**settings)


def asked(
    check: Callable[[CcxtVenue], Awaitable[T]],
    answers: Mapping[str, Answer | list[Answer] | Say] | None = None,
    *,
    transport: FakeTransport | None = None,
    cache: Path | None = None,
    **changes: Any,
) -> T:
    """Connect a venue to the fake exchange and run one check with it."""
    chosen = transport or FakeTransport(answers or {})

    async def run() -> T:
        venue = make_venue(chosen, cache_directory=cache, **changes)
        try:
            await venue.connect()
            return await check(venue)
        finally:
            await venue.close()

    return asyncio.run(run())
