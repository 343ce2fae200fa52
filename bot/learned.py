"""What the account itself taught: maintenance rates that no page of the venue names, kept in the journal."""

from dataclasses import replace
from decimal import Decimal

from bot.domain.snapshot import Snapshot
from bot.execution.journal import Journal
from bot.risk.implied_rates import from_json, implied, remembered, to_json
from bot.upkeep import Mind

RATES = "margin.rates"


def taught(mind: Mind, snapshot: Snapshot, journal: Journal) -> Mind:
    """The mind with the rates that are known, those of this look among them; they are remembered."""
    seen: dict[str, Decimal] = {}
    for view in snapshot.venues:
        for asset, rate in implied(view).items():
            seen[asset] = max(seen.get(asset, rate), rate)
    told = journal.setting(RATES)
    known = remembered(from_json(told), seen, snapshot.at)
    text = to_json(known)
    if text != told:
        journal.set_setting(RATES, text)
    if not known:
        return mind
    return replace(mind, margin=replace(mind.margin, rates={asset: row.rate for asset, row in known.items()}))
