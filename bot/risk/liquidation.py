"""At which mark price an exchange takes a position over, by our own formula.

Units: prices in quote currency, `quantity` in base units, `maintenance_rate` per notional, `maintenance_amount` what
the tier table takes off the maintenance margin, `fee_rate` the liquidation fee counted against the position. A price
that does not exist is None: that position cannot be liquidated by a move of this price alone.
Source: Binance FAQ on liquidation prices of USD-M contracts; Bybit help on inverse liquidation prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from bot.domain.sense import EPSILON, finite, non_negative, positive, same_length, series, within

Side = Literal["long", "short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearPosition:
    """A linear position and the wallet behind it: isolated, its own margin; cross, see `cross_wallet`."""

    side: Side
    entry_price: float
    quantity: float
    wallet: float

    def __post_init__(self) -> None:
        """Refuse a position that is none."""
        positive("entry price", self.entry_price)
        positive("quantity", self.quantity)
        finite("wallet", self.wallet)


@dataclass(frozen=True, slots=True, kw_only=True)
class InversePosition:
    """A coin-margined position. Units: `face_usd` face value in USD, `wallet_coin` in coins."""

    side: Side
    entry_price: float
    face_usd: float
    wallet_coin: float

    def __post_init__(self) -> None:
        """Refuse a position that is none."""
        positive("entry price", self.entry_price)
        positive("face value", self.face_usd)
        finite("wallet", self.wallet_coin)


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredLiquidation:
    """A liquidation price with the tier it falls in; `maintenance_amounts` belongs to the tiers, lowest first."""

    maintenance_amounts: tuple[float, ...]
    price: float | None
    tier_index: int | None
    notional: float | None


def cross_wallet(wallet: float, other_unrealised: float = 0.0, other_maintenance: float = 0.0) -> float:
    """What a cross position can draw on: wallet, plus other positions' unrealised gain, minus their maintenance."""
    return finite("wallet", wallet) + finite("other unrealised", other_unrealised) - finite("other", other_maintenance)


def linear_price(
    position: LinearPosition, maintenance_rate: float, maintenance_amount: float = 0.0, fee_rate: float = 0.0
) -> float | None:
    """Liquidation price of a linear position in one maintenance tier."""
    sign = 1.0 if position.side == "long" else -1.0
    held = _rate(maintenance_rate) + non_negative("fee rate", fee_rate)
    above = position.wallet + finite("maintenance amount", maintenance_amount)
    above -= sign * position.quantity * position.entry_price
    below = position.quantity * (held - sign)
    price = above / below if abs(below) > 0 else 0.0
    return price if price > 0 else None


def maintenance_amounts(floors: Sequence[float], rates: Sequence[float]) -> tuple[float, ...]:
    """Amounts per tier that make maintenance margin continuous: cum_i = cum_(i-1) + floor_i * (rate_i - rate_(i-1))."""
    bounds, steps = series("tier floors", floors), series("tier rates", rates)
    same_length("tier floors", bounds, "tier rates", steps)
    if any(later <= earlier for earlier, later in pairwise(bounds)):
        raise ValueError("Tier floors must rise from one tier to the next.")
    amounts = [0.0]
    for i in range(1, len(bounds)):
        amounts.append(amounts[-1] + bounds[i] * (_rate(steps[i]) - steps[i - 1]))
    return tuple(amounts)


def maintenance_margin(notional: float, floors: Sequence[float], rates: Sequence[float]) -> float:
    """Maintenance margin of a notional under a tier table."""
    amounts = maintenance_amounts(floors, rates)
    index = max((i for i, floor in enumerate(floors) if floor <= notional), default=0)
    return non_negative("notional", notional) * rates[index] - amounts[index]


def linear_price_tiered(
    position: LinearPosition, floors: Sequence[float], rates: Sequence[float], fee_rate: float = 0.0
) -> TieredLiquidation:
    """Liquidation price with the tier looked up at that price itself, not at today's.

    On the border of two tiers both give the same price; the lower one is named.
    """
    amounts = maintenance_amounts(floors, rates)
    ceilings = [*floors[1:], float("inf")]
    for i, (floor, ceiling) in enumerate(zip(floors, ceilings, strict=True)):
        price = linear_price(position, rates[i], amounts[i], fee_rate)
        if price is None:
            continue
        notional = price * position.quantity
        slack = EPSILON * max(1.0, notional)
        if floor - slack <= notional <= ceiling + slack:
            return TieredLiquidation(maintenance_amounts=amounts, price=price, tier_index=i, notional=notional)
    return TieredLiquidation(maintenance_amounts=amounts, price=None, tier_index=None, notional=None)


def inverse_price(position: InversePosition, maintenance_rate: float, maintenance_amount: float = 0.0) -> float | None:
    """Liquidation price of a coin-margined position; a short whose coins cover its face value has none above."""
    rate = _rate(maintenance_rate)
    held = position.wallet_coin + finite("maintenance amount", maintenance_amount)
    owed = position.face_usd / position.entry_price
    if position.side == "short":
        return position.face_usd * (1 - rate) / (owed - held) if owed - held > EPSILON * owed else None
    return position.face_usd * (1 + rate) / (owed + held) if owed + held > 0 else None


def short_price_with_coin_collateral(
    position: LinearPosition, coins: float, haircut: float, maintenance_rate: float
) -> float | None:
    """Liquidation price of a linear short whose collateral is cash (the wallet) and coins counted below their price."""
    if position.side != "short":
        raise ValueError("Coin collateral is only worked out for a short.")
    counted = non_negative("coins", coins) * (1 - within("haircut", haircut, 0.0, 1.0))
    below = position.quantity * (1 + _rate(maintenance_rate)) - counted
    above = position.wallet + position.quantity * position.entry_price
    if below <= EPSILON * position.quantity:
        return None
    return above / below if above > 0 else None


def _rate(maintenance_rate: float) -> float:
    return within("maintenance rate", maintenance_rate, 0.0, 1.0)
