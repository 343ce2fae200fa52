"""Builders of domain values with sensible defaults; a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.domain.account import (
    Balance,
    Book,
    BookLevel,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Mark,
    Position,
    Price,
    SymbolSettings,
    Wallet,
)
from bot.domain.hedge import Target
from bot.domain.instrument import Instrument, MarketKind
from bot.domain.snapshot import Holding, Snapshot, VenueView
from bot.execution.planner import MarketDetail, OrderRule
from bot.policy.pace import Band
from bot.policy.place import Direct
from bot.policy.policy import Policy, SizeRule
from bot.policy.size import StaticRatio
from bot.risk.autopilot import MarginLimits
from bot.risk.caps import CapRule, Caps
from bot.risk.check import RiskLimits
from bot.risk.collateral import CollateralRule
from bot.upkeep import Mind

NOW = datetime(2025, 1, 6, tzinfo=UTC)
VENUE = "binance"
BTC = "BTC/USDT:USDT"
ETH = "ETH/USDT:USDT"


def d(text: str | int) -> Decimal:
    return Decimal(text)


def instrument(asset: str = "BTC", *, step: str = "0.001", notional_min: str = "100") -> Instrument:
    return Instrument(
        venue=VENUE,
        symbol=f"{asset}/USDT:USDT",
        kind=MarketKind.LINEAR_PERPETUAL,
        base=asset,
        quote="USDT",
        settle="USDT",
        contract_size=d(1),
        amount_step=d(step),
        amount_min=d(step),
        amount_max=d(1000),
        price_tick=d("0.1"),
        notional_min=d(notional_min),
    )


def mark(asset: str = "BTC", price: str = "60000", *, at: datetime = NOW) -> Mark:
    return Mark(venue=VENUE, symbol=f"{asset}/USDT:USDT", mark_price=d(price), index_price=d(price), at=at)


def position(
    asset: str = "BTC",
    amount: str = "-0.5",
    *,
    price: str = "60000",
    liquidation: str | None = None,
    isolated: str | None = None,
    updated_at: datetime | None = NOW,
) -> Position:
    return Position(
        venue=VENUE,
        symbol=f"{asset}/USDT:USDT",
        amount=d(amount),
        entry_price=d(price),
        mark_price=d(price),
        liquidation_price=d(liquidation) if liquidation else None,
        unrealised_pnl=d(0),
        margin_mode=MarginMode.CROSS if isolated is None else MarginMode.ISOLATED,
        leverage=None,
        isolated_margin=d(isolated or 0),
        updated_at=updated_at,
    )


def margin(equity: str = "20000", *, maintenance: str = "0", initial: str = "0") -> MarginAccount:
    return MarginAccount(
        venue=VENUE,
        currency="USDT",
        wallet=d(equity),
        unrealised_pnl=d(0),
        initial=d(initial),
        maintenance=d(maintenance),
        withdrawable=d(equity),
    )


def spot(asset: str = "USDT", amount: str = "50000") -> Balance:
    return Balance(venue=VENUE, wallet=Wallet.SPOT, asset=asset, total=d(amount), free=d(amount))


BRACKETS = (
    LeverageBracket(
        notional_floor=d(0),
        notional_cap=d(10_000_000),
        maintenance_rate=d("0.01"),
        maintenance_deduction=d(0),
        leverage_max=d(50),
    ),
)


def view(
    *,
    instruments: tuple[Instrument, ...] = (instrument(),),
    marks: tuple[Mark, ...] = (mark(),),
    positions: tuple[Position, ...] = (),
    margins: tuple[MarginAccount, ...] = (margin(),),
    balances: tuple[Balance, ...] = (),
) -> VenueView:
    return VenueView(
        venue=VENUE,
        at=NOW,
        instruments=instruments,
        balances=balances,
        margins=margins,
        positions=positions,
        marks=marks,
        funding=(),
        settings=(),
        open_orders=(),
        brackets={row.symbol: BRACKETS for row in instruments},
    )


def snapshot(shown: VenueView | None = None, *holdings: tuple[str, str]) -> Snapshot:
    shown = shown or view()
    prices = {
        row.symbol.split("/")[0]: Price(asset=row.symbol.split("/")[0], price=row.index_price, source="index", at=NOW)
        for row in shown.marks
    }
    owned = holdings or (("BTC", "1"),)
    return Snapshot(
        at=NOW,
        holdings=tuple(Holding(asset=asset, amount=d(amount), source="binance spot") for asset, amount in owned),
        prices=prices,
        venues=(shown,),
    )


def target(asset: str = "BTC", amount: str = "0.5", *, price: str = "60000", cap: str = "2") -> Target:
    return Target(
        venue=VENUE,
        symbol=f"{asset}/USDT:USDT",
        asset=asset,
        short_notional=d(amount) * d(price),
        amount=d(amount),
        leverage_cap=d(cap),
        reasons=("wanted",),
    )


def book(asset: str = "BTC", price: str = "60000", *, depth: str = "100") -> Book:
    middle = d(price)
    return Book(
        venue=VENUE,
        symbol=f"{asset}/USDT:USDT",
        bids=(BookLevel(price=middle - d("0.1"), amount=d(depth)),),
        asks=(BookLevel(price=middle + d("0.1"), amount=d(depth)),),
        at=NOW,
    )


def settings(asset: str = "BTC", *, leverage: str = "2", mode: MarginMode = MarginMode.CROSS) -> SymbolSettings:
    return SymbolSettings(venue=VENUE, symbol=f"{asset}/USDT:USDT", leverage=d(leverage), margin_mode=mode)


def detail(*assets: str, depth: str = "100", leverage: str = "2", prices: dict[str, str] | None = None) -> MarketDetail:
    names = assets or ("BTC",)
    price = prices or {}
    return MarketDetail(
        books={(VENUE, f"{name}/USDT:USDT"): book(name, price.get(name, "60000"), depth=depth) for name in names},
        settings={(VENUE, f"{name}/USDT:USDT"): settings(name, leverage=leverage) for name in names},
    )


def order_rule(*, order_notional_max: str = "25000", book_share_max: str = "1", protective: bool = False) -> OrderRule:
    return OrderRule(
        slippage_max=d("0.003"),
        book_share_max=d(book_share_max),
        order_notional_max=d(order_notional_max),
        margin_mode=MarginMode.CROSS,
        protective=protective,
    )


def risk_limits() -> RiskLimits:
    return RiskLimits(
        leverage_cap=d(2),
        hedge_ratio_max=d(1),
        order_notional_max=d(25_000),
        order_notional_per_hour_max=d(250_000),
        orders_per_hour_max=30,
        slippage_max=d("0.003"),
    )


def margin_limits(*, cap: str = "2") -> MarginLimits:
    return MarginLimits(distance_min=d("0.30"), caps=CapRule(leverage_max=d(cap)))


def caps(*, limit: str = "2", **volatility: float) -> Caps:
    return Caps(rule=margin_limits(cap=limit).caps, volatility=volatility)


def collateral_rule(
    *, transfers: bool = True, reserve: str = "0", buffer: str = "0.10", worth: str = "1"
) -> CollateralRule:
    return CollateralRule(
        currency="USDT", buffer=d(buffer), spot_reserve=d(reserve), transfers_allowed=transfers, worth=d(worth)
    )


def policy(size: SizeRule | None = None, *, cooldown_s: float = 0) -> Policy:
    return Policy(
        quote="USDT",
        stablecoins=frozenset({"USDT", "USDC"}),
        leverage_cap=d(2),
        size=size or StaticRatio(ratio=d("0.5"), leverage_cap=d(2)),
        adjust=(),
        place=Direct(venue=VENUE),
        pace=Band(outer=d("0.05"), inner=d("0.02"), hedge_ratio_max=d(1), cooldown_s=cooldown_s),
    )


def mind() -> Mind:
    """Everything the user decided, as these builders have it."""
    return Mind(
        policy=policy(),
        limits=risk_limits(),
        margin=margin_limits(),
        orders=order_rule(),
        collateral={VENUE: collateral_rule()},
    )


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def with_position(shown: VenueView, *positions: Position) -> VenueView:
    return replace(shown, positions=positions)
