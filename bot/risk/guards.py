"""The guards of orders: each looks at one order and refuses with a reason or stays silent; none ever changes one.

A reduction is held back only by what makes it no reduction, by a price that is none, and by coins on their way;
a protective one by the first two alone.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from bot.domain.account import ZERO, Side
from bot.domain.intent import OrderIntent
from bot.domain.stand_ins import StandIns
from bot.risk.circumstances import Circumstances, Key, Running, Standing

Guard = Callable[[OrderIntent, Standing, Circumstances, Running], str | None]

# How much wider than usual a limit price may lie from the mark: ordinary orders, protection.
ONE = Decimal(1)
COLLAR_USUAL, COLLAR_PROTECTIVE = 2, 10
# Getting out is allowed further from the index than getting in; beyond that the mark itself is not believed.
INDEX_DISTANCE_OUT = Decimal("0.10")
# A dated future carries months of basis.
INDEX_DISTANCE_DATED = Decimal("0.10")


def finite(intent: OrderIntent, standing: Standing, _: Circumstances, __: Running) -> str | None:
    """Numbers are numbers, on the venue's grid."""
    if not (intent.amount.is_finite() and intent.limit_price.is_finite() and standing.mark_price.is_finite()):
        return "amount, limit price or mark price is not a number"
    if standing.instrument.floor_amount(intent.amount) != intent.amount:
        return f"{intent.amount} is not a multiple of the lot step {standing.instrument.amount_step}"
    return None


def sign(intent: OrderIntent, standing: Standing, _: Circumstances, running: Running) -> str | None:
    """A buy only ever reduces a short, a sell only ever deepens one."""
    if intent.amount <= 0:
        return f"an order of {intent.amount} is not an order"
    if intent.side is Side.BUY and not intent.reduce_only:
        return "a buy that is not reduce-only could open a long"
    short = -standing.position - running.bought.get((intent.venue, intent.symbol), ZERO)
    if intent.side is Side.BUY and intent.amount > short:
        return f"buying {intent.amount} would cross zero: the short is {short}"
    if intent.side is Side.SELL and (intent.reduce_only or standing.position > 0):
        return "a long position is open here that Ballast did not make; close it by hand first"
    return None


def collar(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: Running) -> str | None:
    """The limit price stays near the mark, and near the index as a second source."""
    width = circumstances.limits.slippage_max * (COLLAR_PROTECTIVE if intent.protective else COLLAR_USUAL)
    away = abs(intent.limit_price / standing.mark_price - 1)
    if away > width:
        return f"limit {intent.limit_price} is {away:.2%} from the mark {standing.mark_price}, allowed are {width:.2%}"
    if standing.index_price is None:
        return None if intent.reduce_only else "no index price stands beside the mark, so one source alone would decide"
    room = INDEX_DISTANCE_OUT if intent.reduce_only else circumstances.limits.index_distance_max
    if standing.instrument.expires_at is not None:
        room += INDEX_DISTANCE_DATED
    apart = abs(standing.mark_price / standing.index_price - 1)
    if apart > room and not intent.protective:
        return (
            f"the mark {standing.mark_price} is {apart:.2%} from the index {standing.index_price}, "
            f"allowed are {room:.0%}: one of the two is wrong, or the market is dislocated"
        )
    return None


def paused(intent: OrderIntent, _: Standing, circumstances: Circumstances, __: Running) -> str | None:
    """A pause stops new risk, never protection."""
    return None if intent.reduce_only else circumstances.paused


def growth(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: Running) -> str | None:
    """No short grows while the margin needs care or an earlier order is unsettled."""
    if intent.reduce_only:
        return None
    if standing.unresolved > 0:
        return f"an earlier sell of {standing.unresolved} is not settled yet"
    if intent.protective and intent.after is not None:
        return None  # the second half of a roll at its deadline sells what was bought back just before
    return circumstances.growth_blocked or circumstances.growth_blocked_in.get(standing.instrument.base)


def allowlist(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: Running) -> str | None:
    """A short grows only in markets that are open and that the user allows."""
    if intent.reduce_only:
        return None
    allowed = circumstances.limits.symbols
    if allowed is not None and intent.symbol not in allowed:
        return f"{intent.symbol} is not among risk.symbols_allowed: {', '.join(sorted(allowed))}"
    if not standing.instrument.active:
        return f"{intent.venue} is closing {intent.symbol} or has suspended it: no new short there"
    return None


def expiry(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: Running) -> str | None:
    """No new exposure in a future that is about to expire."""
    expires_at = standing.instrument.expires_at
    if expires_at is None or intent.reduce_only:
        return None
    left = expires_at - circumstances.at
    cutoff = circumstances.limits.expiry_cutoff
    if left > cutoff:
        return None
    hours = max(0.0, left.total_seconds() / 3600)
    return (
        f"{intent.symbol} expires in {hours:.0f} h; nothing new is opened in its last "
        f"{cutoff.total_seconds() / 3600:.0f} h (risk.expiry_cutoff_h)"
    )


def transit(intent: OrderIntent, standing: Standing, _: Circumstances, __: Running) -> str | None:
    """Coins on their way are still owned: their hedge is not bought back meanwhile, unless the margin demands it."""
    return standing.in_transit if intent.reduce_only and not intent.protective else None


def order_notional(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: Running) -> str | None:
    """One order is never larger than the limit."""
    notional = standing.notional(intent.amount)
    limit = circumstances.limits.order_notional_max
    if notional > limit and not intent.protective:
        return f"order of {notional:,.2f} is above risk.order_notional_max = {limit:,.2f}"
    return None


def hourly(intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: Running) -> str | None:
    """Orders and notional per hour are limited; protection is not."""
    if intent.protective:
        return None
    limits = circumstances.limits
    if running.orders >= limits.orders_per_hour_max:
        return f"{running.orders} orders in the last hour, risk.orders_per_hour_max = {limits.orders_per_hour_max}"
    notional = running.notional + standing.notional(intent.amount)
    if notional > limits.order_notional_per_hour_max:
        return (
            f"{notional:,.2f} traded in the last hour with this order, "
            f"risk.order_notional_per_hour_max = {limits.order_notional_per_hour_max:,.2f}"
        )
    return None


def over_hedge(intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: Running) -> str | None:
    """The short stays within what is owned, over all instruments of the asset, unsettled orders included."""
    if intent.side is not Side.SELL:
        return None
    asset = standing.instrument.base
    short = ZERO
    for key, row in circumstances.standings.items():
        if row.instrument.base == asset:
            short += row.coins(max(ZERO, -running.positions[key]))
    short += standing.coins(intent.amount)
    allowed = standing.owned * circumstances.limits.hedge_ratio_max
    if short > allowed:
        return f"the short would be {short} {asset}, allowed are {allowed} of {standing.owned} owned"
    return None


def over_hedge_together(
    intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: Running
) -> str | None:
    """Where one coin's short stands for others, all shorts together, whoever opened them, stay within what is owned.

    The half of a roll that sells what was bought back just before may bring back what was there.
    """
    stand_ins, ratio_max = circumstances.stand_ins, circumstances.limits.hedge_ratio_max
    if intent.side is not Side.SELL or stand_ins is None:
        return None
    positions = dict(running.positions)
    positions[intent.venue, intent.symbol] -= intent.amount
    weight = stand_ins.weight(_shorts(positions, circumstances, stand_ins), ratio_max)
    limit = stand_ins.limit(ratio_max)
    if intent.after is not None:
        before = {key: row.position - row.unresolved for key, row in circumstances.standings.items()}
        limit = max(limit, stand_ins.weight(_shorts(before, circumstances, stand_ins), ratio_max))
    if weight > limit:
        return (
            f"all shorts together, those that somebody else opened among them, would weigh {weight:,.2f}; "
            f"risk.hedge_ratio_max = {ratio_max} of what is owned allows {limit:,.2f}"
        )
    return None


def _shorts(positions: Mapping[Key, Decimal], circumstances: Circumstances, stand_ins: StandIns) -> dict[str, Decimal]:
    """What the shorts of each asset weigh, over all its instruments. Units: quote currency."""
    found: dict[str, Decimal] = {}
    for key, row in circumstances.standings.items():
        amount, asset = max(ZERO, -positions[key]), row.instrument.base
        found[asset] = found.get(asset, ZERO) + stand_ins.value(asset, row.coins(amount), row.notional(amount))
    return found


def leverage(intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: Running) -> str | None:
    """Effective leverage after the order stays under the cap, and the venue's own figure is known before it.

    Every short binds its notional over the cap of its own asset; together they bind no more than the collateral.
    """
    if intent.side is not Side.SELL:
        return None
    if running.leverage_set.get((intent.venue, intent.symbol)) is None:
        return "the leverage set at the venue was not read back"
    pool = (intent.venue, standing.instrument.settle or "")
    equity = running.equity.get(pool, ZERO) * circumstances.worth.get(pool, ONE)
    notional = standing.notional(intent.amount)
    bound = notional / standing.leverage_cap
    for key, row in circumstances.standings.items():
        if (key[0], row.instrument.settle) == pool:
            held = row.notional(abs(running.positions[key]))
            notional += held
            bound += held / row.leverage_cap
    if equity <= 0 or bound > equity:
        cap = notional / bound
        return f"notional {notional:,.2f} over collateral {equity:,.2f} would exceed the leverage cap {cap:.2f}"
    return None


GUARDS: tuple[tuple[str, Guard], ...] = (
    ("number", finite),
    ("sign", sign),
    ("price-collar", collar),
    ("paused", paused),
    ("growth", growth),
    ("allowlist", allowlist),
    ("expiry", expiry),
    ("in-transit", transit),
    ("order-notional", order_notional),
    ("hourly", hourly),
    ("over-hedge", over_hedge),
    ("over-hedge-together", over_hedge_together),
    ("leverage", leverage),
)
