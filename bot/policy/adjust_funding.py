"""Second slot: lean toward being paid, and keep what a hedge costs within a budget."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Carry, Need
from bot.domain.history import HistoryAsk
from bot.domain.instrument import quantized
from bot.policy.estimators.carry import funding_expected
from bot.policy.estimators.volatility_target import funding_tilt
from bot.policy.measured import BUCKET_H, MeasuredFunding, measured_funding, rates_now
from bot.policy.scene import Answer, Scene

NAME = "funding"
SPAN = timedelta(days=90)
MEAN_KEPT = 0.5  # the mean of the past is believed by half, the rest is zero
YEAR_H = 8760


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingTilt:
    """How far unusual funding moves the ratio: `slope` per deviation, at most `limit`.

    Units: ratios; `counts` are the recent and the usual window in eight hours each.
    """

    slope: Decimal = Decimal("0.05")
    limit: Decimal = Decimal("0.10")
    counts: tuple[int, int] = (9, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingBudget:
    """What a short may cost by funding.

    Units: `per_year` a fraction of its notional, `notional_per_year` quote currency, None for no such limit. `shrink`
    makes the discretionary part smaller past the budget; otherwise the place rule is told to look for a dated future.
    Looks back and ahead `days` each.
    """

    per_year: Decimal | None = Decimal("0.15")
    notional_per_year: Decimal | None = None
    shrink: bool = True
    days: int = 30
    persistence: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingCare:
    """Lean a hedge by unusual funding, then cut its discretionary part to the budget.

    What an allocation needs, a floor or a person's word is never cut. Unknown or old funding changes nothing.
    Units: `floor` and `ratio_max` are ratios. Source: policy_math 4.7, 6.1, 6.2, 6.5.
    """

    ratio_max: Decimal
    tilt: FundingTilt = FundingTilt()
    budget: FundingBudget = FundingBudget()
    floor: Decimal = ZERO

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Three months of settled funding of every asset that has a perpetual."""
        return tuple(HistoryAsk(asset=asset, kind="funding", span=SPAN) for asset in sorted(assets))

    def adjust(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Need]:
        """Each need leaned and kept within the budget, with what it earns or costs."""
        rows, notes, coming = [], [], rates_now(scene)
        for need in needs:
            row, note = self._one(need, scene, coming.get(need.asset))
            rows.append(row)
            notes += [note] if note else []
        return Answer(rows=tuple(rows), notes=tuple(notes))

    def _one(self, need: Need, scene: Scene, coming: tuple[float, float] | None) -> tuple[Need, str]:
        exposure = scene.portfolio.protected(need)
        if need.short_notional <= 0 or exposure <= 0 or coming is None:
            return need, ""  # without a perpetual of its own there is no funding to look at
        rate, interval_h = coming
        known = measured_funding(
            scene, need.asset, interval_h=interval_h, recent_days=self.budget.days, counts=self.tilt.counts
        )
        if isinstance(known, str):
            words = f"funding is not known ({known}): nothing is leaned and no budget is kept"
            return need.because(Explanation(rule=NAME, words=words, bound="no history")), words
        floor = max(need.floor_notional, min(need.short_notional, self.floor * exposure))
        leaned = self._leaned(replace(need, floor_notional=floor), exposure, known, scene.portfolio.quote)
        return self._kept(leaned, known, (rate, interval_h), scene.portfolio.quote)

    def _leaned(self, need: Need, exposure: Decimal, known: MeasuredFunding, quote: str) -> Need:
        if known.deviation is None:
            enough = self.tilt.counts[1] * BUCKET_H // 24
            words = f"{enough} days of funding are needed to tell what is unusual, so nothing is leaned"
            return need.because(Explanation(rule=NAME, words=words, bound="no history"))
        tilt = quantized(funding_tilt(known.deviation, float(self.tilt.slope), float(self.tilt.limit)), places=6)
        wanted = max(need.short_notional + tilt * exposure, need.floor_notional)
        wanted = min(max(wanted, ZERO), max(self.ratio_max * exposure, need.short_notional))
        bound = "limit" if abs(tilt) == self.tilt.limit else ""
        if wanted == need.floor_notional and tilt < 0:
            bound = "floor"
        paid = "shorts are paid more" if known.deviation >= 0 else "shorts are paid less"
        words = (
            f"{paid} than usual by {abs(known.deviation):.1f} deviations, which leans the ratio by {tilt:+.1%}: "
            f"{wanted:,.2f} {quote} short" + (f" ({bound})" if bound else "")
        )
        inputs = (
            Input(name="funding deviation", value=quantized(known.deviation, places=3), known_at=known.known_at),
            Input(name="leaning", value=tilt, unit="of exposure"),
            Input(name="settlements", value=Decimal(known.settlements), known_at=known.known_at),
        )
        link = Explanation(rule=NAME, words=words, figure=wanted, unit=quote, bound=bound, inputs=inputs)
        return need.because(link, short_notional=wanted)

    def _kept(self, need: Need, known: MeasuredFunding, coming: tuple[float, float], quote: str) -> tuple[Need, str]:
        """The need within the budget, and a note when it was past it."""
        per_year = quantized(self.carry_per_year(known, *coming), places=6)
        notional_per_year = per_year * need.short_notional
        share, limit = self._share(per_year, notional_per_year)
        floor, free = need.floor_notional, max(ZERO, need.short_notional - need.floor_notional)
        wanted = floor + free * share if self.budget.shrink else need.short_notional
        words = (
            f"the short {'receives' if per_year >= 0 else 'pays'} {abs(per_year):.1%} a year by funding, "
            f"{abs(notional_per_year):,.2f} {quote} (last and next {self.budget.days} days, paid every {coming[1]:g} h)"
        )
        if share >= 1:
            bound = ""
        elif not self.budget.shrink:
            bound = "budget"
            words += f", more than {limit}: a dated future is looked for"
        elif free <= 0:
            bound = "floor"
            words += f", more than {limit}, but all of it is needed, so nothing is cut"
        else:
            bound = "budget"
            words += (
                f", more than {limit}: the part that is not needed is cut to {share:.0%}, {wanted:,.2f} {quote} short"
            )
        inputs = (
            Input(name="funding of the short", value=per_year, unit="per year"),
            Input(name="coming funding rate", value=quantized(coming[0], places=8), unit=f"per {coming[1]:g} h"),
            Input(
                name=f"funding of the last {known.recent_days:.0f} days",
                value=quantized(known.recent, places=8),
                known_at=known.known_at,
            ),
        )
        carry = Carry(per_year=per_year, notional_per_year=per_year * wanted, over_budget=share < 1)
        link = Explanation(rule=NAME, words=words, figure=wanted, unit=quote, bound=bound, inputs=inputs)
        changed = replace(need.because(link, short_notional=wanted), carry=carry)
        return changed, f"{need.asset}: {words}" if share < 1 else ""

    def carry_per_year(self, known: MeasuredFunding, rate: float, interval_h: float) -> float:
        """Funding of the last days and the expected of as many ahead, per year. Signs: + received."""
        ahead = round(self.budget.days * 24 / interval_h)
        usual = MEAN_KEPT * known.mean_8h * interval_h / BUCKET_H
        persistence = self.budget.persistence ** (interval_h / BUCKET_H)
        expected = funding_expected(rate, usual, ahead, persistence)
        return (known.recent + expected) / (known.recent_days * 24 + ahead * interval_h) * YEAR_H

    def _share(self, per_year: Decimal, notional_per_year: Decimal) -> tuple[Decimal, str]:
        """Which share of the short the budget pays for, and the limit that binds in words."""
        share, words = Decimal(1), ""
        if self.budget.per_year is not None and -per_year > self.budget.per_year:
            share, words = self.budget.per_year / -per_year, f"{self.budget.per_year:.1%} a year"
        limit = self.budget.notional_per_year
        if limit is not None and -notional_per_year > limit and limit / -notional_per_year < share:
            share, words = limit / -notional_per_year, f"{limit:,.0f} a year"
        return share, words
