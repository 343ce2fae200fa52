"""Coin-margined perpetuals: contracts in, face value out; the collateral is the coin."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest

from bot.domain.account import MarginMode, Order, Side, Wallet
from bot.domain.errors import Forbidden, Unavailable, Unknown
from bot.domain.instrument import MarketKind
from bot.exchange.venue import CcxtVenue
from tests.exchange.coin_margined import PERP, coin_account, coin_answers, coin_order, coin_position
from tests.exchange.world import NOW, NOW_MS, Answer, FakeTransport, asked, error, reply, spot_account

T = TypeVar("T")
ORDER = "POST /dapi/v1/order"


def d(*values: str | int) -> tuple[Decimal, ...]:
    """Exact figures."""
    return tuple(Decimal(value) for value in values)


def told(check: Callable[[CcxtVenue], Awaitable[T]], **answers: Any) -> T:
    """What a venue of inverse perpetuals makes of the replies."""
    return asked(check, {**coin_answers(), **answers}, market_kinds=(MarketKind.INVERSE_PERPETUAL,), quote="USDT")


def test_lots_of_an_inverse_market_are_face_value() -> None:
    """One contract of 100 USD is the lot, the smallest order and the smallest notional."""
    (row,) = told(lambda venue: venue.instruments(["BTC"]))
    assert (row.symbol, row.quote, row.settle, row.inverse) == (PERP, "USD", "BTC", True)
    assert (row.contract_size, row.amount_step, row.amount_min, row.notional_min) == d(100, 100, 100, 100)
    assert row.amount_max == 10_000_000


def test_a_position_is_face_value_and_its_profit_is_coins() -> None:
    """500 contracts short are 50,000 USD, worth 1.25 coins at 40,000; a flat row of another contract is left out."""
    (row,) = told(lambda venue: venue.positions([PERP]))
    assert (row.amount, row.notional, row.coins) == d(-50_000, 50_000, "-1.25")
    assert row.unrealised_pnl == Decimal("0.25")
    assert (row.inverse, row.margin_mode, row.liquidation_price) == (True, MarginMode.CROSS, None)


def test_the_coin_wallet_is_collateral_and_a_balance_of_coins() -> None:
    """The wallet with its profit is owned, and bears the risk of the coin."""
    (margin,) = told(lambda venue: venue.margin_accounts())
    assert (margin.currency, margin.equity, margin.withdrawable) == ("BTC", Decimal("1.25"), Decimal("0.4"))
    rows = told(lambda venue: venue.balances(), **{"GET /api/v3/account": reply(spot_account(("BTC", "2", "0")))})
    assert {(row.wallet, row.asset, row.total) for row in rows} == {
        (Wallet.SPOT, "BTC", Decimal(2)),
        (Wallet.COIN_FUTURES, "BTC", Decimal("1.25")),
    }


def test_no_position_is_believed_only_with_a_witness() -> None:
    """Bound margin contradicts an empty list."""
    flat = {"GET /dapi/v1/positionRisk": reply([coin_position(positionAmt="0")])}
    with pytest.raises(Unavailable, match="margin is bound"):
        told(lambda venue: venue.positions([PERP]), **flat)
    nothing_bound = {"GET /dapi/v1/account": reply(coin_account(profit="0", bound="0"))}
    assert told(lambda venue: venue.positions([PERP]), **flat, **nothing_bound) == ()


def test_tiers_are_in_coins_and_settings_come_from_the_positions() -> None:
    """COIN-M has no page of settings, and counts its tiers in coins."""
    tiers = told(lambda venue: venue.brackets([PERP]))[PERP]
    assert [(row.notional_floor, row.notional_cap) for row in tiers] == [d(0, 5), d(5, 10)]
    (settings,) = told(lambda venue: venue.settings([PERP]))
    assert (settings.leverage, settings.margin_mode) == (Decimal(2), MarginMode.CROSS)


async def sell(venue: CcxtVenue, amount: str = "2000") -> Order:
    """An order of 2,000 USD face."""
    return await venue.place_order(
        symbol=PERP, side=Side.SELL, amount=Decimal(amount), limit_price=Decimal(39900), reduce_only=False,
        client_id="abc",
    )  # fmt: skip


def test_an_order_is_sent_in_contracts_and_read_back_as_face_value() -> None:
    """2,000 USD are 20 contracts."""
    transport = FakeTransport({**coin_answers(), ORDER: reply(coin_order())})
    placed = asked(sell, transport=transport, market_kinds=(MarketKind.INVERSE_PERPETUAL,))
    (request,) = [row for row in transport.requests if row.line == ORDER]
    assert request.url.host == "dapi.binance.com"
    assert parse_qs(request.body)["quantity"] == ["20"]
    assert (placed.amount, placed.filled, placed.average_price) == d(2000, 2000, 39950)


def test_a_fraction_of_a_contract_never_leaves() -> None:
    """Rounding is decided by the planner, not here."""
    transport = FakeTransport(coin_answers())
    with pytest.raises(Forbidden, match="whole number of contracts"):
        asked(lambda venue: sell(venue, "2050"), transport=transport, market_kinds=(MarketKind.INVERSE_PERPETUAL,))
    assert ORDER not in transport.lines()


@pytest.mark.parametrize("answer", [reply(coin_order(origQty="2000")), reply({}), Answer(body="")])
def test_an_answer_in_other_units_leaves_the_order_unknown(answer: Answer) -> None:
    """An echo of another size is not our order."""
    with pytest.raises(Unknown):
        told(sell, **{ORDER: answer})


def test_a_lost_order_is_found_by_its_client_id() -> None:
    """Look-up works the same way in the other section, and "no such order" is no order."""
    page = "GET /dapi/v1/order"
    found = told(lambda venue: venue.order_by_client_id(PERP, "abc"), **{page: reply(coin_order())})
    assert found is not None
    assert found.filled == 2000
    assert told(lambda venue: venue.order_by_client_id(PERP, "abc"), **{page: error(-2013)}) is None


def test_fills_books_candles_and_funding_speak_the_same_units() -> None:
    """Amounts are face value, candle volumes coins, fees coins."""
    trade = {
        "symbol": "BTCUSD_PERP", "id": 6, "orderId": 28, "pair": "BTCUSD", "side": "SELL", "price": "40000",
        "qty": "20", "realizedPnl": "0", "marginAsset": "BTC", "baseQty": "0.05", "commission": "0.000025",
        "commissionAsset": "BTC", "time": NOW_MS - 1000, "positionSide": "BOTH", "buyer": False, "maker": False,
    }  # fmt: skip
    (fill,) = told(
        lambda venue: venue.fills(PERP, NOW - timedelta(hours=1)), **{"GET /dapi/v1/userTrades": reply([trade])}
    )
    assert (fill.amount, fill.fee, fill.fee_currency) == (Decimal(2000), Decimal("0.000025"), "BTC")
    depth = {"lastUpdateId": 1, "E": NOW_MS, "T": NOW_MS, "symbol": "BTCUSD_PERP", "pair": "BTCUSD",
             "bids": [["39999.9", "10"]], "asks": [["40000.1", "7"]]}  # fmt: skip
    book = told(lambda venue: venue.book(PERP, 5), **{"GET /dapi/v1/depth": reply(depth)})
    assert (book.bids[0].amount, book.asks[0].amount) == d(1000, 700)
    opened = NOW_MS - 7_200_000
    bar = [opened, "39000", "40000", "38000", "39500", "500", opened + 3_599_999, "1.28", 9, "250", "0.6", "0"]
    (candle,) = told(
        lambda venue: venue.candles(PERP, 3600, NOW - timedelta(hours=2), NOW),
        **{"GET /dapi/v1/klines": reply([bar])},
    )
    assert candle.volume == Decimal("1.28")
    (rate,) = told(lambda venue: venue.funding([PERP]))
    assert (rate.rate, rate.interval_h) == d("0.0001", 8)
    (mark,) = told(lambda venue: venue.marks([PERP]))
    assert (mark.mark_price, mark.index_price) == d(40_000, 39_990)


def test_coins_move_between_spot_and_the_coin_wallet_only() -> None:
    """The other futures wallet is nobody's business here."""
    page = "POST /sapi/v1/asset/transfer"
    transport = FakeTransport({**coin_answers(), page: reply({"tranId": 7})})

    async def move(venue: CcxtVenue) -> str:
        return await venue.transfer(
            currency="BTC", amount=Decimal("0.5"), source=Wallet.SPOT, target=Wallet.COIN_FUTURES
        )

    assert asked(move, transport=transport, market_kinds=(MarketKind.INVERSE_PERPETUAL,)) == "7"
    (request,) = [row for row in transport.requests if row.line == page]
    assert parse_qs(request.body)["type"] == ["MAIN_CMFUTURE"]
    with pytest.raises(Forbidden):
        asked(move, {page: reply({"tranId": 7})})


def test_a_settlement_is_named_in_the_bookings() -> None:
    """What a dated contract pays at its end is neither funding nor a trade of ours."""
    row = {"symbol": "BTCUSD_261225", "incomeType": "DELIVERED_SETTELMENT", "income": "0.1", "asset": "BTC",
           "info": "", "time": NOW_MS, "tranId": "9", "tradeId": ""}  # fmt: skip
    (entry,) = told(lambda venue: venue.income(NOW - timedelta(days=1)), **{"GET /dapi/v1/income": reply([row])})
    assert (entry.kind, entry.amount, entry.currency) == ("settlement", Decimal("0.1"), "BTC")
