"""What trading one instrument costs, as far as our own fills and the venue tell."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingCost:
    """Cost of one trade as fractions of what is traded.

    `fee` is the taker fee really charged; `slip` how much worse than the mark price we were filled on average, half the
    spread and slippage together. `fills` says of how many orders, `known_at` when the last of them was filled.
    """

    fee: Decimal
    slip: Decimal
    fills: int
    known_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        """Fee and slip together."""
        return self.fee + self.slip
