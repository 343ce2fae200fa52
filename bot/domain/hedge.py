"""What the policy wants, from owned coins to a short in one instrument."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One asset as it is owned over all sources. Units: `notional` in quote currency."""

    asset: str
    amount: Decimal
    notional: Decimal
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much short one asset needs under which effective leverage, with the reasons in plain words."""

    asset: str
    short_notional: Decimal
    leverage_cap: Decimal
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The short to hold in one instrument after this cycle.

    Units: `amount` in base units, `short_notional` in quote currency at mark. Both are zero or positive.
    """

    venue: str
    symbol: str
    asset: str
    short_notional: Decimal
    amount: Decimal
    leverage_cap: Decimal
    reasons: tuple[str, ...]
