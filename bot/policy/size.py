"""First slot: how much of each asset should be short."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Exposure, Need
from bot.domain.history import HistoryAsk
from bot.domain.portfolio import Portfolio
from bot.policy.scene import Answer, Scene

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticRatio:
    """Hold a fixed share of every asset short.

    Units: `ratio` = short notional / exposure notional, 0 open, 1 fully hedged; `overrides` by asset.
    Source: Johnson 1960 for the definition; policy_math 1.1.
    """

    ratio: Decimal
    leverage_cap: Decimal
    overrides: Mapping[str, Decimal] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Nothing: the rule looks at what is owned now."""
        return ()

    def size(self, scene: Scene) -> Answer[Need]:
        """One need per owned asset."""
        return Answer(rows=self.needs(scene.portfolio))

    def needs(self, portfolio: Portfolio) -> tuple[Need, ...]:
        """One need per owned asset, from what is owned alone."""
        needs = []
        for row in portfolio.exposures:
            ratio, where = _ratio(row.asset, self.ratio, "set for every asset", self)
            wanted = row.notional * ratio
            reason = (
                f"static ratio {ratio:.0%} ({where}) of {row.amount.normalize():f} {row.asset} "
                f"worth {row.notional:,.2f} {portfolio.quote} = {wanted:,.2f} short"
            )
            links = (_link("static-ratio", reason, wanted, ratio, row, portfolio.quote),)
            needs.append(_need(row.asset, wanted, self.leverage_cap, links))
        return tuple(needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """When an allocation is worked out anew: at the first look of a quarter, and when the share drifts beyond a band.

    Units: `band` is a fraction of wealth.
    """

    band: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Keep crypto at no more than a share of total wealth by a short instead of a sale.

    The short is what a sale would have been: crypto - crypto_max x total, never negative. Assets with a ratio of their
    own keep it, the others share the rest by value; below the share a short cannot help and none is held. With a
    review, the ratio found last is held in coins until the next quarter begins or the band is left.
    Units: `crypto_max` is a fraction of total wealth; `ratio_max` caps the short per asset as a share of its value.
    Source: policy_math 8.
    """

    crypto_max: Decimal
    leverage_cap: Decimal
    ratio_max: Decimal = ONE
    overrides: Mapping[str, Decimal] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    review: Review | None = None

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Nothing: the rule looks at what is owned now."""
        return ()

    def size(self, scene: Scene) -> Answer[Need]:
        """One need per owned asset."""
        if self.review is None:
            return Answer(rows=self.needs(scene.portfolio))
        quarter = f"{scene.at.year}Q{(scene.at.month + 2) // 3}"
        found = self._share(scene.portfolio)
        held = _held(scene.memory.of("allocation", "portfolio"), quarter)
        if held is None:
            why = f"reviewed for {quarter}"
        else:
            gap = self._drift(scene.portfolio, held)
            why = "" if self._stays(gap, held, self.review.band) else f"the share is off by {gap:+.2%} of wealth"
        share = found if why or held is None else held
        said = f"{why}, more than the band of {self.review.band:.2%}" if held is not None and why else why
        rows = self.needs(scene.portfolio, share=share, why=said or "inside the band: the ratio found last is held")
        kept = {"allocation/portfolio": {"quarter": quarter, "share": str(share)}}
        return Answer(rows=rows, recalled=kept)

    def needs(self, portfolio: Portfolio, *, share: Decimal | None = None, why: str = "") -> tuple[Need, ...]:
        """One need per owned asset; `share` is the ratio of assets without their own, worked out when not given."""
        crypto, total = portfolio.crypto, portfolio.total
        excess = max(ZERO, crypto - self.crypto_max * total)
        weight = crypto / total if total > 0 else ZERO
        share = self._share(portfolio) if share is None else share
        headline = (
            f"crypto is {weight:.2%} of {total:,.2f} {portfolio.quote}, at most {self.crypto_max:.0%} is wanted: "
            f"{excess:,.2f} {portfolio.quote} short stands in for a sale"
            if excess > 0
            else f"crypto is {weight:.2%} of {total:,.2f} {portfolio.quote}, within {self.crypto_max:.0%}: no short"
        )
        headline += f"; {why}" if why else ""
        weighed = Explanation(
            rule="allocation",
            words=headline,
            figure=excess,
            unit=portfolio.quote,
            bound="review" if why.startswith("inside") else "",
            inputs=(
                Input(name="crypto", value=crypto, unit=portfolio.quote),
                Input(name="total wealth", value=total, unit=portfolio.quote),
                Input(name="largest share of crypto", value=self.crypto_max),
            ),
        )
        needs = []
        for row in portfolio.exposures:
            ratio, which = _ratio(row.asset, share, "this asset's part by value", self)
            wanted = row.notional * ratio
            reason = f"{ratio:.2%} of {row.notional:,.2f} {portfolio.quote} = {wanted:,.2f} short ({which})"
            links = (weighed, _link("allocation", reason, wanted, ratio, row, portfolio.quote))
            need = _need(row.asset, wanted, self.leverage_cap, links)
            needs.append(replace(need, floor_notional=wanted))
        return tuple(needs)

    def _share(self, portfolio: Portfolio) -> Decimal:
        """Ratio of the assets that share what stands in for a sale."""
        excess = max(ZERO, portfolio.crypto - self.crypto_max * portfolio.total)
        sharing, alone = self._parts(portfolio)
        return min(max(ZERO, excess - alone) / sharing, self.ratio_max) if sharing > 0 else ZERO

    def _parts(self, portfolio: Portfolio) -> tuple[Decimal, Decimal]:
        """Value of the assets that share, and the short of those with a ratio of their own."""
        sharing = sum((row.notional for row in portfolio.exposures if self._shares(row.asset)), ZERO)
        alone = sum((row.notional * self.overrides.get(row.asset, ZERO) for row in portfolio.exposures), ZERO)
        return sharing, alone

    def _drift(self, portfolio: Portfolio, share: Decimal) -> Decimal:
        """How far the effective share of crypto under a ratio is from the wanted one, as a fraction of wealth."""
        if portfolio.total <= 0:
            return ZERO
        sharing, alone = self._parts(portfolio)
        return (portfolio.crypto - sharing * share - alone) / portfolio.total - self.crypto_max

    def _stays(self, gap: Decimal, share: Decimal, band: Decimal) -> bool:
        """Whether the last ratio may stand: inside the band, or where another one could not help."""
        if gap > 0:
            return gap <= band or share >= self.ratio_max
        return -gap <= band or share == 0

    def _shares(self, asset: str) -> bool:
        return asset not in self.overrides and asset not in self.excluded


def _held(before: Mapping[str, str], quarter: str) -> Decimal | None:
    """The ratio found in this quarter; None when another has begun or nothing readable was kept."""
    try:
        share = Decimal(before["share"])
    except (KeyError, ArithmeticError):
        return None
    return share if before.get("quarter") == quarter and share.is_finite() and 0 <= share <= 10 else None


def _ratio(asset: str, usual: Decimal, usual_words: str, rule: StaticRatio | Allocation) -> tuple[Decimal, str]:
    if asset in rule.excluded:
        return ZERO, "excluded from hedging"
    if asset in rule.overrides:
        return rule.overrides[asset], "set for this asset"
    return usual, usual_words


def _link(rule: str, words: str, wanted: Decimal, ratio: Decimal, row: Exposure, quote: str) -> Explanation:
    inputs = (Input(name=f"{row.asset} owned", value=row.notional, unit=quote), Input(name="ratio", value=ratio))
    return Explanation(rule=rule, words=words, figure=wanted, unit=quote, inputs=inputs)


def _need(asset: str, wanted: Decimal, leverage_cap: Decimal, links: tuple[Explanation, ...]) -> Need:
    reasons = tuple(link.words for link in links)
    return Need(asset=asset, short_notional=wanted, leverage_cap=leverage_cap, reasons=reasons, chain=links)
