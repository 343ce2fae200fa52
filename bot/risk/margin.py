"""How far the margin is from trouble: effective leverage and liquidation distance, the worse reading counts."""

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.account import ZERO, LeverageBracket, MarginAccount, MarginMode, Position
from bot.domain.snapshot import VenueView

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginState:
    """One collateral account with the shorts that hang on it.

    Units: currency of the account; `effective_leverage` is notional over equity, None when nothing is open;
    `liquidation_distance` is the rise of all marks together, as a fraction, that would liquidate, None when nothing is
    open. It is the smaller of the venue's own figure and ours.
    """

    venue: str
    currency: str
    equity: Decimal
    notional: Decimal
    maintenance: Decimal
    effective_leverage: Decimal | None
    liquidation_distance: Decimal | None


def margin_state(view: VenueView, currency: str) -> MarginState:
    """Read one collateral account of a venue.

    Isolated positions are judged each on its own collateral and the worst of them counts.
    """
    account = view.margin(currency)
    positions = [row for row in view.positions if _settles_in(view, row, currency)]
    equity = account.equity if account else ZERO
    notional = sum((row.notional for row in positions), ZERO)
    maintenance = _maintenance(view, account, positions)
    return MarginState(
        venue=view.venue,
        currency=currency,
        equity=equity,
        notional=notional,
        maintenance=maintenance,
        effective_leverage=_leverage(positions, equity, notional),
        liquidation_distance=_distance(positions, equity, notional, maintenance),
    )


def maintenance_margin(notional: Decimal, brackets: tuple[LeverageBracket, ...]) -> Decimal:
    """Maintenance margin of a notional by its tier. Source: policy_math 3.1."""
    for row in brackets:
        if row.notional_floor <= notional < row.notional_cap:
            return notional * row.maintenance_rate - row.maintenance_deduction
    if not brackets:
        return ZERO
    last = brackets[-1]
    return notional * last.maintenance_rate - last.maintenance_deduction


def _settles_in(view: VenueView, position: Position, currency: str) -> bool:
    instrument = view.instrument(position.symbol)
    return instrument.settle == currency if instrument else position.symbol.endswith(f":{currency}")


def _maintenance(view: VenueView, account: MarginAccount | None, positions: list[Position]) -> Decimal:
    ours = sum((maintenance_margin(row.notional, view.brackets.get(row.symbol, ())) for row in positions), ZERO)
    return max(ours, account.maintenance if account else ZERO)


def _leverage(positions: list[Position], equity: Decimal, notional: Decimal) -> Decimal | None:
    if notional <= 0:
        return None
    worst = notional / equity if equity > 0 else Decimal("Infinity")
    for row in positions:
        if row.margin_mode is MarginMode.ISOLATED:
            own = row.isolated_margin + row.unrealised_pnl
            worst = max(worst, row.notional / own if own > 0 else Decimal("Infinity"))
    return worst


def _distance(positions: list[Position], equity: Decimal, notional: Decimal, maintenance: Decimal) -> Decimal | None:
    if notional <= 0:
        return None
    # All marks rising together by x: equity falls by notional * x while maintenance grows to maintenance * (1 + x).
    distances = [max(ZERO, (equity - maintenance) / (notional + maintenance))]
    distances.extend(
        max(ZERO, row.liquidation_price / row.mark_price - ONE)
        for row in positions
        if row.liquidation_price is not None and row.amount < 0 and row.mark_price > 0
    )
    return min(distances)
