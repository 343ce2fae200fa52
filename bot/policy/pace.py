"""Fourth slot: how much of the gap between wanted and held is closed now."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Target
from bot.domain.history import HistoryAsk
from bot.policy.pace_edges import EdgeRule, Edges, FixedEdges, Wealth
from bot.policy.pace_gap import Gap, gap_of
from bot.policy.pace_timing import ProfileTiming
from bot.policy.scene import Answer, Memory, Recollection, Scene

RULE = "band"

# What a step is: nothing, one that a limit demands, the first one, or one against drift.
Kind = Literal["hold", "demanded", "open", "drift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """The amount to hold after one target's step, and why."""

    gap: Gap
    edges: Edges
    amount: Decimal
    kind: Kind
    words: str
    bound: str = ""

    @property
    def grows(self) -> bool:
        return self.amount > self.gap.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A no-trade band: act only outside the outer edge, then trade back to the inner edge.

    Opening from flat goes to the wanted ratio itself, closing to zero likewise, and a short above
    `hedge_ratio_max` of what is owned is cut to it at once: a step that takes risk away is never delayed.
    Growth waits out the cooldown, and until the gap has lasted `sustained_s`, unless it is `sustained_bypass` bands
    wide. `timing` may hold back what drift alone asks for.
    Units: `outer`, `inner`, `hedge_ratio_max`, `trade_share_min` are fractions of what a target protects.
    Source: policy_math 5 (trade to the edge for drift, to the target for first trades).
    """

    outer: Decimal
    inner: Decimal
    hedge_ratio_max: Decimal
    cooldown_s: float = 0
    edge_rule: EdgeRule | None = None
    trade_share_min: Decimal = ZERO
    sustained_s: float = 0
    sustained_bypass: Decimal = Decimal(2)
    timing: ProfileTiming | None = None

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """What the timing wants to see; the band itself looks at what is held now."""
        return self.timing.asks(assets) if self.timing is not None else ()

    def pace(self, targets: tuple[Target, ...], scene: Scene) -> Answer[Target]:
        """The short to hold after this cycle, per target."""
        gaps = [gap_of(row, scene.snapshot, scene.portfolio, self.hedge_ratio_max) for row in targets]
        portfolio = scene.portfolio
        wealth = Wealth(quote=portfolio.quote, crypto=portfolio.crypto, total=portfolio.total)
        rows: list[Target] = []
        recalled: dict[str, Recollection] = {}
        for gap in gaps:
            pending = _Pending(scene=scene, subject=f"{gap.target.venue} {gap.target.symbol}")
            step = self._first(gap, wealth, scene.memory)
            links = [step.edges.why] if step.edges.why is not None and step.kind != "demanded" else []
            links.append(_link(step))
            if step.kind in ("open", "drift") and not _replaces(gap, gaps):
                step = self._held_back(step, pending, links)
            rows.append(_with_links(gap, step.amount, links))
            recalled.update(pending.recalled)
        return Answer(rows=tuple(rows), recalled=recalled)

    def _first(self, gap: Gap, wealth: Wealth, memory: Memory) -> _Step:
        """The step as the limits and the band ask for it, before anything is held back."""
        rule = self.edge_rule or FixedEdges(outer=self.outer, inner=self.inner)
        edges = rule.edges(gap, wealth, memory.costs.get((gap.target.venue, gap.target.symbol)))
        held, wanted = gap.held, gap.wanted

        def step(amount: Decimal, kind: Kind, words: str, bound: str = "") -> _Step:
            return _Step(gap=gap, edges=edges, amount=amount, kind=kind, words=words, bound=bound)

        if held == wanted:
            return step(held, "hold", "the short is exactly as wanted")
        if gap.whole <= 0 or wanted == 0:
            return step(wanted, "demanded", "no short is wanted, so the whole short is closed")
        if held > gap.ceiling:
            words = f"the short is above {self.hedge_ratio_max:.0%} of what is owned and is cut at once"
            return step(min(wanted, gap.ceiling), "demanded", words, "hedge_ratio_max")
        facts = f"held {gap.percent(held)}, wanted {gap.percent(wanted)} of the exposure"
        if held == 0:
            return step(wanted, "open", f"{facts}: opened to the wanted ratio")
        if abs(gap.share) <= edges.outer:
            words = f"{facts}: inside the band of {_width(edges.outer)}, nothing to do"
            return step(held, "hold", words, "inside the band")
        return self._back(step(held, "drift", facts))

    def _back(self, step: _Step) -> _Step:
        """Back to the inner edge, if that is worth an order at all."""
        gap, edges = step.gap, step.edges
        edge = gap.wanted + gap.whole * edges.inner * (1 if gap.held > gap.wanted else -1)
        amount = gap.instrument.floor_amount(max(ZERO, min(edge, gap.ceiling)))
        moved = abs(amount - gap.held)
        overshoots = (amount < gap.held) != (gap.held > gap.wanted)
        smallest = gap.exposure * self.trade_share_min
        if overshoots or moved == 0 or gap.notional(moved) < smallest or not _tradable(gap, moved):
            words = (
                f"{step.words}: outside the band of {_width(edges.outer)}, but the trade back to its edge would be "
                f"{gap.notional(moved):,.2f}, too small to be worth an order"
            )
            return replace(step, amount=gap.held, kind="hold", words=words, bound="smallest trade")
        words = f"{step.words}: outside {_width(edges.outer)}, traded back to {_width(edges.inner)}"
        return replace(step, amount=amount, kind="drift", words=words, bound="")

    def _held_back(self, step: _Step, pending: "_Pending", links: list[Explanation]) -> _Step:
        """What the cooldown, the timer and the timing leave of a step that no limit demands."""
        for wait in (self._cooldown, self._sustained):
            words = wait(step, pending) if step.grows else None
            if words is not None:
                links.append(Explanation(rule=RULE, words=words[0], figure=step.gap.held, bound=words[1]))
                return replace(step, amount=step.gap.held, kind="hold", words=words[0], bound=words[1])
        if self.timing is None or step.gap.binding == "conviction":
            return step
        timed = self.timing.time(
            step.gap,
            step.amount,
            step.edges.outer,
            pending.scene.history,
            pending.scene.at,
            pending.before("volume-profile"),
        )
        pending.note("volume-profile", timed.remember)
        links.append(timed.why)
        return replace(step, amount=timed.amount, kind=step.kind, words=timed.why.words, bound=timed.why.bound)

    def _cooldown(self, step: _Step, pending: "_Pending") -> tuple[str, str] | None:
        grown_at = pending.scene.memory.last_growth_at
        if grown_at is None:
            return None
        rested_s = (pending.scene.at - grown_at).total_seconds()
        if rested_s < 0 or rested_s >= self.cooldown_s:  # below zero: this machine's clock was set back
            return None
        return f"growth rests {self.cooldown_s:g} s after the last growth", "cooldown"

    def _sustained(self, step: _Step, pending: "_Pending") -> tuple[str, str] | None:
        """Remember since when the gap asks for growth, and hold it back until that has lasted."""
        if self.sustained_s <= 0 or abs(step.gap.share) > self.sustained_bypass * step.edges.outer:
            return None
        since = pending.before("sustained").get("since") or pending.scene.at.isoformat()
        pending.note("sustained", {"since": since})
        lasted_s = (pending.scene.at - datetime.fromisoformat(since)).total_seconds()
        if lasted_s < 0:  # this machine's clock was set back, so it is counted anew
            pending.note("sustained", {"since": pending.scene.at.isoformat()})
            lasted_s = 0.0
        if lasted_s >= self.sustained_s:
            return None
        return f"outside the band for {lasted_s:.0f} s; growth waits until it is {self.sustained_s:g} s", "sustained"


@dataclass(slots=True, kw_only=True)
class _Pending:
    """What is remembered about one target, read from the cycle before and collected for the next."""

    scene: Scene
    subject: str
    recalled: dict[str, Recollection] = field(default_factory=dict)

    def before(self, rule: str) -> Recollection:
        return self.scene.memory.of(rule, self.subject)

    def note(self, rule: str, facts: Mapping[str, str]) -> None:
        if facts:
            self.recalled[f"{rule}/{self.subject}"] = facts


def _replaces(gap: Gap, gaps: list[Gap]) -> bool:
    """Whether this short takes the place of another one of the same asset, as in a roll: then nothing may part them."""
    others = (row for row in gaps if row is not gap and row.target.asset == gap.target.asset)
    return any(row.held > row.wanted for row in others)


def _tradable(gap: Gap, moved: Decimal) -> bool:
    return gap.instrument.tradable(moved, gap.mark_price)


def _width(share: Decimal) -> str:
    """Edges as people write them: 5.0 %, but 2.19 % where the second digit says something."""
    return f"{share:.1%}" if share == share.quantize(Decimal("0.001")) else f"{share:.2%}"


def _unit(gap: Gap) -> str:
    return gap.instrument.quote if gap.instrument.inverse else gap.asset


def _link(step: _Step) -> Explanation:
    gap, unit = step.gap, _unit(step.gap)
    inputs = [Input(name="held", value=gap.held, unit=unit), Input(name="wanted", value=gap.wanted, unit=unit)]
    if step.kind != "demanded":
        inputs += [
            Input(name="outer edge", value=step.edges.outer),
            Input(name="inner edge", value=step.edges.inner),
        ]
    return Explanation(
        rule=RULE, words=step.words, figure=step.amount, unit=unit, bound=step.bound, inputs=tuple(inputs)
    )


def _with_links(gap: Gap, amount: Decimal, links: list[Explanation]) -> Target:
    target = gap.target
    return replace(
        target,
        amount=amount,
        short_notional=gap.notional(amount),
        reasons=(*target.reasons, *(link.words for link in links)),
        chain=(*target.chain, *links),
    )
