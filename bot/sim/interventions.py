"""What venue and owner do to an account or a market besides trading: halts, new rules, liquidation, resting orders."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from bot.sim.contract import quote_worth
from bot.sim.engine import Engine
from bot.sim.faults import Chance
from bot.sim.model import Listing, Rejected
from bot.sim.wire.exchange import Exchange

_SPIKE = Decimal("-0.01")  # shorts pay
_FAR = Decimal("0.03")
_COARSER = 10
_SPENT = 10**9
Undo = Callable[[], None]


def nothing() -> None:
    """Undo what left nothing behind."""


def intervene(name: str, exchange: Exchange, account: str, chance: Chance) -> Undo | None:
    """Let it happen; returns what ends it, None where the account gave no occasion."""
    try:
        return _INTERVENTIONS[name](exchange, account, chance)
    except Rejected:
        return None


def _largest(engine: Engine, account: str) -> str | None:
    def size(symbol: str, amount: Decimal) -> Decimal:
        return quote_worth(engine.contract(symbol), abs(amount), engine.mark(symbol))

    held = [(size(row.symbol, row.amount), row.symbol) for row in engine.positions(account)]
    return max(held)[1] if held else None


def _liquidated(exchange: Exchange, account: str, _: Chance) -> Undo | None:
    symbol = _largest(exchange.engine, account)
    if symbol is None:
        return None
    exchange.engine.liquidate(account, symbol)
    return nothing


def _settled_early(exchange: Exchange, account: str, _: Chance) -> Undo | None:
    """A delisting: the position is closed at mark by the venue, and the market stands still afterwards."""
    engine, symbol = exchange.engine, _largest(exchange.engine, account)
    if symbol is None:
        return None
    amount = next(abs(row.amount) for row in engine.positions(account) if row.symbol == symbol)
    engine.auto_deleverage(account, symbol, amount)
    return _changed(exchange, [engine.contract(symbol)], lambda row: replace(row, tradable=False))


def _perpetuals(exchange: Exchange) -> list[Listing]:
    rows = exchange.engine.listings.values()
    return [row for row in rows if row.market == "linear" and row.expires_at is None and row.tradable]


def _market_halted(exchange: Exchange, _: str, __: Chance) -> Undo:
    return _changed(exchange, _perpetuals(exchange), lambda row: replace(row, tradable=False))


def _tiers_lowered(exchange: Exchange, _: str, __: Chance) -> Undo:
    def lower(row: Listing) -> Listing:
        tiers = tuple(replace(tier, leverage_max=max(1, tier.leverage_max // _COARSER)) for tier in row.tiers)
        return replace(row, tiers=tiers)

    return _changed(exchange, _perpetuals(exchange), lower)


def _filters_changed(exchange: Exchange, _: str, __: Chance) -> Undo:
    def coarsen(row: Listing) -> Listing:
        # not the step: what is counted in contracts would change its worth with it, which no venue does overnight
        return replace(
            row,
            price_tick=row.price_tick * _COARSER,
            amount_min=row.amount_min * _COARSER,
            notional_min=row.notional_min * 2,
        )

    return _changed(exchange, _perpetuals(exchange), coarsen)


def _changed(exchange: Exchange, rows: list[Listing], change: Callable[[Listing], Listing]) -> Undo:
    """List markets under other rules until undone, which gives back the first rules; changes do not add up."""
    engine, first = exchange.engine, exchange.first_rules
    for row in rows:
        engine.list_market(change(first.setdefault((row.market, row.symbol), row)))
    exchange.listing_rows.clear()

    def give_back() -> None:
        for row in rows:
            engine.list_market(first[row.market, row.symbol])
        exchange.listing_rows.clear()

    return give_back


def _funding_spike(exchange: Exchange, account: str, _: Chance) -> Undo | None:
    symbol = _largest(exchange.engine, account)
    if symbol is None or exchange.engine.contract(symbol).expires_at is not None:
        return None
    exchange.engine.pay_funding(symbol, _SPIKE)
    return nothing


def _manual_order(exchange: Exchange, account: str, _: Chance) -> Undo | None:
    """The owner leaves an order to buy a little, below the market."""
    engine = exchange.engine
    symbol = _largest(engine, account) or next((row.symbol for row in _perpetuals(exchange)), None)
    if symbol is None:
        return None
    row, mark = engine.contract(symbol), engine.mark(symbol)
    price = mark * (1 - _FAR) // row.price_tick * row.price_tick
    one = quote_worth(row, Decimal(1), price)
    steps = (row.notional_min * 2 / one / row.amount_step).to_integral_value() + 1
    return _resting(exchange, account, row, "buy", max(steps * row.amount_step, row.amount_min), price)


def _spot_locked(exchange: Exchange, account: str, _: Chance) -> Undo | None:
    """The owner offers a third of his coins for sale, above the market: they are his until somebody buys."""
    engine = exchange.engine
    held = [(asset, free) for asset, (free, _) in sorted(engine.wallet(account, "spot").items())]
    listed = ((engine.listings.get(("spot", f"{asset}USDT")), free) for asset, free in held)
    for row, free in listed:
        if row is None:
            continue
        amount = free / 3 // row.amount_step * row.amount_step
        price = engine.quote("spot", row.symbol).mid * (1 + _FAR) // row.price_tick * row.price_tick
        if amount * price >= row.notional_min:
            return _resting(exchange, account, row, "sell", amount, price)
    return None


def _resting(exchange: Exchange, account: str, row: Listing, side: str, amount: Decimal, price: Decimal) -> Undo:
    engine = exchange.engine
    order = engine.place(
        account, market=row.market, symbol=row.symbol, side="buy" if side == "buy" else "sell", order_type="LIMIT",
        amount=amount, price=price, client_id="",
    )  # fmt: skip

    def withdraw() -> None:
        with suppress(Rejected):
            engine.cancel(account, row.market, row.symbol, order_id=order.order_id)

    return withdraw


def _mode_toggled(exchange: Exchange, account: str, _: Chance) -> Undo | None:
    """The owner switches to positions on both sides, which the venue allows only while none is open."""
    engine = exchange.engine
    engine.set_hedge_mode(account, on=True)

    def back() -> None:
        with suppress(Rejected):
            engine.set_hedge_mode(account, on=False)

    return back


def _crowded(exchange: Exchange, _: str, __: Chance) -> Undo:
    """Another program behind the same address has used up what the venue allows in this minute."""
    meter = exchange.meter
    for family in tuple(meter.used) or ("address",):
        meter.charge(family, _SPENT, exchange.now)
    return nothing


_INTERVENTIONS: dict[str, Callable[[Exchange, str, Chance], Undo | None]] = {
    "liquidated": _liquidated,
    "settled_early": _settled_early,
    "market_halted": _market_halted,
    "tiers_lowered": _tiers_lowered,
    "filters_changed": _filters_changed,
    "funding_spike": _funding_spike,
    "manual_order": _manual_order,
    "spot_locked": _spot_locked,
    "mode_toggled": _mode_toggled,
    "crowded": _crowded,
}
