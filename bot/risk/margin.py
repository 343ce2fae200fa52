"""How far the margin is from trouble: the collateral pools of a venue, and the rise of the marks each one survives."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.domain.account import ZERO, LeverageBracket, MarginMode, Position
from bot.domain.snapshot import VenueView

ONE = Decimal(1)
INFINITE = Decimal("Infinity")
BEYOND = Decimal(1_000_000)  # a rise to a million times the price is the rounding of a coin's last digit


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One position as its collateral sees it.

    Units: `notional` in the collateral's currency at mark; signs: a short counts positive, a long negative.
    `venue_distance` is the rise of its own mark at which the venue says it liquidates, None where it names no price.
    `fixed_face` marks an inverse contract, whose face value stays while the price moves; its tiers are counted in
    coins, of which one is worth `tier_unit`.
    """

    symbol: str
    asset: str
    notional: Decimal
    brackets: tuple[LeverageBracket, ...]
    venue_distance: Decimal | None
    fixed_face: bool = False
    tier_unit: Decimal = ONE


Rise = Callable[[Leg], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One collateral with the positions that hang on it: a whole cross account, or one isolated position.

    Units: the currency of the account. `surplus` is maintenance the venue asks for beyond our own tier arithmetic.
    """

    venue: str
    currency: str
    equity: Decimal
    legs: tuple[Leg, ...]
    surplus: Decimal
    isolated: bool

    @property
    def name(self) -> str:
        """How people call it."""
        return f"{self.venue}, {self.legs[0].symbol} isolated" if self.isolated else self.venue

    @property
    def notional(self) -> Decimal:
        """Worth of everything that hangs on it, longs included."""
        return sum((abs(row.notional) for row in self.legs), ZERO)

    @property
    def leverage(self) -> Decimal | None:
        """Notional over equity: infinite when nothing is left of it, None when nothing is open."""
        if self.notional <= 0:
            return None
        return self.notional / self.equity if self.equity > 0 else INFINITE

    def equity_after(self, rise: Rise) -> Decimal:
        """What is left when each mark has risen by its own share. Coins that are collateral rise along."""
        left = self.equity - sum((row.notional * rise(row) for row in self.legs), ZERO)
        if any(row.fixed_face for row in self.legs):
            left += self.equity * max((rise(row) for row in self.legs), default=ZERO)
        return left

    def maintenance_after(self, rise: Rise) -> Decimal:
        """What must be left then; the tier is the one of the notional after the rise."""
        total = sum((_maintenance(row, ONE if row.fixed_face else 1 + rise(row)) for row in self.legs), ZERO)
        highest = max((rise(row) for row in self.legs), default=ZERO)
        return total + self.surplus * (1 + highest)

    @property
    def maintenance(self) -> Decimal:
        """What must be left now."""
        return self.maintenance_after(lambda _: ZERO)

    @property
    def margin_ratio(self) -> Decimal:
        """Maintenance over equity; liquidation is at one."""
        return self.maintenance / self.equity if self.equity > 0 else INFINITE

    def survives(self, rise: Rise) -> bool:
        """Whether the pool is still there after all these rises at once."""
        return self.equity_after(rise) > self.maintenance_after(rise)

    @property
    def worse(self) -> "Pool":
        """The same pool with the equity that the venue's own liquidation prices imply, where those are nearer."""
        lowest, maintenance = self.equity, self.maintenance
        for row in self.legs:
            if row.venue_distance is not None and not row.fixed_face:
                x = row.venue_distance
                asked = maintenance + _maintenance(row, 1 + x) - _maintenance(row) + self.surplus * x
                lowest = min(lowest, row.notional * x + asked)
        return self if lowest == self.equity else replace(self, equity=lowest)

    @property
    def distance(self) -> Decimal:
        """The rise of all marks together that liquidates, by the venue's word or our formula: the nearer of both."""
        return self.worse.distance_together

    @property
    def distance_together(self) -> Decimal:
        """The rise of all marks together that liquidates, by our formula; infinite where no rise does."""
        return self._root(lambda _: ONE)

    def distance_alone(self, symbol: str) -> Decimal:
        """The rise of one mark alone that liquidates, by our formula; infinite where no rise does."""
        return self._root(lambda row: ONE if row.symbol == symbol else ZERO)

    def _root(self, share: Rise) -> Decimal:
        """The smallest rise at which equity meets maintenance, exact over the corners of the tier table."""

        def left(rise: Decimal) -> Decimal:
            def moved(row: Leg) -> Decimal:
                return share(row) * rise

            return self.equity_after(moved) - self.maintenance_after(moved)

        low, before = ZERO, left(ZERO)
        if before <= 0:
            return ZERO
        corners = {
            tier.notional_floor / abs(row.notional) - 1
            for row in self.legs
            for tier in row.brackets
            if row.notional != 0 and not row.fixed_face and share(row) == 1 and tier.notional_floor > abs(row.notional)
        }
        # what is left only ever falls, so the stretch in which it meets zero is found by halving
        ordered = sorted(corners)
        beyond = bisect_left(ordered, True, key=lambda corner: left(corner) <= 0)
        if beyond > 0:
            low = ordered[beyond - 1]
            before = left(low)
        if beyond < len(ordered):
            high = ordered[beyond]
            return low + (high - low) * before / (before - left(high))
        # beyond the last corner everything is one straight line
        slope = before - left(low + 1)
        rise = low + before / slope if slope > 0 else INFINITE
        return rise if rise < BEYOND else INFINITE


def pools(view: VenueView, worth: Mapping[str, Decimal] | None = None) -> tuple[Pool, ...]:
    """Every collateral pool of a venue that carries a position, cross accounts first.

    `worth` is what one unit of a stablecoin is really worth; collateral off its peg counts for no more than that.
    """
    found: list[Pool] = []
    for currency in sorted({_settle(view, row) for row in view.positions}):
        rows = [row for row in view.positions if _settle(view, row) == currency]
        unit = _unit(rows)
        account = view.margin(currency)
        ours = sum((_maintenance(_leg(view, row)) for row in rows), ZERO)
        surplus = max(ZERO, (account.maintenance if account else ZERO) * unit - ours)
        total = sum((row.notional for row in rows), ZERO)
        isolated = [row for row in rows if row.margin_mode is MarginMode.ISOLATED]
        cross = [row for row in rows if row.margin_mode is not MarginMode.ISOLATED]
        own = {row.symbol: row.isolated_margin + row.unrealised_pnl for row in isolated}
        shared = (account.equity if account else ZERO) - sum(own.values(), ZERO)
        for group, equity in (*([(cross, shared)] if cross else []), *(([row], own[row.symbol]) for row in isolated)):
            bound = sum((row.notional for row in group), ZERO)
            found.append(
                Pool(
                    venue=view.venue,
                    currency=currency,
                    equity=_counted(equity * unit, (worth or {}).get(currency, ONE)),
                    legs=tuple(_leg(view, row) for row in group),
                    surplus=surplus * bound / total if total > 0 else ZERO,
                    isolated=group is not cross,
                )
            )
    return tuple(found)


def nearest_distance(view: VenueView) -> Decimal | None:
    """The smallest rise that liquidates anything at a venue; None when nothing is open or no rise does."""
    told = [pool.distance for pool in pools(view)]
    return min((row for row in told if row.is_finite()), default=None)


def _leg(view: VenueView, row: Position) -> Leg:
    instrument = view.instrument(row.symbol)
    told = None
    if row.liquidation_price is not None and row.amount < 0 and row.mark_price > 0:
        told = max(ZERO, row.liquidation_price / row.mark_price - ONE)
    return Leg(
        symbol=row.symbol,
        asset=instrument.base if instrument else row.symbol.partition("/")[0],
        notional=row.notional * (1 if row.amount < 0 else -1),
        brackets=_brackets(view, row),
        venue_distance=told,
        fixed_face=row.inverse,
        tier_unit=row.mark_price if row.inverse else ONE,
    )


def _brackets(view: VenueView, row: Position) -> tuple[LeverageBracket, ...]:
    return view.brackets.get(row.symbol, ())


def _unit(rows: Sequence[Position]) -> Decimal:
    """What one unit of the collateral is worth in the currency the notional is counted in: one, or a coin's mark."""
    return next((row.mark_price for row in rows if row.inverse), ONE)


def _counted(equity: Decimal, worth: Decimal) -> Decimal:
    """Collateral at what it is worth; a debt is not made smaller by a failing coin."""
    return equity * min(ONE, worth) if equity > 0 else equity


def _maintenance(leg: Leg, grown: Decimal = ONE) -> Decimal:
    return maintenance_margin(abs(leg.notional) * grown / leg.tier_unit, leg.brackets) * leg.tier_unit


def maintenance_margin(notional: Decimal, brackets: tuple[LeverageBracket, ...]) -> Decimal:
    """Maintenance margin of a notional by its tier. Source: policy_math 3.1."""
    for row in brackets:
        if row.notional_floor <= notional < row.notional_cap:
            return notional * row.maintenance_rate - row.maintenance_deduction
    if not brackets:
        return ZERO
    last = brackets[-1]
    return notional * last.maintenance_rate - last.maintenance_deduction


def maintenance_rate(brackets: tuple[LeverageBracket, ...]) -> Decimal:
    """The rate of the lowest tier, for a short whose size is not known yet; zero without tiers."""
    return brackets[0].maintenance_rate if brackets else ZERO


def _settle(view: VenueView, position: Position) -> str:
    instrument = view.instrument(position.symbol)
    if instrument is not None and instrument.settle is not None:
        return instrument.settle
    return position.symbol.partition(":")[2].partition("-")[0]
