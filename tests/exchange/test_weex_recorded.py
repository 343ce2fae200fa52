"""Replies of WEEX as others recorded or documented them are read as what they say; sources in recorded/weex.json."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.domain.account import MarginMode, OrderStatus, PositionMode, Side
from bot.domain.errors import AlreadyExists, Refused, Unavailable, Unknown
from bot.exchange.venue import CcxtVenue
from tests.exchange.world import Answer, FakeTransport, FrozenClock, asked, reply

T = TypeVar("T")
RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "weex.json").read_text(encoding="utf-8"))
DOGE = "DOGE/USDT:USDT"
ETH = "ETH/USDT:USDT"
CREATE = "POST /capi/v3/order"
SELL: dict[str, Any] = {
    "symbol": ETH, "side": Side.SELL, "amount": Decimal("0.01"), "limit_price": Decimal(69000), "reduce_only": False,
    "client_id": "myorder0001",
}  # fmt: skip


def said(name: str) -> Answer:
    found = {key: value for key, value in RECORDED[name].items() if key != "source"}
    return reply(found["rows"] if list(found) == ["rows"] else found)


def told(check: Callable[[CcxtVenue], Awaitable[T]], at_ms: int = 1786347290000, **answers: Answer | list[Answer]) -> T:
    """Run one check against the recorded pages; `answers` are by page name."""
    pages = {
        "GET /api/v3/time": reply({"serverTime": at_ms}),
        "GET /capi/v3/market/time": reply({"serverTime": at_ms}),
        "GET /api/v3/exchangeInfo": said("spot_info"),
        "GET /capi/v3/market/exchangeInfo": said("contract_info"),
        "GET /capi/v3/market/premiumIndex": said("premium"),
        "GET /capi/v3/account/balance": said("balance"),
        "GET /api/v3/account/": said("spot_balance"),
        "GET /capi/v3/account/position/allPosition": said("position"),
        "GET /capi/v3/account/symbolConfig": said("settings"),
        "GET /capi/v3/openOrders": said("open_orders"),
        "GET /capi/v3/order": said("order"),
        "GET /capi/v3/userTrades": said("trade"),
        "POST /capi/v3/account/income": said("funding"),
        "GET /capi/v3/order/history": reply([]),
        CREATE: said("accepted"),
    }
    names = {
        "create": CREATE, "order": "GET /capi/v3/order", "history": "GET /capi/v3/order/history",
        "balance": "GET /capi/v3/account/balance", "positions": "GET /capi/v3/account/position/allPosition",
    }  # fmt: skip
    transport = FakeTransport({**pages, **{names[name]: answer for name, answer in answers.items()}})
    clock = FrozenClock(datetime.fromtimestamp(at_ms / 1000, tz=UTC))
    return asked(check, transport=transport, venue_id="weex", clock=clock, api_passphrase="passphrase")


def test_the_step_of_a_contract_is_its_value_where_that_is_coarser() -> None:
    """100 DOGE at a time although amounts have no decimals; 0.001 ETH; both counted in coins."""
    found = told(lambda venue: venue.instruments(["DOGE", "ETH"]))
    steps = {row.base: (row.amount_step, row.amount_min, row.price_tick, row.contract_size) for row in found}
    assert steps == {
        "ETH": (Decimal("0.001"), Decimal("0.001"), Decimal("0.01"), Decimal(1)),
        "DOGE": (Decimal(100), Decimal(100), Decimal("0.00001"), Decimal(1)),
    }


def test_a_position_is_in_coins_at_the_mark_read_beside() -> None:
    """300 DOGE, not 300 times 100; the entry is the open value per coin."""
    (held,) = told(lambda venue: venue.positions([DOGE]))
    assert (held.symbol, held.amount, held.entry_price) == (DOGE, Decimal(300), Decimal("0.09323"))
    assert (held.mark_price, held.unrealised_pnl) == (Decimal("0.09325"), Decimal("0.006"))
    assert (held.margin_mode, held.liquidation_price) == (MarginMode.CROSS, None)


def test_a_long_beside_a_short_is_told_for_what_it_is() -> None:
    """The owner learns which contract, and what to do."""
    (row,) = RECORDED["position"]["rows"]
    with pytest.raises(Unavailable, match=r"DOGE/USDT:USDT: a long and a short at once.*close the long"):
        told(lambda venue: venue.positions([DOGE]), positions=reply([row, {**row, "side": "SHORT", "size": "100"}]))


def test_the_coming_rate_is_the_forecast() -> None:
    """`lastFundingRate` was paid already; collectCycle is in minutes."""
    rates = {row.symbol: row for row in told(lambda venue: venue.funding([ETH, DOGE]))}
    assert (rates[ETH].rate, rates[ETH].interval_h) == (Decimal("0.00003489"), Decimal(8))
    assert rates[DOGE].interval_h == 4
    assert rates[ETH].next_at == datetime.fromtimestamp(1786348800, tz=UTC)


def test_collateral_that_tells_nothing_is_no_witness_of_a_flat_account() -> None:
    """Two empty lists, one after another, may both be accidents: the positions are asked for once more."""
    (held,) = told(
        lambda venue: venue.positions([DOGE]), positions=[reply([]), said("position")], balance=reply([])
    )  # fmt: skip
    assert held.amount != 0
    assert told(lambda venue: venue.positions([DOGE]), positions=reply([]), balance=reply([])) == ()


def test_collateral_bound_by_positions_is_what_is_neither_free_nor_lost() -> None:
    """`frozen` is what orders hold; 12 available of 20 with a loss of 1 leaves 7 bound."""
    (free,) = told(lambda venue: venue.margin_accounts())
    assert (free.currency, free.wallet, free.initial) == ("USDT", Decimal(20), Decimal(0))
    row = {"asset": "USDT", "balance": "20", "availableBalance": "12", "frozen": "0", "unrealizePnl": "-1"}
    (bound,) = told(lambda venue: venue.margin_accounts(), balance=reply([row]))
    assert (bound.wallet, bound.initial, bound.withdrawable) == (Decimal(20), Decimal(7), Decimal(12))


def test_settings_and_mode_come_from_one_page() -> None:
    """Combined positions are one-way mode; the leverage is that of the margin mode."""
    (found,) = told(lambda venue: venue.settings([DOGE]))
    assert (found.leverage, found.margin_mode) == (Decimal(20), MarginMode.CROSS)
    assert told(lambda venue: venue.position_mode()) is PositionMode.ONE_WAY


def test_an_order_is_found_by_our_id() -> None:
    """Status, filled amount in coins and average price as documented."""
    found = told(lambda venue: venue.order_by_client_id(ETH, "myorder0001"))
    assert found is not None
    assert (found.status, found.side, found.filled, found.average_price) == (
        OrderStatus.CLOSED, Side.SELL, Decimal("0.01"), Decimal("68990.5"),
    )  # fmt: skip


def test_only_the_venue_s_own_word_makes_an_order_absent() -> None:
    """-3200 does, when both lists agree; another code, an empty page or another order prove nothing."""
    gone = reply({"code": -3200, "msg": "Order does not exist."}, 400)
    assert told(lambda venue: venue.order_by_client_id(ETH, "myorder0001"), order=gone) is None
    unclear = reply({"code": -9999, "msg": "Something new."}, 400)
    for order, history in ((unclear, reply([])), (reply({}), reply([])), (gone, unclear)):
        with pytest.raises(Unavailable):
            told(lambda venue: venue.order_by_client_id(ETH, "myorder0001"), order=order, history=history)
    with pytest.raises(Unavailable):
        told(lambda venue: venue.order_by_client_id(ETH, "another0001"))


def test_where_our_id_is_no_question_the_lists_tell() -> None:
    """The manual names only orderId: refused as such, the order is found in the history, or counts as absent there."""
    refused = reply({"code": -1140, "msg": "Either orderId or origClientOrderId must be sent."}, 400)
    row = {key: value for key, value in RECORDED["order"].items() if key != "source"}
    other = {**row, "clientOrderId": "another0001", "orderId": 1}
    found = told(lambda venue: venue.order_by_client_id(ETH, "myorder0001"), order=refused, history=reply([other, row]))
    assert found is not None
    assert (found.order_id, found.filled) == ("702345678901234567", Decimal("0.01"))
    absent = told(lambda venue: venue.order_by_client_id(ETH, "myorder0001"), order=refused, history=reply([other]))
    assert absent is None


def test_an_order_of_somebody_else_is_seen() -> None:
    """A resting buy of the owner, in coins."""
    (found,) = told(lambda venue: venue.open_orders([DOGE]))
    assert (found.symbol, found.side, found.amount, found.status) == (DOGE, Side.BUY, Decimal(1400), OrderStatus.OPEN)


def test_an_accepted_order_carries_an_empty_error_code() -> None:
    """It is a success: taken, not an unknown outcome."""
    placed = told(lambda venue: venue.place_order(**SELL))
    assert (placed.order_id, placed.client_id, placed.filled) == ("702345678901234567", "myorder0001", Decimal(0))


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("-1142", "Parameter is invalid.", Refused),
        ("-1054", "FAILED_PRECONDITION: available amount not enough.", Refused),
        ("-1054", "System error, please retry later.", Unknown),
        ("-7777", "Something new.", Unknown),
        ("SOMETHING", "words", Unknown),
    ],
)
def test_a_refusal_in_a_success_is_told_from_an_unknown_outcome(
    code: str, message: str, expected: type[Exception]
) -> None:
    """One code stands for two things; the words of the account decide, and no other word does."""
    with pytest.raises(expected):
        told(lambda venue: venue.place_order(**SELL), create=reply(_refused(code, message)))


def test_a_refusal_that_names_another_order_is_none_of_ours() -> None:
    """It was given to that one: ours may stand at the venue, so it is looked up."""
    words = "FAILED_PRECONDITION: available amount not enough."
    with pytest.raises(Unknown):
        told(lambda venue: venue.place_order(**SELL), create=reply(_refused("-1054", words, about="anothers")))


def _refused(code: str, message: str, *, about: str = "myorder0001") -> dict[str, object]:
    return {"orderId": None, "clientOrderId": about, "success": False, "errorCode": code, "errorMessage": message}


def test_a_refused_order_without_a_code_is_unknown() -> None:
    """`success: false` and nothing else proves nothing."""
    refused = {"orderId": None, "clientOrderId": "x", "success": False, "errorCode": "", "errorMessage": ""}
    with pytest.raises(Unknown):
        told(lambda venue: venue.place_order(**SELL), create=reply(refused))


def test_a_trade_with_its_fee() -> None:
    """Coins, and the fee in the settlement currency."""
    since = datetime.fromtimestamp(1775732000, tz=UTC)
    (fill,) = told(lambda venue: venue.fills(DOGE, since), 1775732300000)
    assert (fill.side, fill.amount, fill.price, fill.fee, fill.fee_currency) == (
        Side.BUY, Decimal(100), Decimal("0.09175"), Decimal("0.001835"), "USDT",
    )  # fmt: skip


def test_funding_received_is_positive() -> None:
    """The venue's own sign is ours."""
    since = datetime.fromtimestamp(1789214000, tz=UTC)
    (row,) = told(lambda venue: venue.income(since), 1789214500000)
    assert (row.symbol, row.kind, row.amount, row.currency) == (DOGE, "funding", Decimal("0.00000378"), "USDT")


def test_a_code_is_never_taken_for_a_duplicate() -> None:
    """The venue documents none, so no answer may claim that an earlier try was placed."""
    refused = {"code": -1142, "msg": "Parameter 'newClientOrderId' is invalid."}
    with pytest.raises(Refused) as found:
        told(lambda venue: venue.place_order(**SELL), create=reply(refused, 400))
    assert not isinstance(found.value, AlreadyExists)
