"""An honest small venue in memory, scriptable in what it tells; not a mock: it has a position and keeps to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.account import (
    Balance,
    Book,
    Fill,
    ForcedClosure,
    FundingRate,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Mark,
    NamedOrder,
    Order,
    OrderStatus,
    Position,
    PositionMode,
    Price,
    Side,
    SymbolSettings,
    Transfer,
    Wallet,
)
from bot.domain.instrument import Instrument
from tests.builders import BRACKETS, BTC, NOW, VENUE, book, instrument


class ManualClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeVenue:
    """One account with one BTC perpetual. `on_order` may raise before or after the order is carried out."""

    clock: ManualClock
    id: str = VENUE
    settle_after_s: float = 10.0
    price: Decimal = Decimal(60_000)
    position: Decimal = Decimal(0)
    moved_at: datetime = NOW
    spot_btc: Decimal = Decimal(1)
    spot_usdt: Decimal = Decimal(50_000)
    futures_usdt: Decimal = Decimal(0)
    leverage: Decimal = Decimal(20)
    leverage_sticks: bool = True
    mode: PositionMode = PositionMode.ONE_WAY
    fill_share: Decimal = Decimal(1)
    before_order: Callable[[str], None] = lambda _client_id: None
    after_order: Callable[[str], None] = lambda _client_id: None
    before_read: Callable[[str], None] = lambda _name: None
    shown_position: Decimal | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    forced: list[ForcedClosure] = field(default_factory=list)
    moved: list[Transfer] = field(default_factory=list)
    trades: list[Fill] = field(default_factory=list)

    async def connect(self) -> None:
        self.before_read("connect")

    async def close(self) -> None:
        return None

    def now(self) -> datetime:
        return self.clock.now()

    async def time(self) -> datetime:
        return self.now()

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        return (instrument(),) if "BTC" in assets else ()

    def doubt_rules(self) -> None:
        return None

    async def marks(self, symbols: Iterable[str]) -> tuple[Mark, ...]:
        self.before_read("marks")
        now = self.now()
        return tuple(
            Mark(venue=VENUE, symbol=row, mark_price=self.price, index_price=self.price, at=now) for row in symbols
        )

    async def prices(self, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
        self.before_read("prices")
        return ()

    async def funding(self, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
        self.before_read("funding")
        return ()

    async def book(self, symbol: str, levels: int) -> Book:
        return book(price=str(self.price))

    async def balances(self) -> tuple[Balance, ...]:
        self.before_read("balances")
        rows = (("BTC", self.spot_btc), ("USDT", self.spot_usdt))
        return tuple(
            Balance(venue=VENUE, wallet=Wallet.SPOT, asset=asset, total=total, free=total) for asset, total in rows
        )

    async def margin_accounts(self) -> tuple[MarginAccount, ...]:
        used = abs(self.position) * self.price
        return (
            MarginAccount(
                venue=VENUE,
                currency="USDT",
                wallet=self.futures_usdt,
                unrealised_pnl=Decimal(0),
                initial=used / 2,
                maintenance=used / 100,
                withdrawable=self.futures_usdt,
            ),
        )

    async def positions(self, symbols: Iterable[str]) -> tuple[Position, ...]:
        self.before_read("positions")
        amount = self.position if self.shown_position is None else self.shown_position
        if amount == 0:
            return ()
        return (
            Position(
                venue=VENUE,
                symbol=BTC,
                amount=amount,
                entry_price=self.price,
                mark_price=self.price,
                liquidation_price=None,
                unrealised_pnl=Decimal(0),
                margin_mode=MarginMode.CROSS,
                leverage=None,
                isolated_margin=Decimal(0),
                updated_at=self.moved_at,
            ),
        )

    async def settings(self, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]:
        return tuple(
            SymbolSettings(venue=VENUE, symbol=symbol, leverage=self.leverage, margin_mode=MarginMode.CROSS)
            for symbol in symbols
        )

    async def position_mode(self) -> PositionMode:
        return self.mode

    async def brackets(self, symbols: Iterable[str]) -> dict[str, tuple[LeverageBracket, ...]]:
        return dict.fromkeys(symbols, BRACKETS)

    async def open_orders(self, symbols: Iterable[str]) -> tuple[Order, ...]:
        return ()

    async def order_by_client_id(self, symbol: str, client_id: str) -> Order | None:
        self.before_read("order")
        return self.orders.get(client_id)

    async def named_orders(self, symbol: str) -> tuple[NamedOrder, ...]:
        self.before_read("named")
        rows = [row for row in self.orders.values() if row.symbol == symbol]
        return tuple(
            NamedOrder(venue=VENUE, symbol=symbol, client_id=name, at=row.at or NOW)
            for row in rows
            if (name := row.client_id)
        )

    async def fills(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        return tuple(row for row in self.trades if row.at >= since)

    async def transfers(self, since: datetime) -> tuple[Transfer, ...]:
        return tuple(row for row in self.moved if row.at >= since)

    async def forced_closures(self, since: datetime) -> tuple[ForcedClosure, ...]:
        self.before_read("forced")
        return tuple(row for row in self.forced if row.at >= since)

    async def place_order(
        self, *, symbol: str, side: Side, amount: Decimal, limit_price: Decimal, reduce_only: bool, client_id: str
    ) -> Order:
        self.before_order(client_id)
        filled = min(amount * self.fill_share, -self.position) if reduce_only else amount * self.fill_share
        self.position += filled if side is Side.BUY else -filled
        self.moved_at = self.now()
        order = Order(
            venue=VENUE,
            symbol=symbol,
            order_id=str(len(self.orders) + 1),
            client_id=client_id,
            side=side,
            amount=amount,
            filled=filled,
            average_price=self.price,
            status=OrderStatus.CLOSED if filled == amount else OrderStatus.CANCELED,
            reduce_only=reduce_only,
            at=self.now(),
        )
        self.orders[client_id] = order
        self.trades.append(
            Fill(
                venue=VENUE,
                symbol=symbol,
                trade_id=order.order_id,
                order_id=order.order_id,
                side=side,
                amount=filled,
                price=self.price,
                fee=Decimal("0.5"),
                fee_currency="USDT",
                at=self.now(),
            )
        )
        self.after_order(client_id)
        return order

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        self.orders[client_id] = replace(self.orders[client_id], status=OrderStatus.CANCELED)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        if self.leverage_sticks:
            self.leverage = Decimal(leverage)

    async def set_margin_mode(self, symbol: str, margin_mode: MarginMode) -> None:
        return None

    async def transfer(self, *, currency: str, amount: Decimal, source: Wallet, target: Wallet) -> str:
        self.before_read("transfer")
        self.spot_usdt -= amount
        self.futures_usdt += amount
        self.moved.append(
            Transfer(
                venue=VENUE,
                transfer_id=str(len(self.moved) + 1),
                currency=currency,
                amount=amount,
                source=source,
                target=target,
                at=self.now(),
                done=True,
            )
        )
        return str(len(self.moved))
