"""What a trade will cost: walking the book, slicing in time, and whether waiting passively pays.

Units: costs in basis points of the mid price, volumes and depths in quote currency, waits in minutes.
Source: Almgren, Chriss 2001; Donier, Bonart, arXiv 1412.4503 for the square-root law.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import acosh, ceil, sinh, sqrt
from typing import Literal

from bot.domain.sense import DAYS_PER_YEAR, EPSILON, finite, non_negative, positive, within

MINUTES_PER_YEAR = DAYS_PER_YEAR * 1440
BPS = 1e4

Level = Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookCost:
    """What the visible book gives for a notional; average price and cost do not exist when it gives nothing."""

    filled: float
    unfilled: float
    average_price: float | None
    cost_bps: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSlices:
    """A trade cut into equal slices, and the time from first to last."""

    slices: int
    slice_notional: float
    interval_minutes: float
    duration_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeOrder:
    """A very large order under Almgren-Chriss.

    Units: `temporary_impact` and `permanent_impact` in price per unit and time, `volatility` in price per square root
    of time, `risk_aversion` per money; the horizon has `periods` equal steps.
    """

    quantity: float
    horizon: float
    periods: int
    volatility: float
    temporary_impact: float
    permanent_impact: float
    risk_aversion: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """What is left after each step, and what each step trades; urgency zero trades evenly and has no half-life."""

    urgency: float
    half_life: float | None
    holdings: tuple[float, ...]
    trades: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassiveChoice:
    """What decides between a waiting and a crossing order.

    Units: fees and spreads in basis points (a rebate is negative), `drift_share` the part of a typical move that a
    miss costs.
    """

    half_spread_bps: float
    taker_fee_bps: float
    maker_fee_bps: float
    fill_probability: float
    adverse_bps: float
    wait_minutes: float
    volatility: float
    drift_share: float = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class PassiveOrTaker:
    """Expected cost of both ways, and the fill probability at which they are equal (if any)."""

    taker_cost_bps: float
    passive_cost_bps: float
    break_even_fill_probability: float | None
    choose: Literal["passive", "taker"]


def walk_book(levels: Iterable[Level], mid_price: float, side: Literal["buy", "sell"], notional: float) -> BookCost:
    """Consume (price, amount) levels from the best on until the notional is filled or the book is empty."""
    mid = positive("mid price", mid_price)
    left = non_negative("notional", notional)
    filled = amount = 0.0
    for level in levels:
        price, offered = positive("level price", level[0]), non_negative("level amount", level[1])
        taken = min(left, price * offered)
        filled, amount, left = filled + taken, amount + taken / price, left - taken
        if left <= 0:
            break
    if amount <= 0:
        return BookCost(filled=0.0, unfilled=left, average_price=None, cost_bps=None)
    average = filled / amount
    worse = average - mid if side == "buy" else mid - average
    return BookCost(filled=filled, unfilled=left, average_price=average, cost_bps=worse / mid * BPS)


def depth_within(levels: Sequence[Level], mid_price: float, distance_bps: float) -> float:
    """Notional offered within so many basis points of mid on one side of the book."""
    mid = positive("mid price", mid_price)
    limit = non_negative("distance", distance_bps) + EPSILON
    return sum(
        positive("level price", price) * non_negative("level amount", amount)
        for price, amount in levels
        if abs(price - mid) / mid * BPS <= limit
    )


def square_root_impact_bps(
    notional: float, daily_volume: float, volatility_daily: float, coefficient: float = 1.0
) -> float:
    """Market impact by the square-root law, a sanity check of book-based costs."""
    share = non_negative("notional", notional) / positive("daily volume", daily_volume)
    scale = non_negative("coefficient", coefficient) * non_negative("daily volatility", volatility_daily)
    return scale * sqrt(share) * BPS


def slice_in_time(
    notional: float,
    depth: float,
    volume_per_minute: float,
    depth_share_max: float = 0.1,
    participation_max: float = 0.05,
) -> TimeSlices:
    """Cut a trade so that no slice takes more than its share of depth, nor all of them more than theirs of volume."""
    whole = positive("notional", notional)
    largest = positive("depth", depth) * within("depth share", depth_share_max, 1e-9, 1.0)
    pace = positive("volume per minute", volume_per_minute) * within("participation", participation_max, 1e-9, 1.0)
    count = max(1, ceil(whole / largest - EPSILON))
    each = whole / count
    return TimeSlices(
        slices=count,
        slice_notional=each,
        interval_minutes=each / pace,
        duration_minutes=(count - 1) * each / pace,
    )


def large_order_trajectory(order: LargeOrder) -> Trajectory:
    """Best path for a very large order that weighs impact against the risk of being late."""
    if order.periods < 1:
        raise ValueError(f"A trajectory needs at least one period, but has {order.periods}.")
    horizon = positive("horizon", order.horizon)
    finite("quantity", order.quantity)
    step = horizon / order.periods
    impact = positive("temporary impact", order.temporary_impact)
    impact = positive("impact left after the permanent part", impact - order.permanent_impact * step / 2)
    risk = non_negative("risk aversion", order.risk_aversion) * non_negative("volatility", order.volatility) ** 2
    urgency = acosh(1 + risk * step**2 / (2 * impact)) / step
    times = [horizon * j / order.periods for j in range(order.periods + 1)]
    if urgency * horizon <= EPSILON:
        holdings = [order.quantity * (1 - t / horizon) for t in times]
    else:
        holdings = [order.quantity * _sinh_ratio(urgency, horizon - t, horizon) for t in times]
    return Trajectory(
        urgency=urgency,
        half_life=1 / urgency if urgency > 0 else None,
        holdings=tuple(holdings),
        trades=tuple(before - after for before, after in pairwise(holdings)),
    )


def _sinh_ratio(urgency: float, left: float, horizon: float) -> float:
    if urgency * horizon > 700:
        return float(2.718281828459045 ** (urgency * (left - horizon))) if left > 0 else 0.0
    return sinh(urgency * left) / sinh(urgency * horizon)


def passive_or_taker(choice: PassiveChoice) -> PassiveOrTaker:
    """Whether a waiting order is expected to be cheaper than crossing the spread now."""
    half = non_negative("half spread", choice.half_spread_bps)
    filled = within("fill probability", choice.fill_probability, 0.0, 1.0)
    years = non_negative("wait", choice.wait_minutes) / MINUTES_PER_YEAR
    drift = non_negative("drift share", choice.drift_share) * non_negative("volatility", choice.volatility)
    drift *= sqrt(years) * BPS
    taker = half + finite("taker fee", choice.taker_fee_bps)
    waiting = -half + finite("maker fee", choice.maker_fee_bps) + finite("adverse move", choice.adverse_bps)
    passive = filled * waiting + (1 - filled) * (taker + drift)
    saving = drift + taker - waiting
    return PassiveOrTaker(
        taker_cost_bps=taker,
        passive_cost_bps=passive,
        break_even_fill_probability=drift / saving if saving > 0 else None,
        choose="passive" if passive < taker - EPSILON else "taker",
    )
