"""Records as JSON for machines, as tables and as one line for people."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.cli.render import record_table, status_table
from bot.domain.published import plain, published
from bot.logs import WIDTH, cycle_line
from tests.cli.records import NOW, SYMBOL, blind, record

KEYS = {
    "": "schema cycle at mode portfolio status "
    "exposures needs targets positions margin intents outcomes refusals notes explanations",
    "exposures": "asset amount notional sources",
    "needs": "asset short_notional leverage_cap reasons",
    "targets": "venue symbol short_notional contracts leverage_cap reasons",
    "positions": "venue symbol contracts notional entry_price mark_price "
    "liquidation_price liquidation_distance leverage",
    "margin": "venue currency equity used maintenance effective_leverage",
    "intents": "id kind venue symbol side amount reduce_only reasons",
    "outcomes": "id ending filled average_price fee",
    "refusals": "id guard reason",
}


def test_published_object_has_exactly_the_promised_keys() -> None:
    """Machines rely on the shape; a key more or less is a new schema number."""
    shown = published(record()) | {"refusals": published(record(refused=True))["refusals"]}
    assert " ".join(shown) == KEYS[""]
    for table, keys in KEYS.items():
        for row in shown[table] if table else ():
            assert " ".join(row) == keys
    json.dumps(shown)


def test_published_amounts_are_plain_strings() -> None:
    """Amounts keep every digit and carry no exponent; distances and leverage are strings as well."""
    shown = published(record())
    position = shown["positions"][0]
    assert (position["contracts"], position["notional"]) == ("-0.2", "10000")
    assert position["liquidation_distance"] == "0.5"
    assert shown["margin"][0]["effective_leverage"] == "1"
    assert shown["targets"][0]["contracts"] == "0.5"
    assert published(record(contract_size="0.1"))["targets"][0]["contracts"] == "5"
    assert [plain(Decimal(text)) for text in ("1E+3", "0.5000", "-0.0", "1E-8", "100")] == [
        "1000",
        "0.5",
        "0",
        "0.00000001",
        "100",
    ]


def test_settings_intents_have_no_amount() -> None:
    """A leverage change is an intent without side and amount; its reason tells the figure."""
    row = published(record())["intents"][0]
    assert (row["kind"], row["side"], row["amount"], row["symbol"]) == ("leverage", None, None, SYMBOL)


def test_table_shows_owned_wanted_held_and_why() -> None:
    """A person sees the whole cycle from top to bottom."""
    table = record_table(published(record()))
    for words in ("acted, not yet there", "cold wallet", "25,000.00", "-0.2", "50.0%", "filled", "outside the band"):
        assert words in table
    assert "refused: too large" in record_table(published(record(refused=True)))


def test_blind_cycle_has_a_table_and_a_line() -> None:
    """A cycle that saw nothing says so."""
    assert "nothing was done" in record_table(published(blind()))
    assert "did not answer" in cycle_line(blind(), None)


def test_status_without_cycles_says_how_to_begin() -> None:
    """A fresh journal is no error."""
    facts = {"age_s": None, "fresh": False, "paused": "holiday", "halted": None}
    assert "ballast once" in status_table(None, facts)
    assert "PAUSED: holiday" in status_table(None, facts)


def test_cycle_line_tells_the_whole_cycle() -> None:
    """Prices, held and wanted, leverage, distance to liquidation, deeds and the next look, in one line."""
    line = cycle_line(record(), NOW + timedelta(seconds=30))
    for words in ("BTC 1 @ 50,000", "hedged 20.0% of 50.0% wanted", "leverage 1.00x", "liq 50% away", "next 12:30:30"):
        assert words in line
    assert "sell 0.3 BTC" in line
    assert len(line) <= WIDTH
    assert "\n" not in line


def test_cycle_line_counts_shared_collateral() -> None:
    """Each short alone may look safe; the line tells the rise of all prices that liquidates them together."""
    base = record()
    assert base.snapshot is not None
    (seen,) = base.snapshot.venues
    poor = replace(seen, margins=(replace(seen.margins[0], wallet=seen.margins[0].wallet - 7000),))
    line = cycle_line(replace(base, snapshot=replace(base.snapshot, venues=(poor,))), None)
    assert "liq 29% away" in line  # (3000 - 40) / (10000 + 40)
