from dataclasses import replace
from datetime import timedelta

from bot.sim.model import Quote
from tests.sim.builders import BTC, ETH, HOUR, START, D, linear, move, quote, rest, trade, world


def test_positive_funding_is_paid_by_longs_to_shorts_on_mark() -> None:
    """A short of 2 at mark 100 and rate 0.1 % receives 0.2; the long pays it."""
    engine = world()
    engine.open_account("other", {("futures", "USDT"): D(1000)})
    engine.advance(START, {BTC: quote("100", rate="0.001")})
    trade(engine, "sell", "2")
    engine.place("other", market="linear", symbol="BTCUSDT", side="buy", order_type="MARKET", amount=D(2))
    engine.advance(START + 8 * HOUR, {BTC: quote("100", rate="-0.005")})
    assert [(line.kind, line.amount, line.at) for line in engine.income("me")] == [
        ("FUNDING_FEE", D("0.2"), START + 8 * HOUR)
    ]
    assert engine.income("other")[0].amount == D("-0.2")
    engine.advance(START + 16 * HOUR, {})
    assert engine.income("me")[-1].amount == D("-1")
    assert [f.rate for f in engine.funding_history("BTCUSDT")] == [D("0.001"), D("-0.005")]


def test_each_symbol_is_funded_at_its_own_interval() -> None:
    """Eight hours for one, one hour for the other."""
    engine = world(linear(), replace(linear("ETHUSDT"), funding_interval_h=1))
    trade(engine, "sell", "1", key=BTC)
    trade(engine, "sell", "1", key=ETH)
    for key in (BTC, ETH):
        engine.advance(START, {key: quote("100", rate="0.0001")})
    engine.advance(START + 8 * HOUR, {})
    paid = [line.symbol for line in engine.income("me") if line.kind == "FUNDING_FEE"]
    assert (paid.count("BTCUSDT"), paid.count("ETHUSDT")) == (1, 8)
    assert engine.funding("ETHUSDT") == (D("0.0001"), 1, START + 9 * HOUR)


def test_a_recorded_rate_is_settled_though_another_one_is_shown() -> None:
    """Clients see the estimate, the wallet sees the record, at the recorded time."""
    engine = world()
    trade(engine, "sell", "1")
    shown = Quote(
        mid=D(100),
        mark=D(100),
        index=D(100),
        funding_rate=D("0.0001"),
        funding_rate_due=D("0.01"),
        funding_interval_h=4,
        funding_next_at=START + 3 * HOUR,
    )
    engine.advance(START, {BTC: shown})
    assert engine.funding("BTCUSDT") == (D("0.0001"), 4, START + 3 * HOUR)
    engine.advance(START + 3 * HOUR, {})
    assert engine.income("me")[0].amount == 1


def test_engine_liquidates_a_short_at_the_price_it_announced() -> None:
    """Just below the announced price nothing happens, at it the account is taken over."""
    engine = world(futures="50")
    engine.set_leverage("me", "BTCUSDT", 2)
    trade(engine, "sell", "1")
    price = engine.liquidation_price("me", "BTCUSDT")
    assert price is not None
    assert round(price, 2) == D("148.51")
    move(engine, "148.51")
    assert engine.positions("me")
    move(engine, "148.52")
    assert not engine.positions("me")
    assert next(event.facts["amount"] for event in engine.ledger if event.kind == "liquidation") == "-1"
    assert D(0) <= engine.margin("me").wallet < D("0.01")
    assert engine.total("USDT") == 50


def test_insurance_covers_what_a_gap_takes_beyond_the_wallet() -> None:
    """A jump to three times the price cannot leave a debt with the account."""
    engine = world(futures="60")
    trade(engine, "sell", "1")
    move(engine, "300")
    assert engine.margin("me").wallet == 0
    assert sum(line.amount for line in engine.income("me") if line.kind == "INSURANCE_CLEAR") == 140
    assert engine.total("USDT") == 60


def test_cross_liquidation_takes_the_account_and_isolated_only_the_position() -> None:
    """The isolated loss stops at its collateral; the other position lives on."""
    engine = world(futures="1000")
    engine.set_leverage("me", "BTCUSDT", 2)
    engine.set_isolated("me", "BTCUSDT", isolated=True)
    trade(engine, "sell", "1", key=BTC)
    trade(engine, "sell", "1", key=ETH)
    assert engine.positions("me")[0].isolated_wallet == 50
    move(engine, "200", key=BTC)
    assert [position.symbol for position in engine.positions("me")] == ["ETHUSDT"]
    assert engine.margin("me").wallet == 950
    cross = world(futures="150")
    trade(cross, "sell", "1", key=BTC)
    trade(cross, "sell", "1", key=ETH)
    resting = rest(cross, "buy", "0.1", "80")
    move(cross, "260", key=BTC)
    assert not cross.positions("me")
    found = cross.find_order("me", *BTC, order_id=resting.order_id)
    assert found is not None
    assert found.state == "CANCELED"


def test_more_isolated_margin_moves_the_liquidation_price_away() -> None:
    """Adding 25 to a short of 1 moves it by 25 / 1.01."""
    engine = world()
    engine.set_leverage("me", "BTCUSDT", 2)
    engine.set_isolated("me", "BTCUSDT", isolated=True)
    trade(engine, "sell", "1")
    before = engine.liquidation_price("me", "BTCUSDT")
    engine.add_isolated_margin("me", "BTCUSDT", D(25))
    after = engine.liquidation_price("me", "BTCUSDT")
    assert before is not None
    assert after is not None
    assert round(after - before, 6) == round(D(25) / D("1.01"), 6)


def test_isolated_wallet_returns_when_the_position_closes() -> None:
    """Opening binds, closing frees, half by half."""
    engine = world()
    engine.set_leverage("me", "BTCUSDT", 2)
    engine.set_isolated("me", "BTCUSDT", isolated=True)
    trade(engine, "sell", "4")
    assert engine.margin("me").available == 800
    trade(engine, "buy", "2", reduce_only=True)
    assert engine.positions("me")[0].isolated_wallet == 100
    trade(engine, "buy", "2", reduce_only=True)
    assert engine.margin("me").available == 1000


def test_small_steps_liquidate_before_the_insurance_has_to_pay() -> None:
    """With steps of 0.2 % and 1 % maintenance the equity never falls below zero."""
    engine = world(linear(fee="0.0005"), futures="100")
    trade(engine, "sell", "15")
    price = D(100)
    while engine.positions("me"):
        price *= D("1.002")
        move(engine, price.quantize(D("0.01")), after=timedelta(minutes=1))
        assert engine.margin("me").equity >= 0
    assert sum(line.amount for line in engine.income("me") if line.kind == "INSURANCE_CLEAR") < 0


def test_auto_deleverage_closes_at_mark_without_fee() -> None:
    """The venue takes half of a short away; the ledger says so."""
    engine = world(linear(fee="0.0005"))
    trade(engine, "sell", "2")
    engine.advance(START + HOUR, {BTC: quote("90", mark="91")})
    engine.auto_deleverage("me", "BTCUSDT", D(1))
    assert engine.positions("me")[0].amount == -1
    assert engine.ledger[-1].kind == "adl"
    last = engine.trades("me", *BTC)[-1]
    assert (last.price, last.fee, last.realised_pnl) == (D(91), D(0), D(9))
