"""BingX as recorded: the adapter reads what the venue was seen to say; every cell of its table that matters is held."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.domain.account import MarginMode, OrderStatus, PositionMode, Side, Wallet
from bot.domain.errors import AlreadyExists, Refused, Unavailable, Unknown
from bot.exchange.venue import CcxtVenue
from bot.exchange.venues.bingx import rights
from tests.exchange.world import FakeTransport, FrozenClock, asked, make_venue, reply

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "bingx.json").read_text())
BTC = "BTC/USDT:USDT"
ORDER = "POST /openApi/swap/v2/trade/order"
LOOK = "GET /openApi/swap/v2/trade/order"
Check = Callable[[CcxtVenue], Awaitable[Any]]


def replies(*, without: str = "positions, cross margin") -> dict[str, Any]:
    """Every recorded reply under its path; of two under one path one is left out."""
    found = {row["path"]: reply(row["reply"]) for name, row in RECORDED.items() if name != without}
    found["GET /openApi/swap/v2/server/time"] = reply({"code": 0, "msg": "", "data": {"serverTime": _now_ms()}})
    return found


def _now_ms() -> int:
    return int(FrozenClock().now().timestamp() * 1000)


def bingx(check: Check, answers: dict[str, Any] | None = None) -> Any:
    return asked(check, {**replies(), **(answers or {})}, venue_id="bingx")


def error(code: int, words: str = "no") -> Any:
    return reply({"code": code, "msg": words, "data": {}})


def test_every_recorded_reply_says_where_it_is_from() -> None:
    """A fixture without source and date proves nothing."""
    assert all(row["source"] and datetime.fromisoformat(row["date"]) for row in RECORDED.values())


def test_a_position_is_read_as_recorded() -> None:
    """In one-way mode the side is a word and the amount positive; the margin of an isolated one holds its profit."""
    (held,) = bingx(lambda venue: venue.positions(()))
    assert (held.symbol, held.amount, held.entry_price) == ("FARTCOIN/USDT:USDT", Decimal("231.093"), Decimal("1.1099"))
    assert (held.margin_mode, held.isolated_margin) == (MarginMode.ISOLATED, Decimal("25.4433"))
    assert held.liquidation_price == Decimal("1.0068")


def test_a_cross_position_has_no_liquidation_price_where_the_venue_says_zero() -> None:
    """The other sample: nothing is bound to the position itself."""
    (held,) = bingx(lambda venue: venue.positions(()), replies(without="positions, one-way mode"))
    assert (held.symbol, held.margin_mode, held.isolated_margin) == ("LTC/USDT:USDT", MarginMode.CROSS, 0)
    assert (held.liquidation_price, held.unrealised_pnl) == (None, Decimal("-1.0393"))


@pytest.mark.parametrize(
    ("side", "amount", "short"),
    [("SHORT", "0.5", True), ("SHORT", "-0.5", True), ("BOTH", "-0.5", True), ("BOTH", "0.5", False)],
)
def test_a_side_is_told_by_its_word_or_by_the_sign(side: str, amount: str, short: bool) -> None:
    """Samples write BOTH with a sign, recorded replies LONG or SHORT; both are read, neither is guessed."""
    row = {**RECORDED["positions, one-way mode"]["reply"]["data"][0], "positionSide": side, "positionAmt": amount}
    answers = {"GET /openApi/swap/v2/user/positions": reply({"code": 0, "msg": "", "data": [row]})}
    (held,) = bingx(lambda venue: venue.positions(()), answers)
    assert held.amount == (Decimal("-0.5") if short else Decimal("0.5"))


def test_a_position_of_hedge_mode_is_not_read() -> None:
    """OnlyOnePosition false means two positions could stand against each other."""
    row = {**RECORDED["positions, one-way mode"]["reply"]["data"][0], "onlyOnePosition": False}
    answers = {"GET /openApi/swap/v2/user/positions": reply({"code": 0, "msg": "", "data": [row]})}
    with pytest.raises(Unavailable, match="one-way"):
        bingx(lambda venue: venue.positions(()), answers)


def test_balances_are_read_as_recorded() -> None:
    """The wallet is without profit, what is bound and what may leave stand beside it."""

    async def check(venue: CcxtVenue) -> Any:
        return await venue.balances(), await venue.margin_accounts()

    balances, (account,) = bingx(check)
    assert {row.wallet: row.total for row in balances} == {
        Wallet.SPOT: Decimal("45.733046995800514"),
        Wallet.FUNDING: Decimal("44.376922"),
    }
    assert (account.wallet, account.unrealised_pnl) == (Decimal("194.8212"), Decimal("1.9219"))
    assert (account.initial, account.withdrawable) == (Decimal("1.0602"), Decimal("193.7609"))


def test_a_funding_wallet_that_answers_as_the_spot_wallet_did_counts_no_coin_twice() -> None:
    """The manual gives both answers one form, so an answer to the other question shows by its content alone."""
    spot = RECORDED["spot balance"]
    with pytest.raises(Unavailable, match="to the last digit"):
        bingx(lambda venue: venue.balances(), {RECORDED["funding wallet"]["path"]: reply(spot["reply"])})


def test_executions_have_ids_amounts_in_coins_and_the_time_they_happened() -> None:
    """China's clock is eight hours ahead; the offset that is written beside it counts."""
    since = datetime(2026, 11, 1, tzinfo=UTC)
    shifted = json.loads(json.dumps(RECORDED["executions with ids"]["reply"]).replace("2026-09", "2026-11"))
    path = RECORDED["executions with ids"]["path"]
    fills = bingx(lambda venue: venue.fills(BTC, since), {path: reply(shifted)})
    assert [(row.trade_id, row.side, row.amount, row.fee) for row in fills] == [
        ("1002", Side.BUY, Decimal("0.0452"), Decimal("0.690656")),
        ("1003", Side.BUY, Decimal("0.01"), Decimal("0.1528")),
        ("1004", Side.SELL, Decimal("0.0615"), Decimal("2.350696")),
    ]
    assert fills[-1].at == datetime(2026, 11, 17, 18, 39, 57, tzinfo=UTC)


def test_an_order_a_booking_marks_and_tiers_are_read_as_recorded() -> None:
    """Cumulative amounts, the sign of funding, the interval, the leverage that is not told."""

    async def check(venue: CcxtVenue) -> Any:
        return (
            await venue.order_by_client_id(BTC, "blst0"),
            await venue.income(datetime(2023, 12, 1, tzinfo=UTC)),
            await venue.marks((BTC,)),
            await venue.funding((BTC,)),
            await venue.brackets((BTC,)),
            await venue.position_mode(),
        )

    order, (paid,), (mark,), (rate,), brackets, mode = bingx(check)
    assert (order.status, order.filled, order.side) == (OrderStatus.CLOSED, Decimal(33), Side.SELL)
    assert (paid.amount, paid.symbol) == (Decimal("-0.0292"), BTC)
    assert (mark.mark_price, mark.at) == (Decimal("16884.5"), FrozenClock().now())
    assert (rate.rate, rate.interval_h) == (Decimal("0.0001"), 8)
    assert [(row.maintenance_rate, row.maintenance_deduction) for row in brackets[BTC]] == [
        (Decimal("0.0033"), 0),
        (Decimal("0.005"), Decimal(1530)),
    ]
    assert all(row.leverage_max * row.maintenance_rate < 1 for row in brackets[BTC])
    assert mode is PositionMode.ONE_WAY


def test_transfers_are_read_as_recorded() -> None:
    """The futures wallet goes out as USDTMPerp and comes back from the client as linear."""

    async def check(venue: CcxtVenue) -> Any:
        sent = await venue.transfer(currency="USDT", amount=Decimal("0.05"), source=Wallet.SPOT, target=Wallet.FUTURES)
        return sent, await venue.transfers(datetime(2025, 7, 1, tzinfo=UTC))

    sent, (moved, *_) = bingx(check)
    assert sent == "1051461075875997081703"
    assert (moved.source, moved.target, moved.amount, moved.done) == (
        Wallet.SPOT, Wallet.FUTURES, Decimal("0.05"), True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reply_", "withdraw", "transfer", "bound"),
    [
        ({"permissions": [1, 2, 3, 4, 5], "ipAddresses": []}, True, True, False),
        ({"permissions": [2, 3], "ipAddresses": ["203.0.113.7"]}, False, False, True),
        ({"code": 0, "data": {"permissions": [2, 3, 5], "ipAddresses": []}}, True, False, False),
        ({"enableReading": True, "enableWithdrawals": True, "ipRestrict": True}, True, None, True),
        ({"enableReading": True, "ipRestrict": True}, None, None, True),
    ],
)
def test_the_right_to_withdraw_is_read_in_both_forms(
    reply_: Any, withdraw: bool | None, transfer: bool | None, bound: bool
) -> None:
    """What is not told is not known, and never taken for no."""
    found = rights(reply_)
    assert (found.withdraw, found.transfer, found.ip_restricted) == (withdraw, transfer, bound)


def test_an_order_is_absent_only_where_the_venue_says_so() -> None:
    """109414 is "request failed": it proves nothing, and neither does a position that does not exist."""
    for code in (80016, 109421):
        assert bingx(lambda venue: venue.order_by_client_id(BTC, "blst0"), {LOOK: error(code)}) is None
    for code in (109414, 80017, 100500, 199999):
        with pytest.raises(Unavailable):
            bingx(lambda venue: venue.order_by_client_id(BTC, "blst0"), {LOOK: error(code)})


@pytest.mark.parametrize(
    "data",
    [{"orders": []}, {"orders": [{"symbol": "BTC-USDT", "orderId": 1}]}, {"order": {}}, {"order": []}, {}, [], None],
)
def test_an_answer_without_the_order_does_not_say_that_there_is_none(data: Any) -> None:
    """Resting orders, told in answer for one order that had traded, are no denial of it."""
    with pytest.raises(Unavailable):
        bingx(lambda venue: venue.order_by_client_id(BTC, "blst0"), {LOOK: reply({"code": 0, "msg": "", "data": data})})


async def _sell(venue: CcxtVenue) -> Any:
    return await venue.place_order(
        symbol=BTC, side=Side.SELL, amount=Decimal("0.01"), limit_price=Decimal(50000), reduce_only=False,
        client_id="blst0",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "words", "ending"),
    [
        (101204, "Insufficient margin", Refused),
        (109400, "In the Hedge mode, the 'PositionSide' field can only be set to LONG or SHORT.", Refused),
        (101290, "The Reduce Only order can only decrease the position", Refused),
        (109201, "The same order number is only allowed to be submitted once within 1 second.", AlreadyExists),
        (101481, "clientOrderID cannot be repeated", AlreadyExists),
        (109400, "timestamp is invalid", Unavailable),
        (100421, "Null timestamp or timestamp mismatch", Unavailable),
        (100421, "This pair is currently restricted from API trading", Refused),
        (100410, "code:100410:The endpoint trigger frequency limit rule", Unavailable),
        (109429, "can retry after time: 1773274715335", Unavailable),
        (109420, "position not exist", Refused),
        (109415, "BTC-USDT is pause currently, please verify it", Refused),
        (100413, "Incorrect apiKey", Unavailable),
        (80012, "connect: connection refused", Unknown),
        (80001, "service has some errors", Unknown),
        (109414, "Request failed", Unknown),
        (100500, "Internal system error", Unknown),
        (101500, "rpc timeout", Unknown),
        (504, "unknown status", Unknown),
        (199999, "never seen", Unknown),
    ],
)
def test_an_error_means_what_it_means_for_the_money(code: int, words: str, ending: type[Exception]) -> None:
    """Refused only where nothing can have happened; one number with two meanings is told apart by its words."""
    with pytest.raises(ending):
        bingx(_sell, {ORDER: error(code, words)})


def test_a_limit_inside_a_200_is_obeyed_until_the_millisecond_it_names() -> None:
    """Nothing is sent before, whatever is asked."""
    clock = FrozenClock()
    until_ms = _now_ms() + 90_000
    words = f"code:100410:The endpoint trigger frequency limit rule is ... will be unblocked after {until_ms}"
    transport = FakeTransport({**replies(), LOOK: error(100410, words)})

    async def check(venue: CcxtVenue) -> None:
        with pytest.raises(Unavailable):
            await venue.order_by_client_id(BTC, "blst0")
        asked_before = len(transport.requests)
        clock.pass_time(80)
        with pytest.raises(Unavailable, match="silence"):
            await venue.marks((BTC,))
        assert len(transport.requests) == asked_before
        clock.pass_time(15)
        assert await venue.marks((BTC,))

    async def run() -> None:
        venue = make_venue(transport, clock, venue_id="bingx")
        await venue.connect()
        await check(venue)
        await venue.close()

    asyncio.run(run())


def test_what_goes_out_is_signed_sorted_and_says_one_way() -> None:
    """One order on the wire: side of the position, client id under the venue's name, time in force, no recvWindow."""
    transport = FakeTransport(
        {**replies(), ORDER: reply({"code": 0, "data": {"order": {"orderId": 1, "clientOrderID": "blst0"}}})}
    )
    asked(_sell, transport=transport, venue_id="bingx")
    (sent,) = [row for row in transport.requests if row.line == ORDER]
    names = list(sent.url.query)
    assert names == [*sorted(names[:-1]), "signature"]
    assert (sent.url.query["positionSide"], sent.url.query["clientOrderID"]) == ("BOTH", "blst0")
    assert (sent.url.query["timeInForce"], sent.body) == ("IOC", "")
    assert "recvWindow" not in sent.url.query


def test_no_second_holds_more_requests_than_a_path_allows() -> None:
    """Limits are by the second here: a whole minute's weight at once would be answered with five minutes of nothing."""
    client = make_venue(FakeTransport(replies()), venue_id="bingx")._client
    room = client.tokenBucket["windowSize"] / client.tokenBucket["rateLimit"]
    costs = client.api["swap"]["v2"]["private"]["get"]
    assert client.tokenBucket["algorithm"] == "rollingWindow"
    assert room // costs["trade/marginType"]["cost"] == 2
    assert room // costs["trade/leverage"]["cost"] == 5
