"""What trading has really cost, from our own filled orders."""

from dataclasses import replace

from bot.domain.account import Side
from bot.execution.measured_cost import FilledOrder, trading_costs
from tests.builders import BTC, NOW, VENUE, d, later

SOLD = FilledOrder(
    venue=VENUE,
    symbol=BTC,
    side=Side.SELL,
    amount=d("0.5"),
    expected=d(30_000),
    filled=d("0.5"),
    average_price=d(59_988),
    fee=d("14.997"),
    at=NOW,
)


def test_fee_and_distance_from_mark_are_measured() -> None:
    """Sold at 59,988 against a mark of 60,000 for a fee of 14.997: 5 and 2 basis points."""
    cost = trading_costs([SOLD])[(VENUE, BTC)]
    assert (cost.fee, cost.slip, cost.fills, cost.known_at) == (d("0.0005"), d("0.0002"), 1, NOW)
    assert cost.total == d("0.0007")


def test_orders_weigh_by_what_they_traded_and_a_buy_is_worse_above_mark() -> None:
    """Nine times as much at no distance pulls the average down to a tenth."""
    large = replace(
        SOLD,
        side=Side.BUY,
        amount=d("4.5"),
        expected=d(270_000),
        filled=d("4.5"),
        average_price=d(60_000),
        fee=d(135),
        at=later(5),
    )
    cost = trading_costs([SOLD, large])[(VENUE, BTC)]
    assert abs(cost.slip - d("0.00002")) < d("0.000001")
    assert cost.known_at == later(5)
    above = replace(SOLD, side=Side.BUY, average_price=d(60_012))
    assert trading_costs([above])[(VENUE, BTC)].slip == d("0.0002")


def test_a_lucky_fill_does_not_make_trading_free_of_its_spread() -> None:
    """Sold above mark: the distance counts as nothing, not as an income."""
    assert trading_costs([replace(SOLD, average_price=d(60_600))])[(VENUE, BTC)].slip == 0


def test_what_is_counted_in_another_unit_is_left_out() -> None:
    """A fee in coins, a face value, an order without a worth: no cost is read from them."""
    face = replace(SOLD, amount=d(30_000), filled=d(30_000))
    assert (
        trading_costs([replace(SOLD, fee=d(3000)), replace(SOLD, fee=d(-1)), face, replace(SOLD, expected=d(0))]) == {}
    )
