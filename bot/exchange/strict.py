"""Strict readers of untrusted JSON: a value is exactly what was documented, or there is no value."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from bot.domain.errors import Unavailable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
DIGITS_MAX = 64
TEXT_MAX = 512
_MILLISECONDS = re.compile(r"[0-9]{1,16}")
Row = Mapping[str, object]
T = TypeVar("T")


class Unreadable(Exception):
    """A reply does not say what the venue documents; the message names the field, not the account."""


class Unlisted(Unavailable):
    """A market was spoken of that the venue's list of markets lacks: it was delisted, or the list has a hole."""


def rows(reply: object) -> Sequence[Row]:
    """A list of objects. Raises: Unreadable."""
    if not isinstance(reply, list):
        raise Unreadable("a list was due")
    return [row(item) for item in reply]


def row(reply: object) -> Row:
    """One object. Raises: Unreadable."""
    if not isinstance(reply, dict):
        raise Unreadable("an object was due")
    return reply


def text(source: Row, key: str) -> str:
    """A text that is not empty; whole numbers (ids) are written out. Raises: Unreadable."""
    value = source.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{key} is missing or empty")
    if len(value) > TEXT_MAX:
        raise Unreadable(f"{key} is a text of {len(value)} characters")
    return value


def flag(source: Row, key: str) -> bool:
    """A boolean. Raises: Unreadable."""
    value = source.get(key)
    if not isinstance(value, bool):
        raise Unreadable(f"{key} is neither true nor false")
    return value


def number(source: Row, key: str) -> Decimal:
    """A finite decimal of either sign. Raises: Unreadable."""
    return finite(source.get(key), key)


def finite(value: object, name: str) -> Decimal:
    """A finite decimal out of a JSON text or number; a float enters by its shortest text. Raises: Unreadable."""
    try:
        if isinstance(value, str):  # first, because venues write numbers as texts, hundreds in a cycle
            if len(value) > DIGITS_MAX:
                raise Unreadable(f"{name} is a number of {len(value)} characters")
            result = Decimal(value)
        elif isinstance(value, float):
            result = Decimal(repr(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            result = Decimal(value)
        else:
            raise Unreadable(f"{name} is no number")
    except (InvalidOperation, ValueError):
        raise Unreadable(f"{name} is no number") from None
    # twenty digits on either side is more than any market has, and keeps arithmetic exact
    if not result.is_finite() or (abs(result.adjusted()) > 20 and result != 0):
        raise Unreadable(f"{name} is not a usable number")
    return result


def positive(source: Row, key: str) -> Decimal:
    """A number above zero. Raises: Unreadable."""
    value = number(source, key)
    if value <= 0:
        raise Unreadable(f"{key} is {value}, which cannot be")
    return value


def not_negative(source: Row, key: str) -> Decimal:
    """A number of zero or more. Raises: Unreadable."""
    value = number(source, key)
    if value < 0:
        raise Unreadable(f"{key} is {value}, which cannot be")
    return value


def moment(source: Row, key: str) -> datetime:
    """A time out of integer milliseconds. Raises: Unreadable."""
    return moment_of(source.get(key), key)


def moment_of(value: object, name: str) -> datetime:
    """A time out of integer milliseconds between 2010 and 2100. Raises: Unreadable."""
    if isinstance(value, str) and _MILLISECONDS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1_262_304_000_000 <= value <= 4_102_444_800_000:
        raise Unreadable(f"{name} is no time")
    return EPOCH + value * MILLISECOND


def moment_or_none(source: Row, key: str) -> datetime | None:
    """A time, or None where the venue says 0 or nothing. Raises: Unreadable."""
    return moment(source, key) if source.get(key) not in (None, 0, "0", "") else None


def milliseconds(at: datetime) -> int:
    """A time in the unit of the wire."""
    return (at - EPOCH) // MILLISECOND


def one_of(source: Row, key: str, known: Mapping[str, T]) -> T:
    """A word the venue documents, as our word. Raises: Unreadable."""
    word = text(source, key)
    if word not in known:
        raise Unreadable(f"{key} is {word[:30]!r}, which is not known")
    return known[word]


def unique(items: Sequence[T], name: Callable[[T], object]) -> tuple[T, ...]:
    """The items, provided no two carry the same name. Raises: Unreadable."""
    if len({name(item) for item in items}) != len(items):
        raise Unreadable("the same row came twice")
    return tuple(items)


def decimal_text(value: Decimal) -> str:
    """An exact plain decimal for the wire: no exponent, no trailing zeros."""
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
