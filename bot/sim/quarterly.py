"""Quarterly contracts: when they expire, which two are listed at an instant, under which names.

Source: Binance, contract specifications of USD-M quarterly futures: last Friday of the quarter, 08:00 UTC.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.sim.listings import MAKER_FEE, TAKER_FEE, default_listings, tiers_for
from bot.sim.model import Listing

PAIRS = ("BTCUSDT", "ETHUSDT")
LISTED_AHEAD = 2  # the current quarter and the next
LEVERAGE_MAX = 25
_FRIDAY = 4


def quarter_end(year: int, month: int) -> datetime:
    """When the contracts of a quarter's last month expire."""
    following = datetime(year + month // 12, month % 12 + 1, 1, 8, tzinfo=UTC)
    last = following - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - _FRIDAY) % 7)


def quarter_ends(since: datetime, count: int) -> list[datetime]:
    """The next expiries after an instant, soonest first."""
    ends: list[datetime] = []
    year, month = since.year, (since.month + 2) // 3 * 3
    while len(ends) < count:
        end = quarter_end(year, month)
        if end > since:
            ends.append(end)
        year, month = (year + 1, 3) if month == 12 else (year, month + 3)
    return ends


def dated_symbol(pair: str, expires_at: datetime) -> str:
    """The venue's name of a dated contract."""
    return f"{pair}_{expires_at:%y%m%d}"


def dated_listing(pair: str, listed_at: datetime | None, expires_at: datetime) -> Listing:
    """One dated contract, with the filters of its perpetual and shallower tiers.

    Raises: KeyError for a pair without a perpetual.
    """
    perpetual = next((row for row in default_listings() if (row.market, row.symbol) == ("linear", pair)), None)
    if perpetual is None:
        raise KeyError(pair)
    return Listing(
        symbol=dated_symbol(pair, expires_at),
        market="linear",
        base=perpetual.base,
        quote=perpetual.quote,
        price_tick=perpetual.price_tick,
        amount_step=perpetual.amount_step,
        amount_min=perpetual.amount_min,
        amount_max=perpetual.amount_max,
        market_amount_max=perpetual.market_amount_max,
        notional_min=perpetual.notional_min,
        taker_fee=TAKER_FEE,
        maker_fee=MAKER_FEE,
        price_band=perpetual.price_band,
        tiers=tiers_for(LEVERAGE_MAX, Decimal(25000)),
        listed_at=listed_at,
        expires_at=expires_at,
    )


def dated_listings(since: datetime, until: datetime, pairs: Iterable[str] = PAIRS) -> tuple[Listing, ...]:
    """Every dated contract that is listed at some instant of a span; each appears when one before it is delivered."""
    ends = [end for end in quarter_ends(since - timedelta(days=400), 40) if end < until + timedelta(days=200)]
    found = []
    for pair in pairs:
        for begin, end in zip(ends, ends[LISTED_AHEAD:], strict=False):
            if end > since and begin <= until:
                found.append(dated_listing(pair, begin, end))
    return tuple(found)
