"""The rules that change a size as tables: volatility, funding, a person's conviction."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.settings.fields import Assets, Fraction, NotNegative, Positive, PositiveFraction, Table


def _moment(value: object) -> object:
    """A date means the end of that day, UTC; a time without zone is UTC."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == len("2026-12-31") else datetime.fromisoformat(value)
        except ValueError:
            raise ValueError('must be a date such as "2026-12-31" or a time such as "2026-12-31T18:00Z"') from None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC) + timedelta(days=1)
    raise ValueError('must be a date such as "2026-12-31" or a time such as "2026-12-31T18:00Z"')


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Volatility(Table):
    """Hedge more when the market moves more: ratio = 1 - target / volatility, never below what the size rule asks."""

    rule: Literal["volatility"] = Field(description="Name of the rule.")
    target: Positive = Field(
        default=Decimal("0.45"), description="Volatility a year you are willing to bear (0.45 = 45 %)."
    )
    floor: Fraction = Field(default=Decimal(0), description="Smallest ratio, also when the market is calm.")
    ceiling: PositiveFraction = Field(default=Decimal(1), description="Largest ratio this rule asks for.")
    estimator: Literal["parkinson", "close"] = Field(
        default="parkinson", description="From the range of each day, or from its close alone."
    )
    decay: Annotated[Fraction, Field(gt=0, lt=1)] = Field(
        default=Decimal("0.97"), description="How slowly old days fade."
    )
    days_min: Annotated[int, Field(ge=30, le=170)] = Field(
        default=60, description="Fewer daily bars than this, and the rule changes nothing."
    )
    volatility_floor: Fraction = Field(
        default=Decimal("0.6"), description="Volatility counts as at least this share of its half-year mean."
    )
    band: Fraction = Field(default=Decimal("0.05"), description="Ignore a change of the ratio up to this.")
    step: PositiveFraction = Field(default=Decimal("0.05"), description="The ratio is rounded to multiples of this.")
    confirm_down: Annotated[int, Field(ge=1, le=30)] = Field(
        default=3, description="Days in a row that must ask for less before the ratio is lowered."
    )
    implied_weight: Fraction = Field(
        default=Decimal(0), description="Weight of the venue's implied volatility index, where it has one (0: unused)."
    )

    @model_validator(mode="after")
    def _floor_is_below(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError(f"floor ({self.floor}) must not be above ceiling ({self.ceiling})")
        return self


class Funding(Table):
    """Lean toward being paid, and keep what the short costs by funding within a budget."""

    rule: Literal["funding"] = Field(description="Name of the rule.")
    tilt_slope: Fraction = Field(
        default=Decimal("0.05"), description="Change of the ratio per deviation of unusual funding (0: no leaning)."
    )
    tilt_max: Fraction = Field(default=Decimal("0.10"), description="Largest change of the ratio by leaning.")
    budget_per_year: Positive | None = Field(
        default=Decimal("0.15"), description="Most the short may pay a year, as a fraction of its notional."
    )
    budget_amount_per_year: NotNegative | None = Field(
        default=None, description="Most the short of one asset may pay a year, in quote currency."
    )
    past_budget: Literal["shrink", "shift"] = Field(
        default="shrink",
        description="Past the budget: shrink what is not needed, or let expiry-roll look for a dated future.",
    )
    floor: Fraction = Field(default=Decimal(0), description="Ratio that is never cut for the sake of the budget.")
    days: Annotated[int, Field(ge=7, le=90)] = Field(
        default=30, description="Days looked back and ahead to tell what a short costs."
    )


class Conviction(Table):
    """Your own word until a date: hedge to a ratio, or at least to it. Afterwards the other rules stand as before."""

    rule: Literal["conviction"] = Field(description="Name of the rule.")
    ratio: Fraction = Field(description="Hedge ratio you want.")
    until: Moment = Field(description='Last day, such as "2026-12-31" (to its end, UTC), or a time with a zone.')
    how: Literal["at-least", "exactly"] = Field(
        default="at-least", description="Raise the hedge to the ratio, or hold exactly this ratio."
    )
    assets: Assets = Field(default=(), description="Only these assets; empty: everything that is owned.")
