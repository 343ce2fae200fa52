"""Numbers and times as people read them; everything that goes into a page is escaped here."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape

NOTHING = "–"  # noqa: RUF001 - the dash that stands for a missing figure


def text(value: object) -> str:
    """Any text, safe between tags and in quoted attributes."""
    return escape(str(value), quote=True)


def money(value: Decimal | None) -> str:
    """An amount of money or a price, with as many digits as matter."""
    if value is None:
        return NOTHING
    return f"{value:,.2f}" if abs(value) >= 1 or value == 0 else f"{value:.6g}"


def whole(value: Decimal | None) -> str:
    """An amount of money for the large print."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else money(value)


def coins(value: Decimal | None) -> str:
    """An amount of coins, without trailing zeros."""
    if value is None:
        return NOTHING
    shown = f"{value:,.8f}".rstrip("0").rstrip(".")
    return shown if shown not in ("-0", "") else "0"


def percent(value: Decimal | float | None, digits: int = 1) -> str:
    """A fraction in percent."""
    return NOTHING if value is None else f"{value * 100:.{digits}f} %"


def times(value: Decimal | float | None) -> str:
    """A leverage."""
    return NOTHING if value is None else f"{value:.2f}×"  # noqa: RUF001 - the sign people read as "times"


def clock(at: datetime | None) -> str:
    """A moment in UTC."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    left = timedelta(seconds=round(seconds))
    hours, minutes = divmod(left.seconds // 60, 60)
    if left.days:
        return f"{left.days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left.seconds % 60} s" if minutes else f"{left.seconds} s"


def listed(items: Iterable[str]) -> str:
    """Items of a list, escaped."""
    return "".join(f"<li>{text(item)}</li>" for item in items)
