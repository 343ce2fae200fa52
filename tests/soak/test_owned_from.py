"""The judges know what was owned from when on, also where nobody told the world about it."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.soak.schedule import draw_plain
from tests.soak.world import ACCOUNT, World

BEFORE, SOLD = Decimal(3), Decimal(1)


def test_coins_that_were_offered_are_gone_from_the_minute_in_which_the_market_took_them(tmp_path: Path) -> None:
    """A deposit after a sale is no smaller withdrawal: the two are two changes, each with its own instant."""
    calm = replace(draw_plain(1, 1), owned={"BTC": BEFORE}, external={}, jump_chance=0.0, volatility=0.0001)
    world = World(calm, tmp_path)
    price = (world.engine.quote("spot", "BTCUSDT").mid * Decimal("1.0001")).quantize(Decimal("0.01"))
    world.engine.place(
        ACCOUNT, market="spot", symbol="BTCUSDT", side="sell", order_type="LIMIT", amount=SOLD, price=price,
        client_id="",
    )  # fmt: skip
    for _ in range(60):
        world.pass_time(60)
    world.engine.deposit(ACCOUNT, "spot", "BTC", SOLD / 2)
    world.happen("profile")
    evidence = world.close()

    filled = [line.at for line in evidence.ledger if line.kind == "fill"]
    assert [owned["BTC"] for _, owned in evidence.owned_from] == [BEFORE, BEFORE - SOLD, BEFORE - SOLD / 2]
    assert [evidence.owned_from[1][0]] == filled
