"""Which of an asset's contracts carries its short: perpetual or dated, by what each is expected to earn.

Signs: carry is positive when the short receives. Source: policy_math 6.3, 6.4.
"""

from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from statistics import fmean, pstdev

from bot.domain.instrument import Instrument
from bot.domain.snapshot import VenueView
from bot.policy.estimators.carry import CarryChoice, basis, compare_carry, funding_expected
from bot.policy.scene import Scene

PAYMENTS_MIN = 90
PERSISTENCE_8H = 0.9
SHRINK_TO_ZERO = 0.5
BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryTerms:
    """What trading costs and how far ahead is looked.

    Units: costs in basis points of notional, per side or per roll; `horizon_days` days. `tenor_min_days` is the least
    life of a dated future that is worth being opened; for `rest_days` after a move nothing is moved again for the sake
    of carry.
    """

    horizon_days: float = 90.0
    perpetual_cost_bps: float = 6.0
    dated_cost_bps: float = 6.0
    roll_cost_bps: float = 14.5
    tenor_min_days: float = 14.0
    rest_days: float = 14.0

    @property
    def switch_cost(self) -> float:
        """Leaving one contract and entering the other, as a fraction of notional."""
        return (self.perpetual_cost_bps + self.dated_cost_bps) * BASIS_POINT


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """A perpetual against one dated future over the horizon.

    Units: fractions of notional over the horizon; `basis_annual` per year. `advantage` above zero speaks for the dated
    one; `doubt` is half a standard deviation of the funding that is only expected.
    """

    dated: Instrument
    funding: float
    basis_annual: float
    advantage: float
    doubt: float
    horizon_days: float

    @property
    def words(self) -> str:
        """The comparison in plain words."""
        return (
            f"over {self.horizon_days:.0f} days the perpetual is expected to bring {self.funding:+.2%} funding, "
            f"{self.dated.symbol} {self.basis_annual * self.horizon_days / 365:+.2%} basis; after costs the dated one "
            f"is {self.advantage:+.2%} ahead, and {self.doubt:.2%} of that is doubt"
        )


def nearest_dated(
    view: VenueView, asset: str, at: datetime, days_min: float, *, other_than: str = ""
) -> Instrument | None:
    """The dated future of an asset that ends first of those that live at least so many days."""
    found = [
        row
        for row in view.instruments
        if row.base == asset
        and row.symbol != other_than
        and row.active
        and view.mark(row.symbol) is not None
        and (row.days_to_expiry(at) or 0) >= days_min
    ]
    return min(found, key=lambda row: (row.days_to_expiry(at) or 0, row.symbol), default=None)


def perpetual_of(view: VenueView, asset: str) -> Instrument | None:
    """The contract of an asset that never ends, None where the venue entry has none."""
    return next(
        (
            row
            for row in view.instruments
            if row.base == asset and not row.dated and row.active and view.mark(row.symbol) is not None
        ),
        None,
    )


def carry_between(
    perpetual: Instrument, dated: Instrument, view: VenueView, scene: Scene, terms: CarryTerms
) -> Carry | None:
    """Compare the two; None when funding or its past is not known well enough to say anything.

    A dated future that is held already has its basis locked to its end and is compared over no more than that.
    """
    rate = next((row for row in view.funding if row.symbol == perpetual.symbol), None)
    past = scene.history.funding_of(perpetual.base, scene.at)
    mark, days = view.mark(dated.symbol), dated.days_to_expiry(scene.at)
    if rate is None or past is None or len(past) < PAYMENTS_MIN or mark is None or not days or days <= 0:
        return None
    interval_h = float(rate.interval_h)
    horizon_days = min(terms.horizon_days, days) if view.amount(dated.symbol) < 0 else terms.horizon_days
    payments = max(1, round(horizon_days * 24 / interval_h))
    persistence = PERSISTENCE_8H ** (interval_h / 8)
    mean = fmean(past.rates) * (1 - SHRINK_TO_ZERO)
    funding = funding_expected(float(rate.rate), mean, payments, persistence)
    # payments that resemble each other add up to a wider spread than independent ones
    spread = pstdev(past.rates) * sqrt(payments * (1 + persistence) / (1 - persistence))
    premium = basis(float(mark.mark_price), float(mark.index_price), days)
    found = compare_carry(
        CarryChoice(
            horizon_days=horizon_days,
            perpetual_funding=funding,
            basis_annual=premium.simple_annual,
            tenor_days=days,
            perpetual_cost=terms.perpetual_cost_bps * BASIS_POINT,
            dated_cost=terms.dated_cost_bps * BASIS_POINT,
            roll_cost=terms.roll_cost_bps * BASIS_POINT,
        )
    )
    return Carry(
        dated=dated,
        funding=funding,
        basis_annual=premium.simple_annual,
        advantage=found.advantage_dated,
        doubt=spread / 2,
        horizon_days=horizon_days,
    )
