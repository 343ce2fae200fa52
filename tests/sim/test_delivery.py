from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sim.engine import Engine
from bot.sim.model import Quote, Rejected
from bot.sim.state import MarketKey
from tests.sim.builders import BTC, HOUR, START, D, dated, linear, quote, rest, trade, world

EXPIRY = START + 8 * HOUR
NEAR: MarketKey = ("linear", f"BTCUSDT_{EXPIRY:%y%m%d}")
MINUTE = timedelta(minutes=1)


def near(mid: str, index: str) -> Quote:
    return replace(quote(mid), index=D(index))


def short(amount: str = "2", *, fee: str = "0", futures: str = "1000") -> Engine:
    engine = world(dated(EXPIRY, fee=fee), linear(fee=fee), futures=futures)
    engine.advance(START, {NEAR: near("102", "100")})
    trade(engine, "sell", amount, key=NEAR)
    return engine


def test_position_is_closed_at_the_index_averaged_over_the_last_half_hour() -> None:
    """Ten minutes at 100, twenty at 103: settled at 102, whatever the last price says."""
    engine = short()
    engine.advance(EXPIRY - 45 * MINUTE, {NEAR: near("102", "100")})
    engine.advance(EXPIRY - 20 * MINUTE, {NEAR: near("103", "103")})
    assert engine.settlement_price(NEAR[1]) == (D(100), False)
    engine.advance(EXPIRY, {NEAR: near("90", "90")})
    assert engine.settlement_price(NEAR[1]) == (D(102), True)
    assert not engine.positions("me")
    last = engine.trades("me", *NEAR)[-1]
    assert (last.side, last.amount, last.price, last.realised_pnl) == ("buy", D(2), D(102), D(0))
    assert engine.orders("me", *NEAR)[-1].client_id.startswith("settlement_autoclose-")


def test_settlement_books_the_profit_and_the_taker_fee_and_says_so_in_the_ledger() -> None:
    """Short 2 from 102, settled at 100: 4 gained, 0.1 % of 200 paid."""
    engine = short(fee="0.001")
    engine.advance(EXPIRY, {})
    booked = [(line.kind, line.amount) for line in engine.income("me")][-2:]
    assert booked == [("DELIVERY", D(4)), ("COMMISSION", D("-0.2"))]
    (line,) = [row for row in engine.ledger if row.kind == "settlement"]
    assert (line.symbol, line.at, line.facts["amount"], line.facts["price"]) == (NEAR[1], EXPIRY, "-2", "100.00000000")
    assert (D(line.facts["realised_pnl"]), line.facts["position"]) == (D(4), "0")
    assert engine.total("USDT") == 1000


def test_dated_contracts_pay_no_funding() -> None:
    """The perpetual beside it does."""
    engine = world(dated(EXPIRY + 72 * HOUR), linear())
    key: MarketKey = ("linear", f"BTCUSDT_{EXPIRY + 72 * HOUR:%y%m%d}")
    trade(engine, "sell", "1", key=key)
    trade(engine, "sell", "1", key=BTC)
    engine.advance(START, {key: quote("100", rate="0.01"), BTC: quote("100", rate="0.01")})
    engine.advance(START + 24 * HOUR, {key: quote("100", rate="0.01"), BTC: quote("100", rate="0.01")})
    assert {line.symbol for line in engine.income("me")} == {"BTCUSDT"}
    assert engine.funding_history(key[1]) == []
    with pytest.raises(Rejected, match="no_funding"):
        engine.funding(key[1])


def test_funding_and_delivery_of_one_long_step_happen_in_the_order_of_time() -> None:
    """A night in one step: the ledger never goes back."""
    engine = world(dated(START + 12 * HOUR), linear())
    trade(engine, "sell", "1", key=("linear", f"BTCUSDT_{START:%y%m%d}"))
    trade(engine, "sell", "1", key=BTC)
    engine.advance(START, {BTC: quote("100", rate="0.01")})
    engine.advance(START + 24 * HOUR, {})
    rows = [(row.kind, row.at.hour) for row in engine.ledger if row.kind in ("funding", "settlement")]
    assert rows == [("funding", 8), ("settlement", 12), ("funding", 16), ("funding", 0)]


def test_shortly_before_the_delivery_positions_may_only_be_closed() -> None:
    """No opening in the last ten minutes, resting ones are not filled, and afterwards nothing trades."""
    engine = short()
    resting = rest(engine, "sell", "1", "110", key=NEAR)
    reducing = rest(engine, "buy", "1", "95", key=NEAR, reduce_only=True)
    engine.advance(EXPIRY - 10 * MINUTE, {NEAR: near("111", "111")})
    for side, amount in (("sell", "1"), ("buy", "3")):
        with pytest.raises(Rejected, match="closing_only"):
            trade(engine, "sell" if side == "sell" else "buy", amount, key=NEAR)
    assert engine.find_order("me", *NEAR, order_id=resting.order_id).filled == 0  # type: ignore[union-attr]
    trade(engine, "buy", "1", key=NEAR)
    assert engine.positions("me")[0].amount == -1
    engine.advance(EXPIRY, {})
    for order in (resting, reducing):
        assert engine.find_order("me", *NEAR, order_id=order.order_id).state == "EXPIRED"  # type: ignore[union-attr]
    with pytest.raises(Rejected, match="market_closed"):
        trade(engine, "sell", "1", key=NEAR)


def test_new_prices_of_a_delivered_contract_change_nothing() -> None:
    """A feed that goes on after the end is not listened to."""
    engine = short()
    engine.advance(EXPIRY, {})
    before = engine.quote(*NEAR)
    engine.advance(EXPIRY + HOUR, {NEAR: near("50", "50")})
    assert engine.quote(*NEAR) == before


@pytest.mark.parametrize("isolated", [False, True])
def test_a_settlement_far_above_the_mark_leaves_no_debt(isolated: bool) -> None:
    """The mark stood at 100 while the index had doubled: the insurance pays what the account cannot."""
    engine = world(dated(EXPIRY), futures="60")
    engine.set_leverage("me", NEAR[1], 2)
    engine.set_isolated("me", NEAR[1], isolated) if isolated else None
    trade(engine, "sell", "1", key=NEAR)
    engine.advance(EXPIRY - HOUR, {NEAR: near("100", "220")})
    engine.advance(EXPIRY, {})
    assert engine.margin("me").wallet == (10 if isolated else 0)
    assert engine.total("USDT") == 60


def test_exchange_stopped_within_the_average_goes_on_with_it() -> None:
    """Dump and restore in the last half hour settle at the same price."""
    engine = short()
    engine.advance(EXPIRY - 15 * MINUTE, {NEAR: near("104", "104")})
    again = Engine.restore(engine.dump())
    for one in (engine, again):
        one.advance(EXPIRY, {})
    assert again.settlement_price(NEAR[1]) == engine.settlement_price(NEAR[1]) == (D(102), True)
    assert again.dump() == engine.dump()
    once_more = Engine.restore(again.dump())
    once_more.advance(EXPIRY + 24 * HOUR, {})
    assert not [row for row in once_more.ledger if row.kind == "settlement"]
