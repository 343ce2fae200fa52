"""A market whose past can be asked for, counting the questions."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import Candle
from bot.domain.errors import Unavailable
from bot.domain.history import EPOCH
from tests.builders import VENUE


@dataclass
class MarketPast:
    """Bars whose close is a function of their opening time; `missing` bars never existed."""

    price: Callable[[datetime], float] = lambda at: 100 + (at - EPOCH).days % 7
    born_at: datetime = EPOCH
    missing: frozenset[datetime] = frozenset()
    down: bool = False
    hang_s: float = 0
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    settlements: int = 30
    rate: Decimal = Decimal("0.0001")
    id: str = VENUE

    async def candles(self, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
        self.asked.append((symbol, since))
        await self._answer()
        step = timedelta(seconds=step_s)
        opened = EPOCH - (EPOCH - max(since, self.born_at)) // step * step
        bars = []
        while opened + step <= until:
            if opened not in self.missing:
                close = Decimal(repr(self.price(opened)))
                bars.append(
                    Candle(opened_at=opened, open=close, high=close * 2, low=close / 2, close=close, volume=Decimal(1))
                )
            opened += step
        return tuple(bars)

    async def funding_history(self, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        self.asked.append((symbol, since))
        await self._answer()
        first = EPOCH - (EPOCH - since) // timedelta(hours=8) * timedelta(hours=8)
        return tuple((first + timedelta(hours=8) * n, self.rate) for n in range(self.settlements))

    async def _answer(self) -> None:
        await asyncio.sleep(self.hang_s)
        if self.down:
            raise Unavailable("the venue is down")
