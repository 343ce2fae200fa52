"""Builders for dated and inverse contracts beside those of `builders`."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import FundingRate, MarginAccount, Mark, Position
from bot.domain.hedge import Need
from bot.domain.history import FundingSeries, History, seconds
from bot.domain.instrument import Instrument, MarketKind
from bot.domain.portfolio import value_portfolio
from bot.domain.snapshot import Snapshot, VenueView
from bot.policy.scene import Memory, Scene
from tests.builders import BTC, NOW, VENUE, d, instrument, mark, position, snapshot, view

COIN = "BTC/USD:BTC"


def dated(days: float, *, at: datetime = NOW) -> Instrument:
    """A future on BTC that ends in so many days."""
    ends = at + timedelta(days=days)
    return replace(instrument(), symbol=f"{BTC}-{ends:%y%m%d}", kind=MarketKind.LINEAR_FUTURE, expires_at=ends)


def inverse() -> Instrument:
    """A coin-margined perpetual in contracts of 100 USD."""
    return replace(
        instrument(),
        symbol=COIN,
        kind=MarketKind.INVERSE_PERPETUAL,
        quote="USD",
        settle="BTC",
        contract_size=d(100),
        amount_step=d(100),
        amount_min=d(100),
        amount_max=d(10_000_000),
        notional_min=d(100),
    )


def mark_of(row: Instrument, price: str, index: str = "60000") -> Mark:
    """A mark beside its index."""
    return Mark(venue=VENUE, symbol=row.symbol, mark_price=d(price), index_price=d(index), at=NOW)


def short_in(row: Instrument, amount: str, price: str = "60000") -> Position:
    """A short position."""
    return replace(position(amount=f"-{amount}", price=price), symbol=row.symbol, inverse=row.inverse)


def coin_margin(equity: str) -> MarginAccount:
    """Coins behind inverse contracts."""
    return MarginAccount(
        venue=VENUE, currency="BTC", wallet=d(equity), unrealised_pnl=d(0), initial=d(0), maintenance=d(0),
        withdrawable=d(equity),
    )  # fmt: skip


def funding(rate: str = "0.0001") -> FundingRate:
    """The coming payment of the perpetual."""
    return FundingRate(venue=VENUE, symbol=BTC, rate=d(rate), interval_h=d(8), next_at=None)


def futures_view(contracts: dict[Instrument, str], *positions: Position, rate: str = "0.0001") -> VenueView:
    """A perpetual and dated futures, each with its mark, over an index of 60,000."""
    rows = (instrument(), *contracts)
    marks = (mark(), *(mark_of(row, price) for row, price in contracts.items()))
    return replace(view(instruments=rows, marks=marks, positions=positions), funding=(funding(rate),))


def scene_of(
    shown: VenueView, *, rates: tuple[float, ...] = (0.0001,) * 120, memory: Memory | None = None, owned: str = "2"
) -> Scene:
    """A scene with a past of funding, newest last."""
    count = len(rates)
    past = FundingSeries(
        symbol=BTC,
        settled_s=tuple(seconds(NOW) - 8 * 3600 * (count - number) for number in range(count)),
        rates=rates,
    )
    seen: Snapshot = replace(snapshot(shown, ("BTC", owned)), history=History(funding={"BTC": past}))
    portfolio = value_portfolio(seen, quote="USDT", stablecoins=("USDT",))
    return Scene(snapshot=seen, portfolio=portfolio, memory=memory or Memory())


def need(notional: str = "60000") -> Need:
    """A short of BTC that is wanted."""
    return Need(asset="BTC", short_notional=Decimal(notional), leverage_cap=d(2), reasons=("wanted",))
