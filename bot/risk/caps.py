"""How levered a short of each asset may be: the user's cap, or less where the price can run before collateral arrives.

Never more than the margin autopilot lets stand: a day of stress and the user's distance are survived at the cap, or
what one cycle opens the next would close. Source: policy_math 3.7; the estimator is `bot/risk/leverage.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from bot.risk.leverage import (
    STRESS_ALTS,
    STRESS_MAJORS,
    leverage_cap,
    leverage_surviving,
    liquidation_budget,
    stress_move,
)

MAJORS = frozenset({"BTC", "ETH"})
VOLATILITY_MAJORS = 0.75
VOLATILITY_ALTS = 1.10
ONE_DAY = 1.0
RESPONSE_BY_TRANSFER_DAYS = 1.0
RESPONSE_BY_HAND_DAYS = 3.0
STEP = Decimal("0.01")
# A short at the very edge of a day's stress would be cut or closed at the next tick, a fee each time.
STRESS_SLACK = Decimal("1.05")
MOVE_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRule:
    """What the user tolerates and how fast he is.

    Units: `response_days` is how long collateral really takes to arrive; `liquidations_per_year` is how often a short
    at the cap may be liquidated (0.01 = once in a hundred years); `leverage_max` by the user, for every asset;
    `maintenance_rate` is the least that is reckoned with, whatever a venue's tiers say.
    """

    leverage_max: Decimal
    response_days: float = ONE_DAY
    liquidations_per_year: float = 0.01
    maintenance_rate: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetCap:
    """The cap of one asset with what it was made of.

    Units: `volatility` per square root of a year, `stress_move` the one-day rise to be survived, as a fraction;
    `cap_raw` is the cap before the user's own, and `bound` says what made it so. `cap_alone` is the cap of a short
    whose collateral cannot be added to: a day of stress is survived with `STRESS_SLACK`.
    """

    asset: str
    volatility: float
    measured: bool
    stress_move: Decimal
    cap_raw: Decimal
    cap: Decimal
    cap_alone: Decimal
    bound: str

    @property
    def reason(self) -> str:
        """In words."""
        source = "measured" if self.measured else "assumed, no price history was read"
        bound = "your leverage_cap" if self.cap < self.cap_raw else self.bound
        return (
            f"{self.asset} may carry {self.cap.normalize():f}x: volatility {self.volatility:.0%} a year ({source}), "
            f"a day may bring {self.stress_move:+.1%}; bound by {bound}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The caps of every asset; one that was not named has the conservative figures of its class.

    Units: `distance_min` is the rise the user wants to survive, as a fraction; `maintenance` the maintenance margin per
    notional by the venue's tiers, by asset.
    """

    rule: CapRule
    volatility: Mapping[str, float] = field(default_factory=dict)
    distance_min: Decimal = Decimal(0)
    maintenance: Mapping[str, float] = field(default_factory=dict)

    def of(self, asset: str) -> AssetCap:
        """The cap of one asset. Thin coins jump, so that everything but BTC and ETH is stressed twice."""
        measured = self.volatility.get(asset)
        sigma = measured if measured is not None else assumed_volatility(asset)
        stress = STRESS_MAJORS if asset in MAJORS else STRESS_ALTS
        rule, rate = self.rule, max(self.rule.maintenance_rate, self.maintenance.get(asset, 0.0))
        found = leverage_cap(
            sigma,
            rule.response_days,
            rate,
            probability=liquidation_budget(rule.response_days, rule.liquidations_per_year),
            stress=stress,
            leverage_max=float(rule.leverage_max),
        )
        day = stress_move(sigma, ONE_DAY, liquidation_budget(ONE_DAY, rule.liquidations_per_year), stress)
        least, bound = min(
            (found.leverage_raw, "what a rally before collateral arrives allows"),
            (leverage_surviving(day, rate), "what survives a day of stress"),
            (leverage_surviving(float(self.distance_min), rate), "your liquidation_distance_min"),
        )
        raw = Decimal(str(min(least, 100.0))).quantize(STEP, rounding=ROUND_DOWN)
        cap = max(min(raw, rule.leverage_max), STEP)
        alone = Decimal(str(min(leverage_surviving(day, rate), 100.0))) / STRESS_SLACK
        return AssetCap(
            asset=asset,
            volatility=sigma,
            measured=measured is not None,
            stress_move=Decimal(str(day)).quantize(MOVE_STEP),
            cap_raw=max(raw, STEP),
            cap=cap,
            cap_alone=max(min(cap, alone.quantize(STEP, rounding=ROUND_DOWN)), STEP),
            bound=bound,
        )

    def table(self, assets: Iterable[str]) -> Mapping[str, AssetCap]:
        """The caps of several assets."""
        return {asset: self.of(asset) for asset in sorted(set(assets))}


def assumed_volatility(asset: str) -> float:
    """What is assumed where no history was read: high figures of each class, so that ignorance is never cheap."""
    return VOLATILITY_MAJORS if asset in MAJORS else VOLATILITY_ALTS
