"""What happened to the account since the last look, without our doing: asked of the venue, named, and remembered."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.event import Event
from bot.domain.snapshot import Snapshot
from bot.execution.client_id import is_ours
from bot.execution.journal import Journal
from bot.execution.recollection import prices_before
from bot.risk.events import flows, foreign_orders
from bot.risk.plausible import unconfirmed_jumps, unconfirmed_leaps
from bot.risk.transit import (
    CashLook,
    Transit,
    TransitRule,
    followed,
    from_json,
    gained,
    looked,
    looks_from_json,
    looks_to_json,
    reasons,
    to_json,
)

FOREIGN = "events.foreign_orders"
TRANSIT = "events.transit"
CASH = "amounts.cash"
CARRIED = "amounts.coin_margined"
ACCEPTED = "amounts.accepted"
PENDING = "amounts.pending"
BELIEVED = "prices.before_a_leap"


def strangers(snapshot: Snapshot, journal: Journal) -> list[Event]:
    """Resting orders of somebody else, each told once."""
    told = set(json.loads(journal.setting(FOREIGN) or "[]"))
    found, here = [], set()
    for view in snapshot.venues:
        ours = [row.client_id for row in view.open_orders if row.client_id is not None and is_ours(row.client_id)]
        for order_id, event in foreign_orders(view, ours):
            here.add(order_id)
            if order_id not in told:
                found.append(event)
                journal.note(snapshot.at, event.kind.value, event.text)
    if here != told:
        journal.set_setting(FOREIGN, json.dumps(sorted(here)) if here else None)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What the amounts owned say: which are doubted, what came or went, which hedges wait for coins on their way."""

    doubtful: Mapping[str, str]
    events: Sequence[Event]
    in_transit: Mapping[str, str]


def leaping_prices(snapshot: Snapshot, journal: Journal) -> dict[str, str]:
    """Assets whose price leapt, with what is said of it; what was believed of them is remembered while they wait."""
    owned = {row.asset for row in snapshot.holdings}
    seen = {asset: row.price for asset, row in snapshot.prices.items() if asset in owned}
    last, before = prices_before(journal), _amounts(journal, BELIEVED)
    leaps = unconfirmed_leaps(seen, last, before)
    waiting = {asset: before.get(asset) or last[asset] for asset in leaps}
    if waiting != before:
        journal.set_setting(BELIEVED, _amounts_to_json(waiting))
    return leaps


def believe_amounts(
    snapshot: Snapshot, journal: Journal, jump_max: Decimal, transit: TransitRule | None, stablecoins: frozenset[str]
) -> Amounts:
    """Compare the coins owned with those that were believed last, and remember what is believed now.

    What the look itself already doubts stays as it was believed last.
    """
    seen, unseen = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    for holding in snapshot.holdings:
        if holding.asset not in stablecoins:
            seen[holding.asset] += holding.amount
            unseen[holding.asset] += ZERO if holding.venue else holding.amount
    accepted, pending = _moved_with_price(_amounts(journal, ACCEPTED), snapshot, journal), _amounts(journal, PENDING)
    for asset in snapshot.doubtful:
        seen.pop(asset, None)
        if asset in accepted:
            seen[asset] = accepted[asset]
    jumps = unconfirmed_jumps(accepted, pending, seen, jump_max, unseen)
    believed = {asset: amount for asset, amount in seen.items() if asset not in jumps}
    believed |= {asset: accepted[asset] for asset in jumps}
    events = flows(accepted, believed) if accepted else []
    for event in events:
        journal.note(snapshot.at, event.kind.value, event.text)
    # only what leapt waits for a second look: an amount that is as it was confirms no other leap
    waiting = {asset: seen.get(asset, ZERO) for asset in jumps}
    remembered = {PENDING: _amounts_to_json(waiting), ACCEPTED: _amounts_to_json(believed), CARRIED: _carried(snapshot)}
    kept: dict[str, str] = {}
    if transit is not None:
        found, cash = _on_their_way(accepted, believed, snapshot, journal, transit, stablecoins)
        kept = reasons(found, snapshot.at, transit)
        remembered[TRANSIT] = to_json(found)
        if not jumps and not snapshot.doubtful:  # a look that is doubted says nothing about the cash either
            remembered[CASH] = looks_to_json(cash)
    # In one commit: whoever died between the new amounts and what is on its way would never miss those coins again.
    journal.set_settings(remembered)
    return Amounts(doubtful={**jumps, **snapshot.doubtful}, events=events, in_transit=kept)


def _carried(snapshot: Snapshot) -> str | None:
    """The coin-margined positions of this look with their marks: the next look sees what prices did to the coins."""
    rows = [
        [view.venue, row.symbol, instrument.base, str(row.amount), str(row.mark_price)]
        for view in snapshot.venues
        for row in view.positions
        if row.inverse and (instrument := view.instrument(row.symbol)) is not None
    ]
    return json.dumps(rows) if rows else None


def _moved_with_price(accepted: dict[str, Decimal], snapshot: Snapshot, journal: Journal) -> dict[str, Decimal]:
    """The coins believed last, with what a coin-margined short has won or lost since: nobody brought or took that."""
    views = {view.venue: view for view in snapshot.venues}
    for venue, symbol, base, amount, before in json.loads(journal.setting(CARRIED) or "[]"):
        view = views.get(venue)
        position, mark = (view.position(symbol), view.mark(symbol)) if view else (None, None)
        now = position.mark_price if position else mark.mark_price if mark else None
        if base in accepted and now is not None and now > 0:
            accepted[base] += Decimal(amount) * (1 / Decimal(before) - 1 / now)
    return accepted


def _amounts(journal: Journal, key: str) -> dict[str, Decimal]:
    text = journal.setting(key)
    return {asset: Decimal(amount) for asset, amount in json.loads(text).items()} if text else {}


def _amounts_to_json(amounts: Mapping[str, Decimal]) -> str | None:
    return json.dumps({asset: str(amount) for asset, amount in sorted(amounts.items())}) if amounts else None


def _on_their_way(
    before: Mapping[str, Decimal],
    seen: Mapping[str, Decimal],
    snapshot: Snapshot,
    journal: Journal,
    rule: TransitRule,
    stablecoins: frozenset[str],
) -> tuple[dict[str, Transit], list[CashLook]]:
    """What may be on its way after this look, and the cash that the next look is judged by."""
    cash = sum((row.amount for row in snapshot.holdings if row.asset in stablecoins), ZERO)
    # what we moved into the futures wallet ourselves is cash all the same
    cash += sum((row.wallet for view in snapshot.venues for row in view.margins if row.currency in stablecoins), ZERO)
    looks = looks_from_json(journal.setting(CASH))
    gain = gained(looks, cash)
    gains = {asset: gain / row.price for asset, row in snapshot.prices.items() if row.price > 0}
    known = from_json(journal.setting(TRANSIT))
    return (followed(known, before, seen, gains, snapshot.at, rule) if before else dict(known)), looked(
        looks, cash, snapshot.at
    )
