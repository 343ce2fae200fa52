"""Coin-margined shorts: the laws of linear ones, counted in coins; no rally liquidates one that is covered."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.circumstances import Past, circumstances
from bot.deliberate import deliberate, make_plan, movers
from bot.domain.account import Balance, Book, BookLevel, Side, SymbolSettings, Wallet
from bot.domain.hedge import Target
from bot.domain.instrument import Instrument
from bot.domain.intent import OrderIntent, Plan, TransferIntent
from bot.domain.portfolio import value_portfolio
from bot.domain.snapshot import Holding, Snapshot, VenueView
from bot.execution.planner import MarketDetail
from bot.policy.scene import Memory
from bot.risk.check import check
from bot.risk.collateral import CollateralRule, fit_to_collateral, rules_for
from bot.risk.liquidation import InversePosition, inverse_price
from bot.risk.margin import pools
from bot.upkeep import Mind
from tests.builders import (
    BRACKETS,
    NOW,
    VENUE,
    collateral_rule,
    d,
    instrument,
    margin_limits,
    order_rule,
    policy,
    risk_limits,
    snapshot,
    view,
)
from tests.futures_builders import COIN, coin_margin, inverse, mark_of, short_in

PRICES = st.integers(min_value=1_000, max_value=500_000)
FACES = st.integers(min_value=1, max_value=5_000).map(lambda contracts: Decimal(contracts * 100))


def coin_view(face: str = "0", equity: str = "1", *, price: str = "60000", spot: str = "2") -> VenueView:
    """An account of inverse contracts."""
    row = inverse()
    positions = (short_in(row, face, price),) if Decimal(face) else ()
    kept = (Balance(venue=VENUE, wallet=Wallet.SPOT, asset="BTC", total=d(spot), free=d(spot)),)
    inside = (Balance(venue=VENUE, wallet=Wallet.COIN_FUTURES, asset="BTC", total=d(equity), free=d(equity)),)
    return view(
        instruments=(row,),
        marks=(mark_of(row, price, price),),
        positions=positions,
        margins=(coin_margin(equity),),
        balances=(*kept, *(inside if Decimal(equity) > 0 else ())),
    )


def seen(shown: VenueView) -> Snapshot:
    """All coins of the account as holdings, as observing counts them."""
    rows = tuple(Holding(asset="BTC", amount=row.total, source=f"{VENUE} {row.wallet.value}") for row in shown.balances)
    return replace(snapshot(shown), holdings=rows)


def coin_rule(*, transfers: bool = True) -> CollateralRule:
    """Coins may be moved in, or not."""
    return replace(collateral_rule(transfers=transfers), coins=True)


@given(price=PRICES, coins=st.decimals(min_value="0.001", max_value=100, places=3))
def test_linear_and_inverse_agree_on_worth_and_coins(price: int, coins: Decimal) -> None:
    """The same coins at the same price are worth the same and weigh the same, whichever contract carries them."""
    at = Decimal(price)
    for row in (instrument(), inverse()):
        amount = row.amount_of_coins(coins, at)
        assert abs(row.notional(amount, at) - coins * at) < Decimal("0.000001")
        assert abs(row.coins(amount, at) - coins) < Decimal("0.000001")
        assert abs(row.amount_of(coins * at, at) - amount) < Decimal("0.000001")
        held = short_in(row, str(amount), str(at))
        assert abs(held.notional - coins * at) < Decimal("0.000001")
        assert abs(held.coins + coins) < Decimal("0.000001")
        assert row.floor_amount(amount) <= amount


@given(face=FACES, price=PRICES, share=st.decimals(min_value="0.3", max_value=3, places=2))
def test_the_pool_agrees_with_the_closed_form(face: Decimal, price: int, share: Decimal) -> None:
    """Leverage is face over equity at mark; no rise liquidates an account that holds the coins it owes."""
    owed = face / price
    equity = (owed * share).quantize(Decimal("0.00000001"))
    assume(equity > 0)
    shown = coin_view(str(face), str(equity), price=str(price))
    (pool,) = pools(shown)
    assert pool.leverage is not None
    assert abs(pool.leverage - owed / equity) < Decimal("0.001")
    short = InversePosition(side="short", entry_price=float(price), face_usd=float(face), wallet_coin=float(equity))
    ours = inverse_price(short, float(BRACKETS[0].maintenance_rate))
    if ours is None:
        assert pool.distance > 1000  # the wallet is rounded to eight places
    elif share < Decimal("0.98"):
        assert abs(float(pool.distance) - (ours / price - 1)) < 0.01 * max(1.0, ours / price)


def test_coins_in_the_wallet_are_exposure_and_counted_once() -> None:
    """Two on spot and one behind the short are three owned; nothing of it is cash."""
    portfolio = value_portfolio(seen(coin_view("60000")), quote="USDT", stablecoins=("USDT",))
    exposure = portfolio.exposure("BTC")
    assert exposure is not None
    assert exposure.amount == d(3)
    assert set(exposure.sources) == {"binance spot", "binance coin-futures"}
    assert portfolio.total == d(180_000)
    assert portfolio.shorts == {"BTC": d(60_000)}


def coin_target(face: str, cap: str = "1") -> Target:
    """A short in contracts."""
    return Target(
        venue=VENUE, symbol=COIN, asset="BTC", short_notional=d(face), amount=d(face), leverage_cap=d(cap), reasons=()
    )


def test_missing_coins_are_moved_in_when_allowed() -> None:
    """A short of one coin at 1x with a tenth to spare needs 1.1 coins; 0.5 are there."""
    shown = coin_view(equity="0.5")
    (rule,) = rules_for(shown, coin_rule())
    fit = fit_to_collateral((coin_target("60000"),), shown, d(2), rule)
    assert (fit.top_up, fit.notes) == (d("0.6"), ())
    assert (rule.currency, rule.wallet) == ("BTC", Wallet.COIN_FUTURES)


def test_otherwise_the_short_is_as_large_as_the_coins_carry() -> None:
    """And the note names the coins that are missing."""
    shown = coin_view(equity="0.55")
    (rule,) = rules_for(shown, coin_rule(transfers=False))
    fit = fit_to_collateral((coin_target("60000"),), shown, d(2), rule)
    assert fit.top_up == 0
    assert fit.targets[0].amount == d(30_000)
    assert "0.55 BTC more" in fit.notes[0]


def mind() -> Mind:
    """Half of everything, in coins."""
    return Mind(
        policy=policy(), limits=risk_limits(), margin=margin_limits(), orders=order_rule(),
        collateral={VENUE: coin_rule()},
    )  # fmt: skip


def detail(row: Instrument) -> MarketDetail:
    """A deep book and settings that are as wanted."""
    book = Book(
        venue=VENUE, symbol=row.symbol, at=NOW,
        bids=(BookLevel(price=d("59999"), amount=d(9_000_000)),),
        asks=(BookLevel(price=d("60001"), amount=d(9_000_000)),),
    )  # fmt: skip
    known = SymbolSettings(venue=VENUE, symbol=row.symbol, leverage=d(2), margin_mode=order_rule().margin_mode)
    return MarketDetail(books={(VENUE, row.symbol): book}, settings={(VENUE, row.symbol): known})


def test_a_whole_step_moves_coins_and_sells_contracts() -> None:
    """From three coins and no short to ninety thousand dollars of face, every guard passed."""
    shown = seen(coin_view(equity="0.1", spot="2.9"))
    thought = deliberate(mind(), shown, Memory(), ())
    assert [row.symbol for row in movers(thought, shown)] == [COIN]
    plan = make_plan(mind(), thought, shown, detail(inverse()), "c000001")
    past = Past(unsettled=(), paused=None, halted=None, orders_last_hour=0, notional_last_hour=d(0))
    approved, refusals = check(plan, circumstances(mind(), shown, thought, detail(inverse()), past))
    assert refusals == ()
    move, *orders = approved.intents
    assert isinstance(move, TransferIntent)
    assert (move.currency, move.target) == ("BTC", Wallet.COIN_FUTURES)
    assert sum(row.amount for row in orders if isinstance(row, OrderIntent)) == d(90_000)
    assert all(row.amount % 100 == 0 for row in orders if isinstance(row, OrderIntent))


def test_a_guard_counts_coins_over_all_contracts_of_an_asset() -> None:
    """Three coins owned, all short: not one contract more."""
    shown = seen(coin_view("180000", "1", spot="2"))
    thought = deliberate(mind(), shown, Memory(), ())
    order = OrderIntent(
        id="c000001-01", venue=VENUE, symbol=COIN, side=Side.SELL, amount=d(100), limit_price=d(60_000),
        reduce_only=False, protective=False, reasons=(),
    )  # fmt: skip
    past = Past(unsettled=(), paused=None, halted=None, orders_last_hour=0, notional_last_hour=d(0))
    facts = replace(circumstances(mind(), shown, thought, detail(inverse()), past), growth_blocked=None)
    _, (refusal,) = check(Plan(intents=(order,)), facts)
    assert refusal.guard == "over-hedge"
