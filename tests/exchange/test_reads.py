"""What the adapter believes of the account, and what it does when any answer is bad."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest

from bot.domain.account import MarginMode, PositionMode, Wallet
from bot.domain.errors import Unavailable
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import (
    BTC,
    ETH,
    KEY,
    NOW,
    NOW_MS,
    Answer,
    FakeTransport,
    FrozenClock,
    Request,
    asked,
    error,
    futures_account,
    order_row,
    position_row,
    reply,
    spot_account,
)

Check = Callable[[CcxtVenue], Awaitable[object]]
POSITIONS = "GET /fapi/v3/positionRisk"
ACCOUNT = "GET /fapi/v3/account"
SPOT = "GET /api/v3/account"
ORDER = "GET /fapi/v1/order"
TICKER = "GET /api/v3/ticker/bookTicker"
PREMIUM = "GET /fapi/v1/premiumIndex"

BAD = {
    "empty": Answer(body=""),
    "html": Answer(body="<html></html>"),
    "null": Answer(body="null"),
    "cut": Answer(body='[{"symbol":"BTCUS'),
    "524": Answer(status=524, body="[]"),
    "502": Answer(status=502, body="<html></html>"),
    "error": error(-9999),
    "429": Answer(status=429, body="[]"),
    "redirect": Answer(status=307, headers={"Location": "https://evil.example/"}),
    "reset": Answer(raises=ConnectionResetError()),
    "payload": Answer(raises=aiohttp.ClientPayloadError()),
    "timeout": Answer(raises=TimeoutError()),
    "foreign": Answer(raises=KeyError("surprise")),
}
READS: dict[str, tuple[str, Check]] = {
    "positions": (POSITIONS, lambda venue: venue.positions([BTC])),
    "margin": (ACCOUNT, lambda venue: venue.margin_accounts()),
    "balances": (SPOT, lambda venue: venue.balances()),
    "open orders": ("GET /fapi/v1/openOrders", lambda venue: venue.open_orders([BTC])),
    "order": (ORDER, lambda venue: venue.order_by_client_id(BTC, "abc")),
    "fills": ("GET /fapi/v1/userTrades", lambda venue: venue.fills(BTC, NOW - timedelta(days=1))),
    "income": ("GET /fapi/v1/income", lambda venue: venue.income(NOW - timedelta(days=1))),
    "transfers": ("GET /sapi/v1/asset/transfer", lambda venue: venue.transfers(NOW - timedelta(days=1))),
    "settings": ("GET /fapi/v1/symbolConfig", lambda venue: venue.settings([BTC])),
    "position mode": ("GET /fapi/v1/positionSide/dual", lambda venue: venue.position_mode()),
    "brackets": ("GET /fapi/v1/leverageBracket", lambda venue: venue.brackets([BTC])),
    "key rights": ("GET /sapi/v1/account/apiRestrictions", lambda venue: venue.key_rights()),
    "marks": (PREMIUM, lambda venue: venue.marks([BTC])),
    "funding": (PREMIUM, lambda venue: venue.funding([BTC])),
    "prices": (TICKER, lambda venue: venue.prices(["BTC"], "USDT")),
    "book": ("GET /fapi/v1/depth", lambda venue: venue.book(BTC, 5)),
    "candles": ("GET /fapi/v1/klines", lambda venue: venue.candles(BTC, 60, NOW - timedelta(hours=1), NOW)),
    "time": ("GET /fapi/v1/time", lambda venue: venue.time()),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("read", READS)
def test_a_bad_answer_is_unavailable_for_every_read(read: str, bad: str) -> None:
    """No bad reply ever turns into an empty list, a zero or a None."""
    line, check = READS[read]
    transport = FakeTransport({})

    async def after_connecting(venue: CcxtVenue) -> object:
        transport.answers[line] = BAD[bad]
        return await check(venue)

    with pytest.raises(Unavailable) as caught:
        asked(after_connecting, transport=transport)
    assert KEY not in str(caught.value)
    assert "signature" not in str(caught.value)


@pytest.mark.parametrize(
    "read", ["margin", "balances", "order", "position mode", "key rights", "book", "time", "transfers"]
)
def test_an_empty_list_is_no_answer_where_an_object_is_due(read: str) -> None:
    """A list is neither a balance of zero nor an order that does not exist."""
    line, check = READS[read]
    transport = FakeTransport({})

    async def after_connecting(venue: CcxtVenue) -> object:
        transport.answers[line] = Answer(body="[]")
        return await check(venue)

    with pytest.raises(Unavailable):
        asked(after_connecting, transport=transport)


@pytest.mark.parametrize(
    "body", ["{}", '{"balances":[]}', '{"accountType":"SPOT"}', '{"accountType":"SPOT","balances":null}']
)
def test_a_balance_without_its_documented_fields_is_no_balance(body: str) -> None:
    """Only the complete documented form may say that nothing is there."""
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.balances(), {SPOT: Answer(body=body)})


def test_an_empty_position_list_needs_a_second_witness() -> None:
    """Margin bound to a position contradicts the list; without it the account is flat."""
    bound = futures_account(totalInitialMargin="5", totalPositionInitialMargin="5")
    held = futures_account(positions=[{"symbol": "BTCUSDT", "positionAmt": "-1"}])
    for witness in (reply(bound), reply(held), Answer(body="[]"), Answer(body="")):
        with pytest.raises(Unavailable):
            asked(lambda venue: venue.positions([BTC]), {POSITIONS: reply([]), ACCOUNT: witness})
    assert asked(lambda venue: venue.positions([BTC]), {POSITIONS: reply([])}) == ()


def test_a_position_is_read_with_its_sign_and_margin() -> None:
    """Short is negative; a cross position carries no margin of its own; an isolated one does."""
    rows = [position_row(), position_row(symbol="ETHUSDT", positionAmt="2", notional="5000", isolatedWallet="2500.5")]
    short, long = asked(lambda venue: venue.positions([]), {POSITIONS: reply(rows)})
    assert (short.symbol, short.amount, short.liquidation_price) == (BTC, Decimal("-0.500"), Decimal("70000.1"))
    assert (short.margin_mode, short.isolated_margin) == (MarginMode.CROSS, Decimal(0))
    assert (long.symbol, long.amount, long.margin_mode) == (ETH, Decimal(2), MarginMode.ISOLATED)


def test_the_collateral_of_an_isolated_short_holds_no_profit_or_loss() -> None:
    """The venue's isolatedMargin counts the unrealised loss already, and may be below zero; the wallet never is."""
    row = position_row(isolatedWallet="9000", isolatedMargin="-1000", unRealizedProfit="-10000")
    (short,) = asked(lambda venue: venue.positions([]), {POSITIONS: reply([row])})
    assert (short.margin_mode, short.isolated_margin) == (MarginMode.ISOLATED, Decimal(9000))
    assert short.unrealised_pnl == Decimal(-10000)


@pytest.mark.parametrize(
    "changes",
    [
        {"notional": "0"},
        {"notional": "25500"},
        {"positionSide": "SHORT"},
        {"markPrice": "0"},
        {"markPrice": "NaN"},
        {"entryPrice": "0"},
        {"positionAmt": None},
        {"positionAmt": "1e400"},
        {"liquidationPrice": "-1"},
    ],
)
def test_a_position_that_contradicts_itself_is_unavailable(changes: dict[str, object]) -> None:
    """A lost sign, a zero mark or hedge mode never becomes a number to trade on."""
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.positions([BTC]), {POSITIONS: reply([position_row(**changes)])})


def test_a_position_in_an_unlisted_market_is_still_seen() -> None:
    """A symbol the table does not know keeps the venue's own name."""
    rows = [position_row(symbol="NEWUSDT")]
    (position,) = asked(lambda venue: venue.positions([BTC]), {POSITIONS: reply(rows)})
    assert position.symbol == "NEWUSDT"


def test_a_read_is_repeated_until_the_fault_has_passed() -> None:
    """Two bad answers, then a good one: the cycle never notices."""
    transport = FakeTransport({ACCOUNT: [Answer(status=502), Answer(body=""), reply(futures_account())]})
    (account,) = asked(lambda venue: venue.margin_accounts(), transport=transport)
    assert account.equity == Decimal("10000.5")
    assert transport.lines().count(ACCOUNT) == 3


def test_a_venue_that_answers_nothing_for_long_is_asked_each_question_once() -> None:
    """A dead line costs one wait per question, not three; with the first answer patience is back."""
    transport, clock = FakeTransport({ACCOUNT: Answer(raises=TimeoutError())}), FrozenClock()

    async def tries(venue: CcxtVenue) -> list[int]:
        counts = []
        for answer in (None, None, Answer(status=502), Answer(status=502)):
            before = transport.lines().count(ACCOUNT)
            if answer is not None:
                transport.answers[ACCOUNT] = answer
            with pytest.raises(Unavailable):
                await venue.margin_accounts()
            counts.append(transport.lines().count(ACCOUNT) - before)
            clock.pass_time(11)
        return counts

    assert asked(tries, transport=transport, clock=clock) == [3, 1, 3, 3]


@pytest.mark.parametrize("answer", [error(-2015, status=401), error(-9999), Answer(status=429), Answer(status=418)])
def test_a_read_is_not_repeated_when_that_cannot_help(answer: Answer) -> None:
    """A rejected key, an unknown code and a rate limit are asked once."""
    transport = FakeTransport({ACCOUNT: answer})
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.margin_accounts(), transport=transport)
    assert transport.lines().count(ACCOUNT) == 1


def test_a_rejected_key_is_explained() -> None:
    """-2015 in the middle of a run speaks about the key and says the hedge stays."""
    with pytest.raises(Unavailable, match="does not accept the API key") as caught:
        asked(lambda venue: venue.margin_accounts(), {ACCOUNT: error(-2015, "Invalid API-key, IP", 401)})
    assert "hedge stays" in str(caught.value)


def test_an_order_is_absent_only_by_the_venues_own_word() -> None:
    """-2013 says so; an order under another id is a wrong answer."""

    async def look(venue: CcxtVenue) -> object:
        return await venue.order_by_client_id(BTC, "abc")

    assert asked(look, {ORDER: error(-2013, "Order does not exist.")}) is None
    found = asked(look, {ORDER: reply(order_row())})
    assert found is not None
    with pytest.raises(Unavailable):
        asked(look, {ORDER: reply(order_row("other"))})


def test_balances_are_told_by_wallet() -> None:
    """Total includes what is locked; the funding wallet is another section."""
    answers = {
        SPOT: reply(spot_account(("BTC", "0.50000000", "0.25"), ("DUST", "0", "0.0"))),
        "POST /sapi/v1/asset/get-funding-asset": reply(
            [{"asset": "ETH", "free": "1", "locked": "0", "freeze": "0", "withdrawing": "0.5", "btcValuation": "0"}]
        ),
    }
    spot, funding = asked(lambda venue: venue.balances(), answers)
    assert (spot.asset, spot.total, spot.free, spot.wallet) == ("BTC", Decimal("0.75"), Decimal("0.5"), Wallet.SPOT)
    assert (funding.asset, funding.total, funding.wallet) == ("ETH", Decimal("1.5"), Wallet.FUNDING)


def test_a_spot_wallet_that_is_told_empty_all_at_once_is_asked_for_once_more() -> None:
    """At the first look, and later: by accident the coins would stay unhedged."""
    full, empty = reply(spot_account(("BTC", "0.5", "0"))), reply(spot_account())
    transport = FakeTransport({SPOT: [empty, full, empty, full]})

    async def seen(venue: CcxtVenue) -> list[Decimal]:
        return [row.total for _ in range(2) for row in await venue.balances()]

    assert asked(seen, transport=transport) == [Decimal("0.5")] * 2
    transport = FakeTransport({SPOT: reply(spot_account())})

    async def twice(venue: CcxtVenue) -> None:
        assert await venue.balances() == await venue.balances() == ()

    asked(twice, transport=transport)
    assert transport.lines().count(SPOT) == 3


def test_an_emptied_funding_wallet_is_believed_when_it_comes_twice() -> None:
    """One empty list could be a fault; it is asked for again, and only once."""
    transport = FakeTransport({SPOT: reply(spot_account(("BTC", "1", "0")))})

    async def twice(venue: CcxtVenue) -> None:
        await venue.balances()
        await venue.balances()

    asked(twice, transport=transport)
    assert transport.lines().count("POST /sapi/v1/asset/get-funding-asset") == 3


def test_the_demo_is_not_asked_for_what_it_does_not_have() -> None:
    """No wallet interface: spot balances come alone, the rights of the key stay unknown."""
    transport = FakeTransport({SPOT: reply(spot_account(("BTC", "1", "0")))})

    async def look(venue: CcxtVenue) -> None:
        assert len(await venue.balances()) == 1
        assert (await venue.key_rights()).withdraw is None
        with pytest.raises(Unavailable, match="demo"):
            await venue.transfers(NOW)

    asked(look, transport=transport, mode="testnet")
    assert {request.url.host for request in transport.requests} == {"demo-api.binance.com", "demo-fapi.binance.com"}


def test_fills_are_complete_over_pages_and_windows() -> None:
    """Full pages are continued, rows on the seam count once, and weeks are asked one by one."""
    times = [NOW_MS - 20 * 86_400_000 + number // 3 for number in range(2500)] + [NOW_MS - 1000]
    rows = [
        {"symbol": "BTCUSDT", "id": 1000 + number, "orderId": 7, "side": "SELL", "price": "50000", "qty": "0.001",
         "commission": "0.02", "commissionAsset": "USDT", "time": at}
        for number, at in enumerate(times)
    ]  # fmt: skip

    def trades(request: Request) -> Answer:
        start, end = int(request.url.query["startTime"]), int(request.url.query["endTime"])
        assert end - start <= 7 * 86_400_000
        found = [row for row in rows if start <= int(str(row["time"])) <= end]
        return reply(found[:1000])

    answers = {"GET /fapi/v1/userTrades": trades}
    fills = asked(lambda venue: venue.fills(BTC, NOW - timedelta(days=21)), answers)
    assert [fill.trade_id for fill in fills] == [str(1000 + number) for number in range(2501)]


def test_income_is_sorted_into_kinds_with_signs() -> None:
    """Funding, fees and profit are told apart; + is received."""
    rows = [
        {"symbol": "BTCUSDT", "incomeType": kind, "income": amount, "asset": "USDT", "time": NOW_MS, "tranId": 9}
        for kind, amount in [("FUNDING_FEE", "-0.5"), ("COMMISSION", "-0.1"), ("REALIZED_PNL", "3"), ("AIRDROP", "1")]
    ]
    entries = asked(lambda venue: venue.income(NOW - timedelta(days=1)), {"GET /fapi/v1/income": reply(rows)})
    assert {entry.kind: entry.amount for entry in entries} == {
        "funding": Decimal("-0.5"), "fee": Decimal("-0.1"), "pnl": Decimal(3), "other": Decimal(1),
    }  # fmt: skip


def test_brackets_with_a_gap_are_unavailable() -> None:
    """Maintenance must be known for every size; tiers are kept for the day once they are good."""
    tier = {
        "bracket": 1,
        "initialLeverage": 125,
        "notionalCap": 50000,
        "notionalFloor": 0,
        "maintMarginRatio": 0.004,
        "cum": 0.0,
    }
    gap = tier | {"notionalFloor": 60000, "notionalCap": 600000, "maintMarginRatio": 0.005, "cum": 50.0}
    line = "GET /fapi/v1/leverageBracket"
    with pytest.raises(Unavailable):
        asked(lambda venue: venue.brackets([BTC]), {line: reply([{"symbol": "BTCUSDT", "brackets": [tier, gap]}])})
    transport = FakeTransport(
        {line: reply([{"symbol": "BTCUSDT", "brackets": [gap | {"notionalFloor": 50000}, tier]}])}
    )

    async def twice(venue: CcxtVenue) -> None:
        for _ in range(2):
            low, high = (await venue.brackets([BTC]))[BTC]
            assert (low.maintenance_rate, high.maintenance_deduction) == (Decimal("0.004"), Decimal("50.0"))

    asked(twice, transport=transport)
    assert transport.lines().count(line) == 1


def test_settings_and_modes_are_read() -> None:
    """Leverage, margin mode and position mode as the venue has them."""
    config = [
        {"symbol": "BTCUSDT", "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": 3, "maxNotionalValue": "1"}
    ]
    answers = {
        "GET /fapi/v1/symbolConfig": reply(config),
        "GET /fapi/v1/positionSide/dual": reply({"dualSidePosition": True}),
    }
    (setting,) = asked(lambda venue: venue.settings([BTC]), answers)
    assert (setting.leverage, setting.margin_mode) == (Decimal(3), MarginMode.CROSS)
    assert asked(lambda venue: venue.position_mode(), answers) is PositionMode.HEDGE


def test_requests_are_signed_with_the_venues_time() -> None:
    """A clock ten minutes off is measured and corrected, ccxt's own offset stays zero."""
    transport = FakeTransport({})
    asked(lambda venue: venue.margin_accounts(), transport=transport, clock=FrozenClock(NOW - timedelta(minutes=10)))
    assert transport.requests[-1].url.query["timestamp"] == str(NOW_MS)


def test_a_refused_time_stamp_makes_the_offset_be_measured_again() -> None:
    """-1021 is followed by one look at the venue's clock and a second try."""
    transport = FakeTransport({ACCOUNT: [error(-1021), reply(futures_account())]})
    asked(lambda venue: venue.margin_accounts(), transport=transport)
    assert transport.lines()[-4:] == ["GET /fapi/v1/exchangeInfo", ACCOUNT, "GET /fapi/v1/time", ACCOUNT]


def test_the_offset_is_measured_every_ten_minutes() -> None:
    """A clock that drifts is caught before a request is refused for it."""
    transport = FakeTransport({})
    clock = FrozenClock()

    async def later(venue: CcxtVenue) -> None:
        clock.pass_time(601)
        await venue.margin_accounts()
        await venue.margin_accounts()

    asked(later, transport=transport, clock=clock)
    assert transport.lines().count("GET /fapi/v1/time") == 2
