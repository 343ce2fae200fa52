"""Why a number came out as it did: what each rule looked at, what it made of it, and what bound it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One figure a rule looked at.

    Units: `value` in `unit` (words for people: "USDT", "per year", "days"; empty for a plain number).
    `known_at` is when the world knew it, None for a setting.
    """

    name: str
    value: Decimal
    unit: str = ""
    known_at: datetime | None = None

    def age_s(self, now: datetime) -> float | None:
        """How old the figure is; a setting has no age."""
        return None if self.known_at is None else (now - self.known_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One link of the chain from what was seen to what is done.

    `figure` is the rule's result in `unit`; `bound` names what limited it ("floor", "ceiling", "venue minimum"), empty
    when nothing did; `words` say it to a person.
    """

    rule: str
    words: str
    figure: Decimal | None = None
    unit: str = ""
    bound: str = ""
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What a short earns or pays for being held at today's rate.

    Units: `rate_year` fraction of the short, `amount_year` quote currency. Signs: + received, - paid. `kind` is funding
    of a perpetual, or the basis of a dated future, which is locked until it expires.
    """

    kind: str
    rate_year: Decimal
    amount_year: Decimal
    known_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """What the step of this cycle costs. Units: quote currency; `slip` half the spread and slippage; + paid.

    The sources say in words where each figure is from.
    """

    traded: Decimal
    fee: Decimal
    fee_source: str
    slip: Decimal
    slip_source: str

    @property
    def total(self) -> Decimal:
        """Fee and slip together."""
        return self.fee + self.slip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rationale:
    """The whole chain for one short, or for one asset that gets none.

    Units: amounts of the instrument in `unit`, notionals in `quote`. Signs: `step` above zero sells more futures.
    `protects` names every asset the short is held against; `nothing_because` is None when something is done.
    """

    asset: str
    venue: str | None
    symbol: str | None
    protects: tuple[str, ...]
    unit: str
    quote: str
    held: Decimal
    wanted: Decimal
    step: Decimal
    held_notional: Decimal
    wanted_notional: Decimal
    step_notional: Decimal
    chain: tuple[Explanation, ...]
    left_over: Decimal = Decimal(0)
    cost: StepCost | None = None
    carry: Carry | None = None
    nothing_because: str | None = None
