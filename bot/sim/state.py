"""What the simulated exchange remembers, and the few questions every part of the engine asks of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from bot.sim.cash import Cash, Purse
from bot.sim.model import (
    WALLET_OF,
    LedgerEvent,
    Listing,
    MarketType,
    Quote,
    Rejected,
    SideName,
    SimOrder,
    SimPosition,
    SimTrade,
    SymbolSetup,
    WalletName,
)
from bot.sim.reasons import Reason

MarketKey = tuple[MarketType, str]
HeldMarks = tuple[tuple[str, Decimal], ...]
IncomeKind = Literal["FUNDING_FEE", "COMMISSION", "REALIZED_PNL", "TRANSFER", "INSURANCE_CLEAR", "DELIVERY"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimTransfer:
    """A movement between two wallets of one account."""

    id: int
    asset: str
    amount: Decimal
    source: WalletName
    target: WalletName
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SimIncome:
    """One booking on a futures wallet. Signs: + received, - paid."""

    id: int
    kind: IncomeKind
    symbol: str
    amount: Decimal
    currency: str
    at: datetime
    wallet: WalletName = "futures"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimFunding:
    """One settled funding rate of a perpetual."""

    symbol: str
    rate: Decimal
    mark_price: Decimal
    at: datetime


@dataclass(slots=True)
class AccountState:
    """All that belongs to one account except its money."""

    name: str
    hedge_mode: bool = False
    hedge_mode_inverse: bool = False  # coin-margined contracts have a position mode of their own
    positions: dict[str, SimPosition] = field(default_factory=dict)
    setups: dict[str, SymbolSetup] = field(default_factory=dict)
    orders: dict[int, SimOrder] = field(default_factory=dict)
    open: dict[int, SimOrder] = field(default_factory=dict)
    by_client_id: dict[tuple[MarketType, str, str], int] = field(default_factory=dict)
    orders_of: dict[MarketKey, list[SimOrder]] = field(default_factory=dict)
    trades_of: dict[MarketKey, list[SimTrade]] = field(default_factory=dict)
    incomes: list[SimIncome] = field(default_factory=list)
    transfers: list[SimTransfer] = field(default_factory=list)

    def hedged(self, market: MarketType) -> bool:
        """Tell whether contracts of a market may be held long and short at once."""
        return self.hedge_mode_inverse if market == "inverse" else self.hedge_mode

    def purse(self, wallet: WalletName) -> Purse:
        """Name the purse of one wallet."""
        return (self.name, wallet)

    def setup(self, symbol: str) -> SymbolSetup:
        """Find leverage and margin mode of a symbol, the venue's defaults included."""
        found = self.setups.get(symbol)
        if found is None:
            found = self.setups[symbol] = SymbolSetup()
        return found

    def open_in(self, market: MarketType, symbol: str | None = None) -> list[SimOrder]:
        """List resting orders of one market, oldest first."""
        return [o for o in self.open.values() if o.market == market and (symbol is None or o.symbol == symbol)]


class State:
    """The whole exchange at one instant."""

    def __init__(self, listings: Iterable[Listing], at: datetime, *, unique_forever: bool) -> None:
        self.now = at
        self.unique_forever = unique_forever
        self.listings: dict[MarketKey, Listing] = {}
        self.contracts: dict[str, Listing] = {}  # everything but spot: one symbol, one contract
        self.cash = Cash()
        self.accounts: dict[str, AccountState] = {}
        self.quotes: dict[MarketKey, Quote] = {}
        self.eaten: dict[tuple[MarketType, str, SideName], tuple[Decimal, datetime]] = {}
        self.ledger: list[LedgerEvent] = []
        self.ledger_before = 0  # lines that were written before the ones still at hand
        self.rate_announced: dict[str, Decimal] = {}
        self.funding_interval_h: dict[str, int] = {}
        self.funding_next_at: dict[str, datetime] = {}
        self.funding_settled: dict[str, list[SimFunding]] = {}
        self.index_seen: dict[str, tuple[Decimal, Decimal]] = {}  # price x seconds, seconds, before a delivery
        self.delivered: dict[str, Decimal] = {}  # settlement prices
        self.viewed: tuple[int, HeldMarks] | None = None  # what was there when liquidations were last looked for
        self.last_id = 0
        self.funding_soonest = self.delivery_soonest = NEVER
        for item in listings:
            self.add_listing(item, next_multiple(at, item.funding_interval_h))

    def add_listing(self, item: Listing, funding_next_at: datetime) -> None:
        """List a market, or change one that is listed; the funding time counts only for a new perpetual.

        Raises: ValueError when another contract has this symbol.
        """
        self.viewed = None
        known = (item.market, item.symbol) in self.listings
        self.listings[(item.market, item.symbol)] = item
        if item.market == "spot":
            return
        if self.contracts.setdefault(item.symbol, item).market != item.market:
            raise ValueError(f"{item.symbol} is listed as another contract")
        self.contracts[item.symbol] = item
        if item.expires_at is not None:
            self.delivery_soonest = self.next_delivery()
        elif not known:
            self.funding_interval_h[item.symbol] = item.funding_interval_h
            self.funding_next_at[item.symbol] = funding_next_at
            self.funding_settled[item.symbol] = []
            self.funding_soonest = min(self.funding_soonest, funding_next_at)

    def next_delivery(self) -> datetime:
        """Find when the next dated contract falls due."""
        dates = (
            item.expires_at
            for item in self.contracts.values()
            if item.expires_at is not None and item.symbol not in self.delivered
        )
        return min(dates, default=NEVER)

    def next_id(self) -> int:
        """Count orders, trades, transfers and bookings in one row of numbers."""
        self.last_id += 1
        return self.last_id

    def record(self, kind: str, account: str = "", symbol: str = "", /, **facts: object) -> None:
        """Append one line to the exchange's own book."""
        plain = {name: format(v, "f") if isinstance(v, Decimal) else str(v) for name, v in facts.items()}
        event = LedgerEvent(
            sequence=self.ledger_before + len(self.ledger) + 1,
            at=self.now,
            kind=kind,
            account=account,
            symbol=symbol,
            facts=plain,
        )
        self.ledger.append(event)

    def account(self, name: str) -> AccountState:
        """Find an account.

        Raises: Rejected("unknown_account").
        """
        try:
            return self.accounts[name]
        except KeyError:
            raise refusal("unknown_account", name) from None

    def listing(self, market: MarketType, symbol: str) -> Listing:
        """Find a listing.

        Raises: Rejected("unknown_symbol").
        """
        try:
            return self.listings[(market, symbol)]
        except KeyError:
            raise refusal("unknown_symbol", f"{market} {symbol}") from None

    def contract(self, symbol: str) -> Listing:
        """Find a perpetual or dated contract.

        Raises: Rejected("unknown_symbol").
        """
        try:
            return self.contracts[symbol]
        except KeyError:
            raise refusal("unknown_symbol", symbol) from None

    def quote(self, market: MarketType, symbol: str) -> Quote:
        """Find the present quote.

        Raises: Rejected("unknown_symbol"), Rejected("market_closed") before the first price.
        """
        found = self.quotes.get((market, symbol))
        if found is None:
            self.listing(market, symbol)
            raise refusal("market_closed", f"{symbol} has no price yet")
        return found

    def mark(self, symbol: str) -> Decimal:
        """Find the mark price of a contract."""
        return self.quote(self.contract(symbol).market, symbol).mark

    def held_marks(self) -> HeldMarks:
        """List the marks of everything held, by symbol."""
        held = {symbol for account in self.accounts.values() for symbol in account.positions}
        return tuple((symbol, self.mark(symbol)) for symbol in sorted(held))

    def view(self) -> tuple[int, HeldMarks]:
        """Say what a liquidation depends on: how much the book has written, and the marks of what is held."""
        return self.ledger_before + len(self.ledger), self.held_marks()

    def book_income(self, account: AccountState, kind: IncomeKind, symbol: str, amount: Decimal) -> None:
        """Write a line of the account's statement for a contract; zero amounts leave no line."""
        listing = self.contracts[symbol]
        self.book_line(account, kind, symbol, (WALLET_OF[listing.market], listing.settle, amount))

    def book_line(
        self, account: AccountState, kind: IncomeKind, symbol: str, money: tuple[WalletName, str, Decimal]
    ) -> None:
        """Write a line for a wallet, a currency and an amount."""
        wallet, currency, amount = money
        if amount:
            line = SimIncome(
                id=self.next_id(), kind=kind, symbol=symbol, amount=amount, currency=currency, at=self.now,
                wallet=wallet,
            )  # fmt: skip
            account.incomes.append(line)


def forget(state: State, before: datetime) -> None:
    """Drop the ledger's lines and what ended before an instant; transfers stay, and so do money and positions."""
    state.ledger_before += len(state.ledger)
    state.ledger.clear()
    for account in state.accounts.values():
        for number in [o.order_id for o in account.orders.values() if not o.open and o.updated_at < before]:
            order = account.orders.pop(number)
            account.orders_of[(order.market, order.symbol)].remove(order)
            key = (order.market, order.symbol, order.client_id)
            if account.by_client_id.get(key) == number:
                del account.by_client_id[key]
        for trades in account.trades_of.values():
            trades[:] = [row for row in trades if row.at >= before]
        account.incomes[:] = [row for row in account.incomes if row.at >= before]
    for settled in state.funding_settled.values():
        settled[:] = [row for row in settled if row.at >= before]


def refusal(reason: Reason, detail: str = "") -> Rejected:
    """Build a refusal from the one list of words."""
    return Rejected(reason, detail)


def next_multiple(at: datetime, interval_h: int) -> datetime:
    """Find the first full funding interval of the day's grid after an instant."""
    step = timedelta(hours=interval_h)
    return EPOCH + ((at - EPOCH) // step + 1) * step
