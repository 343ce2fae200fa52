"""What the policy wants, from owned coins to a short in one instrument."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from bot.domain.explanation import Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One asset as it is owned over all sources. Units: `notional` in quote currency."""

    asset: str
    amount: Decimal
    notional: Decimal
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of one short that stands for one asset.

    Units: quote currency. `exposure_notional` is the short that would protect all of the asset's part in it.
    """

    asset: str
    short_notional: Decimal
    exposure_notional: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What a perpetual short of an asset earns or costs by funding.

    Units: fractions of notional and quote currency a year. Signs: + received, - paid. `over_budget` says that it costs
    more than the owner wants to pay, so that a dated future is worth a look.
    """

    per_year: Decimal
    notional_per_year: Decimal
    over_budget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much short one asset needs under which effective leverage, with the reasons in plain words.

    `floor_notional` is the part that is not discretionary (an allocation, a person's word, a rule's floor): no later
    adjustment may go below it. `shares` says for which assets a short that was sized for several stands; empty when it
    stands for its own, and `limit_notional` is then the largest short that may ever carry it. `carry` is known once a
    funding rule looked. `chain` holds the same reasons with their figures.
    """

    asset: str
    short_notional: Decimal
    leverage_cap: Decimal
    reasons: tuple[str, ...]
    floor_notional: Decimal = Decimal(0)
    shares: tuple[Share, ...] = ()
    limit_notional: Decimal | None = None
    carry: Carry | None = None
    chain: tuple[Explanation, ...] = ()

    def because(self, link: Explanation, *, short_notional: Decimal | None = None) -> Self:
        """The need after one more rule, with its reason."""
        return replace(
            self,
            short_notional=self.short_notional if short_notional is None else short_notional,
            reasons=(*self.reasons, link.words),
            chain=(*self.chain, link),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The short to hold in one instrument after this cycle.

    Units: `amount` in base units, `short_notional` in quote currency at mark. Both are zero or positive.
    `shares` says which assets an instrument protects when it stands in for others, with `limit_notional` as the largest
    short it may ever hold; empty when it protects its own asset alone. `chain` holds the reasons with their figures.
    """

    venue: str
    symbol: str
    asset: str
    short_notional: Decimal
    amount: Decimal
    leverage_cap: Decimal
    reasons: tuple[str, ...]
    shares: tuple[Share, ...] = ()
    limit_notional: Decimal | None = None
    chain: tuple[Explanation, ...] = ()

    def because(
        self, link: Explanation, *, amount: Decimal | None = None, short_notional: Decimal | None = None
    ) -> Self:
        """The target after one more rule, with its reason."""
        return replace(
            self,
            amount=self.amount if amount is None else amount,
            short_notional=self.short_notional if short_notional is None else short_notional,
            reasons=(*self.reasons, link.words),
            chain=(*self.chain, link),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Moving a short from one contract of an asset to another, in pairs of a buy and a sale.

    Units: `amount` is what to move and `slice_max` what may be unpaired for a moment, both as the instruments count
    (coins); `cost_max` is the most the spreads may cost, as a fraction of notional, None for any cost. `urgent` rolls
    are held back by no limit on orders, because the contract ends. `owed` is what of the short is open before the roll
    goes on, by a half that failed: it is sold first, so that what is open never adds up.
    """

    venue: str
    asset: str
    leaving: str
    entering: str
    amount: Decimal
    slice_max: Decimal
    leverage_cap: Decimal
    cost_max: Decimal | None
    urgent: bool
    reasons: tuple[str, ...]
    owed: Decimal = Decimal(0)
