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
class Allocation:
    """Keep crypto at no more than a share of total wealth by a short instead of a sale.

    The short is what a sale would have been: crypto - crypto_max x total, never negative. Assets with a ratio of their
    own keep it, the others share the rest by value; below the share a short cannot help and none is held.
    Units: `crypto_max` is a fraction of total wealth; `ratio_max` caps the short per asset as a share of its value.
    Source: policy_math 8.
    """

    crypto_max: Decimal
    leverage_cap: Decimal
    ratio_max: Decimal = ONE
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
        crypto, total = portfolio.crypto, portfolio.total
        excess = max(ZERO, crypto - self.crypto_max * total)
        weight = crypto / total if total > 0 else ZERO
        sharing = sum((row.notional for row in portfolio.exposures if self._shares(row.asset)), ZERO)
        alone = sum((row.notional * self.overrides.get(row.asset, ZERO) for row in portfolio.exposures), ZERO)
        share = min(max(ZERO, excess - alone) / sharing, self.ratio_max) if sharing > 0 else ZERO
        headline = (
            f"crypto is {weight:.2%} of {total:,.2f} {portfolio.quote}, at most {self.crypto_max:.0%} is wanted: "
            f"{excess:,.2f} {portfolio.quote} short stands in for a sale"
            if excess > 0
            else f"crypto is {weight:.2%} of {total:,.2f} {portfolio.quote}, within {self.crypto_max:.0%}: no short"
        )
        weighed = Explanation(
            rule="allocation",
            words=headline,
            figure=excess,
            unit=portfolio.quote,
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

    def _shares(self, asset: str) -> bool:
        return asset not in self.overrides and asset not in self.excluded


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
