"""How wide the band around a target is: as the user wrote it, or as wide as the cost of trading makes worth while."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from bot.domain.account import ZERO
from bot.domain.costs import TradingCost
from bot.domain.explanation import Explanation, Input
from bot.domain.instrument import quantized
from bot.policy.estimators.band import (
    AVERSION,
    BAND_STATIC,
    COST_ALTS,
    COST_MAJORS,
    band_center,
    band_edge,
    volatility_target_drift,
)
from bot.policy.pace_gap import Gap

MAJORS = frozenset({"BTC", "ETH"})
# A weight w drifts by w(1-w) times volatility, so volatility cancels and any value gives the same band.
ANY_VOLATILITY = 1.0
WISHED = "wished volatility"
PLACES = Decimal("0.00000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wealth:
    """What all bands are measured by, added up once for all of them. Units: quote currency."""

    quote: str
    crypto: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Where to act and where to trade back to, as fractions of what is protected; `why` when they were worked out."""

    outer: Decimal
    inner: Decimal
    why: Explanation | None = None


class EdgeRule(Protocol):
    """What decides how wide a band is."""

    def edges(self, gap: Gap, wealth: Wealth, cost: TradingCost | None) -> Edges:
        """The edges for one target; `cost` as measured, None before the first fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEdges:
    """The two edges the user wrote down, the same for every asset."""

    outer: Decimal
    inner: Decimal

    def edges(self, gap: Gap, wealth: Wealth, cost: TradingCost | None) -> Edges:
        """The edges as they are written."""
        return Edges(outer=self.outer, inner=self.inner)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEdges:
    """Edges where what trading costs equals what waiting risks.

    Units: `target_weight` largest share of crypto in wealth, None where no rule asks for it; `cost` a fraction of what
    is traded, instead of the measured one; `widest` of what is protected.
    Source: policy_math 5; Davis, Norman 1990; Whalley, Wilmott 1997.
    """

    aim: Literal["edge", "target"] = "edge"
    aversion: float = AVERSION
    target_weight: float | None = None
    volatility_of_volatility: float = 0.6
    cost: Decimal | None = None
    widest: Decimal = Decimal("0.25")

    def edges(self, gap: Gap, wealth: Wealth, cost: TradingCost | None) -> Edges:
        """The band of the rule that binds, brought from a share of wealth to a share of what is protected."""
        price, paid = self._price(gap, cost)
        width, inputs, words = self._width(gap, wealth, float(price))
        yardstick = gap.exposure if gap.binding == "volatility" else wealth.crypto
        exact = quantized(width) * wealth.total / yardstick if yardstick > 0 else self.widest
        outer = min(exact.quantize(PLACES), self.widest)
        seen = (
            *paid,
            Input(name="risk aversion", value=quantized(self.aversion)),
            *inputs,
            Input(name="wealth", value=wealth.total, unit=wealth.quote),
        )
        why = Explanation(
            rule="cost band",
            words=f"{words}: {width:.2%} of wealth, {outer:.2%} of what {gap.target.symbol} protects, on either side",
            figure=outer,
            bound="widest band" if exact > self.widest else "",
            inputs=seen,
        )
        return Edges(outer=outer, inner=outer if self.aim == "edge" else ZERO, why=why)

    def _price(self, gap: Gap, cost: TradingCost | None) -> tuple[Decimal, tuple[Input, ...]]:
        if self.cost is not None:
            return self.cost, (Input(name="cost of trading", value=self.cost),)
        if cost is not None:
            return cost.total, cost_inputs(cost)
        usual = quantized(COST_MAJORS if gap.asset in MAJORS else COST_ALTS)
        return usual, (Input(name="cost of trading (usual, no own fill yet)", value=usual),)

    def _width(self, gap: Gap, wealth: Wealth, cost: float) -> tuple[float, tuple[Input, ...], str]:
        """Half-width as a share of wealth, what it was made of, and in words."""
        formula = band_edge if self.aim == "edge" else band_center
        if gap.binding == "allocation" and self.target_weight is not None:
            weight = self.target_weight
            width = formula(cost, self.aversion, ANY_VOLATILITY, weight * (1 - weight))
            return width, (Input(name="target weight", value=quantized(weight)),), "a weight drifts with prices"
        measured, wished = _volatilities(gap)
        if gap.binding == "volatility" and measured is not None and wished is not None:
            sigma, share = float(measured.value), float(gap.exposure / wealth.total) if wealth.total > 0 else 0.0
            drift = volatility_target_drift(share, sigma, float(wished.value), self.volatility_of_volatility)
            moves = Input(name="drift of the target", value=quantized(drift), unit="per year")
            return formula(cost, self.aversion, sigma, drift), (measured, moves), "the target moves with volatility"
        return BAND_STATIC, (), "a fixed share of coins drifts only when coins come or go"


def cost_inputs(cost: TradingCost) -> tuple[Input, ...]:
    """What was paid, for people."""
    orders = "one own order" if cost.fills == 1 else f"{cost.fills} own orders"
    name = f"half spread and slippage ({orders})"
    return (
        Input(name="taker fee", value=cost.fee, known_at=cost.known_at),
        Input(name=name, value=cost.slip, known_at=cost.known_at),
    )


def _volatilities(gap: Gap) -> tuple[Input | None, Input | None]:
    """The yearly volatility the volatility rule measured and the one it wishes, as they stand in its link."""
    seen = [row for link in gap.target.chain if link.rule == "volatility" for row in link.inputs if row.value > 0]
    wished = next((row for row in seen if row.name == WISHED), None)
    measured = next((row for row in seen if row.name.endswith("volatility") and row is not wished), None)
    return measured, wished
