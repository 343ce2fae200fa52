"""Local testnets of several venues in one process of their own, each answering after a delay of its own."""

import asyncio
import sys
from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from bot.sim.answering import AnsweringExchange
from bot.sim.engine import Engine
from bot.sim.localnet import ACCOUNT, LOCAL_KEY
from bot.sim.market import Market
from bot.sim.model import WalletName
from bot.sim.scenarios import scenario_feed, scenario_listings
from bot.sim.server import LocalServer
from bot.sim.wire.codecs import codec
from bot.sim.wire.exchange import Exchange, WeightMeter

WALLETS: Mapping[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal("0.5"),
    ("spot", "ETH"): Decimal(5),
    ("spot", "USDT"): Decimal(20000),
    ("futures", "USDT"): Decimal(200000),
}


class DelayedServer(LocalServer):
    """As far away as it is told; delays run beside each other, as on a network."""

    def __init__(self, answering: AnsweringExchange, port: int, delay_s: float) -> None:
        super().__init__(answering, port=port)
        self._delay_s = delay_s

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self._delay_s)
        return await super()._serve(request)


async def serve(places: Mapping[str, tuple[int, float]]) -> None:
    """One exchange per venue on its port, over markets alike, until killed."""
    for venue, (port, delay_s) in places.items():
        feed = scenario_feed("calm")
        engine = Engine(listings=scenario_listings(feed), at=feed.start)
        engine.open_account(ACCOUNT, WALLETS)
        exchange = Exchange(market=Market(engine, feed), keys={LOCAL_KEY.key: LOCAL_KEY}, window_scale=600)
        exchange.meter = WeightMeter(unlimited=True)
        await DelayedServer(AnsweringExchange(exchange, codec=codec(venue)), port, delay_s).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(
        serve({venue: (int(port), float(delay)) for venue, port, delay in (row.split(":") for row in sys.argv[1:])})
    )
