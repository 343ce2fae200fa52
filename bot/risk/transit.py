"""Coins on their way: what left one place and has not arrived at another is still owned; its hedge stays for a time.

Nobody tells where coins go. A fall that the cash does not explain is taken for a withdrawal on its way; it ends when
the coins show up again, or when the time that a transfer may take is over.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from bot.domain.account import ZERO

ARRIVED = Decimal("0.98")  # fees and dust stay behind
SETTLES = timedelta(minutes=1)  # within this time every wallet shows what was moved between them
SOLD = Decimal("0.9")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitRule:
    """When coins count as on their way. Units: `share_min` of the amount before; `longest` how long it is believed."""

    longest: timedelta
    share_min: Decimal = Decimal("0.02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """Coins of one asset that left and did not arrive yet. Units: `missing` in coins."""

    missing: Decimal
    since: datetime


def followed(
    known: Mapping[str, Transit],
    before: Mapping[str, Decimal],
    seen: Mapping[str, Decimal],
    cash_gains: Mapping[str, Decimal],
    at: datetime,
    rule: TransitRule,
) -> dict[str, Transit]:
    """What is on its way after this look.

    `cash_gains` is, by asset, how many of its coins the stablecoins that came in meanwhile would have bought: coins
    that were sold are not on their way.
    """
    found = {asset: row for asset, row in known.items() if at - row.since <= rule.longest}
    for asset in sorted(before.keys() | seen.keys()):
        old, new = before.get(asset, ZERO), seen.get(asset, ZERO)
        if new > old and asset in found:
            left = found[asset].missing - (new - old)
            if left <= found[asset].missing * (1 - ARRIVED):
                del found[asset]
            else:
                found[asset] = Transit(missing=left, since=found[asset].since)
        fallen = old - new
        if fallen > rule.share_min * old > 0 and cash_gains.get(asset, ZERO) < fallen * SOLD:
            already = found[asset].missing if asset in found else ZERO
            found[asset] = Transit(missing=already + fallen, since=at)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CashLook:
    """All stablecoins as one look showed them. Units: `cash` in the quote currency."""

    at: datetime
    cash: Decimal


def gained(looks: Sequence[CashLook], cash: Decimal) -> Decimal:
    """What came in since, against the most that was seen lately; zero where nothing was seen before.

    Money that we move is for a moment in neither wallet's view. Were it missed then, its return would look like the
    price of coins that were sold.
    """
    return max(ZERO, cash - max(row.cash for row in looks)) if looks else ZERO


def looked(looks: Sequence[CashLook], cash: Decimal, at: datetime) -> list[CashLook]:
    """The looks that the next one is held against: this one, the one before, and whatever is not a minute old."""
    kept = [row for place, row in enumerate(looks, 1) if place == len(looks) or abs(at - row.at) <= SETTLES]
    return [*kept, CashLook(at=at, cash=cash)]


def looks_to_json(looks: Sequence[CashLook]) -> str:
    """As one line for the journal."""
    return json.dumps([[row.at.isoformat(), str(row.cash)] for row in looks])


def looks_from_json(text: str | None) -> list[CashLook]:
    """From the journal; a line that cannot be read means that no cash was seen before."""
    try:
        return [CashLook(at=datetime.fromisoformat(at), cash=Decimal(cash)) for at, cash in json.loads(text or "[]")]
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        return []


def reasons(transits: Mapping[str, Transit], at: datetime, rule: TransitRule) -> dict[str, str]:
    """Why the hedge of each asset is not made smaller now."""
    return {
        asset: (
            f"{row.missing.normalize():f} {asset} left {_minutes(at - row.since)} ago and may be on their way to you "
            f"or to another venue: their hedge stays until they arrive, at most {_minutes(rule.longest)} "
            "(risk.transit_max_s). If you sold or gave them away, that is the time it takes"
        )
        for asset, row in transits.items()
    }


def _minutes(length: timedelta) -> str:
    minutes = length.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def to_json(transits: Mapping[str, Transit]) -> str | None:
    """As one line for the journal; None when nothing is on its way."""
    rows = {asset: [str(row.missing), row.since.isoformat()] for asset, row in sorted(transits.items())}
    return json.dumps(rows) if rows else None


def from_json(text: str | None) -> dict[str, Transit]:
    """From the journal; a line that cannot be read means that nothing is known to be on its way."""
    try:
        rows = json.loads(text or "{}")
        return {
            asset: Transit(missing=Decimal(row[0]), since=datetime.fromisoformat(row[1])) for asset, row in rows.items()
        }
    except (ValueError, TypeError, LookupError, AttributeError, InvalidOperation):
        return {}
