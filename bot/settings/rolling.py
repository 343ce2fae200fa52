"""The place rule that chooses between a perpetual and dated futures, as a table."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.settings.fields import NotNegative, Positive, PositiveFraction, Table

Days = Annotated[Positive, Field(le=400)]
BasisPoints = Annotated[NotNegative, Field(le=500)]


class ExpiryRoll(Table):
    """Short the perpetual or a dated future, whichever is expected to earn more, and roll a future before it ends."""

    rule: Literal["expiry-roll"] = Field(description="Name of the rule.")
    horizon_days: Days = Field(default=Decimal(90), description="How far ahead funding and basis are compared.")
    roll_from_days: Days = Field(default=Decimal(7), description="A future is rolled from so many days before its end.")
    roll_by_days: Days = Field(
        default=Decimal(2), description="From here on it is rolled at any cost, and no order limit holds it back."
    )
    roll_cost_max_bps: BasisPoints = Field(
        default=Decimal(6), description="Most the spreads of a roll may cost before that, in basis points."
    )
    tenor_min_days: Days = Field(default=Decimal(14), description="No future is entered that ends sooner.")
    rest_days: Annotated[NotNegative, Field(le=400)] = Field(
        default=Decimal(14), description="Rest after a move before the short is moved again for the sake of carry."
    )
    gap_max: Annotated[PositiveFraction, Field(le=Decimal("0.25"))] = Field(
        default=Decimal("0.05"), description="Most of what is owned that may be unhedged for a moment while rolling."
    )
    perpetual_cost_bps: BasisPoints = Field(
        default=Decimal(6), description="Trading the perpetual once: fee and half the spread, in basis points."
    )
    dated_cost_bps: BasisPoints = Field(default=Decimal(6), description="Trading a future once, in basis points.")
    roll_cost_bps: BasisPoints = Field(
        default=Decimal("14.5"), description="What one roll costs all in all, when ways are compared."
    )

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if not self.roll_by_days < self.roll_from_days < self.tenor_min_days:
            raise ValueError(
                f"roll_by_days ({self.roll_by_days}) must be below roll_from_days ({self.roll_from_days}), and that "
                f"below tenor_min_days ({self.tenor_min_days})"
            )
        return self
