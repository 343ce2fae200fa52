"""The kinds of value a setting can have: money, fractions, asset names, addresses."""

import ipaddress
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Word = TypeVar("Word", bound=str)
NUMBER_MAX = Decimal(10**15)  # more than anybody owns of anything
SPARE_MIN = Decimal("0.05")


class Table(BaseModel):
    """One table of a profile: closed, frozen, and silent about its input when it complains."""

    # Built once, as part of Settings: a validator per table would cost every command some milliseconds at its start.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


def _exact(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, float | int | str | Decimal):
        raise ValueError('must be a number in quotes, for example "0.5"')
    if isinstance(value, float):
        raise ValueError(f'must be written in quotes to stay exact: "{value!r}" instead of {value!r}')
    return value


def _thinkable(value: Decimal) -> Decimal:
    if value.is_finite() and abs(value) > NUMBER_MAX:
        raise ValueError("must be less than 1,000,000,000,000,000; look at its exponent")
    return value


def _asset(value: str) -> str:
    if value != value.upper() and value.upper().isalnum():
        raise ValueError(f'must be upper-case: "{value.upper()}" instead of "{value}"')
    if not (value.isascii() and value.isalnum()):
        raise ValueError('must be an asset name such as "BTC"')
    return value


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError('must be HOST:PORT, for example "127.0.0.1:8701"')
    return value


def is_loopback(address: str) -> bool:
    """Whether HOST:PORT is an address of this machine that no other machine reaches."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(value: str) -> str:
    if not value or not value.isascii() or any(sign in value for sign in " /:*@"):
        raise ValueError('must be a plain name such as "nas.local", without port, path or star')
    return value.lower()


def _loopback(value: str) -> str:
    if not is_loopback(value):
        raise ValueError(
            'must be an address of this machine such as "127.0.0.1:8701"; signed requests are never sent elsewhere'
        )
    return value


def distinct(values: tuple[Word, ...]) -> tuple[Word, ...]:
    """The values, provided none is listed twice. Raises: ValueError."""
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ValueError(f'"{value}" is listed twice')
    return values


def _asset_keys(values: dict[str, Decimal]) -> dict[str, Decimal]:
    for asset in values:
        _asset(asset)
    return values


def _spare(value: Decimal) -> Decimal:
    if value < SPARE_MIN:
        raise ValueError(f"must be {SPARE_MIN} or more, or shorts are cut and opened again at every tick")
    return value


def empty(description: str = "") -> Any:
    """Fill a table that is absent from its own defaults, so that a default exists once."""
    return Field(default={}, validate_default=True, description=description)


Exact = Annotated[Decimal, BeforeValidator(_exact), AfterValidator(_thinkable)]
Positive = Annotated[Exact, Field(gt=0)]
NotNegative = Annotated[Exact, Field(ge=0)]
Fraction = Annotated[Exact, Field(ge=0, le=1)]
Spare = Annotated[Fraction, AfterValidator(_spare)]
PositiveFraction = Annotated[Exact, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
SecondsOrZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Asset = Annotated[str, AfterValidator(_asset)]
Assets = Annotated[tuple[Asset, ...], AfterValidator(distinct)]
RatioByAsset = Annotated[dict[str, Fraction], AfterValidator(_asset_keys)]
AmountByAsset = Annotated[dict[str, NotNegative], AfterValidator(_asset_keys)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
LoopbackAddress = Annotated[Address, AfterValidator(_loopback)]
