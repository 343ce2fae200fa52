"""The two halves of a roll stand and fall together."""

from dataclasses import replace

from bot.domain.account import Side
from bot.domain.intent import Intent, OrderIntent, Plan
from bot.risk.check import Circumstances, check
from tests.builders import NOW, VENUE, d
from tests.futures_builders import dated
from tests.risk.orders import circumstances, order

FAR = dated(80)


def pair(number: int, amount: str, after: str | None) -> tuple[OrderIntent, OrderIntent]:
    """A buy in the perpetual and the sale of a future that waits for it."""
    buy = replace(order(Side.BUY, amount, number=number), after=after)
    sale = replace(order(Side.SELL, amount, number=number + 1), symbol=FAR.symbol, after=buy.id)
    return buy, sale


def where(*, held: str = "-0.5", owned: str = "0.5", paused: str | None = None) -> Circumstances:
    """A short that is exactly what is owned; a second contract of the same coin."""
    base = circumstances(held, owned=owned)
    (standing,) = base.standings.values()
    far = replace(standing, instrument=FAR, position=d(0))
    return replace(base, standings={**base.standings, (VENUE, FAR.symbol): far}, paused=paused, at=NOW)


def approved(facts: Circumstances, *intents: Intent) -> tuple[list[str], list[str]]:
    """Ids that passed, and guards that said no."""
    passed, refusals = check(Plan(intents=intents), facts)
    return [row.id for row in passed.intents], [row.guard for row in refusals]


def test_a_roll_at_the_limit_of_what_is_owned_passes_because_the_buy_comes_first() -> None:
    """Alone the same sale would be one coin too many."""
    first, second = pair(1, "0.1", None), pair(3, "0.1", "c000001-02")
    assert approved(where(), *first, *second) == ([f"c000001-0{number}" for number in (1, 2, 3, 4)], [])
    assert approved(where(), first[1]) == ([], ["over-hedge"])


def test_a_refused_sale_takes_its_buy_and_everything_behind_it_along() -> None:
    """Paused: the buy alone would pass, and would leave a coin unhedged. It is said once."""
    first, second = pair(1, "0.1", None), pair(3, "0.1", "c000001-02")
    assert approved(where(paused="paused: holiday"), *first, *second) == ([], ["paused"])
    assert approved(where(paused="paused: holiday"), first[0]) == (["c000001-01"], [])


def test_what_was_refused_counts_for_nothing_afterwards() -> None:
    """The position after a refused pair is the one before it."""
    first = pair(1, "0.1", None)
    later = order(Side.BUY, "0.4", number=5)
    assert approved(where(paused="paused: holiday"), *first, later) == (["c000001-05"], ["paused"])


def test_nothing_new_is_opened_in_a_contract_that_is_about_to_end() -> None:
    """A day before the end a sale is refused, a buy is not."""
    base = where()
    ending = {key: replace(row, instrument=replace(row.instrument, expires_at=dated(0.5).expires_at)) for key, row in
              base.standings.items()}  # fmt: skip
    facts = replace(base, standings=ending)
    assert approved(facts, order(Side.SELL, "0.1")) == ([], ["expiry"])
    assert approved(facts, order(Side.BUY, "0.1")) == (["c000001-01"], [])


def test_the_margin_holds_back_a_roll_unless_the_contract_is_about_to_end() -> None:
    """At the deadline nothing grows by a roll, and being unhedged would be worse."""
    facts = replace(where(), growth_blocked="the margin comes first")
    usual = pair(1, "0.1", None)
    assert approved(facts, *usual) == ([], ["growth"])
    urgent = tuple(replace(row, protective=True) for row in usual)
    assert approved(facts, *urgent) == (["c000001-01", "c000001-02"], [])
    assert approved(facts, replace(urgent[1], after=None)) == ([], ["growth"])
