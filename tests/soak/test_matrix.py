"""One fault at a time at every call: a sample in every test run, all of it in `make soak`."""

import pytest

from tests.soak.defects import MUTANTS
from tests.soak.matrix import Case, play

SAMPLE = (
    "binance:swapped_reply:6::0", "binance:status_599+:13::0", "binance:thousandth_mark:1::0", "bybit:hollow_ack:1::0",
    "bybit:ack_only:1::0", "bingx:false_absence:1::0", "bingx:repeated_order_reply:2::0", "weex:duplicate_reply:1::0",
    "bybit:mode_toggled:3::0", "mexc:lingering_order:1::0", "mexc:refused_lot_size:1::0",
    "binance:partial_markets:1::0", "binance:lost_cancel+:1:cancel:0", "bybit:refused_cancel-:1:cancel:1",
    "mexc:timeout-:1:cancel:2", "binance:interrupted:1::0", "bingx:interrupted:2::1",
    "binance:key_suspended:9::0", "bybit:maintenance:4::0",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLE)
def test_one_fault_breaks_nothing(name: str) -> None:
    """Whatever goes wrong once, no rule breaks and the hedge stands in the end."""
    trial = play(Case.of(name))
    assert trial.name == name
    assert not trial.broken, trial.broken


@pytest.mark.parametrize(
    ("defect", "name"),
    [("timeout-is-refusal", "binance:lost_reply:1::0"), ("new-id-resend", "binance:lost_reply:1::0")],
)
def test_the_matrix_notices_a_defect(defect: str, name: str) -> None:
    """The bot without a safeguard breaks a rule somewhere in the first calls of a cycle."""
    mutant = next((row for row in MUTANTS if row.name == defect), None)
    assert mutant is not None, f"known are {', '.join(row.name for row in MUTANTS)}"
    case = Case.of(name)
    with mutant.apply():
        tried = [Case.of(f"{case.venue}:{case.fault}:{nth}::0") for nth in range(24, 32)]
        assert any(play(row).broken for row in tried)
