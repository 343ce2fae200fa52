"""What becomes of a write when the world answers badly; every row is sent exactly once."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal

import aiohttp
import pytest

from bot.domain.account import MarginMode, Order, OrderStatus, Side, Wallet
from bot.domain.errors import AlreadyExists, BallastError, Forbidden, Refused, Unavailable, Unknown
from bot.exchange.calls import Limits
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import BTC, KEY, SECRET, Answer, FakeTransport, asked, error, make_venue, order_row, reply

ORDER = "POST /fapi/v1/order"
Check = Callable[[CcxtVenue], Awaitable[object]]
QUICK = Limits(reads_per_s=10_000, writes_per_s=10_000, weighted=False, timeout_s=-1.95)


async def sell(venue: CcxtVenue) -> Order:
    return await venue.place_order(
        symbol=BTC,
        side=Side.SELL,
        amount=Decimal("0.100"),
        limit_price=Decimal("49900.00"),
        reduce_only=False,
        client_id="abc",
    )


def fault_of(answer: Answer, check: Check = sell, line: str = ORDER) -> BallastError:
    """Send one write against one answer and return what it raised; it must have left exactly once."""
    transport = FakeTransport({line: answer})
    with pytest.raises(BallastError) as caught:
        asked(check, transport=transport)
    assert transport.lines().count(line) == 1
    assert KEY not in str(caught.value)
    assert "signature" not in str(caught.value)
    return caught.value


UNKNOWN = {
    "empty": Answer(body=""),
    "html": Answer(body="<html>maintenance</html>"),
    "null": Answer(body="null"),
    "list": Answer(body="[]"),
    "empty object": Answer(body="{}"),
    "text": Answer(body='"ok"'),
    "cut": Answer(body='{"orderId":22542179,"sym'),
    "no id": reply(order_row() | {"orderId": None}),
    "zero id": reply(order_row(orderId=0)),
    "foreign client id": reply(order_row("someone-else")),
    "other amount": reply(order_row(origQty="0.2", status="CANCELED")),
    "other side": reply(order_row(side="BUY")),
    "filled without price": reply(order_row(avgPrice="0")),
    "unknown status": reply(order_row(status="PENDING_NOBODY_KNOWS")),
    "nan": Answer(body='{"orderId":1,"clientOrderId":"abc","symbol":"BTCUSDT","status":"NEW","origQty":NaN}'),
    "502": Answer(status=502, body="<html>bad gateway</html>"),
    "503": reply({"code": -1000, "msg": "Unknown error, please check your request"}, 503),
    "504": Answer(status=504, body=""),
    "524": Answer(status=524, body="{}"),
    "refusal code with 5xx": error(-2019, status=503),
    "429": Answer(status=429, body="{}", headers={"Retry-After": "7"}),
    "418": reply({"code": -1003, "msg": "Way too many requests; IP banned until 1795522000000."}, 418),
    "403": Answer(status=403, body="<html>forbidden</html>"),
    "unknown code": error(-9999),
    "-1000": error(-1000),
    "-1006": error(-1006),
    "-1007": error(-1007),
    "307": Answer(status=307, headers={"Location": "https://127.0.0.1:9/steal"}),
    "302": Answer(status=302, headers={"Location": "https://evil.example/"}),
    "reset": Answer(raises=ConnectionResetError()),
    "disconnected": Answer(raises=aiohttp.ServerDisconnectedError()),
    "payload": Answer(raises=aiohttp.ClientPayloadError("cut")),
    "timeout": Answer(raises=TimeoutError()),
    "foreign": Answer(raises=KeyError("surprise")),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_order_whose_fate_is_not_proved_is_unknown(answer: Answer) -> None:
    """Everything that may have happened at the venue must be settled, never assumed."""
    assert type(fault_of(answer)) is Unknown


@pytest.mark.parametrize("code", ["-2019", "-2022", "-4164", "-4061", "-1111", "-2010"])
def test_an_allowlisted_code_is_a_refusal(code: str) -> None:
    """Only exact, documented codes are final, and the code travels on."""
    fault = fault_of(error(int(code), "no"))
    assert isinstance(fault, Refused)
    assert fault.code == code


def test_a_duplicate_client_id_means_the_order_exists() -> None:
    """An earlier try was placed; it is adopted, not sent again."""
    assert isinstance(fault_of(error(-4116)), AlreadyExists)


@pytest.mark.parametrize("answer", [error(-1008, status=503), error(-1021), error(-2015, status=401)])
def test_a_documented_non_execution_is_unavailable(answer: Answer) -> None:
    """Overload, clock and key errors are decided before anything is executed."""
    assert type(fault_of(answer)) is Unavailable


def test_a_connection_that_was_never_made_is_unavailable() -> None:
    """No socket, no order: this is the one transport fault that proves something."""
    refused = aiohttp.ClientConnectorError(
        aiohttp.client_reqrep.ConnectionKey("x", 1, False, True, None, None, None), OSError()
    )
    fault = fault_of(Answer(raises=refused))
    assert type(fault) is Unavailable
    assert "nothing was sent" in str(fault)


def test_a_cancelled_send_is_unknown() -> None:
    """Ctrl-C while the order is on its way leaves an order that may exist."""
    transport = FakeTransport({ORDER: Answer(hangs=True)})

    async def interrupted(venue: CcxtVenue) -> object:
        task = asyncio.create_task(sell(venue))
        for _ in range(100):
            await asyncio.sleep(0)
        assert ORDER in transport.lines()
        task.cancel()
        return await task

    with pytest.raises(Unknown):
        asked(interrupted, transport=transport)


def test_a_hanging_venue_ends_in_unknown_not_in_waiting() -> None:
    """The outer deadline holds even when the transport keeps none."""
    transport = FakeTransport({ORDER: Answer(hangs=True)})

    async def impatient(venue: CcxtVenue) -> object:
        venue._reading.calls._limits = QUICK
        return await sell(venue)

    with pytest.raises(Unknown):
        asked(impatient, transport=transport)


def test_an_accepted_order_is_told_as_the_venue_recorded_it() -> None:
    """Amounts, price and status come from the venue's own text."""
    placed = asked(sell, {ORDER: reply(order_row())})
    assert (placed.order_id, placed.client_id, placed.status) == ("22542179", "abc", OrderStatus.CLOSED)
    assert (placed.filled, placed.average_price) == (Decimal("0.100"), Decimal("49950.50"))


def test_numbers_go_on_the_wire_as_plain_decimals() -> None:
    """No exponent ever, and the order is an immediate-or-cancel limit order under our id."""
    transport = FakeTransport({ORDER: error(-2019)})

    async def tiny(venue: CcxtVenue) -> object:
        return await venue.place_order(
            symbol=BTC,
            side=Side.BUY,
            amount=Decimal("1E-5"),
            limit_price=Decimal("1.00E+5"),
            reduce_only=True,
            client_id="abc",
        )

    with pytest.raises(Refused):
        asked(tiny, transport=transport)
    body = transport.requests[-1].body
    for part in [
        "quantity=0.00001&",
        "price=100000&",
        "timeInForce=IOC",
        "reduceOnly=true",
        "newClientOrderId=abc&",
        "side=BUY",
    ]:
        assert part in body
    assert re.search(r"signature=[0-9a-f]{64}$", body)
    assert SECRET not in transport.requests[-1].text


@pytest.mark.parametrize(
    ("amount", "price", "client_id"),
    [("0", "1", "a"), ("NaN", "1", "a"), ("1", "-1", "a"), ("1", "1", "a b"), ("1", "1", "")],
)
def test_what_is_no_order_is_never_sent(amount: str, price: str, client_id: str) -> None:
    """Zero, NaN and a client id the venue would not take stop before the wire."""
    transport = FakeTransport({})

    async def wrong(venue: CcxtVenue) -> object:
        return await venue.place_order(
            symbol=BTC,
            side=Side.SELL,
            amount=Decimal(amount),
            limit_price=Decimal(price),
            reduce_only=False,
            client_id=client_id,
        )

    with pytest.raises(Forbidden):
        asked(wrong, transport=transport)
    assert ORDER not in transport.lines()


def test_settings_that_are_so_already_count_as_done() -> None:
    """-4046 says the margin mode has the wanted value."""

    async def isolated(venue: CcxtVenue) -> None:
        await venue.set_margin_mode(BTC, MarginMode.ISOLATED)

    asked(isolated, {"POST /fapi/v1/marginType": error(-4046, "No need to change margin type.")})
    asked(isolated, {"POST /fapi/v1/marginType": reply({"code": 200, "msg": "success"})})


def test_a_leverage_other_than_asked_for_is_unknown() -> None:
    """Leverage is believed only when the venue repeats it."""
    answers = reply({"leverage": 20, "maxNotionalValue": "1", "symbol": "BTCUSDT"})
    assert isinstance(fault_of(answers, lambda venue: venue.set_leverage(BTC, 2), "POST /fapi/v1/leverage"), Unknown)


def test_a_cancel_of_an_unknown_order_is_refused() -> None:
    """-2011 changes nothing; what became of the order is read from the order."""
    fault = fault_of(error(-2011), lambda venue: venue.cancel_order(BTC, "abc"), "DELETE /fapi/v1/order")
    assert isinstance(fault, Refused)


def test_a_transfer_returns_the_venues_id() -> None:
    """The number comes as integer and leaves as text."""

    async def move(venue: CcxtVenue) -> str:
        return await venue.transfer(currency="USDT", amount=Decimal("12.50"), source=Wallet.SPOT, target=Wallet.FUTURES)

    transport = FakeTransport({"POST /sapi/v1/asset/transfer": reply({"tranId": 13526853623})})
    assert asked(move, transport=transport) == "13526853623"
    assert "type=MAIN_UMFUTURE&asset=USDT&amount=12.5" in transport.requests[-1].body


def test_the_demo_refuses_transfers_with_advice() -> None:
    """The demo has no wallet interface; nothing is sent."""
    transport = FakeTransport({})

    async def move(venue: CcxtVenue) -> str:
        return await venue.transfer(currency="USDT", amount=Decimal(1), source=Wallet.SPOT, target=Wallet.FUTURES)

    with pytest.raises(Refused, match="web page"):
        asked(move, transport=transport, mode="testnet")
    assert not [line for line in transport.lines() if "/sapi/" in line]


def test_a_read_only_venue_sends_no_write() -> None:
    """The dry run is proven at the session: the order stops there, the funding wallet (a POST) does not."""
    transport = FakeTransport({"GET /api/v3/account": Answer(body='{"accountType":"SPOT","balances":[]}')})
    with pytest.raises(Forbidden):
        asked(sell, transport=transport, read_only=True)
    asked(lambda venue: venue.balances(), transport=transport, read_only=True)
    assert ORDER not in transport.lines()
    assert "POST /sapi/v1/asset/get-funding-asset" in transport.lines()


def test_no_log_line_carries_a_key(caplog: pytest.LogCaptureFixture) -> None:
    """Even with every logger of the process at its most talkative."""
    with caplog.at_level(logging.DEBUG):
        asked(sell, {ORDER: reply(order_row())})
    assert KEY not in caplog.text
    assert "signature" not in caplog.text


def test_a_venue_prints_no_secret() -> None:
    """Neither the venue nor its credentials show a key."""
    transport = FakeTransport({})

    async def show() -> str:
        venue = make_venue(transport)
        await venue.close()
        return repr(venue) + str(venue)

    shown = asyncio.run(show())
    assert KEY not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(("side", "reduce_only"), [(Side.BUY, False), (Side.SELL, True)], ids=["buy", "sell"])
@pytest.mark.parametrize("name", ["binance", "bybit", "bingx", "weex", "mexc"])
def test_an_order_that_could_open_or_sell_a_long_is_never_sent(name: str, side: Side, reduce_only: bool) -> None:
    """The last door before the wire is the same at every venue, whoever asks."""
    transport = FakeTransport({})

    async def send() -> None:
        venue = make_venue(transport, venue_id=name)
        await venue.place_order(
            symbol=BTC, side=side, amount=Decimal("0.1"), limit_price=Decimal(50000), reduce_only=reduce_only,
            client_id="abc",
        )  # fmt: skip

    with pytest.raises(Forbidden, match="never sent; nothing was sent"):
        asyncio.run(send())
    assert transport.lines() == []
