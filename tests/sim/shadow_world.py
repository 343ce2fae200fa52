"""Builders for tests of the dry run: a market whose every answer the test decides, and a memory of one dict."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from bot.domain.account import Book, BookLevel, Candle, FundingRate, Mark, Order, Price, Side
from bot.domain.errors import Unavailable
from bot.domain.instrument import Instrument, MarketKind
from bot.sim.shadow import ShadowVenue

D = Decimal
T = TypeVar("T")
START = datetime(2025, 3, 3, 12, 30, tzinfo=UTC)
BTC = "BTC/USDT:USDT"
HOUR = timedelta(hours=1)


@dataclass
class Dict:
    """A memory that survives as long as the test, and counts its writes."""

    kept: dict[str, str] = field(default_factory=dict)
    writes: int = 0

    def setting(self, key: str) -> str | None:
        return self.kept.get(key)

    def set_setting(self, key: str, value: str | None) -> None:
        self.writes += 1
        self.kept[key] = value or ""


@dataclass
class Market:
    """The real market as the test wants it. `told` says whether it tells of the past."""

    at: datetime = START
    price: Decimal = Decimal(50000)
    index: Decimal | None = None
    rate: Decimal = Decimal("0.0001")
    bids: tuple[tuple[str, str], ...] = (("49990", "100"),)
    asks: tuple[tuple[str, str], ...] = (("50010", "100"),)
    bars: list[Candle] = field(default_factory=list)
    settled: list[tuple[datetime, Decimal]] = field(default_factory=list)
    told: bool = True
    down: bool = False
    id: str = "binance"

    async def connect(self) -> None:
        self._answer()

    async def close(self) -> None:
        pass

    def now(self) -> datetime:
        return self.at

    async def time(self) -> datetime:
        return self.at

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        return tuple(instrument() for asset in assets if asset == "BTC")

    def doubt_rules(self) -> None:
        return None

    async def marks(self, symbols: Iterable[str]) -> tuple[Mark, ...]:
        self._answer()
        index = self.index or self.price
        return tuple(
            Mark(venue=self.id, symbol=row, mark_price=self.price, index_price=index, at=self.at) for row in symbols
        )

    async def prices(self, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
        return tuple(Price(asset=row, price=self.price, source=quote, at=self.at) for row in assets)

    async def funding(self, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
        coming = self.at.replace(minute=0, second=0, microsecond=0)
        coming += timedelta(hours=8 - coming.hour % 8)
        return tuple(
            FundingRate(venue=self.id, symbol=row, rate=self.rate, interval_h=D(8), next_at=coming) for row in symbols
        )

    async def book(self, symbol: str, levels: int) -> Book:
        self._answer()
        bids, asks = ([BookLevel(price=D(p), amount=D(a)) for p, a in side[:levels]] for side in (self.bids, self.asks))
        return Book(venue=self.id, symbol=symbol, bids=tuple(bids), asks=tuple(asks), at=self.at)

    async def candles(self, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
        del symbol
        if not self.told:
            raise Unavailable("no candles")
        step = timedelta(seconds=step_s)
        groups: dict[datetime, list[Candle]] = {}
        for row in self.bars:
            opened = since + (row.opened_at - since) // step * step
            if row.opened_at >= since and opened + step <= until:
                groups.setdefault(opened, []).append(row)
        return tuple(
            Candle(
                opened_at=at,
                open=rows[0].open,
                high=max(row.high for row in rows),
                low=min(row.low for row in rows),
                close=rows[-1].close,
                volume=D(1),
            )
            for at, rows in groups.items()
        )

    async def funding_history(self, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        del symbol
        if not self.told:
            raise Unavailable("no history")
        return tuple(row for row in self.settled if row[0] >= since)

    def pass_time(self, gap: timedelta, *, price: str = "50000", high: str | None = None) -> None:
        """Let time pass at one price, minute bar by minute bar; `high` is touched in the middle of it."""
        begun, self.price = self.at, D(price)
        minutes = int(gap / timedelta(minutes=1))
        for number in range(minutes):
            top = D(high) if high and number == minutes // 2 else self.price
            opened = begun + timedelta(minutes=number)
            low = min(top, self.price)
            self.bars.append(
                Candle(opened_at=opened, open=self.price, high=top, low=low, close=self.price, volume=D(1))
            )
        self.at = begun + gap
        self.bids = ((str(self.price - 10), "100"),)
        self.asks = ((str(self.price + 10), "100"),)

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("the venue is down")


def instrument() -> Instrument:
    return Instrument(
        venue="binance", symbol=BTC, kind=MarketKind.LINEAR_PERPETUAL, base="BTC", quote="USDT", settle="USDT",
        contract_size=D(1), amount_step=D("0.001"), amount_min=D("0.001"), amount_max=D(1000), price_tick=D("0.1"),
        notional_min=D(100),
    )  # fmt: skip


def shadow(market: Market, memory: Dict, *, usdt: str = "20000", fee: str = "0.0005") -> ShadowVenue:
    return ShadowVenue(reader=market, memory=memory, balances={"BTC": D(1), "USDT": D(usdt)}, taker_fee=D(fee))


async def sell(venue: ShadowVenue, amount: str, *, limit: str = "49000", client_id: str = "a") -> Order:
    return await venue.place_order(
        symbol=BTC, side=Side.SELL, amount=D(amount), limit_price=D(limit), reduce_only=False, client_id=client_id
    )


def lived(
    market: Market, memory: Dict, act: Callable[[ShadowVenue], Awaitable[T]], *, usdt: str = "20000", fee: str = "0"
) -> T:
    """One process: connect, act, end. The account lives on in the memory."""

    async def run() -> T:
        venue = shadow(market, memory, usdt=usdt, fee=fee)
        await venue.connect()
        try:
            return await act(venue)
        finally:
            await venue.close()

    return asyncio.run(run())
