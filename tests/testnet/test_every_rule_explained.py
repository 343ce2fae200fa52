"""Every rule through two cycles of the whole bot: it hedges, halts nothing, and its chain reads on 80 columns."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.cli.explained import WIDTH, explained
from bot.domain.published import published
from bot.sim.model import WalletName
from tests.testnet.rehearsal import Play, rehearse

PORTFOLIO: dict[tuple[WalletName, str], Decimal] = {
    ("spot", "BTC"): Decimal(1),
    ("spot", "SOL"): Decimal(200),
    ("spot", "USDT"): Decimal(60_000),
    ("futures", "USDT"): Decimal(20_000),
}
STATIC = '[policy.size]\nrule = "static-ratio"\nratio = "0.5"\n'
COST = '[policy.pace]\nband = "cost"\n'
RULES = {
    "static-ratio": STATIC,
    "allocation": '[policy.size]\nrule = "allocation"\ncrypto_max = "0.3"\n',
    "minimum-variance": '[policy.size]\nrule = "minimum-variance"\n',
    "volatility": STATIC + '[[policy.adjust]]\nrule = "volatility"\n',
    "funding": STATIC + '[[policy.adjust]]\nrule = "funding"\n',
    "proxy-beta": STATIC + '[policy.place]\nrule = "proxy-beta"\nprefer = "proxy"\n',
}
PLAY = Play(scenario="calm", policy="", portfolio=PORTFOLIO, days=1, every=timedelta(hours=12))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_hedges_and_says_why(rule: str, tmp_path: Path) -> None:
    """Opened in the first cycle, kept in the second; a short that stands in for other coins is no broken promise."""
    done = rehearse(tmp_path, replace(PLAY, policy=RULES[rule] + COST))
    assert done.troubles == []
    assert any(row.filled > 0 for row in done.records[0].outcomes)
    for record in done.records:
        blocks = published(record)["explanations"]
        assert [rule in [link["rule"] for link in block["chain"]] for block in blocks].count(True) >= 1
        assert len({(block["asset"], block["symbol"]) for block in blocks}) == len(blocks)
        assert len({block["asset"] for block in blocks}) == len(blocks)
        assert max(map(len, explained(published(record)).splitlines())) <= WIDTH
