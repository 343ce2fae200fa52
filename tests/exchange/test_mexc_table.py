"""MEXC's table: recorded replies are read rightly, and a table broken on purpose shows in the exchange's own book."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ccxt.async_support.mexc import mexc as client_class

from bot.doctor import orders_taken
from bot.domain.account import KeyRights, MarginMode, OrderStatus, Side, Wallet
from bot.domain.errors import BallastError, Refused, Unavailable, Unknown
from bot.exchange import translate_unified as public
from bot.exchange import translate_unified_account as account
from bot.exchange.speech import Counts, Speech
from bot.exchange.strict import Unreadable
from bot.exchange.venue import CcxtVenue
from bot.exchange.venues import mexc as table
from bot.exchange.venues.mexc_account import rights, tiers
from bot.sim.answering import AnsweringExchange
from bot.sim.faults import Script
from bot.sim.wire.exchange import ApiKey
from tests.testnet.mexc_world import mexc, with_adapter
from tests.testnet.world import KEY, SECRET

BTC = "BTC/USDT:USDT"
RECORDED = json.loads((Path(__file__).parent / "recorded" / "mexc.json").read_text(encoding="utf-8"))
SIZE = Decimal("0.0001")


def recorded(name: str) -> Any:
    return RECORDED[name]["reply"]


def parsed(how: str, name: str) -> dict[str, Any]:
    """A recorded row as ccxt reads it."""
    client = client_class()
    client.set_markets([market("contract_by_volume")])
    return dict(getattr(client, how)(recorded(name), client.market(BTC)))


def market(name: str) -> dict[str, Any]:
    row = recorded(name)
    return {
        "id": "BTC_USDT", "symbol": BTC, "base": "BTC", "quote": "USDT", "settle": "USDT", "type": "swap",
        "swap": True, "contract": True, "linear": True, "inverse": False, "active": row["state"] == 0, "spot": False,
        "contractSize": row["contractSize"], "precision": {"amount": row["volUnit"], "price": row["priceUnit"]},
        "limits": {"amount": {"min": row["minVol"], "max": row["maxVol"]}}, "info": row,
    }  # fmt: skip


# recorded replies ----------------------------------------------------------------------------------------------------


def test_a_recorded_contract_is_counted_in_coins_and_closed_to_the_api() -> None:
    """One contract is a ten-thousandth of a coin; where the API is not let in, the market is not open to us."""
    row = public.instrument("mexc", market("contract_by_volume"), table.SPEECH)
    assert (row.amount_step, row.amount_max, row.price_tick) == (SIZE, Decimal(40), Decimal("0.1"))
    assert row.active is False
    assert public.instrument("mexc", market("contract_by_steps"), table.SPEECH).active is True


def test_a_ladder_by_volume_becomes_tiers_by_value() -> None:
    """50,000 contracts at 60,000 are 300,000 dollars; deductions make the tiers meet."""
    first, second = account.brackets(tiers(recorded("contract_by_volume"), SIZE, Decimal(60000)))
    assert (first.notional_floor, first.notional_cap) == (Decimal(0), Decimal(300_000))
    assert first.maintenance_rate == Decimal("0.001")
    assert (second.notional_cap, second.leverage_max) == (Decimal(1_860_000), Decimal(200))
    assert second.maintenance_deduction == 300_000 * Decimal("0.0015")


def test_a_ladder_by_value_is_taken_as_it_stands() -> None:
    """No mark price moves it."""
    by_value = {**recorded("contract_by_volume"), "riskLimitType": "BY_VALUE"}
    assert account.brackets(tiers(by_value, SIZE, Decimal(60000)))[0].notional_cap == 50_000


def test_steps_of_one_size_become_tiers() -> None:
    """The older form: a first tier, then equal steps of volume and rates."""
    found = account.brackets(tiers(recorded("contract_by_steps"), SIZE, Decimal(60000)))
    assert [row.notional_cap for row in found][:2] == [60_000, 1_260_000]
    assert [row.maintenance_rate for row in found][:2] == [Decimal("0.004"), Decimal("0.008")]
    assert len(found) == 5
    assert found[0].leverage_max == 125


def test_a_recorded_order_is_ours_by_its_external_id() -> None:
    """The table reads externalOid, which ccxt does not. A side of 1 is a purchase that opens."""
    found = account.order("mexc", parsed("parse_order", "order"), table.SPEECH.orders, SIZE)
    assert found.client_id == "_m_0e9520c256744d64b942985189026d20"
    assert (found.side, found.reduce_only, found.status) == (Side.BUY, False, OrderStatus.OPEN)
    assert found.amount == 15 * SIZE


@pytest.mark.parametrize(
    ("word", "side", "closes"),
    [("1", Side.BUY, False), ("2", Side.BUY, True), ("3", Side.SELL, False), ("4", Side.SELL, True)],
)
def test_four_sides_are_two_sides_that_open_or_close(word: str, side: Side, closes: bool) -> None:
    """Read by ccxt, 2 would be a sale, and 3 and 4 nothing."""
    row = {**parsed("parse_order", "order"), "info": {**recorded("order"), "side": word}}
    found = account.order("mexc", row, table.SPEECH.orders, SIZE)
    assert (found.side, found.reduce_only) == (side, closes)


def test_an_invalid_order_is_a_rejected_one() -> None:
    """State 5, which ccxt passes on as it is."""
    row = {**parsed("parse_order", "order"), "status": "5"}
    assert account.order("mexc", row, table.SPEECH.orders, SIZE).status is OrderStatus.REJECTED


def test_a_recorded_deal_is_counted_in_coins() -> None:
    """One contract, its fee in the settlement currency."""
    found = account.fill("mexc", parsed("parse_trade", "deal"), table.SPEECH.orders, SIZE)
    assert (found.amount, found.price, found.fee, found.fee_currency) == (
        SIZE, Decimal("2.45455"), Decimal("0.00147273"), "USDT",
    )  # fmt: skip


def test_a_recorded_position_needs_a_mark_from_elsewhere() -> None:
    """The row has neither mark nor profit: both come with the ticker."""
    row = parsed("parse_position", "position")
    seen: dict[str, Any] = {"inverse": False, "usual_mode": MarginMode.CROSS}
    found = account.position("mexc", row, table.SPEECH.positions, SIZE, Decimal(1300), **seen)
    assert found is not None
    assert (found.amount, found.margin_mode, found.isolated_margin) == (SIZE, MarginMode.ISOLATED, Decimal("0.1290338"))
    assert found.unrealised_pnl == SIZE * (1300 - Decimal("1217.3"))
    with pytest.raises(Unreadable):
        account.position("mexc", row, table.SPEECH.positions, SIZE, None, **seen)


def test_recorded_assets_are_collateral() -> None:
    """Equity less profit is the wallet; currencies with nothing in them are left out."""
    (row,) = account.margin_accounts("mexc", {"info": recorded("assets")}, table.SPEECH.collateral)
    assert (row.currency, row.wallet, row.withdrawable) == ("USDT", Decimal("0.03176562"), Decimal("0.03176562"))


def test_a_recorded_key_may_not_place_futures_orders() -> None:
    """Rights by name: reading is there, order placing is not, and no address is bound."""
    assert rights(recorded("key")) == KeyRights(
        read=True, trade_futures=False, transfer=False, withdraw=False, ip_restricted=False
    )
    more = {**recorded("key"), "permissions": "CONTRACT_DEAL_WRITE,SPOT_WITHDRAW_WRITE", "ipWhiteList": "10.0.0.1"}
    assert rights(more) == KeyRights(read=False, trade_futures=True, transfer=False, withdraw=True, ip_restricted=True)
    for broken in ({}, {**more, "status": "EXPIRED"}, {**more, "permissions": None}):
        with pytest.raises(Unreadable):
            rights(broken)


# the table against the exchange --------------------------------------------------------------------------------------


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch, speech: Speech) -> Iterator[None]:
    """The table with a mistake in it."""
    with monkeypatch.context() as patched:
        patched.setattr(table, "QUIRKS", replace(table.QUIRKS, speech=speech))
        yield


async def short_and_close(venue: CcxtVenue, world: AnsweringExchange) -> tuple[Decimal, Decimal]:
    """Sell a tenth of a coin short, buy half of it back; what the exchange's own book says after each."""
    common: dict[str, Any] = {"symbol": BTC, "amount": Decimal("0.1")}
    await venue.place_order(
        **common, side=Side.SELL, limit_price=Decimal(49900), reduce_only=False, client_id="open0000000000000001"
    )
    opened = held(world)
    common["amount"] = Decimal("0.05")
    await venue.place_order(
        **common, side=Side.BUY, limit_price=Decimal(50100), reduce_only=True, client_id="close000000000000001"
    )
    return opened, held(world)


def held(world: AnsweringExchange) -> Decimal:
    return sum((row.amount for row in world.exchange.engine.positions("family")), Decimal(0))


def test_the_table_as_it_is_opens_and_halves_a_short() -> None:
    """The exchange's book agrees to the coin, and so does what the adapter reads back."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        assert await short_and_close(venue, world) == (Decimal("-0.1"), Decimal("-0.05"))
        (shown,) = await venue.positions((BTC,))
        assert (shown.amount, shown.mark_price) == (Decimal("-0.05"), Decimal(50000))
        fills = await venue.fills(BTC, world.exchange.now - timedelta(minutes=1))
        assert [(row.side, row.amount) for row in fills] == [(Side.SELL, Decimal("0.1")), (Side.BUY, Decimal("0.05"))]
        order = await venue.order_by_client_id(BTC, "close000000000000001")
        assert order is not None
        assert (order.status, order.filled, order.reduce_only) == (OrderStatus.CLOSED, Decimal("0.05"), True)

    with_adapter(check)


def test_a_side_taken_for_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant "MEXC side": a 1 where 2 was meant buys a long on a flat book, which the true table never can."""

    async def close_nothing(venue: CcxtVenue, world: AnsweringExchange) -> Decimal:
        with suppress(Refused):
            await venue.place_order(
                symbol=BTC, side=Side.BUY, amount=Decimal("0.1"), limit_price=Decimal(50100), reduce_only=True,
                client_id="flat0000000000000001",
            )  # fmt: skip
        return held(world)

    assert with_adapter(close_nothing) == 0
    wrong = replace(table.SPEECH, orders=replace(table.SPEECH.orders, closing={"side": 1}))
    with broken(monkeypatch, wrong):
        assert with_adapter(close_nothing) == Decimal("0.1")


def test_a_contract_taken_for_a_coin_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mutant "contract size ignored": a tenth of a coin is not even one contract."""
    wrong = replace(table.SPEECH, counts=Counts.COINS)
    with broken(monkeypatch, wrong), pytest.raises((BallastError, AssertionError)):
        with_adapter(_as_wanted)


async def _as_wanted(venue: CcxtVenue, world: AnsweringExchange) -> None:
    assert await short_and_close(venue, world) == (Decimal("-0.1"), Decimal("-0.05"))


def test_leverage_set_for_the_other_side_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorts keep their leverage when only that of longs is set."""

    async def set_two(venue: CcxtVenue, world: AnsweringExchange) -> int:
        await venue.set_leverage(BTC, 2)
        return world.exchange.engine.setup("family", "BTCUSDT").leverage

    assert with_adapter(set_two) == 2
    wrong = replace(table.SPEECH, leverage=replace(table.SPEECH.leverage, set_leverage=({"positionType": 1},)))
    with broken(monkeypatch, wrong):
        assert with_adapter(set_two) == 20


def test_an_isolated_order_carries_the_leverage_that_is_set() -> None:
    """Mode and leverage are set together and travel with the order."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        await venue.set_margin_mode(BTC, MarginMode.ISOLATED)
        await venue.set_leverage(BTC, 2)
        await _as_wanted(venue, world)
        (shown,) = await venue.positions((BTC,))
        assert (shown.margin_mode, shown.leverage) == (MarginMode.ISOLATED, Decimal(2))
        assert shown.isolated_margin > 1200

    with_adapter(check, margin_mode=MarginMode.ISOLATED)


def test_funding_is_read_page_after_page() -> None:
    """More bookings than a page holds, newest first: none is lost, none comes twice."""
    answering = mexc()

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        await _as_wanted(venue, world)
        since = world.exchange.now
        for _ in range(230):
            world.advance(timedelta(minutes=1))
            world.exchange.engine.pay_funding("BTCUSDT", Decimal("0.0001"))
        booked = await venue.income(since)
        true = [row for row in world.exchange.engine.income("family", since) if row.kind == "FUNDING_FEE"]
        assert len(booked) == len(true) == 230
        assert sum(row.amount for row in booked) == pytest.approx(sum(row.amount for row in true))
        assert {row.symbol for row in booked} == {BTC}
        assert all(row.amount > 0 for row in booked)

    with_adapter(check, answering)


def test_the_price_of_a_single_asset_is_read() -> None:
    """Asked for one pair, ccxt's call for bids and asks fails; ours does not use it."""

    async def check(venue: CcxtVenue, _: AnsweringExchange) -> None:
        (price,) = await venue.prices(("BTC",), "USDT")
        assert price.price == 50000

    with_adapter(check)


def test_a_resting_order_is_cancelled_by_our_id() -> None:
    """The cancellation goes out as a list of one."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        world.exchange.engine.place(
            "family", market="linear", symbol="BTCUSDT", side="sell", order_type="LIMIT", amount=Decimal("0.1"),
            price=Decimal(51000), client_id="rest0000000000000001",
        )  # fmt: skip
        (resting,) = await venue.open_orders((BTC,))
        assert (resting.client_id, resting.amount) == ("rest0000000000000001", Decimal("0.1"))
        await venue.cancel_order(BTC, "rest0000000000000001")
        assert await venue.open_orders((BTC,)) == ()
        assert await venue.order_by_client_id(BTC, "nobody00000000000001") is None

    with_adapter(check)


def test_markets_that_take_no_orders_are_told_by_the_doctor() -> None:
    """One of several is a warning, all of them a failure."""
    shut, open_ = (
        public.instrument("mexc", market(name), table.SPEECH) for name in ("contract_by_volume", "contract_by_steps")
    )
    assert orders_taken("mexc", [open_]).verdict == "ok"
    assert orders_taken("mexc", [open_, shut]).verdict == "warn"
    failure = orders_taken("mexc", [shut])
    assert (failure.verdict, failure.exit_code) == ("fail", 3)
    assert BTC in failure.text


@pytest.mark.parametrize("data", [[], None, ""])
def test_an_answer_about_something_else_is_no_denial_of_an_order(data: Any) -> None:
    """No positions, or a setting that was made: neither says that there is no such order."""
    (way,) = table.SPEECH.orders.look_up
    with pytest.raises(Unreadable):
        account.first_row({"success": True, "code": 0, "data": data}, way.rows, of_list=way.of_list)


@pytest.mark.parametrize("rubbish", ["body_object", "body_list", "body_null", "body_empty", "body_html", "body_cut"])
def test_rubbish_never_passes_for_an_order_that_is_not_there(rubbish: str) -> None:
    """What is no answer says nothing of an order."""
    answering = mexc(Script(fault=rubbish, scope="lookup", times=20))

    async def check(venue: CcxtVenue, _: AnsweringExchange) -> None:
        with pytest.raises(Unavailable):
            await venue.order_by_client_id(BTC, "nobody00000000000001")

    with_adapter(check, answering)


@pytest.mark.parametrize("code", ["code_1007", "code_1006", "code_1001", "code_new"])
def test_an_error_that_proves_nothing_leaves_an_order_unknown(code: str) -> None:
    """Internal errors, a busy system, a gateway's time-out and a new code: placed or not, it must be looked up."""
    answering = mexc(Script(fault=code, scope="order", executes=True))

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        with pytest.raises(Unknown):
            await short_and_close(venue, world)
        assert held(world) == Decimal("-0.1")
        found = await venue.order_by_client_id(BTC, "open0000000000000001")
        assert found is not None
        assert found.filled == Decimal("0.1")

    with_adapter(check, answering)


def test_more_than_there_is_cannot_be_moved() -> None:
    """A transfer the wallet does not cover is refused, and stays no riddle."""

    async def check(venue: CcxtVenue, _: AnsweringExchange) -> None:
        with pytest.raises(Refused, match="10101"):
            await venue.transfer(currency="USDT", amount=Decimal(10**6), source=Wallet.SPOT, target=Wallet.FUTURES)

    with_adapter(check)


def test_too_many_requests_under_status_200_silence_the_host() -> None:
    """Code 510 is heeded like a 429."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        world.exchange.meter.limits["linear"] = 0
        with pytest.raises(Unavailable):
            await venue.positions((BTC,))
        assert "api.mexc.com" in venue._session.silent_until

    with_adapter(check)


def test_whether_orders_are_permitted_is_known_without_an_order() -> None:
    """The key's own page says it; no write leaves for it."""
    answering = mexc(key=ApiKey(key=KEY, secret=SECRET, account="family", may_trade_futures=False))

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        found = await venue.key_rights()
        assert (found.read, found.trade_futures, found.withdraw) == (True, False, False)
        with pytest.raises(Unavailable, match="704"):
            await short_and_close(venue, world)
        assert held(world) == 0

    with_adapter(check, answering)


def test_mark_index_and_collateral_are_told_apart() -> None:
    """The fair price is the mark; equity less profit is the wallet, to the cent of the exchange's own book."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        await short_and_close(venue, world)
        engine = world.exchange.engine
        moved = replace(engine.quote("linear", "BTCUSDT"), mark=Decimal(50100), index=Decimal(49900))
        engine.advance(engine.now, {("linear", "BTCUSDT"): moved})
        (mark,) = await venue.marks((BTC,))
        assert (mark.mark_price, mark.index_price) == (Decimal(50100), Decimal(49900))
        (shown,), true = await venue.margin_accounts(), engine.margin("family")
        assert true.unrealised_pnl < -5
        assert abs(shown.wallet - true.wallet) < Decimal("0.01")
        assert abs(shown.unrealised_pnl - true.unrealised_pnl) < Decimal("0.01")
        assert abs(shown.initial - true.initial) < Decimal("0.01")

    with_adapter(check)


def test_an_order_that_finds_nothing_does_not_rest() -> None:
    """Immediate or cancel: what is not filled at once is gone."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        await venue.place_order(
            symbol=BTC, side=Side.SELL, amount=Decimal("0.1"), limit_price=Decimal(50500), reduce_only=False,
            client_id="away0000000000000001",
        )  # fmt: skip
        assert await venue.open_orders((BTC,)) == ()
        found = await venue.order_by_client_id(BTC, "away0000000000000001")
        assert found is not None
        assert (found.status, found.filled) == (OrderStatus.CANCELED, Decimal(0))
        assert held(world) == 0

    with_adapter(check)


def test_tiers_are_those_of_the_exchange() -> None:
    """What the adapter computes from the market table is what the exchange reckons with."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        found = (await venue.brackets((BTC,)))[BTC]
        true = world.exchange.engine.contract("BTCUSDT").tiers
        assert [(row.notional_cap, row.maintenance_rate, row.maintenance_deduction) for row in found] == [
            (row.cap, row.maintenance_rate, row.deduction) for row in true
        ]

    with_adapter(check)


def test_a_profit_that_the_account_does_not_have_tells_a_misnamed_position() -> None:
    """Rows tell neither mark nor profit here: what the account has won or lost says whether they are rightly named."""

    async def check(venue: CcxtVenue, world: AnsweringExchange) -> None:
        await short_and_close(venue, world)
        (shown,) = await venue.positions((BTC,))
        (own,) = (row for row in await venue.margin_accounts() if row.currency == "USDT")
        account.believed((shown,), (own,))
        misnamed = replace(shown, entry_price=Decimal(3000), unrealised_pnl=Decimal("-2350"))
        with pytest.raises(Unreadable, match="another market's"):
            account.believed((misnamed,), (own,))
        alone = replace(misnamed, margin_mode=MarginMode.ISOLATED)
        account.believed((shown, alone), (own,))  # whose profit the account's figure leaves out

    with_adapter(check)
