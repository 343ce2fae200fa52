"""Third slot: which instrument carries the short of an asset."""

from dataclasses import dataclass

from bot.domain.account import ZERO
from bot.domain.explanation import Explanation, Input
from bot.domain.hedge import Need, Target
from bot.domain.history import HistoryAsk
from bot.domain.instrument import Instrument
from bot.domain.snapshot import VenueView
from bot.policy.scene import Answer, Scene

TOO_SMALL = "below the venue's smallest order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """Short each asset through its own contract on the hedge venue: of several, the first in the order of the kinds.

    Rounds the amount down to whole lots, so that rounding never hedges too much. Source: policy_math 1.2.
    """

    venue: str

    def asks(self, assets: frozenset[str]) -> tuple[HistoryAsk, ...]:
        """Nothing: the perpetual of an asset is the same whatever happened before."""
        return ()

    def place(self, needs: tuple[Need, ...], scene: Scene) -> Answer[Target]:
        """One target per need that has an instrument, and a note for each that has none."""
        view = scene.snapshot.venue(self.venue)
        targets: list[Target] = []
        notes: list[str] = []
        for need in needs:
            instrument = own_market(view, need.asset)
            if instrument is not None:
                targets.append(placed_in(instrument, need, scene, rule="direct"))
            elif need.short_notional > 0:
                notes.append(
                    f"{need.asset} has no perpetual on {self.venue}: {need.short_notional:,.2f} stays unhedged"
                )
        return Answer(rows=tuple(targets), notes=tuple(notes))


def own_market(view: VenueView, asset: str) -> Instrument | None:
    """The asset's own futures market, a perpetual where there is one; None where the venue showed none with a mark."""
    found = [row for row in view.instruments if row.base == asset and view.mark(row.symbol) is not None]
    return next((row for row in found if row.expires_at is None), found[0] if found else None)


def placed_in(instrument: Instrument, need: Need, scene: Scene, *, rule: str) -> Target:
    """The whole need in one contract, rounded down to lots.

    An inverse contract is sized by the coins the need stands for, because its face is in dollars and not in the
    portfolio's quote currency. Raises: ValueError without a mark.
    """
    mark = scene.snapshot.venue(instrument.venue).mark(instrument.symbol)
    if mark is None:
        raise ValueError(f"{instrument.symbol} was placed without a mark")
    price = scene.snapshot.prices.get(instrument.base)
    if instrument.inverse and price is not None:
        exact = instrument.amount_of_coins(need.short_notional / price.price, mark.mark_price)
    else:
        exact = instrument.amount_of(need.short_notional, mark.mark_price)
    amount = instrument.floor_amount(exact)
    if not instrument.tradable(amount, mark.mark_price):
        amount = ZERO
    notional = instrument.notional(amount, mark.mark_price)
    unit = instrument.quote if instrument.inverse else need.asset
    placed = Explanation(
        rule=rule,
        words=f"placed as {amount.normalize():f} {unit} in {instrument.symbol}",
        figure=amount,
        unit=unit,
        inputs=(Input(name="mark price", value=mark.mark_price, unit=instrument.quote, known_at=mark.at),),
    )
    target = Target(
        venue=instrument.venue,
        symbol=instrument.symbol,
        asset=need.asset,
        short_notional=notional,
        amount=amount,
        leverage_cap=need.leverage_cap,
        reasons=need.reasons,
        shares=need.shares,
        limit_notional=need.limit_notional,
        chain=need.chain,
    ).because(placed)
    rounded = instrument.notional(exact, mark.mark_price) - notional
    if rounded <= 0:
        return target
    why = TOO_SMALL if amount == 0 and exact > 0 else "rounded down to whole lots"
    left = Explanation(
        rule="rounding", words=f"{rounded:,.2f} left over ({why})", figure=rounded, unit=instrument.quote, bound=why
    )
    return target.because(left)
