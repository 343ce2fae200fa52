"""Third slot: perpetual or dated future by expected carry, and the roll before a contract ends.

The rule says which contract carries the short (`place`) and, when that is another than the one held, how the short is
moved (`rolls`): in pairs of a buy here and a sale there, so small that what is unpaired for a moment stays within
`gap_max`. A short is bought back before it is sold anew, so it never exceeds what it was. Source: policy_math 6.4, 6.6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Need, Roll, Target
from bot.domain.history import HistoryAsk
from bot.domain.instrument import Instrument, quantized
from bot.domain.snapshot import VenueView
from bot.policy.contracts import Carry, CarryTerms, carry_between, nearest_dated, perpetual_of
from bot.policy.estimators.carry import RollWindow, roll_decision
from bot.policy.place import placed_in
from bot.policy.scene import Answer, Scene

NAME = "expiry-roll"
FUNDING_PAST = timedelta(days=90)
SPARE = Decimal("1.1")
CATCH_UP_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The contract that should carry an asset's short, why, and until when the others must be left."""

    aim: Instrument
    why: str
    carry: Carry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryRoll:
    """Carry each asset's short in its perpetual or a dated future, and leave a future in time.

    Units: `gap_max` is the most that may be unpaired while a short moves, as a fraction of what is owned. The window's
    days and basis points are those of `RollWindow`.
    """

    venue: str
    terms: CarryTerms = field(default_factory=CarryTerms)
    window: RollWindow = field(default_factory=RollWindow)
    gap_max: Decimal = Decimal("0.05")

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """The funding that was really paid, to know what to expect and how uncertain that is."""
        return tuple(HistoryAsk(asset=asset, kind="funding", span=FUNDING_PAST) for asset in sorted(assets))

    def place(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Target]:
        """One target per contract that carries or should carry a part of the short of an asset."""
        view = scene.snapshot.venue(self.venue)
        targets: list[Target] = []
        notes: list[str] = []
        recalled: dict[str, Mapping[str, str]] = {}
        for need in needs:
            choice = self._choose(need, view, scene)
            if choice is None:
                if need.short_notional > 0:
                    notes.append(
                        f"{need.asset} has neither a perpetual nor a dated future that lives on at {self.venue}: "
                        f"{need.short_notional:,.2f} stays unhedged"
                    )
                continue
            recalled[f"{NAME}/{need.asset}"] = self._recollection(need, choice, view, scene)
            targets.extend(self._targets(need, choice, view, scene))
        return Answer(rows=tuple(targets), notes=tuple(notes), recalled=recalled)

    def rolls(self, needs: tuple[Need, ...], targets: tuple[Target, ...], scene: Scene) -> tuple[Roll, ...]:
        """What is to be moved from one contract to another, after this cycle's own steps."""
        view = scene.snapshot.venue(self.venue)
        found = []
        for need in needs:
            choice = self._choose(need, view, scene)
            exposure = scene.portfolio.exposure(need.asset)
            if choice is None or exposure is None or need.short_notional <= 0:
                continue
            owed = self._owed(need, choice.aim, targets, view, scene)
            held = self._held(need.asset, view)
            slice_max = exposure.amount * self.gap_max
            left = self._left_last(need.asset, held, view, scene)
            if left is not None and owed > 0:
                late = self._roll(need, left, choice, amount=ZERO, slice_max=slice_max, scene=scene)
                found.append(replace(late, owed=min(owed, slice_max), urgent=False))
            for leaving in held:
                if leaving.symbol != choice.aim.symbol:
                    kept = next((row.amount for row in targets if row.symbol == leaving.symbol), ZERO)
                    amount = min(kept, -view.amount(leaving.symbol))
                    if amount > 0:
                        roll = self._roll(need, leaving, choice, amount=amount, slice_max=slice_max, scene=scene)
                        found.append(replace(roll, owed=owed))
                        owed = ZERO
        return tuple(found)

    def _owed(self, need: Need, aim: Instrument, targets: tuple[Target, ...], view: VenueView, scene: Scene) -> Decimal:
        """What is missing of the short after this cycle's steps, where the collateral plainly carries it."""
        by_name = {row.symbol: row for row in view.instruments if row.base == need.asset}
        steps = [row for row in targets if row.symbol in by_name]
        worth = sum(
            (by_name[row.symbol].notional(row.amount, _price(by_name[row.symbol], view)) for row in steps), ZERO
        )
        missing = need.short_notional - worth
        margin = view.margin(scene.portfolio.quote)
        bound = sum((row.notional for row in view.positions), ZERO)
        room = margin.equity * need.leverage_cap - bound if margin else ZERO
        if missing <= 0 or missing * SPARE > room:
            return ZERO
        return aim.floor_amount(aim.amount_of(missing, _price(aim, view)))

    def _roll(
        self, need: Need, leaving: Instrument, choice: _Choice, *, amount: Decimal, slice_max: Decimal, scene: Scene
    ) -> Roll:
        days = leaving.days_to_expiry(scene.at)
        # the cost is judged where the books are known; only the calendar is judged here
        urgent = days is not None and roll_decision(days, float("1e9"), self.window) == "roll_now"
        why = f"{choice.why}; {leaving.symbol} has {days:.1f} days left" if days is not None else choice.why
        return Roll(
            venue=self.venue,
            asset=need.asset,
            leaving=leaving.symbol,
            entering=choice.aim.symbol,
            amount=amount,
            slice_max=slice_max,
            leverage_cap=need.leverage_cap,
            cost_max=None if urgent else quantized(self.window.cost_max_bps / 10_000),
            urgent=urgent,
            reasons=(why,),
        )

    def _held(self, asset: str, view: VenueView) -> list[Instrument]:
        return [row for row in view.instruments if row.base == asset and view.amount(row.symbol) < 0]

    def _left_last(self, asset: str, held: list[Instrument], view: VenueView, scene: Scene) -> Instrument | None:
        """The contract a roll has just left for good, while its last sale may still be missing."""
        before = scene.memory.of(NAME, asset)
        symbol, since = before.get("leaving", ""), before.get("leaving_at", "")
        if not symbol or not since or len(held) != 1 or held[0].symbol == symbol:
            return None
        if scene.at - datetime.fromisoformat(since) > CATCH_UP_FOR:
            return None
        return view.instrument(symbol)

    def _recollection(self, need: Need, choice: _Choice, view: VenueView, scene: Scene) -> Mapping[str, str]:
        """Where the short should be and since when, and which contract it is leaving.

        A choice between contracts that were compared begins to count when it is made, be it the first one; one that was
        made for want of a figure does not. What is not wanted and not held is forgotten.
        """
        before = scene.memory.of(NAME, need.asset)
        aim, held = choice.aim.symbol, self._held(need.asset, view)
        moved = before.get("aim") not in (None, aim)
        opened = not held and choice.carry is not None and not before.get("moved_at")
        moved_at = scene.at.isoformat() if moved or opened else before.get("moved_at", "")
        found = {"aim": aim, "moved_at": moved_at if held or need.short_notional > 0 else ""}
        others = [row for row in held if row.symbol != aim]
        leaving = others[0].symbol if others else before.get("leaving", "")
        if not leaving or (not others and self._complete(need, choice.aim, view)):
            return found
        noted = before.get("leaving_at") if before.get("leaving") == leaving else None
        stale = noted is None or scene.at - datetime.fromisoformat(noted) > CATCH_UP_FOR / 2
        # not noted anew in every cycle of a long roll, for each note is a write
        return {**found, "leaving": leaving, "leaving_at": scene.at.isoformat() if others and stale else noted or ""}

    def _complete(self, need: Need, aim: Instrument, view: VenueView) -> bool:
        """Whether nothing is missing of the short that could be sold."""
        mark, held = view.mark(aim.symbol), max(ZERO, -view.amount(aim.symbol))
        if mark is None or held <= 0:
            return True
        missing = need.short_notional - aim.notional(held, mark.mark_price)
        return missing <= 0 or not aim.tradable(
            aim.floor_amount(aim.amount_of(missing, mark.mark_price)), mark.mark_price
        )

    def _rests_until(self, asset: str, scene: Scene) -> datetime | None:
        """Until when nothing is moved for the sake of carry; None when nothing was moved lately."""
        moved_at = scene.memory.of(NAME, asset).get("moved_at", "")
        if not moved_at:
            return None
        until = datetime.fromisoformat(moved_at) + timedelta(days=self.terms.rest_days)
        return until if until > scene.at else None

    def _ending(self, row: Instrument, scene: Scene) -> bool:
        """Whether a contract is in its roll window or behind it."""
        days = row.days_to_expiry(scene.at)
        return days is not None and roll_decision(days, 0.0, self.window) != "hold"

    def _choose(self, need: Need, view: VenueView, scene: Scene) -> _Choice | None:
        held = self._held(need.asset, view)
        staying = [row for row in held if not self._ending(row, scene)]
        before = scene.memory.of(NAME, need.asset).get("aim", "")
        if len(held) > 1 and staying:
            aim = next((row for row in staying if row.symbol == before), None)
            aim = aim or max(staying, key=lambda row: (-view.amount(row.symbol), row.symbol))
            return _Choice(aim=aim, why=f"the move to {aim.symbol} is finished first")
        here = staying[0] if staying else None
        leaving = held[0] if held else None
        perpetual = perpetual_of(view, need.asset)
        dated = here if here is not None and here.dated else self._next_dated(need.asset, leaving, view, scene)
        if perpetual is None or dated is None:
            aim = here or perpetual or dated
            if aim is not None:
                return _Choice(aim=aim, why=f"{aim.symbol} is the only contract that lives on")
            return None if leaving is None else _Choice(aim=leaving, why=f"nothing lives on after {leaving.symbol}")
        return self._by_carry(need, here, perpetual, dated, view=view, scene=scene)

    def _next_dated(self, asset: str, leaving: Instrument | None, view: VenueView, scene: Scene) -> Instrument | None:
        days_min = max(self.terms.tenor_min_days, self.window.start_days + 1)
        return nearest_dated(view, asset, scene.at, days_min, other_than=leaving.symbol if leaving else "")

    def _by_carry(
        self, need: Need, here: Instrument | None, perpetual: Instrument, dated: Instrument, *, view: VenueView,
        scene: Scene,
    ) -> _Choice:  # fmt: skip
        carry = carry_between(perpetual, dated, view, scene, self.terms)
        over_budget = need.carry is not None and need.carry.over_budget
        if carry is None:
            aim = here or perpetual
            why = "funding or its history is not known well enough to compare, so nothing is switched"
            return _Choice(aim=aim, why=f"{aim.symbol} {'stays' if here else 'is taken'}: {why}")
        rests_until = self._rests_until(need.asset, scene)
        if here is not None and rests_until is not None:
            return _Choice(
                aim=here, why=f"{carry.words}: {here.symbol} rests until {rests_until:%Y-%m-%d}", carry=carry
            )
        hurdle = 0.0 if over_budget else carry.doubt + self.terms.switch_cost
        budget = "; the funding budget is spent, so that any advantage is taken" if over_budget else ""
        if here is not None and here.dated:
            back = -carry.advantage > carry.doubt + self.terms.switch_cost and not over_budget
            aim, verb = (perpetual, "is better by more than that") if back else (here, "stays")
        else:
            out = carry.advantage > hurdle
            aim, verb = (dated, "is better by more than that") if out else (perpetual, "stays" if here else "is taken")
        return _Choice(aim=aim, why=f"{carry.words}{budget}: {aim.symbol} {verb}", carry=carry)

    def _targets(self, need: Need, choice: _Choice, view: VenueView, scene: Scene) -> list[Target]:
        """The short over all contracts of the asset: what is held stays where it is, a change lands in one of them.

        Contracts are added up by value, because a future above the index moves by more than the coin.
        """
        aimed = self._explained(placed_in(choice.aim, need, scene, rule=NAME), choice)
        others = [row for row in self._held(need.asset, view) if row.symbol != choice.aim.symbol]
        if not others:
            return [aimed]
        here = max(ZERO, -view.amount(choice.aim.symbol))
        worth = {row.symbol: row.notional(-view.amount(row.symbol), _price(row, view)) for row in others}
        total = sum(worth.values(), ZERO) + choice.aim.notional(here, _price(choice.aim, view))
        change = need.short_notional - total
        found = []
        for number, row in enumerate(others):
            held = -view.amount(row.symbol)
            # growth lands where the short is until the move has begun; the move takes it along
            part = change if change < 0 or (here <= 0 and number == 0) else ZERO
            part = max(part, -worth[row.symbol])
            change -= part
            amount = max(ZERO, row.floor_amount(held + row.amount_of(part, _price(row, view))))
            words = f"{held.normalize():f} are still in {row.symbol}"
            found.append(self._resized(aimed, row, amount if need.short_notional > 0 else ZERO, view, words))
        if here <= 0:
            return found
        amount = max(ZERO, choice.aim.floor_amount(here + choice.aim.amount_of(change, _price(choice.aim, view))))
        words = f"{here.normalize():f} are in {choice.aim.symbol}, where the whole short belongs"
        return [*found, self._resized(aimed, choice.aim, amount if need.short_notional > 0 else ZERO, view, words)]

    def _explained(self, target: Target, choice: _Choice) -> Target:
        carry = choice.carry
        inputs = () if carry is None else (
            Input(name="expected funding", value=quantized(carry.funding), unit=f"in {carry.horizon_days:.0f} days"),
            Input(name="basis", value=quantized(carry.basis_annual), unit="per year"),
            Input(name="advantage of the dated future", value=quantized(carry.advantage)),
            Input(name="doubt", value=quantized(carry.doubt)),
        )  # fmt: skip
        return target.because(Explanation(rule=NAME, words=choice.why, inputs=inputs))

    def _resized(self, target: Target, row: Instrument, amount: Decimal, view: VenueView, words: str) -> Target:
        price = _price(row, view)
        link = Explanation(rule=NAME, words=words, figure=amount, unit=row.base)
        resized = replace(target, symbol=row.symbol)
        return resized.because(link, amount=amount, short_notional=row.notional(amount, price))


def _price(row: Instrument, view: VenueView) -> Decimal:
    """The mark of a contract that is held or aimed at. Raises: ValueError without one."""
    mark = view.mark(row.symbol)
    if mark is None:
        raise ValueError(f"{row.symbol} is held without a mark")
    return mark.mark_price
