"""What a published record shows of the portfolio: the figures of the page and of the metrics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.domain.figures import counted_in
from bot.domain.published import plain, published
from bot.domain.record import CycleRecord, PoolFigure

ZERO = Decimal(0)
ONE = Decimal(1)
HOURS_A_YEAR = Decimal(8760)
HOURS_A_DAY = Decimal(24)
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetLine:
    """One asset: owned, wanted short, held short. Units: `amount` in coins, worths in quote currency."""

    asset: str
    amount: Decimal
    worth: Decimal
    price: Decimal | None
    wanted: Decimal | None
    held: Decimal | None
    short: Decimal
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """One futures position. Signs: `contracts` as held, - is short; `funding_a_day` + is received."""

    venue: str
    symbol: str
    contracts: Decimal
    notional: Decimal
    entry_price: Decimal | None
    mark_price: Decimal | None
    liquidation_price: Decimal | None
    distance: Decimal | None
    funding_rate: Decimal | None
    funding_interval_h: Decimal | None

    @property
    def settle(self) -> str:
        """The currency behind it, from the unified symbol BASE/QUOTE:SETTLE."""
        return self.symbol.partition(":")[2].partition("-")[0]

    @property
    def signed_short(self) -> Decimal:
        """Worth counted positive for a short, negative for a long."""
        return -self.notional if self.contracts > 0 else self.notional

    @property
    def funding_a_year(self) -> Decimal | None:
        """The coming rate as if it stayed for a year, as a fraction of the short."""
        if self.funding_rate is None or not self.funding_interval_h:
            return None
        return self.funding_rate * HOURS_A_YEAR / self.funding_interval_h

    @property
    def funding_a_day(self) -> Decimal | None:
        """What a day brings (+) or costs (-) at the coming rate, in quote currency."""
        if self.funding_rate is None or not self.funding_interval_h:
            return None
        return self.signed_short * self.funding_rate * HOURS_A_DAY / self.funding_interval_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Collateral of one currency at one venue.

    `distance` is the rise of all prices together, as a fraction, at which it is used up, as the margin autopilot judges
    it: several shorts share it, and each of them alone looks further from liquidation than all of them are. `by_tiers`
    says that the venue tells no maintenance and its tiers stand in. Units: `currency`, of which one is worth
    `price`: coins that are collateral rise with what they carry, and may never be used up by a rise.
    """

    venue: str
    currency: str
    equity: Decimal
    used: Decimal
    maintenance: Decimal
    leverage: Decimal | None
    distance: Decimal | None
    price: Decimal = ONE
    by_tiers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One record as figures. `seen` tells whether the cycle saw the account at all."""

    at: datetime
    assets: tuple[AssetLine, ...]
    shorts: tuple[Short, ...]
    margins: tuple[Margin, ...]
    worth: Decimal
    short: Decimal
    wanted: Decimal | None
    held: Decimal | None
    leverage: Decimal | None
    leverage_cap: Decimal | None
    distance: Decimal | None
    seen: bool

    @property
    def funding_a_day(self) -> Decimal | None:
        """What all shorts together bring (+) or cost (-) a day at the coming rates."""
        told = [row.funding_a_day for row in self.shorts if row.funding_a_day is not None]
        return sum(told, ZERO) if told else None


def sight(record: Record) -> Sight:
    """Read a published record, also one of an earlier version that says less."""
    rates = {(row["venue"], row["symbol"]): row for row in record.get("funding", ())}
    shorts = tuple(_short(row, rates.get((row["venue"], row["symbol"]), {})) for row in record["positions"])
    by_asset: dict[str, Decimal] = {}
    for row in shorts:
        asset = row.symbol.partition("/")[0]
        by_asset[asset] = by_asset.get(asset, ZERO) + row.signed_short
    seen = bool(record["margin"] or record["positions"] or record["targets"])
    needs = {row["asset"]: _number(row["short_notional"]) or ZERO for row in record["needs"]}
    assets = tuple(
        sorted((_asset(row, needs, by_asset, seen=seen) for row in record["exposures"]), key=lambda row: -row.worth)
    )
    prices = {row.asset: row.price for row in assets if row.price is not None}
    pools = record.get("pools", ())
    margins = tuple(_margin(row, shorts, prices, pools) for row in record["margin"])
    worth = sum((row.worth for row in assets), ZERO)
    short = sum(by_asset.values(), ZERO)
    caps = [cap for row in record["needs"] if (cap := _number(row["leverage_cap"])) is not None]
    distances = [row.distance for row in shorts if row.distance is not None]
    distances += [row.distance for row in margins if row.distance is not None]
    return Sight(
        at=datetime.fromisoformat(record["at"]),
        assets=assets,
        shorts=shorts,
        margins=margins,
        worth=worth,
        short=short,
        wanted=sum(needs.values(), ZERO) / worth if worth > 0 and needs else None,
        held=short / worth if worth > 0 and seen else None,
        leverage=max((row.leverage for row in margins if row.leverage is not None), default=None),
        leverage_cap=min(caps, default=None),
        distance=min(distances, default=None),
        seen=seen,
    )


def shown(record: CycleRecord) -> Record:
    """What the page keeps of a cycle: its published record, the coming rates it saw, and how the autopilot judged."""
    views = record.snapshot.venues if record.snapshot else ()
    rates = [
        {"venue": row.venue, "symbol": row.symbol, "rate": plain(row.rate), "interval_h": plain(row.interval_h)}
        for view in views
        for row in view.funding
    ]
    told = {(row.venue, row.currency): row.maintenance for view in views for row in view.margins}
    return {**published(record), "funding": rates, "pools": [_pool(row, told) for row in record.pools]}


def _pool(row: PoolFigure, told: Mapping[tuple[str, str], Decimal]) -> Record:
    return {
        "venue": row.venue,
        "currency": row.currency,
        "distance": None if row.distance is None else plain(row.distance),
        "by_tiers": told.get((row.venue, row.currency), ZERO) == 0,
    }


def acted(record: Record) -> bool:
    """Whether a cycle sent something: an order, a transfer, a setting."""
    return bool(record["outcomes"])


def _asset(row: Record, needs: Mapping[str, Decimal], shorts: Mapping[str, Decimal], *, seen: bool) -> AssetLine:
    asset, amount, worth = str(row["asset"]), _number(row["amount"]) or ZERO, _number(row["notional"]) or ZERO
    short = shorts.get(asset, ZERO)
    return AssetLine(
        asset=asset,
        amount=amount,
        worth=worth,
        price=worth / amount if amount > 0 else None,
        wanted=needs[asset] / worth if worth > 0 and asset in needs else None,
        held=short / worth if worth > 0 and seen else None,
        short=short,
        sources=tuple(str(name) for name in row["sources"]),
    )


def _short(row: Record, rate: Record) -> Short:
    return Short(
        venue=str(row["venue"]),
        symbol=str(row["symbol"]),
        contracts=_number(row["contracts"]) or ZERO,
        notional=_number(row["notional"]) or ZERO,
        entry_price=_number(row["entry_price"]),
        mark_price=_number(row["mark_price"]),
        liquidation_price=_number(row["liquidation_price"]),
        distance=_number(row["liquidation_distance"]),
        funding_rate=_number(rate.get("rate")),
        funding_interval_h=_number(rate.get("interval_h")),
    )


def _margin(row: Record, shorts: Iterable[Short], prices: Mapping[str, Decimal], pools: Iterable[Record]) -> Margin:
    venue, currency = str(row["venue"]), str(row["currency"])
    equity, maintenance = _number(row["equity"]) or ZERO, _number(row["maintenance"]) or ZERO
    behind = [short for short in shorts if short.venue == venue and short.settle == currency]
    coins = any(counted_in(short.symbol) != short.symbol.partition("/")[0] for short in behind)
    marks = [short.mark_price for short in behind if short.mark_price]
    price = (marks[0] if marks else prices.get(currency, ONE)) if coins or currency in prices else ONE
    bound = sum((short.signed_short for short in behind), ZERO) / (price if coins else ONE)
    against = bound - equity if coins else bound + maintenance
    mine = [pool for pool in pools if (pool["venue"], pool["currency"]) == (venue, currency)]
    judged = [_number(pool["distance"]) for pool in mine]
    rough = max(ZERO, (equity - maintenance) / against) if bound > 0 and against > 0 else None
    return Margin(
        venue=venue,
        currency=currency,
        equity=equity,
        used=_number(row["used"]) or ZERO,
        maintenance=maintenance,
        leverage=_number(row["effective_leverage"]),
        distance=min((one for one in judged if one is not None), default=None) if mine else rough,
        by_tiers=any(pool["by_tiers"] for pool in mine),
        price=price,
    )


def _number(value: object) -> Decimal | None:
    """A number that can be shown; None for nothing and for what is none."""
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
