"""Replies of Bybit that others recorded are read as what they say; recorded/bybit.json has each with its source."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.domain.account import MarginMode, OrderStatus, PositionMode, Side, Wallet
from bot.domain.errors import Refused, Unavailable, Unknown
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import Answer, FakeTransport, FrozenClock, Request, asked, reply

T = TypeVar("T")
RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "bybit.json").read_text(encoding="utf-8"))
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"


def page(result: object, code: int = 0, message: str = "OK", time: int = 1757837618000) -> Answer:
    """Bybit's envelope around a result."""
    return reply({"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": time})


def said(name: str) -> Answer:
    facts = {key: value for key, value in RECORDED[name].items() if key != "source"}
    return page(facts | {"category": "linear", "nextPageCursor": ""} if "list" in facts else facts)


NOTHING = page({"category": "linear", "nextPageCursor": "", "list": []})


def _instruments(request: Request) -> Answer:
    if request.url.query.get("status") == "PreLaunch":
        return NOTHING
    return {"spot": said("instruments_spot"), "linear": said("instruments_linear")}.get(
        request.url.query["category"], NOTHING
    )


def told(
    check: Callable[[CcxtVenue], Awaitable[T]],
    pages: Mapping[str, Answer | Callable[[Request], Answer]] | None = None,
    now_ms: int = 1757837620000,
    **changes: Any,
) -> T:
    """Run one check against the recorded pages."""
    usual: dict[str, Any] = {
        "GET /v5/market/time": page({"timeSecond": "1", "timeNano": "1"}, time=now_ms),
        "GET /v5/market/instruments-info": _instruments,
        "GET /v5/user/query-api": said("key_rights"),
        "GET /v5/account/info": said("account_info"),
        "GET /v5/account/wallet-balance": said("wallet"),
        "GET /v5/asset/transfer/query-account-coins-balance": page({"accountType": "FUND", "balance": []}),
        "GET /v5/order/realtime": NOTHING,
        "GET /v5/order/history": NOTHING,
    }
    clock = FrozenClock(datetime.fromtimestamp(now_ms / 1000, tz=UTC))
    return asked(check, transport=FakeTransport({**usual, **(pages or {})}), venue_id="bybit", clock=clock, **changes)


def test_a_table_of_markets() -> None:
    """Steps, minimums and the funding interval of each contract, in coins."""
    (btc,) = told(lambda venue: venue.instruments(["BTC"]))
    assert (btc.symbol, btc.amount_step, btc.amount_min, btc.price_tick, btc.notional_min, btc.contract_size) == (
        BTC, Decimal("0.001"), Decimal("0.001"), Decimal("0.1"), Decimal(5), Decimal(1),
    )  # fmt: skip


def test_the_one_wallet_is_counted_once() -> None:
    """The settlement currency is collateral, every other coin a holding, and none is both."""
    held = told(lambda venue: venue.balances())
    assert [(row.wallet, row.asset, row.total) for row in held] == [(Wallet.SPOT, "BTC", Decimal("0.001998"))]
    (collateral,) = told(lambda venue: venue.margin_accounts())
    assert (collateral.currency, collateral.wallet, collateral.initial, collateral.maintenance) == (
        "USDT", Decimal(1000), Decimal(30), Decimal(1),
    )  # fmt: skip


def test_a_key_that_may_not_see_the_funding_wallet_is_told_which_right_it_lacks() -> None:
    """What lies there is not guessed, and the key is not called wrong."""
    closed = {"GET /v5/asset/transfer/query-account-coins-balance": page({}, 10005, "Permission denied")}
    with pytest.raises(Unavailable, match="right to move money inside the account"):
        told(lambda venue: venue.balances(), closed)


def test_where_no_shorts_live_the_money_is_a_holding() -> None:
    """Nobody asks such a venue for collateral, so its USDT must not fall between two chairs."""
    held = told(lambda venue: venue.balances(), holds_shorts=False)
    assert {row.asset: row.total for row in held} == {"USDT": Decimal(1000), "BTC": Decimal("0.001998")}


def test_collateral_that_is_owed_stops_nothing() -> None:
    """A unified account lends USDT against coins: the wallet goes below zero, and protection must go on."""
    owing = json.loads(json.dumps(RECORDED["wallet"]["list"]))
    owing[0]["coin"][0] |= {"walletBalance": "-250", "equity": "-250"}
    pages = {"GET /v5/account/wallet-balance": page({"list": owing})}
    assert [row.asset for row in told(lambda venue: venue.balances(), pages)] == ["BTC"]
    (collateral,) = told(lambda venue: venue.margin_accounts(), pages)
    assert (collateral.wallet, collateral.withdrawable) == (Decimal(-250), Decimal(0))


def test_a_spot_market_the_table_lacks_has_it_read_anew_within_the_hour() -> None:
    """The list may have come with a hole in it: without that price the stablecoin counts as doubtful for a day."""

    async def stale_after(venue: CcxtVenue, hours: int) -> bool:
        venue._reading.markets._loaded_at = venue.now() - timedelta(hours=hours)
        assert await venue.prices(["NOSUCH"], "USDT") == ()
        return venue._reading.markets.stale(venue.now())

    assert not told(lambda venue: stale_after(venue, 0))
    assert told(lambda venue: stale_after(venue, 2))


def test_a_position_in_a_market_the_table_lacks_has_it_read_anew() -> None:
    """Nothing can be decided without it, and the list may have come with a hole in it."""
    (row,) = RECORDED["position_held"]["list"]
    listed = page({"category": "linear", "nextPageCursor": "", "list": [row | {"symbol": "NOSUCHUSDT"}]})

    async def stale_after(venue: CcxtVenue) -> bool:
        venue._reading.markets._loaded_at = venue.now() - timedelta(minutes=11)
        with pytest.raises(Unavailable, match="list of markets lacks"):
            await venue.positions([ETH])
        return venue._reading.markets.stale(venue.now())

    assert told(stale_after, {"GET /v5/position/list": listed})


def test_a_short_has_its_sign_and_a_flat_symbol_is_no_position() -> None:
    """Sell with size 5 is minus five; an empty side with size 0 is nothing."""
    (held,) = told(lambda venue: venue.positions([ETH]), {"GET /v5/position/list": said("position_held")})
    assert (held.symbol, held.amount, held.entry_price, held.mark_price) == (
        ETH,
        Decimal(-5),
        Decimal(3000),
        Decimal(2950),
    )
    assert (held.unrealised_pnl, held.liquidation_price, held.margin_mode) == (
        Decimal(250),
        Decimal(3300),
        MarginMode.CROSS,
    )
    with pytest.raises(Unavailable, match="30 USDT are bound"):
        told(lambda venue: venue.positions([BTC]), {"GET /v5/position/list": said("position_flat")})


def test_the_margin_of_an_isolated_short_is_what_was_bound_when_it_was_entered() -> None:
    """Bybit's positionIM follows the mark price, 1,475 here, while the 1,500 that bear the loss stay what they are."""
    (row,) = RECORDED["position_held"]["list"]
    isolated = page(RECORDED["account_info"] | {"marginMode": "ISOLATED_MARGIN"})

    def bound(**changes: str) -> Decimal:
        listed = page({"category": "linear", "nextPageCursor": "", "list": [row | changes]})
        pages = {"GET /v5/position/list": listed, "GET /v5/account/info": isolated}
        (held,) = told(lambda venue: venue.positions([ETH]), pages)
        assert held.margin_mode is MarginMode.ISOLATED
        return held.isolated_margin

    assert bound(positionBalance="") == Decimal(1500)
    assert bound(positionBalance="1600") == Decimal(1600)
    with pytest.raises(Unavailable, match="leverage"):
        bound(positionBalance="", leverage="")


def test_the_margin_mode_is_the_accounts_whatever_the_profile_says() -> None:
    """A cross short read as isolated looks 28 times levered, and protection would close it."""
    pages = {"GET /v5/position/list": said("position_held")}
    (held,) = told(lambda venue: venue.positions([ETH]), pages, margin_mode=MarginMode.ISOLATED)
    assert held.margin_mode is MarginMode.CROSS
    unknown = page(RECORDED["account_info"] | {"marginMode": "SOMETHING"})
    with pytest.raises(Unavailable, match="margin mode"):
        told(lambda venue: venue.positions([ETH]), pages | {"GET /v5/account/info": unknown})


def test_one_way_mode_shows_in_a_flat_row() -> None:
    """There is no call that tells the mode; the row of any symbol does."""
    mode = told(lambda venue: venue.position_mode(), {"GET /v5/position/list": said("position_flat")})
    assert mode is PositionMode.ONE_WAY


def test_settings_come_from_the_flat_row_and_the_account() -> None:
    """Leverage belongs to the symbol, margin mode to the account."""
    (found,) = told(lambda venue: venue.settings([BTC]), {"GET /v5/position/list": said("position_flat")})
    assert (found.leverage, found.margin_mode) == (Decimal(1), MarginMode.CROSS)


def test_an_order_is_found_in_the_history_when_the_live_page_forgot_it() -> None:
    """Both look-ups are asked before an order counts as absent."""
    found = told(lambda venue: venue.order_by_client_id(BTC, "hedge1"), {"GET /v5/order/history": said("order")})
    assert found is not None
    assert (found.status, found.side, found.filled, found.average_price, found.reduce_only) == (
        OrderStatus.CLOSED, Side.SELL, Decimal("0.001"), Decimal("122529.9"), True,
    )  # fmt: skip
    assert told(lambda venue: venue.order_by_client_id(BTC, "hedge1")) is None


def test_a_trade_with_its_fee() -> None:
    """Amounts in coins, the fee paid in the settlement currency."""
    since = datetime.fromtimestamp(1757837500, tz=UTC)
    (fill,) = told(lambda venue: venue.fills(BTC, since), {"GET /v5/execution/list": said("trade")})
    assert (fill.side, fill.amount, fill.price, fill.fee, fill.fee_currency) == (
        Side.BUY, Decimal("0.001"), Decimal("123607.1"), Decimal("0.0679839"), "USDT",
    )  # fmt: skip


def test_a_negative_fee_of_funding_is_money_received() -> None:
    """Bybit counts what was paid; we count what was received."""
    since = datetime.fromtimestamp(1710950000, tz=UTC)
    (row,) = told(lambda venue: venue.income(since), {"GET /v5/execution/list": said("funding")}, 1710950401000)
    assert (row.symbol, row.kind, row.amount, row.currency) == (
        "XMR/USDT:USDT",
        "funding",
        Decimal("0.10232512"),
        "USDT",
    )


def test_tiers_in_any_order_give_floors_from_zero_upwards() -> None:
    """The floor of a tier is the end of the smaller one, not of the row before it."""
    found = told(lambda venue: venue.brackets([BTC]), {"GET /v5/market/risk-limit": said("risk_limit")})[BTC]
    assert [(row.notional_floor, row.notional_cap, row.maintenance_rate) for row in found] == [
        (Decimal(0), Decimal(300000), Decimal("0.0033")),
        (Decimal(300000), Decimal(2000000), Decimal("0.005")),
    ]
    assert found[1].maintenance_deduction == Decimal(300000) * Decimal("0.0017")


def test_tiers_in_percent_are_refused() -> None:
    """A maintenance rate beside which no leverage would be possible is no fraction."""
    with pytest.raises(Unavailable, match="maintenance tiers"):
        told(lambda venue: venue.brackets([BTC]), {"GET /v5/market/risk-limit": said("risk_limit_percent")})


def test_the_rights_of_a_key() -> None:
    """It trades and moves money inside, cannot withdraw, and any address may use it."""
    rights = told(lambda venue: venue.key_rights())
    assert (rights.trade_futures, rights.transfer, rights.withdraw, rights.ip_restricted) == (True, True, False, False)


def test_a_book() -> None:
    """Bids and asks under their one-letter names."""
    book = told(lambda venue: venue.book(BTC, 5), {"GET /v5/market/orderbook": said("order_book")})
    assert (book.bids[0].price, book.asks[0].amount) == (Decimal("16638.27"), Decimal("0.008479"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (10000, Unknown), (10016, Unknown), (110079, Unknown), (3400214, Unknown), (119999, Unknown),
        (110007, Refused), (110017, Refused), (110090, Refused), (110094, Refused),
        (10002, Unavailable), (10003, Unavailable), (10006, Unavailable),
    ],
)  # fmt: skip
def test_what_a_code_proves_about_an_order(code: int, expected: type[Exception]) -> None:
    """Server errors prove nothing; only validation and the matching engine refuse."""
    sent = {
        "symbol": BTC, "side": Side.SELL, "amount": Decimal("0.01"), "limit_price": Decimal(120000),
        "reduce_only": False, "client_id": "hedge1",
    }  # fmt: skip
    with pytest.raises(expected):
        told(lambda venue: venue.place_order(**sent), {"POST /v5/order/create": page({}, code, "no")})  # type: ignore[arg-type]
