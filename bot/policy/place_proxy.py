"""Third slot: coins without a perpetual of their own, protected in part by shorts in BTC and ETH."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Need, Share, Target
from bot.domain.history import BarSeries, HistoryAsk
from bot.domain.instrument import quantized
from bot.domain.snapshot import VenueView
from bot.policy.place import own_market, placed_in
from bot.policy.scene import Answer, Recollection, Scene

if TYPE_CHECKING:
    from bot.policy.together import ProxyFit

NAME = "proxy-beta"
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyGates:
    """Which share of an asset's variance proxies must explain: to open a hedge, to go unwarned, to keep it."""

    open: float = 0.35
    warn: float = 0.60
    drop: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyEstimate:
    """How betas are estimated: over so many days, pulled toward a prior, never above `beta_max` in total."""

    days: int = 90
    days_min: int = 60
    prior: float = 1.0
    prior_deviation: float = 0.3
    beta_max: Decimal = Decimal("1.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one need puts on one proxy."""

    proxy: str
    share: Share
    leverage_cap: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyBeta:
    """Short an asset's own perpetual where there is one, else BTC and ETH in proportion to its beta on them.

    A proxy protects the common part of a fall only; the rest is shown with every hedge. When the proxies explain too
    little the hedge is not opened, later dropped. All that lands on one proxy is one short. Without usable bars an open
    hedge keeps the betas judged last, and none is opened.
    Units: `caps` per asset as shares of its value; `ratio_max` bounds the sum on each proxy.
    Source: policy_math 1.3, 1.5, 1.9.
    """

    venue: str
    ratio_max: Decimal
    proxies: tuple[str, ...] = ("BTC", "ETH")
    own_first: bool = True
    gates: ProxyGates = ProxyGates()
    estimate: ProxyEstimate = ProxyEstimate()
    caps: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def anchors(self) -> frozenset[str]:
        """Assets whose perpetuals are looked at although they may not be owned."""
        return frozenset(self.proxies)

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Daily bars of every asset and of the proxies."""
        span = timedelta(days=self.estimate.days + 1)
        return tuple(HistoryAsk(asset=asset, span=span) for asset in sorted(assets | self.anchors))

    def place(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Target]:
        """One target per instrument, and a word about every asset that a proxy stands in for."""
        view = scene.snapshot.venue(self.venue)
        own = {need.asset: need for need in needs if self._direct(need, view)}
        parts: list[_Part] = []
        links: dict[str, list[Explanation]] = {}
        notes: list[str] = []
        recalled: dict[str, Recollection] = {}
        theirs = self._bars(self.proxies, scene)
        for need in needs:
            exposure = scene.portfolio.protected(need)
            if need.asset in own or exposure <= 0:
                continue
            betas, seen, kept = self._betas(need.asset, scene, theirs)
            if kept:
                recalled[f"{NAME}/{need.asset}"] = kept
            mine = self._parts(need, betas, exposure)
            covered = sum((part.share.short_notional for part in mine), ZERO)
            asked = f"{need.short_notional:,.2f} short of it asks for {covered:,.2f} short in proxies"
            words = f"{need.asset}: {seen.words}; {asked}"
            link = Explanation(rule=NAME, words=words, figure=covered, bound=seen.bound, inputs=seen.inputs)
            notes += [words] if need.short_notional > 0 else []
            parts += mine
            for proxy in {part.proxy for part in mine}:
                links.setdefault(proxy, []).append(link)
        targets = self._targets(own, parts, links, (view, scene))
        return Answer(rows=tuple(targets), notes=tuple(notes), recalled=recalled)

    def _direct(self, need: Need, view: VenueView) -> bool:
        return own_market(view, need.asset) is not None and (self.own_first or need.asset in self.proxies)

    def _betas(
        self, asset: str, scene: Scene, theirs: tuple[BarSeries, ...] | str
    ) -> tuple[Mapping[str, Decimal], Explanation, Recollection]:
        """Beta per proxy after the gates, with the word about it and what to remember."""
        before = scene.memory.of(NAME, asset)
        was_open = before.get("open") == "yes"
        fit = self._fit(asset, scene, theirs)
        if isinstance(fit, str):
            betas = _remembered(before) if was_open else {}
            kept = "the betas judged last stay" if betas else "no hedge is opened"
            words = f"how {asset} moves with {' and '.join(self.proxies)} is not known ({fit}): {kept}"
            return betas, Explanation(rule=NAME, words=words, bound="no history"), before if betas else {}
        gate = self.gates.drop if was_open else self.gates.open
        figures, inputs = _told(fit, self.proxies)
        if fit.r_squared < gate - 1e-9:
            deed = "is dropped" if was_open else "is not opened"
            words = f"{figures}: less than {gate:.0%}, so a proxy hedge {deed}"
            return {}, Explanation(rule=NAME, words=words, bound="R squared", inputs=inputs), {}
        scale = min(1.0, float(self.estimate.beta_max) / fit.beta) if fit.beta > 0 else 0.0
        betas = {
            proxy: quantized(max(beta * scale, 0.0), places=6)
            for proxy, beta in zip(self.proxies, fit.betas, strict=True)
        }
        bound = "largest beta" if scale < 1 else ""
        doubt = "; WARNING: weak, it can fall alone" if fit.r_squared < self.gates.warn - 1e-9 else ""
        words = f"{figures}{doubt}; partial protection only"
        kept_now = {"open": "yes", **{f"beta.{proxy}": str(beta) for proxy, beta in betas.items()}}
        return betas, Explanation(rule=NAME, words=words, bound=bound, inputs=inputs), kept_now

    def _fit(self, asset: str, scene: Scene, theirs: tuple[BarSeries, ...] | str) -> "ProxyFit | str":
        from bot.policy.together import proxy_fit  # noqa: PLC0415 - numpy is paid for by who uses it

        mine = self._bars((asset,), scene)
        if isinstance(theirs, str) or isinstance(mine, str):
            return theirs if isinstance(theirs, str) else str(mine)
        estimate = self.estimate
        return proxy_fit(mine[0], theirs, estimate.days, estimate.prior, estimate.prior_deviation)

    def _bars(self, assets: Sequence[str], scene: Scene) -> tuple[BarSeries, ...] | str:
        """Usable daily bars of all the assets, or why those of one are not."""
        from bot.policy.together import fresh_bars  # noqa: PLC0415 - the same

        found = [fresh_bars(scene, name, self.estimate.days_min) for name in assets]
        usable = tuple(one for one in found if not isinstance(one, str))
        return usable if len(usable) == len(found) else next(one for one in found if isinstance(one, str))

    def _parts(self, need: Need, betas: Mapping[str, Decimal], exposure: Decimal) -> list[_Part]:
        """What the need puts on each proxy: its value times beta, within the asset's cap."""
        wanted = min(need.short_notional, self.caps.get(need.asset, ONE) * exposure)
        return [
            _Part(
                proxy=proxy,
                share=Share(asset=need.asset, short_notional=wanted * beta, exposure_notional=exposure * beta),
                leverage_cap=need.leverage_cap,
            )
            for proxy, beta in betas.items()
            if beta > 0
        ]

    def _targets(
        self,
        own: Mapping[str, Need],
        parts: Sequence[_Part],
        links: Mapping[str, Sequence[Explanation]],
        seen: tuple[VenueView, Scene],
    ) -> list[Target]:
        view, scene = seen
        targets = []
        for asset in dict.fromkeys((*own, *self.proxies)):
            need, mine = own.get(asset), [part for part in parts if part.proxy == asset]
            managed = asset in scene.memory.managed and scene.portfolio.shorts.get(asset, ZERO) > 0
            if need is None and not mine and not managed:
                continue
            both = self._together(asset, need, mine, scene) if mine or need is None else need
            said = tuple(links.get(asset, ()))
            both = replace(both, reasons=(*both.reasons, *(link.words for link in said)), chain=(*both.chain, *said))
            instrument = own_market(view, asset)
            if instrument is not None:
                targets.append(placed_in(instrument, both, scene, rule=NAME if mine else "direct"))
        return targets

    def _together(self, asset: str, need: Need | None, parts: Sequence[_Part], scene: Scene) -> Need:
        """The own need of a proxy and all that others put on it as one need, within what may ever stand on it."""
        exposure = scene.portfolio.exposure(asset)
        value = exposure.notional if exposure else ZERO
        shares = [part.share for part in parts]
        if need is not None and value > 0:
            shares.insert(0, Share(asset=asset, short_notional=need.short_notional, exposure_notional=value))
        others = {part.share.asset for part in parts}
        reach = sum((row.notional for row in scene.portfolio.exposures if row.asset in others), ZERO)
        limit = self.ratio_max * (value + reach * self.estimate.beta_max)
        wanted = sum((share.short_notional for share in shares), ZERO)
        cap = min([part.leverage_cap for part in parts] + ([need.leverage_cap] if need else []), default=ONE)
        reasons = need.reasons if need else (() if parts else (f"{asset} stands in for nothing any more",))
        return Need(
            asset=asset,
            short_notional=min(wanted, limit),
            leverage_cap=cap,
            reasons=reasons,
            shares=tuple(shares),
            limit_notional=limit,
            chain=need.chain if need else (),
        )


@lru_cache(maxsize=2048)
def _told(fit: "ProxyFit", proxies: tuple[str, ...]) -> tuple[str, tuple[Input, ...]]:
    """A fit in words and figures."""
    verb = "explains" if len(proxies) == 1 else "explain"
    words = (
        f"{' and '.join(proxies)} {verb} {fit.r_squared:.0%} of what it moves, beta {fit.beta:.2f} "
        f"({fit.beta_plain:.2f} before shrinking, {fit.days} days); {fit.residual:.0%} a year is left all the same"
    )
    return words, (
        Input(name="R squared", value=quantized(fit.r_squared, places=4), known_at=fit.known_at),
        Input(name="beta", value=quantized(fit.beta, places=4), known_at=fit.known_at),
        Input(name="residual volatility", value=quantized(fit.residual, places=4), unit="per year"),
    )


def _remembered(before: Mapping[str, str]) -> dict[str, Decimal]:
    """The betas judged last; nothing when they cannot be read."""
    found: dict[str, Decimal] = {}
    for key, value in before.items():
        if key.startswith("beta."):
            try:
                beta = Decimal(value)
            except ArithmeticError:
                return {}
            if not (beta.is_finite() and 0 <= beta <= 10):
                return {}
            found[key.removeprefix("beta.")] = beta
    return found
