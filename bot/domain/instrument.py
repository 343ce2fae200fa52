"""What can be traded: one row per market of a venue, in base units."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from enum import StrEnum
from functools import lru_cache


class MarketKind(StrEnum):
    """The kinds of market Ballast reads or trades."""

    SPOT = "spot"
    LINEAR_PERPETUAL = "linear-perpetual"
    LINEAR_FUTURE = "linear-future"
    INVERSE_PERPETUAL = "inverse-perpetual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One market of one venue with the limits an order must respect.

    Units: an amount is what stays fixed while the price moves: coins on spot and linear markets, face value in quote
    currency on inverse ones. `notional`, `coins` and `amount_of` lead from one to the other. `contract_size`,
    `amount_step`, `amount_min` and `amount_max` are amounts; `notional_min` is in quote currency.
    """

    venue: str
    symbol: str
    kind: MarketKind
    base: str
    quote: str
    settle: str | None
    contract_size: Decimal
    amount_step: Decimal
    amount_min: Decimal
    amount_max: Decimal | None
    price_tick: Decimal
    notional_min: Decimal
    expires_at: datetime | None = None
    active: bool = True

    @property
    def dated(self) -> bool:
        """Whether the contract ends on a day and is settled then."""
        return self.expires_at is not None

    def days_to_expiry(self, at: datetime) -> float | None:
        """Days until settlement, negative after it; None for a contract without an end."""
        return None if self.expires_at is None else (self.expires_at - at).total_seconds() / 86_400

    @property
    def inverse(self) -> bool:
        """Whether a contract is worth a fixed sum of quote currency and settles in coins."""
        return self.kind is MarketKind.INVERSE_PERPETUAL

    def notional(self, amount: Decimal, price: Decimal) -> Decimal:
        """What an amount is worth in quote currency. Signs: as the amount."""
        return amount if self.inverse else amount * price

    def coins(self, amount: Decimal, price: Decimal) -> Decimal:
        """How many coins an amount stands for at this price. Signs: as the amount."""
        return amount / price if self.inverse else amount

    def amount_of_coins(self, coins: Decimal, price: Decimal) -> Decimal:
        """The amount that stands for this many coins at this price, not yet rounded to lots."""
        return coins * price if self.inverse else coins

    def amount_of(self, notional: Decimal, price: Decimal) -> Decimal:
        """The amount worth this much quote currency, not yet rounded to lots."""
        return notional if self.inverse else notional / price

    def floor_amount(self, amount: Decimal) -> Decimal:
        """Round a non-negative amount down to the lot step."""
        return _to_step(amount, self.amount_step, ROUND_DOWN)

    def floor_price(self, price: Decimal) -> Decimal:
        """Round a price down to the tick."""
        return _to_step(price, self.price_tick, ROUND_DOWN)

    def ceil_price(self, price: Decimal) -> Decimal:
        """Round a price up to the tick."""
        return _to_step(price, self.price_tick, ROUND_UP)

    def contracts(self, amount: Decimal) -> Decimal:
        """Say how many contracts an amount is."""
        return amount / self.contract_size

    def tradable(self, amount: Decimal, price: Decimal) -> bool:
        """Tell whether the venue would take an order of this amount at this price."""
        return amount >= self.amount_min and amount > 0 and self.notional(amount, price) >= self.notional_min


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        return value
    return (value / step).quantize(Decimal(1), rounding=rounding) * step


@lru_cache(maxsize=8192)
def quantized(value: float, *, places: int = 8) -> Decimal:
    """Bring a float of an estimator back among the decimals; the one door between the two.

    Raises: ValueError on NaN or infinity.
    """
    result = Decimal(repr(value))
    if not result.is_finite():
        raise ValueError(f"an estimate came out as {value}, which is not a number that money can depend on")
    return result.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
