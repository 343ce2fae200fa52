"""The Venue of a dry run: the real market, read only, and a simulated account that trades against it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.domain.account import (
    Balance,
    Book,
    Candle,
    Fill,
    ForcedClosure,
    FundingRate,
    IncomeEntry,
    KeyRights,
    LeverageBracket,
    MarginAccount,
    MarginMode,
    Mark,
    Order,
    Position,
    PositionMode,
    Price,
    Side,
    SymbolSettings,
    Transfer,
    Wallet,
)
from bot.domain.errors import AlreadyExists, Refused, Unavailable
from bot.domain.history import ImpliedVolatility
from bot.domain.instrument import Instrument
from bot.domain.ports import AccountReader, ImpliedReader, MarketReader
from bot.sim.catching_up import bring_up_to_now
from bot.sim.engine import Engine
from bot.sim.model import Rejected, WalletName
from bot.sim.shadow_account import ACCOUNT, Memory, ShadowAccount, forced_of
from bot.sim.shadow_market import (
    brackets_of,
    cautious_tiers,
    fill_of,
    income_of,
    listing_of,
    order_of,
    refused,
    standing_remarks,
    tiers_of,
    transfer_of,
    with_book,
)
from bot.sim.shadow_views import balances_of, follow_wallets, margins_of, positions_of

ZERO = Decimal(0)
TAKER_FEE = Decimal("0.0005")
BOOK_LEVELS = 100
WALLETS: tuple[WalletName, ...] = ("spot", "funding")
SIMULATED: Mapping[Wallet, WalletName] = {Wallet.SPOT: "spot", Wallet.FUNDING: "funding", Wallet.FUTURES: "futures"}
NO_KEY = KeyRights(read=None, trade_futures=None, transfer=None, withdraw=None, ip_restricted=None)


class ShadowVenue:
    """Implements `bot.domain.ports.Venue`. Nothing here can send a write: `reader` is asked for public data only.

    `real` reads the balances and tiers of a real account; positions, margin and orders stay simulated.
    `memory` keeps the simulated account between runs; `balances` is what it begins with on its spot wallet.
    """

    def __init__(
        self,
        *,
        reader: MarketReader,
        memory: Memory,
        balances: Mapping[str, Decimal],
        taker_fee: Decimal = TAKER_FEE,
        real: AccountReader | None = None,
    ) -> None:
        self._reader, self._real = reader, real
        self._memory, self._balances = memory, {} if real else dict(balances)
        self._taker_fee = taker_fee
        self._opened: ShadowAccount | None = None
        self._turn = asyncio.Lock()
        self._standing = standing_remarks(reader.id, has_key=real is not None)

    def __repr__(self) -> str:
        return f"<ShadowVenue {self.id}>"

    @property
    def id(self) -> str:
        """The ccxt id of the exchange whose market is read."""
        return self._reader.id

    @property
    def settle_after_s(self) -> float:
        """Nothing is ever under way in a simulation."""
        return 0.0

    def remarks(self) -> tuple[str, ...]:
        """What befell the account since last asked, and, the first time, what is simulated and how."""
        new: list[str] = []
        if self._opened is not None:
            new, self._opened.notes = self._opened.notes, []
        standing, self._standing = self._standing, ()
        return (*new, *standing)

    async def connect(self) -> None:
        """Connect the reader and open the simulated account. Raises: Unavailable, JournalError."""
        try:
            await self._reader.connect()
        except Unavailable as error:
            raise Unavailable(
                f"{error} A dry run reads the public market: check that this machine reaches {self.id} (internet, DNS, "
                "firewall, country), or rehearse without a network on `ballast localnet`."
            ) from None
        if self._opened is None:
            self._opened = ShadowAccount.open(self.id, self._memory, self._balances, self._reader.now())

    async def close(self) -> None:
        """Release every socket."""
        await self._reader.close()

    def now(self) -> datetime:
        """The venue's time as far as we know."""
        return self._reader.now()

    async def time(self) -> datetime:
        """The venue's own time."""
        return await self._reader.time()

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        """The real instruments; what is listed there is listed in the simulation."""
        found = await self._reader.instruments(assets, held)
        for row in found:
            known = self._engine.listings.get(("linear", row.symbol))
            tiers = known.tiers if known and self._real else cautious_tiers(row.base)
            listing = listing_of(row, tiers, self._taker_fee)
            if listing != known:
                self._engine.list_market(listing)
        return found

    def doubt_rules(self) -> None:
        """Have the real rules read anew."""
        self._reader.doubt_rules()

    async def marks(self, symbols: Iterable[str]) -> tuple[Mark, ...]:
        """Mark and index prices."""
        return await self._reader.marks(symbols)

    async def prices(self, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
        """Spot mid prices."""
        return await self._reader.prices(assets, quote)

    async def funding(self, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
        """The coming funding payments."""
        return await self._reader.funding(symbols)

    async def book(self, symbol: str, levels: int) -> Book:
        """The visible order book."""
        return await self._reader.book(symbol, levels)

    async def candles(self, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Closed bars, oldest first."""
        return await self._reader.candles(symbol, step_s, since, until)

    async def funding_history(self, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """Settled funding rates, oldest first."""
        return await self._reader.funding_history(symbol, since)

    async def implied_volatility(self, asset: str) -> ImpliedVolatility | None:
        """The venue's index of implied volatility, where it publishes one."""
        return await self._reader.implied_volatility(asset) if isinstance(self._reader, ImpliedReader) else None

    async def balances(self) -> tuple[Balance, ...]:
        """Simulated spot and funding wallets; with a key the real ones, less what was moved in the simulation."""
        if self._real is not None:
            there, margins = await asyncio.gather(self._real.balances(), self._real.margin_accounts())
            self._account.follow_collateral({row.currency: row.wallet for row in margins})
            follow_wallets(self._account, there)
        return balances_of(self._account)

    async def margin_accounts(self) -> tuple[MarginAccount, ...]:
        """Simulated collateral at the marks just read."""
        await self._sync()
        return margins_of(self._account)

    async def positions(self, symbols: Iterable[str]) -> tuple[Position, ...]:
        """Simulated positions at the marks just read."""
        del symbols
        await self._sync()
        return positions_of(self._account)

    async def settings(self, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]:
        """Simulated leverage and margin mode."""
        found = []
        for symbol in dict.fromkeys(symbols):
            await self._listed(symbol)
            setup = self._engine.setup(ACCOUNT, symbol)
            mode = MarginMode.ISOLATED if setup.isolated else MarginMode.CROSS
            row = SymbolSettings(venue=self.id, symbol=symbol, leverage=Decimal(setup.leverage), margin_mode=mode)
            found.append(row)
        return tuple(found)

    async def position_mode(self) -> PositionMode:
        """Always one-way."""
        return PositionMode.ONE_WAY

    async def brackets(self, symbols: Iterable[str]) -> dict[str, tuple[LeverageBracket, ...]]:
        """The tiers the simulation liquidates by: the venue's own with a key, cautious ones without."""
        wanted = tuple(dict.fromkeys(symbols))
        for symbol in wanted:
            await self._listed(symbol)
        if self._real is not None:
            for symbol, rows in (await self._real.brackets(wanted)).items():
                listing = self._engine.listings[("linear", symbol)]
                self._engine.list_market(replace(listing, tiers=tiers_of(rows)))
        return {symbol: brackets_of(self._engine.listings[("linear", symbol)].tiers) for symbol in wanted}

    async def open_orders(self, symbols: Iterable[str]) -> tuple[Order, ...]:
        """Simulated resting orders; immediate-or-cancel orders leave none."""
        del symbols
        return tuple(order_of(self.id, row) for row in self._engine.open_orders(ACCOUNT, "linear"))

    async def order_by_client_id(self, symbol: str, client_id: str) -> Order | None:
        """The simulated order under our client id."""
        found = self._engine.find_order(ACCOUNT, "linear", symbol, client_id=client_id)
        return None if found is None else order_of(self.id, found)

    async def fills(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        """Simulated trades."""
        await self._listed(symbol)
        return tuple(fill_of(self.id, row) for row in self._engine.trades(ACCOUNT, "linear", symbol, since))

    async def transfers(self, since: datetime) -> tuple[Transfer, ...]:
        """Simulated movements between wallets."""
        return tuple(transfer_of(self.id, row) for row in self._engine.transfers(ACCOUNT, since))

    async def income(self, since: datetime) -> tuple[IncomeEntry, ...]:
        """Simulated bookings on the futures wallet."""
        await self._sync()
        return tuple(income_of(self.id, row) for row in self._engine.income(ACCOUNT, since))

    async def forced_closures(self, since: datetime) -> tuple[ForcedClosure, ...]:
        """What the simulated exchange closed by itself."""
        await self._sync()
        return forced_of(self.id, self._engine, since)

    async def key_rights(self) -> KeyRights:
        """Rights of the key that reads the real balances; unknown without one."""
        return NO_KEY if self._real is None else await self._real.key_rights()

    async def place_order(
        self, *, symbol: str, side: Side, amount: Decimal, limit_price: Decimal, reduce_only: bool, client_id: str
    ) -> Order:
        """Fill against the real book as it is now; what it does not hold within the limit expires."""
        await self._listed(symbol)
        await self._sync(symbol)
        book = await self._reader.book(symbol, BOOK_LEVELS)
        async with self._turn:
            engine = self._engine
            bare = engine.quote("linear", symbol)
            engine.advance(engine.now, {("linear", symbol): with_book(bare, book)})
            try:
                order = engine.place(
                    ACCOUNT,
                    market="linear",
                    symbol=symbol,
                    side="buy" if side is Side.BUY else "sell",
                    order_type="LIMIT",
                    amount=amount,
                    price=limit_price,
                    time_in_force="IOC",
                    reduce_only=reduce_only,
                    client_id=client_id,
                )
            except Rejected as no:
                if no.reason == "duplicate_client_id":
                    raise AlreadyExists(f"the simulated {self.id} holds an order {client_id} already") from None
                raise refused(self.id, no) from None
            finally:
                engine.advance(engine.now, {("linear", symbol): bare})
            self._account.keep()
        return order_of(self.id, order)

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        """Cancel a simulated order."""
        try:
            self._engine.cancel(ACCOUNT, "linear", symbol, client_id=client_id)
        except Rejected as no:
            raise refused(self.id, no) from None
        self._account.keep()

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set the simulated leverage."""
        await self._listed(symbol)
        await self._sync(symbol)
        try:
            self._engine.set_leverage(ACCOUNT, symbol, leverage)
        except Rejected as no:
            raise refused(self.id, no) from None
        self._account.keep()

    async def set_margin_mode(self, symbol: str, margin_mode: MarginMode) -> None:
        """Set the simulated margin mode; "already so" counts as success."""
        await self._listed(symbol)
        try:
            self._engine.set_isolated(ACCOUNT, symbol, margin_mode is MarginMode.ISOLATED)
        except Rejected as no:
            if no.reason != "no_need_to_change":
                raise refused(self.id, no) from None
        self._account.keep()

    async def transfer(self, *, currency: str, amount: Decimal, source: Wallet, target: Wallet) -> str:
        """Move simulated collateral."""
        origin, goal = SIMULATED.get(source), SIMULATED.get(target)
        if origin is None or goal is None:
            raise Refused(f"{self.id}: a dry run simulates no coin-margined wallet; nothing was moved", code="dry-run")
        await self._sync()
        try:
            done = self._engine.transfer(ACCOUNT, currency, amount, origin, goal)
        except Rejected as no:
            raise refused(self.id, no) from None
        self._account.keep()
        return str(done.id)

    @property
    def _account(self) -> ShadowAccount:
        if self._opened is None:
            raise Unavailable(f"{self.id} is not connected yet. Nothing was done.")
        return self._opened

    @property
    def _engine(self) -> Engine:
        return self._account.engine

    async def _sync(self, *symbols: str) -> None:
        """Let the simulated account live up to now, one caller at a time."""
        async with self._turn:
            await bring_up_to_now(self._account, self._reader, symbols)

    async def _listed(self, symbol: str) -> None:
        if ("linear", symbol) not in self._engine.listings:
            await self.instruments({symbol.split("/", 1)[0]})
        if ("linear", symbol) not in self._engine.listings:
            raise Refused(f"{self.id} lists no {symbol}. Nothing was done.", code="unknown_symbol")
