"""Names for what happened from outside: from the venue's words, else by elimination, and which of both is said."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.account import ForcedClosure, ForcedKind, Order, OrderStatus, Side
from bot.domain.event import Event, EventKind, Evidence
from bot.risk.events import flows, foreign_orders, name_change
from bot.risk.transit import Transit, TransitRule, followed, from_json, reasons, to_json
from tests.builders import BTC, NOW, VENUE, d, instrument, view

RULE = TransitRule(longest=timedelta(hours=1))


def _closure(kind: ForcedKind, symbol: str = BTC) -> ForcedClosure:
    return ForcedClosure(venue=VENUE, symbol=symbol, kind=kind, amount=d("0.1"), at=NOW)


def _named(before: str, now: str, *closures: ForcedClosure, told: bool = True, active: bool | None = True) -> Event:
    market = None if active is None else replace(instrument(), active=active)
    return name_change(VENUE, BTC, d(before), d(now), closures=closures if told else None, instrument=market)


def test_the_venues_own_word_names_it() -> None:
    """Liquidation, deleveraging and settlement by the id the venue gave the order."""
    for kind, name in (
        (ForcedKind.LIQUIDATION, EventKind.LIQUIDATED),
        (ForcedKind.DELEVERAGING, EventKind.DELEVERAGED),
        (ForcedKind.SETTLEMENT, EventKind.SETTLED),
    ):
        found = _named("-0.5", "-0.4", _closure(kind))
        assert (found.kind, found.evidence) == (name, Evidence.TOLD)


def test_a_liquidation_weighs_more_than_the_deleveraging_beside_it() -> None:
    """Whatever else happened, that is the news."""
    found = _named("-0.5", "0", _closure(ForcedKind.DELEVERAGING), _closure(ForcedKind.LIQUIDATION))
    assert found.kind is EventKind.LIQUIDATED


def test_a_forced_closure_elsewhere_explains_nothing_here() -> None:
    """Another symbol, or a position that grew: by hand."""
    assert _named("-0.5", "-0.4", _closure(ForcedKind.LIQUIDATION, "ETH/USDT:USDT")).kind is EventKind.CHANGED
    assert _named("-0.5", "-0.6", _closure(ForcedKind.LIQUIDATION)).kind is EventKind.CHANGED


def test_by_elimination_it_says_how_sure_it_is() -> None:
    """A readable empty list leaves a hand; an unreadable one leaves three possibilities; a closed market its end."""
    assert "lists no forced closure" in _named("-0.5", "-0.4").text
    assert "could not tell" in _named("-0.5", "-0.4", told=False).text
    assert _named("-0.5", "0", active=False).kind is EventKind.SETTLED
    assert _named("-0.5", "0", active=None).evidence is Evidence.ELIMINATION
    assert _named("-0.5", "-0.1", active=False).kind is EventKind.CHANGED


def test_a_strangers_order_is_named_and_ours_is_not() -> None:
    """Only what Ballast did not place is foreign."""
    order = Order(
        venue=VENUE, symbol=BTC, order_id="7", client_id="web_1", side=Side.SELL, amount=d("0.1"), filled=d(0),
        average_price=None, status=OrderStatus.OPEN, reduce_only=False, at=NOW,
    )  # fmt: skip
    shown = replace(view(), open_orders=(order,))
    assert [event.kind for _, event in foreign_orders(shown, ())] == [EventKind.FOREIGN_ORDER]
    assert foreign_orders(shown, ("web_1",)) == []


def test_coins_that_come_and_go_are_told_and_dust_is_not() -> None:
    """Ballast never trades spot, so every change is from outside."""
    found = flows({"BTC": d(1), "ETH": d(5), "SOL": d(100)}, {"BTC": d("0.7"), "ETH": d(6), "SOL": d("100.1")})
    assert [row.kind for row in found] == [EventKind.WITHDRAWAL, EventKind.DEPOSIT]


def _followed(before: str, now: str, *, known: dict[str, Transit] | None = None, cash: str = "0", after_s: int = 0):  # type: ignore[no-untyped-def]
    at = NOW + timedelta(seconds=after_s)
    return followed(known or {}, {"BTC": d(before)}, {"BTC": d(now)}, {"BTC": d(cash)}, at, RULE)


def test_a_fall_without_cash_is_on_its_way_and_says_until_when() -> None:
    """0.3 coins left; the hedge waits for them, an hour at most."""
    found = _followed("1", "0.7")
    assert found["BTC"].missing == d("0.3")
    assert "0.3 BTC left" in reasons(found, NOW, RULE)["BTC"]
    assert "1 min" not in reasons(found, NOW, RULE)["BTC"]


def test_sold_coins_and_dust_are_not_on_their_way() -> None:
    """Cash that came in for at least nine tenths of them says that they were sold."""
    assert _followed("1", "0.7", cash="0.29") == {}
    assert _followed("1", "0.7", cash="0.1") != {}
    assert _followed("1", "0.985") == {}


def test_it_ends_with_the_arrival_or_with_time() -> None:
    """All of it, less a fee; a part keeps waiting for the rest; after an hour nothing waits."""
    known = _followed("1", "0.7")
    assert _followed("0.7", "0.999", known=known, after_s=60) == {}
    assert _followed("0.7", "0.8", known=known, after_s=60)["BTC"].missing == d("0.2")
    assert "BTC" in _followed("0.7", "0.7", known=known, after_s=3600)
    assert _followed("0.7", "0.7", known=known, after_s=3601) == {}


def test_the_journal_gives_back_what_it_was_given_and_forgives_rubbish() -> None:
    """A line nobody can read is no coins on their way."""
    known = _followed("1", "0.7")
    assert from_json(to_json(known)) == known
    assert to_json({}) is None
    for rubbish in (None, "", "[]", "{", '{"BTC": 1}', '{"BTC": ["x", "y"]}'):
        assert from_json(rubbish) == {}


@given(
    before=st.decimals(min_value="0.01", max_value=100, places=3),
    now=st.decimals(min_value=0, max_value=100, places=3),
    cash=st.decimals(min_value=0, max_value=100, places=3),
)
def test_never_more_is_missing_than_left(before, now, cash) -> None:  # type: ignore[no-untyped-def]
    """And never anything when nothing left."""
    found = _followed(str(before), str(now), cash=str(cash))
    missing = found["BTC"].missing if "BTC" in found else d(0)
    assert 0 <= missing <= max(d(0), before - now)
