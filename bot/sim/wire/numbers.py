"""Numbers and times as venues write them, whatever their language."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = Decimal(0)


def milliseconds(at: datetime) -> int:
    """Integer milliseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment(at_ms: int) -> datetime | None:
    """The aware UTC time of integer milliseconds; None for a number no calendar holds."""
    try:
        return _EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        return None


def text(value: Decimal, places: int = 8) -> str:
    """A number as a string with a fixed count of decimals; zero has no sign."""
    return format(value, f".{places}f") if value else format(_ZERO, f".{places}f")


def plain(value: Decimal) -> str:
    """A number without trailing zeros and without an exponent."""
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def decimals(step: Decimal) -> int:
    """How many decimals a step of this size has."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
