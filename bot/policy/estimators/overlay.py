"""The allocation overlay: total wealth, effective crypto weight, and the short that stands in for a sale."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.sense import clip, finite, non_negative, positive, same_length, series, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Wealth:
    """Everything that counts, in quote currency. Signs: `short_profit` is the unrealised gain of the shorts.

    `margin` is the stable collateral at futures wallets, without the unrealised gain, which is counted once.
    """

    spot: Sequence[float]
    cash: float
    margin: float = 0.0
    short_notional: float = 0.0
    short_profit: float = 0.0
    betas: Sequence[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Weights as they are, and the short that brings exposure to its target.

    Signs: `trade` above zero sells more futures; `residual_gap` is the weight no short can mend (below zero: too little
    crypto already), as a fraction of wealth.
    """

    total: float
    spot_weight: float
    exposure: float
    effective_weight: float
    cash_weight: float
    target_short: float
    trade: float
    hedge_ratio: float
    residual_gap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterMove:
    """The portfolio after one common move of spot and futures."""

    crypto: float
    cash: float
    total: float
    short_profit: float
    spot_profit: float
    net_profit: float
    short_notional: float
    spot_weight: float
    effective_weight: float
    weight_if_closed: float
    target_short: float
    trade: float
    spot_sale_if_closed: float


def overlay(wealth: Wealth, target_weight: float, ratio_max: float = 1.0) -> Overlay:
    """Where the effective weight stands, and the short that moves it to the target without selling spot."""
    within("target weight", target_weight, 0.0, 1.0)
    spot = series("spot values", wealth.spot, at_least=0)
    betas = [1.0] * len(spot) if wealth.betas is None else series("betas", wealth.betas, at_least=0)
    same_length("spot values", spot, "betas", betas)
    stable = finite("cash", wealth.cash) + finite("margin", wealth.margin) + finite("short profit", wealth.short_profit)
    owned = sum(spot)
    total = positive("total wealth", owned + stable)
    movable = sum(beta * value for beta, value in zip(betas, spot, strict=True))
    short = non_negative("short notional", wealth.short_notional)
    target = clip(movable - target_weight * total, 0.0, max(ratio_max * movable, 0.0))
    return Overlay(
        total=total,
        spot_weight=owned / total,
        exposure=movable - short,
        effective_weight=(movable - short) / total,
        cash_weight=stable / total,
        target_short=target,
        trade=target - short,
        hedge_ratio=target / movable if movable > 0 else 0.0,
        residual_gap=(movable - target) / total - target_weight,
    )


def allocation_ratio(spot_value: float, total: float, target_weight: float) -> float:
    """Smallest hedge ratio that keeps the effective weight at its target; zero below target."""
    if non_negative("spot value", spot_value) <= 0:
        return 0.0
    return max(0.0, (spot_value - finite("target weight", target_weight) * positive("total", total)) / spot_value)


def overlay_after_move(
    crypto: float, cash: float, short_notional: float, move: float, target_weight: float
) -> AfterMove:
    """Carry the portfolio through one move common to spot and futures, and look again."""
    non_negative("crypto", crypto)
    non_negative("short notional", short_notional)
    if finite("move", move) < -1:
        raise ValueError(f"A price cannot fall by more than all of itself, but the move is {move}.")
    gained = -short_notional * move
    after = overlay(
        Wealth(
            spot=(crypto * (1 + move),),
            cash=cash,
            short_profit=gained,
            short_notional=short_notional * (1 + move),
        ),
        target_weight,
    )
    spot_after = crypto * (1 + move)
    return AfterMove(
        crypto=spot_after,
        cash=cash + gained,
        total=after.total,
        short_profit=gained,
        spot_profit=crypto * move,
        net_profit=crypto * move + gained,
        short_notional=short_notional * (1 + move),
        spot_weight=after.spot_weight,
        effective_weight=after.effective_weight,
        weight_if_closed=spot_after / after.total,
        target_short=after.target_short,
        trade=after.trade,
        spot_sale_if_closed=max(0.0, spot_after - target_weight * after.total),
    )


def move_to_restore(crypto: float, cash: float, short_notional: float, target_weight: float) -> float | None:
    """The move after which closing the short leaves exactly the target weight; none for a target of all crypto."""
    within("target weight", target_weight, 0.0, 1.0)
    non_negative("short notional", short_notional)
    slope = non_negative("crypto", crypto) - target_weight * (crypto - short_notional)
    if slope <= 0:
        return None
    return (target_weight * (crypto + finite("cash", cash)) - crypto) / slope


def weight_drift(weight: float, move: float) -> float:
    """Weight after a move of the weighted part alone: w(1+r)/(1+wr)."""
    return finite("weight", weight) * (1 + finite("move", move)) / positive("wealth after the move", 1 + weight * move)
