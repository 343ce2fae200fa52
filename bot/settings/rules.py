"""The policy's slots as tables: how much, adjusted by what, placed where, how fast."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

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

AVAILABLE = {"size": ("static-ratio", "allocation"), "adjust": (), "place": ("direct", "expiry-roll")}
PLANNED = {
    "size": ("minimum-variance",),
    "adjust": ("volatility", "funding", "conviction"),
    "place": ("proxy-beta",),
}


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


class Adjustment(Table):
    """A rule that changes the size; none is available in this version."""

    rule: str = Field(description="Name of the rule.")


class Direct(Table):
    """Short the perpetual of the asset itself."""

    rule: Literal["direct"] = Field(default="direct", description="Name of the rule.")


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


Size = Annotated[StaticRatio | Allocation, Field(discriminator="rule"), BeforeValidator(_size)]
Adjust = Annotated[Adjustment, BeforeValidator(lambda value: _rule_of("adjust", value))]
Place = Annotated[Direct | ExpiryRoll, Field(discriminator="rule"), BeforeValidator(_place)]


class Policy(Table):
    """The four slots: size, adjust, place, pace."""

    size: Size = empty("How much of each asset is hedged.")
    adjust: tuple[Adjust, ...] = Field(default=(), description="What changes that size, in this order.")
    place: Place = empty("Which instrument carries the short.")
    pace: Pace = empty("How much of the gap is closed now.")
