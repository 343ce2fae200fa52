"""The live Venue: one account of one exchange, through the unmodified ccxt client."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from bot.domain.account import (
    FINAL_STATUSES,
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
    NamedOrder,
    Order,
    Position,
    PositionMode,
    Price,
    Side,
    SymbolSettings,
    Transfer,
    Wallet,
)
from bot.domain.errors import Forbidden, Refused, Unavailable
from bot.domain.history import ImpliedVolatility
from bot.domain.instrument import Instrument, MarketKind
from bot.domain.ports import Clock
from bot.exchange import public_reads, unified_public
from bot.exchange.assembly import (
    Sandbox,
    Secret,
    market_types,
    plain,
    quirks_for,
    reachable,
    reading_for,
    sandbox_beside,
)
from bot.exchange.calls import LOCAL_LIMITS, Limits
from bot.exchange.client import Credentials, build_client, environment_of
from bot.exchange.dialect import dialect_of
from bot.exchange.families import families_of
from bot.exchange.markets import AGE_MAX_AFTER_DOUBT
from bot.exchange.session import VenueSession
from bot.exchange.strict import Unlisted
from bot.exchange.transport import TransportFactory

Mode = Literal["live", "testnet"]


class CcxtVenue:
    """Implements `bot.domain.ports.Venue`; `mode` and `localnet` decide which hosts can be reached at all.

    live: the real hosts. testnet: the venue's demo, or with `localnet` the loopback address that answers for them all.
    """

    def __init__(  # noqa: PLR0913 - one keyword per fact of the configuration
        self,
        *,
        venue_id: str,
        clock: Clock,
        mode: Mode = "testnet",
        sandbox: Sandbox | None = None,
        market_kinds: tuple[MarketKind, ...] = (MarketKind.LINEAR_PERPETUAL,),
        margin_mode: MarginMode = MarginMode.CROSS,
        holds_shorts: bool = True,
        quote: str = "USDT",
        api_key: Secret = None,
        api_secret: Secret = None,
        api_passphrase: Secret = None,
        localnet: str | None = None,
        cache_directory: Path | None = None,
        transport_factory: TransportFactory | None = None,
        read_only: bool = False,
        limits: Limits | None = None,
    ) -> None:
        quirks = quirks_for(venue_id, market_kinds, sandbox)
        limits = limits or (LOCAL_LIMITS if localnet else Limits())
        demo = mode == "testnet" and localnet is None
        credentials = Credentials(
            api_key=plain(api_key), api_secret=plain(api_secret), api_passphrase=plain(api_passphrase)
        )
        self.market_kinds, self.margin_mode, self.quote = market_kinds, margin_mode, quote
        self._was_empty = False
        self.quirks = quirks
        self._dialect = dialect_of(quirks)
        self._session = VenueSession(
            quirks,
            clock=clock,
            hosts=reachable(quirks, demo=demo, localnet=localnet),
            localnet=localnet,
            transport_factory=transport_factory,
            read_only=read_only or quirks.reads_only,
        )
        self._client = build_client(
            quirks,
            credentials=credentials,
            session=self._session,
            demo=demo,
            timeout_ms=int(limits.timeout_s * 1000),
            rate_limited=limits.weighted,
        )
        self._client.options["fetchMarkets"] = market_types(quirks, market_kinds)
        self._reading = reading_for(
            quirks,
            self._client,
            clock=clock,
            limits=limits,
            cache=cache_directory,
            environment=environment_of(f"{mode}-{sandbox}" if sandbox else mode, localnet, credentials),
            # a testnet beside the demo is a whole venue
            has_wallet_api=not demo or sandbox_beside(venue_id, sandbox),
            family=families_of(market_kinds)[0],
            dialect=self._dialect,
        )
        self._reading.settle, self._reading.margin_mode = quote, margin_mode
        self._reading.holds_shorts = holds_shorts
        self._session.their_now = self._reading.calls.time.now
        self._session.their_told_now = self._reading.calls.time.told_now

    def __repr__(self) -> str:
        return f"<CcxtVenue {self.id}>"

    @property
    def id(self) -> str:
        """The ccxt id of the exchange."""
        return self.quirks.id

    @property
    def notes(self) -> tuple[str, ...]:
        """What went differently than usual without stopping anything, such as a damaged cache file."""
        return tuple(self._reading.store.notes)

    @property
    def silent_until(self) -> dict[str, datetime]:
        """Hosts that asked for silence and until when; may be kept over a restart and put back."""
        return self._session.silent_until

    @property
    def on_silence(self) -> Callable[[], None] | None:
        """What is called the moment a host asks for silence."""
        return self._session.on_silence

    @on_silence.setter
    def on_silence(self, remember: Callable[[], None] | None) -> None:
        self._session.on_silence = remember

    @property
    def tells_time(self) -> bool:
        """Whether the venue's clock can be asked."""
        return self.quirks.speech is None or self.quirks.speech.time_call is not None

    @property
    def settle_after_s(self) -> float:
        """Seconds after sending before an absent order proves anything."""
        return float(self.quirks.quarantine_s)

    async def connect(self) -> None:
        """Measure the clock offset and have a market table not older than a day."""
        self._client.session = self._session
        if self._reading.calls.time.due:
            await self._dialect.public.server_time(self._reading)
        await self._reading.markets.ensure(self._load_markets, now=self._reading.now())
        if self.quirks.speech is not None and self._client.apiKey:
            for name in self.quirks.speech.warm_up:
                # what ccxt would otherwise ask in the middle of the first order
                await self._reading.calls.read(name)

    async def _load_markets(self) -> Any:
        # fetched, not loaded: ccxt's load_markets would replace its table before anybody looked at the new one
        return await self._reading.calls.read("fetch_markets")

    async def close(self) -> None:
        """Release every socket; the venue can be connected again."""
        # ccxt's own close would do nothing but refuse to be opened again: every socket is the session's
        self._client.session = None
        await self._session.close()

    def now(self) -> datetime:
        """The venue's time as far as we know."""
        return self._reading.now()

    async def time(self) -> datetime:
        """The venue's own time."""
        return await self._dialect.public.server_time(self._reading)

    async def instruments(self, assets: Iterable[str], held: Iterable[str] = ()) -> tuple[Instrument, ...]:
        """The instruments of the configured kinds and quote for these assets, in the order the kinds are listed."""
        wanted = frozenset(assets)
        await self._reading.markets.ensure(self._load_markets, now=self._reading.now(), bases=wanted)
        return public_reads.instruments(self._reading, self.market_kinds, wanted, self.quote, frozenset(held))

    def doubt_rules(self) -> None:
        """Have the market table read anew at the next look, unless that was done within half an hour."""
        self._reading.markets.doubt(self._reading.now(), AGE_MAX_AFTER_DOUBT)

    async def marks(self, symbols: Iterable[str]) -> tuple[Mark, ...]:
        """Mark and index prices."""
        return await self._dialect.public.marks(self._reading, symbols)

    async def prices(self, assets: Iterable[str], quote: str) -> tuple[Price, ...]:
        """Spot mid prices."""
        return await self._dialect.public.prices(self._reading, assets, quote)

    async def funding(self, symbols: Iterable[str]) -> tuple[FundingRate, ...]:
        """The coming funding payments."""
        return await self._dialect.public.funding(self._reading, symbols)

    async def book(self, symbol: str, levels: int) -> Book:
        """The visible order book."""
        return await self._dialect.public.book(self._reading, symbol, levels)

    async def candles(self, symbol: str, step_s: int, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Closed bars, oldest first."""
        return await self._dialect.public.candles(self._reading, symbol, step_s, since, until)

    async def funding_history(self, symbol: str, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """Settled funding rates, oldest first."""
        return await self._dialect.public.funding_history(self._reading, symbol, since)

    async def implied_volatility(self, asset: str) -> ImpliedVolatility | None:
        """The venue's index of implied volatility, where it publishes one."""
        if self.quirks.speech is None:
            return None
        return await unified_public.implied_volatility(self._reading, asset)

    async def balances(self) -> tuple[Balance, ...]:
        """Spot and funding wallets; a spot wallet that is told empty all at once is asked for once more."""
        found = await self._dialect.account.balances(self._reading)
        if not self._was_empty and not any(row.wallet is Wallet.SPOT for row in found):
            # where no look was whole yet, nothing is known that an empty list, by accident, would contradict
            found = await self._dialect.account.balances(self._reading)
        self._was_empty = not any(row.wallet is Wallet.SPOT for row in found)
        return found

    async def margin_accounts(self) -> tuple[MarginAccount, ...]:
        """Collateral behind the futures."""
        return await self._dialect.account.margin_accounts(self._reading)

    async def positions(self, symbols: Iterable[str]) -> tuple[Position, ...]:
        """Every open position of the account."""
        try:
            found = await self._dialect.account.positions(self._reading, symbols)
        except Unlisted:
            self._reading.markets.doubt(self._reading.now())  # the list may have come with a hole in it
            raise
        if not all(self._reading.markets.fits(row.symbol, row.amount) for row in found):
            # what is held cannot be bought back by these rules: they may have been read at a bad moment
            self.doubt_rules()
        return found

    async def settings(self, symbols: Iterable[str]) -> tuple[SymbolSettings, ...]:
        """Leverage and margin mode now set."""
        return await self._dialect.account.settings(self._reading, symbols)

    async def position_mode(self) -> PositionMode:
        """One-way or hedge mode."""
        return await self._dialect.account.position_mode(self._reading)

    async def brackets(self, symbols: Iterable[str]) -> dict[str, tuple[LeverageBracket, ...]]:
        """Maintenance tiers."""
        return await self._dialect.account.brackets(self._reading, symbols)

    async def open_orders(self, symbols: Iterable[str]) -> tuple[Order, ...]:
        """Every resting futures order of the account.

        Raises: Unavailable where an order is listed that has ended: the reply belongs to another question.
        """
        found = await self._dialect.account.open_orders(self._reading, symbols)
        ended = next((row for row in found if row.status in FINAL_STATUSES), None)
        if ended is not None:
            raise Unavailable(
                f"{self.id} was asked for the orders that rest and told of one in {ended.symbol} that has ended: that "
                "answers another question. Nothing was changed; the next cycle asks again."
            )
        return found

    async def order_by_client_id(self, symbol: str, client_id: str) -> Order | None:
        """The order under our client id."""
        return await self._dialect.account.order_by_client_id(self._reading, symbol, client_id)

    async def named_orders(self, symbol: str) -> tuple[NamedOrder, ...]:
        """The newest orders in a symbol that carry a client id."""
        return await self._dialect.account.named_orders(self._reading, symbol)

    async def fills(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        """Our trades in a symbol."""
        return await self._dialect.account.fills(self._reading, symbol, since)

    async def transfers(self, since: datetime) -> tuple[Transfer, ...]:
        """Movements between wallets."""
        return await self._dialect.account.transfers(self._reading, since)

    async def income(self, since: datetime) -> tuple[IncomeEntry, ...]:
        """Bookings on the futures wallet."""
        return await self._dialect.account.income(self._reading, since)

    async def forced_closures(self, since: datetime) -> tuple[ForcedClosure, ...]:
        """What the venue closed by itself."""
        return await self._dialect.account.forced_closures(self._reading, since)

    async def key_rights(self) -> KeyRights:
        """What the key may do."""
        return await self._dialect.account.key_rights(self._reading)

    async def place_order(
        self, *, symbol: str, side: Side, amount: Decimal, limit_price: Decimal, reduce_only: bool, client_id: str
    ) -> Order:
        """Send an immediate-or-cancel limit order. Raises: Forbidden for one that could open a long or sell one."""
        if (side is Side.BUY) != reduce_only:
            raise Forbidden(
                f"a {side.value} that is{'' if reduce_only else ' not'} reduce-only is never sent; nothing was sent"
            )
        try:
            return await self._dialect.writes.place_order(
                self._reading, symbol=symbol, side=side, amount=amount, limit_price=limit_price,
                reduce_only=reduce_only, client_id=client_id,
            )  # fmt: skip
        except Refused:
            self._reading.markets.doubt(self._reading.now())  # its rules may have changed since they were read
            raise

    async def cancel_order(self, symbol: str, client_id: str) -> None:
        """Cancel one of our own orders."""
        await self._dialect.writes.cancel_order(self._reading, symbol, client_id)

    async def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set the initial-margin leverage."""
        await self._dialect.writes.set_leverage(self._reading, symbol, leverage)

    async def set_margin_mode(self, symbol: str, margin_mode: MarginMode) -> None:
        """Set cross or isolated."""
        await self._dialect.writes.set_margin_mode(self._reading, symbol, margin_mode)

    async def transfer(self, *, currency: str, amount: Decimal, source: Wallet, target: Wallet) -> str:
        """Move collateral inside the account."""
        return await self._dialect.writes.transfer(
            self._reading, currency=currency, amount=amount, source=source, target=target
        )
