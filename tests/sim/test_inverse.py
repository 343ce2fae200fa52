import pytest

from bot.sim.engine import Engine
from bot.sim.model import Listing, Rejected
from bot.sim.state import MarketKey
from tests.sim.builders import HOUR, START, D, inverse, linear, move, quote, rest, trade, world

COIN: MarketKey = ("inverse", "BTCUSD_PERP")


def coins(*listings: Listing, bitcoins: str = "10") -> Engine:
    """Contracts of ten dollars at a price of 100: ten contracts are one coin."""
    engine = world(*(listings or (inverse(), linear())))
    engine.deposit("me", "coin_futures", "BTC", D(bitcoins))
    return engine


def test_profit_of_a_short_is_counted_in_coins() -> None:
    """100 contracts short from 100, closed at 80: 1000 dollars are 10 coins first and 12.5 later."""
    engine = coins()
    trade(engine, "sell", "100", key=COIN)
    move(engine, "80", key=COIN)
    assert engine.unrealised_pnl("me", COIN[1]) == D("2.5")
    trade(engine, "buy", "100", key=COIN)
    assert engine.trades("me", *COIN)[-1].realised_pnl == D("2.5")
    assert engine.margin("me", "BTC", "inverse").wallet == D("12.5")
    assert engine.total("BTC") == 10


def test_a_short_of_all_coins_keeps_their_worth_in_dollars() -> None:
    """The synthetic dollar: ten coins and a short of their worth are 1000 dollars at any price."""
    engine = coins()
    trade(engine, "sell", "100", key=COIN)
    for price in ("40", "100", "250"):
        move(engine, price, key=COIN)
        assert round(engine.margin("me", "BTC", "inverse").equity * D(price), 8) == 1000


def test_entry_price_of_two_parts_is_their_harmonic_mean() -> None:
    """100 contracts at 100 and 100 at 50 are 10 and 20 coins: 2000 dollars for 30 coins."""
    engine = coins(bitcoins="100")
    trade(engine, "sell", "100", key=COIN)
    move(engine, "50", key=COIN)
    order = trade(engine, "sell", "100", key=COIN)
    assert order.average_price == 50
    assert round(engine.positions("me")[0].entry_price, 6) == D("66.666667")
    assert round(engine.unrealised_pnl("me", COIN[1]), 20) == 10


def test_fees_funding_and_margin_are_coins_in_a_wallet_of_their_own() -> None:
    """0.1 % of ten coins, 1 % funding received, initial margin at 2x; the dollar wallet is untouched."""
    engine = coins(inverse(fee="0.001"), linear())
    engine.set_leverage("me", COIN[1], 2)
    engine.advance(START, {COIN: quote("100", rate="0.01")})
    order = trade(engine, "sell", "100", key=COIN)
    assert (order.filled_coin, order.filled_quote) == (D(10), D(1000))
    assert engine.trades("me", *COIN)[0].fee == D("0.01")
    assert engine.trades("me", *COIN)[0].fee_currency == "BTC"
    engine.advance(START + 8 * HOUR, {})
    booked = [(line.kind, line.amount, line.currency) for line in engine.income("me", wallet="coin_futures")]
    assert booked == [("COMMISSION", D("-0.01"), "BTC"), ("FUNDING_FEE", D("0.1"), "BTC")]
    assert engine.income("me") == []
    state = engine.margin("me", "BTC", "inverse")
    assert (state.wallet, state.initial, state.maintenance) == (D("10.09"), D(5), D("0.1"))
    assert engine.wallet("me", "coin_futures")["BTC"] == (D("5.09"), D(5))
    assert engine.margin("me").wallet == 1000


def test_short_is_taken_over_at_the_price_announced_and_only_the_coin_wallet_pays() -> None:
    """Five coins against a short of ten: 198, and the linear position lives on."""
    engine = coins(bitcoins="5")
    engine.set_leverage("me", COIN[1], 2)
    trade(engine, "sell", "100", key=COIN)
    trade(engine, "sell", "1")
    assert engine.liquidation_price("me", COIN[1]) == 198
    move(engine, "197.9", key=COIN)
    assert len(engine.positions("me")) == 2
    move(engine, "198.1", key=COIN)
    assert [row.symbol for row in engine.positions("me")] == ["BTCUSDT"]
    assert engine.margin("me", "BTC", "inverse").wallet >= 0
    assert engine.margin("me").wallet == 1000
    assert engine.total("BTC") == 5


def test_isolated_collateral_is_bound_in_coins_and_more_of_it_moves_the_liquidation_away() -> None:
    """Half of ten coins at 2x; the rest of the wallet stays free."""
    engine = coins()
    engine.set_leverage("me", COIN[1], 2)
    engine.set_isolated("me", COIN[1], isolated=True)
    trade(engine, "sell", "100", key=COIN)
    assert engine.positions("me")[0].isolated_wallet == 5
    assert engine.liquidation_price("me", COIN[1]) == 198
    engine.add_isolated_margin("me", COIN[1], D(1))
    assert engine.liquidation_price("me", COIN[1]) == D("247.5")
    assert engine.margin("me", "BTC", "inverse").available == 4


def test_coins_bound_by_a_position_cannot_leave_the_wallet() -> None:
    """Transfers to spot stop at what is free, and are written into the coin statement."""
    engine = coins()
    engine.set_leverage("me", COIN[1], 2)
    trade(engine, "sell", "100", key=COIN)
    engine.transfer("me", "BTC", D(5), "coin_futures", "spot")
    assert engine.wallet("me", "coin_futures")["BTC"] == (D(0), D(5))
    assert [(row.kind, row.amount) for row in engine.income("me", wallet="coin_futures")] == [("TRANSFER", D(-5))]


def test_depth_is_dollars_and_amounts_are_contracts() -> None:
    """1000 dollars within five basis points are twenty contracts a level; what was taken is missing afterwards."""
    engine = coins()
    engine.advance(START, {COIN: quote("100", depth="1000")})
    bids, _ = engine.book(*COIN, levels=3)
    assert [amount for _, amount in bids] == [D(20)] * 3
    trade(engine, "sell", "30", key=COIN)
    assert engine.book(*COIN, levels=1)[0][0][1] == 10


def test_position_modes_of_linear_and_coin_margined_accounts_are_two() -> None:
    """Hedge mode of one refuses orders there only."""
    engine = coins()
    engine.set_hedge_mode("me", True, "inverse")
    trade(engine, "sell", "1")
    assert (engine.hedge_mode("me", "inverse"), engine.hedge_mode("me")) == (True, False)


def test_resting_inverse_orders_bind_coins() -> None:
    """A rest of 50 contracts at 125 and 2x binds two coins."""
    engine = coins()
    engine.set_leverage("me", COIN[1], 2)
    rest(engine, "sell", "50", "125", key=COIN)
    assert engine.order_initial("me", COIN[1]) == 2
    assert Engine.restore(engine.dump()).dump() == engine.dump()


def test_selling_below_the_mark_needs_collateral_for_the_loss_it_makes_at_once() -> None:
    """1000 dollars at 90 under a mark of 100: 5.56 coins at 2x and 1.11 of loss; buying there loses nothing."""
    engine = coins(bitcoins="6")
    engine.set_leverage("me", COIN[1], 2)
    engine.advance(START, {COIN: quote("90", mark="100")})
    with pytest.raises(Rejected, match="insufficient_margin"):
        trade(engine, "sell", "100", key=COIN)
    assert trade(engine, "buy", "100", key=COIN).state == "FILLED"
