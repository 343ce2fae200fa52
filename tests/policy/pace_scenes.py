"""Builders for the pace slot: one BTC owned, a short held, a target with the rule that wanted it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Share, Target
from bot.domain.history import BarSeries, History, seconds
from bot.domain.instrument import Instrument, MarketKind
from bot.domain.portfolio import value_portfolio
from bot.domain.snapshot import Snapshot
from bot.policy.pace import Band
from bot.policy.scene import Answer, Memory, Scene
from tests.builders import NOW, d, instrument, margin, mark, position, snapshot, target, view

QUARTER = 900


def link(rule: str, figure: Decimal, **inputs: str) -> Explanation:
    seen = tuple(Input(name=name.replace("_", " "), value=d(value)) for name, value in inputs.items())
    return Explanation(rule=rule, words=f"{rule} wants {figure}", figure=figure, unit="USDT", inputs=seen)


def wanting(amount: str, *, rule: str = "static-ratio", price: str = "60000", **inputs: str) -> Target:
    plain = target(amount=amount, price=price)
    return replace(plain, chain=(link(rule, plain.short_notional, **inputs),))


def scene(  # noqa: PLR0913 - a builder names what a test is about
    held: str = "0",
    *,
    owned: str = "1",
    equity: str = "20000",
    price: str = "60000",
    index: str | None = None,
    listed: Instrument | None = None,
    memory: Memory | None = None,
    at: datetime = NOW,
    history: History | None = None,
    more: tuple[tuple[str, str], ...] = (),
) -> Scene:
    """One instrument, one short in it, coins owned, and equity in the futures wallet."""
    traded = listed or instrument()
    seen = replace(mark(price=price), index_price=d(index or price))
    shown = view(
        instruments=(traded,),
        marks=(seen, *(mark(asset, "100") for asset, _ in more)),
        positions=(position(amount=f"-{held}", price=price),) if d(held) > 0 else (),
        margins=(margin(equity),),
    )
    world: Snapshot = snapshot(shown, *((("BTC", owned),) if d(owned) > 0 else ()), *more)
    world = replace(world, at=at, history=history or History())
    portfolio = value_portfolio(world, quote="USDT", stablecoins=("USDT",))
    return Scene(snapshot=world, portfolio=portfolio, memory=memory or Memory())


def band(**options: object) -> Band:
    given = {"outer": d("0.05"), "inner": d("0.02"), "hedge_ratio_max": d(1), **options}
    return Band(**given)  # type: ignore[arg-type]


def paced(rule: Band, wanted: Target, seen: Scene) -> Target:
    return rule.pace((wanted,), seen).rows[0]


def answered(rule: Band, wanted: Target, seen: Scene) -> tuple[Target, Mapping[str, Mapping[str, str]]]:
    answer: Answer[Target] = rule.pace((wanted,), seen)
    return answer.rows[0], answer.recalled


def inverse(face: str = "1") -> Instrument:
    return replace(
        instrument(),
        kind=MarketKind.INVERSE_PERPETUAL,
        contract_size=d(face),
        amount_step=d(face),
        amount_min=d(face),
        amount_max=None,
        notional_min=d(0),
    )


def shared(wanted: Target, **exposures: str) -> Target:
    part = wanted.short_notional / len(exposures)
    shares = (
        Share(asset=asset, short_notional=part, exposure_notional=d(notional)) for asset, notional in exposures.items()
    )
    return replace(wanted, shares=tuple(shares))


def quarters(closes: list[tuple[float, float, float]], *, at: datetime = NOW) -> History:
    """A history of quarter-hour bars (high, low, volume), the last of which has just closed."""
    end = seconds(at) // QUARTER * QUARTER
    opened = tuple(end - QUARTER * (len(closes) - i) for i in range(len(closes)))
    series = BarSeries(
        symbol="BTC/USDT:USDT",
        step_s=QUARTER,
        opened_s=opened,
        open=tuple(low for _, low, _ in closes),
        high=tuple(high for high, _, _ in closes),
        low=tuple(low for _, low, _ in closes),
        close=tuple(high for high, _, _ in closes),
        volume=tuple(volume for _, _, volume in closes),
    )
    return History(bars={("BTC", QUARTER): series})
