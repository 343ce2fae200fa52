"""Mean, sample variance and the least-squares line, the three things several estimators share."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from bot.domain.sense import same_length, series


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A least-squares line y = intercept + slope * x with the share of variance it explains.

    Units: `slope_error` is the standard error of the slope; it does not exist for two points.
    """

    slope: float
    intercept: float
    r_squared: float
    slope_error: float | None


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean."""
    return fsum(values) / len(values)


def sample_variance(values: Sequence[float]) -> float:
    """Variance with divisor n - 1."""
    centre = mean(values)
    return fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def least_squares(x: Sequence[float], y: Sequence[float]) -> Line:
    """Fit y on x.

    Raises:
        ValueError: for fewer than two points, or an x that does not vary, through which no line is determined.
    """
    across, upward = series("x", x, at_least=2), series("y", y, at_least=2)
    same_length("x", across, "y", upward)
    mean_x, mean_y = mean(across), mean(upward)
    sum_xx = fsum((a - mean_x) ** 2 for a in across)
    sum_yy = fsum((b - mean_y) ** 2 for b in upward)
    sum_xy = fsum((a - mean_x) * (b - mean_y) for a, b in zip(across, upward, strict=True))
    if sum_xx <= 0:
        raise ValueError("The explaining series does not vary, so no ratio can be estimated from it.")
    slope = sum_xy / sum_xx
    intercept = mean_y - slope * mean_x
    residual = fsum((b - intercept - slope * a) ** 2 for a, b in zip(across, upward, strict=True))
    freedom = len(across) - 2
    return Line(
        slope=slope,
        intercept=intercept,
        r_squared=sum_xy**2 / (sum_xx * sum_yy) if sum_yy > 0 else 0.0,
        slope_error=sqrt(residual / freedom / sum_xx) if freedom > 0 else None,
    )
