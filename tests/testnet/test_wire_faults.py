"""Each fault gives the unmodified client its symptom of a bad day, and leaves the exchange as it should."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import ccxt.async_support as library
import pytest

from bot.sim.answering import AnsweringExchange
from bot.sim.faults import FAULTS, FaultSchedule, Script
from bot.sim.memory_session import MemorySession
from tests.testnet.world import make_answering, make_client, over_sockets

BTC = "BTC/USDT:USDT"
ORDER = "/fapi/v1/order"
POSITIONS = "/fapi/v3/positionRisk"


def struck(fault: str, *, method: str = "POST", path: str = ORDER, **more: Any) -> AnsweringExchange:
    return make_answering(Script(fault=fault, method=method, path=path, **more))


def from_memory(check: Any, answering: AnsweringExchange) -> Any:
    """Run one check with a client that talks to the exchange without sockets."""

    async def run() -> Any:
        client = make_client(MemorySession(answering), answering)
        try:
            return await check(client)
        finally:
            client.session = None

    return asyncio.run(run())


def position(answering: AnsweringExchange) -> str:
    held = answering.exchange.engine.positions("family")
    return str(held[0].amount) if held else "flat"


async def sell(client: Any) -> Any:
    await client.load_markets()
    return await client.create_order(BTC, "market", "sell", 0.1, None, {"clientOrderId": "mine"})


RAISING = [
    ("lost_request", None, library.ExchangeNotAvailable, "flat"),
    ("lost_reply", None, library.ExchangeNotAvailable, "-0.100"),
    ("timeout", True, library.RequestTimeout, "-0.100"),
    ("timeout", False, library.RequestTimeout, "flat"),
    ("late_execution", None, library.RequestTimeout, "flat"),
    ("cut_reply", None, library.ExchangeError, "-0.100"),
    ("too_many_requests", None, library.DDoSProtection, "flat"),
    ("banned", None, library.DDoSProtection, "flat"),
    ("status_502", True, library.ExchangeNotAvailable, "-0.100"),
    ("status_503", False, library.ExchangeNotAvailable, "flat"),
    ("status_504", True, library.RequestTimeout, "-0.100"),
    ("code_1007", True, library.RequestTimeout, "-0.100"),
    ("code_1006", True, library.OperationFailed, "-0.100"),
    ("code_1001", False, library.OperationFailed, "flat"),
    ("code_1021", None, library.InvalidNonce, "flat"),
    ("code_new", True, library.ExchangeError, "-0.100"),
]


@pytest.mark.parametrize(("fault", "executes", "expected", "after"), RAISING)
@pytest.mark.parametrize("run", [over_sockets, from_memory], ids=["sockets", "memory"])
def test_a_fault_around_an_order_raises_what_it_raises_on_the_real_exchange(
    run: Any, fault: str, executes: bool | None, expected: type[Exception], after: str
) -> None:
    """Both transports show the same class, and the exchange knows what the client cannot."""
    answering = struck(fault, executes=executes)

    async def check(client: Any) -> None:
        await client.load_markets()
        client.timeout = 300
        with pytest.raises(expected):
            await sell(client)

    run(check, answering)
    held = position(answering)
    assert held == "flat" if after == "flat" else float(held) == float(after)
    assert answering.faults.counts == {fault: 1}


@pytest.mark.parametrize("fault", ["body_empty", "body_html", "body_null", "body_list", "body_object", "status_524"])
def test_rubbish_instead_of_an_acknowledgement_becomes_an_order_without_id(fault: str) -> None:
    """The client alone reports success without an id although the order is on the exchange."""
    answering = struck(fault, executes=True)
    placed = from_memory(sell, answering)
    assert placed["id"] is None
    assert position(answering) != "flat"


def test_an_empty_list_of_positions_looks_flat() -> None:
    """The position page answers [] while a short is open."""
    answering = struck("empty_positions", method="GET", path="/fapi/v3/positionRisk")

    async def check(client: Any) -> list[int]:
        await sell(client)
        return [len(await client.fetch_positions([BTC])) for _ in range(2)]

    assert from_memory(check, answering) == [0, 1]


def test_an_empty_list_of_positions_comes_also_while_they_stand_still_and_is_not_kept() -> None:
    """A view that lags shows what was true last, before and after one answer that was empty."""
    answering = struck("empty_positions", method="GET", path=POSITIONS, nth=2)

    async def check(client: Any) -> list[list[float]]:
        async def look() -> list[float]:
            return [row["contracts"] for row in await client.fetch_positions([BTC])]

        await sell(client)
        seen = [await look(), await look()]
        answering.tampering.freeze_positions(answering.exchange.now + timedelta(minutes=1))
        seen.append(await look())
        answering.faults.add(Script(fault="empty_positions", method="GET", path=POSITIONS))
        return [*seen, await look(), await look()]

    assert from_memory(check, answering) == [[0.1], [], [0.1], [], [0.1]]


def test_what_a_view_that_lags_shows_anyway_is_no_lie() -> None:
    """Nothing in place of nothing: the short of a moment ago would not have been shown without the fault either."""
    answering = struck("empty_positions", method="GET", path=POSITIONS, nth=2)

    async def check(client: Any) -> list[bool]:
        await client.load_markets()
        seen = [await client.fetch_positions([BTC])]
        answering.tampering.freeze_positions(answering.exchange.now + timedelta(minutes=1))
        await sell(client)
        assert [*seen, await client.fetch_positions([BTC])] == [[], []]
        told = [answering.unspoilt]
        answering.tampering.freeze_positions(answering.exchange.now)
        await client.fetch_positions([BTC])
        answering.faults.add(Script(fault="empty_positions", method="GET", path=POSITIONS))
        await client.fetch_positions([BTC])
        return [*told, answering.unspoilt]

    assert from_memory(check, answering) == [True, False]


def test_a_late_execution_appears_after_the_client_gave_up() -> None:
    """The order is absent at first and filled some seconds of exchange time later."""
    answering = struck("late_execution")

    async def check(client: Any) -> Any:
        with pytest.raises(library.RequestTimeout):
            await sell(client)
        with pytest.raises(library.OrderNotFound):
            await client.fetch_order(None, BTC, {"clientOrderId": "mine"})
        answering.advance(timedelta(seconds=5))
        client.options["timeDifference"] -= 5000
        return await client.fetch_order(None, BTC, {"clientOrderId": "mine"})

    assert from_memory(check, answering)["filled"] == 0.1


def test_a_request_carried_out_twice_can_place_two_orders() -> None:
    """Client ids protect open orders only: a filled one does not stop its double."""
    answering = struck("duplicate_execution")
    from_memory(sell, answering)
    assert float(position(answering)) == -0.2


def test_a_fresh_order_is_not_found_for_a_while() -> None:
    """Reading lags behind writing: first OrderNotFound, then the order."""
    answering = struck("order_invisible")

    async def check(client: Any) -> Any:
        await sell(client)
        with pytest.raises(library.OrderNotFound):
            await client.fetch_order(None, BTC, {"clientOrderId": "mine"})
        answering.advance(timedelta(seconds=4))
        client.options["timeDifference"] -= 4000
        return await client.fetch_order(None, BTC, {"clientOrderId": "mine"})

    assert from_memory(check, answering)["status"] == "closed"


def test_an_order_that_got_the_refusal_of_another_is_shown_when_it_is_asked_for() -> None:
    """The lie is told once: a venue that denied the order twice could not be seen through by anybody."""
    lie = Script(fault="repeated_order_reply", method="POST", path=ORDER, nth=2)
    answering = make_answering(lie, Script(fault="false_absence", scope="lookup"))

    async def check(client: Any) -> Any:
        await client.load_markets()
        for amount in (5000, 0.1):
            with pytest.raises(library.BadRequest):
                await client.create_order(BTC, "market", "sell", amount, None, {"clientOrderId": "mine"})
        return await client.fetch_order(None, BTC, {"clientOrderId": "mine"})

    assert from_memory(check, answering)["filled"] == 0.1


def test_positions_lag_behind_a_fill() -> None:
    """After the fill the old position is shown until exchange time has moved on."""
    answering = struck("old_positions", nth=2)

    async def check(client: Any) -> list[float]:
        await sell(client)
        seen = [(await client.fetch_positions([BTC]))[0]["contracts"]]
        await client.create_order(BTC, "market", "sell", 0.1)
        seen.append((await client.fetch_positions([BTC]))[0]["contracts"])
        answering.advance(timedelta(seconds=6))
        client.options["timeDifference"] -= 6000
        seen.append((await client.fetch_positions([BTC]))[0]["contracts"])
        return seen

    assert from_memory(check, answering) == [0.1, 0.1, 0.2]


def test_a_thin_book_fills_an_order_in_part() -> None:
    """What the book does not hold expires."""
    answering = struck("partial_fill")

    async def check(client: Any) -> Any:
        await client.load_markets()
        return await client.create_order(BTC, "limit", "sell", 1, 49950, {"timeInForce": "IOC"})

    placed = from_memory(check, answering)
    assert 0 < placed["filled"] < 1
    assert placed["status"] in ("expired", "canceled")


@pytest.mark.parametrize("fault", ["stale_mark", "zero_mark", "nan_mark", "missing_row"])
def test_a_mark_can_be_old_zero_missing_or_no_number(fault: str) -> None:
    """The mark page goes wrong once and is right again at the next look."""
    answering = struck(fault, method="GET", path="/fapi/v1/premiumIndex")

    async def check(client: Any) -> tuple[Any, Any]:
        ask = client.fapiPublicGetPremiumIndex
        return await ask({"symbol": "BTCUSDT"}), await ask({"symbol": "BTCUSDT"})

    wrong, right = from_memory(check, answering)
    assert right["markPrice"] == "50000.00000000"
    assert wrong != right


def test_executions_can_be_listed_twice() -> None:
    """The same trade id comes back on two rows."""
    answering = struck("duplicate_trades", method="GET", path="/fapi/v1/userTrades")

    async def check(client: Any) -> Any:
        await sell(client)
        return await client.fapiPrivateGetUserTrades({"symbol": "BTCUSDT"})

    rows = from_memory(check, answering)
    assert len(rows) == len({row["id"] for row in rows}) + 1


@pytest.mark.parametrize("fault", ["external_deposit", "manual_trade", "deleveraged"])
def test_the_account_changes_without_its_bot(fault: str) -> None:
    """Money comes in, the owner trades by hand, the venue deleverages: the ledger shows it."""
    answering = struck(fault, method="GET", path="/fapi/v1/time")

    async def check(client: Any) -> None:
        await sell(client)
        before = len(answering.exchange.engine.ledger)
        await client.fapiPublicGetTime()
        assert len(answering.exchange.engine.ledger) > before

    from_memory(check, answering)


def test_a_redirect_that_is_not_followed_carries_nothing_out() -> None:
    """307 with a foreign address: the client alone takes the empty body for an order without id."""
    answering = struck("redirect")
    assert over_sockets(sell, answering)["id"] is None
    assert position(answering) == "flat"


BTC_ORDER = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
EVERY_SCOPE: tuple[Callable[[Any], Any], ...] = (
    sell,
    lambda c: c.fapiPublicGetPremiumIndex(),
    lambda c: c.fapiPublicGetDepth({"symbol": "BTCUSDT"}),
    lambda c: c.fapiPublicGetExchangeInfo(),
    lambda c: c.fapiPrivateV3GetPositionRisk(),
    lambda c: c.fapiPrivateV3GetAccount(),
    lambda c: c.fapiPrivateGetUserTrades({"symbol": "BTCUSDT"}),
    lambda c: c.fapiPrivateGetOrder(BTC_ORDER),
    lambda c: c.fapiPrivateDeleteOrder(BTC_ORDER),
    lambda c: c.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": 3}),
)


def test_every_fault_of_the_catalogue_strikes_without_making_the_exchange_stumble() -> None:
    """Whatever fault meets whatever request: a reply or a broken connection, never a crash of the exchange."""
    answering = make_answering()

    async def check(client: Any) -> None:
        await client.load_markets()
        for fault in FAULTS:
            answering.faults = FaultSchedule(scripts=[Script(fault=fault, times=100)])
            answering.exchange.meter.banned_until = None
            answering.advance(timedelta(minutes=20))  # whatever lasts is over
            for call in EVERY_SCOPE:
                with contextlib.suppress(library.BaseError):
                    await call(client)
            assert set(answering.faults.counts) == {fault}

    from_memory(check, answering)
