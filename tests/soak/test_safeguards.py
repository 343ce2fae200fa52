"""The judge takes the bot's own word for no more than what follows from it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.soak.evidence import CycleSeen, Evidence, LedgerLine, Request
from tests.soak.market import START
from tests.soak.safeguards import safeguards
from tests.soak.speech import Asked

D = Decimal
MINUTE = timedelta(minutes=1)


def cycle(number: int, *, counts: str, ratio: str = "0.5") -> CycleSeen:
    began = START + number * 10 * MINUTE
    return CycleSeen(
        number=number, life=1, first_request=0, first_line=1, began_at=began, ended_at=began + MINUTE, ending="acted",
        record=f"'asset': 'BTC', 'amount': '{counts}'", quiet=False, ratio=D(ratio),
    )  # fmt: skip


def told(side: str, amount: str, *, counts: str, ratio: str = "0.5", killed_at: str = "") -> list[str]:
    """What is said of an order after two of four coins left; half a coin per coin is short, as it was wanted before."""
    found = Evidence(
        seed=0,
        intensity=0,
        canaries=(),
        settings={"hedge_ratio_max": "1", "margin_mode": "cross", "size": {"rule": "static-ratio"}},
    )
    found.owned_from = [(START, {"BTC": D(4)}), (START + 5 * MINUTE, {"BTC": D("1.9")})]
    found.marks.append((START, {"BTCUSDT": D(60000)}))
    facts = {"client_id": "", "position": "-2", "side": "sell", "amount": "2"}
    found.ledger.append(LedgerLine(sequence=0, at=START, kind="fill", symbol="BTCUSDT", facts=facts))
    found.cycles = [cycle(0, counts="4"), cycle(1, counts=counts, ratio=ratio)]
    if killed_at:  # a change half a minute before, and no record of what was seen of it
        found.venue, found.cycles[1] = killed_at, replace(found.cycles[1], record="", ending="killed")
        found.owned_from[1] = (found.cycles[1].began_at - MINUTE / 2, {"BTC": D("1.9")})
    asked = Asked(kind="order", symbol="BTCUSDT", client_id="blst1", side=side, amount=D(amount), price=D(60000))
    at = found.cycles[1].began_at + MINUTE / 2
    found.requests.append(
        Request(number=0, ledger=1, at=at, life=1, cycle=1, method="POST", path="/", asked=asked, rows=())
    )
    return sorted(row.rule for row in safeguards(found) if row.rule in ("C3", "T1"))


@pytest.mark.parametrize(
    ("side", "amount", "counts", "ratio", "broken"),
    [
        ("buy", "1", "1.9", "0.5", ["C3", "T1"]),  # the new amount, at the first look
        ("buy", "1", "4", "0.5", ["C3"]),  # the old amount is named, the new one is traded on
        ("buy", "1", "4", "0.25", []),  # of the old amount less is wanted than is short
        ("sell", "0.4", "4", "0.6", []),
        ("sell", "0.6", "4", "0.6", ["C3"]),
        ("buy", "2", "1.9", "0", []),  # who wants no hedge has his closed
    ],
)
def test_an_amount_that_a_record_names_excuses_only_trades_that_follow_from_it(
    side: str, amount: str, counts: str, ratio: str, broken: list[str]
) -> None:
    """A leap is not traded on at once, and no record that names the old amount hides that it was."""
    assert told(side, amount, counts=counts, ratio=ratio) == broken


@pytest.mark.parametrize(
    ("venue", "side", "amount", "broken"),
    [("bybit", "sell", "0.4", []), ("bybit", "buy", "1", ["C3", "T1"]), ("binance", "sell", "0.4", ["C3"])],
)
def test_a_page_that_stands_still_after_an_order_excuses_who_left_no_record(
    venue: str, side: str, amount: str, broken: list[str]
) -> None:
    """Where coins share a page with the margin a killed cycle may have seen the old amount and traded for it."""
    assert told(side, amount, counts="4", ratio="0.6", killed_at=venue) == broken
