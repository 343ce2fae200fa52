"""The policy's slots as tables: how much, adjusted by what, placed where, how fast."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.settings.adjustments import Conviction, Funding, Volatility
from bot.settings.fields import (
    Assets,
    Fraction,
    NotNegative,
    Positive,
    PositiveFraction,
    RatioByAsset,
    SecondsOrZero,
    Table,
    empty,
)
from bot.settings.rolling import ExpiryRoll

AVAILABLE = {
    "size": ("static-ratio", "allocation", "minimum-variance"),
    "adjust": ("volatility", "funding", "conviction"),
    "place": ("direct", "proxy-beta", "expiry-roll"),
}
PLANNED: dict[str, tuple[str, ...]] = {"size": (), "adjust": (), "place": ()}


class _Size(Table):
    """What both sizing rules know."""

    overrides: RatioByAsset = Field(
        default={}, description='Hedge ratio of single assets instead of the rule\'s, for example { ETH = "0.3" }.'
    )
    exclude: Assets = Field(default=(), description="Assets that are owned but never hedged.")

    @model_validator(mode="after")
    def _one_word_per_asset(self) -> Self:
        for asset in self.exclude:
            if asset in self.overrides:
                raise ValueError(f"{asset} stands in both overrides and exclude; keep one of them")
        return self


class StaticRatio(_Size):
    """Hedge the same fraction of every asset."""

    rule: Literal["static-ratio"] = Field(default="static-ratio", description="Name of the rule.")
    ratio: Fraction = Field(
        default=Decimal("0.5"), description="Short notional over exposure notional: 0 is open, 1 is fully hedged."
    )


class Allocation(_Size):
    """Let crypto be at most this share of wealth: what is above it is hedged, spot is never sold."""

    rule: Literal["allocation"] = Field(description="Name of the rule.")
    crypto_max: PositiveFraction = Field(
        default=Decimal("0.75"), description="Largest share of crypto in wealth (spot + cash + futures equity)."
    )
    review: Literal["continuous", "quarterly"] = Field(
        default="continuous",
        description="Work the short out in every cycle, or once a quarter and whenever the share leaves its band.",
    )
    band: PositiveFraction | None = Field(
        default=None,
        description="With quarterly review: how far the share may drift. Default: the band that costs least.",
    )

    @model_validator(mode="after")
    def _band_has_a_use(self) -> Self:
        if self.band is not None and self.review != "quarterly":
            raise ValueError(f'band ({self.band}) has a meaning only with review = "quarterly"')
        return self


class MinimumVariance(Table):
    """Short a few instruments so that the whole portfolio moves least; caps hold, missing history falls back."""

    rule: Literal["minimum-variance"] = Field(description="Name of the rule.")
    instruments: Annotated[Assets, Field(min_length=1, max_length=6)] = Field(
        default=("BTC", "ETH"), description="Assets whose perpetuals carry the shorts, the most important first."
    )
    hedge: PositiveFraction = Field(default=Decimal(1), description="Share of the exposure to protect.")
    estimator: Literal["ewma", "ledoit-wolf"] = Field(
        default="ewma", description="How days are weighted: fading with age, or all alike and shrunk."
    )
    decay: Annotated[Fraction, Field(gt=0, lt=1)] = Field(
        default=Decimal("0.97"), description="How slowly old days fade (ewma)."
    )
    days: Annotated[int, Field(ge=60, le=720)] = Field(default=180, description="Days of returns that are used.")
    days_min: Annotated[int, Field(ge=40, le=700)] = Field(
        default=120, description="Fewer days than this, and the static ratio stands in."
    )
    caps: RatioByAsset = Field(
        default={}, description='Largest short per instrument as a share of crypto value, for example { ETH = "0.3" }.'
    )
    cap_total: PositiveFraction = Field(
        default=Decimal(1), description="Largest sum of all shorts as a share of crypto value."
    )
    fallback_ratio: Fraction = Field(
        default=Decimal("0.5"), description="Static ratio while the history of an asset is too short or not to be had."
    )
    exclude: Assets = Field(default=(), description="Assets that are owned but never hedged.")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for asset in self.caps:
            if asset not in self.instruments:
                raise ValueError(f"caps names {asset}, which is not one of instruments {list(self.instruments)}")
        for asset in self.instruments:
            if asset in self.exclude:
                raise ValueError(f"{asset} stands in both instruments and exclude; keep one of them")
        if self.days_min > self.days:
            raise ValueError(f"days_min ({self.days_min}) must not be above days ({self.days})")
        return self

    @property
    def overrides(self) -> dict[str, Decimal]:
        """None: single assets have no ratio of their own here."""
        return {}


class Direct(Table):
    """Short the perpetual of the asset itself."""

    rule: Literal["direct"] = Field(default="direct", description="Name of the rule.")


class ProxyBeta(Table):
    """Coins without a perpetual of their own are protected in part by BTC and ETH; never a full cover."""

    rule: Literal["proxy-beta"] = Field(description="Name of the rule.")
    proxies: Annotated[Assets, Field(min_length=1, max_length=4)] = Field(
        default=("BTC", "ETH"), description="Assets whose perpetuals stand in for others."
    )
    prefer: Literal["own", "proxy"] = Field(
        default="own", description="Use an asset's own perpetual where there is one, or the proxies all the same."
    )
    r_squared_open: Fraction = Field(
        default=Decimal("0.35"), description="Share of an asset's variance the proxies must explain to open a hedge."
    )
    r_squared_warn: Fraction = Field(default=Decimal("0.6"), description="Below this every cycle warns.")
    r_squared_drop: Fraction = Field(default=Decimal("0.25"), description="Below this an open hedge is closed.")
    days: Annotated[int, Field(ge=40, le=365)] = Field(default=90, description="Days of returns that are used.")
    days_min: Annotated[int, Field(ge=30, le=360)] = Field(
        default=60, description="Fewer days than this, and no hedge is opened."
    )
    prior: Positive = Field(default=Decimal(1), description="Beta to expect before looking.")
    prior_deviation: Positive = Field(
        default=Decimal("0.3"), description="How sure that is; smaller pulls an uncertain beta closer to the prior."
    )
    beta_max: Annotated[Positive, Field(le=3)] = Field(
        default=Decimal("1.5"), description="Most short in proxies per value of an asset."
    )
    caps: RatioByAsset = Field(
        default={}, description='Largest hedged share of single assets by proxies, for example { SOL = "0.5" }.'
    )

    @model_validator(mode="after")
    def _gates_are_in_order(self) -> Self:
        if not self.r_squared_drop <= self.r_squared_open <= self.r_squared_warn:
            raise ValueError(
                f"r_squared_drop ({self.r_squared_drop}), r_squared_open ({self.r_squared_open}) and r_squared_warn "
                f"({self.r_squared_warn}) must rise in this order"
            )
        if self.days_min > self.days:
            raise ValueError(f"days_min ({self.days_min}) must not be above days ({self.days})")
        for asset in self.caps:
            if asset in self.proxies:
                raise ValueError(f"caps names {asset}, which is a proxy itself")
        return self


class Pace(Table):
    """How much of the gap is closed now."""

    band: Literal["fixed", "cost"] = Field(
        default="fixed",
        description="fixed: the two edges below; cost: as wide as trading costs make worth while.",
    )
    band_outer: Fraction = Field(
        default=Decimal("0.05"),
        description="band fixed: act when the hedge is off by more than this fraction of exposure.",
    )
    band_inner: Fraction = Field(
        default=Decimal("0.02"), description="band fixed: trade back to within this fraction of exposure."
    )
    aim: Literal["edge", "target"] = Field(
        default="edge", description="band cost: trade back to the band's edge, or (with a wider band) to the target."
    )
    risk_aversion: Positive = Field(
        default=Decimal(3), description="band cost: how much the risk of waiting weighs against the cost of trading."
    )
    trading_cost: Annotated[NotNegative, Field(le=Decimal("0.05"))] | None = Field(
        default=None,
        description="band cost: fee, half spread and slippage as a fraction. Default: measured on own fills.",
    )
    trade_share_min: Annotated[Fraction, Field(le=Decimal("0.1"))] = Field(
        default=Decimal("0.0025"), description="No trade against drift smaller than this fraction of exposure."
    )
    cooldown_s: SecondsOrZero = Field(
        default=0, description="Rest between two steps that add risk; a step that reduces risk never waits."
    )
    sustained_s: SecondsOrZero = Field(
        default=0,
        description="A short grows only after the gap has been outside the band for so long.",
    )
    sustained_bypass: Annotated[Positive, Field(ge=1)] = Field(
        default=Decimal(2), description="A gap of more than so many bands does not wait for sustained_s."
    )
    timing: Literal["none", "volume-profile"] = Field(
        default="none", description="Let discretionary steps wait for a level where much was traded."
    )
    timing_wait_max_h: Annotated[float, Field(gt=0, le=72, allow_inf_nan=False)] = Field(
        default=12, description="timing volume-profile: hours after which the step is taken anyway."
    )
    timing_window_days: Annotated[int, Field(ge=7, le=90)] = Field(
        default=30, description="timing volume-profile: days of quarter-hour bars the levels are read from."
    )

    @model_validator(mode="after")
    def _inner_is_inside(self) -> Self:
        if self.band_inner >= self.band_outer:
            raise ValueError(
                f"band_inner ({self.band_inner}) must be smaller than band_outer ({self.band_outer}): "
                "Ballast acts outside the outer edge and trades back to the inner one"
            )
        return self


def _rule_of(slot: str, value: object) -> object:
    name = value.get("rule") if isinstance(value, dict) else None
    if name is not None and name in PLANNED[slot]:
        ready = ", ".join(AVAILABLE[slot]) or "none; leave [[policy.adjust]] out"
        raise ValueError(f'rule "{name}" is not available in this version (available: {ready})')
    if isinstance(name, str) and name not in AVAILABLE[slot]:
        known = ", ".join((*AVAILABLE[slot], *PLANNED[slot]))
        raise ValueError(f'rule "{name}" is not known; the rules of this slot are {known}')
    return value


def _size(value: object) -> object:
    if isinstance(value, dict) and "rule" not in value:
        value = {"rule": "allocation" if "crypto_max" in value else "static-ratio", **value}
    return _rule_of("size", value)


def _place(value: object) -> object:
    if isinstance(value, dict) and "rule" not in value:
        value = {"rule": "direct", **value}
    return _rule_of("place", value)


Size = Annotated[StaticRatio | Allocation | MinimumVariance, Field(discriminator="rule"), BeforeValidator(_size)]
Adjust = Annotated[
    Volatility | Funding | Conviction,
    Field(discriminator="rule"),
    BeforeValidator(lambda value: _rule_of("adjust", value)),
]
Place = Annotated[Direct | ProxyBeta | ExpiryRoll, Field(discriminator="rule"), BeforeValidator(_place)]


class Policy(Table):
    """The four slots: size, adjust, place, pace."""

    size: Size = empty("How much of each asset is hedged.")
    adjust: tuple[Adjust, ...] = Field(default=(), description="What changes that size, in this order.")
    place: Place = empty("Which instrument carries the short.")
    pace: Pace = empty("How much of the gap is closed now.")
