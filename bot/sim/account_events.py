"""What happens to an account without its bot: a deposit, a trade by hand, deleveraging by the venue."""

from decimal import Decimal

from bot.sim.faults import Chance
from bot.sim.model import Rejected
from bot.sim.wire.exchange import Exchange

_TENTH = Decimal("0.1")


def disturb(name: str, exchange: Exchange, account: str, chance: Chance) -> bool:
    """Let one such event happen to an account; false when the account gave no occasion for it."""
    engine = exchange.engine
    try:
        if name == "external_deposit":
            engine.deposit(account, "spot", "USDT", Decimal(100 + int(chance.random() * 900)))
            return True
        if name == "manual_trade":
            return _trade_by_hand(exchange, account, chance)
        if name == "deleveraged":
            return _deleverage(exchange, account)
    except Rejected:
        return False
    return False


def _trade_by_hand(exchange: Exchange, account: str, chance: Chance) -> bool:
    """The owner sells a few contracts on the web page, or covers a few of those he has."""
    engine = exchange.engine
    held = {position.symbol: position for position in engine.positions(account)}
    symbols = sorted(held) or sorted(s for m, s in engine.listings if m == "linear" and s == "BTCUSDT")
    if not symbols:
        return False
    symbol = symbols[int(chance.random() * len(symbols))]
    listing, mark = engine.listings["linear", symbol], engine.quote("linear", symbol).mark
    steps = (listing.notional_min * 2 / mark / listing.amount_step).to_integral_value() + 1
    engine.place(
        account,
        market="linear",
        symbol=symbol,
        side="sell" if chance.random() < 0.5 else "buy",
        order_type="MARKET",
        amount=max(steps * listing.amount_step, listing.amount_min),
        price=None,
        time_in_force="IOC",
        reduce_only=False,
        client_id="",
    )
    return True


def _deleverage(exchange: Exchange, account: str) -> bool:
    """The venue takes a tenth of the largest position away at mark."""
    engine = exchange.engine
    positions = sorted(engine.positions(account), key=lambda p: abs(p.amount) * engine.quote("linear", p.symbol).mark)
    if not positions:
        return False
    largest = positions[-1]
    step = engine.listings["linear", largest.symbol].amount_step
    engine.auto_deleverage(account, largest.symbol, max(abs(largest.amount) * _TENTH // step * step, step))
    return True
