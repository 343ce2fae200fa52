"""Dated and coin-margined contracts of Bybit: what the table makes of rows written after the manual.

Source: bybit-exchange.github.io/docs/v5, market/instrument, market/tickers, position, account/wallet-balance, execution
and market/risk-limit; read 2026-11-25. Quantities of inverse contracts are US dollars, money and tiers are coins.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from bot.domain.account import Side, Wallet
from bot.domain.errors import Unavailable
from bot.domain.instrument import MarketKind
from bot.exchange.venue import CcxtVenue
from tests.exchange.test_bybit_recorded import NOTHING, RECORDED, page, said, told
from tests.exchange.world import Answer, Request

T = TypeVar("T")
PERPETUAL, DATED, COIN = "BTC/USDT:USDT", "BTC/USDT:USDT-251226", "BTC/USD:BTC"
DECEMBER = datetime(2025, 12, 26, 8, tzinfo=UTC)
BOTH = (MarketKind.LINEAR_PERPETUAL, MarketKind.LINEAR_FUTURE)
LINEAR_ROW = RECORDED["instruments_linear"]["list"][0]
DATED_ROW = {
    **LINEAR_ROW, "symbol": "BTCUSDT-26DEC25", "contractType": "LinearFutures", "fundingInterval": 0,
    "deliveryTime": str(int(DECEMBER.timestamp() * 1000)), "deliveryFeeRate": "0.0002",
}  # fmt: skip
COIN_ROW = {
    **LINEAR_ROW, "symbol": "BTCUSD", "contractType": "InversePerpetual", "quoteCoin": "USD", "settleCoin": "BTC",
    "lotSizeFilter": {"maxOrderQty": "25000000", "minOrderQty": "1", "qtyStep": "1", "minNotionalValue": ""},
}  # fmt: skip
TICKER = {
    "symbol": "BTCUSDT", "markPrice": "60000.5", "indexPrice": "60010", "lastPrice": "60000", "openInterestValue": "1",
    "fundingRate": "0.0001", "nextFundingTime": "1757865600000",
}  # fmt: skip
UNDATED = {"symbol": "BTCUSDT-26DEC25", "markPrice": "61200", "fundingRate": "", "nextFundingTime": ""}
HELD = {
    **RECORDED["position_held"]["list"][0], "symbol": "BTCUSD", "size": "60000", "avgPrice": "60000",
    "markPrice": "50000", "positionValue": "1", "positionIM": "1.2", "positionMM": "0.006", "unrealisedPnl": "0.2",
    "liqPrice": "",
}  # fmt: skip
WALLET = {
    "coin": "BTC", "equity": "2.2", "walletBalance": "2", "locked": "0", "totalOrderIM": "0", "totalPositionIM": "1.2",
    "totalPositionMM": "0.006", "unrealisedPnl": "0.2", "usdValue": "1",
}  # fmt: skip


def rows(*found: Mapping[str, Any], category: str = "linear") -> Answer:
    return page({"category": category, "nextPageCursor": "", "list": list(found)})


def _instruments(request: Request) -> Answer:
    if request.url.query.get("status") == "PreLaunch":
        return NOTHING
    listed = {
        "spot": said("instruments_spot"),
        "linear": rows(LINEAR_ROW, DATED_ROW),
        "inverse": rows(COIN_ROW, category="inverse"),
    }
    return listed.get(request.url.query["category"], NOTHING)


def dated(check: Callable[[CcxtVenue], Awaitable[T]], tickers: Answer) -> T:
    pages: dict[str, Any] = {"GET /v5/market/instruments-info": _instruments, "GET /v5/market/tickers": tickers}
    return told(check, pages, market_kinds=BOTH)


def inverse(check: Callable[[CcxtVenue], Awaitable[T]], pages: Mapping[str, Any] | None = None) -> T:
    """Run one check; every private page must be asked for the inverse category."""
    asked = {"GET /v5/position/list": rows(HELD, category="inverse"), **(pages or {})}

    def of_inverse(answer: Any) -> Callable[[Request], Answer]:
        def reply(request: Request) -> Answer:
            wanted = request.url.query.get("category") or json.loads(request.body or "{}").get("category")
            found: Answer = answer(request) if callable(answer) else answer
            return found if wanted == "inverse" else NOTHING

        return reply

    usual: dict[str, Any] = {
        "GET /v5/market/instruments-info": _instruments,
        "GET /v5/account/wallet-balance": page({"list": [{"accountType": "UNIFIED", "coin": [WALLET, *_USDT]}]}),
    }
    private = {name: of_inverse(answer) for name, answer in asked.items()}
    return told(check, {**usual, **private}, market_kinds=(MarketKind.INVERSE_PERPETUAL,))


_USDT = [row for row in RECORDED["wallet"]["list"][0]["coin"] if row["coin"] == "USDT"]


def test_a_dated_contract_has_its_day_and_stands_behind_the_perpetual() -> None:
    """Both come out of the linear list."""
    found = dated(lambda venue: venue.instruments(["BTC"]), rows())
    assert [(row.symbol, row.expires_at) for row in found] == [(PERPETUAL, None), (DATED, DECEMBER)]


def test_a_dated_contract_has_a_mark_with_its_time_and_no_funding() -> None:
    """Ccxt refuses a dated contract by name; of all linear ones it passes on mark, index and the reply's time."""
    tickers = rows(TICKER, {**TICKER, **UNDATED})
    marks = dated(lambda venue: venue.marks([DATED, PERPETUAL]), tickers)
    assert {row.symbol: row.mark_price for row in marks} == {PERPETUAL: Decimal("60000.5"), DATED: Decimal(61200)}
    assert {row.at for row in marks} == {datetime(2025, 9, 14, 8, 13, 38, tzinfo=UTC)}
    rates = dated(lambda venue: venue.funding([DATED, PERPETUAL]), tickers)
    assert [(row.symbol, row.rate, row.interval_h) for row in rates] == [(PERPETUAL, Decimal("0.0001"), Decimal(8))]


def test_a_coin_margined_contract_counts_in_dollars_whatever_its_size_is_called() -> None:
    """The smallest order is what ccxt calls the size of a contract; quantities are dollars none the less."""
    least = {**COIN_ROW, "lotSizeFilter": {**COIN_ROW["lotSizeFilter"], "minOrderQty": "100"}}

    def hundreds(request: Request) -> Answer:
        return rows(least, category="inverse") if request.url.query["category"] == "inverse" else _instruments(request)

    changes: tuple[dict[str, Any], ...] = ({}, {"GET /v5/market/instruments-info": hundreds})
    for pages in changes:
        (held,) = inverse(lambda venue: venue.positions([COIN]), pages)
        assert (held.symbol, held.amount, held.inverse) == (COIN, Decimal(-60000), True)
        assert (held.coins, held.unrealised_pnl) == (Decimal("-1.2"), Decimal("0.2"))


def test_the_coins_behind_it_are_owned_with_their_profit_and_counted_once() -> None:
    """Collateral in coins, a holding of the coin wallet, and the dollars beside them a holding of spot."""
    held = inverse(lambda venue: venue.balances())
    assert {(row.wallet, row.asset): row.total for row in held} == {
        (Wallet.SPOT, "USDT"): Decimal(1000),
        (Wallet.COIN_FUTURES, "BTC"): Decimal("2.2"),
    }
    (collateral,) = inverse(lambda venue: venue.margin_accounts())
    assert (collateral.currency, collateral.wallet, collateral.initial, collateral.maintenance) == (
        "BTC", Decimal(2), Decimal("1.2"), Decimal("0.006"),
    )  # fmt: skip


def test_an_empty_list_is_not_believed_while_coins_are_bound() -> None:
    """The short would be sold a second time."""
    with pytest.raises(Unavailable, match=r"1\.2 BTC are bound"):
        inverse(lambda venue: venue.positions([COIN]), {"GET /v5/position/list": rows(category="inverse")})


def test_resting_orders_are_asked_for_by_the_coin_they_are_settled_in() -> None:
    """Ccxt names USDT by itself, and the answer would be empty."""
    order = {**RECORDED["order"]["list"][0], "symbol": "BTCUSD", "orderStatus": "New", "cumExecQty": "0", "qty": "500"}

    def resting(request: Request) -> Answer:
        return rows(order, category="inverse") if request.url.query.get("settleCoin") == "BTC" else NOTHING

    (found,) = inverse(lambda venue: venue.open_orders([COIN]), {"GET /v5/order/realtime": resting})
    assert (found.symbol, found.amount) == (COIN, Decimal(500))
    assert found.side in (Side.BUY, Side.SELL)


def test_an_order_that_has_ended_is_no_answer_to_what_rests() -> None:
    """Look-ups and lists share a page at Bybit: the reply to one says nothing about the other."""
    ended = {**RECORDED["order"]["list"][0], "symbol": "BTCUSD", "orderStatus": "Cancelled", "cumExecQty": "0"}
    with pytest.raises(Unavailable, match="has ended"):
        inverse(lambda venue: venue.open_orders([COIN]), {"GET /v5/order/realtime": rows(ended, category="inverse")})


def test_funding_was_paid_in_the_coin() -> None:
    """Ccxt says USD, which nobody was ever paid there."""
    row = {**RECORDED["funding"]["list"][0], "symbol": "BTCUSD", "execFee": "-0.0002", "execTime": "1757836800000"}
    since = datetime(2025, 9, 14, tzinfo=UTC)
    (found,) = inverse(lambda venue: venue.income(since), {"GET /v5/execution/list": rows(row, category="inverse")})
    assert (found.symbol, found.currency, found.amount) == (COIN, "BTC", Decimal("0.0002"))


def test_tiers_are_coins() -> None:
    """A limit of 150 is 150 bitcoin."""
    tiers = [{**RECORDED["risk_limit"]["list"][1], "symbol": "BTCUSD", "riskLimitValue": "150"}]
    found = inverse(
        lambda venue: venue.brackets([COIN]), {"GET /v5/market/risk-limit": rows(*tiers, category="inverse")}
    )
    assert [row.notional_cap for row in found[COIN]] == [Decimal(150)]


def test_the_mode_is_told_by_a_coin_margined_row() -> None:
    """The linear contracts have a mode of their own."""
    flat = {**RECORDED["position_flat"]["list"][0], "symbol": "BTCUSD"}
    answer = {"GET /v5/position/list": rows(flat, category="inverse")}
    assert inverse(lambda venue: venue.position_mode(), answer).value == "one-way"
