"""Which markets the simulated exchange lists, with filters and tiers like those of a large venue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.sim.model import Listing, Quote, Tier
from bot.sim.state import MarketKey

D = Decimal
SPOT_FEE = D("0.001")
TAKER_FEE = D("0.0005")
MAKER_FEE = D("0.0002")


@dataclass(frozen=True, slots=True)
class _Coin:
    """One line of the list: prices move by ticks, amounts by steps; `depth` says how deep its tiers go."""

    asset: str
    spot_tick: str
    spot_step: str
    linear_tick: str
    linear_step: str
    linear_notional_min: str
    leverage_max: int
    tier_unit: str  # notional cap of the first tier, quote currency
    funding_cap: str
    start_price: str
    funding_interval_h: int = 8


_COINS = (
    _Coin("BTC", "0.01", "0.00001", "0.1", "0.001", "100", 125, "50000", "0.003", "60000"),
    _Coin("ETH", "0.01", "0.0001", "0.01", "0.001", "20", 100, "50000", "0.003", "3000"),
    _Coin("SOL", "0.01", "0.001", "0.01", "0.01", "5", 75, "20000", "0.02", "150"),
    _Coin("XRP", "0.0001", "0.1", "0.0001", "0.1", "5", 75, "20000", "0.02", "0.6"),
    _Coin("ADA", "0.0001", "0.1", "0.0001", "1", "5", 75, "10000", "0.02", "0.45"),
    _Coin("DOGE", "0.00001", "1", "0.00001", "1", "5", 75, "10000", "0.02", "0.12"),
    _Coin("LINK", "0.01", "0.01", "0.001", "0.01", "5", 75, "10000", "0.02", "14"),
    _Coin("AVAX", "0.01", "0.01", "0.001", "1", "5", 75, "10000", "0.02", "30", 4),
)

START_PRICES: dict[str, Decimal] = {coin.asset: D(coin.start_price) for coin in _COINS} | {"USDC": D(1)}

# leverage, cap in tier units, maintenance rate: the ladder every coin climbs as far as its leverage allows
_RUNGS = (
    (125, 1, "0.004"),
    (100, 12, "0.005"),
    (75, 50, "0.0065"),
    (50, 240, "0.01"),
    (25, 1600, "0.02"),
    (20, 4000, "0.025"),
    (10, 12000, "0.05"),
    (5, 24000, "0.1"),
    (4, 36000, "0.125"),
    (3, 48000, "0.15"),
    (2, 60000, "0.25"),
    (1, 120000, "0.5"),
)


def tiers_for(leverage_max: int, unit: Decimal) -> tuple[Tier, ...]:
    """Build a continuous tier table: each deduction makes maintenance meet the tier before it."""
    tiers: list[Tier] = []
    floor, rate_before, deduction = D(0), D(0), D(0)
    for leverage, units, rate_text in _RUNGS:
        if leverage > leverage_max:
            continue
        rate = D(rate_text)
        deduction = deduction + floor * (rate - rate_before) if tiers else D(0)
        cap = unit * units
        tiers.append(
            Tier(floor=floor, cap=cap, maintenance_rate=rate, deduction=deduction, leverage_max=min(leverage, 125))
        )
        floor, rate_before = cap, rate
    return tuple(tiers)


def default_listings() -> tuple[Listing, ...]:
    """List eight coins, spot and perpetual, and the USDC pair that shows quote risk."""
    spot = [_spot(c.asset, c.spot_tick, c.spot_step) for c in _COINS]
    linear = [_linear(coin) for coin in _COINS]
    return (*spot, _spot("USDC", "0.0001", "1"), *linear)


def coin_listings() -> tuple[Listing, ...]:
    """List the coin-margined perpetuals: contracts of 100 (BTC) and 10 (others) dollars, tiers in coins."""
    return (
        _inverse("BTC", face="100", tick="0.1", tiers=tiers_for(125, D(5))),
        _inverse("ETH", face="10", tick="0.01", tiers=tiers_for(100, D(75))),
    )


def padded_listings(count: int = 620) -> tuple[Listing, ...]:
    """Fill the default list up to `count` markets with perpetuals nobody trades, as a real venue's list is long."""
    chosen = list(default_listings())
    number = 0
    while len(chosen) < count:
        number += 1
        name = f"FILL{number:03d}"
        coin = _Coin(name, "0.0001", "0.1", "0.0001", "1", "5", 25, "10000", "0.02", "1")
        chosen.append(_linear(coin))
        if len(chosen) < count:
            chosen.append(_spot(name, "0.0001", "0.1"))
    return tuple(chosen)


def listings_for(lowest_prices: Mapping[MarketKey, Decimal]) -> tuple[Listing, ...]:
    """Keep the default listings that have a price; ticks are made finer where prices were once much lower."""
    kept = []
    for listing in default_listings():
        price = lowest_prices.get((listing.market, listing.symbol))
        if price is not None:
            fine = D(1).scaleb((price / 10000).adjusted())
            kept.append(replace(listing, price_tick=min(listing.price_tick, fine)))
    return tuple(kept)


def filler_quotes(listings: Iterable[Listing], known: frozenset[MarketKey] = frozenset()) -> dict[MarketKey, Quote]:
    """Give every listing that no feed prices a quote that stands still."""
    quotes: dict[MarketKey, Quote] = {}
    for listing in listings:
        key = (listing.market, listing.symbol)
        if key not in known:
            price = START_PRICES.get(listing.base, D(1))
            quotes[key] = Quote(mid=price, mark=price, index=price, depth_notional=D(50000))
    return quotes


def _spot(asset: str, tick: str, step: str) -> Listing:
    return Listing(
        symbol=f"{asset}USDT",
        market="spot",
        base=asset,
        quote="USDT",
        price_tick=D(tick),
        amount_step=D(step),
        amount_min=D(step),
        amount_max=D(9000000) if D(step) >= D("0.01") else D(9000),
        market_amount_max=D(2000000) if D(step) >= D("0.01") else D(2000),
        notional_min=D(5),
        taker_fee=SPOT_FEE,
        maker_fee=SPOT_FEE,
        price_band=D("0.2"),
    )


def _inverse(asset: str, *, face: str, tick: str, tiers: tuple[Tier, ...]) -> Listing:
    return Listing(
        symbol=f"{asset}USD_PERP",
        market="inverse",
        base=asset,
        quote="USD",
        face=D(face),
        price_tick=D(tick),
        amount_step=D(1),
        amount_min=D(1),
        amount_max=D(1000000),
        market_amount_max=D(60000),
        notional_min=D(0),
        taker_fee=TAKER_FEE,
        maker_fee=D("0.0001"),
        price_band=D("0.05"),
        tiers=tiers,
        liquidation_fee=D("0.015"),
    )


def _linear(coin: _Coin) -> Listing:
    coarse = D(coin.linear_step) >= D("0.01")
    return Listing(
        symbol=f"{coin.asset}USDT",
        market="linear",
        base=coin.asset,
        quote="USDT",
        price_tick=D(coin.linear_tick),
        amount_step=D(coin.linear_step),
        amount_min=D(coin.linear_step),
        amount_max=D(10000000) if coarse else D(1000),
        market_amount_max=D(2000000) if coarse else D(120),
        notional_min=D(coin.linear_notional_min),
        taker_fee=TAKER_FEE,
        maker_fee=MAKER_FEE,
        price_band=D("0.05"),
        tiers=tiers_for(coin.leverage_max, D(coin.tier_unit)),
        funding_cap=D(coin.funding_cap),
        funding_interval_h=coin.funding_interval_h,
    )
