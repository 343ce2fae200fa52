"""Volatility, funding, conviction, proxies, the cost band, timers and volume-profile timing in one profile."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.intent import OrderIntent
from bot.domain.published import published
from bot.domain.record import CycleRecord, CycleStatus
from tests.testnet.weather import weathered

RULES = """
[policy.size]
rule = "static-ratio"
ratio = "0.4"

[[policy.adjust]]
rule = "volatility"
target = "0.45"

[[policy.adjust]]
rule = "funding"
budget_per_year = "0.10"

[[policy.adjust]]
rule = "conviction"
ratio = "0.5"
until = "2030-01-01"
assets = ["ETH"]

[policy.place]
rule = "proxy-beta"
prefer = "proxy"

[policy.pace]
band = "cost"
timing = "volume-profile"
sustained_s = 3600
cooldown_s = 3600
"""
SPOT = {"BTC": "1", "ETH": "15", "SOL": "200", "ADA": "20000"}


def _orders(record: CycleRecord) -> list[OrderIntent]:
    return [row for row in record.intents if isinstance(row, OrderIntent)]


@pytest.mark.parametrize("scenario", ["alt-crash", "funding-squeeze"])
def test_rules_agree_through_rough_weather(scenario: str, tmp_path: Path) -> None:
    """Nothing is refused or halted, what was reached is left alone, turnover is bounded, every short is explained."""
    looks = weathered(tmp_path, scenario, RULES, days=9, every=timedelta(hours=9), spot=SPOT)
    fine = (CycleStatus.HEDGED, CycleStatus.ACTED)
    assert [row.record.notes for row in looks if {row.decided.status, row.record.status} - set(fine)] == []
    assert [row.day for row in looks if row.decided.status is CycleStatus.HEDGED and _orders(row.record)] == []
    exposure = sum(float(row.notional) for row in looks[0].record.exposures)
    later = [record for row in looks[2:] for record in (row.decided, row.record)]
    turnover = sum(float(row.filled * (row.average_price or 0)) for record in later for row in record.outcomes)
    assert turnover < exposure / 2
    held = {symbol for row in looks for symbol in row.shorts}
    told = {block["symbol"].split("/")[0] for row in looks for block in published(row.record)["explanations"]}
    assert held <= told
