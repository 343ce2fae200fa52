"""What was decided to be done: intents, the plan that holds them, and how each ended."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.domain.account import Fill, MarginMode, Side, Wallet


class IntentKind(StrEnum):
    """The only things Ballast ever asks a venue to change."""

    ORDER = "order"
    LEVERAGE = "leverage"
    MARGIN_MODE = "margin-mode"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIntent:
    """A marketable limit order, immediate-or-cancel, for one instrument.

    Units: `amount` as the instrument counts it. `after` is the intent that must have been carried out completely before
    this one is sent; without it nothing is waited for.
    """

    id: str
    venue: str
    symbol: str
    side: Side
    amount: Decimal
    limit_price: Decimal
    reduce_only: bool
    protective: bool
    reasons: tuple[str, ...]
    after: str | None = None

    @property
    def kind(self) -> IntentKind:
        """Always an order."""
        return IntentKind.ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageIntent:
    """Set the venue's leverage figure (initial margin) of one instrument."""

    id: str
    venue: str
    symbol: str
    leverage: int
    reasons: tuple[str, ...]

    @property
    def kind(self) -> IntentKind:
        """Always a leverage change."""
        return IntentKind.LEVERAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginModeIntent:
    """Set cross or isolated margin for one instrument."""

    id: str
    venue: str
    symbol: str
    margin_mode: MarginMode
    reasons: tuple[str, ...]

    @property
    def kind(self) -> IntentKind:
        """Always a margin-mode change."""
        return IntentKind.MARGIN_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferIntent:
    """Move collateral between two wallets of one account. Units: `amount` in `currency`."""

    id: str
    venue: str
    currency: str
    amount: Decimal
    source: Wallet
    target: Wallet
    protective: bool
    reasons: tuple[str, ...]

    @property
    def kind(self) -> IntentKind:
        """Always a transfer."""
        return IntentKind.TRANSFER


Intent = OrderIntent | LeverageIntent | MarginModeIntent | TransferIntent


def describe(intent: Intent) -> str:
    """Name an intent in words for people."""
    match intent:
        case OrderIntent():
            return f"the order to {intent.side.value} {intent.amount.normalize():f} {intent.symbol}"
        case TransferIntent():
            return f"the transfer of {intent.amount} {intent.currency}"
        case LeverageIntent() | MarginModeIntent():
            return f"the {intent.kind.value} change of {intent.symbol}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A guard's no to one intent."""

    intent_id: str
    guard: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What should be done, in this order. Printed, tested, journalled, thrown away."""

    intents: tuple[Intent, ...]
    notes: tuple[str, ...] = ()


class Ending(StrEnum):
    """How an intent ended. UNKNOWN is the only one that is not final."""

    FILLED = "filled"
    PARTIAL = "partial"  # ended with less than the intended amount
    NOTHING = "nothing"  # accepted, ended without a fill
    DONE = "done"  # a setting or a transfer that took effect
    REFUSED = "refused"
    ABSENT = "absent"  # proved never to have reached the venue
    ABANDONED = "abandoned"  # a person looked at the venue and took it off the list
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one intent. Units: `filled` in base units (currency for transfers), `fee` in quote currency."""

    intent_id: str
    ending: Ending
    filled: Decimal
    average_price: Decimal | None
    fee: Decimal | None
    detail: str
    fills: tuple[Fill, ...] = ()
    at: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether nothing more can become of the intent."""
        return self.ending is not Ending.UNKNOWN
