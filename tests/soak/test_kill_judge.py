"""The judge of kills is judged: every rule is broken once by hand, and what is right breaks none."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.soak.killing.judge import NOTHING, Found, Judge, Line, Written, autopsy, looked_at
from tests.soak.killing.plan import STRIDE, drawn

OWN = "blst7"
ROW = Written(id="c1-01", client_id=OWN, kind="order", symbol="BTC/USDT:USDT", state="sent", filled=Decimal(0))
DONE = replace(ROW, state="done", filled=Decimal("0.3"))
ORDER = Line(kind="order.new", symbol="BTCUSDT", facts={"client_id": OWN, "side": "sell", "reduce_only": "False"})
FILL = Line(kind="fill", symbol="BTCUSDT", facts={"client_id": OWN, "amount": "0.3"})
OTHER = replace(ROW, id="c1-00", client_id="blst6")


def judge() -> Judge:
    made = Judge({"BTC": Decimal(1)})
    made.ratio_most = Decimal("0.5")
    return made


def found(*rows: Written, verdict: str = "ok", halted: str = "") -> Found:
    return replace(NOTHING, rows=rows, verdict=verdict, halted=halted)


def test_a_whole_story_breaks_no_rule() -> None:
    """Written down, sent, filled, booked."""
    one = judge()
    one.arrived(found(ROW), [ORDER, FILL], {"BTCUSDT": Decimal("-0.3")})
    one.died(found(ROW))
    one.died(found(DONE))
    one.ended(found(DONE), [ORDER, FILL])
    assert one.broken == []


BUY = replace(ORDER, facts={**ORDER.facts, "side": "buy"})


@pytest.mark.parametrize(
    ("rule", "story"),
    [
        ("A1", lambda one: one.ended(found(DONE), [ORDER, ORDER, FILL])),
        ("A2", lambda one: one.arrived(found(), [ORDER], {})),
        ("A2", lambda one: one.arrived(found(DONE), [ORDER], {})),
        ("A2", lambda one: one.ended(found(), [ORDER])),
        ("A3", lambda one: one.died(found(ROW, replace(OTHER, client_id=OWN)))),
        ("A5", lambda one: one.arrived(found(OTHER, ROW), [ORDER], {})),
        ("B1", lambda one: one.arrived(found(ROW), [], {"BTCUSDT": Decimal("0.1")})),
        ("B5", lambda one: one.arrived(found(ROW), [], {"BTCUSDT": Decimal("-0.6")})),
        ("B6", lambda one: one.arrived(found(ROW), [BUY], {})),
        ("D1", lambda one: one.died(found(verdict="malformed"))),
        ("D2", lambda one: (one.died(found(ROW)), one.died(found()))),
        ("D2", lambda one: (one.died(found(DONE)), one.died(found(ROW)))),
        ("D4", lambda one: one.ended(found(replace(DONE, filled=Decimal("0.2"))), [ORDER, FILL])),
        ("D4", lambda one: one.ended(found(), [FILL])),
        ("L1", lambda one: one.ended(found(ROW), [ORDER])),
        ("L3", lambda one: one.died(found(ROW, halted="a reason"))),
    ],
)
def test_a_broken_rule_is_named(rule: str, story: Callable[[Judge], object]) -> None:
    """Each of these would cost money or trust."""
    one = judge()
    story(one)
    assert {row.split(" ", 1)[0] for row in one.broken} == {rule}, one.broken


def test_a_damaged_file_is_seen_and_one_that_was_never_finished_is_none(tmp_path: Path) -> None:
    """Bytes overwritten in the middle are damage; a file without tables was killed while it was made."""
    path = tmp_path / "ballast.db"
    assert looked_at(path) == autopsy(path) == NOTHING
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (key TEXT)")
    connection.close()
    assert autopsy(path).verdict == "ok"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 3000)
    assert autopsy(path).verdict != "ok"


def test_a_trial_is_drawn_the_same_again_and_every_byte_has_its_turn() -> None:
    """From its number alone; the strikes of one venue walk through all places of a request of 500 bytes."""
    assert drawn(7) == drawn(7)
    places = {
        strike.place % 502
        for number in range(0, 300, 5)
        for strike in drawn(number).strikes
        if strike.where == "request" and strike.what == "order" and strike.place % STRIDE == 0
    }
    assert places == set(range(502))
