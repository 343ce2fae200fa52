"""Checks at the door of every formula: a figure that makes no sense is refused with a sentence, never computed with."""

from collections.abc import Iterable, Sequence
from math import isfinite

# Two figures closer than this are the same figure, so that a limit that is met exactly counts as met.
EPSILON = 1e-9

DAYS_PER_YEAR = 365
HOURS_PER_YEAR = 8760


def finite(name: str, value: float) -> float:
    """Give the value back if it is an ordinary number.

    Raises:
        ValueError: for NaN and infinities.
    """
    if not isfinite(value):
        raise ValueError(f"{name} must be an ordinary number, but is {value}.")
    return value


def positive(name: str, value: float) -> float:
    """Give the value back if it is above zero."""
    if finite(name, value) <= 0:
        raise ValueError(f"{name} must be above zero, but is {value}.")
    return value


def non_negative(name: str, value: float) -> float:
    """Give the value back if it is zero or above."""
    if finite(name, value) < 0:
        raise ValueError(f"{name} must not be negative, but is {value}.")
    return value


def within(name: str, value: float, low: float, high: float) -> float:
    """Give the value back if it lies in [low, high]."""
    if not low <= finite(name, value) <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, but is {value}.")
    return value


def between(name: str, value: float, low: float, high: float) -> float:
    """Give the value back if it lies strictly between low and high, as a decay or a probability must."""
    if not low < finite(name, value) < high:
        raise ValueError(f"{name} must lie strictly between {low} and {high}, but is {value}.")
    return value


def series(name: str, values: Iterable[float], *, at_least: int = 1) -> list[float]:
    """Give the values back as a list if there are enough of them and all are ordinary numbers."""
    known = [float(value) for value in values]
    if len(known) < at_least:
        raise ValueError(f"{name} needs at least {at_least} values, but has {len(known)}.")
    if not all(map(isfinite, known)):
        raise ValueError(f"{name} holds a value that is not an ordinary number.")
    return known


def positive_series(name: str, values: Iterable[float], *, at_least: int = 1) -> list[float]:
    """Give the values back as a list if all of them are above zero, as prices are."""
    known = series(name, values, at_least=at_least)
    if min(known, default=1.0) <= 0:
        raise ValueError(f"{name} holds a value that is not above zero.")
    return known


def same_length(first_name: str, first: Sequence[object], second_name: str, second: Sequence[object]) -> None:
    """Refuse two series that do not belong to the same clock."""
    if len(first) != len(second):
        raise ValueError(
            f"{first_name} has {len(first)} values and {second_name} has {len(second)}; "
            "they must be taken at equal times."
        )


def clip(value: float, low: float, high: float) -> float:
    """Move the value to the nearest end of [low, high] if it lies outside; the high end wins if they cross."""
    return min(max(value, low), high)
