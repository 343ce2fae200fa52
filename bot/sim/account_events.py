"""What happens to an account without its bot: a deposit, a trade by hand, deleveraging by the venue."""

from decimal import Decimal

from bot.sim.contract import quote_worth
from bot.sim.faults import Chance
from bot.sim.model import Rejected, SimPosition
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
    perpetuals = (row.symbol for row in engine.listings.values() if row.market == "linear" and row.expires_at is None)
    symbols = sorted(held) or sorted(symbol for symbol in perpetuals if engine.contract(symbol).base == "BTC")
    if not symbols:
        return False
    symbol = symbols[int(chance.random() * len(symbols))]
    listing, mark = engine.contract(symbol), engine.mark(symbol)
    one = quote_worth(listing, Decimal(1), mark)
    steps = (listing.notional_min * 2 / one / listing.amount_step).to_integral_value() + 1
    engine.place(
        account,
        market=listing.market,
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

    def size(position: SimPosition) -> Decimal:
        return quote_worth(engine.contract(position.symbol), abs(position.amount), engine.mark(position.symbol))

    positions = sorted(engine.positions(account), key=size)
    if not positions:
        return False
    largest = positions[-1]
    step = engine.contract(largest.symbol).amount_step
    engine.auto_deleverage(account, largest.symbol, max(abs(largest.amount) * _TENTH // step * step, step))
    return True
