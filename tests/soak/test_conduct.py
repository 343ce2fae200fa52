"""Each rule of conduct names what breaks it, and is silent about what is right."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.soak.conduct import conduct
from tests.soak.evidence import CycleSeen, Evidence, LedgerLine, Request, Row
from tests.soak.market import START
from tests.soak.speech import Asked

D = Decimal
SECOND = timedelta(seconds=1)


def evidence() -> Evidence:
    """Two quiet cycles of an account that owns one bitcoin."""
    found = Evidence(
        seed=0, intensity=0, canaries=(), settings={"size": {"rule": "static-ratio"}, "hedge_ratio_max": "1"}
    )
    found.owned_from.append((START, {"BTC": D(1)}))
    found.cycles.extend(cycle(number) for number in (0, 1))
    return found


def cycle(
    number: int, *, ending: str = "acted", lasts: timedelta = SECOND, left_open: tuple[str, ...] = ()
) -> CycleSeen:
    began = START + number * timedelta(hours=1)
    return CycleSeen(
        number=number, life=1, first_request=0, first_line=0, began_at=began, ended_at=began + lasts, ending=ending,
        record="{}", quiet=True, ratio=None, open=left_open,
    )  # fmt: skip


def row(name: str, state: str = "sent", amount: str = "0.1") -> Row:
    return Row(
        id=name, client_id=f"blst{name}", kind="order", symbol="BTC/USDT:USDT", state=state,
        body=json.dumps({"amount": amount, "side": "sell"}), ending="", filled="0",
    )  # fmt: skip


def order(found: Evidence, name: str, side: str, *rows: Row, number: int = 0, after: timedelta = SECOND) -> None:
    """An order as it arrives, with the rows the journal showed then."""
    asked = Asked(kind="order", symbol="BTCUSDT", client_id=f"blst{name}", side=side, amount=D("0.1"), price=D(60000))
    ask(found, asked, rows or (row(name),), number=number, after=after)


def ask(
    found: Evidence, asked: Asked, rows: tuple[Row, ...] = (), *, number: int = 0, after: timedelta = SECOND
) -> None:
    found.requests.append(
        Request(
            number=len(found.requests),
            ledger=0,
            at=found.cycles[number].began_at + after,
            life=1,
            cycle=number,
            method="POST",
            path="/",
            asked=asked,
            rows=rows,
            truthful=True,
        )
    )


def broken(found: Evidence) -> list[str]:
    for request in found.requests:
        for each in request.rows:
            if each.id not in {kept.id for kept in found.intents}:
                found.intents.append(each)
    return [violation.rule for violation in conduct(found)]


def fill(found: Evidence, own: str, position: str, *, at: datetime | None = None) -> None:
    facts = {"client_id": own, "position": position, "market": "linear"}
    at = at or found.cycles[0].began_at + 2 * SECOND
    found.ledger.append(LedgerLine(sequence=len(found.ledger), at=at, kind="fill", symbol="BTCUSDT", facts=facts))


def test_a_fill_that_leaves_more_short_than_is_owned() -> None:
    """One coin may be short of one owned, a lot more may not; what others sold meanwhile is not ours."""
    found = evidence()
    order(found, "1", "sell")
    fill(found, "", "-0.5")
    fill(found, "blst1", "-1.4")
    assert broken(found) == []
    fill(found, "blst1", "-1.6")
    assert broken(found) == ["B2"]


@pytest.mark.parametrize(("sold", "shown", "told"), [(2, 3, []), (2, 1, ["B2"]), (2, None, ["B2"]), (70, 80, ["B2"])])
def test_what_others_sold_while_positions_stood_still_could_not_be_known(
    sold: int, shown: int | None, told: list[str]
) -> None:
    """Excused is what came after the positions that were shown, up to a minute; anything before them is not."""
    found = evidence()
    began = found.cycles[0].began_at
    ask(found, Asked(kind="read", topics=frozenset({"positions"})), after=timedelta(0))
    found.requests[0].shown_from = None if shown is None else began - shown * SECOND
    order(found, "1", "sell")
    fill(found, "", "-0.5", at=began - sold * SECOND)
    fill(found, "blst1", "-1.4")
    assert broken(found) == told


@pytest.mark.parametrize(("venue", "seen", "told"), [("bybit", 30, []), ("bybit", 90, ["B2"]), ("binance", 30, ["B2"])])
def test_coins_that_left_while_their_page_stood_still_are_excused(venue: str, seen: int, told: list[str]) -> None:
    """Where coins share a page with the margin, the look after an order may show those of a minute before."""
    found = evidence()
    found.venue, began = venue, found.cycles[0].began_at
    found.owned_from = [(began - timedelta(hours=1), {"BTC": D(4)}), (began - seen * SECOND, {"BTC": D(1)})]
    order(found, "1", "sell")
    fill(found, "blst1", "-1.4")
    assert broken(found) == told


def test_wavering_at_rest() -> None:
    """Sold and bought is a correction, sold again is wavering."""
    found = evidence()
    order(found, "1", "sell")
    order(found, "2", "buy")
    assert broken(found) == []
    order(found, "3", "sell")
    assert broken(found) == ["B11"]


def test_an_order_on_old_answers() -> None:
    """A mark of a minute ago is none."""
    for age, rules in ((timedelta(seconds=59), []), (timedelta(seconds=62), ["C1"])):
        found = evidence()
        ask(found, Asked(topics=frozenset({"mark"}), symbol="BTCUSDT"), after=timedelta())
        order(found, "1", "buy", after=age)
        assert broken(found) == rules


def test_rows_that_go_back_are_rewritten_or_get_lost() -> None:
    """Sent, unknown, done, and nothing else."""
    found = evidence()
    order(found, "1", "sell", row("1"))
    order(found, "2", "sell", row("1", "unknown"), row("2"))
    assert broken(found) == []
    order(found, "3", "sell", row("1"), row("2", amount="0.2"), row("3"))
    assert broken(found)[:2] == ["D2", "D2"]
    again = evidence()
    order(again, "1", "sell", row("1"))
    order(again, "2", "sell", row("2"))
    order(again, "3", "sell", row("1", "unknown"), row("3"))
    assert broken(again) == ["D2"]
    lost = evidence()
    order(lost, "1", "sell")
    assert broken(lost) == []
    lost.intents.clear()
    assert [violation.rule for violation in conduct(lost)] == ["D2"]


def test_orders_that_arrive_out_of_turn() -> None:
    """The second instance's order between two of the first."""
    found = evidence()
    for name in ("2", "1"):
        order(found, name, "sell")
    assert broken(found) == ["E1"]


def test_a_cycle_without_end() -> None:
    """Two minutes are enough for whatever a venue does."""
    found = evidence()
    found.cycles.append(cycle(2, lasts=timedelta(seconds=121)))
    assert broken(found) == ["E7"]


def test_what_stays_open() -> None:
    """Hedged means that nothing is open, and in the quiet nothing stays open for three cycles."""
    found = evidence()
    found.cycles.append(cycle(2, ending="hedged", left_open=("9",)))
    assert broken(found) == ["L2"]
    found = evidence()
    found.cycles.extend(cycle(number, ending="refused", left_open=("9",)) for number in (2, 3))
    assert broken(found) == []
    found.cycles.append(cycle(4, ending="refused", left_open=("9",)))
    assert broken(found) == ["L3"]
