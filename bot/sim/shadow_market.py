"""The real market in the words of the simulated exchange, and its answers in the words of the bot."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.domain.account import (
    Book,
    BookLevel,
    Fill,
    IncomeEntry,
    LeverageBracket,
    Mark,
    Order,
    OrderStatus,
    Side,
    Transfer,
    Wallet,
)
from bot.domain.errors import Refused
from bot.domain.instrument import Instrument
from bot.sim.engine import SimIncome, SimTransfer
from bot.sim.listings import tiers_for
from bot.sim.model import Listing, Quote, Rejected, SimOrder, SimTrade, Tier

ZERO = Decimal(0)
ENDLESS = Decimal(10) ** 12
NEAR = Decimal("0.0005")  # the depth that fills up again is what stands within five basis points of mid
DEEP = ("BTC", "ETH")
STATUS = {
    "NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.OPEN,
    "FILLED": OrderStatus.CLOSED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
}
INCOME = {
    "FUNDING_FEE": "funding",
    "COMMISSION": "fee",
    "REALIZED_PNL": "pnl",
    "TRANSFER": "transfer",
    "DELIVERY": "pnl",
}


def listing_of(instrument: Instrument, tiers: tuple[Tier, ...], taker_fee: Decimal) -> Listing:
    """List a real linear contract on the simulated exchange under its unified symbol; a dated one ends on its day."""
    return Listing(
        symbol=instrument.symbol,
        market="linear",
        base=instrument.base,
        quote=instrument.settle or instrument.quote,
        price_tick=instrument.price_tick,
        amount_step=instrument.amount_step,
        amount_min=instrument.amount_min,
        amount_max=instrument.amount_max or ENDLESS,
        market_amount_max=instrument.amount_max or ENDLESS,
        notional_min=instrument.notional_min,
        taker_fee=taker_fee,
        maker_fee=taker_fee,
        tiers=tiers,
        tradable=instrument.active or instrument.dated,  # a dated one that may only be closed still trades
        expires_at=instrument.expires_at,
    )


def cautious_tiers(base: str) -> tuple[Tier, ...]:
    """Tiers for whom the venue tells none without a key: higher maintenance than large venues ask."""
    return tiers_for(25, Decimal(10000 if base in DEEP else 200))


def tiers_of(brackets: Sequence[LeverageBracket]) -> tuple[Tier, ...]:
    """Maintenance tiers the venue told."""
    return tuple(
        Tier(
            floor=row.notional_floor,
            cap=row.notional_cap,
            maintenance_rate=row.maintenance_rate,
            deduction=row.maintenance_deduction,
            leverage_max=int(row.leverage_max),
        )
        for row in brackets
    )


def brackets_of(tiers: Sequence[Tier]) -> tuple[LeverageBracket, ...]:
    """The same tiers for the bot."""
    return tuple(
        LeverageBracket(
            notional_floor=row.floor,
            notional_cap=row.cap,
            maintenance_rate=row.maintenance_rate,
            maintenance_deduction=row.deduction,
            leverage_max=Decimal(row.leverage_max),
        )
        for row in tiers
    )


def quote_of(mark: Mark) -> Quote:
    """A mark that was read, without a book: nothing can trade on it."""
    return Quote(mid=mark.mark_price, mark=mark.mark_price, index=mark.index_price, bids=(), asks=())


def with_book(quote: Quote, book: Book) -> Quote:
    """The same market with the book that was read a moment later."""
    mid = (book.bids[0].price + book.asks[0].price) / 2
    near = [
        sum((row.price * row.amount for row in side if abs(row.price - mid) <= mid * NEAR), ZERO)
        for side in (book.bids, book.asks)
    ]
    depth = min(near) or min(side[0].price * side[0].amount for side in (book.bids, book.asks))
    return replace(quote, mid=mid, depth_notional=depth, bids=_levels(book.bids), asks=_levels(book.asks))


def at_price(quote: Quote, price: Decimal) -> Quote:
    """A market of the past, of which only one price is known."""
    return replace(quote, mid=price, mark=price, index=price, bids=(), asks=())


def order_of(venue: str, order: SimOrder) -> Order:
    """A simulated order as the bot reads orders."""
    return Order(
        venue=venue,
        symbol=order.symbol,
        order_id=str(order.order_id),
        client_id=order.client_id,
        side=Side(order.side),
        amount=order.amount,
        filled=order.filled,
        average_price=order.filled_quote / order.filled if order.filled else None,
        status=STATUS[order.state],
        reduce_only=order.reduce_only,
        at=order.updated_at,
    )


def fill_of(venue: str, trade: SimTrade) -> Fill:
    """A simulated trade."""
    return Fill(
        venue=venue,
        symbol=trade.symbol,
        trade_id=str(trade.trade_id),
        order_id=str(trade.order_id),
        side=Side(trade.side),
        amount=trade.amount,
        price=trade.price,
        fee=trade.fee,
        fee_currency=trade.fee_currency,
        at=trade.at,
    )


def transfer_of(venue: str, row: SimTransfer) -> Transfer:
    """A simulated movement between wallets."""
    return Transfer(
        venue=venue,
        transfer_id=str(row.id),
        currency=row.asset,
        amount=row.amount,
        source=Wallet(row.source),
        target=Wallet(row.target),
        at=row.at,
        done=True,
    )


def income_of(venue: str, row: SimIncome) -> IncomeEntry:
    """A simulated booking on the futures wallet."""
    return IncomeEntry(
        venue=venue,
        symbol=row.symbol or None,
        kind=INCOME.get(row.kind, "other"),
        amount=row.amount,
        currency=row.currency,
        at=row.at,
        entry_id=str(row.id),
    )


def standing_remarks(venue: str, *, has_key: bool) -> tuple[str, ...]:
    """Say what is simulated and how."""
    if has_key:
        return (f"dry run: real balances, simulated positions and orders at {venue}; nothing was sent there",)
    return (
        f"dry run: simulated balances, positions and orders at {venue}; nothing was sent there",
        f"{venue} tells its margin tiers only to a key; maintenance is computed with cautious built-in ones",
    )


def refused(venue: str, no: Rejected) -> Refused:
    """Say a refusal of the simulation as a venue's own."""
    detail = f" ({no.detail})" if no.detail else ""
    return Refused(
        f"the simulated account at {venue} refuses: {no.reason.replace('_', ' ')}{detail}. Nothing was changed; "
        "the real exchange was not asked.",
        code=no.reason,
    )


def _levels(side: Sequence[BookLevel]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((row.price, row.amount) for row in side)
