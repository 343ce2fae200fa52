"""What people ask of a record first: how much is hedged, how much should be, how levered, how near the edge."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from bot.domain.account import ZERO, Position
from bot.domain.record import CycleRecord, PoolFigure
from bot.domain.snapshot import VenueView


def exposure_notional(record: CycleRecord) -> Decimal:
    """Worth of everything owned that can be hedged, in quote currency."""
    return sum((row.notional for row in record.exposures), ZERO)


def wanted_ratio(record: CycleRecord) -> Decimal | None:
    """Hedge ratio the policy asks for; None without exposure."""
    exposure = exposure_notional(record)
    return sum((need.short_notional for need in record.needs), ZERO) / exposure if exposure > 0 else None


def held_ratio(record: CycleRecord) -> Decimal | None:
    """Hedge ratio the venues showed last; None without exposure or sight."""
    exposure = exposure_notional(record)
    if record.snapshot is None or exposure <= 0:
        return None
    return sum((short_notional(view) for view in record.snapshot.venues), ZERO) / exposure


def short_notional(view: VenueView) -> Decimal:
    """Worth at mark of all shorts of a venue. Signs: short counts positive, a long would count against it."""
    return sum((row.notional if row.amount < 0 else -row.notional for row in view.positions), ZERO)


def effective_leverage(record: CycleRecord) -> Decimal | None:
    """What the shorts bind over margin equity, the highest of all collaterals; None without collateral."""
    views = record.snapshot.venues if record.snapshot else ()
    levers = []
    for view in views:
        for margin in view.margins:
            mine = [row for row in view.positions if settle_currency(row) == margin.currency]
            bound = sum((row.collateral_value if row.amount < 0 else -row.collateral_value for row in mine), ZERO)
            if margin.equity > 0:
                levers.append(bound / margin.equity)
    return max(levers, default=None)


def counted_in(symbol: str) -> str:
    """What amounts in a market are counted in: coins, or the quote currency where the contract settles in its coin."""
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    return quote if settle.partition("-")[0] == base else base


def settle_currency(position: Position) -> str:
    """The currency behind a position, from the unified symbol BASE/QUOTE:SETTLE."""
    return position.symbol.partition(":")[2].partition("-")[0]


def liquidation_distance(position: Position) -> Decimal | None:
    """How far mark is from liquidation, as a fraction of mark; None where the venue gives no such price."""
    if position.liquidation_price is None or position.liquidation_price <= 0 or position.mark_price <= 0:
        return None
    return abs(position.liquidation_price / position.mark_price - 1)


def nearest_liquidation(record: CycleRecord) -> Decimal | None:
    """The nearest liquidation of all positions seen, alone or together; None when there is none.

    Shorts that share their collateral are nearer to the edge when all prices rise than each of them is alone. What the
    margin autopilot found counts; without it the venue's words and a rough reckoning do.
    """
    if record.pools:
        return min((row.distance for row in record.pools if row.distance is not None), default=None)
    views = record.snapshot.venues if record.snapshot else ()
    distances = [liquidation_distance(row) for view in views for row in view.positions]
    distances += [_shared_distance(view) for view in views]
    return min((distance for distance in distances if distance is not None), default=None)


def of_account(pools: Iterable[PoolFigure], venue: str, currency: str) -> list[PoolFigure]:
    """The pools that live in one account."""
    return [row for row in pools if (row.venue, row.currency) == (venue, currency)]


def _shared_distance(view: VenueView) -> Decimal | None:
    """The rise of all marks together, as a fraction, that uses up the collateral of a venue."""
    short, maintenance = short_notional(view), sum((row.maintenance for row in view.margins), ZERO)
    if short <= 0 or not view.margins:
        return None
    equity = sum((row.equity for row in view.margins), ZERO)
    return max(ZERO, (equity - maintenance) / (short + maintenance))


def expiry_of(symbol: str) -> datetime | None:
    """When a dated future ends by its unified symbol BASE/QUOTE:SETTLE-YYMMDD; venues settle at 08:00 UTC."""
    day = symbol.partition(":")[2].partition("-")[2]
    if len(day) != 6 or not day.isdigit():
        return None
    try:
        return datetime.strptime(day, "%y%m%d").replace(hour=8, tzinfo=UTC)
    except ValueError:
        return None
