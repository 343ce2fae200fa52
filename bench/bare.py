"""The peer: the requests of one cycle made by bare ccxt in the leanest way, on an account of its own."""

import asyncio
from typing import Any

from bot.domain.ports import Clock
from bot.exchange.client import exchange_class

Call = tuple[str, str, str, dict[str, Any]]


class BareTrader:
    """An unmodified ccxt client without a limiter: implicit calls, no market table, no journal, no checks."""

    def __init__(self, address: str, clock: Clock) -> None:
        self.client = exchange_class("binance")(
            {"apiKey": "localnet-key", "secret": "localnet-secret", "enableRateLimit": False, "timeout_on_exit": 1}
        )
        for name, url in self.client.urls["api"].items():
            if isinstance(url, str):
                self.client.urls["api"][name] = f"http://{address}/" + url.split("/", 3)[3]
        self.client.milliseconds = lambda: int(clock.now().timestamp() * 1000)

    async def cycle(self, calls: list[Call], number: int) -> None:
        """Read at once what stands before the first order, place the orders, read at once what stands after."""
        orders = [index for index, call in enumerate(calls) if call[0] == "order" and call[2] == "POST"]
        before, after = calls[: orders[0]], calls[orders[-1] + 1 :]
        replies = await asyncio.gather(*(self.client.request(*call) for call in before))
        marks = {row["symbol"]: float(row["markPrice"]) for row in replies if "markPrice" in row}
        for count, (path, api, method, params) in enumerate(calls[index] for index in orders):
            away = 1.003 if params["side"] == "BUY" else 0.997
            digits = len(params["price"].partition(".")[2])
            price = round(marks[params["symbol"]] * away, digits)
            fresh = {**params, "newClientOrderId": f"bare-{number}-{count}", "price": f"{price:.{digits}f}"}
            placed = await self.client.request(path, api, method, fresh)
            assert placed["status"] == "FILLED", f"the peer's order was not filled: {placed}"
        await asyncio.gather(*(self.client.request(*call) for call in after))

    async def close(self) -> None:
        """Release every socket."""
        await self.client.close()
