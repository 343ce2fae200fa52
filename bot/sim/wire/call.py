"""What is the same in the calls of every venue: named texts read as numbers and times, the exchange and its clock."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from bot.sim.engine import Engine
from bot.sim.wire.exchange import Exchange
from bot.sim.wire.numbers import milliseconds, moment

TEXT_MAX = 40
EXPONENT_MAX = 20


class RequestParameters(ABC):
    """What was sent, by name. A venue says in a subclass what it answers to a value that is missing or wrong."""

    digits_max = 18

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values: Mapping[str, str] = values

    @abstractmethod
    def missing(self, name: str) -> Exception:
        """The complaint about a value that has to be there."""

    @abstractmethod
    def no_integer(self, name: str) -> Exception:
        """The complaint about a value that is no integer."""

    @abstractmethod
    def no_number(self, name: str) -> Exception:
        """The complaint about a value that is no finite number."""

    def no_time(self, name: str) -> Exception:
        """The complaint about a number no calendar holds."""
        return self.no_integer(name)

    def optional(self, *names: str) -> str | None:
        """The value under the first of the names that was sent and is not empty."""
        return next((self._values[name] for name in names if self._values.get(name)), None)

    def required(self, *names: str) -> str:
        """The value. Raises: the venue's complaint when it is missing."""
        value = self.optional(*names)
        if value is None:
            raise self.missing(names[0])
        return value

    def optional_integer(self, *names: str) -> int | None:
        """The value as an integer, None when it was not sent. Raises: the complaint when it is none."""
        value = self.optional(*names)
        if value is None:
            return None
        if not value.removeprefix("-").isdecimal() or not value.isascii() or len(value) > self.digits_max:
            raise self.no_integer(names[0])
        return int(value)

    def integer(self, *names: str) -> int:
        """The value as an integer. Raises: the complaint when it is missing or none."""
        value = self.optional_integer(*names)
        if value is None:
            raise self.missing(names[0])
        return value

    def optional_decimal(self, name: str) -> Decimal | None:
        """The value as a finite number, None when it was not sent. Raises: the complaint when it is none."""
        value = self.optional(name)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise self.no_number(name) from None
        if not number.is_finite() or len(value) > TEXT_MAX or (number and abs(number.adjusted()) > EXPONENT_MAX):
            raise self.no_number(name)
        return number

    def decimal(self, name: str) -> Decimal:
        """The value as a finite number. Raises: the complaint when it is missing or none."""
        value = self.optional_decimal(name)
        if value is None:
            raise self.missing(name)
        return value

    def time(self, *names: str, unit_ms: int = 1) -> datetime | None:
        """A count of `unit_ms` as aware UTC time. Raises: the complaint about a number no calendar holds."""
        value = self.optional_integer(*names)
        at = None if value is None else moment(value * unit_ms)
        if value is not None and at is None:
            raise self.no_time(names[0])
        return at


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueCall:
    """The part of a handler's call that no language changes."""

    exchange: Exchange

    @property
    def engine(self) -> Engine:
        """The exchange's state machine."""
        return self.exchange.engine

    @property
    def now(self) -> datetime:
        """Exchange time."""
        return self.exchange.engine.now

    @property
    def now_ms(self) -> int:
        """Exchange time in milliseconds."""
        return milliseconds(self.now)
