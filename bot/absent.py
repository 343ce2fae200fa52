"""A venue that only holds coins and does not answer: what was last seen there still counts, and is left as it is.

Shorts live elsewhere, so nothing else has to wait for it. Coins may have moved to it unseen, so what fell elsewhere
meanwhile is not believed to be gone either.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from bot.domain.account import ZERO
from bot.domain.errors import Stale
from bot.domain.snapshot import Holding, Snapshot

KEY = "absent.holdings"
FELL_MIN = Decimal("0.02")  # fees and funding of coin-margined collateral are no coins on their way

Known = Mapping[str, tuple[Holding, ...]]


class Memory(Protocol):
    """Small values that survive a restart."""

    def setting(self, key: str) -> str | None:
        """Give back what is remembered."""

    def set_setting(self, key: str, value: str | None) -> None:
        """Remember it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What counts in place of what could not be seen, and which assets are left alone for it, with the reason."""

    holdings: tuple[Holding, ...]
    doubtful: Mapping[str, str]


def stand_in(
    seen: Mapping[str, Sequence[Holding]], away: Mapping[str, str], known: Known, cash: frozenset[str]
) -> StandIn:
    """Put what was last seen at the venues that are away in the place of what they hold now.

    `seen` is what the others showed, by venue; `away` why the rest did not answer; `known` the last complete look.
    Raises: Stale when a venue was never seen, so that nobody knows what depends on it.
    """
    strange = sorted(venue for venue in away if venue not in known)
    if strange:
        raise Stale(
            f"{', '.join(strange)} does not answer and was never seen before, so nobody knows what is owned there: "
            f"{away[strange[0]]} Nothing is decided; open shorts are protected all the same."
        )
    rows = tuple(row for venue in sorted(away) for row in known[venue])
    doubtful = {
        row.asset: f"{row.amount.normalize():f} {row.asset} were last seen at {row.venue}, which does not answer"
        for row in rows
    }
    before, now = (_amounts(source, seen) for source in (known, seen))
    for asset, amount in before.items():
        if asset not in cash and amount - now.get(asset, ZERO) > FELL_MIN * amount:
            doubtful.setdefault(
                asset,
                f"{asset} became less elsewhere and may be at {' or '.join(sorted(away))}, which does not answer",
            )
    return StandIn(holdings=rows, doubtful=doubtful if away else {})


def last_seen(memory: Memory) -> Known:
    """What each venue showed in the last complete look; nothing where that cannot be read."""
    try:
        kept = json.loads(memory.setting(KEY) or "{}")
        return {
            venue: tuple(
                Holding(asset=asset, amount=Decimal(amount), source=source, venue=venue)
                for asset, amount, source in rows
            )
            for venue, rows in kept.items()
        }
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        return {}


def remember(snapshot: Snapshot, memory: Memory) -> None:
    """Keep what every venue showed, after a look that was complete and believed; one venue alone needs no memory."""
    if snapshot.away or snapshot.doubtful or len(snapshot.venues) < 2:
        return
    kept = {
        view.venue: sorted(
            [row.asset, str(row.amount), row.source] for row in snapshot.holdings if row.venue == view.venue
        )
        for view in snapshot.venues
    }
    text = json.dumps(kept, sort_keys=True)
    if text != memory.setting(KEY):
        memory.set_setting(KEY, text)


def _amounts(source: Mapping[str, Sequence[Holding]], venues: Iterable[str]) -> dict[str, Decimal]:
    """What lies at these venues, added up."""
    found: dict[str, Decimal] = {}
    for venue in venues:
        for row in source.get(venue, ()):
            found[row.asset] = found.get(row.asset, ZERO) + row.amount
    return found
