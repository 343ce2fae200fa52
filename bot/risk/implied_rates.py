"""Maintenance rates that a venue does not publish, read from the liquidation prices it tells of isolated shorts.

An isolated short that is nearer to its end than our arithmetic says is closed, and would be opened anew at the same
leverage: once closed it tells nothing any more. So what it told is remembered for a week.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from bot.domain.account import ZERO
from bot.domain.snapshot import VenueView
from bot.risk.margin import Pool, pools

LONGEST = timedelta(days=7)
HIGHEST = Decimal("0.5")  # above that no venue lets anything be opened
DIGITS = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedRate:
    """Maintenance per notional of one asset, as a liquidation price implied it. Units: a fraction."""

    rate: Decimal
    at: datetime


def implied(view: VenueView) -> dict[str, Decimal]:
    """By asset, the rate at which each isolated short is liquidated where the venue says it is.

    Only where the venue's word is nearer than our own arithmetic, and publishes no tiers: where it does, what makes
    the difference is something else, such as funding that the margin has paid.
    """
    found: dict[str, Decimal] = {}
    for pool in pools(view):
        rate, symbol = _rate(pool), pool.legs[0].symbol
        published = any(not row.assumed for row in view.brackets.get(symbol, ()))
        if rate is not None and not published and symbol not in view.frozen:
            asset = pool.legs[0].asset
            found[asset] = max(found.get(asset, ZERO), rate)
    return found


def _rate(pool: Pool) -> Decimal | None:
    leg = pool.legs[0]
    x = leg.venue_distance
    if not pool.isolated or leg.fixed_face or leg.notional <= 0 or x is None or pool.worse.equity >= pool.equity:
        return None
    rate = (pool.equity - leg.notional * x) / (leg.notional * (1 + x))
    return rate.quantize(DIGITS) if ZERO < rate <= HIGHEST else None


def remembered(known: Mapping[str, ImpliedRate], seen: Mapping[str, Decimal], at: datetime) -> dict[str, ImpliedRate]:
    """The highest rate of each asset within a week."""
    kept = {asset: row for asset, row in known.items() if at - row.at <= LONGEST}
    for asset, rate in seen.items():
        if asset not in kept or rate >= kept[asset].rate:
            kept[asset] = ImpliedRate(rate=rate, at=at)
    return kept


def to_json(rates: Mapping[str, ImpliedRate]) -> str | None:
    """As one line for the journal; None when nothing is known."""
    rows = {asset: [str(row.rate), row.at.isoformat()] for asset, row in sorted(rates.items())}
    return json.dumps(rows) if rows else None


def from_json(text: str | None) -> dict[str, ImpliedRate]:
    """From the journal; a line that cannot be read means that nothing is known."""
    try:
        rows = json.loads(text or "{}")
        return {
            asset: ImpliedRate(rate=Decimal(row[0]), at=datetime.fromisoformat(row[1])) for asset, row in rows.items()
        }
    except (ValueError, TypeError, LookupError, AttributeError, InvalidOperation):
        return {}
