"""Metrics in the text format of Prometheus, read back by a strict parser, and the verdict on health."""

import re
from dataclasses import replace

import pytest

from bot.domain.record import CycleStatus
from bot.watch.health import trouble
from bot.watch.metrics import metrics
from tests.cli.records import record
from tests.watch.moments import NEXT, Watch, board, looked

NAME = re.compile(r"[a-z_:][a-z0-9_:]*")
SAMPLE = re.compile(r"(?P<name>[a-z_:][a-z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
Key = tuple[str, tuple[tuple[str, str], ...]]


def parsed(text: str) -> dict[Key, float]:
    """Read the exposition format as strictly as its description allows."""
    found: dict[Key, float] = {}
    described: dict[str, str] = {}
    current = ""
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current, _, words = line.removeprefix("# HELP ").partition(" ")
            assert NAME.fullmatch(current)
            assert current not in described, "a family is described once and stands together"
            assert words.endswith(".")
            described[current] = ""
        elif line.startswith("# TYPE "):
            name, _, kind = line.removeprefix("# TYPE ").partition(" ")
            assert name == current
            assert kind in ("gauge", "counter")
            assert (kind == "counter") == name.endswith("_total")
            described[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match["name"] == current
            assert described[current]
            given = match["labels"] or ""
            labels = LABEL.findall(given)
            assert "".join(f'{name}="{value}",' for name, value in labels) == (f"{given}," if given else ""), line
            key = (current, tuple(sorted(labels)))
            assert key not in found, "a sample stands once"
            found[key] = float(match["value"])
    return found


def told(status: CycleStatus = CycleStatus.HEDGED) -> dict[Key, float]:
    watched = board()
    watched.told(looked(status), NEXT)
    return parsed(metrics(watched.moment()))


def test_figures_are_those_of_the_record() -> None:
    """Ratio, leverage, distance, margin and age, with their labels."""
    found = told()
    market = (("symbol", "BTC/USDT:USDT"), ("venue", "binance"))
    assert found["ballast_hedge_held_ratio", (("asset", "BTC"),)] == 0.2
    assert found["ballast_hedge_wanted_ratio", (("asset", "BTC"),)] == 0.5
    assert found["ballast_leverage_ratio", ()] == 1
    assert found["ballast_liquidation_distance_ratio", market] == 0.5
    assert found["ballast_short_notional", (("currency", "USDT"), *market)] == 10000
    assert found["ballast_margin_equity", (("currency", "USDT"), ("venue", "binance"))] == 10000
    assert found["ballast_cycle_age_seconds", ()] == 0
    assert found["ballast_cycle_next_timestamp_seconds", ()] == NEXT.timestamp()


@pytest.mark.parametrize("status", CycleStatus)
def test_status_is_one_of_all(status: CycleStatus) -> None:
    """Exactly the status of the last cycle is 1; each is counted."""
    found = told(status)
    ones = [key[1][0][1] for key, value in found.items() if key[0] == "ballast_cycle_status" and value == 1]
    assert ones == [status.value]
    assert found["ballast_cycles_total", (("status", status.value),)] == 1


def test_hostile_labels_are_escaped() -> None:
    """A quote, a backslash or a line break in a name cannot make a sample of its own."""
    base = record(CycleStatus.REFUSED, refused=True)
    evil = 'BTC"} 1\nballast_healthy 0 \\'
    watched = board(portfolio=evil)
    watched.told(
        replace(
            base,
            exposures=(replace(base.exposures[0], asset=evil),),
            refusals=(replace(base.refusals[0], guard=evil),),
        ),
        NEXT,
    )
    found = parsed(metrics(watched.moment()))
    assert found["ballast_healthy", ()] == 1
    assert sum(key[0] == "ballast_refusals_total" for key in found) == 1


def test_metrics_before_the_first_cycle_are_few_and_valid() -> None:
    """A figure that is not known is left out, not zero."""
    names = {key[0] for key in parsed(metrics(board().moment()))}
    assert "ballast_healthy" in names
    assert "ballast_cycle_age_seconds" not in names
    assert "ballast_leverage_ratio" not in names


def test_health_goes_with_age_and_halt() -> None:
    """No cycle yet, a young one, an old one, a halt: each with its reason."""
    watch = Watch()
    watched = board(watch=watch)

    def verdict() -> str | None:
        now = watched.moment()
        return trouble(age_s=now.age_s, patience_s=now.patience_s, halted=now.halted)

    assert "no cycle has ended" in str(verdict())
    watched.told(looked(CycleStatus.UNAVAILABLE), NEXT)
    assert verdict() is None
    watch.passed_s = 150
    assert verdict() is None
    watch.passed_s = 151
    assert "151 s ago" in str(verdict())
    watched.told(looked(), NEXT)
    assert verdict() is None
    watched.journal.set_latch("runaway", "token")
    assert "halted: runaway" in str(verdict())
