"""Shorts sized to the collateral behind them."""

from bot.risk.collateral import fit_to_collateral
from tests.builders import collateral_rule, d, instrument, margin, mark, position, target, view


def test_enough_collateral_changes_nothing() -> None:
    """30,000 short at 2x with a tenth to spare needs 16,500."""
    fit = fit_to_collateral((target(),), view(margins=(margin("16500"),)), d(0), collateral_rule())
    assert (fit.targets[0].amount, fit.top_up) == (d("0.5"), d(0))
    assert not fit.notes


def test_spot_cash_is_moved_in_for_what_is_missing() -> None:
    """No more than needed."""
    fit = fit_to_collateral((target(),), view(margins=(margin("6500"),)), d(50_000), collateral_rule())
    assert (fit.top_up, fit.targets[0].amount) == (d(10_000), d("0.5"))


def test_the_reserve_is_never_moved_and_the_rest_is_scaled() -> None:
    """What cannot be carried is cut and the shortfall named in money."""
    fit = fit_to_collateral((target(),), view(margins=(margin("0"),)), d(10_000), collateral_rule(reserve="1750"))
    assert fit.top_up == d(8250)
    assert fit.targets[0].amount == d("0.25")
    assert "8,250.00" in fit.notes[0]


def test_transfers_can_be_forbidden() -> None:
    """Then only what is in the futures wallet counts."""
    fit = fit_to_collateral((target(),), view(margins=(margin("8250"),)), d(50_000), collateral_rule(transfers=False))
    assert (fit.top_up, fit.targets[0].amount) == (d(0), d("0.25"))


def test_a_held_short_is_not_cut_here() -> None:
    """Poor collateral under an old short is the autopilot's affair."""
    shown = view(margins=(margin("100"),), positions=(position(amount="-0.5"),))
    fit = fit_to_collateral((target(),), shown, d(0), collateral_rule())
    assert fit.targets[0].amount == d("0.5")


def test_collateral_counts_for_no_more_than_the_venues_own_liquidation_price_implies() -> None:
    """A venue that publishes no tiers tells them so; what grew beyond would be closed again a cycle later."""
    held = position(amount="-0.25", liquidation="90000")
    shown = view(margins=(margin("16500"),), positions=(held,))
    fit = fit_to_collateral((target(),), shown, d(0), collateral_rule(transfers=False))
    assert fit.targets[0].amount < d("0.4")
    assert "liquidation prices" in fit.notes[0]
    far = view(margins=(margin("16500"),), positions=(position(amount="-0.25", liquidation="190000"),))
    assert fit_to_collateral((target(),), far, d(0), collateral_rule(transfers=False)).targets[0].amount == d("0.5")


def test_what_was_bound_before_prices_fell_stays_bound() -> None:
    """Half a coin sold at 80,000 binds 20,000 of 32,000, whatever a figure by today's mark says is free."""
    held = position(amount="-0.5", isolated="20000")
    shown = view(margins=(margin("32000"),), positions=(held,))
    fit = fit_to_collateral((target(amount="1"),), shown, d(0), collateral_rule(transfers=False))
    assert fit.targets[0].amount == d("0.863")


def test_what_is_too_little_for_an_order_of_one_coin_carries_another() -> None:
    """The smallest order of BTC is 6,000 here: its share of 200 would lie idle, while SOL grows by coins."""
    shown = view(
        instruments=(instrument(step="0.1"), instrument("SOL", step="0.01", notional_min="5")),
        marks=(mark(), mark("SOL", "150")),
        positions=(position(amount="-0.1"), position("SOL", "-5", price="150")),
        margins=(margin("3982.5"),),
    )
    wanted = (target(amount="0.5"), target("SOL", "10", price="150"))
    btc, sol = fit_to_collateral(wanted, shown, d(0), collateral_rule()).targets
    assert (btc.amount, sol.amount) == (d("0.1"), d("8.27"))


def test_room_for_the_smallest_order_of_any_coin_is_used() -> None:
    """Shares of 3.00 and 0.08 are too little for an order of either; together they are enough for one of SOL."""
    shown = view(
        instruments=(instrument(notional_min="100"), instrument("SOL", step="0.01", notional_min="3")),
        marks=(mark(), mark("SOL", "150")),
        positions=(position(amount="-0.1"), position("SOL", "-5", price="150")),
        margins=(margin("3714.2"),),
    )
    wanted = (target(amount="0.5"), target("SOL", "9", price="150"))
    btc, sol = fit_to_collateral(wanted, shown, d(0), collateral_rule()).targets
    assert (btc.amount, sol.amount) == (d("0.1"), d("5"))  # a crumb of what is held
    small = view(
        instruments=shown.instruments,
        marks=shown.marks,
        margins=(margin("3302.5"),),
        positions=(position(amount="-0.1"),),
    )
    btc, sol = fit_to_collateral(wanted, small, d(0), collateral_rule()).targets
    assert (btc.amount, sol.amount) == (d("0.1"), d("0.03"))
