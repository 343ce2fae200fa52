"""What the guards may look at beside the intent itself: limits, where each symbol stands, what went before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import ZERO, Side, Wallet
from bot.domain.instrument import Instrument
from bot.domain.intent import Intent, LeverageIntent, OrderIntent, TransferIntent
from bot.domain.stand_ins import StandIns

Key = tuple[str, str]
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """The user's limits.

    Units: notionals in quote currency, ratios and collars as fractions. `symbols` names the only markets in which a
    short may grow; None allows every market of the portfolio.
    """

    leverage_cap: Decimal
    hedge_ratio_max: Decimal
    order_notional_max: Decimal
    order_notional_per_hour_max: Decimal
    orders_per_hour_max: int
    slippage_max: Decimal
    index_distance_max: Decimal = Decimal("0.03")
    expiry_cutoff: timedelta = timedelta(hours=24)
    symbols: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one symbol stands when the plan is checked. Units: amounts of the instrument, `owned` in coins.

    `position` is signed; `unresolved` counts sells that may have been executed but are not settled; `owned` is what
    the portfolio holds of the asset; `leverage_cap` is that of the asset; `in_transit` says why less of the asset
    shows than is owned.
    """

    instrument: Instrument
    mark_price: Decimal
    index_price: Decimal | None
    position: Decimal
    unresolved: Decimal
    owned: Decimal
    leverage_set: Decimal | None
    leverage_cap: Decimal
    in_transit: str | None = None

    def notional(self, amount: Decimal) -> Decimal:
        """What an amount is worth at mark, in quote currency."""
        return self.instrument.notional(amount, self.mark_price)

    def coins(self, amount: Decimal) -> Decimal:
        """How many coins an amount stands for at mark."""
        return self.instrument.coins(amount, self.mark_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Everything the guards may look at, beside the intent itself.

    `equity` is the collateral by venue and currency before the plan, one unit of it counted as `worth`;
    `orders_last_hour` and `notional_last_hour` count every order that was sent, whatever became of it; `growth_blocked`
    holds back every short, `growth_blocked_in` those of one asset. `stand_ins` is what all shorts together are measured
    against; None where each coin's short protects itself alone.
    """

    at: datetime
    limits: RiskLimits
    standings: Mapping[Key, Standing]
    equity: Mapping[Key, Decimal]
    paused: str | None
    halted: str | None
    growth_blocked: str | None
    orders_last_hour: int
    notional_last_hour: Decimal
    growth_blocked_in: Mapping[str, str] = field(default_factory=dict)
    worth: Mapping[Key, Decimal] = field(default_factory=dict)
    stand_ins: StandIns | None = None


@dataclass(slots=True)
class Running:
    """What the intents approved so far would have done, so that a plan is judged as a whole."""

    positions: dict[Key, Decimal]
    equity: dict[Key, Decimal]
    leverage_set: dict[Key, Decimal | None]
    orders: int
    notional: Decimal
    bought: dict[Key, Decimal] = field(default_factory=dict)

    @classmethod
    def before(cls, circumstances: Circumstances) -> "Running":
        """Nothing is approved yet; unsettled sells count as executed."""
        standings = circumstances.standings
        return cls(
            positions={key: row.position - row.unresolved for key, row in standings.items()},
            equity=dict(circumstances.equity),
            leverage_set={key: row.leverage_set for key, row in standings.items()},
            orders=circumstances.orders_last_hour,
            notional=circumstances.notional_last_hour,
        )

    def count(self, intent: Intent, circumstances: Circumstances) -> None:
        """Take an approved intent as carried out."""
        key = (intent.venue, getattr(intent, "symbol", ""))
        if isinstance(intent, OrderIntent):
            sign = -1 if intent.side is Side.SELL else 1
            self.positions[key] += sign * intent.amount
            self.orders += 1
            if intent.side is Side.BUY:
                self.bought[key] = self.bought.get(key, ZERO) + intent.amount
            self.notional += circumstances.standings[key].notional(intent.amount)
        elif isinstance(intent, LeverageIntent):
            self.leverage_set[key] = Decimal(intent.leverage)
        elif isinstance(intent, TransferIntent):
            sign = 1 if intent.target in (Wallet.FUTURES, Wallet.COIN_FUTURES) else -1
            pool = (intent.venue, intent.currency)
            self.equity[pool] = self.equity.get(pool, ZERO) + sign * intent.amount
