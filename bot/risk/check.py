"""The gate between a plan and the world: guards look at one intent each and refuse with a reason or stay silent.

`check` is the only maker of an `ApprovedPlan`, and the executor accepts nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.account import ZERO, Side
from bot.domain.instrument import Instrument
from bot.domain.intent import Intent, LeverageIntent, OrderIntent, Plan, Refusal, TransferIntent

_SEAL = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """The user's limits. Units: notionals in quote currency, ratios and collars as fractions."""

    leverage_cap: Decimal
    hedge_ratio_max: Decimal
    order_notional_max: Decimal
    order_notional_per_hour_max: Decimal
    orders_per_hour_max: int
    slippage_max: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one symbol stands when the plan is checked. Units: amounts in base units, notionals in quote currency.

    `position` is signed; `unresolved` counts sells that may have been executed but are not settled; `owned` is what
    the portfolio holds of the asset.
    """

    instrument: Instrument
    mark_price: Decimal
    position: Decimal
    unresolved: Decimal
    owned: Decimal
    leverage_set: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Everything the guards may look at, beside the intent itself.

    `equity` is the collateral by venue before the plan; `orders_last_hour` and `notional_last_hour` count every order
    that was sent, whatever became of it.
    """

    limits: RiskLimits
    standings: Mapping[tuple[str, str], Standing]
    equity: Mapping[str, Decimal]
    paused: str | None
    halted: str | None
    growth_blocked: str | None
    orders_last_hour: int
    notional_last_hour: Decimal


class ApprovedPlan:
    """A plan that passed every guard; only `check` can make one."""

    __slots__ = ("intents",)

    def __init__(self, intents: tuple[Intent, ...], *, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("an ApprovedPlan comes from risk.check alone")
        self.intents = intents


@dataclass(slots=True)
class _Running:
    """What the intents approved so far would have done, so that a plan is judged as a whole."""

    positions: dict[tuple[str, str], Decimal]
    equity: dict[str, Decimal]
    leverage_set: dict[tuple[str, str], Decimal | None]
    orders: int
    notional: Decimal
    bought: dict[tuple[str, str], Decimal] = field(default_factory=dict)


Guard = Callable[[OrderIntent, Standing, Circumstances, _Running], str | None]


def check(plan: Plan, circumstances: Circumstances) -> tuple[ApprovedPlan, tuple[Refusal, ...]]:
    """Pass what every guard lets through, in order, and name every refusal."""
    running = _Running(
        positions={key: row.position - row.unresolved for key, row in circumstances.standings.items()},
        equity=dict(circumstances.equity),
        leverage_set={key: row.leverage_set for key, row in circumstances.standings.items()},
        orders=circumstances.orders_last_hour,
        notional=circumstances.notional_last_hour,
    )
    approved: list[Intent] = []
    refusals: list[Refusal] = []
    for intent in plan.intents:
        refusal = _judge(intent, circumstances, running)
        if refusal is None:
            approved.append(intent)
            _count(intent, circumstances, running)
        else:
            refusals.append(refusal)
    return ApprovedPlan(tuple(approved), seal=_SEAL), tuple(refusals)


def _judge(intent: Intent, circumstances: Circumstances, running: _Running) -> Refusal | None:
    if circumstances.halted is not None and not _protects(intent):
        return Refusal(intent_id=intent.id, guard="halted", reason=circumstances.halted)
    if not isinstance(intent, OrderIntent):
        if circumstances.paused is not None and not _protects(intent):
            return Refusal(intent_id=intent.id, guard="paused", reason=circumstances.paused)
        return None
    standing = circumstances.standings.get((intent.venue, intent.symbol))
    if standing is None:
        reason = f"{intent.symbol} is not one of the instruments this portfolio may trade"
        return Refusal(intent_id=intent.id, guard="allowlist", reason=reason)
    for name, guard in GUARDS:
        reason_or_none = guard(intent, standing, circumstances, running)
        if reason_or_none is not None:
            return Refusal(intent_id=intent.id, guard=name, reason=reason_or_none)
    return None


def _protects(intent: Intent) -> bool:
    if isinstance(intent, OrderIntent):
        return intent.reduce_only
    return isinstance(intent, TransferIntent) and intent.protective


def _count(intent: Intent, circumstances: Circumstances, running: _Running) -> None:
    key = (intent.venue, getattr(intent, "symbol", ""))
    if isinstance(intent, OrderIntent):
        sign = -1 if intent.side is Side.SELL else 1
        running.positions[key] += sign * intent.amount
        running.orders += 1
        if intent.side is Side.BUY:
            running.bought[key] = running.bought.get(key, ZERO) + intent.amount
        running.notional += intent.amount * circumstances.standings[key].mark_price
    elif isinstance(intent, LeverageIntent):
        running.leverage_set[key] = Decimal(intent.leverage)
    elif isinstance(intent, TransferIntent):
        sign = 1 if intent.target.value == "futures" else -1
        running.equity[intent.venue] = running.equity.get(intent.venue, ZERO) + sign * intent.amount


def _sign(intent: OrderIntent, standing: Standing, _: Circumstances, running: _Running) -> str | None:
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


def _finite(intent: OrderIntent, standing: Standing, _: Circumstances, __: _Running) -> str | None:
    """Numbers are numbers, on the venue's grid."""
    if not (intent.amount.is_finite() and intent.limit_price.is_finite() and standing.mark_price.is_finite()):
        return "amount, limit price or mark price is not a number"
    if standing.instrument.floor_amount(intent.amount) != intent.amount:
        return f"{intent.amount} is not a multiple of the lot step {standing.instrument.amount_step}"
    return None


def _collar(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: _Running) -> str | None:
    """The limit price stays near the mark."""
    collar = circumstances.limits.slippage_max * (10 if intent.protective else 2)
    away = abs(intent.limit_price / standing.mark_price - 1)
    if away > collar:
        return f"limit {intent.limit_price} is {away:.2%} from the mark {standing.mark_price}, allowed are {collar:.2%}"
    return None


def _paused(intent: OrderIntent, _: Standing, circumstances: Circumstances, __: _Running) -> str | None:
    """A pause stops new risk, never protection."""
    return None if intent.reduce_only else circumstances.paused


def _growth(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: _Running) -> str | None:
    """No short grows while the margin needs care or an earlier order is unsettled."""
    if intent.reduce_only:
        return None
    if standing.unresolved > 0:
        return f"an earlier sell of {standing.unresolved} is not settled yet"
    return circumstances.growth_blocked


def _order_notional(intent: OrderIntent, standing: Standing, circumstances: Circumstances, _: _Running) -> str | None:
    """One order is never larger than the limit."""
    notional = intent.amount * standing.mark_price
    limit = circumstances.limits.order_notional_max
    if notional > limit and not intent.protective:
        return f"order of {notional:,.2f} is above risk.order_notional_max = {limit:,.2f}"
    return None


def _rate(intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: _Running) -> str | None:
    """Orders and notional per hour are limited; protection is not."""
    if intent.protective:
        return None
    limits = circumstances.limits
    if running.orders >= limits.orders_per_hour_max:
        return f"{running.orders} orders in the last hour, risk.orders_per_hour_max = {limits.orders_per_hour_max}"
    notional = running.notional + intent.amount * standing.mark_price
    if notional > limits.order_notional_per_hour_max:
        return (
            f"{notional:,.2f} traded in the last hour with this order, "
            f"risk.order_notional_per_hour_max = {limits.order_notional_per_hour_max:,.2f}"
        )
    return None


def _over_hedge(intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: _Running) -> str | None:
    """The short stays within what is owned, over all instruments of the asset, unsettled orders included."""
    if intent.side is not Side.SELL:
        return None
    asset = standing.instrument.base
    short = ZERO
    for key, row in circumstances.standings.items():
        if row.instrument.base == asset:
            short += max(ZERO, -running.positions[key])
    allowed = standing.owned * circumstances.limits.hedge_ratio_max
    if short + intent.amount > allowed:
        return f"the short would be {short + intent.amount} {asset}, allowed are {allowed} of {standing.owned} owned"
    return None


def _leverage(intent: OrderIntent, standing: Standing, circumstances: Circumstances, running: _Running) -> str | None:
    """Effective leverage after the order stays under the cap, and the venue's own figure is known before it."""
    if intent.side is not Side.SELL:
        return None
    if running.leverage_set.get((intent.venue, intent.symbol)) is None:
        return "the leverage set at the venue was not read back"
    equity = running.equity.get(intent.venue, ZERO)
    notional = intent.amount * standing.mark_price
    for key, row in circumstances.standings.items():
        if key[0] == intent.venue:
            notional += abs(running.positions[key]) * row.mark_price
    cap = circumstances.limits.leverage_cap
    if equity <= 0 or notional > equity * cap:
        return f"notional {notional:,.2f} over collateral {equity:,.2f} would exceed the leverage cap {cap}"
    return None


GUARDS: tuple[tuple[str, Guard], ...] = (
    ("number", _finite),
    ("sign", _sign),
    ("price-collar", _collar),
    ("paused", _paused),
    ("growth", _growth),
    ("order-notional", _order_notional),
    ("hourly", _rate),
    ("over-hedge", _over_hedge),
    ("leverage", _leverage),
)
