"""The unmodified client against the local testnet, over sockets: what a bot does on a good day."""

import asyncio
from typing import Any

from tests.testnet.world import make_answering, over_sockets

BTC = "BTC/USDT:USDT"


def test_the_client_loads_the_market_table_with_keys() -> None:
    """Currencies, margin pairs and three exchange infos are answered well enough for load_markets."""

    async def check(client: Any) -> None:
        markets = await client.load_markets()
        assert markets[BTC]["linear"]
        assert markets["BTC/USDT"]["spot"]
        assert markets[BTC]["contractSize"] == 1
        assert markets[BTC]["limits"]["market"]["max"] <= markets[BTC]["limits"]["amount"]["max"]
        assert client.currencies["BTC"]["id"] == "BTC"

    over_sockets(check)


def test_an_order_is_placed_looked_up_by_client_id_and_shows_in_the_position() -> None:
    """One short: acknowledged, found by its client id, visible as position, execution and balance."""

    async def check(client: Any) -> None:
        mark = await client.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})
        assert mark["markPrice"] == "50000.00000000"
        placed = await client.create_order(
            BTC, "limit", "sell", 0.1, 49900, {"clientOrderId": "abc123", "timeInForce": "IOC"}
        )
        assert placed["status"] == "closed"
        assert placed["filled"] == 0.1
        found = await client.fetch_order(None, BTC, {"clientOrderId": "abc123"})
        assert found["id"] == placed["id"]
        assert found["clientOrderId"] == "abc123"
        (position,) = await client.fetch_positions([BTC])
        assert position["side"] == "short"
        assert position["contracts"] == 0.1
        trades = await client.fetch_my_trades(BTC, None, None, {"orderId": placed["id"]})
        assert sum(trade["amount"] for trade in trades) == 0.1
        wallet = await client.fetch_balance({"type": "swap"})
        assert wallet["USDT"]["free"] < 10000
        spot = await client.fetch_balance({"type": "spot"})
        assert spot["BTC"]["total"] == 1.2
        funding = await client.fetch_balance({"type": "funding"})
        assert funding["USDT"]["total"] == 5000

    over_sockets(check)


def test_independent_reads_run_side_by_side() -> None:
    """Several requests on one server at once are all answered."""

    async def check(client: Any) -> None:
        await client.load_markets()
        answers = await asyncio.gather(*(client.fetch_order_book(BTC, 20) for _ in range(8)))
        assert all(book["bids"][0][0] < book["asks"][0][0] for book in answers)

    over_sockets(check, make_answering())
