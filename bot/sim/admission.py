"""Whether the venue takes an order: filters, reduce-only, money, in the order a venue checks them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from bot.sim.cash import MONEY_STEP, money_up, multiple_of
from bot.sim.collateral import margin_state, spot_free, worst_notional
from bot.sim.contract import quote_worth, worth
from bot.sim.frictions import Level
from bot.sim.margin import notional_cap
from bot.sim.model import Listing, MarketType, Quote, SideName, SimPosition, TimeInForce
from bot.sim.state import AccountState, State, refusal

ZERO = Decimal(0)
ONE = Decimal(1)
CLOSING_ONLY = timedelta(minutes=10)  # before a delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a client asks for."""

    account: str
    market: MarketType
    symbol: str
    side: SideName
    order_type: Literal["LIMIT", "MARKET"]
    amount: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    reduce_only: bool
    client_id: str
    post_only_ends: bool = False  # a post-only order that would trade is taken and ends, where others refuse it


@dataclass(frozen=True, slots=True)
class Admitted:
    """The amount the venue takes and what of it trades at once."""

    amount: Decimal
    lots: tuple[Level, ...]
    ends: bool = False  # recorded, but over before it could trade or rest


def admit(
    state: State,
    account: AccountState,
    request: OrderRequest,
    reach: Callable[[Decimal | None], list[Level]],
) -> Admitted:
    """Check one order; `reach` shows what the book gives up to a limit price.

    Raises: Rejected.
    """
    listing = state.listing(request.market, request.symbol)
    quote = state.quote(request.market, request.symbol)
    if not listing.tradable or quote.stale or not listing.live(state.now):
        raise refusal("market_closed", request.symbol)
    if request.market != "spot" and account.hedged(request.market):
        raise refusal("position_side", "the account is in hedge mode")
    _check_client_id(state, account, request)
    _check_filters(request, listing, quote)
    amount = _check_reduction(account, request)
    if closing_only(listing, state.now) and amount > reducible(account.positions.get(request.symbol), request.side):
        raise refusal("closing_only", f"{request.symbol} is about to be delivered")
    lots = cut(reach(_worst_price(request, listing, quote)), amount)
    crosses = request.time_in_force == "GTX" and bool(lots)
    if crosses and not request.post_only_ends:
        raise refusal("post_only", "the order would trade at once")
    if request.market == "spot":
        _check_spot_money(state, account, request, listing, lots)
    elif not request.reduce_only:
        _check_margin(state, account, request, lots)
    return Admitted(amount, () if crosses else tuple(lots), ends=crosses)


def closing_only(listing: Listing, at: datetime) -> bool:
    """Tell whether a dated contract is so near its delivery that positions may only be closed."""
    return listing.expires_at is not None and listing.expires_at - CLOSING_ONLY <= at


def reducible(position: SimPosition | None, side: SideName) -> Decimal:
    """Say how much of a position an order of this side can take away."""
    if position is None:
        return ZERO
    return max(ZERO, position.amount if side == "sell" else -position.amount)


def cut(lots: list[Level], amount: Decimal) -> list[Level]:
    """Keep the first lots up to an amount."""
    kept: list[Level] = []
    for lot in lots:
        if amount <= 0:
            break
        kept.append(lot if lot.amount <= amount else Level(lot.price, amount))
        amount -= lot.amount
    return kept


def _check_client_id(state: State, account: AccountState, request: OrderRequest) -> None:
    if not request.client_id:
        return
    known = account.by_client_id.get((request.market, request.symbol, request.client_id))
    if known is not None and (state.unique_forever or account.orders[known].open):
        raise refusal("duplicate_client_id", request.client_id)


def _check_filters(request: OrderRequest, listing: Listing, quote: Quote) -> None:
    amount_max = listing.market_amount_max if request.order_type == "MARKET" else listing.amount_max
    if not multiple_of(request.amount, listing.amount_step) or request.amount < max(listing.amount_min, MONEY_STEP):
        raise refusal("lot_size", f"{request.amount} is not a multiple of {listing.amount_step}")
    if request.amount > amount_max:
        raise refusal("max_amount", f"{request.amount} is above {amount_max}")
    price = quote.mid if request.market == "spot" else quote.mark
    if request.order_type == "LIMIT":
        price = _check_price(request, listing, quote)
    notional = quote_worth(listing, request.amount, price)
    if not request.reduce_only and notional < listing.notional_min:
        raise refusal("min_notional", f"{notional} is below {listing.notional_min}")


def _check_price(request: OrderRequest, listing: Listing, quote: Quote) -> Decimal:
    price = request.price
    if price is None:
        raise refusal("price_missing", "a limit order needs a price")
    if not multiple_of(price, listing.price_tick) or price <= 0:
        raise refusal("price_filter", f"{price} is not a multiple of {listing.price_tick}")
    low, high = _band(listing, quote)
    if price > high if request.side == "buy" else price < low:
        raise refusal("price_band", f"{price} is outside {low} to {high}")
    return price


def _band(listing: Listing, quote: Quote) -> tuple[Decimal, Decimal]:
    centre = quote.mid if listing.market == "spot" else quote.mark
    return centre * (ONE - listing.price_band), centre * (ONE + listing.price_band)


def _worst_price(request: OrderRequest, listing: Listing, quote: Quote) -> Decimal | None:
    if request.order_type == "LIMIT":
        return request.price
    low, high = _band(listing, quote)
    return high if request.side == "buy" else low


def _check_reduction(account: AccountState, request: OrderRequest) -> Decimal:
    """Cut a reduce-only order to what it can reduce."""
    if request.market == "spot" or not request.reduce_only:
        return request.amount
    room = reducible(account.positions.get(request.symbol), request.side)
    if room <= 0:
        raise refusal("reduce_only", "there is no position to reduce")
    return min(request.amount, room)


def _check_spot_money(
    state: State, account: AccountState, request: OrderRequest, listing: Listing, lots: list[Level]
) -> None:
    if request.side == "sell":
        asset, needed = listing.base, request.amount
    else:
        asset = listing.quote
        traded = sum((lot.amount for lot in lots), ZERO)
        rest = request.amount - traded
        needed = sum((money_up(lot.amount * lot.price) for lot in lots), ZERO)
        if request.price is not None and request.order_type == "LIMIT":
            needed += money_up(rest * request.price)
    free = spot_free(account, state, asset)
    if needed > free:
        raise refusal("insufficient_balance", f"{needed} {asset} needed, {free} free")


def _check_margin(state: State, account: AccountState, request: OrderRequest, lots: list[Level]) -> None:
    listing = state.contract(request.symbol)
    mark = state.mark(request.symbol)
    traded = sum((lot.amount for lot in lots), ZERO)
    notional = sum((worth(listing, lot.amount, lot.price) for lot in lots), ZERO)
    fee = notional * listing.taker_fee
    away = notional - worth(listing, traded, mark)
    # Buying above the mark loses at once; on inverse markets the higher price is the smaller value in coins.
    open_loss = max(ZERO, away if (request.side == "buy") == (listing.market == "linear") else -away)
    if request.order_type == "LIMIT" and request.price is not None:
        notional += worth(listing, request.amount - traded, request.price)
    setup = account.setup(request.symbol)
    before = worst_notional(state, account, request.symbol)
    after = worst_notional(
        state, account, request.symbol, request.side, max(notional, worth(listing, request.amount, mark))
    )
    if after <= before:
        return
    if after > notional_cap(listing.tiers, setup.leverage):
        raise refusal("leverage_bracket", f"{after} is more than leverage {setup.leverage} allows")
    needed = (after - before) / setup.leverage + fee + open_loss
    available = margin_state(state, account, listing.settle, listing.market).available
    if needed > available:
        raise refusal("insufficient_margin", f"{needed} needed, {available} available")
