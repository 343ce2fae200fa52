"""Laws of writing the simulated exchange down: nothing is lost, nothing is gained, life goes on the same."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sim.engine import Engine
from bot.sim.model import Rejected
from bot.sim.state import MarketKey
from tests.sim.builders import HOUR, SPOT, START, dated, inverse, linear, move, quote, rest, spot, trade, world

D = Decimal
Step = tuple[str, int]
EXPIRY = START + 7 * HOUR
NEAR: MarketKey = ("linear", dated(EXPIRY).symbol)
COIN: MarketKey = ("inverse", "BTCUSD_PERP")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["sell", "buy", "rest", "spot", "move", "fund", "transfer", "leverage", "isolate", "cancel", "coin", "near"]
        ),
        st.integers(1, 40),
    ),
    max_size=25,
)


def begin() -> Engine:
    listings = (linear(fee="0.0005"), linear("ETHUSDT"), spot(), inverse(fee="0.0003"), dated(EXPIRY, fee="0.0003"))
    engine = world(*listings, spot_usdt="5000", depth="900")
    engine.deposit("me", "coin_futures", "BTC", D(1))
    return engine


def live(engine: Engine, steps: list[Step]) -> None:
    """Let one thing after the other happen; what the exchange refuses is part of life."""
    for name, size in steps:
        try:
            do(engine, name, size)
        except Rejected:
            continue


def do(engine: Engine, name: str, size: int) -> None:
    if name in ("sell", "buy"):
        trade(engine, "sell" if name == "sell" else "buy", f"0.{size:03d}")
    elif name in ("coin", "near"):
        trade(engine, "sell" if size % 3 else "buy", str(size), key=COIN if name == "coin" else NEAR)
    elif name == "rest":
        rest(engine, "sell", f"0.{size:03d}", str(100 + size), client_id=f"r{size}")
    elif name == "spot":
        trade(engine, "buy", f"0.{size:03d}", key=SPOT)
    elif name == "move":
        move(engine, str(80 + size * 3), rate="0.0003")
    elif name == "fund":
        engine.pay_funding("BTCUSDT", D(size) / 10000)
    elif name == "transfer":
        engine.transfer("me", "USDT", D(size), "spot", "futures")
    elif name == "leverage":
        engine.set_leverage("me", "BTCUSDT", size)
    elif name == "isolate":
        engine.set_isolated("me", "BTCUSDT", size > 20)
    else:
        engine.cancel("me", "linear", "BTCUSDT", client_id=f"r{size}")


def through_json(engine: Engine) -> Engine:
    return Engine.restore(json.loads(json.dumps(engine.dump())))


@settings(max_examples=60, deadline=None)
@given(before=STEPS, after=STEPS)
def test_restored_exchange_lives_on_like_the_one_that_was_never_stopped(before: list[Step], after: list[Step]) -> None:
    """Dump, restore, continue gives the state, the ledger lines and the money of continuing without."""
    straight = begin()
    live(straight, before)
    seen = len(straight.ledger)
    restored = through_json(straight)
    assert restored.dump() == straight.dump()
    live(straight, after)
    live(restored, after)
    assert restored.dump() == straight.dump()
    assert restored.ledger == straight.ledger[seen:]
    for asset in ("USDT", "BTC"):
        assert restored.total(asset) == straight.total(asset)
    assert restored.total("USDT") == 6000
    assert restored.total("BTC") == 1


@settings(max_examples=30, deadline=None)
@given(before=STEPS, after=STEPS)
def test_forgetting_the_past_changes_neither_money_nor_positions(before: list[Step], after: list[Step]) -> None:
    """What ended long ago is gone; wallets, positions and open orders go on as they would have."""
    full, lean = begin(), begin()
    live(full, before)
    live(lean, before)
    lean.forget(lean.now + HOUR)
    live(full, after)
    live(lean, after)
    assert lean.positions("me") == full.positions("me")
    assert lean.margin("me") == full.margin("me")
    assert lean.open_orders("me", "linear") == full.open_orders("me", "linear")
    assert lean.wallet("me", "spot") == full.wallet("me", "spot")


@pytest.mark.parametrize("damage", [{"version": 2}, {"cash": None}, {"now": "x"}, {"accounts": [{}]}, {"quotes": [[]]}])
def test_what_is_not_a_dump_is_refused(damage: dict[str, object]) -> None:
    """Another version and damaged text raise one foreseen error."""
    with pytest.raises(ValueError, match=r".+"):
        Engine.restore({**begin().dump(), **damage})


def test_real_book_is_walked_level_by_level_and_not_eaten_twice() -> None:
    """An order takes what was really there; right after it the same levels are gone."""
    engine = world(linear())
    seen = quote("100", depth="1000")
    book = type(seen)(
        mid=seen.mid, mark=seen.mark, index=seen.index, depth_notional=D(100),
        bids=((D(99), D(1)), (D(98), D(2)), (D(50), D(100))), asks=((D(101), D(1)),),
    )  # fmt: skip
    engine.advance(engine.now, {("linear", "BTCUSDT"): book})
    limit = {"market": "linear", "symbol": "BTCUSDT", "side": "sell", "order_type": "LIMIT", "time_in_force": "IOC"}
    first = engine.place("me", amount=D(5), price=D(97), **limit)  # type: ignore[arg-type]
    assert (first.filled, first.filled_quote, first.state) == (D(3), D(99 + 2 * 98), "EXPIRED")
    second = engine.place("me", amount=D(1), price=D(97), **limit)  # type: ignore[arg-type]
    assert second.filled == 0
