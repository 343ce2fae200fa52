"""Deciding for a hundred assets, and the estimators over a long history: no network, no disk."""

import gc
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from math import exp, sqrt
from pathlib import Path
from statistics import median

import numpy as np

from bot.domain.account import FundingRate, Mark, Price
from bot.domain.history import DAY_S, BarSeries, FundingSeries, History, seconds
from bot.domain.instrument import Instrument, MarketKind
from bot.domain.snapshot import Holding, Snapshot, VenueView
from bot.policy.adjust_funding import FundingCare
from bot.policy.adjust_volatility import VolatilityTarget
from bot.policy.estimators.bulk import daily_ranges, ewma_variances, parkinson_variances
from bot.policy.estimators.covariance import ewma_covariance
from bot.policy.pace import Band
from bot.policy.place import Direct
from bot.policy.place_proxy import ProxyBeta
from bot.policy.policy import Policy, decide
from bot.policy.scene import Memory
from bot.policy.size import StaticRatio
from bot.policy.size_minimum_variance import MinimumVariance

NOW = datetime(2025, 1, 6, tzinfo=UTC)
ASSETS = ("BTC", "ETH", "SOL", *(f"COIN{number}" for number in range(97)))
INSTRUMENTS = ASSETS[:3]
DECIDE_MAX_MS, ESTIMATE_MAX_MS = 5.0, 50.0
ONE = Decimal(1)


def measure(folder: Path, rounds: int) -> list[str]:
    """Decide with warm history by three policies, then estimate twenty assets from 90 days of quarter hours."""
    del folder
    snapshot = _snapshot()
    static = StaticRatio(ratio=Decimal("0.5"), leverage_cap=Decimal(2))
    adjust = (VolatilityTarget(target=Decimal("0.45"), ceiling=ONE), FundingCare(ratio_max=ONE))
    proxy = ProxyBeta(venue="binance", ratio_max=ONE, proxies=INSTRUMENTS)
    variance = MinimumVariance(instruments=INSTRUMENTS, fallback=static, leverage_cap=Decimal(2))
    lines = []
    for name, policy in (
        ("static ratio, volatility, funding, proxies", _policy(static, adjust, proxy)),
        ("minimum variance", _policy(variance, (), Direct(venue="binance"))),
    ):
        memory = Memory(recalled=decide(policy, snapshot, Memory()).recalled or {})
        taken = _milliseconds(partial(decide, policy, snapshot, memory), rounds)
        lines.append(
            f"deciding for {len(ASSETS)} assets with {len(INSTRUMENTS)} hedge instruments ({name}): {taken:.1f} ms "
            f"(wanted under {DECIDE_MAX_MS:g}: {'yes' if taken < DECIDE_MAX_MS else 'NO'})"
        )
    taken = _milliseconds(_estimators(), rounds)
    lines.append(
        f"estimators, 90 days of 15-minute bars, 20 assets: {taken:.1f} ms "
        f"(wanted under {ESTIMATE_MAX_MS:g}: {'yes' if taken < ESTIMATE_MAX_MS else 'NO'})"
    )
    return lines


def _milliseconds(what: Callable[[], object], rounds: int) -> float:
    what()
    gc.collect()
    gc.freeze()  # as a desk does once it is open
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        what()
        taken.append(time.process_time() - began)
    return median(taken) * 1000


def _policy(
    size: StaticRatio | MinimumVariance, adjust: tuple[VolatilityTarget | FundingCare, ...], place: Direct | ProxyBeta
) -> Policy:
    return Policy(
        quote="USDT",
        stablecoins=frozenset({"USDT"}),
        leverage_cap=Decimal(2),
        size=size,
        adjust=adjust,
        place=place,
        pace=Band(outer=Decimal("0.05"), inner=Decimal("0.02"), hedge_ratio_max=ONE),
        anchors=frozenset(INSTRUMENTS),
        stand_in_max=Decimal("1.5"),
    )


def _snapshot() -> Snapshot:
    """A hundred assets, three of them with a perpetual, each with half a year of days that follow BTC."""
    chance = random.Random(1)  # noqa: S311 - a made-up market
    market = [chance.gauss(0, 0.6 / sqrt(365)) for _ in range(181)]
    view = VenueView(
        venue="binance",
        at=NOW,
        instruments=tuple(_instrument(asset) for asset in INSTRUMENTS),
        balances=(),
        margins=(),
        positions=(),
        marks=tuple(
            Mark(venue="binance", symbol=_symbol(asset), mark_price=Decimal(100), index_price=Decimal(100), at=NOW)
            for asset in INSTRUMENTS
        ),
        funding=tuple(
            FundingRate(
                venue="binance", symbol=_symbol(asset), rate=Decimal("0.0001"), interval_h=Decimal(8), next_at=NOW
            )
            for asset in INSTRUMENTS
        ),
        settings=(),
        open_orders=(),
        brackets={},
    )
    return Snapshot(
        at=NOW,
        holdings=tuple(Holding(asset=asset, amount=Decimal(1000), source="cold wallet") for asset in ASSETS),
        prices={asset: Price(asset=asset, price=Decimal(100), source="index", at=NOW) for asset in ASSETS},
        venues=(view,),
        history=History(
            bars={(asset, DAY_S): _bars(asset, market, chance) for asset in ASSETS},
            funding={asset: _funding(asset) for asset in INSTRUMENTS},
        ),
    )


def _symbol(asset: str) -> str:
    return f"{asset}/USDT:USDT"


def _instrument(asset: str) -> Instrument:
    return Instrument(
        venue="binance",
        symbol=_symbol(asset),
        kind=MarketKind.LINEAR_PERPETUAL,
        base=asset,
        quote="USDT",
        settle="USDT",
        contract_size=ONE,
        amount_step=Decimal("0.001"),
        amount_min=Decimal("0.001"),
        amount_max=None,
        price_tick=Decimal("0.1"),
        notional_min=Decimal(5),
    )


def _bars(asset: str, market: list[float], chance: random.Random) -> BarSeries:
    close, closes = 100.0, []
    for shared in market:
        close *= exp(shared + chance.gauss(0, 0.3 / sqrt(365)))
        closes.append(close)
    last = seconds(NOW) - DAY_S
    return BarSeries(
        symbol=_symbol(asset),
        step_s=DAY_S,
        opened_s=tuple(last - DAY_S * back for back in range(len(closes) - 1, -1, -1)),
        open=tuple(closes),
        high=tuple(price * 1.02 for price in closes),
        low=tuple(price * 0.98 for price in closes),
        close=tuple(closes),
        volume=(1.0,) * len(closes),
    )


def _funding(asset: str) -> FundingSeries:
    times = tuple(seconds(NOW) - 8 * 3600 * back for back in range(269, -1, -1))
    return FundingSeries(symbol=_symbol(asset), settled_s=times, rates=tuple(0.0001 + 1e-6 * (at % 7) for at in times))


def _estimators() -> Callable[[], object]:
    chance = np.random.default_rng(1)
    closes = 100 * np.exp(np.cumsum(chance.normal(0, 0.003, (90 * 96, 20)), axis=0))
    highs, lows = closes * 1.002, closes * 0.998

    def run() -> object:
        returns = np.diff(np.log(closes), axis=0)
        return (
            ewma_variances(returns),
            parkinson_variances(*daily_ranges(highs, lows, 96)),
            ewma_covariance(returns),
        )

    return run
