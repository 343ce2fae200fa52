"""First slot: the shorts in a few instruments that leave the least variance of the whole portfolio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Exposure, Need, Share
from bot.domain.history import BarSeries, HistoryAsk
from bot.domain.instrument import quantized
from bot.policy.scene import Answer, Scene
from bot.policy.size import StaticRatio

NAME = "minimum-variance"


@dataclass(frozen=True, slots=True, kw_only=True)
class CovarianceRule:
    """How covariances are estimated: over so many days, at least so many, weighted by age or shrunk (Ledoit-Wolf)."""

    shrunk: bool = False
    days: int = 180
    days_min: int = 120
    decay: float = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumVariance:
    """Short the given assets' perpetuals so that what the portfolio still moves is least: n >= 0, within caps.

    Two instruments that move too much alike are not told apart by numbers: the later named gives way. An asset whose
    past is too short falls back to the static ratio of `fallback` through its own perpetual. When the past of an
    instrument is not to be had, the shorts found last stay; before any were found, the static ratio stands in.
    Units: `hedge` is the share of the exposure to protect; caps are shares of the portfolio's crypto value.
    Source: Johnson 1960, Ederington 1979; policy_math 1.6, 1.7.
    """

    instruments: tuple[str, ...]
    fallback: StaticRatio
    leverage_cap: Decimal
    hedge: Decimal = Decimal(1)
    cap_total: Decimal = Decimal(1)
    caps: Mapping[str, Decimal] = field(default_factory=dict)
    covariance: CovarianceRule = field(default_factory=CovarianceRule)

    @property
    def anchors(self) -> frozenset[str]:
        """Assets whose perpetuals are looked at although they may not be owned."""
        return frozenset(self.instruments)

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Daily bars of every asset and every instrument."""
        span = timedelta(days=self.covariance.days + 1)
        return tuple(HistoryAsk(asset=asset, span=span) for asset in sorted(assets | self.anchors))

    def size(self, scene: Scene) -> Answer[Need]:
        """One need per instrument that carries a short, and one per asset that falls back."""
        from bot.policy.together import fresh_bars  # noqa: PLC0415 - numpy is paid for by who uses it

        hedged = [row for row in scene.portfolio.exposures if row.asset not in self.fallback.excluded]
        usable: dict[str, BarSeries] = {}
        whys: dict[str, str] = {}
        for asset in sorted({row.asset for row in hedged} | self.anchors):
            found = fresh_bars(scene, asset, self.covariance.days_min)
            if isinstance(found, str):
                whys[asset] = found
            else:
                usable[asset] = found
        missing = [whys[name] for name in self.instruments if name in whys]
        covered = [row for row in hedged if row.asset in usable] if not missing else []
        left = [row for row in scene.portfolio.exposures if row not in covered]
        before = scene.memory.of(NAME, "portfolio")
        if missing and (kept := self._kept(hedged, before)):
            words = f"minimum variance cannot be worked out now ({missing[0]}): the shorts found last stay"
            return Answer(rows=kept, notes=(words,), recalled={f"{NAME}/portfolio": before})
        rows, notes = self._solved(covered, usable, scene) if covered else ([], [])
        if missing:
            notes.append(f"minimum variance cannot be worked out ({missing[0]}): the static ratio stands in")
        else:
            notes += [f"{why}: the static ratio stands in for {asset}" for asset, why in whys.items()]
        joined = _joined([*rows, *self._emptied(rows, scene)], self._fallen_back(left, scene))
        recalled = {f"{NAME}/portfolio": _shares_of(joined, hedged)} if covered else {}
        return Answer(rows=joined, notes=tuple(notes), recalled=recalled)

    def _kept(self, hedged: Sequence[Exposure], before: Mapping[str, str]) -> tuple[Need, ...]:
        """The shorts found last as shares of today's value; nothing when they cannot be read."""
        crypto = sum((row.notional for row in hedged), ZERO)
        rows: list[Need] = []
        for name, text in before.items():
            try:
                share = Decimal(text)
            except ArithmeticError:
                return ()
            if not (share.is_finite() and 0 <= share <= 10):
                return ()
            short = share * crypto
            words = f"{short:,.2f} short in {name}, {share:.1%} of {crypto:,.2f}, as found last"
            link = Explanation(rule=NAME, words=words, figure=short, bound="no history")
            stands = Share(asset=name, short_notional=short, exposure_notional=short / self.hedge)
            rows.append(
                Need(
                    asset=name,
                    short_notional=short,
                    leverage_cap=self.leverage_cap,
                    reasons=(words,),
                    shares=(stands,),
                    limit_notional=self.cap_total * crypto,
                    chain=(link,),
                )
            )
        return tuple(rows)

    def _emptied(self, rows: Sequence[Need], scene: Scene) -> list[Need]:
        """A need of zero for each instrument whose short Ballast opened and nothing asks for any more."""
        named = {row.asset for row in rows}
        words = "nothing in the portfolio is protected by it any more"
        link = Explanation(rule=NAME, words=words, figure=ZERO)
        return [
            Need(asset=name, short_notional=ZERO, leverage_cap=self.leverage_cap, reasons=(words,), chain=(link,))
            for name in sorted(self.anchors & scene.memory.managed - named)
            if scene.portfolio.shorts.get(name, ZERO) > 0
        ]

    def _fallen_back(self, left: Sequence[Exposure], scene: Scene) -> list[Need]:
        names = {row.asset for row in left}
        return [need for need in self.fallback.needs(scene.portfolio) if need.asset in names]

    def _solved(
        self, covered: Sequence[Exposure], usable: Mapping[str, BarSeries], scene: Scene
    ) -> tuple[list[Need], list[str]]:
        import numpy as np  # noqa: PLC0415 - paid for by who uses it

        from bot.policy.estimators.minimum_variance import (  # noqa: PLC0415 - the same
            Covariances,
            minimum_variance_hedge,
        )
        from bot.policy.together import covariance, too_alike  # noqa: PLC0415 - the same

        notes: list[str] = []
        names = tuple(row.asset for row in covered)
        instruments = list(self.instruments)
        order = (*names, *(name for name in instruments if name not in names))
        rule = self.covariance
        kind = "ledoit-wolf" if rule.shrunk else "ewma"
        whole = covariance(tuple(usable[name] for name in order), rule.days, kind, rule.decay)
        place = {name: number for number, name in enumerate(order)}
        while too_alike(whole[np.ix_([place[n] for n in instruments], [place[n] for n in instruments])]):
            gone = instruments.pop()
            notes.append(f"{gone} moves too much like {instruments[0]} to be told apart: it is left out of the hedge")
        mine, theirs = [place[name] for name in names], [place[name] for name in instruments]
        values = np.array([float(row.notional * self.hedge) for row in covered])
        crypto = float(sum((row.notional for row in covered), ZERO))
        cross = whole[np.ix_(theirs, mine)]
        solved = minimum_variance_hedge(
            values,
            Covariances(assets=whole[np.ix_(mine, mine)], instruments=whole[np.ix_(theirs, theirs)], cross=cross),
            [float(self.caps[name]) * crypto if name in self.caps else None for name in instruments],
            float(self.cap_total) * crypto,
        )
        pull = np.maximum(cross * values, 0.0)
        rows = []
        for number, name in enumerate(instruments):
            short = quantized(solved.shorts[number], places=8)
            if short > 0:
                parts = pull[number] / pull[number].sum() if pull[number].sum() > 0 else pull[number]
                rows.append(
                    self._need(name, short, covered, [float(part) for part in parts], solved.variance_reduction)
                )
        return rows, notes

    def _need(
        self, name: str, short: Decimal, covered: Sequence[Exposure], parts: Sequence[float], reduction: float | None
    ) -> Need:
        """The need of one instrument, told apart by how much of its pull comes from which asset."""
        shares = tuple(
            Share(asset=row.asset, short_notional=short * weight, exposure_notional=short * weight / self.hedge)
            for row, part in zip(covered, parts, strict=True)
            if (weight := quantized(part, places=6)) > 0
        )
        stands = ", ".join(f"{share.asset} {share.short_notional:,.0f}" for share in shares)
        crypto = sum((row.notional for row in covered), ZERO)
        bound = ""
        if name in self.caps and short >= self.caps[name] * crypto * Decimal("0.999999"):
            bound = f"cap of {name}"
        gone = f", together they take away {reduction:.0%} of the variance" if reduction is not None else ""
        words = (
            f"minimum variance: {short:,.2f} short in {name} for {self.hedge:.0%} of {crypto:,.2f} "
            f"(for {stands}){gone}" + (f" ({bound})" if bound else "")
        )
        inputs = (
            Input(name="crypto value", value=crypto),
            Input(name="share to protect", value=self.hedge),
            Input(name="days of returns", value=Decimal(self.covariance.days)),
        )
        link = Explanation(rule=NAME, words=words, figure=short, bound=bound, inputs=inputs)
        return Need(
            asset=name,
            short_notional=short,
            leverage_cap=self.leverage_cap,
            reasons=(words,),
            shares=shares,
            limit_notional=self.cap_total * crypto,
            chain=(link,),
        )


def _joined(solved: Sequence[Need], fallen_back: Sequence[Need]) -> tuple[Need, ...]:
    """One need per asset: where an instrument also carries its own asset's fallback, both are one short."""
    by_asset = {row.asset: row for row in solved}
    for row in fallen_back:
        mine = by_asset.get(row.asset)
        if mine is None:
            by_asset[row.asset] = row
            continue
        own = Share(asset=row.asset, short_notional=row.short_notional, exposure_notional=row.short_notional)
        by_asset[row.asset] = replace(
            mine,
            short_notional=mine.short_notional + row.short_notional,
            shares=(*mine.shares, own),
            reasons=(*mine.reasons, *row.reasons),
            chain=(*mine.chain, *row.chain),
        )
    return tuple(by_asset.values())


def _shares_of(rows: Sequence[Need], hedged: Sequence[Exposure]) -> dict[str, str]:
    """What to remember of a solution: each short as a share of the value it was found for."""
    crypto = sum((row.notional for row in hedged), ZERO)
    return {row.asset: str((row.short_notional / crypto).quantize(Decimal("1e-8"))) for row in rows if crypto > 0}
