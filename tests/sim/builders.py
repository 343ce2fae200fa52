"""Small worlds for tests of the simulated exchange."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.sim.engine import Engine
from bot.sim.model import Listing, Quote, SideName, SimOrder, Tier
from bot.sim.state import MarketKey

D = Decimal
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
BTC: MarketKey = ("linear", "BTCUSDT")
ETH: MarketKey = ("linear", "ETHUSDT")
SPOT: MarketKey = ("spot", "BTCUSDT")
FLAT_TIER = (Tier(floor=D(0), cap=D(10**9), maintenance_rate=D("0.01"), deduction=D(0), leverage_max=100),)
TWO_TIERS = (
    Tier(floor=D(0), cap=D(10000), maintenance_rate=D("0.01"), deduction=D(0), leverage_max=100),
    Tier(floor=D(10000), cap=D(100000), maintenance_rate=D("0.05"), deduction=D(400), leverage_max=10),
)


def linear(
    symbol: str = "BTCUSDT", *, tiers: tuple[Tier, ...] = FLAT_TIER, fee: str = "0", liquidation_fee: str = "0.0125"
) -> Listing:
    return Listing(
        symbol=symbol,
        market="linear",
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        price_tick=D("0.01"),
        amount_step=D("0.001"),
        amount_min=D("0.001"),
        amount_max=D(10000),
        market_amount_max=D(5000),
        notional_min=D(5),
        taker_fee=D(fee),
        maker_fee=D(fee),
        price_band=D("0.5"),
        tiers=tiers,
        liquidation_fee=D(liquidation_fee),
    )


def dated(expires_at: datetime, *, fee: str = "0") -> Listing:
    return replace(linear(f"BTCUSDT_{expires_at:%y%m%d}", fee=fee), base="BTC", expires_at=expires_at)


def inverse(symbol: str = "BTCUSD_PERP", *, face: str = "10", fee: str = "0") -> Listing:
    return replace(
        linear(symbol, fee=fee),
        market="inverse",
        base=symbol.removesuffix("USD_PERP"),
        quote="USD",
        face=D(face),
        amount_step=D(1),
        amount_min=D(1),
        notional_min=D(0),
    )


def spot(symbol: str = "BTCUSDT", *, fee: str = "0.001") -> Listing:
    return Listing(
        symbol=symbol,
        market="spot",
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        price_tick=D("0.01"),
        amount_step=D("0.0001"),
        amount_min=D("0.0001"),
        amount_max=D(10000),
        market_amount_max=D(5000),
        notional_min=D(5),
        taker_fee=D(fee),
        maker_fee=D(fee),
        price_band=D("0.5"),
    )


def quote(price: str | Decimal, *, depth: str = "1e12", rate: str = "0", spread: str = "0", mark: str = "") -> Quote:
    value = D(price)
    marked = D(mark) if mark else value
    return Quote(mid=value, mark=marked, index=value, spread=D(spread), depth_notional=D(depth), funding_rate=D(rate))


def world(
    *listings: Listing, price: str = "100", futures: str = "1000", spot_usdt: str = "0", depth: str = "1e12"
) -> Engine:
    """Open one account "me" in an exchange whose every market stands at one price."""
    chosen: Iterable[Listing] = listings or (linear(), linear("ETHUSDT"), spot())
    engine = Engine(listings=chosen, at=START)
    engine.advance(START, dict.fromkeys(engine.listings, quote(price, depth=depth)))
    engine.open_account("me", {("futures", "USDT"): D(futures), ("spot", "USDT"): D(spot_usdt)})
    return engine


def trade(engine: Engine, side: SideName, amount: str, *, key: MarketKey = BTC, reduce_only: bool = False) -> SimOrder:
    return engine.place(
        "me",
        market=key[0],
        symbol=key[1],
        side=side,
        order_type="MARKET",
        amount=D(amount),
        reduce_only=reduce_only,
    )


def rest(  # noqa: PLR0913 - an order has this many words
    engine: Engine,
    side: SideName,
    amount: str,
    price: str,
    *,
    key: MarketKey = BTC,
    reduce_only: bool = False,
    client_id: str = "",
) -> SimOrder:
    return engine.place(
        "me",
        market=key[0],
        symbol=key[1],
        side=side,
        order_type="LIMIT",
        amount=D(amount),
        price=D(price),
        reduce_only=reduce_only,
        client_id=client_id,
    )


def move(
    engine: Engine, price: str | Decimal, *, key: MarketKey = BTC, rate: str = "0", after: timedelta = HOUR
) -> None:
    engine.advance(engine.now + after, {key: quote(price, rate=rate)})
