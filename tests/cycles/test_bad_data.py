"""One coin's bad data freezes that coin: the others go on, and protection works with the symbols that are sound."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.deliberate import Deliberation, deliberate
from bot.domain.account import MarginAccount, MarginMode, Position
from bot.domain.snapshot import Snapshot
from bot.policy.scene import Memory
from bot.policy.size import Allocation
from bot.setaside import leaning_on_frozen
from bot.upkeep import Mind
from tests.builders import (
    BTC,
    ETH,
    VENUE,
    collateral_rule,
    d,
    instrument,
    margin,
    margin_limits,
    mark,
    order_rule,
    policy,
    position,
    risk_limits,
    snapshot,
    spot,
    view,
)
from tests.futures_builders import inverse

WHY = "mark 60000 and index 90000 of BTC/USDT:USDT are too far apart"


def _mind(*, transfers: bool = True) -> Mind:
    return Mind(
        policy=policy(),
        limits=risk_limits(),
        margin=margin_limits(),
        orders=order_rule(),
        collateral={VENUE: collateral_rule(transfers=transfers)},
    )


def _seen(*positions: Position, account: MarginAccount | None = None, usdt: str = "50000") -> Snapshot:
    """BTC is frozen, ETH is sound."""
    shown = view(
        instruments=(instrument(), instrument("ETH")),
        marks=(mark(), mark("ETH", "3000")),
        positions=positions,
        margins=(account or margin("40000"),),
        balances=(spot("USDT", usdt),),
    )
    return snapshot(replace(shown, frozen={BTC: WHY}), ("BTC", "1"), ("ETH", "10"))


def _amounts(thought: Deliberation) -> dict[str, Decimal]:
    return {row.symbol: row.amount for row in thought.steps}


def test_a_sound_coin_is_hedged_while_another_is_frozen() -> None:
    """Nothing of the frozen one is traded, and the record names it."""
    thought = deliberate(_mind(), _seen(), Memory(), ())
    assert _amounts(thought) == {ETH: d(5)}
    assert any(WHY in note for note in thought.notes)
    assert {row.asset for row in thought.decision.portfolio.exposures} == {"BTC", "ETH"}


def test_an_open_short_that_cannot_be_judged_stops_growth_and_is_not_touched() -> None:
    """It leans on the same collateral, so nothing grows beside it; what should be smaller still becomes so."""
    held = position(amount="-0.5"), position("ETH", "-1", price="3000")
    thought = deliberate(_mind(), _seen(*held), Memory(managed=frozenset({"BTC"})), ())
    assert _amounts(thought) == {ETH: d(1)}
    assert "leans on the same collateral" in thought.growth_blocked_in["ETH"]
    assert any("no short in ETH grows now" in note for note in thought.notes)
    over = position(amount="-0.5"), position("ETH", "-9", price="3000")
    assert _amounts(deliberate(_mind(), _seen(*over), Memory(), ()))[ETH] < d(9)


def test_an_isolated_short_that_cannot_be_judged_stops_its_own_coin_only() -> None:
    """Its collateral is its own, so nothing else hangs on it."""
    held = position(amount="-0.5", isolated="15000"), position("ETH", "-1", price="3000", isolated="1500")
    thought = deliberate(_mind(), _seen(*held), Memory(managed=frozenset({"BTC"})), ())
    assert _amounts(thought) == {ETH: d("4.8")}  # to the inner edge of the band
    assert set(thought.growth_blocked_in) == {"BTC"}


def test_another_coin_as_collateral_does_not_wait_for_a_frozen_one() -> None:
    """Coin-margined contracts lean on their own coin; a mode nobody told is taken for shared collateral."""
    coins = tuple(replace(inverse(), symbol=f"{one}/USD:{one}", base=one, settle=one) for one in ("BTC", "ETH"))
    short = replace(position(amount="-500"), symbol=coins[0].symbol, inverse=True)
    shown = replace(view(instruments=coins, positions=(short,)), frozen={coins[0].symbol: WHY})
    assert set(leaning_on_frozen(snapshot(shown))) == {"BTC"}
    untold = replace(_seen().venues[0], positions=(replace(position(amount="-0.5"), margin_mode=None),))
    assert set(leaning_on_frozen(snapshot(untold))) == {"BTC", "ETH"}


def test_protection_shrinks_the_sound_symbols_and_leaves_the_frozen_one_alone() -> None:
    """The venue's own figures say that the margin is in danger; the coin with bad data is not traded on them."""
    held = position(amount="-0.5"), position("ETH", "-10", price="3000")
    danger = margin("9000", maintenance="6000")
    thought = deliberate(_mind(transfers=False), _seen(*held, account=danger), Memory(), ())
    assert thought.protective
    assert set(_amounts(thought)) == {ETH}
    assert _amounts(thought)[ETH] < d(5)


def test_protection_tops_up_collateral_while_a_coin_is_frozen() -> None:
    """Moving collateral in trades nothing and helps all."""
    held = position(amount="-0.5"), position("ETH", "-5", price="3000")
    thought = deliberate(_mind(), _seen(*held, account=margin("15000", maintenance="600")), Memory(), ())
    assert [row.protective for row in thought.top_ups] == [True]
    assert _amounts(thought) == {ETH: d(5)}


def test_a_rule_that_weighs_all_assets_changes_nothing_while_one_is_frozen() -> None:
    """Without the frozen coin the portfolio looks smaller than it is: no short is closed for that."""
    size = Allocation(crypto_max=d("0.1"), leverage_cap=d(2))
    mind = replace(_mind(), policy=policy(size))
    thought = deliberate(mind, _seen(position("ETH", "-2", price="3000")), Memory(), ())
    assert _amounts(thought) == {ETH: d(2)}


@pytest.mark.parametrize("amount", ["-0.5", "0"])
def test_an_amount_that_is_not_believed_trades_nothing_in_that_asset(amount: str) -> None:
    """Coins that seem gone close no short, coins that seem new open none, and other assets go on."""
    held = () if amount == "0" else (position(amount=amount),)
    seen = _seen(*held)
    seen = replace(seen, doubtful={"BTC": "BTC went from 2 to 1 at once"}, venues=(replace(seen.venues[0], frozen={}),))
    thought = deliberate(_mind(), seen, Memory(managed=frozenset({"BTC"})), ())
    assert _amounts(thought) == {ETH: d(5)}


def test_an_isolated_short_is_carried_at_a_whole_figure_under_every_cap() -> None:
    """Opened at the figure above its cap it would be closed and opened again, a fee each time."""
    mind = replace(
        _mind(),
        margin=margin_limits(cap="1.5"),
        orders=replace(order_rule(), margin_mode=MarginMode.ISOLATED),
    )
    seen = _seen()
    thought = deliberate(mind, replace(seen, venues=(replace(seen.venues[0], frozen={}),)), Memory(), ())
    assert {row.leverage_cap for row in thought.steps} == {d(1)}
