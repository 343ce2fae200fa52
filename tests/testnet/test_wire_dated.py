"""Quarterly contracts as the unmodified client meets them over sockets: listed, traded, settled, rolled."""

from datetime import UTC, datetime, timedelta
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.answering import AnsweringExchange
from tests.testnet.world import over_sockets, weather

MARCH = datetime(2025, 3, 28, 8, tzinfo=UTC)
NEAR, FAR, FARTHER = (f"BTC/USDT:USDT-{date}" for date in ("250328", "250627", "250926"))


@pytest.mark.parametrize("demo", [False, True], ids=["live", "demo"])
def test_the_client_knows_current_and_next_quarter_as_dated_linear_futures(demo: bool) -> None:
    """Symbol, expiry, margin currency and contract size are what the venue publishes."""

    async def check(client: Any) -> None:
        if demo:
            client.enable_demo_trading(True)
        markets = await client.load_markets()
        for symbol, date in ((NEAR, "2025-03-28"), (FAR, "2025-06-27")):
            row = markets[symbol]
            assert (row["type"], row["linear"], row["settle"], row["contractSize"]) == ("future", True, "USDT", 1)
            assert row["expiryDatetime"] == f"{date}T08:00:00.000Z"
            assert row["active"]
        kinds = {row["info"]["contractType"] for row in markets.values() if row["future"]}
        assert kinds == {"CURRENT_QUARTER", "NEXT_QUARTER"}
        assert markets[NEAR]["info"]["pair"] == "BTCUSDT"
        assert FARTHER not in markets

    over_sockets(check, weather())


def test_dated_contracts_have_marks_books_and_candles_but_no_funding() -> None:
    """The mark stands above the index by the basis; rates and funding times are empty."""

    async def check(client: Any) -> None:
        await client.load_markets()
        rows = {row["symbol"]: row for row in await client.fapiPublicGetPremiumIndex()}
        far = rows["BTCUSDT_250627"]
        assert float(far["markPrice"]) > float(far["indexPrice"]) * 1.04
        assert (far["lastFundingRate"], far["nextFundingTime"]) == ("", 0)
        marks = await client.fetch_mark_prices([FAR])
        assert marks[FAR]["markPrice"] == float(far["markPrice"])
        book = await client.fetch_order_book(FAR, 20)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert len(await client.fetch_ohlcv(FAR, "1h", None, 24)) == 24
        assert len(await client.fetch_ohlcv(FAR, "1h", None, 24, {"price": "mark"})) == 24

    over_sockets(check, weather())


def test_a_dated_short_is_settled_booked_and_rolled_into_a_new_quarter() -> None:
    """Open, look up by client id, hold to the end; the wallet keeps the basis, a new contract appears."""
    answering = weather()

    async def check(client: Any) -> None:
        await client.load_markets()
        await client.set_leverage(3, NEAR)
        placed = await client.create_order(NEAR, "market", "sell", 0.1, None, {"clientOrderId": "near1"})
        assert (placed["status"], placed["filled"]) == ("closed", 0.1)
        assert (await client.fetch_order(None, NEAR, {"clientOrderId": "near1"}))["id"] == placed["id"]
        (position,) = await client.fetch_positions([NEAR])
        assert (position["side"], position["contracts"], position["symbol"]) == ("short", 0.1, NEAR)
        answering.advance_to(MARCH - timedelta(minutes=4))
        _in_time(client, answering)
        with pytest.raises(library.BadRequest, match="-4140"):
            await client.create_order(NEAR, "market", "sell", 0.1)
        fresh = await client.load_markets(True)
        assert not fresh[NEAR]["active"]
        answering.advance_to(MARCH + timedelta(hours=1))
        _in_time(client, answering)
        assert await client.fetch_positions([NEAR]) == []
        since = int((MARCH - timedelta(hours=1)).timestamp() * 1000)
        rows = await client.fapiPrivateGetIncome({"incomeType": "DELIVERED_SETTELMENT", "startTime": since})
        assert [row["symbol"] for row in rows] == ["BTCUSDT_250328"]
        closing = (await client.fetch_my_trades(NEAR, since))[-1]
        assert (closing["side"], closing["amount"]) == ("buy", 0.1)
        with pytest.raises(library.OperationRejected, match="-4141"):
            await client.create_order(NEAR, "market", "sell", 0.1)
        markets = await client.load_markets(True)
        assert NEAR not in markets
        assert markets[FAR]["info"]["contractType"] == "CURRENT_QUARTER"
        assert markets[FARTHER]["info"]["contractType"] == "NEXT_QUARTER"
        assert (await client.create_order(FARTHER, "market", "sell", 0.1))["filled"] == 0.1

    over_sockets(check, answering)


def _in_time(client: Any, answering: AnsweringExchange) -> None:
    offset = datetime.now(UTC) - answering.exchange.now
    client.options["timeDifference"] = int(offset.total_seconds() * 1000)
