"""Seeds that once broke a rule, each with what was wrong; they stay whatever else is played."""

import pytest

from tests.soak.audit import audit
from tests.soak.runner import run
from tests.soak.schedule import draw, draw_plain, draw_wide

CYCLES = 40
ONCE_BROKEN = {
    94: "scarce collateral was shared out as if nothing was held: the same order was refused in every cycle",
    134: "the same, with a fractional leverage cap",
    153: "the same, next to a short in another coin",
    11: "an isolated short over the cap was cut to 100 % of its size, for ever",
    29: "the same, with its liquidation already near",
    74: "an isolated short a little over the cap stopped the growth of all others",
    54: "isolated margin under a cap of 1.5 was opened at 2, over the cap from its first minute",
    78: "the same, after the profile was changed",
    152: "the same, beside a foreign position",
    101: "an own fill was dated by a clock that had been set: an older change looked newer, and was sold on twice",
}


ONCE_BROKEN_WIDER = {
    ("binance", 512): "an amount that leapt was believed at once because another had leapt one cycle before",
    ("bingx", 12): "the end of a ban, named by the venue's clock, was read by one that is ten minutes ahead",
    ("bybit", 233): "a short that somebody else opened was not taken off what stand-ins may be short",
    ("mexc", 9): "an empty object in place of the balances counted as an account that owns nothing",
}


ONCE_BROKEN_NEWER = {
    ("mexc", 593, 40): "of two rows for one coin the last was believed: an order at the price of another coin",
    ("mexc", 914, 40): "a position whose side was not told counted as short",
    ("binance", 926, 40): "a position shown under another contract's name was bought back there",
    ("bingx", 5002, 60): "marks in place of positions, which name no size, counted as flat",
    ("bingx", 530, 40): "an amount to move was rounded to the tick of prices: more had moved than was known",
    ("bingx", 6257, 40): "the spot wallet's coins, told in answer for the funding wallet, were hedged twice",
    ("bybit", 817, 40): "a market that was missing once counted as closed for a day, as a future of the coin lived",
    ("weex", 990, 40): "coins in a cold wallet made it look small that all others had vanished at once",
    ("weex", 683, 40): "a position under another market's name, without a mark price of its own, was bought back there",
    ("weex", 7017, 60): "cash that a doubted look had not shown was taken for the proceeds of coins on their way",
    ("binance", 7066, 60): "a smallest order that was raised for a quarter of an hour kept a hedge away for a day",
    ("bybit", 7295, 60): "coins of the one wallet, told in answer for the funding wallet, were counted twice",
    ("bingx", 5251, 60): "money on its way between two wallets counted as the price of coins that had left",
    ("weex", 6165, 60): "an isolated short that was closed as too near its end was opened anew just so, over and over",
    ("bybit", 6186, 60): "the reply to a look-up, an order that had ended, was taken for the list of orders that rest",
    ("bybit", 1013, 40): "the leverage of another market was taken for that of the one asked for",
    ("bybit", 1102, 60): "another answer in place of the key's: ccxt asked for a wallet that no account has, for ever",
    ("bybit", 1816, 60): "isolated margin was read at the mark price: a rate of maintenance was learned that is none",
    ("bybit", 2038, 60): "the same, where the price had risen further",
    ("weex", 850, 60): "collateral too little for the smallest order of one coin was kept from the others",
    (
        "bybit",
        2708,
        60,
    ): "collateral that isolated shorts had bound before prices fell was counted on",
    ("mexc", 2910, 60): "(the judge) a band in dollars of the index was measured in coins",
    ("weex", 652, 60): "an isolated short was opened where the next tick, or its own growth, closed it again",
    ("mexc", 5361, 60): "a wallet that was told empty at the very first look was believed",
    ("weex", 5806, 60): "collateral that was told empty bore witness to positions that were told empty",
    ("bybit", 6305, 60): "funding that an isolated margin had paid was taken for a higher rate of maintenance",
    ("mexc", 7870, 60): "a wallet that was told empty was believed, as no look before it had been whole",
    ("bybit", 10514, 60): "(the exchange) an order was denied to who had asked for all that rest",
    ("bybit", 10808, 60): "a venue that answered nothing was asked each question three times: two minutes and a half",
    ("mexc", 11425, 60): "a spot market that was missing from the list once was not looked for again for a day",
    ("bybit", 13263, 60): "(the judge) what is wanted was reckoned at the mark, where the bot takes the index",
    ("bingx", 13746, 60): "(the judge) a wallet told empty twice running, of which nothing was known before",
    ("bingx", 14501, 60): "a position in a market that the list had lacked once stopped everything for a day",
    ("binance", 15623, 60): "(the judge) an empty list, given to another question, in place of the orders that rest",
    ("bybit", 4820, 60): "after a delivery the shorter list of markets was refused for ever: closed ones stayed so",
    ("binance", 3812, 60): "an order in a contract that was delivered could not be asked about: no short grew again",
    ("bingx", 18905, 60): "a smallest order that was larger when the first list was read kept a short away for a day",
    ("bybit", 19635, 60): "a second leap the same way was taken for the first one seen again",
    ("weex", 477, 60): "a resting order that had traded in part was named by a word nobody knew, and never settled",
    ("weex", 927, 60): "no resting orders, told in answer for the positions of a flat account, was judged a lie",
    ("bybit", 2520, 60): "a short in a contract that may only be closed before it ends counted as none: sold anew",
    ("bingx", 3717, 60): "resting orders, told in answer for one that had traded, counted as `no such order`",
    ("binance", 2829, 60): "an order that traded got the refusal of an earlier one, and was booked as refused",
    ("mexc", 727, 60): "(the exchange) no positions, told while their view lagged, came true and was judged a lie",
    ("bybit", 4566, 60): "(the judge) a dated contract's mark, told by a list that lacked a row, was taken for untold",
    ("binance", 4489, 60): "(the judge) a sale with a deposit after it was taken for one smaller withdrawal",
    ("mexc", 1442, 60): "(the exchange) a fault that found nothing to spoil in a view that lagged was judged a lie",
    ("binance", 4762, 60): "no rows of collateral, told of an account that had none, were judged a lie",
    (
        "binance",
        7802,
        60,
    ): "a short shown under the name of a market that is not listed was taken for closed: sold anew",
    ("bingx", 7600, 60): "(the judge) what a person sold while the view of positions lagged was taken for seen",
    ("binance", 8901, 60): "a contract nobody held, told at a thousandth, priced its coin: a withdrawal was a sale",
}


@pytest.mark.parametrize(("seed", "what"), ONCE_BROKEN.items(), ids=[f"seed-{seed}" for seed in ONCE_BROKEN])
def test_what_was_broken_once_stays_whole(seed: int, what: str) -> None:
    """A schedule that found a defect is played again in every test run."""
    broken = audit(run(draw_plain(seed, CYCLES)))
    assert not broken, f"{what}: {broken[0]}"


@pytest.mark.parametrize(
    ("place", "what"), ONCE_BROKEN_WIDER.items(), ids=[f"{venue}-{seed}" for venue, seed in ONCE_BROKEN_WIDER]
)
def test_what_was_broken_once_stays_whole_in_wider_schedules(place: tuple[str, int], what: str) -> None:
    """The same for seeds drawn with bans, hands, dated contracts and other venues."""
    venue, seed = place
    broken = audit(run(draw_wide(seed, CYCLES, venue=venue)))
    assert not broken, f"{what}: {broken[0]}"


@pytest.mark.parametrize(
    ("place", "what"), ONCE_BROKEN_NEWER.items(), ids=[f"{venue}-{seed}" for venue, seed, _ in ONCE_BROKEN_NEWER]
)
def test_what_was_broken_once_stays_whole_under_every_kind_of_fault(place: tuple[str, int, int], what: str) -> None:
    """The same for seeds drawn with the newer kinds of faults."""
    venue, seed, cycles = place
    schedule = draw(seed, cycles)
    assert schedule.venue == venue, f"seed {seed} is drawn at {schedule.venue} now"
    broken = audit(run(schedule))
    assert not broken, f"{what}: {broken[0]}"
