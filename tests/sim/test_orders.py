from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sim.engine import Engine
from bot.sim.model import Rejected
from bot.sim.reasons import REASONS
from tests.sim.builders import BTC, ETH, HOUR, SPOT, START, TWO_TIERS, D, linear, move, quote, rest, spot, trade, world


def test_spot_buy_pays_quote_and_receives_base_less_the_fee() -> None:
    """One coin at 100 with 0.1 % fee leaves 900 and 0.999."""
    engine = world(spot_usdt="1000")
    trade(engine, "buy", "1", key=SPOT)
    assert engine.wallet("me", "spot") == {"USDT": (D(900), D(0)), "BTC": (D("0.999"), D(0))}
    assert engine.total("USDT") == 2000
    assert engine.total("BTC") == 0


def test_resting_spot_order_locks_its_money_until_it_is_cancelled() -> None:
    """A buy at 90 locks 90; the cancel frees it."""
    engine = world(spot_usdt="100")
    order = rest(engine, "buy", "1", "90", key=SPOT)
    assert engine.wallet("me", "spot")["USDT"] == (D(10), D(90))
    with pytest.raises(Rejected, match="insufficient_balance"):
        rest(engine, "buy", "1", "90", key=SPOT)
    assert engine.cancel("me", *SPOT, order_id=order.order_id).state == "CANCELED"
    assert engine.wallet("me", "spot")["USDT"] == (D(100), D(0))
    with pytest.raises(Rejected, match="order_not_found"):
        engine.cancel("me", *SPOT, order_id=order.order_id)


def test_resting_order_fills_at_its_own_price_when_the_market_comes() -> None:
    """A sell at 110 fills at 110 when the market stands at 112."""
    engine = world()
    order = rest(engine, "sell", "1", "110")
    move(engine, "105")
    assert engine.open_orders("me", *BTC)
    move(engine, "112")
    found = engine.find_order("me", *BTC, order_id=order.order_id)
    assert found is not None
    assert (found.state, found.filled_quote) == ("FILLED", D(110))
    assert engine.trades("me", *BTC)[0].maker
    assert engine.positions("me")[0].entry_price == 110


def test_order_fills_partly_when_the_depth_runs_out_and_expires_when_immediate() -> None:
    """An immediate order takes what lies within its limit; the book needs time to fill up again."""
    engine = world(depth="500", futures="100000")
    first = engine.place(
        "me",
        market="linear",
        symbol="BTCUSDT",
        side="sell",
        order_type="LIMIT",
        amount=D(10),
        price=D("99.98"),
        time_in_force="IOC",
    )
    assert first.state == "EXPIRED"
    assert D("2.9") < first.filled < D("3.1")
    at_once = engine.book(*BTC, 1)[0][0][0]
    assert at_once < D("99.98")
    engine.advance(engine.now + timedelta(minutes=2), {})
    assert engine.book(*BTC, 1)[0][0][0] == 100


def test_fill_or_kill_does_nothing_when_it_cannot_fill_all() -> None:
    """The order is recorded as expired without a trade."""
    engine = world(depth="500", futures="100000")
    order = engine.place(
        "me",
        market="linear",
        symbol="BTCUSDT",
        side="sell",
        order_type="LIMIT",
        amount=D(10),
        price=D("99.98"),
        time_in_force="FOK",
    )
    assert (order.state, order.filled) == ("EXPIRED", D(0))
    assert not engine.positions("me")


def test_post_only_order_that_would_trade_is_refused() -> None:
    """A resting one is taken, a crossing one is not."""
    engine = world()
    words = {"market": "linear", "symbol": "BTCUSDT", "side": "sell", "order_type": "LIMIT", "time_in_force": "GTX"}
    assert engine.place("me", amount=D(1), price=D(101), **words).state == "NEW"  # type: ignore[arg-type]
    with pytest.raises(Rejected, match="post_only"):
        engine.place("me", amount=D(1), price=D(99), **words)  # type: ignore[arg-type]


def test_reduce_only_is_cut_to_the_position_and_refused_without_one() -> None:
    """Closing more than there is closes exactly what there is."""
    engine = world()
    with pytest.raises(Rejected, match="reduce_only"):
        trade(engine, "buy", "1", reduce_only=True)
    trade(engine, "sell", "1")
    with pytest.raises(Rejected, match="reduce_only"):
        trade(engine, "sell", "1", reduce_only=True)
    order = trade(engine, "buy", "5", reduce_only=True)
    assert (order.amount, order.state) == (D(1), "FILLED")
    assert not engine.positions("me")


def test_resting_reduce_only_order_expires_with_its_position() -> None:
    """Nothing is left to reduce, so the order cannot open the other side later."""
    engine = world()
    trade(engine, "sell", "1")
    order = rest(engine, "buy", "1", "90", reduce_only=True)
    trade(engine, "buy", "1")
    found = engine.find_order("me", *BTC, order_id=order.order_id)
    assert found is not None
    assert found.state == "EXPIRED"


def test_filters_refuse_with_their_own_word() -> None:
    """Lot, tick, band, minimum and maximum each have a reason."""
    engine = world(futures="10000000")
    for amount, price, reason in (
        ("0.0005", "100", "lot_size"),
        ("1.0001", "100", "lot_size"),
        ("1", "100.001", "price_filter"),
        ("1", "40", "price_band"),
        ("0.01", "100", "min_notional"),
        ("10001", "100", "max_amount"),
    ):
        with pytest.raises(Rejected) as caught:
            rest(engine, "sell", amount, price)
        assert caught.value.reason == reason
    with pytest.raises(Rejected, match="max_amount"):
        trade(engine, "sell", "5001")
    with pytest.raises(Rejected, match="unknown_symbol"):
        trade(engine, "sell", "1", key=("linear", "NOPEUSDT"))
    rejected = [event.facts["reason"] for event in engine.ledger if event.kind == "order.rejected"]
    assert set(rejected) <= REASONS
    assert len(rejected) == 8


def test_reduction_below_the_minimum_notional_is_taken() -> None:
    """A rest of a position must always be closable."""
    engine = world()
    trade(engine, "sell", "0.06")
    trade(engine, "buy", "0.05", reduce_only=True)
    assert trade(engine, "buy", "0.01", reduce_only=True).state == "FILLED"


def test_client_id_is_unique_among_open_orders_only_unless_told_otherwise() -> None:
    """Binance forgets ended orders; other venues do not."""
    engine = world()
    rest(engine, "sell", "1", "110", client_id="a")
    with pytest.raises(Rejected, match="duplicate_client_id"):
        rest(engine, "sell", "1", "110", client_id="a")
    engine.cancel("me", *BTC, client_id="a")
    assert rest(engine, "sell", "1", "120", client_id="a").state == "NEW"
    found = engine.find_order("me", *BTC, client_id="a")
    assert found is not None
    assert found.price == 120
    strict = Engine(listings=(linear(),), at=START, unique_forever=True)
    strict.advance(START, {BTC: quote("100")})
    strict.open_account("me", {("futures", "USDT"): D(1000)})
    rest(strict, "sell", "1", "110", client_id="a")
    strict.cancel("me", *BTC, client_id="a")
    with pytest.raises(Rejected, match="duplicate_client_id"):
        rest(strict, "sell", "1", "110", client_id="a")


def test_initial_margin_counts_resting_orders_and_bounds_what_can_be_opened() -> None:
    """1000 at leverage 2 carries 2000 of notional, resting orders included."""
    engine = world()
    engine.set_leverage("me", "BTCUSDT", 2)
    rest(engine, "sell", "10", "110")
    state = engine.margin("me")
    assert (state.initial, state.order_initial, state.available) == (D(0), D(550), D(450))
    with pytest.raises(Rejected, match="insufficient_margin"):
        trade(engine, "sell", "10")
    trade(engine, "sell", "9")
    with pytest.raises(Rejected, match="insufficient_margin"):
        engine.set_leverage("me", "BTCUSDT", 1)


def test_leverage_brackets_bound_leverage_and_notional() -> None:
    """Above 10000 of notional only leverage 10 is allowed."""
    engine = world(linear(tiers=TWO_TIERS), futures="100000")
    with pytest.raises(Rejected, match="leverage_bracket"):
        engine.set_leverage("me", "BTCUSDT", 101)
    with pytest.raises(Rejected, match="leverage_bracket"):
        trade(engine, "sell", "101")
    engine.set_leverage("me", "BTCUSDT", 10)
    trade(engine, "sell", "101")
    with pytest.raises(Rejected, match="leverage_bracket"):
        engine.set_leverage("me", "BTCUSDT", 50)


def test_modes_change_only_while_nothing_is_open() -> None:
    """Margin mode and position mode refuse with open risk and when nothing would change."""
    engine = world()
    with pytest.raises(Rejected, match="no_need_to_change"):
        engine.set_isolated("me", "BTCUSDT", isolated=False)
    with pytest.raises(Rejected, match="no_need_to_change"):
        engine.set_hedge_mode("me", on=False)
    trade(engine, "sell", "1")
    with pytest.raises(Rejected, match="margin_mode_position"):
        engine.set_isolated("me", "BTCUSDT", isolated=True)
    with pytest.raises(Rejected, match="position_mode_open"):
        engine.set_hedge_mode("me", on=True)
    trade(engine, "buy", "1", reduce_only=True)
    engine.set_hedge_mode("me", on=True)
    with pytest.raises(Rejected, match="position_side"):
        trade(engine, "sell", "1")


def test_a_market_that_does_not_trade_takes_no_order() -> None:
    """A stale price and a delisted market both say closed."""
    engine = world()
    engine.advance(START + HOUR, {ETH: replace(quote("100"), stale=True)})
    with pytest.raises(Rejected, match="market_closed"):
        trade(engine, "sell", "1", key=ETH)
    halted = world(replace(linear(), tradable=False))
    with pytest.raises(Rejected, match="market_closed"):
        trade(halted, "sell", "1")


def test_transfer_moves_only_what_is_free() -> None:
    """Margin in use stays; the rest moves and is listed."""
    engine = world()
    engine.set_leverage("me", "BTCUSDT", 1)
    trade(engine, "sell", "6")
    with pytest.raises(Rejected, match="insufficient_balance"):
        engine.transfer("me", "USDT", D(401), "futures", "spot")
    done = engine.transfer("me", "USDT", D(400), "futures", "spot")
    assert engine.transfers("me") == [done]
    assert engine.wallet("me", "spot")["USDT"] == (D(400), D(0))
    assert [(line.kind, line.amount) for line in engine.income("me")] == [("TRANSFER", D(-400))]
    with pytest.raises(Rejected, match="amount_not_positive"):
        engine.transfer("me", "USDT", D(0), "spot", "futures")


def test_one_position_flips_through_zero_and_realises_the_first_part() -> None:
    """Short 1 from 100, buy 3 at 90: profit 10, long 2 from 90."""
    engine = world(linear(), spot())
    trade(engine, "sell", "1")
    move(engine, "90")
    trade(engine, "buy", "3")
    position = engine.positions("me")[0]
    assert (position.amount, position.entry_price) == (D(2), D(90))
    assert sum(t.realised_pnl for t in engine.trades("me", *BTC)) == 10


def test_nonsense_numbers_are_refused_by_word() -> None:
    """Not a number, infinite, negative and absurdly large amounts and prices never reach the arithmetic."""
    engine = world()
    for amount in ("NaN", "Infinity", "-1", "0", "1e40", "1"):
        for price in ("NaN", "Infinity", "-5", "1e40", "0"):
            for key in (BTC, SPOT):
                with pytest.raises(Rejected) as caught:
                    rest(engine, "sell", amount, price, key=key)
                assert caught.value.reason in ("lot_size", "price_filter")
    for amount in ("NaN", "Infinity", "-1", "0", "1e40", "1e-9"):
        with pytest.raises(Rejected, match="amount_not_positive"):
            engine.transfer("me", "USDT", D(amount), "futures", "spot")
